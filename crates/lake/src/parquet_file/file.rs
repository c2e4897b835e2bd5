//! The file, with the writer settings of the data dictionary. Same rows, same bytes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_schema::SchemaRef;

use orgsweep_model::{Grain, TableSchema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, ArrowWriterOptions};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::column::{Column, Piece};
use crate::batch::sort_positions;
use crate::codec::Parts;
use crate::error::LakeError;
use crate::parallel::side_by_side;
use crate::schema::arrow_schema;

/// What is encoded at once, as often, makes a row group: 256,000 rows, about 13 MB of findings before compression, a footer of
/// 78 kB at five million rows.
const ROW_GROUP: usize = 32;
/// Rows that are encoded at once. An account's batch of one table may hold a single row, and starting on every column for it
/// costs more than the row.
const GATHERED: usize = 8_000;
/// Level 3 makes the files no smaller, and takes half as much time again.
const ZSTD_LEVEL: i32 = 1;
/// Rows of `documents`, which hold whole policies: a kilobyte or two each, some of AWS's sixty.
const DOCUMENTS_GATHERED: usize = 500;
/// Bytes of a page before compression: the smallest that a reader can skip, and what an encoder needs for each column. Pages of a
/// megabyte took more CPU.
const PAGE: usize = 128 * 1024;
/// Rows after which a page's size is looked at: documents are a kilobyte or two each.
const MINI_BATCH: usize = 64;
/// Fewer rows than this are not worth a thread.
const WORTH_A_THREAD: usize = 1_000;
/// Columns whose values hardly repeat: a dictionary only costs.
const WITHOUT_DICTIONARY: [&str; 4] = ["message", "evidence_json", "finding_id", "document_json"];

