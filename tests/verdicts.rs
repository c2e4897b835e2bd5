//! What a scan says where AWS was not asked, or answers less than a verdict needs.

use orgsweep_model::facts::{Credential, Principal, User};
use orgsweep_model::records::FindingRecord;
use orgsweep_model::{Account, Computed as _, Context, Organization, Reads, Status, Tables};
use orgsweep_simulator::Options;
use orgsweep_testkit::{account_id, credential, days_ago, now, user};

use crate::support::{World, options, orgsweep};

const STANDING: [&str; 2] = ["--check", "org-account-not-active"];

#[test]
fn nobody_asked_organizations_whether_the_account_is_active() {
    let start =
        || World::start(Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(3) });
    let verdicts = |world: &World, roster: &[&str]| {
        let said = world.scan(&[&STANDING[..], roster].concat());
        assert_eq!(said.code, 0, "{}", said.errors);
        world.rows::<FindingRecord>()
    };
    let from_file = start();
    let list = from_file.file("accounts.csv");
    std::fs::write(&list, from_file.running.management_account_id()).unwrap();
    for findings in [
        verdicts(&start(), &["--single-account"]),
        verdicts(&from_file, &["--accounts-file", list.to_str().unwrap()]),
    ] {
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].status, Status::Unknown, "{findings:?}");
        assert!(findings[0].message.as_deref().unwrap().contains("was not called"), "{findings:?}");
    }
    let listed = verdicts(&start(), &[]);
    assert!(listed.len() == 3 && listed.iter().all(|row| row.status == Status::Pass), "{listed:?}");
}

#[test]
fn what_the_roster_needs_is_shown() {
    let said = orgsweep(&["checks", "show", "org-account-not-active"]);
    assert!(said.output.contains("organizations:ListAccounts (the caller"), "{}", said.output);
    let said = orgsweep(&["checks", "show", "iam-root-mfa-virtual"]);
    assert!(!said.output.contains("organizations:"), "{}", said.output);
    let said = orgsweep(&["checks", "list", "--json"]);
    let all: Vec<serde_json::Value> = serde_json::from_str(&said.output).unwrap();
    let asked: Vec<_> = all.iter().filter(|check| check["caller_actions"] != serde_json::json!([])).collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0]["caller_actions"], serde_json::json!(["organizations:ListAccounts"]));
}

#[test]
fn a_key_that_shows_only_by_its_use_is_activity() {
    let ann = Credential {
        password_last_used_at: Some(days_ago(80)),
        access_key_2_last_used_at: Some(days_ago(8)),
        mfa_active: None,
        ..credential("ann")
    };
    let mut tables = Tables::new();
    tables.insert(vec![ann], now());
    tables.insert::<User>(vec![user("ann")], now());
    let organization = Organization {
        id: Organization::NONE.to_owned(),
        management_account_id: account_id(),
        partition: "aws".to_owned(),
    };
    let account = Account::new(account_id());
    let context = Context { now: now(), account: &account, organization: &organization };
    let principals = Principal::compute(Reads::fetch(&tables).unwrap(), &context).unwrap();
    assert_eq!(principals.len(), 1);
    assert_eq!(principals[0].last_activity_at, Some(days_ago(8)));
    assert_eq!(principals[0].mfa_enabled, None);
}
