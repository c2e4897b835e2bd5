//! One table's Parquet file. Columns that hold few long runs of a value, as most columns of findings do, are written as runs;
//! all others by Arrow's writer.

mod column;
mod file;
mod hybrid;
mod run_chunk;
mod runs;

pub use file::ParquetFile;
