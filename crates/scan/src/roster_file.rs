//! The organization, read once and written to a file that shards scan from.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use orgsweep_lake::ScanId;
use orgsweep_model::collector::{CallCounts, Clock};
use orgsweep_model::finding_id::sha256_hex;
use orgsweep_model::organization::OrganizationSnapshot;
use orgsweep_model::snapshot::TablesSnapshot;
use orgsweep_model::{Timestamp, Usage};
use orgsweep_sweep::filter::RosterKey;
use orgsweep_sweep::{Listed, OrganizationFacts, Plan, Source, Unmatched};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::begin::random_entropy;
use crate::error::Error;

/// Grows when the file's meaning changes.
const VERSION: u32 = 2;

/// What is in the file. The scan has its name and its moment from here, so that all shards agree.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterFile {
    version: u32,
    /// The scan that its shards form together.
    #[serde(with = "scan_id")]
    pub scan_id: ScanId,
    /// The moment that ages count to.
    pub now: Timestamp,
    /// The organization.
    pub roster: OrganizationSnapshot,
    /// What was asked of AWS for it: counted once, by the scan that its shards are put together to.
    #[serde(default)]
    calls: Vec<DiscoveryCall>,
    /// Of the roster as it stands in the file: naming the units adds to it.
    #[serde(skip)]
    digest: String,
}

/// One kind of call for the roster.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DiscoveryCall {
    service: String,
    action: String,
    counts: CallCounts,
}

mod scan_id {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::ScanId;

    pub fn serialize<S: Serializer>(id: &ScanId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(id.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ScanId, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl RosterFile {
    /// Reads the organization from a source: its accounts, and every table that the plan wants of it.
    pub async fn discover(source: &dyn Source, plan: &Plan) -> Result<Self, Error> {
        let organization = source.organization().await?;
        let mut accounts = Vec::new();
        let mut listing = source.accounts();
        let mut is_whole = false;
        while let Some(listed) = listing.recv().await {
            match listed? {
                Listed::Account(account) => accounts.push(*account),
                Listed::Whole => is_whole = true,
            }
        }
        if !is_whole {
            return Err(Error::ListingBrokeOff);
        }
        accounts.sort_by_key(|account| account.id);
        accounts.dedup_by_key(|account| account.id);
        let unit_names = source.unit_names().await.map_err(Error::UnitNames)?;
        let read = OrganizationFacts::read(source, plan, &organization).await;
        let facts = TablesSnapshot::of(&read.tables, &plan.organization_tables());
        let now = Clock::wall().now();
        let calls = source
            .usage()
            .by_action()
            .into_iter()
            .map(|((service, action), counts)| DiscoveryCall { service, action, counts })
            .collect();
        let roster = OrganizationSnapshot { organization, accounts, unit_names, facts };
        Ok(Self {
            version: VERSION,
            scan_id: ScanId::new(now, random_entropy()),
            now,
            digest: digest_of(&roster),
            roster,
            calls,
        })
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let failed = |problem: String| Error::Roster { path: path.to_owned(), problem, reading: true };
        let text = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let mut file: Self = serde_json::from_slice(&text)
            .map_err(|_| failed("this version cannot read it as a roster".to_owned()))?;
        if file.version != VERSION {
            return Err(failed(format!("unknown version {}, expected {VERSION}", file.version)));
        }
        file.digest = digest_of(&file.roster);
        Ok(file)
    }

    /// Writes the file atomically.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let failed = |error: std::io::Error| Error::Roster {
            path: path.to_owned(),
            problem: error.to_string(),
            reading: false,
        };
        let text = serde_json::to_vec_pretty(self).map_err(|error| failed(error.into()))?;
        let staged = staged(path);
        std::fs::File::create(&staged)
            .and_then(|mut output| output.write_all(&text).and_then(|()| output.sync_all()))
            .and_then(|()| std::fs::rename(&staged, path))
            .map_err(failed)
    }

    /// Finds out before the first call, and not after the listing, that the file cannot be written.
    pub fn can_be_written(path: &Path) -> Result<(), Error> {
        let failed = |problem: String| Error::Roster { path: path.to_owned(), problem, reading: false };
        if path.is_dir() || path.file_name().is_none() {
            return Err(failed("expected a file name, not a folder".to_owned()));
        }
        let staged = staged(path);
        std::fs::File::create(&staged)
            .and_then(|_| std::fs::remove_file(&staged))
            .map_err(|error| failed(format!("{error}; use a file in an existing, writable folder")))
    }

    /// Gives the accounts the paths of their units.
    pub fn name_units(&mut self) {
        let names = &self.roster.unit_names;
        for account in &mut self.roster.accounts {
            account.ou_path = orgsweep_sweep::filter::path(account, names).or(account.ou_path.take());
        }
    }

    /// Names what shards scan from.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The calls to AWS that were made for it.
    pub fn usage(&self) -> Usage {
        let usage = Usage::default();
        for call in &self.calls {
            usage.count(&call.service, &call.action, |counts| counts.add(&call.counts));
        }
        usage
    }

    /// Whether the account filters match. A shard cannot distinguish a name that matches nothing from one that matches in
    /// another shard, but the roster in the file is complete. Tags are in a roster only if requested.
    pub fn fits(&self, plan: &Plan, on_vain_exclusion: &mut dyn FnMut(String)) -> Result<(), Error> {
        if plan.filter.needs_tags() && !self.roster.accounts.iter().any(|account| account.tags.is_some()) {
            return Err(Error::NoTags);
        }
        let keys: Vec<_> = self.roster.accounts.iter().map(RosterKey::of).collect();
        let Unmatched { excluded, wanted } = plan.unmatched(&keys);
        excluded.into_iter().for_each(on_vain_exclusion);
        if wanted.is_empty() { Ok(()) } else { Err(Error::Unmatched(wanted)) }
    }
}

fn digest_of(roster: &OrganizationSnapshot) -> String {
    sha256_hex(json!(roster).to_string().as_bytes())
}

/// Where the file is written until it is whole.
fn staged(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.part"))
}

#[cfg(test)]
mod tests {
    use orgsweep_model::{Account, Organization};

    use super::*;

    #[test]
    fn a_roster_keeps_its_digest_when_its_units_are_named() {
        let mut account = Account::new("111122223333".parse().unwrap());
        account.ou_ids = vec!["r-1".to_owned(), "ou-1".to_owned()];
        let roster = OrganizationSnapshot {
            organization: Organization {
                id: "o-a".to_owned(),
                management_account_id: account.id,
                partition: "aws".to_owned(),
            },
            accounts: vec![account],
            unit_names: [("r-1", "Root"), ("ou-1", "Payments")]
                .map(|(id, name)| (id.to_owned(), name.to_owned()))
                .into(),
            facts: TablesSnapshot::default(),
        };
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let written = RosterFile {
            version: VERSION,
            scan_id: ScanId::new(now, [7; 10]),
            now,
            digest: digest_of(&roster),
            roster,
            calls: Vec::new(),
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roster.json");
        written.write(&path).unwrap();
        let mut read = RosterFile::read(&path).unwrap();
        read.name_units();
        assert_eq!(read.roster.accounts[0].ou_path.as_deref(), Some("/Root/Payments"));
        assert_eq!(read.digest(), written.digest());
    }
}
