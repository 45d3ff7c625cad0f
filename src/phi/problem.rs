//! What is wrong with a rule, in words for the person who wrote it.

/// A rule that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule}: {problem}")]
pub struct Problem {
    /// The rule's id.
    pub rule: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Problem {
    /// Says what is wrong with a rule.
    pub fn new(rule: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { rule: rule.into(), problem: problem.into() }
    }
}
