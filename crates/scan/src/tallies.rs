//! What finished accounts add to the sums of a scan: from the journal of an unfinished one, or from the rows of a published one.

use std::collections::BTreeMap;

use orgsweep_lake::{LakeError, Scan, ScanWriter};
use orgsweep_model::AccountId;
use orgsweep_model::records::{CoverageRecord, FindingRecord, ScanAccountRecord};
use orgsweep_sweep::{AccountTally, Totals};

use crate::error::Error;

/// The sums of accounts that an earlier process finished.
pub fn totals_of(writer: &ScanWriter) -> Result<(Totals, Vec<AccountId>), Error> {
    let mut totals = Totals::default();
    let mut seen: BTreeMap<AccountId, u32> = BTreeMap::new();
    for (account, tally) in writer.tallies() {
        let tally: AccountTally = serde_json::from_value(tally.clone()).map_err(|error| Error::Journal {
            account,
            problem: error.to_string(),
            folder: writer.folder().to_owned(),
        })?;
        *seen.entry(account).or_default() += 1;
        totals.add(tally);
    }
    if let Some((account, count)) = seen.iter().find(|(_, count)| **count > 1) {
        return Err(Error::FinishedTwice { account: *account, count: *count });
    }
    Ok((totals, seen.into_keys().collect()))
}

/// What accounts of a published scan added to its sums.
pub fn tallies(
    scan: &Scan,
    wanted: &dyn Fn(AccountId) -> bool,
) -> Result<BTreeMap<AccountId, AccountTally>, LakeError> {
    let mut tallies = BTreeMap::new();
    scan.each_row(&mut |row: ScanAccountRecord| {
        if wanted(row.account_id) {
            tallies.insert(row.account_id, AccountTally::begin(&row, row.reason.clone()));
        }
    })?;
    scan.each_row(&mut |row: CoverageRecord| {
        if let Some(tally) = tallies.get_mut(&row.account_id) {
            tally.add_coverage(&row);
        }
    })?;
    scan.each_row(&mut |row: FindingRecord| {
        if let Some(tally) = tallies.get_mut(&row.account_id) {
            tally.add_finding(&row);
        }
    })?;
    Ok(tallies)
}
