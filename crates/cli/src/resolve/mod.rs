//! From options and a configuration file to one validated value: everything that can be wrong is found here, before the first
//! call to AWS.

pub mod access;
pub mod accounts_file;
mod check_choice;
pub mod check_names;
pub mod checks;
pub mod config;
pub mod lake;
mod prepare;
pub mod source;
mod wording;

pub use config::Config;
pub use prepare::{DEFAULT_OUT, Prepared, prepare, prepare_with, registry};
pub use wording::without_type_words;
