//! One file or folder per command, with its arguments.

pub mod config;
pub mod discover;
pub mod explain;
pub mod finalize;
pub mod scan;
pub mod tables;
