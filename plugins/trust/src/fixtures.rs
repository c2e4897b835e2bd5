//! Accounts that this pack's checks are tried on.

use orgsweep_testkit::{Fixtures, clean_account, role, session_limit};

/// One clean account, and a bad one.
pub fn fixtures() -> Fixtures {
    let bad = clean_account().rows(vec![role("nightly")]).rows(vec![session_limit("nightly", 43_200)]);
    Fixtures { clean: clean_account(), bad: vec![bad] }
}
