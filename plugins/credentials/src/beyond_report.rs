//! What the credential report does not show: users made or deleted since, and keys that have no row in `access_keys`.
//!
//! A gap is never a pass: each of them gets an outcome of its own, the same in every check of the pack.

use std::collections::BTreeSet;

use orgsweep_model::facts::{AccessKey, Credential, User};
use orgsweep_model::{Context, Gap, Outcome, Report, Resource};

/// Users of the report, root apart, that are still there as far as is known. The report can be four hours old, and a user who
/// was deleted since can do nothing any more; [`users`] says so of each.
pub fn remaining<'a>(
    credentials: &'a [Credential],
    users: Result<&'a [User], &Gap>,
) -> impl Iterator<Item = &'a Credential> {
    let there = listed_now(users);
    credentials.iter().filter(move |row| !row.is_root && is_there(there.as_ref(), &row.user_arn))
}

/// The keys of those users.
pub fn remaining_keys<'a>(
    keys: &'a [AccessKey],
    users: Result<&'a [User], &Gap>,
) -> impl Iterator<Item = &'a AccessKey> {
    let there = listed_now(users);
    keys.iter().filter(move |key| !key.is_root() && is_there(there.as_ref(), &key.user_arn))
}

/// `None`: not read, so that nobody is known to be gone.
fn listed_now<'a>(users: Result<&'a [User], &Gap>) -> Option<BTreeSet<&'a str>> {
    users.ok().map(|users| users.iter().map(|user| user.user_arn.as_str()).collect())
}

fn is_there(listed: Option<&BTreeSet<&str>>, arn: &str) -> bool {
    listed.is_none_or(|listed| listed.contains(arn))
}

/// UNKNOWN for every user that iam:GetAccountAuthorizationDetails lists and the report does not. Where the users were
/// not read there is nothing to compare with: whoever was made since the report is not known, and that is an outcome of the
/// account.
pub fn users(
    credentials: &[Credential],
    users: Result<&[User], &Gap>,
    context: &Context<'_>,
    report: &mut Report,
) {
    let users = match users {
        Ok(users) => users,
        Err(gap) => {
            let message = "users that the credential report leaves out are not known";
            report.lost(context.account_resource(), gap, message);
            return;
        }
    };
    let there = listed_now(Ok(users));
    for gone in credentials.iter().filter(|row| !row.is_root && !is_there(there.as_ref(), &row.user_arn)) {
        let message = format!("was deleted since the credential report of {}", gone.report_generated_at);
        report.not_applicable(Resource::user(&gone.user_arn), message);
    }
    let listed: BTreeSet<&str> = credentials.iter().map(|row| row.user_arn.as_str()).collect();
    let generated_at = credentials.first().map(|row| row.report_generated_at);
    for user in users {
        if listed.contains(user.user_arn.as_str()) {
            continue;
        }
        let message = match generated_at {
            Some(moment) if user.created_at > moment => {
                format!("was made after the credential report of {moment}")
            }
            Some(moment) => format!("is not in the credential report of {moment}"),
            None => "is not in the credential report, which has no row".to_owned(),
        };
        report
            .unknown(Resource::user(&user.user_arn), message)
            .evidence("created_at", user.created_at.to_string());
    }
}

/// Outcomes for keys of users that have no row: a key that shows only by its last use is inactive, and passes what
/// only an active key can break; keys beyond the second are UNKNOWN.
pub fn keys(
    credentials: &[Credential],
    keys: &[AccessKey],
    users: Result<&[User], &Gap>,
    report: &mut Report,
) {
    for user in remaining(credentials, users) {
        for slot in user.undated_keys(keys) {
            report.pass(Resource::user(&user.user_arn).part(format!("access-key-{slot}")));
        }
        if user.additional_credentials.is_some() {
            let resource = Resource::user(&user.user_arn).part("additional-credentials");
            unshown(user, resource, report);
        }
    }
}

/// UNKNOWN, because the user has keys (or certificates) that the report only counts.
pub fn unshown(user: &Credential, resource: Resource, report: &mut Report) {
    report
        .unknown(resource, "has credentials beyond two of a kind, which the credential report does not show")
        .evidence("additional_credentials_info", user.additional_credentials.clone());
}

/// Says which key it is, where its id was read.
pub fn name<'o>(key: &AccessKey, outcome: &'o mut Outcome) -> &'o mut Outcome {
    match &key.access_key_id {
        Some(id) => outcome.evidence("access_key_id", id.as_str()),
        None => outcome,
    }
}

/// The same of all keys that an outcome is about: by slot, null where an id was not read.
pub fn name_all<'o>(keys: &[&AccessKey], outcome: &'o mut Outcome) -> &'o mut Outcome {
    if keys.iter().all(|key| key.access_key_id.is_none()) {
        return outcome;
    }
    let ids: Vec<Option<&str>> = keys.iter().map(|key| key.access_key_id.as_deref()).collect();
    outcome.evidence("access_key_ids", ids)
}

/// An account whose only user is ann.
#[cfg(test)]
pub fn listed() -> orgsweep_testkit::Case {
    orgsweep_testkit::Case::new().rows(vec![orgsweep_testkit::user("ann")])
}

#[cfg(test)]
mod tests {
    use crate::pack;
    use orgsweep_model::facts::{AccessKey, Credential, PrincipalTag, User};
    use orgsweep_model::records::CoverageOutcome;
    use orgsweep_model::{DynCheck, Outcome, Reason, Status};
    use orgsweep_testkit::{
        Case, access_key, credential, days_ago, root_credential, seconds_after, user, user_arn,
    };

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
            .map(|result| {
                (result.metadata.id.to_string(), result.outcomes.into_iter().filter(of_ann).collect())
            })
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
            (seconds_after(days_ago(0), 60), "was made after the credential report of 2026-01-31T12:00:00Z"),
            (days_ago(9), "is not in the credential report of 2026-01-31T12:00:00Z"),
        ] {
            for (id, outcomes) in verdicts(&made(created_at)) {
                assert_eq!(outcomes.len(), 1, "{id}: {outcomes:#?}");
                assert_eq!(
                    (outcomes[0].status, outcomes[0].message.as_str()),
                    (Status::Unknown, wanted),
                    "{id}"
                );
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
}
