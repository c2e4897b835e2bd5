//! One table's Parquet file, with the writer settings of the data dictionary. Same rows, same bytes.

use std::fs::File;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::SchemaRef;
use orgsweep_model::{Grain, TableSchema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::batch::sort_positions;
use crate::error::LakeError;
use crate::schema::arrow_schema;

/// What is encoded at once, as often, makes a row group: 256,000 rows, about 13 MB of findings before compression, a footer of
/// 78 kB at five million rows.
const ROW_GROUP: usize = 32;
/// Rows that are encoded at once. An account's batch of one table may hold a single row, and starting on every column for it
/// costs more than the row.
const GATHERED: usize = 8_000;
/// A batch of fewer rows goes through `ParquetFile::small`.
const SMALL: usize = 256;
/// Rows of `documents`, which hold whole policies: a kilobyte or two each, some of AWS's sixty.
const DOCUMENTS_GATHERED: usize = 500;
/// Bytes of a page before compression: the smallest that a reader can skip, and what an encoder needs for each column. Pages of a
/// megabyte took more CPU.
const PAGE: usize = 128 * 1024;
/// Rows after which a page's size is looked at: documents are a kilobyte or two each.
const MINI_BATCH: usize = 64;
/// Fewer rows than this are not worth a thread.
const WORTH_A_THREAD: usize = 1_000;
/// More than this hardly help: what is left is reading the rows.
const MOST_THREADS: usize = 8;
/// For all files: new threads for every batch took more CPU. `None`: one core, or a system that gives no threads.
static THREADS: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    let pool = ThreadPoolBuilder::new().num_threads(threads).thread_name(|index| format!("encode-{index}"));
    (threads > 1).then(|| pool.build().ok()).flatten()
});
/// Columns whose values hardly repeat: a dictionary only costs.
const WITHOUT_DICTIONARY: [&str; 4] = ["message", "evidence_json", "finding_id", "document_json"];

/// A file that is being written. Columns are encoded side by side, as all rows are there by then and nothing else is left to
/// do; the bytes are the same on any number of threads.
pub struct ParquetFile {
    path: PathBuf,
    schema: SchemaRef,
    /// Small batches on their way into `gathered`, which keeps what it is given as it is until it is full: of an account's
    /// single row, every column is an array of its own.
    small: BatchCoalescer,
    gathered: BatchCoalescer,
    /// Of a row group.
    most_rows: usize,
    file: SerializedFileWriter<File>,
    factory: ArrowRowGroupWriterFactory,
    /// Of the row group that is being written, one a column; empty between groups.
    columns: Vec<ArrowColumnWriter>,
    group_rows: usize,
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
        let (file, factory) = ArrowWriter::try_new_with_options(file, Arc::clone(&schema), options)
            .and_then(ArrowWriter::into_serialized_writer)
            .map_err(LakeError::format("writing", path))?;
        let at_once = if table.grain == Grain::Text { DOCUMENTS_GATHERED } else { GATHERED };
        let small = BatchCoalescer::new(Arc::clone(&schema), SMALL);
        let gathered = BatchCoalescer::new(Arc::clone(&schema), at_once);
        let path = path.to_owned();
        let most_rows = ROW_GROUP * at_once;
        Ok(Self {
            path,
            schema,
            small,
            gathered,
            most_rows,
            file,
            factory,
            columns: Vec::new(),
            group_rows: 0,
            rows: 0,
        })
    }

    /// The schema of the rows.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Adds rows.
    pub fn write(&mut self, batch: RecordBatch) -> Result<(), LakeError> {
        self.rows += batch.num_rows() as u64;
        self.gather(batch)
            .and_then(|()| self.write_gathered())
            .map_err(LakeError::format("writing", &self.path))
    }

    fn gather(&mut self, batch: RecordBatch) -> Result<(), ParquetError> {
        if batch.num_rows() < SMALL {
            self.small.push_batch(batch)?;
            return self.gather_small();
        }
        self.small.finish_buffered_batch()?;
        self.gather_small()?;
        Ok(self.gathered.push_batch(batch)?)
    }

    fn gather_small(&mut self) -> Result<(), ParquetError> {
        while let Some(batch) = self.small.next_completed_batch() {
            self.gathered.push_batch(batch)?;
        }
        Ok(())
    }

    /// Writes the footer and makes the file durable. Returns the number of rows.
    pub fn finish(mut self) -> Result<u64, LakeError> {
        self.write_rest()
            .and_then(|()| self.close_group())
            .and_then(|()| self.file.finish().map(drop))
            .map_err(LakeError::format("writing", &self.path))?;
        self.file.inner().sync_all().map_err(LakeError::io("writing", &self.path))?;
        Ok(self.rows)
    }

    fn write_rest(&mut self) -> Result<(), ParquetError> {
        self.small.finish_buffered_batch()?;
        self.gather_small()?;
        self.gathered.finish_buffered_batch()?;
        self.write_gathered()
    }

    /// All batches but the last have the same size, so that a row group ends with a batch.
    fn write_gathered(&mut self) -> Result<(), ParquetError> {
        while let Some(batch) = self.gathered.next_completed_batch() {
            if self.columns.is_empty() {
                self.columns = self.factory.create_column_writers(self.file.flushed_row_groups().len())?;
            }
            let fields = self.schema.fields().iter();
            let columns = self.columns.iter_mut().zip(batch.columns()).zip(fields);
            side_by_side(batch.num_rows(), columns, |((writer, array), field)| {
                compute_leaves(field, array)?.iter().try_for_each(|leaf| writer.write(leaf))
            })?;
            self.group_rows += batch.num_rows();
            if self.group_rows >= self.most_rows {
                self.close_group()?;
            }
        }
        Ok(())
    }

    fn close_group(&mut self) -> Result<(), ParquetError> {
        let columns = std::mem::take(&mut self.columns);
        if columns.is_empty() {
            return Ok(());
        }
        let chunks = side_by_side(self.group_rows, columns, ArrowColumnWriter::close)?;
        let mut group = self.file.next_row_group()?;
        chunks.into_iter().try_for_each(|chunk| chunk.append_to_row_group(&mut group))?;
        self.group_rows = 0;
        group.close().map(drop)
    }
}