/// A file that is being written. Columns are encoded side by side, as all rows are there by then and nothing else is left to
/// do; the bytes are the same on any number of threads, and however the rows came.
pub struct ParquetFile {
    path: PathBuf,
    schema: SchemaRef,
    /// Rows that are encoded at once.
    at_once: usize,
    /// Rows that wait.
    waiting: usize,
    file: SerializedFileWriter<File>,
    factory: ArrowRowGroupWriterFactory,
    /// Of writers without dictionaries.
    plain: ArrowRowGroupWriterFactory,
    /// Of the row group that is being written; empty between groups.
    columns: Vec<Column>,
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
        let properties = properties(table, path)?;
        let schema = arrow_schema(table);
        let without = properties.clone().into_builder().set_dictionary_enabled(false).build();
        let (_, plain) = writers(std::io::sink(), &schema, without, path)?;
        let (file, factory) = writers(file, &schema, properties, path)?;
        let at_once = if table.grain == Grain::Text { DOCUMENTS_GATHERED } else { GATHERED };
        Ok(Self {
            path: path.to_owned(),
            schema,
            at_once,
            waiting: 0,
            file,
            factory,
            plain,
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
    pub fn write(&mut self, parts: Parts) -> Result<(), LakeError> {
        self.rows += parts.rows as u64;
        self.gather(parts).map_err(LakeError::format("writing", &self.path))
    }

    /// Rows wait until there are enough to be worth starting on every column.
    fn gather(&mut self, parts: Parts) -> Result<(), ParquetError> {
        let rows = parts.rows;
        let pieces: Vec<Piece> = parts.columns.into_iter().map(|part| Piece::of(part, rows)).collect();
        let mut start = 0;
        while start < rows {
            if self.columns.is_empty() {
                let group = self.file.flushed_row_groups().len();
                let writers = self.factory.create_column_writers(group)?;
                let plain = self.plain.create_column_writers(group)?;
                let columns = self.schema.fields().iter().cloned().zip(writers).zip(plain);
                self.columns =
                    columns.map(|((field, writer), plain)| Column::new(field, writer, plain)).collect();
            }
            let count = (rows - start).min(self.at_once - self.waiting);
            for (column, piece) in self.columns.iter_mut().zip(&pieces) {
                column.push(piece.slice(start, count))?;
            }
            self.waiting += count;
            start += count;
            if self.waiting == self.at_once {
                self.encode()?;
            }
        }
        Ok(())
    }

    /// All waiting rows but the last are as many, so that a row group ends with them.
    fn encode(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.waiting);
        if rows == 0 {
            return Ok(());
        }
        let at_once = self.at_once;
        side_by_side(rows >= WORTH_A_THREAD, self.columns.iter_mut(), |column| column.encode(at_once))?;
        self.group_rows += rows;
        if self.group_rows >= ROW_GROUP * at_once {
            self.close_group()?;
        }
        Ok(())
    }

    /// Writes the footer. Returns the file, which is not durable yet, and the number of rows.
    pub fn finish(mut self) -> Result<(File, u64), LakeError> {
        self.encode().and_then(|()| self.close_group()).map_err(LakeError::format("writing", &self.path))?;
        let file = self.file.into_inner().map_err(LakeError::format("writing", &self.path))?;
        Ok((file, self.rows))
    }

    fn close_group(&mut self) -> Result<(), ParquetError> {
        let columns = std::mem::take(&mut self.columns);
        if columns.is_empty() {
            return Ok(());
        }
        let descriptions = self.file.schema_descr().columns().to_vec();
        let columns = columns.into_iter().zip(&descriptions);
        let chunks = side_by_side(self.group_rows >= WORTH_A_THREAD, columns, |(column, description)| {
            column.close(description, Compression::ZSTD(zstd_level()?), ZSTD_LEVEL)
        })?;
        let mut group = self.file.next_row_group()?;
        chunks.into_iter().try_for_each(|chunk| chunk.append_to(&mut group))?;
        self.group_rows = 0;
        group.close().map(drop)
    }
}

/// What writes the file, and what makes writers of its columns.
fn writers<W: std::io::Write + Send>(
    sink: W,
    schema: &SchemaRef,
    properties: WriterProperties,
    path: &Path,
) -> Result<(SerializedFileWriter<W>, ArrowRowGroupWriterFactory), LakeError> {
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(sink, Arc::clone(schema), options)
        .and_then(ArrowWriter::into_serialized_writer)
        .map_err(LakeError::format("writing", path))
}

fn zstd_level() -> Result<ZstdLevel, ParquetError> {
    ZstdLevel::try_new(ZSTD_LEVEL)
}

fn properties(table: &TableSchema, path: &Path) -> Result<WriterProperties, LakeError> {
    let level = zstd_level().map_err(LakeError::format("writing", path))?;
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
    use arrow_array::Array as _;
    use arrow_array::cast::AsArray as _;
    use orgsweep_model::Row as _;
    use orgsweep_model::records::CheckControlRecord;
    use parquet::file::metadata::{ParquetMetaDataReader, RowGroupMetaData};

    use super::*;
    use crate::batch::parts;
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
            let parts = parts(&some.to_vec(), "scan", file.schema()).unwrap();
            file.write(parts).unwrap();
        }
        assert_eq!(file.finish().unwrap().1, rows as u64);
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

    /// An account has one row of some tables, and ten thousand accounts would have as many arrays a column.
    #[test]
    fn few_pieces_wait_however_small_they_come() {
        let folder = tempfile::tempdir().unwrap();
        let mut file =
            ParquetFile::create(&folder.path().join("a.parquet"), CheckControlRecord::SCHEMA).unwrap();
        for number in 0..5_000 {
            let row = CheckControlRecord {
                check_id: format!("check-{number}"),
                framework: "cis".to_owned(),
                framework_version: "3.0".to_owned(),
                control_id: "1".to_owned(),
            };
            let parts = parts(&vec![row], "scan", file.schema()).unwrap();
            file.write(parts).unwrap();
        }
        assert!(file.waiting == 5_000 && file.columns.iter().all(|column| column.pieces() < 300));
        assert_eq!(file.finish().unwrap().1, 5_000);
    }

    orgsweep_model::table! {
        /// A column of every type, each in another way.
        pub struct Mixed in "mixed" per account sorted by [number] {
            /// Always the same.
            alike: String,
            /// Never there.
            never: Option<String>,
            /// There in every other thousand rows.
            sometimes: Option<String>,
            /// Runs that end everywhere.
            uneven: Option<i32>,
            /// Mostly true.
            truth: bool,
            /// Truth that may be missing.
            doubt: Option<bool>,
            /// Moments in runs.
            moment: orgsweep_model::Timestamp,
            /// Alike, until it is not.
            late: String,
            /// Too long for runs.
            long: String,
            /// Floating point.
            share: Option<f64>,
            /// Never the same.
            number: i64,
        }
    }

