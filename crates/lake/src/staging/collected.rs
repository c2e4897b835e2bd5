//! Facts that are collected and not judged yet: of accounts that finished before the organization did, and of the organization.
//! They are kept as finished accounts are, in a folder of their own, and are no part of what is published.

use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use orgsweep_model::facts::Document;
use orgsweep_model::records::TableRead;
use orgsweep_model::{AccountId, Row, TableSchema, Tables};

use super::spool::Spool;
use crate::accounts::fill;
use crate::columns::Columns;
use crate::error::LakeError;
use crate::layout::{JOURNAL, staged_rows};
use crate::read::each_row_in;

/// Facts by account; those of the organization in the name of its management account.
pub struct CollectedFacts {
    folder: PathBuf,
    spool: Spool,
}

impl CollectedFacts {
    /// A folder: empty, or what an earlier process left there.
    pub fn open(folder: &Path) -> Result<Self, LakeError> {
        Ok(Self { folder: folder.to_owned(), spool: Spool::open(folder)? })
    }

    /// The same, if an earlier process left something.
    pub fn reopen(folder: &Path) -> Result<Option<Self>, LakeError> {
        if folder.join(JOURNAL).exists() { Self::open(folder).map(Some) } else { Ok(None) }
    }

    /// Keeps the facts of an account.
    pub fn add(&mut self, account: AccountId, rows: &[Columns]) -> Result<(), LakeError> {
        rows.iter().try_for_each(|columns| self.spool.add(account, columns))?;
        self.spool.finish(account, serde_json::Value::Null)
    }

    /// Whose facts are kept, in order.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.spool.finished().iter().copied()
    }

    /// The rows of a table.
    pub fn rows<R: Row>(&mut self, account: AccountId) -> Result<Vec<R>, LakeError> {
        let path = self.folder.join(staged_rows(R::SCHEMA.name));
        let mut rows = Vec::new();
        for batch in self.batches(R::SCHEMA, account)? {
            each_row_in(&batch, &path, &mut |row| rows.push(row))?;
        }
        Ok(rows)
    }

    /// The tables as they were collected, with their gaps and the texts that they name.
    pub fn tables(
        &mut self,
        account: AccountId,
        tables: &[&'static TableSchema],
    ) -> Result<Tables, LakeError> {
        let reads: Vec<TableRead> = self.rows(account)?;
        let mut found = Tables::new();
        for table in tables {
            let batches = self.batches(table, account)?;
            fill(&mut found, table, &batches, &self.folder.join(staged_rows(table.name)), &reads)?;
        }
        let naming = tables.iter().filter(|table| Document::is_named_by(table));
        let read = naming.flat_map(|table| table.sources()).filter(|source| found.gap(source.name).is_none());
        if let Some(observed_at) = read.filter_map(|source| found.observed_at(source.name)).min() {
            found.insert(self.rows::<Document>(account)?, observed_at);
        }
        Ok(found)
    }

    fn batches(
        &mut self,
        table: &'static TableSchema,
        account: AccountId,
    ) -> Result<Vec<RecordBatch>, LakeError> {
        let path = self.folder.join(staged_rows(table.name));
        let mut batches = Vec::new();
        self.spool.parts(table, account, &mut |parts| {
            batches.push(parts.into_batch().map_err(LakeError::format("reading", &path))?);
            Ok(())
        })?;
        Ok(batches)
    }
}
