//! One file or folder per command, with its arguments.

pub mod check;
pub mod checks;
pub mod config;
pub mod ddl;
pub mod demo;
pub mod discover;
pub mod doctor;
pub mod explain;
pub mod finalize;
pub mod manuals;
pub mod policy;
pub mod scan;
pub mod simulate;
pub mod tables;
