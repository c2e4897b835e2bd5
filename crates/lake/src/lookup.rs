//! A few rows of a file out of many: the rows whose text in one column is one of these.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::BooleanArray;
use arrow_array::cast::AsArray;
use arrow_select::filter::filter_record_batch;
use orgsweep_model::Row;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;

use crate::error::LakeError;
use crate::read::{builder, each_row_in, is_of_scan};
use crate::store::Store;

/// The wanted rows of a scan's file, in stored order.
pub fn lookup<R: Row>(
    store: &Arc<dyn Store>,
    key: &str,
    scan_id: &str,
    column: &str,
    wanted: &BTreeSet<&str>,
) -> Result<Vec<R>, LakeError> {
    let path = store.location(key);
    let mut rows = Vec::new();
    for batch in open_where(store, key, column, wanted)? {
        let batch = batch.map_err(LakeError::format("reading", &path))?;
        is_of_scan(&batch, scan_id, &path)?;
        let texts = batch.column_by_name(column).and_then(|texts| texts.as_string_opt::<i32>());
        let Some(texts) = texts else {
            let problem = format!("there is no text column {column}");
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
    Ok(rows)
}

/// The batches of a file without the row groups that hold none of these texts.
pub fn open_where(
    store: &Arc<dyn Store>,
    key: &str,
    column: &str,
    wanted: &BTreeSet<&str>,
) -> Result<ParquetRecordBatchReader, LakeError> {
    let builder = builder(store, key)?;
    let groups = builder.metadata().row_groups().iter().enumerate();
    let groups =
        groups.filter(|(_, group)| may_hold(group, column, wanted)).map(|(index, _)| index).collect();
    builder.with_row_groups(groups).build().map_err(LakeError::format("reading", &store.location(key)))
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
