//! A scan on its way into the lake: spooled account by account, then published whole.

mod table_file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use orgsweep_model::records::{ScanRecord, ScanStatus, TableRead};
use orgsweep_model::{AccountId, Rows, TableSchema, Usage};
use serde_json::Value as Json;

use crate::columns::{ColumnMaker, Columns};
use crate::error::LakeError;
use crate::lookup::is_published;
use crate::manifest::{FileEntry, LATEST, Latest, latest, manifest, manifest_key};
use crate::scan_id::ScanId;
use crate::schema::SCANS;
use crate::shards::{self, BegunShard};
use crate::shared_usage::SharedUsage;
use crate::spool::Spool;
use crate::store::{Store, stage};
use crate::take_over::{ACCOUNT_ID, each_account};
use crate::unfinished::{HEADER, STAGING, ScanHeader, begun_as};

/// A scan that is not yet in the lake. Dropped without [`publish`](Self::publish), it keeps its finished accounts on
/// disk, where no reader looks, so that the scan can go on; without a finished account it leaves nothing.
pub struct ScanWriter {
    store: Store,
    scan_id: ScanId,
    tables: Vec<&'static TableSchema>,
    maker: ColumnMaker,
    staging: PathBuf,
    /// The first one takes rows; all of them are published.
    spools: Vec<Spool>,
    /// The first one takes what this process asks of AWS; all of them count.
    usages: Vec<SharedUsage>,
    /// Where accounts are that were not finished.
    aside: Option<usize>,
    /// The scan whose documents are taken over.
    documents_of: Option<ScanId>,
    /// What became of tables that were read once, for the organization as a whole.
    ledger: Vec<TableRead>,
    is_a_shard: bool,
    published: bool,
    /// Folders that were made for it, the lake's own first: without a result they go again.
    made: Vec<PathBuf>,
}

/// Names the organization of what is kept.
const ORGANIZATION: &str = "organization";

/// Where an account's rows are kept until the scan is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// With the finished accounts: a scan that goes on has them.
    Finished,
    /// For a publication that goes without having finished the account: a scan that goes on does not take it for finished.
    Aside,
}

/// A scan that is in the lake.
#[derive(Clone, Debug)]
pub struct Published {
    /// Rows by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Bytes of all files.
    pub bytes: u64,
    /// What went wrong after the commit: the scan is in the lake all the same.
    pub warnings: Vec<String>,
}

impl ScanWriter {
    /// Prepares the staging folder: finds out now, and not after an hour of scanning, that nothing can be written.
    pub fn create(
        root: &Path,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
        header: &ScanHeader,
    ) -> Result<Self, LakeError> {
        let store = Store::new(root);
        refuse_what_is_in_the_way(&store, scan_id)?;
        let made = store.missing_folders();
        store.make_folder("")?;
        // What an earlier attempt of the same name left behind is no result; what another process is at is its own.
        if store.exists(&staging_key(scan_id)) {
            drop(Spool::open(&store.path(&staging_key(scan_id)))?);
        }
        store.remove_folder(&staging_key(scan_id))?;
        let staging = store.make_folder(&staging_key(scan_id))?;
        write_header(&staging, header)?;
        let spools = vec![Spool::open(&staging)?];
        let usages = vec![SharedUsage::open(&staging)?];
        let mut begun = Self::over(store, scan_id, tables, staging, spools, usages, false);
        begun.made = made;
        Ok(begun)
    }

    /// Goes on with a scan that was begun: its finished accounts are there.
    pub fn resume(
        root: &Path,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
    ) -> Result<Self, LakeError> {
        let store = Store::new(root);
        refuse_what_is_in_the_way(&store, scan_id)?;
        let staging = store.path(&staging_key(scan_id));
        let spools = vec![Spool::open(&staging)?];
        let usages = vec![SharedUsage::open(&staging)?];
        Ok(Self::over(store, scan_id, tables, staging, spools, usages, false))
    }

    /// One shard of a scan, begun or gone on with.
    pub fn shard(
        root: &Path,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
        (index, count): (u32, u32),
        header: &ScanHeader,
    ) -> Result<Self, LakeError> {
        let store = Store::new(root);
        refuse_what_is_in_the_way(&store, scan_id)?;
        store.make_folder("")?;
        let folder = format!("{}/{}", staging_key(scan_id), shards::name(index, count));
        let staging = store.make_folder(&folder)?;
        let spool = Spool::open(&staging)?;
        match begun_as(&staging, &spool)? {
            None => write_header(&staging, header)?,
            Some(begun) => {
                if let Some(what) = begun.difference(header) {
                    let problem = format!(
                        "the shard was begun with another {what}; use the same for all shards, or run discover again"
                    );
                    return Err(LakeError::Format { doing: "going on with", path: staging, problem });
                }
            }
        }
        let usages = vec![SharedUsage::open(&staging)?];
        Ok(Self::over(store, scan_id, tables, staging, vec![spool], usages, true))
    }

