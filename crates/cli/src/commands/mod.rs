//! One file or folder per command, with its arguments.

pub mod explain;
