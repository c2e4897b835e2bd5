//! A scan that is being written: its accounts are kept one by one, then published together.

mod open;
mod publish;
mod scan_writer;
mod table_file;

pub use publish::Published;
pub use scan_writer::{Place, ScanWriter};
