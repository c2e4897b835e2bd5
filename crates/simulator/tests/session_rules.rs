//! What AWS asks of who assumes a role, and what it records.

use orgsweep_simulator::{Options, SessionInfo};
use serde_json::json;

use crate::client::{Caller, World, options, role};

fn refusal(caller: &Caller, role_arn: &str, fields: &[(&str, &str)]) -> (u16, String, String) {
    caller.assume(role_arn, fields).err().expect("a refusal").error()
}

#[test]
fn a_session_is_no_longer_than_the_role_allows() {
    let world = World::start(Options { audit_role_session_seconds: 7200, ..options(3) });
    let role_arn = role(&world.account(1));
    assert!(world.hub().assume(&role_arn, &[("DurationSeconds", "7200")]).is_ok());
    let long = refusal(&world.hub(), &role_arn, &[("DurationSeconds", "7201")]);
    let words = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    assert_eq!(long, (400, "ValidationError".to_owned(), words.to_owned()));
    let listed = world.member(1).iam("ListRoles", &[]);
    let first = (listed.text("RoleName"), listed.text("MaxSessionDuration"));
    assert_eq!(first, ("OrgsweepAudit".to_owned(), "7200".to_owned()));
    for (seconds, wanted) in
        [("899", "greater than or equal to 900"), ("43201", "less than or equal to 43200")]
    {
        let (status, code, message) = refusal(&world.hub(), &role_arn, &[("DurationSeconds", seconds)]);
        assert_eq!((status, code.as_str()), (400, "ValidationError"));
        assert!(message.contains(wanted), "{message}");
    }
}

#[test]
fn a_role_session_opens_no_session_longer_than_an_hour() {
    let world = World::start(Options { chain: true, audit_role_session_seconds: 43_200, ..options(2) });
    assert_eq!(world.running.accounts().len(), 3, "no chain without an audit account");
    let audit_role = role(&world.account(1));
    let refused = refusal(&world.hub(), &audit_role, &[]);
    assert_eq!(
        (refused.0, refused.1.as_str()),
        (403, "AccessDenied"),
        "the hub user is not trusted any more"
    );
    let hub_role = world.running.hub_role_arn().unwrap();
    assert!(hub_role.ends_with(&format!("{}:role/orgsweep/OrgsweepHub", world.account(2))), "{hub_role}");
    let between = world.hub().assume(&hub_role, &[("DurationSeconds", "43200")]).unwrap();
    for account in 0..3 {
        let member = between.assume(&role(&world.account(account)), &[]).unwrap();
        assert_eq!(member.sts("GetCallerIdentity", &[]).text("Account"), world.account(account));
        assert_eq!(member.iam("ListRoles", &[]).status, 200);
    }
    assert!(between.assume(&audit_role, &[("DurationSeconds", "3600")]).is_ok());
    let long = refusal(&between, &audit_role, &[("DurationSeconds", "3601")]);
    let words =
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
    assert_eq!(long, (400, "ValidationError".to_owned(), words.to_owned()));
    // It is a delegated administrator and not an administrator.
    assert_eq!(between.list("ListAccounts", "Accounts").0.len(), 3);
    assert_eq!(between.iam("ListRoles", &[]).code(), "AccessDenied");
    let elsewhere = format!("arn:aws:iam::{}:role/OrganizationAccountAccessRole", world.account(1));
    let (_, _, message) = refusal(&between, &elsewhere, &[]);
    assert!(message.contains("no identity-based policy allows the sts:AssumeRole action"), "{message}");
    // A member's audit role leads nowhere.
    let member = between.assume(&audit_role, &[]).unwrap();
    assert_eq!(refusal(&member, &role(&world.account(0)), &[]).1, "AccessDenied");
}

#[test]
fn a_chain_is_not_broken_by_what_is_planted() {
    let world = World::start(Options {
        chain: true,
        suspended: Some(3),
        refusing: Some(3),
        broken: Some(3),
        ..options(10)
    });
    let audit = world.account(2);
    assert!(world.running.planted().iter().all(|planted| planted.account_id != audit));
    assert!(world.hub().assume(&world.running.hub_role_arn().unwrap(), &[]).is_ok());
    assert_eq!(World::start(options(3)).running.hub_role_arn(), None);
}

