//! What counts as PHI: identity terms, patterns, technical grammar, device zones, policy.
//!
//! Rules are data: the files beside the code say what counts, the code how to compare.

mod agreement;
mod documents;
mod finding;
mod fold;
mod identity;
mod limits;
mod patterns;
mod policy;
mod problem;
mod rows;
mod rules;
mod scales;
mod stacks;
mod tables;
mod technical;
mod terms;
mod zones;

pub use documents::{Documents, is_screen};
pub use identity::{Identity, IdentityHit, Term, TermKind};
pub use limits::ReadingLimits;
pub use policy::{Decision, Finding, Judge, Policy};
pub(crate) use policy::{cover, hide_document};
pub use problem::Problem;
pub use rules::Rules;
pub use zones::{RuleAction, ZoneAction, ZoneHit, ZoneRule, Zones};
