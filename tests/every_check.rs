//! All standard packs together. That every check flags a bad account is a test of its pack.

use std::collections::BTreeMap;

use orgsweep_model::{DynCheck, Status};
use orgsweep_standard::packs;
use orgsweep_testkit::{Case, clean_account};

#[test]
fn the_clean_account_is_clean_for_every_pack() {
    for pack in packs() {
        let checks: Vec<&dyn DynCheck> = pack.checks.iter().map(|check| &**check).collect();
        for result in clean_account().results(&checks) {
            assert_eq!(result.count(Status::Fail), 0, "{}: {:#?}", result.metadata.id, result.outcomes);
            assert_eq!(result.count(Status::Unknown), 0, "{}: {:#?}", result.metadata.id, result.outcomes);
        }
    }
}

#[test]
fn nothing_read_is_never_a_pass() {
    // Only what the roster says is known of an account that could not be entered.
    let case = Case::new();
    for pack in packs() {
        let checks: Vec<&dyn DynCheck> = pack.checks.iter().map(|check| &**check).collect();
        for result in case.results(&checks) {
            if result.metadata.id != "org-account-not-active" {
                assert_eq!(result.count(Status::Pass), 0, "{}", result.metadata.id);
                assert_eq!(result.count(Status::Unknown), 1, "{}", result.metadata.id);
            }
        }
    }
}

#[test]
fn every_check_of_the_first_release_is_registered_with_the_service_that_it_always_had() {
    let packs = packs();
    let checks = packs.iter().flat_map(|pack| &pack.checks);
    let services: BTreeMap<&str, _> = checks.map(|check| (check.id(), check.metadata().service())).collect();
    let promised = [
        "iam-group-empty",
        "iam-password-policy-length",
        "iam-password-policy-missing",
        "iam-password-policy-reuse",
        "iam-role-max-session-duration-excessive",
        "iam-role-unused",
        "iam-root-access-key-present",
        "iam-root-mfa-missing",
        "iam-root-mfa-virtual",
        "iam-root-recently-used",
        "iam-security-audit-role-missing",
        "iam-support-role-missing",
        "iam-user-access-key-unrotated",
        "iam-user-access-key-unused",
        "iam-user-access-key-used-beyond-sts",
        "iam-user-console-mfa-missing",
        "iam-user-console-unused",
        "iam-user-direct-managed-policy",
        "iam-user-initial-access-key",
        "iam-user-inline-policy",
        "iam-user-long-term-access-key",
        "iam-user-multiple-active-access-keys",
        "iam-user-without-group",
        "org-account-not-active",
    ];
    for id in promised {
        let service = services.get(id).unwrap_or_else(|| panic!("{id} is not registered"));
        // Until services followed from the resource type, they followed from the id.
        let wanted = if id.starts_with("org-") { "organizations" } else { "iam" };
        assert_eq!(service, wanted, "{id}");
    }
}
