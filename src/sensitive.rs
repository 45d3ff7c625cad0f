//! A wrapper that keeps values which may be PHI out of logs and error messages.

use std::fmt;

/// A value that may identify a person: its `Debug` shows only that it is there.
///
/// There is no `Display`, so it cannot slip into a message; [`Sensitive::expose`] is the one way to the value
/// and easy to find in a review.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Wraps `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value itself.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: AsRef<str>> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} characters>", self.0.as_ref().chars().count())
    }
}