/// Does the same with every column, on several threads where the rows are many, and gives the results in their order.
fn side_by_side<C: Send, T: Send>(
    rows: usize,
    columns: impl IntoIterator<Item = C>,
    work: impl Fn(C) -> Result<T, ParquetError> + Sync + Send,
) -> Result<Vec<T>, ParquetError> {
    match &*THREADS {
        Some(threads) if rows >= WORTH_A_THREAD => {
            let columns: Vec<C> = columns.into_iter().collect();
            threads.install(|| columns.into_par_iter().map(work).collect())
        }
        _ => columns.into_iter().map(work).collect(),
    }
}

fn properties(table: &TableSchema, path: &Path) -> Result<WriterProperties, LakeError> {
    // Level 3 makes the files no smaller, and takes half as much time again.
    let level = ZstdLevel::try_new(1).map_err(LakeError::format("writing", path))?;
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
        .set_max_row_group_row_count(Some(ROW_GROUP * GATHERED))
        .set_data_page_size_limit(PAGE)
        .set_write_batch_size(MINI_BATCH)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(sorting));
    for column in WITHOUT_DICTIONARY {
        if table.position(column).is_some() {
            builder = builder.set_column_dictionary_enabled(ColumnPath::from(column), false);
        }
    }
    Ok(builder.build())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array as _, AsArray as _};
    use orgsweep_model::Row as _;
    use orgsweep_model::records::CheckControlRecord;
    use parquet::file::metadata::{ParquetMetaDataReader, RowGroupMetaData};

    use super::*;
    use crate::batch::parts;
    use crate::codec::Parts;
    use crate::read::open;
    use crate::store::{LocalStore, Store};

    /// More rows than a row group holds, in batches of so many, over and over.
    fn written(path: &Path, rows: usize, sizes: &[usize]) -> Vec<u8> {
        let mut file = ParquetFile::create(path, CheckControlRecord::SCHEMA).unwrap();
        let all: Vec<CheckControlRecord> = (0..rows)
            .map(|number| CheckControlRecord {
                check_id: format!("check-{:06}", number / 10),
                framework: "cis".to_owned(),
                framework_version: "3.0".to_owned(),
                control_id: format!("{}", number % 10),
            })
            .collect();
        let mut rest = all.as_slice();
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (some, others) = rest.split_at(rest.len().min(*size));
            rest = others;
            let batch = parts(&some.to_vec(), "scan", file.schema()).and_then(Parts::into_batch).unwrap();
            file.write(batch).unwrap();
        }
        assert_eq!(file.finish().unwrap(), rows as u64);
        std::fs::read(path).unwrap()
    }

    #[test]
    fn many_rows_are_in_order_whichever_thread_wrote_them_and_however_they_came() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        let rows = ROW_GROUP * GATHERED + 2_345;
        let bytes = written(&path, rows, &[100_000]);
        let mut number = 0;
        let store: Arc<dyn Store> = Arc::new(LocalStore::new(folder.path()));
        for batch in open(&store, "a.parquet").unwrap() {
            let batch = batch.unwrap();
            let checks = batch.column_by_name("check_id").unwrap().as_string::<i32>();
            let controls = batch.column_by_name("control_id").unwrap().as_string::<i32>();
            for row in 0..checks.len() {
                assert_eq!(checks.value(row), format!("check-{:06}", number / 10));
                assert_eq!(controls.value(row), format!("{}", number % 10));
                number += 1;
            }
        }
        assert_eq!(number, rows);
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&File::open(&path).unwrap()).unwrap();
        let groups: Vec<i64> = metadata.row_groups().iter().map(RowGroupMetaData::num_rows).collect();
        assert_eq!(groups, [(ROW_GROUP * GATHERED) as i64, 2_345]);
        assert!(written(&folder.path().join("b.parquet"), rows, &[777]) == bytes);
        // Small ones between large ones keep their place.
        assert!(written(&folder.path().join("c.parquet"), rows, &[1, 300, 100, 20_000, 255]) == bytes);
    }
}
