//! The program run as a user runs it.

#![expect(clippy::disallowed_methods, reason = "tests make their inputs")]

mod archives;
mod clips;
mod common;
mod decide;
mod documents;
mod end_to_end;
mod evaluate;
mod faults;
mod fuzz_targets;
mod letters;
mod places;
mod reads;
mod real_data;
mod resume;
mod review;
mod usage;
