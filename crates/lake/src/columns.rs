//! An account's rows as columns, and those as bytes. The thread that collected the rows encodes them: they are still in its
//! cache, and their memory is freed where it was allocated.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow_schema::SchemaRef;
use orgsweep_model::{Rows, TableSchema};

use crate::batch::parts;
use crate::error::LakeError;
use crate::scan_id::ScanId;
use crate::schema::arrow_schema;

/// Rows of one table, ready to be kept.
pub struct Columns {
    pub(crate) table: &'static TableSchema,
    /// How many.
    pub(crate) rows: usize,
    /// As [`Parts::encode`](crate::codec::Parts::encode) makes them.
    pub(crate) bytes: Vec<u8>,
}

/// Encodes rows of one scan, on any thread.
#[derive(Clone)]
pub struct ColumnEncoder {
    scan_id: ScanId,
    schemas: Arc<BTreeMap<&'static str, SchemaRef>>,
}

impl ColumnEncoder {
    /// For the tables of a scan.
    pub(crate) fn new(scan_id: &ScanId, tables: &[&'static TableSchema]) -> Self {
        let schemas = tables.iter().map(|table| (table.name, arrow_schema(table))).collect();
        Self { scan_id: scan_id.clone(), schemas: Arc::new(schemas) }
    }

    /// Columns of rows, `scan_id` in front, sorted as the table is.
    pub fn columns(&self, rows: &dyn Rows) -> Result<Columns, LakeError> {
        let table = rows.schema();
        let schema = self.schemas.get(table.name).cloned().unwrap_or_else(|| arrow_schema(table));
        let bytes = parts(rows, self.scan_id.as_str(), &schema)
            .and_then(|parts| parts.encode())
            .map_err(LakeError::format("building rows of", Path::new(table.name)))?;
        Ok(Columns { table, rows: rows.len(), bytes })
    }
}
