//! Decoders for each family of transfer syntax.
