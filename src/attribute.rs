//! A value of the header as it travels from `dicom` to `phi`.

use crate::sensitive::Sensitive;

/// One value of an attribute at any depth of the data set. An attribute of several values is several of these.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribute {
    /// Group and element number.
    pub tag: (u16, u16),
    /// The PS3.6 keyword; `(gggg,eeee)` for private and unknown elements.
    pub keyword: String,
    /// The value representation, two capitals.
    pub vr: String,
    /// The value, decoded by Specific Character Set and without its padding; not empty.
    pub value: Sensitive<String>,
}
