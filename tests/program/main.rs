//! The program run as a user runs it.

mod common;
mod end_to_end;
mod real_data;
mod usage;
