//! One file a subcommand.

pub mod doctor;