    /// All shards of a scan, to be published as one. Also says which have begun, and what each was begun as.
    pub fn gather(
        root: &Path,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
    ) -> Result<(Self, Vec<BegunShard>), LakeError> {
        let store = Store::new(root);
        refuse_what_is_in_the_way(&store, scan_id)?;
        let begun = shards::open_all(&store, &staging_key(scan_id))?;
        if begun.is_empty() {
            return Err(LakeError::NoShard { scan_id: scan_id.to_string(), root: root.to_owned() });
        }
        let staging = store.make_folder(&staging_key(scan_id))?;
        // Rows of finalize itself, such as those of accounts that no shard finished.
        let own = staging.join("finalize");
        if own.exists() {
            std::fs::remove_dir_all(&own).map_err(LakeError::io("removing", &own))?;
        }
        let mut spools = vec![Spool::open(&own)?];
        let mut usages = vec![SharedUsage::open(&own)?];
        let mut all = Vec::new();
        for (shard, spool, usage) in begun {
            all.push(shard);
            spools.push(spool);
            usages.push(usage);
        }
        Ok((Self::over(store, scan_id, tables, staging, spools, usages, true), all))
    }

    fn over(
        store: Store,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
        staging: PathBuf,
        spools: Vec<Spool>,
        usages: Vec<SharedUsage>,
        is_a_shard: bool,
    ) -> Self {
        let scan_id = scan_id.clone();
        let maker = ColumnMaker::new(&scan_id, &tables);
        Self {
            store,
            scan_id,
            tables,
            maker,
            staging,
            spools,
            usages,
            aside: None,
            documents_of: None,
            ledger: Vec::new(),
            is_a_shard,
            published: false,
            made: Vec::new(),
        }
    }

    /// Every finished account, as often as it is there.
    pub fn finished(&self) -> impl Iterator<Item = AccountId> {
        self.spools.iter().flat_map(|spool| spool.finished().iter().copied())
    }

    /// The tallies of accounts that earlier processes finished, as often as they are there.
    pub fn tallies(&self) -> impl Iterator<Item = (AccountId, &Json)> {
        self.spools.iter().flat_map(|spool| spool.tallies().iter().map(|(account, tally)| (*account, tally)))
    }

    /// Writes down what this process has asked of AWS for no account in particular, so that whoever goes on counts it.
    pub fn keep_usage(&mut self, usage: &Usage) -> Result<(), LakeError> {
        self.usages[0].keep(usage)
    }

    /// What the processes before this one, shards included, have asked of AWS for no account in particular.
    pub fn earlier_usage(&self) -> Usage {
        let usage = Usage::default();
        self.usages.iter().for_each(|one| usage.join(one.earlier()));
        usage
    }

