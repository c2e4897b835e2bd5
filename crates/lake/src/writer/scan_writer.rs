//! A scan that is being written: its accounts are kept one by one, until they are published together.

use std::path::{Path, PathBuf};

use orgsweep_model::records::TableRead;
use orgsweep_model::{AccountId, TableSchema, Tables, Usage};
use serde_json::Value as Json;

use crate::columns::{ColumnEncoder, Columns};
use crate::error::LakeError;
use crate::lake::Lake;
use crate::layout::{COLLECTED, ORGANIZATION, ORGANIZATION_FACTS, UNFINISHED, table_key};
use crate::scan_id::ScanId;
use crate::schema::SCANS;
use crate::staging::{CollectedFacts, SharedUsage, Spool, remove_folder};
use crate::store::{Store, write_durable};

/// A scan that is not yet in the lake. Dropped without [`publish`](Self::publish), it keeps its finished accounts on
/// disk, where no reader looks, so that the scan can be resumed; without a finished account it leaves nothing.
pub struct ScanWriter {
    pub(super) lake: Lake,
    pub(super) scan_id: ScanId,
    pub(super) tables: Vec<&'static TableSchema>,
    pub(super) encoder: ColumnEncoder,
    /// Where its accounts are kept.
    pub(super) folder: PathBuf,
    /// The first one takes rows; all of them are published.
    pub(super) spools: Vec<Spool>,
    /// The first one takes this process's calls; all of them count.
    pub(super) usages: Vec<SharedUsage>,
    /// The spool of unfinished accounts.
    pub(super) unfinished: Option<usize>,
    /// Accounts that are collected and not judged yet.
    pub(super) collected: Option<CollectedFacts>,
    /// Tables that were read once, for the organization as a whole.
    pub(super) ledger: Vec<TableRead>,
    pub(super) is_a_shard: bool,
    /// Nothing of it is kept: what is checked again is never resumed.
    pub(super) is_disposable: bool,
    pub(super) published: bool,
    /// Folders that were created for it, the lake's own first: without a result they are removed again.
    pub(super) created_folders: Vec<PathBuf>,
}

/// Where an account's rows are kept until the scan is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// With the finished accounts: a resumed scan has them.
    Finished,
    /// Published without being finished: a resumed scan collects the account again.
    Unfinished,
}

impl ScanWriter {
    /// Every finished account, as often as it is there.
    pub fn finished(&self) -> impl Iterator<Item = AccountId> {
        self.spools.iter().flat_map(|spool| spool.finished().iter().copied())
    }

    /// The tallies of accounts that earlier processes finished, as often as they are there.
    pub fn tallies(&self) -> impl Iterator<Item = (AccountId, &Json)> {
        self.spools.iter().flat_map(|spool| spool.tallies().iter().map(|(account, tally)| (*account, tally)))
    }

    /// Records this process's calls that belong to no account, so that a resumed scan counts them.
    pub fn keep_usage(&mut self, usage: &Usage) -> Result<(), LakeError> {
        self.usages[0].keep(usage)
    }

    /// The calls of earlier processes, shards included, that belong to no account.
    pub fn earlier_usage(&self) -> Usage {
        let usage = Usage::default();
        self.usages.iter().for_each(|one| usage.join(one.earlier()));
        usage
    }

    /// Keeps the facts of an account that cannot be judged yet: a resumed scan need not collect it again.
    pub fn keep_collected(&mut self, account: AccountId, rows: &[Columns]) -> Result<(), LakeError> {
        let folder = self.folder.join(COLLECTED);
        match &mut self.collected {
            Some(collected) => collected.add(account, rows),
            None => self.collected.insert(CollectedFacts::open(&folder)?).add(account, rows),
        }
    }

    /// The accounts that are collected and not judged yet, in order.
    pub fn not_judged(&self) -> Vec<AccountId> {
        let is_finished =
            |account: &AccountId| self.spools.iter().any(|spool| spool.finished().contains(account));
        let collected = self.collected.iter().flat_map(CollectedFacts::accounts);
        collected.filter(|account| !is_finished(account)).collect()
    }

    /// What is kept of accounts that are not judged yet; `None`: there is none.
    pub fn collected(&mut self) -> Option<&mut CollectedFacts> {
        self.collected.as_mut()
    }

