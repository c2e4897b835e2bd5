//! One table's Parquet file, with the writer settings of the data dictionary. Same rows, same bytes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use orgsweep_model::TableSchema;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;

use crate::batch::sort_positions;
use crate::error::LakeError;
use crate::schema::arrow_schema;

/// Rows of a row group: about 13 MB of findings before compression, a footer of 78 kB at five million rows.
const ROW_GROUP: usize = 256_000;
/// Columns whose values hardly repeat: a dictionary only costs.
const WITHOUT_DICTIONARY: [&str; 3] = ["message", "evidence_json", "finding_id"];

/// A file that is being written.
pub struct ParquetFile {
    path: PathBuf,
    schema: SchemaRef,
    writer: ArrowWriter<File>,
    rows: u64,
}

impl ParquetFile {
    /// Opens a new file.
    pub fn create(path: &Path, table: &'static TableSchema) -> Result<Self, LakeError> {
        let file = File::options()
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(LakeError::io("creating", path))?;
        let options = ArrowWriterOptions::new()
            .with_properties(properties(table, path)?)
            .with_skip_arrow_metadata(true);
        let schema = arrow_schema(table);
        let writer = ArrowWriter::try_new_with_options(file, Arc::clone(&schema), options)
            .map_err(LakeError::format("writing", path))?;
        Ok(Self { path: path.to_owned(), schema, writer, rows: 0 })
    }

    /// The schema of the rows.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Adds rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.rows += batch.num_rows() as u64;
        self.writer.write(batch).map_err(LakeError::format("writing", &self.path))
    }

    /// Writes the footer and makes the file durable. Returns the number of rows.
    pub fn finish(self) -> Result<u64, LakeError> {
        let file = self.writer.into_inner().map_err(LakeError::format("writing", &self.path))?;
        file.sync_all().map_err(LakeError::io("writing", &self.path))?;
        Ok(self.rows)
    }
}

fn properties(table: &TableSchema, path: &Path) -> Result<WriterProperties, LakeError> {
    let level = ZstdLevel::try_new(3).map_err(LakeError::format("writing", path))?;
    // `scan_id` is column 0 of the file.
    let sorting = sort_positions(table)
        .into_iter()
        .map(|position| SortingColumn {
            column_idx: position as i32 + 1,
            descending: false,
            nulls_first: true,
        })
        .collect();
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by(concat!("orgsweep ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_data_page_size_limit(1024 * 1024)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(sorting));
    for column in WITHOUT_DICTIONARY {
        if table.position(column).is_some() {
            builder = builder.set_column_dictionary_enabled(ColumnPath::from(column), false);
        }
    }
    Ok(builder.build())
}
