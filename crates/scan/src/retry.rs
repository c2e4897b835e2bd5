//! A published scan read back, so that only what it lost is scanned again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use orgsweep_lake::{LakeError, Place, ScanId, ScanSelector, ScanWriter, each_row, read, resolve};
use orgsweep_model::records::{
    ApiCallRecord, CheckControlRecord, CheckRecord, CoverageRecord, FindingRecord, ScanAccountRecord,
    ScanRecord, ScanState, TableRead,
};
use orgsweep_model::{AccountId, Row as _, TableSchema, Usage};
use orgsweep_sweep::retained::Retained;
use orgsweep_sweep::{Plan, Totals};

use crate::begin::same_configuration;
use crate::error::Error;
use crate::options::Options;
use crate::tallies::tallies;

/// A published scan.
pub struct Earlier {
    root: PathBuf,
    /// Its name.
    pub scan_id: ScanId,
    /// Its organization.
    organization_id: String,
    /// Accounts that it scanned whole.
    whole: HashSet<AccountId>,
    /// What it has of accounts that it scanned in part.
    partial: HashMap<AccountId, Arc<Retained>>,
}

impl Earlier {
    /// Reads what the scan knows about its own gaps.
    pub fn read(scan_id: ScanId, options: &Options) -> Result<Self, Error> {
        let root = options.out.as_path();
        let failed = Error::Retried;
        let selector = ScanSelector::Id(scan_id.clone());
        // Rows that were damaged since would be published once more, as the latest.
        resolve(root, &selector)
            .and_then(|scan_id| orgsweep_lake::is_unchanged(root, &scan_id))
            .map_err(failed)?;
        let scans: Vec<ScanRecord> = read(root, &selector).map_err(failed)?;
        let scan = scans.first().ok_or(Error::NoRecord)?;
        same_configuration(scan_id.as_str(), &scan.config_sha256, &scan.tool_version, options)?;
        let mut whole = HashSet::new();
        let mut kept: HashMap<AccountId, Retained> = HashMap::new();
        each_row(root, &selector, &mut |row: ScanAccountRecord| match row.scan_state {
            ScanState::Scanned => drop(whole.insert(row.account_id)),
            ScanState::Partial => {
                let retained = Retained { scan_id: scan_id.to_string(), ..Retained::default() };
                kept.insert(row.account_id, retained);
            }
            ScanState::NotScanned => {}
        })
        .map_err(failed)?;
        each_row(root, &selector, &mut |row: TableRead| {
            if let Some(retained) = kept.get_mut(&row.account_id) {
                retained.table_reads.push(row);
            }
        })
        .and_then(|()| {
            each_row(root, &selector, &mut |row: CoverageRecord| {
                if let Some(retained) = kept.get_mut(&row.account_id) {
                    retained.coverage.push(row);
                }
            })
        })
        .and_then(|()| {
            each_row(root, &selector, &mut |row: FindingRecord| {
                if let Some(retained) = kept.get_mut(&row.account_id) {
                    retained.findings.push(row);
                }
            })
        })
        .map_err(failed)?;
        let partial = kept.into_iter().map(|(account, retained)| (account, Arc::new(retained))).collect();
        let organization_id = scan.org_id.clone();
        Ok(Self { root: root.to_owned(), scan_id, organization_id, whole, partial })
    }

    /// Tells the plan what need not be scanned again.
    pub fn tell(&self, plan: &mut Plan) {
        plan.taken = self.whole.difference(&plan.done).copied().collect();
        plan.retained.clone_from(&self.partial);
        plan.retained.retain(|account, _| !plan.done.contains(account));
    }

    /// Rows of two organizations are never put together.
    pub fn same_organization(&self, organization_id: &str) -> Result<(), Error> {
        if self.organization_id == organization_id {
            return Ok(());
        }
        Err(Error::RetriedOrganization {
            scan_id: self.scan_id.to_string(),
            retried: self.organization_id.clone(),
            organization: organization_id.to_owned(),
        })
    }

    /// Takes over the stored facts that are not made anew, of accounts that were scanned in part.
    pub fn take_over_facts(&self, writer: &mut ScanWriter, plan: &Plan) -> Result<(), LakeError> {
        let renewed = renewed_facts(plan);
        for table in plan.stored.clone() {
            let keep = |account: AccountId| {
                renewed.get(&account).is_some_and(|renewed| !renewed.contains(table.name))
            };
            writer.copy_from(Place::Finished, &self.scan_id, table, &keep)?;
        }
        Ok(())
    }

    /// Takes over accounts whole, with what they add to the sums; and counts what this scan asked of AWS for them in vain.
    pub fn take_over(
        &self,
        writer: &mut ScanWriter,
        place: Place,
        plan: &Plan,
        accounts: &BTreeMap<AccountId, Option<Arc<Usage>>>,
        totals: &mut Totals,
    ) -> Result<(), LakeError> {
        let renewed = renewed_facts(plan);
        for table in writer.tables().to_vec() {
            // Of an account that could not be entered again, some facts were taken over before, into the same place.
            let is_stored =
                place == Place::Finished && plan.stored.iter().any(|stored| stored.name == table.name);
            let keep = |account: AccountId| {
                let is_there =
                    is_stored && renewed.get(&account).is_some_and(|renewed| !renewed.contains(table.name));
                accounts.contains_key(&account) && !is_there
            };
            if is_an_accounts_own(table) {
                writer.copy_from(place, &self.scan_id, table, &keep)?;
            }
        }
        let taken = tallies(&self.root, &self.scan_id, &|account| accounts.contains_key(&account))?;
        for (account, mut tally) in taken {
            if let Some(Some(usage)) = accounts.get(&account) {
                tally.calls.add(&usage.total());
                writer.add(place, account, &ApiCallRecord::of(Some(account), usage))?;
            }
            let json = serde_json::to_value(&tally).map_err(|error| LakeError::Format {
                doing: "taking over",
                path: self.root.clone(),
                problem: error.to_string(),
            })?;
            writer.finish_copied(place, account, json)?;
            totals.add(tally);
        }
        Ok(())
    }
}

/// The stored facts that are made anew, by account.
fn renewed_facts(plan: &Plan) -> HashMap<AccountId, BTreeSet<&'static str>> {
    plan.retained.iter().map(|(account, retained)| (*account, retained.renewed_facts(plan))).collect()
}

/// Not the scan's own rows, and not its calls: this scan made its own, or none.
fn is_an_accounts_own(table: &TableSchema) -> bool {
    let others = [
        ScanRecord::SCHEMA.name,
        CheckRecord::SCHEMA.name,
        CheckControlRecord::SCHEMA.name,
        ApiCallRecord::SCHEMA.name,
    ];
    !others.contains(&table.name)
}