#[test]
fn session_policies_have_their_limits() {
    let world = World::start(options(3));
    let role_arn = role(&world.account(1));
    let statement = |padding: usize| {
        json!({"Version": "2012-10-17", "Statement": [{"Sid": "x".repeat(padding), "Effect": "Allow",
            "Action": "iam:ListRoles", "Resource": "*"}]})
        .to_string()
    };
    let longest = statement(2048 - statement(0).len());
    let limited = world.hub().assume(&role_arn, &[("Policy", &longest)]).unwrap();
    assert_eq!(limited.iam("ListRoles", &[]).status, 200);
    let (_, _, message) = limited.iam("ListUsers", &[]).error();
    assert!(message.contains("no session policy allows the iam:ListUsers action"), "{message}");
    let (status, code, message) = refusal(&world.hub(), &role_arn, &[("Policy", &format!("{longest} "))]);
    assert_eq!((status, code.as_str()), (400, "ValidationError"));
    assert!(message.contains("length less than or equal to 2048"), "{message}");
    assert_eq!(refusal(&world.hub(), &role_arn, &[("Policy", "{")]).1, "MalformedPolicyDocument");

    let world = World::start(Options { packed_policy_too_large: true, ..options(3) });
    let (status, code, message) = refusal(&world.hub(), &role_arn, &[("Policy", &statement(0))]);
    assert_eq!((status, code.as_str()), (400, "PackedPolicyTooLarge"));
    assert!(message.contains("Packed policy consumes"), "{message}");
    assert!(world.hub().assume(&role_arn, &[]).is_ok(), "nothing to pack");
}

const TAGS: [(&str, &str); 4] = [
    ("Tags.member.1.Key", "team"),
    ("Tags.member.1.Value", "blue"),
    ("Tags.member.2.Key", "ticket"),
    ("Tags.member.2.Value", "A 1"),
];

#[test]
fn tags_and_source_identity_need_their_own_trust() {
    let world = World::start(Options { trust_assume_only: true, ..options(3) });
    let role_arn = role(&world.account(1));
    assert!(world.hub().assume(&role_arn, &[]).is_ok());
    let (status, code, message) = refusal(&world.hub(), &role_arn, &TAGS);
    assert_eq!((status, code.as_str()), (403, "AccessDenied"));
    assert!(
        message.contains("is not authorized to perform: sts:TagSession on resource: arn:aws:iam::"),
        "{message}"
    );
    let (_, code, message) = refusal(&world.hub(), &role_arn, &[("SourceIdentity", "alice")]);
    assert_eq!(code, "AccessDenied");
    assert!(message.contains("sts:SetSourceIdentity"), "{message}");
    assert_eq!(world.running.sessions().len(), 1);
}

#[test]
fn sessions_are_recorded_as_they_were_asked_for() {
    let world = World::start(Options { external_id: Some("shibboleth".to_owned()), ..options(3) });
    let account = world.account(1);
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let mut fields = TAGS.to_vec();
    fields.extend([("SourceIdentity", "alice@example.com"), ("ExternalId", "shibboleth")]);
    fields.extend([("DurationSeconds", "900"), ("Policy", policy)]);
    assert_eq!(refusal(&world.hub(), &role(&account), &[]).1, "AccessDenied", "the external id is missing");
    world.hub().assume(&role(&account), &fields).unwrap();
    world.hub().assume(&role(&account), &[("ExternalId", "shibboleth")]).unwrap();
    let wanted = SessionInfo {
        account: account.clone(),
        role: "orgsweep/OrgsweepAudit".to_owned(),
        caller: format!("arn:aws:iam::{}:user/orgsweep-hub", world.running.management_account_id()),
        session_name: "tests".to_owned(),
        source_identity: Some("alice@example.com".to_owned()),
        tags: vec![("team".to_owned(), "blue".to_owned()), ("ticket".to_owned(), "A 1".to_owned())],
        duration_seconds: 900,
        external_id: Some("shibboleth".to_owned()),
        session_policy: Some(policy.to_owned()),
    };
    let plain = SessionInfo {
        source_identity: None,
        tags: vec![],
        duration_seconds: 3600,
        session_policy: None,
        ..wanted.clone()
    };
    assert_eq!(world.running.sessions(), [wanted, plain]);
    let policies = [(account.clone(), Some(policy.to_owned())), (account, None)];
    assert_eq!(world.running.session_policies(), policies);
}

#[test]
fn a_source_identity_stays_through_a_chain() {
    let world = World::start(Options { chain: true, ..options(3) });
    let hub_role = world.running.hub_role_arn().unwrap();
    let between = world.hub().assume(&hub_role, &[("SourceIdentity", "alice")]).unwrap();
    let audit_role = role(&world.account(1));
    between.assume(&audit_role, &[]).unwrap();
    assert_eq!(world.running.sessions()[1].source_identity.as_deref(), Some("alice"));
    assert_eq!(refusal(&between, &audit_role, &[("SourceIdentity", "mallory")]).1, "AccessDenied");
}

#[test]
fn names_have_their_form() {
    let world = World::start(options(3));
    let role_arn = role(&world.account(1));
    for name in ["x", "two words"] {
        let fields = [("RoleArn", role_arn.as_str()), ("RoleSessionName", name)];
        assert_eq!(world.hub().sts("AssumeRole", &fields).code(), "ValidationError", "{name:?}");
    }
    assert_eq!(refusal(&world.hub(), &role_arn, &[("SourceIdentity", "a b")]).1, "ValidationError");
}
