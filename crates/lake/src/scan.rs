//! A committed scan: everything that is read back from a lake is read through it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use orgsweep_model::{AccountId, Row, TableSchema, Tables};

use crate::accounts::{Accounts, organization};
use crate::error::LakeError;
use crate::layout::table_key;
use crate::lookup::lookup;
use crate::manifest::{Files, files_of, has_table, is_complete, is_unchanged};
use crate::read::each_row;
use crate::scan_id::ScanId;
use crate::store::Store;

/// Which scan to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanSelector {
    /// The last committed one.
    Latest,
    /// A committed one.
    Id(ScanId),
}

impl FromStr for ScanSelector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "latest" { Ok(Self::Latest) } else { text.parse().map(Self::Id) }
    }
}

impl fmt::Display for ScanSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => formatter.pad("latest"),
            Self::Id(id) => id.fmt(formatter),
        }
    }
}

/// A committed scan. What it was published with is read once.
#[derive(Clone, Debug)]
pub struct Scan {
    store: Arc<dyn Store>,
    id: ScanId,
    files: Arc<OnceLock<Files>>,
}

impl Scan {
    /// Of a store that has it.
    pub(crate) fn new(store: Arc<dyn Store>, id: ScanId) -> Self {
        Self { store, id, files: Arc::default() }
    }

    /// Its name.
    pub fn id(&self) -> &ScanId {
        &self.id
    }

    /// Whether it has a table, with or without rows: the version that wrote it may not have known it. A file that the scan was
    /// published with and that is gone, or of another size, is an error.
    pub fn has_table(&self, table: &TableSchema) -> Result<bool, LakeError> {
        has_table(&*self.store, self.files()?, &self.id, table)
    }

    /// All rows of a table. A nullable column that the file does not have yet reads as null.
    pub fn rows<R: Row>(&self) -> Result<Vec<R>, LakeError> {
        let mut rows = Vec::new();
        self.each_row(&mut |row| rows.push(row))?;
        Ok(rows)
    }

    /// Hands over the rows of a table one by one, in stored order.
    pub fn each_row<R: Row>(&self, take: &mut dyn FnMut(R)) -> Result<(), LakeError> {
        self.has_table(R::SCHEMA)?;
        each_row(&self.store, &table_key(R::SCHEMA.name, &self.id), self.id.as_str(), take)
    }

    /// The rows of a table whose text in a column is one of these, in stored order; `None`: the scan has no such table, because
    /// the version that wrote it did not know it.
    pub fn lookup<R: Row>(&self, column: &str, wanted: &BTreeSet<&str>) -> Result<Option<Vec<R>>, LakeError> {
        if !self.has_table(R::SCHEMA)? {
            return Ok(None);
        }
        let key = table_key(R::SCHEMA.name, &self.id);
        lookup(&self.store, &key, self.id.as_str(), column, wanted).map(Some)
    }

    /// Whether everything is there that it was published with, in its size; the error names what is not.
    pub fn is_complete(&self) -> Result<(), LakeError> {
        is_complete(&*self.store, self.files()?)
    }

    /// Whether every file is byte for byte what was published; the error names one that is not.
    pub fn is_unchanged(&self) -> Result<(), LakeError> {
        is_unchanged(&*self.store, self.files()?)
    }

    /// The tables of one account, with their gaps.
    pub fn account(&self, tables: &[&'static TableSchema], account: AccountId) -> Result<Tables, LakeError> {
        self.accounts(tables, Some(account))?.take(account)
    }

    /// Hands over the tables of every account of the scan, with their gaps, in order of account id. In memory: one account's
    /// rows, and a batch a table.
    pub fn each_account<E: From<LakeError>>(
        &self,
        tables: &[&'static TableSchema],
        take: &mut dyn FnMut(AccountId, Tables) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut accounts = self.accounts(tables, None)?;
        while let Some(account) = accounts.next()? {
            let tables = accounts.take(account)?;
            take(account, tables)?;
        }
        Ok(())
    }

    /// The tables whose rows belong to the organization and not to an account, with their gaps.
    pub fn organization(&self, tables: &[&'static TableSchema]) -> Result<Tables, LakeError> {
        organization(&self.published(tables)?, &self.store, &self.id)
    }

    fn accounts(
        &self,
        tables: &[&'static TableSchema],
        only: Option<AccountId>,
    ) -> Result<Accounts, LakeError> {
        Accounts::open(self.published(tables)?, &self.store, &self.id, only)
    }

    /// Those of the tables that the scan has.
    fn published(&self, tables: &[&'static TableSchema]) -> Result<Vec<&'static TableSchema>, LakeError> {
        let mut published = Vec::new();
        for table in tables {
            if self.has_table(table)? {
                published.push(*table);
            }
        }
        Ok(published)
    }

    fn files(&self) -> Result<&Files, LakeError> {
        if let Some(files) = self.files.get() {
            return Ok(files);
        }
        let files = files_of(&*self.store, &self.id)?;
        Ok(self.files.get_or_init(|| files))
    }
}
