//! A published scan read back, so that only what it lost is scanned again.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use orgsweep_lake::{LakeError, Place, Scan, ScanId, ScanSelector, ScanWriter};
use orgsweep_model::records::{
    ApiCallRecord, CheckControlRecord, CheckRecord, ScanAccountRecord, ScanRecord, ScanState,
};
use orgsweep_model::{AccountId, Row as _, TableSchema, Usage};
use orgsweep_sweep::{Plan, Totals};

use crate::error::Error;
use crate::options::Options;
use crate::same_scan::same_configuration;
use crate::tallies::tallies;

/// A published scan.
pub struct Earlier {
    root: PathBuf,
    published: Scan,
    /// Its name.
    pub scan_id: ScanId,
    /// Its organization.
    organization_id: String,
    /// Accounts that it scanned whole.
    whole: HashSet<AccountId>,
    /// Accounts that it scanned in part.
    partial: HashSet<AccountId>,
}

impl Earlier {
    /// Reads what the scan knows about its own gaps.
    pub fn read(scan_id: ScanId, options: &Options) -> Result<Self, Error> {
        let failed = Error::Retried;
        let published = options.lake()?.scan(&ScanSelector::Id(scan_id.clone())).map_err(failed)?;
        // Rows that were damaged since would be published once more, as the latest.
        published.is_unchanged().map_err(failed)?;
        let scans: Vec<ScanRecord> = published.rows().map_err(failed)?;
        let scan = scans.first().ok_or(Error::NoRecord)?;
        same_configuration(scan_id.as_str(), &scan.config_sha256, &scan.tool_version, options)?;
        let (mut whole, mut partial) = (HashSet::new(), HashSet::new());
        published
            .each_row(&mut |row: ScanAccountRecord| match row.scan_state {
                ScanState::Scanned => drop(whole.insert(row.account_id)),
                ScanState::Partial => drop(partial.insert(row.account_id)),
                ScanState::NotScanned => {}
            })
            .map_err(failed)?;
        let organization_id = scan.org_id.clone();
        Ok(Self { root: options.out.clone(), published, scan_id, organization_id, whole, partial })
    }

    /// Tells the plan what need not be scanned again, and what stays where an account cannot be entered again.
    pub fn apply_to(&self, plan: &mut Plan) {
        plan.taken = self.whole.difference(&plan.done).copied().collect();
        plan.had = self.partial.difference(&plan.done).copied().collect();
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

    /// Copies accounts, with what they add to the sums; and counts what this scan asked of AWS for them in vain.
    pub fn take_over(
        &self,
        writer: &mut ScanWriter,
        place: Place,
        accounts: &BTreeMap<AccountId, Option<Arc<Usage>>>,
        totals: &mut Totals,
    ) -> Result<(), LakeError> {
        for table in writer.tables().to_vec() {
            if is_an_accounts_own(table) {
                writer.copy_from(place, &self.scan_id, table, &|account| accounts.contains_key(&account))?;
            }
        }
        let taken = tallies(&self.published, &|account| accounts.contains_key(&account))?;
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