    /// Runs end within pages, at their ends, and after them.
    fn mixed(number: i64) -> Mixed {
        Mixed {
            alike: "ü".to_owned(),
            never: None,
            sometimes: (number / 1000 % 2 == 1).then(|| format!("{}", number / 3000)),
            uneven: (number % 977 > 30).then_some((number / 4_321) as i32 - 3),
            truth: number % 10_007 != 0,
            doubt: (number / 500 % 3 != 0).then_some(number / 777 % 2 == 0),
            moment: orgsweep_model::Timestamp::from_millisecond(-(number / 20_000)).unwrap(),
            late: if number < 45_000 { "before".to_owned() } else { format!("after {number}") },
            long: "x".repeat(200),
            share: (number % 2 == 0).then_some(number as f64 / 3.0),
            number,
        }
    }

    #[test]
    fn runs_of_every_type_come_back_and_the_indexes_say_what_is_there() {
        let rows: Vec<Mixed> = (0..70_000).map(mixed).collect();
        let write = |name: &str, sizes: &[usize]| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            let mut file = ParquetFile::create(&path, Mixed::SCHEMA).unwrap();
            let mut rest = rows.as_slice();
            for size in sizes.iter().cycle() {
                let (some, others) = rest.split_at(rest.len().min(*size));
                if some.is_empty() {
                    break;
                }
                file.write(parts(&some.to_vec(), "scan", file.schema()).unwrap()).unwrap();
                rest = others;
            }
            file.finish().unwrap();
            folder
        };
        let folder = write("a.parquet", &[1000]);
        let bytes = std::fs::read(folder.path().join("a.parquet")).unwrap();
        for sizes in [&[70_000][..], &[1, 7, 2000, 333], &[20_000], &[5, 9, 3]] {
            let other = write("b.parquet", sizes);
            assert!(std::fs::read(other.path().join("b.parquet")).unwrap() == bytes, "{sizes:?}");
        }
        let store: Arc<dyn Store> = Arc::new(LocalStore::new(folder.path()));
        let mut back: Vec<Mixed> = Vec::new();
        crate::read::each_row(&store, "a.parquet", "scan", &mut |row| back.push(row)).unwrap();
        assert!(back == rows);

        let metadata = ParquetMetaDataReader::new()
            .with_page_index_policy(parquet::file::metadata::PageIndexPolicy::Required)
            .parse_and_finish(&bytes::Bytes::from(bytes))
            .unwrap();
        let group = metadata.row_group(0);
        let column = |name: &str| {
            let position = Mixed::SCHEMA.position(name).unwrap() + 1;
            (group.column(position), &metadata.offset_index().unwrap()[0][position])
        };
        // Four pages of a column in runs.
        for name in ["alike", "never", "sometimes", "uneven", "truth", "doubt", "moment"] {
            let (chunk, pages) = column(name);
            let starts: Vec<i64> = pages.page_locations().iter().map(|page| page.first_row_index).collect();
            assert_eq!(starts, [0, 20_000, 40_000, 60_000], "{name}");
            let nulls = rows.iter().filter(|row| match name {
                "never" => row.never.is_none(),
                "sometimes" => row.sometimes.is_none(),
                "uneven" => row.uneven.is_none(),
                "doubt" => row.doubt.is_none(),
                _ => false,
            });
            let statistics = chunk.statistics().unwrap();
            assert_eq!(statistics.null_count_opt(), Some(nulls.count() as u64), "{name}");
            assert_eq!(statistics.min_bytes_opt().is_some(), name != "never", "{name}");
        }
        let (uneven, _) = column("uneven");
        let bounds = uneven.statistics().map(|statistics| {
            (statistics.min_bytes_opt().unwrap().to_vec(), statistics.max_bytes_opt().unwrap().to_vec())
        });
        assert_eq!(bounds, Some(((-3_i32).to_le_bytes().to_vec(), 13_i32.to_le_bytes().to_vec())));
    }
}