    /// Keeps what was read of the organization, in the name of its management account: accounts that a resumed scan judges are
    /// judged by the same facts.
    pub fn keep_organization(&mut self, management: AccountId, rows: &[Columns]) -> Result<(), LakeError> {
        CollectedFacts::open(&self.folder.join(ORGANIZATION_FACTS))?.add(management, rows)
    }

    /// What an earlier process read of the organization; `None`: it did not come so far.
    pub fn kept_organization(
        &self,
        management: AccountId,
        tables: &[&'static TableSchema],
    ) -> Result<Option<Tables>, LakeError> {
        let Some(mut kept) = CollectedFacts::reopen(&self.folder.join(ORGANIZATION_FACTS))? else {
            return Ok(None);
        };
        let is_kept = kept.accounts().any(|account| account == management);
        if is_kept { kept.tables(management, tables).map(Some) } else { Ok(None) }
    }

    /// Encodes rows for [`spool`](Self::spool), on any thread.
    pub fn column_encoder(&self) -> ColumnEncoder {
        self.encoder.clone()
    }

    /// Keeps an account's rows. An account is spooled once.
    pub fn spool(
        &mut self,
        place: Place,
        account: AccountId,
        rows: &[Columns],
        tally: Json,
    ) -> Result<(), LakeError> {
        let spool = self.at(place)?;
        rows.iter().try_for_each(|columns| spool.add(account, columns))?;
        spool.finish(account, tally)
    }

    /// Records in an account's `table_reads`, whatever else is in it, a table that was read once for all accounts.
    pub fn record_read(&mut self, read: TableRead) {
        self.ledger.push(read);
    }

    fn at(&mut self, place: Place) -> Result<&mut Spool, LakeError> {
        let index = match (place, self.unfinished) {
            (Place::Finished, _) => 0,
            (Place::Unfinished, Some(index)) => index,
            (Place::Unfinished, None) => {
                let folder = self.folder.join(UNFINISHED);
                remove_folder(&folder)?;
                self.spools.push(Spool::open(&folder)?);
                *self.unfinished.insert(self.spools.len() - 1)
            }
        };
        Ok(&mut self.spools[index])
    }

    /// Where finished accounts are kept until publication.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the scan belongs to this organization: rows of two are never mixed. The first one that is named is remembered
    /// beside the finished accounts.
    pub fn belongs_to(&self, organization_id: &str) -> Result<bool, LakeError> {
        let path = self.folder.join(ORGANIZATION);
        match std::fs::read(&path) {
            Ok(known) if known == organization_id.as_bytes() => Ok(true),
            Ok(known) if std::str::from_utf8(&known).is_ok_and(|known| !known.trim().is_empty()) => Ok(false),
            Ok(_) => {
                let problem = "expected the ID of the organization in which the scan was started";
                Err(LakeError::damaged(&self.folder, ORGANIZATION, problem))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let part = path.with_extension("part");
                write_durable(&part, organization_id.as_bytes())?;
                std::fs::rename(&part, &path).map_err(LakeError::io("writing", &path))?;
                Ok(true)
            }
            Err(source) => Err(LakeError::Io { doing: "reading", path, source }),
        }
    }

    /// The tables of the scan.
    pub fn tables(&self) -> &[&'static TableSchema] {
        &self.tables
    }
}

impl Drop for ScanWriter {
    fn drop(&mut self) {
        let worth_keeping = !self.is_disposable
            && (self.is_a_shard
                || self.collected.is_some()
                || self.spools.iter().any(|spool| !spool.finished().is_empty()));
        if self.published || !worth_keeping {
            // Best effort: what stays is in the staging folder, which no reader opens.
            let _ = self.lake.staging.remove(&self.scan_id);
            self.lake.staging.remove_if_empty();
        }
        if !self.published && !worth_keeping {
            // Only empty folders, and nothing above one that is not.
            let _ = self.created_folders.iter().try_for_each(std::fs::remove_dir);
        }
    }
}

/// A committed scan is never written again.
pub fn refuse_committed(store: &dyn Store, scan_id: &ScanId) -> Result<(), LakeError> {
    if store.size(&table_key(SCANS, scan_id))?.is_some() {
        return Err(LakeError::AlreadyCommitted { scan_id: scan_id.to_string(), root: store.location("") });
    }
    Ok(())
}
