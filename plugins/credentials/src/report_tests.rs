//! What the credential report does not show, in every check that reads it: users that were created or deleted since, and keys
//! that have no row in `access_keys`.

use crate::pack;
use orgsweep_model::facts::{AccessKey, Credential, PrincipalTag, User};
use orgsweep_model::records::CoverageOutcome;
use orgsweep_model::{DynCheck, Outcome, Reason, Status};
use orgsweep_testkit::{
    Case, access_key, credential, days_ago, root_credential, seconds_after, user, user_arn,
};

/// An account whose only user is ann.
pub fn listed() -> Case {
    Case::new().rows(vec![user("ann")])
}

/// Every check of the pack that reads both credentials and users.
const OF_USERS: [&str; 8] = [
    "iam-user-access-key-unrotated",
    "iam-user-access-key-unused",
    "iam-user-access-key-used-beyond-sts",
    "iam-user-console-mfa-missing",
    "iam-user-console-unused",
    "iam-user-initial-access-key",
    "iam-user-long-term-access-key",
    "iam-user-multiple-active-access-keys",
];

/// What each of them says of ann.
fn verdicts(case: &Case) -> Vec<(String, Vec<Outcome>)> {
    let pack = pack();
    let checks: Vec<&dyn DynCheck> =
        pack.checks.iter().map(|check| &**check).filter(|check| OF_USERS.contains(&check.id())).collect();
    assert_eq!(checks.len(), OF_USERS.len());
    let of_ann = |outcome: &Outcome| outcome.resource.uid == user_arn("ann");
    case.results(&checks)
        .into_iter()
        .map(|result| (result.metadata.id.to_string(), result.outcomes.into_iter().filter(of_ann).collect()))
        .collect()
}

fn case(credentials: Vec<Credential>) -> Case {
    Case::new()
        .rows(credentials)
        .none::<AccessKey>()
        .none::<PrincipalTag>()
        .rows(vec![user("ann"), user("bob")])
}

