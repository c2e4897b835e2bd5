//! Accounts that this pack's checks are tried on. A new check adds its fault to the bad one.

use orgsweep_model::facts::Role;
use orgsweep_testkit::{Fixtures, clean_account, role, user};

/// One clean account, and a bad one.
pub fn fixtures() -> Fixtures {
    let clean = clean_account()
        .rows(vec![user("svc-deploy")])
        .rows(vec![Role { path: "/app/blue/".to_owned(), ..role("deploy") }]);
    let bad = clean_account().rows(vec![user("ann")]).rows(vec![role("anywhere")]);
    Fixtures { clean, bad: vec![bad] }
}
