//! Other ways into a role or a root user than to assume a role.

use orgsweep_simulator::{GivenRole, Options};
use serde_json::Value as Json;

use super::{ask, world};
use crate::support::{World, options};

/// The management account's role `asker` may do this, and its role `target` trusts the account with these actions.
fn asked(may: &str, trusted: &str) -> World {
    let account = world(options(3)).running.management_account_id();
    let role = |name: &str, trust: String, policy: String| GivenRole {
        name: name.to_owned(),
        trust,
        policy,
        tags: Vec::new(),
        session_seconds: 3600,
        account: account.clone(),
    };
    let document = |statement: String| format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    let trust = |action: &str| {
        document(format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":{action}}}"#))
    };
    let policy = document(format!(r#"{{"Effect":"Allow","Action":"{may}","Resource":"*"}}"#));
    let given_roles = vec![
        role("asker", trust(r#""sts:AssumeRole""#), policy.clone()),
        role("target", trust(trusted), policy),
    ];
    let world = world(Options { given_roles, ..options(3) });
    let said = world.scan(&["--quiet", "--collect", "policies", "--check", "iam-root-mfa-missing"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    world
}

fn answer(world: &World, action: &str, what: &str) -> Json {
    let who = format!("arn:aws:iam::{}:role/asker", world.running.management_account_id());
    let said = ask(&world.lake(), &who, action, what, &["--format", "json"]);
    assert!(said.code < 3, "{}", said.errors);
    serde_json::from_str(&said.output).unwrap()
}

/// On a role the trust policy decides, as for the assuming of it; on the asker's own session its identity policies alone.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_sts-setcontext.html>
#[test]
fn a_context_is_set_where_the_trust_policy_lets_it() {
    for (trusted, wanted) in
        [(r#""sts:AssumeRole""#, "denied"), (r#"["sts:AssumeRole","sts:SetContext"]"#, "allowed")]
    {
        let world = asked("sts:*", trusted);
        let target = format!("arn:aws:iam::{}:role/target", world.running.management_account_id());
        let json = answer(&world, "sts:SetContext", &target);
        assert_eq!(json["answer"]["decision"], wanted, "{json:#}");
        let own = format!("arn:aws:sts::{}:self", world.running.management_account_id());
        assert_eq!(answer(&world, "sts:SetContext", &own)["answer"]["decision"], "allowed");
    }
}

/// A root user has no policy: what the asker may do, and what the organization has turned on, decides. No scan reads that.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html>
#[test]
fn a_members_root_user_is_open_to_the_management_account_if_that_is_turned_on() {
    let world = asked("sts:AssumeRoot", r#""sts:AssumeRole""#);
    let management = world.running.management_account_id();
    let rows: Vec<orgsweep_model::facts::Principal> = world.rows();
    let member = rows.iter().map(|one| one.account_id.to_string()).find(|id| *id != management).unwrap();
    let root = format!("arn:aws:iam::{member}:root");
    let json = answer(&world, "sts:AssumeRoot", &root);
    assert_eq!(json["answer"]["decision"], "unknown", "{json:#}");
    assert!(json["answer"]["unknown"].to_string().contains("centralized root access"), "{json:#}");
    // Of the own permission, and of accounts that are none of the organization's, it is known.
    let denied = asked("sts:AssumeRole", r#""sts:AssumeRole""#);
    assert_eq!(answer(&denied, "sts:AssumeRoot", &root)["answer"]["decision"], "denied");
    let stranger = "arn:aws:iam::444455556666:root";
    assert_eq!(answer(&world, "sts:AssumeRoot", stranger)["answer"]["decision"], "denied");
    let who = format!("arn:aws:iam::{management}:root");
    let said = ask(&world.lake(), &who, "sts:AssumeRoot", &root, &[]);
    assert!(said.output.contains("a root user cannot call AssumeRoot"), "{}{}", said.output, said.errors);
}
