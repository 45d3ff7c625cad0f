//! Values that must not reach a log, an error or a report by accident.

/// A text read from pixels or a value of the header. Its `Debug` shows the length alone, and it has no `Display`.
///
/// # Examples
///
/// ```
/// use deburn::Sensitive;
///
/// let name = Sensitive::new("DOE^JANE".to_owned());
/// assert_eq!(format!("{name:?}"), "Sensitive(8 characters)");
/// assert_eq!(name.expose(), "DOE^JANE");
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Wraps a value.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value, for comparing it or where a user has asked to see it.
    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: AsRef<str>> std::fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sensitive({} characters)", self.0.as_ref().chars().count())
    }
}
