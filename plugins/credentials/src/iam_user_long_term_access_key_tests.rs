//! What `iam-user-long-term-access-key` says, row by row.

use super::*;
use crate::report_tests::listed;
use orgsweep_model::facts::KeyStatus;
use orgsweep_testkit::{Case, access_key, credential, root_credential, tag, user_arn};

fn case(keys: Vec<AccessKey>) -> Case {
    listed().rows(vec![root_credential(), credential("ann")]).rows(keys).rows(vec![tag(
        &user_arn("ann"),
        "keys",
        "approved",
    )])
}

#[test]
fn an_active_key_is_flagged_and_an_inactive_one_is_not() {
    let check = UserLongTermAccessKey::default();
    case(vec![access_key("ann", 2)]).flags(&check, "ann");
    case(vec![AccessKey { status: KeyStatus::Inactive, ..access_key("ann", 1) }]).passes(&check);
    case(vec![]).passes(&check);
}

#[test]
fn roots_key_is_another_checks_matter() {
    case(vec![access_key("<root_account>", 1)]).passes(&UserLongTermAccessKey::default());
}

#[test]
fn exemptions_match_exactly() {
    let case = case(vec![access_key("ann", 1)]);
    let by_tag = |value: &str| UserLongTermAccessKey {
        exempt_tags: BTreeMap::from([("keys".to_owned(), value.to_owned())]),
        ..Default::default()
    };
    case.not_applicable(&by_tag("approved"));
    case.not_applicable(&by_tag("*"));
    case.flags(&by_tag("pending"), "ann");
    let by_arn = UserLongTermAccessKey { exempt_arns: vec![user_arn("ann")], ..Default::default() };
    case.not_applicable(&by_arn);
}

#[test]
fn another_principals_tag_exempts_nobody() {
    let check = UserLongTermAccessKey {
        exempt_tags: BTreeMap::from([("keys".to_owned(), "*".to_owned())]),
        ..Default::default()
    };
    case(vec![access_key("ann", 1)])
        .rows(vec![tag(&user_arn("bob"), "keys", "approved")])
        .flags(&check, "ann");
}

#[test]
fn exemptions_that_can_match_nothing_are_refused() {
    for arn in ["", "ann", "arn:aws:iam::111122223333:role/ann", "arn:aws:iam::111122223333:user/*"] {
        let check = UserLongTermAccessKey { exempt_arns: vec![arn.to_owned()], ..Default::default() };
        assert!(check.validate().unwrap_err().starts_with("exempt_arns"), "{arn}");
    }
    let check = UserLongTermAccessKey { exempt_arns: vec![user_arn("team/ann")], ..Default::default() };
    assert!(check.validate().is_ok());
    let check = UserLongTermAccessKey {
        exempt_tags: BTreeMap::from([(String::new(), "*".to_owned())]),
        ..Default::default()
    };
    assert!(check.validate().unwrap_err().starts_with("exempt_tags"));
}

#[test]
fn lost_tags_matter_only_where_tags_exempt() {
    let case = case(vec![access_key("ann", 1)]).lost::<PrincipalTag>();
    case.flags(&UserLongTermAccessKey::default(), "ann");
    let by_tag = UserLongTermAccessKey {
        exempt_tags: BTreeMap::from([("keys".to_owned(), "*".to_owned())]),
        ..Default::default()
    };
    case.unknown(&by_tag);
    case.not_applicable(&UserLongTermAccessKey { exempt_arns: vec![user_arn("ann")], ..by_tag });
}