#[test]
fn a_user_that_the_report_does_not_list_is_unknown_in_every_check() {
    let made = |created_at| {
        case(vec![root_credential(), credential("bob")])
            .rows(vec![User { created_at, ..user("ann") }, user("bob")])
    };
    for (created_at, wanted) in [
        (
            seconds_after(days_ago(0), 60),
            "was created after the credential report (generated 2026-01-31T12:00:00Z)",
        ),
        (days_ago(9), "is not in the credential report of 2026-01-31T12:00:00Z"),
    ] {
        for (id, outcomes) in verdicts(&made(created_at)) {
            assert_eq!(outcomes.len(), 1, "{id}: {outcomes:#?}");
            assert_eq!((outcomes[0].status, outcomes[0].message.as_str()), (Status::Unknown, wanted), "{id}");
        }
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>: a report is made once in four
/// hours.
#[test]
fn who_was_deleted_since_the_report_fails_nothing() {
    let old = |slot| AccessKey {
        created_at: days_ago(900),
        last_used_at: Some(days_ago(190)),
        last_used_service: Some("s3".to_owned()),
        ..access_key("ann", slot)
    };
    let ann = Credential {
        password_enabled: Some(true),
        password_last_used_at: Some(days_ago(400)),
        mfa_active: Some(false),
        additional_credentials: Some("2 more access keys".to_owned()),
        ..credential("ann")
    };
    let worst = case(vec![root_credential(), ann]).rows(vec![old(1), old(2)]);
    for (id, outcomes) in verdicts(&worst) {
        let is_bad = |outcome: &Outcome| matches!(outcome.status, Status::Fail | Status::Unknown);
        assert!(outcomes.iter().all(is_bad), "{id}: {outcomes:#?}");
    }
    for (id, outcomes) in verdicts(&worst.rows(vec![user("bob")])) {
        assert_eq!(outcomes.len(), 1, "{id}: {outcomes:#?}");
        let wanted = "was deleted since the credential report of 2026-01-31T12:00:00Z";
        assert_eq!(
            (outcomes[0].status, outcomes[0].message.as_str()),
            (Status::NotApplicable, wanted),
            "{id}"
        );
    }
}

#[test]
fn without_the_list_of_users_whoever_the_report_leaves_out_is_not_known() {
    let case = case(vec![credential("ann")]).lost::<User>();
    for (id, outcomes) in verdicts(&case) {
        assert!(outcomes.iter().all(|outcome| outcome.status == Status::Pass), "{id}: {outcomes:#?}");
    }
    let pack = pack();
    for check in pack.checks.iter().filter(|check| OF_USERS.contains(&check.id())) {
        let result = case.results(&[&**check]).remove(0);
        let id = result.metadata.id.as_ref();
        assert_eq!(result.outcome, CoverageOutcome::Partial, "{id}");
        assert_eq!(result.gap.unwrap().reason, Reason::Denied, "{id}");
        let unknown: Vec<_> =
            result.outcomes.iter().filter(|outcome| outcome.status == Status::Unknown).collect();
        assert_eq!(unknown.len(), 1, "{id}: {unknown:#?}");
        assert_eq!(unknown[0].resource.kind, "AWS::::Account", "{id}");
        assert_eq!(unknown[0].reason, Some(Reason::Denied), "{id}");
    }
}

#[test]
fn keys_beyond_the_second_are_unknown_where_they_matter() {
    let many = Credential {
        password_enabled: Some(true),
        password_last_used_at: Some(days_ago(1)),
        mfa_active: Some(true),
        additional_credentials: Some("2 more access keys".to_owned()),
        ..credential("ann")
    };
    for (id, outcomes) in verdicts(&case(vec![many.clone()])) {
        let wanted = if id.contains("console") { Status::Pass } else { Status::Unknown };
        assert_eq!(outcomes.len(), 1, "{id}: {outcomes:#?}");
        assert_eq!(outcomes[0].status, wanted, "{id}");
        if wanted == Status::Unknown {
            assert_eq!(outcomes[0].evidence["additional_credentials_info"], "2 more access keys", "{id}");
        }
    }
    // A fault that shows is a fault, however many keys do not show.
    let old = |slot| AccessKey {
        created_at: days_ago(200),
        last_used_at: Some(days_ago(190)),
        last_used_service: Some("s3".to_owned()),
        ..access_key("ann", slot)
    };
    for (id, outcomes) in verdicts(&case(vec![many]).rows(vec![old(1), old(2)])) {
        let failed = outcomes.iter().filter(|outcome| outcome.status == Status::Fail).count();
        assert_eq!(failed > 0, !id.contains("console"), "{id}: {outcomes:#?}");
    }
}

#[test]
fn a_key_is_named_where_its_id_was_read() {
    let old = |slot: i32, id: Option<&str>| AccessKey {
        created_at: days_ago(900),
        last_used_at: Some(days_ago(190)),
        last_used_service: Some("s3".to_owned()),
        access_key_id: id.map(str::to_owned),
        ..access_key("ann", slot)
    };
    let ann = Credential {
        created_at: Some(days_ago(900)),
        password_enabled: Some(true),
        password_last_used_at: Some(days_ago(1)),
        mfa_active: Some(true),
        ..credential("ann")
    };
    let case = case(vec![ann]).rows(vec![old(1, Some("AKIAEXAMPLEONE")), old(2, None)]);
    let mut named = 0;
    for (id, outcomes) in verdicts(&case) {
        for outcome in outcomes.iter().filter(|outcome| outcome.status == Status::Fail) {
            match outcome.resource.subject.as_str() {
                "access-key-1" => {
                    assert_eq!(outcome.evidence["access_key_id"], "AKIAEXAMPLEONE", "{id}");
                    assert!(outcome.message.starts_with("access key 1 (AKIAEXAMPLEONE) "), "{outcome:?}");
                }
                "access-key-2" => {
                    assert!(!outcome.evidence.contains_key("access_key_id"), "{id}");
                    assert!(
                        outcome.message.starts_with("access key 2 is ")
                            || outcome.message.starts_with("access key 2 was "),
                        "{outcome:?}"
                    );
                }
                _ if outcome.evidence.contains_key("slot") => {
                    assert_eq!(outcome.evidence["access_key_id"], "AKIAEXAMPLEONE", "{id}");
                }
                _ => {
                    let ids = &outcome.evidence["access_key_ids"];
                    assert_eq!(ids[0], "AKIAEXAMPLEONE", "{id}");
                    assert!(ids[1].is_null() && ids.as_array().unwrap().len() == 2, "{id}: {ids}");
                }
            }
            named += 1;
        }
    }
    assert!(named >= 8, "{named}");
}

#[test]
fn an_inactive_key_that_shows_only_by_its_use_is_judged_by_what_is_known() {
    let ann = Credential {
        password_enabled: Some(true),
        password_last_used_at: Some(days_ago(1)),
        mfa_active: Some(true),
        access_key_2_last_used_at: Some(days_ago(300)),
        ..credential("ann")
    };
    for (id, outcomes) in verdicts(&case(vec![ann])) {
        // Only one check asks when an inactive key was made.
        let wanted = if id == "iam-user-initial-access-key" { Status::Unknown } else { Status::Pass };
        assert_eq!(outcomes.len(), 1, "{id}: {outcomes:#?}");
        assert_eq!(outcomes[0].status, wanted, "{id}");
        let per_key = id.contains("access-key-un") || id.contains("beyond");
        assert_eq!(outcomes[0].resource.subject, if per_key { "access-key-2" } else { "" }, "{id}");
    }
}