    /// What makes rows ready for [`spool`](Self::spool), on any thread.
    pub fn column_maker(&self) -> ColumnMaker {
        self.maker.clone()
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

    /// Takes the rows of a table over from a committed scan of the same lake, for the accounts that `keep` names. They
    /// count once the account is finished.
    pub fn take_over(
        &mut self,
        place: Place,
        from: &ScanId,
        table: &'static TableSchema,
        keep: &dyn Fn(AccountId) -> bool,
    ) -> Result<(), LakeError> {
        // A table that came after that scan, or one whose rows belong to no account.
        if !is_published(&self.store, from, table)? || table.position(ACCOUNT_ID).is_none() {
            return Ok(());
        }
        let path = self.store.path(&key(table.name, from));
        let to = self.scan_id.clone();
        let spool = self.at(place)?;
        each_account(&path, table, from.as_str(), to.as_str(), &mut |account, batch| {
            if keep(account) { spool.add(account, &Columns::of(table, &batch)?) } else { Ok(()) }
        })
    }

    /// Adds rows to an account that is taken over.
    pub fn add(&mut self, place: Place, account: AccountId, rows: &dyn Rows) -> Result<(), LakeError> {
        let columns = self.maker.columns(rows)?;
        self.at(place)?.add(account, &columns)
    }

    /// Takes the documents of a committed scan of the same lake over: rows that are taken over name them, and they belong to no
    /// account.
    pub fn take_over_documents(&mut self, from: &ScanId) {
        self.documents_of = Some(from.clone());
    }

    /// Notes in the ledger of an account, whatever else is in it, what became of a table that was read once for all.
    pub fn note_read(&mut self, read: TableRead) {
        self.ledger.push(read);
    }

    /// Drops what was taken over of an account that turned out to have nothing to keep.
    pub fn forget(&mut self, account: AccountId) {
        self.spools[0].forget(account);
    }

    /// Counts an account as finished whose rows were all taken over.
    pub fn finish_taken_over(
        &mut self,
        place: Place,
        account: AccountId,
        tally: Json,
    ) -> Result<(), LakeError> {
        self.at(place)?.finish(account, tally)
    }

    fn at(&mut self, place: Place) -> Result<&mut Spool, LakeError> {
        let index = match (place, self.aside) {
            (Place::Finished, _) => 0,
            (Place::Aside, Some(index)) => index,
            (Place::Aside, None) => {
                let folder = self.staging.join("aside");
                if folder.exists() {
                    std::fs::remove_dir_all(&folder).map_err(LakeError::io("removing", &folder))?;
                }
                self.spools.push(Spool::open(&folder)?);
                *self.aside.insert(self.spools.len() - 1)
            }
        };
        Ok(&mut self.spools[index])
    }

    /// Where finished accounts are kept until publication.
    pub fn folder(&self) -> &Path {
        &self.staging
    }

    /// Whether the scan is of this organization, once that is known: rows of two are never put together. The first one that
    /// is named is remembered beside the finished accounts.
    pub fn is_of(&self, organization_id: &str) -> Result<bool, LakeError> {
        let path = self.staging.join(ORGANIZATION);
        match std::fs::read(&path) {
            Ok(known) if known == organization_id.as_bytes() => Ok(true),
            Ok(known) if std::str::from_utf8(&known).is_ok_and(|known| !known.trim().is_empty()) => Ok(false),
            Ok(_) => {
                let problem = "it does not name the organization that the scan was begun in";
                Err(LakeError::damaged(&self.staging, ORGANIZATION, problem))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let staged = stage(&self.staging, "organization.part", organization_id.as_bytes())?;
                std::fs::rename(&staged, &path).map_err(LakeError::io("writing", &path))?;
                Ok(true)
            }
            Err(source) => Err(LakeError::Io { doing: "reading", path, source }),
        }
    }

    /// The tables of the scan.
    pub fn tables(&self) -> &[&'static TableSchema] {
        &self.tables
    }

    /// Writes every table, then commits: data files, manifest, the `scans` row, the pointer. `whole` are the rows
    /// that belong to the scan and not to an account; `coverage` goes into the manifest; `wait` says how long another
    /// publisher is waited for. An error means that nothing was published, and that nothing half-published is left.
    pub fn publish(
        mut self,
        whole: &[Arc<dyn Rows>],
        scan: ScanRecord,
        coverage: &Json,
        wait: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<Published, LakeError> {
        if self.is_a_shard && self.spools.len() == 1 && self.aside.is_none() {
            let problem = "a shard is published by finalize, together with the others".to_owned();
            return Err(LakeError::Format { doing: "publishing", path: self.staging.clone(), problem });
        }
        let status = scan.status;
        let scan_rows: Arc<dyn Rows> = Arc::new(vec![scan]);
        let mut files = Vec::new();
        for table in self.tables.clone() {
            // What an earlier attempt to publish left.
            remove_staged(&self.staged(table.name))?;
            let own = whole.iter().chain([&scan_rows]).filter(|rows| rows.schema().name == table.name);
            files.push(self.write(table, &own.cloned().collect::<Vec<_>>())?);
        }
        let date = self.scan_id.scan_date();
        let manifest_key = manifest_key(&self.scan_id);
        let text = manifest(self.scan_id.as_str(), &date, &files, coverage);
        let staged_manifest = stage(&self.staging, &manifest_key, text.as_bytes())?;
        // Written before the commit, so that a full disk is found out before it too.
        let pointer = self.pointer();
        let staged_pointer = stage(&self.staging, LATEST, pointer.text().as_bytes())?;

        let _lock = self.store.lock(wait)?;
        refuse_committed(&self.store, &self.scan_id)?;
        let facts: Vec<&FileEntry> = files.iter().filter(|file| file.table != SCANS).collect();
        // What a crash between the steps below left under this name was never visible.
        self.remove_uncommitted(&files)?;
        let put = facts
            .iter()
            .try_for_each(|file| self.store.put_new(&file.key, &self.staged(file.table)))
            .and_then(|()| self.store.put_new(&manifest_key, &staged_manifest))
            // From here on the scan is visible.
            .and_then(|()| self.store.put_new(&key(SCANS, &self.scan_id), &self.staged(SCANS)));
        if let Err(error) = put {
            if !self.store.exists(&key(SCANS, &self.scan_id)) {
                // Best effort: what stays is in no scan's rows.
                let _ = self.remove_uncommitted(&files);
            }
            return Err(error);
        }
        self.published = true;
        let mut warnings = Vec::new();
        if status == ScanStatus::Complete {
            match self.move_latest(&staged_pointer) {
                Ok(None) => {}
                Ok(Some(newer)) => warnings.push(format!(
                    "the lake's latest scan stays {newer}, which is of a later moment; this one is {}",
                    self.scan_id
                )),
                Err(error) => warnings.push(format!(
                    "the scan is published, and {LATEST} still names an earlier one: {error}; the next scan mends it"
                )),
            }
        }
        Ok(Published {
            rows: files.iter().map(|file| (file.table, file.rows)).collect(),
            bytes: files.iter().map(|file| file.bytes).sum(),
            warnings,
        })
    }

    fn remove_uncommitted(&self, files: &[FileEntry]) -> Result<(), LakeError> {
        files.iter().try_for_each(|file| self.store.remove_uncommitted(&file.key))?;
        self.store.remove_uncommitted(&manifest_key(&self.scan_id))
    }

    fn pointer(&self) -> Latest {
        Latest { scan_id: self.scan_id.to_string(), scan_date: self.scan_id.scan_date() }
    }

    fn staged(&self, table: &str) -> PathBuf {
        self.staging.join(format!("{table}.parquet"))
    }

    /// Forward only: a scan that started earlier and finished later does not take the place of a newer one, whose id
    /// comes back.
    fn move_latest(&self, staged: &Path) -> Result<Option<String>, LakeError> {
        loop {
            let current = self.store.get(LATEST)?;
            if let Some(bytes) = &current {
                let found = Latest::parse(bytes, &self.store.path(LATEST))?;
                // A scan that is not there comes before no other.
                let newer = found.committed(&self.store).filter(|found| *found >= self.scan_id);
                if let Some(newer) = newer {
                    return Ok((newer != self.scan_id).then(|| newer.to_string()));
                }
            }
            if self.store.swap(LATEST, current.as_deref(), staged)? {
                return Ok(None);
            }
        }
    }
}

impl Drop for ScanWriter {
    fn drop(&mut self) {
        let worth_keeping = self.is_a_shard || self.spools.iter().any(|spool| !spool.finished().is_empty());
        if self.published || !worth_keeping {
            // Best effort: what stays is in the staging folder, which nobody takes for a result.
            let _ = self.store.remove_folder(&staging_key(&self.scan_id));
            let _ = std::fs::remove_dir(self.store.path(STAGING));
        }
        if !self.published && !worth_keeping {
            // Only what is empty goes, and nothing above it then.
            let _ = self.made.iter().try_for_each(std::fs::remove_dir);
        }
    }
}

fn refuse_committed(store: &Store, scan_id: &ScanId) -> Result<(), LakeError> {
    if store.exists(&key(SCANS, scan_id)) {
        return Err(LakeError::AlreadyCommitted { scan_id: scan_id.to_string(), root: store.path("") });
    }
    Ok(())
}

/// Before a scan begins, everything that its publication needs is looked at. At its end a pointer that cannot be moved is only
/// a warning: a finished scan is not lost for it.
fn refuse_what_is_in_the_way(store: &Store, scan_id: &ScanId) -> Result<(), LakeError> {
    refuse_committed(store, scan_id)?;
    store.can_publish()?;
    // Publishing says which scan came before: a pointer that cannot be read is told now.
    latest(&store.path("")).map(|_| ())
}

fn write_header(staging: &Path, header: &ScanHeader) -> Result<(), LakeError> {
    let path = staging.join(HEADER);
    let text = serde_json::to_string_pretty(header).map_err(LakeError::format("writing", &path))?;
    let staged = stage(staging, "scan.json.part", text.as_bytes())?;
    std::fs::rename(&staged, &path).map_err(LakeError::io("writing", &path))
}

/// `v1/<table>/scan_date=…/<scan_id>-00000.parquet`.
pub fn key(table: &str, scan_id: &ScanId) -> String {
    format!("v1/{table}/scan_date={}/{scan_id}-00000.parquet", scan_id.scan_date())
}

fn staging_key(scan_id: &ScanId) -> String {
    format!("{STAGING}/{scan_id}")
}

fn remove_staged(path: &Path) -> Result<(), LakeError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(LakeError::Io { doing: "removing", path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}
