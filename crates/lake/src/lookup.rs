//! A few rows of a committed scan out of many: the rows whose text in one column is one of these.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use arrow::array::{AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use orgsweep_model::{Row, TableSchema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;

use crate::error::LakeError;
use crate::layout::table_key;
use crate::manifest::is_published;
use crate::read::{ScanSelector, each_row_in, is_of_scan, resolve};
use crate::scan_id::ScanId;
use crate::store::Store;

/// Whether a committed scan has a table, with or without rows: the version that made it may not have known it. A file that
/// the scan was published with and that is gone, or of another size, is an error.
pub fn has_table(root: &Path, scan_id: &ScanId, table: &TableSchema) -> Result<bool, LakeError> {
    is_published(&Store::new(root), scan_id, table)
}

/// The wanted rows of a table in a committed scan, in stored order; `None`: the scan has no such table, because the version
/// that made it did not.
pub fn lookup<R: Row>(
    root: &Path,
    scan: &ScanSelector,
    column: &'static str,
    wanted: &BTreeSet<&str>,
) -> Result<Option<Vec<R>>, LakeError> {
    let store = Store::new(root);
    let scan_id = resolve(root, scan)?;
    if !has_table(root, &scan_id, R::SCHEMA)? {
        return Ok(None);
    }
    let path = store.path(&table_key(R::SCHEMA.name, &scan_id));
    let file = File::open(&path).map_err(LakeError::io("reading", &path))?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(LakeError::format("reading", &path))?;
    let groups = builder.metadata().row_groups().iter().enumerate();
    let groups =
        groups.filter(|(_, group)| may_hold(group, column, wanted)).map(|(index, _)| index).collect();
    let reader = builder.with_row_groups(groups).build().map_err(LakeError::format("reading", &path))?;
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.map_err(LakeError::format("reading", &path))?;
        is_of_scan(&batch, scan_id.as_str(), &path)?;
        let texts = batch.column_by_name(column).and_then(|texts| texts.as_string_opt::<i32>());
        let Some(texts) = texts else {
            let problem = format!("there is no column {column} of texts");
            return Err(LakeError::Format { doing: "reading", path, problem });
        };
        let is_wanted: BooleanArray =
            texts.iter().map(|text| Some(text.is_some_and(|text| wanted.contains(text)))).collect();
        if is_wanted.true_count() > 0 {
            let found =
                filter_record_batch(&batch, &is_wanted).map_err(LakeError::format("reading", &path))?;
            each_row_in(&found, &path, &mut |row| rows.push(row))?;
        }
    }
    Ok(Some(rows))
}

/// By the least and the greatest text of the column in the row group. They may be cut off, the greatest upwards, so that they
/// enclose what is there.
fn may_hold(group: &RowGroupMetaData, column: &str, wanted: &BTreeSet<&str>) -> bool {
    let found = group.columns().iter().find(|one| one.column_path().string() == column);
    let Some(Statistics::ByteArray(statistics)) = found.and_then(|found| found.statistics()) else {
        return true;
    };
    let (Some(least), Some(greatest)) = (statistics.min_opt(), statistics.max_opt()) else {
        return true;
    };
    wanted.iter().any(|text| (least.data()..=greatest.data()).contains(&text.as_bytes()))
}
