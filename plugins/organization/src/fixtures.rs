//! Accounts that this pack's checks are tried on.

use orgsweep_model::AccountState;
use orgsweep_testkit::{Fixtures, clean_account};

/// One clean account, and a bad one.
pub fn fixtures() -> Fixtures {
    Fixtures { clean: clean_account(), bad: vec![clean_account().state(AccountState::Suspended)] }
}
