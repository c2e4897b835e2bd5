//! A published scan read back, so that only what it lost is collected again.

use std::collections::{BTreeMap, HashSet};

use orgsweep_lake::{Place, Scan, ScanId, ScanSelector, ScanWriter};
use orgsweep_model::AccountId;
use orgsweep_model::records::{ApiCallRecord, ScanAccountRecord, ScanRecord, ScanState};
use orgsweep_model::registry::Registry;
use orgsweep_sweep::{Copied, Plan, Totals};
use serde_json::Value as Json;

use crate::configuration::MayChange;
use crate::error::Error;
use crate::options::Options;
use crate::pack::{Packing, keep};
use crate::same_scan::EarlierAttempt;
use crate::stored_facts::StoredFacts;

/// A published scan.
pub struct Earlier {
    published: Scan,
    /// Its name.
    pub scan_id: ScanId,
    /// Its organization.
    organization_id: String,
    /// Accounts that it scanned completely.
    complete: HashSet<AccountId>,
    /// Accounts of which it lost something.
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
        let stored = scan.configuration_json.as_deref();
        let configuration: Json = stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let attempt = EarlierAttempt {
            scan_id: scan_id.as_str(),
            config_sha256: &scan.config_sha256,
            configuration: &configuration,
            tool_version: &scan.tool_version,
        };
        attempt.fits(options, MayChange::Access)?;
        let (mut complete, mut partial) = (HashSet::new(), HashSet::new());
        published
            .each_row(&mut |row: ScanAccountRecord| match row.scan_state {
                ScanState::Scanned => drop(complete.insert(row.account_id)),
                ScanState::Partial => drop(partial.insert(row.account_id)),
                ScanState::NotScanned => {}
            })
            .map_err(failed)?;
        let organization_id = scan.org_id.clone();
        Ok(Self { published, scan_id, organization_id, complete, partial })
    }

    /// Marks in the plan what need not be scanned again, and what is kept if an account cannot be accessed again.
    pub fn apply_to(&self, plan: &mut Plan) {
        plan.taken = self.complete.difference(&plan.done).copied().collect();
        plan.had = self.partial.difference(&plan.done).copied().collect();
    }

    /// Rows of two organizations are never combined.
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

    /// Copies the facts of accounts and judges them as this scan judges all others; counts the calls to AWS that failed
    /// for them in this scan.
    pub fn judge_again(
        &self,
        registry: &Registry,
        options: &Options,
        accounts: &BTreeMap<AccountId, Copied>,
        into: Into<'_>,
    ) -> Result<(), Error> {
        if accounts.is_empty() {
            return Ok(());
        }
        let Into { writer, packing, place, totals } = into;
        let mut stored = StoredFacts::of(&self.published, options, registry)?;
        stored.each_account(&|account| accounts.contains_key(&account), &mut |mut facts| {
            if let Some(Copied { account, usage }) = accounts.get(&facts.account.id) {
                facts.is_listed_as(account, options.plan.clock.now());
                if let Some(usage) = usage {
                    facts.record.api_calls = usage.calls() as i64;
                    facts.record.throttles = usage.throttles() as i64;
                    facts.api_calls = ApiCallRecord::of(Some(account.id), usage);
                }
            }
            totals.add(keep(writer, packing, place, facts).map_err(Error::Rows)?);
            Ok(())
        })
    }
}

/// Where copied accounts go.
pub struct Into<'a> {
    /// The scan.
    pub writer: &'a mut ScanWriter,
    /// How they are judged.
    pub packing: &'a Packing,
    /// Whether a resumed scan has them.
    pub place: Place,
    /// What they add to.
    pub totals: &'a mut Totals,
}
