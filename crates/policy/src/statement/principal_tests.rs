//! Who is named by a `Principal`, and who is left over by a `NotPrincipal`.

use super::*;
use crate::document::Texts;
use crate::truth::Truth::{Depends, False, True, Unknown};

const ROOT: &str = "arn:aws:iam::111122223333:root";
const USER: &str = "arn:aws:iam::111122223333:user/team/ann";
const ROLE: &str = "arn:aws:iam::111122223333:role/team/ci";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/ci/s";
const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/bob";
const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";

fn principals(negated: bool, kinds: &[(&str, &[&str])]) -> Principals {
    let texts = |names: &[&str]| Texts {
        single: false,
        texts: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let kinds = kinds.iter().map(|(kind, names)| ((*kind).to_owned(), texts(names))).collect();
    Principals::compile(&PrincipalText::Kinds(kinds), negated)
}

fn user() -> Principal {
    Principal::iam(USER).unwrap()
}

fn session() -> Principal {
    Principal::iam(ROLE).unwrap().in_session("s")
}

fn bob() -> Principal {
    Principal::federated_user(USER, "bob").unwrap()
}

/// How an AWS principal is named: a letter for each way.
fn named(name: &str, principal: &Principal) -> &'static str {
    let named = principals(false, &[("AWS", &[name])]).name(principal, Effect::Allow, false);
    match (named.alone, named.limited, named.account) {
        (True, False, False) => "alone",
        (False, True, False) => "limited",
        (False, False, True) => "account",
        (False, False, False) => "no",
        (Depends, False, False) => "in that session",
        other => panic!("{name}: {other:?}"),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[test]
fn principals_are_named_exactly() {
    let role = Principal::iam(ROLE).unwrap();
    let root = Principal::iam(ROOT).unwrap();
    for (name, as_user, as_session, as_role, as_bob, as_root) in [
        ("*", "alone", "alone", "alone", "alone", "alone"),
        ("111122223333", "account", "account", "account", "account", "account"),
        (ROOT, "account", "account", "account", "account", "account"),
        ("444455556666", "no", "no", "no", "no", "no"),
        (USER, "alone", "no", "no", "limited", "no"),
        (ROLE, "no", "limited", "limited", "no", "no"),
        (SESSION, "no", "alone", "in that session", "no", "no"),
        ("arn:aws:sts::111122223333:assumed-role/ci/other", "no", "no", "in that session", "no", "no"),
        (FEDERATED, "no", "no", "no", "alone", "no"),
        ("arn:aws:iam::111122223333:role/ci", "no", "no", "no", "no", "no"),
        ("arn:aws:iam::111122223333:user/team/Ann", "no", "no", "no", "no", "no"),
        ("AIDAEXAMPLE", "no", "no", "no", "no", "no"),
        ("AROAEXAMPLE", "no", "no", "no", "no", "no"),
    ] {
        let seen =
            [user(), session(), role.clone(), bob(), root.clone()].map(|principal| named(name, &principal));
        assert_eq!(seen, [as_user, as_session, as_role, as_bob, as_root], "{name}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[test]
fn there_are_no_partial_wildcards_in_a_principal() {
    for name in
        ["arn:aws:iam::111122223333:user/*", "arn:aws:iam::111122223333:user/team/an?", "arn:aws:iam::*:root"]
    {
        assert_eq!(named(name, &user()), "no", "{name}");
    }
    assert_eq!(named("arn:aws:sts::111122223333:assumed-role/ci/*", &session()), "no");
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[test]
fn everyone_is_everyone_and_account_id_is_the_root_arn() {
    let everyone = Principals::compile(&PrincipalText::Everyone, false);
    assert_eq!(everyone.entries(), principals(false, &[("AWS", &["*"])]).entries());
    assert_eq!(
        principals(false, &[("AWS", &["111122223333"])]).entries(),
        principals(false, &[("AWS", &[ROOT])]).entries()
    );
    for principal in [
        user(),
        Principal::service("ec2.amazonaws.com"),
        Principal::federated(PROVIDER),
        Principal::anonymous(),
    ] {
        assert_eq!(everyone.name(&principal, Effect::Allow, false).alone, True);
    }
}

/// "Quotation marks are optional for numeric and Boolean values."
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html#policies-grammar-json>
#[test]
fn account_without_quotation_marks_is_the_account() {
    let text = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Principal":{"AWS":111122223333}},
        {"Effect":"Allow","Action":"*","Resource":"*","Principal":{"AWS":[111122223333,"444455556666"]}}]}"#;
    let policy = crate::policy::Policy::parse(text).unwrap();
    for statement in policy.statements() {
        assert_eq!(statement.doubts().len(), 0);
        let entries = statement.principals().unwrap().entries();
        assert_eq!(entries[0], PrincipalEntry::Account("111122223333".into()));
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[test]
fn kinds_of_principals_do_not_mix() {
    let service = Principal::service("ec2.amazonaws.com");
    let provider = Principal::federated(PROVIDER);
    let at_all = |kind, name: &str, principal: &Principal| {
        principals(false, &[(kind, &[name])]).name(principal, Effect::Allow, false).at_all()
    };
    assert_eq!(at_all("Service", "ec2.amazonaws.com", &service), True);
    assert_eq!(at_all("Service", "ecs.amazonaws.com", &service), False);
    assert_eq!(at_all("Federated", "ec2.amazonaws.com", &service), False);
    assert_eq!(at_all("Federated", PROVIDER, &provider), True);
    assert_eq!(at_all("AWS", PROVIDER, &provider), False);
    assert_eq!(at_all("Federated", USER, &user()), False);
    assert_eq!(at_all("CanonicalUser", "79a59d", &user()), Unknown);
    assert_eq!(at_all("CanonicalUser", "79a59d", &service), False);
    assert_eq!(at_all("Service", "*", &service), Unknown);
    assert_eq!(at_all("Robot", "r2", &user()), Unknown);
    for name in ["somebody", "somebodyelse", "1111222233", "AROA-is-not-first"] {
        let unknown = at_all("AWS", name, &user());
        assert_eq!(unknown, if name.starts_with("AROA") { False } else { Unknown }, "{name}");
    }
}

/// The id that is left in the policy is not a principal any more, even if another is given the same name.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
#[test]
fn deleted_principals_are_told_by_their_ids() {
    let principals = principals(false, &[("AWS", &["AIDACKCEVSQ6C2EXAMPLE", "AROADBQP57FF2AEXAMPLE"])]);
    assert!(principals.entries().iter().all(|entry| matches!(entry, PrincipalEntry::Deleted(_))));
}

fn left_over(listed: &[&str], principal: &Principal) -> Truth {
    principals(true, &[("AWS", listed)]).name(principal, Effect::Deny, false).at_all()
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
#[test]
fn not_principal_leaves_out_who_is_listed_with_its_account() {
    let role = Principal::iam(ROLE).unwrap();
    for (listed, principal, wanted) in [
        (&[USER, ROOT][..], user(), False),
        (&["arn:aws:iam::444455556666:user/bob"], user(), True),
        (&["*"], user(), False),
        (&[SESSION, ROLE, ROOT], session(), False),
        (&[FEDERATED, USER, ROOT], bob(), False),
        (&["444455556666"], session(), True),
        (&["444455556666"], role, True),
        (&[ROOT], Principal::iam(ROOT).unwrap(), False),
        (&[USER], Principal::iam(ROOT).unwrap(), True),
        (&[USER, ROOT], Principal::anonymous(), True),
    ] {
        assert_eq!(left_over(listed, &principal), wanted, "{listed:?} {}", principal.name());
    }
    let service = principals(true, &[("Service", &["ec2.amazonaws.com"])]);
    let left_over = |name| service.name(&Principal::service(name), Effect::Deny, false).at_all();
    assert_eq!((left_over("ec2.amazonaws.com"), left_over("ecs.amazonaws.com")), (False, True));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
#[test]
fn not_principal_with_the_account_or_the_principal_only_is_unknown() {
    assert_eq!(left_over(&[USER], &user()), Unknown);
    assert_eq!(left_over(&[ROOT], &user()), Unknown);
    assert_eq!(left_over(&[ROLE], &session()), Unknown);
    assert_eq!(left_over(&[SESSION, ROOT], &session()), Unknown);
    assert_eq!(left_over(&["111122223333"], &bob()), Unknown);
}

/// The guide recommends the ARNs of role and account; the knowledge center says "you must list the role session name of every
/// user and every instance ID that will be assuming the role", for which there is no wildcard.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
/// <https://aws.amazon.com/premiumsupport/knowledge-center/explicit-deny-principal-elements-s3/>
#[test]
fn not_principal_with_role_and_account_but_not_the_session_is_unknown() {
    let role = Principal::iam(ROLE).unwrap();
    let other = "arn:aws:sts::111122223333:assumed-role/ci/other";
    for (listed, principal) in [
        (&[ROLE, ROOT][..], session()),
        (&[ROLE, ROOT], role.clone()),
        (&[USER, ROOT], bob()),
        // Of another role.
        (&[ROLE, ROOT, "arn:aws:sts::111122223333:assumed-role/other/s"], session()),
    ] {
        assert_eq!(left_over(listed, &principal), Unknown, "{listed:?} {}", principal.name());
    }
    // Which of its sessions asks, decides.
    assert_eq!(left_over(&[ROLE, ROOT, SESSION], &role), Depends);
    assert_eq!(left_over(&[ROLE, ROOT, other], &role), Depends);
}

/// "All principals *except* the user named Bob in AWS account 444455556666 are explicitly denied access", where Bob and the
/// account are listed; and except one session of a role, where that one, its role and the account are.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
#[test]
fn not_principal_does_not_leave_out_others_of_a_listed_account_or_role() {
    let other_user = "arn:aws:iam::111122223333:user/bob";
    let other_session = "arn:aws:sts::111122223333:assumed-role/ci/other";
    let other_role = "arn:aws:iam::111122223333:role/other";
    for (listed, principal) in [
        (&[other_user, ROOT][..], user()),
        (&[other_user, "111122223333"], user()),
        (&[ROLE, ROOT], user()),
        (&[other_user, ROOT], session()),
        (&[other_role, ROOT], session()),
        (&[other_session, ROLE, ROOT], session()),
        (&[other_session, ROLE], session()),
        (&[other_session, ROOT], session()),
        (&["arn:aws:sts::111122223333:federated-user/eve", USER, ROOT], bob()),
    ] {
        assert_eq!(left_over(listed, &principal), True, "{listed:?} {}", principal.name());
    }
    // The account is there for no principal of its own.
    assert_eq!(left_over(&["arn:aws:iam::444455556666:user/bob", ROOT], &user()), Unknown);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
#[test]
fn not_principal_in_a_deny_always_hits_principals_with_a_boundary() {
    let listed = principals(true, &[("AWS", &[USER, ROOT])]);
    assert_eq!(listed.name(&user(), Effect::Deny, true).at_all(), True);
    assert_eq!(listed.name(&user(), Effect::Allow, true).at_all(), False);
    assert_eq!(listed.name(&user(), Effect::Unknown, true).at_all(), Unknown);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
#[test]
fn not_principal_in_an_allow_is_public() {
    let listed = principals(true, &[("AWS", &[USER, ROOT])]);
    for principal in [Principal::anonymous(), Principal::iam("arn:aws:iam::444455556666:user/x").unwrap()] {
        assert_eq!(listed.name(&principal, Effect::Allow, false).alone, True);
    }
}
