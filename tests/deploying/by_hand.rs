//! Hand-written configurations and what must be printed for them.

use serde_json::{Value as Json, json};

use crate::support::{Said, orgsweep};

const FIRST: &str = "arn:aws:iam::222233334444:role/hub/First";
const SECOND: &str = "arn:aws:iam::333344445555:role/Second";
const LISTER: &str = "arn:aws:iam::444455556666:role/Lister";
const CALLER: &str = "arn:aws:iam::111122223333:user/ann";

/// Everything that a file can say about roles.
const EVERYTHING: &str = r#"
role-name = ["orgsweep/OrgsweepAudit", "Fallback"]
role-chain = ["arn:aws:iam::222233334444:role/hub/First", "arn:aws:iam::333344445555:role/Second"]
discovery-role = "arn:aws:iam::444455556666:role/Lister"
external-id = "shared-id"
session-tag = ["team=audit"]
source-identity = "ann@example.com"
session-duration = 7200
check = ["iam-group-empty"]

[[override]]
ou = "/Root/Sandbox"
role-name = ["SandboxAudit"]

[[override]]
account = "555566667777"
role-name = ["own/Audit", "Fallback"]
external-id = "own-id"
"#;

/// What is printed with a file of this text.
fn said(file: &str, arguments: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orgsweep.toml");
    std::fs::write(&path, file).unwrap();
    std::fs::write(folder.path().join("accounts"), "555566667777\n666677778888\n").unwrap();
    let inside = folder.path().display().to_string();
    let arguments: Vec<String> =
        arguments.iter().map(|argument| argument.replace("{DIR}", &inside)).collect();
    let config = path.display().to_string();
    let mut all = vec!["policy", "--config", &config];
    all.extend(arguments.iter().map(String::as_str));
    orgsweep(&all)
}

fn printed(file: &str, arguments: &[&str]) -> (Json, String) {
    let said = said(file, arguments);
    assert_eq!(said.code, 0, "{arguments:?}: {}", said.errors);
    (serde_json::from_str(&said.output).unwrap(), said.errors)
}

/// The statements by Sid, each as action, resource and condition.
fn statements(document: &Json) -> Vec<(String, Json, Json, Json)> {
    let statements = document["Statement"].as_array().unwrap();
    let parts = |one: &Json| {
        let sid = one["Sid"].as_str().unwrap().to_owned();
        (sid, one["Action"].clone(), one["Resource"].clone(), one["Condition"].clone())
    };
    statements.iter().map(parts).collect()
}

fn enter() -> Json {
    json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"])
}

fn own_organization() -> Json {
    json!({"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}})
}

/// Every audit role of [`EVERYTHING`].
fn audit_roles() -> Json {
    json!([
        "arn:aws:iam::*:role/orgsweep/OrgsweepAudit",
        "arn:aws:iam::*:role/Fallback",
        "arn:aws:iam::*:role/SandboxAudit",
        "arn:aws:iam::555566667777:role/own/Audit",
    ])
}

fn sids(document: &Json) -> Vec<String> {
    statements(document).into_iter().map(|(sid, ..)| sid).collect()
}

/// A trust in one role or user.
fn trust(sid: &str, caller: &str, actions: &Json, external_id: Option<&str>) -> Json {
    let account = caller.split(':').nth(4).unwrap();
    let partition = caller.split(':').nth(1).unwrap();
    let mut equals = json!({"aws:PrincipalOrgID": "o-a1b2c3d4e5"});
    if let Some(external_id) = external_id {
        equals["sts:ExternalId"] = json!(external_id);
    }
    json!({
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": format!("arn:{partition}:iam::{account}:root")},
        "Action": actions,
        "Condition": {"ArnEquals": {"aws:PrincipalArn": caller}, "StringEquals": equals},
    })
}

const ORGANIZATION: [&str; 2] = ["--organization-id", "o-a1b2c3d4e5"];

#[test]
fn the_hub_assumes_the_first_of_the_chain_and_the_role_that_lists() {
    let (hub, notes) = printed(EVERYTHING, &["--for", "hub"]);
    let found = statements(&hub);
    assert_eq!(found[0], ("AssumeChainRole".to_owned(), enter(), json!(FIRST), Json::Null));
    assert_eq!(found[1], ("AssumeDiscoveryRole".to_owned(), enter(), json!(LISTER), Json::Null));
    assert_eq!(sids(&hub), ["AssumeChainRole", "AssumeDiscoveryRole", "ReadOwnAccount"]);
    for kind in ["--for chain ", "--for chain-trust", "--for discovery ", "--for discovery-trust"] {
        assert!(notes.contains(kind), "{kind}: {notes}");
    }
}

#[test]
fn without_a_chain_the_hub_assumes_every_role_that_may_be_tried() {
    let file = "role-name = ['A', 'b/B']\n[[override]]\naccount = '555566667777'\nrole-name = ['C', 'A']\n\
                [[override]]\nou = 'ou-ab12-34567890'\nrole-name = ['D']\n";
    let (hub, notes) = printed(file, &["--for", "hub"]);
    assert_eq!(notes, "");
    assert_eq!(sids(&hub), ["AssumeAuditRole", "ReadOrganization", "ReadOwnAccount"]);
    let (_, actions, resources, condition) = statements(&hub).remove(0);
    assert_eq!(
        (actions, resources, condition),
        (
            json!(["sts:AssumeRole"]),
            json!([
                "arn:aws:iam::*:role/A",
                "arn:aws:iam::*:role/b/B",
                "arn:aws:iam::*:role/D",
                "arn:aws:iam::555566667777:role/C"
            ]),
            own_organization()
        )
    );
}

#[test]
fn each_role_of_the_chain_trusts_the_one_before_it_and_assumes_the_next() {
    let assumes_next = ("AssumeChainRole".to_owned(), enter(), json!(SECOND), Json::Null);
    let assumes_accounts = ("AssumeAuditRole".to_owned(), enter(), audit_roles(), own_organization());
    for (role, caller, wanted) in
        [(FIRST, CALLER, vec![assumes_next]), (SECOND, FIRST, vec![assumes_accounts])]
    {
        let (chain, _) = printed(EVERYTHING, &["--for", "chain", "--role", role]);
        assert_eq!(statements(&chain), wanted, "{role}");
        let arguments = ["--for", "chain-trust", "--role", role, "--trusted-principal", CALLER];
        let (found, _) = printed(EVERYTHING, &[&arguments[..], &ORGANIZATION].concat());
        let wanted = trust("OrgsweepMayAssume", caller, &enter(), Some("shared-id"));
        assert_eq!(found["Statement"], json!([wanted]), "{role}");
    }
    // One alone needs no naming.
    let (chain, _) = printed(&format!("role-chain = '{FIRST}'"), &["--for", "chain"]);
    // Whoever enters the accounts reads the documents that they have in common.
    assert_eq!(sids(&chain), ["AssumeAuditRole", "ReadAwsManagedPolicies"]);
    assert_eq!(statements(&chain)[1].1, json!(["iam:ListPolicies", "iam:GetPolicyVersion"]));
    // Without a check that reads them, there is nothing to read.
    let file = format!("role-chain = '{FIRST}'\ncheck = 'iam-group-empty'");
    assert_eq!(sids(&printed(&file, &["--for", "chain"]).0), ["AssumeAuditRole"]);
}

#[test]
fn the_role_that_lists_may_list_and_trusts_the_caller() {
    let (discovery, _) = printed(EVERYTHING, &["--for", "discovery"]);
    assert_eq!(sids(&discovery), ["ReadOrganization"]);
    let arguments = ["--for", "discovery-trust", "--trusted-principal", CALLER];
    let (found, _) = printed(EVERYTHING, &[&arguments[..], &ORGANIZATION].concat());
    assert_eq!(found["Statement"], json!([trust("OrgsweepMayAssume", CALLER, &enter(), Some("shared-id"))]));
}

#[test]
fn the_accounts_trust_the_end_of_the_chain_with_the_external_id_of_their_own() {
    for (at, external_id) in [
        (&[][..], "shared-id"),
        (&["--at", "/Root/Sandbox"], "shared-id"),
        (&["--at", "555566667777"], "own-id"),
    ] {
        let (found, notes) = printed(EVERYTHING, &[&["--for", "trust"], &ORGANIZATION[..], at].concat());
        let wanted = trust("OrgsweepMayAssume", SECOND, &enter(), Some(external_id));
        assert_eq!(found["Statement"], json!([wanted]), "{at:?}");
        assert!(!notes.contains("--trusted-principal"), "{notes}");
    }
    // What goes elsewhere is told, and where.
    let (_, notes) = printed(EVERYTHING, &["--for", "trust"]);
    assert!(
        notes.contains("[[override]] account = 555566667777") && notes.contains("--at 555566667777"),
        "{notes}"
    );
    assert!(notes.contains("each of the roles orgsweep/OrgsweepAudit, Fallback"), "{notes}");
    assert!(!notes.contains("Sandbox"), "{notes}");
    // An external id alone takes the roles of everywhere, and no id the id of everywhere.
    let file = "external-id = 'aa'\n[[override]]\nou = '/Root/X'\nexternal-id = 'bb'\n";
    let (found, _) = printed(file, &["--for", "trust", "--at", "/Root/X"]);
    assert_eq!(found["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"], "bb");
}

#[test]
fn every_role_is_kept_from_the_members() {
    let (scp, notes) = printed(EVERYTHING, &["--for", "scp"]);
    let mut roles = audit_roles();
    roles.as_array_mut().unwrap().extend([json!(FIRST), json!(SECOND), json!(LISTER)]);
    assert_eq!(scp["Statement"][0]["Resource"], roles);
    assert!(notes.contains("--except"), "{notes}");
}

#[test]
fn a_role_that_is_on_the_way_and_lists_has_both_documents_in_one() {
    let file = format!("role-chain = ['{FIRST}', '{SECOND}']\ndiscovery-role = '{SECOND}'\n");
    let (found, _) = printed(&file, &["--for", "discovery"]);
    assert_eq!(sids(&found), ["AssumeAuditRole", "ReadOrganization", "ReadAwsManagedPolicies"]);
    let both: Vec<Json> = [&["--for", "discovery-trust"][..], &["--for", "chain-trust", "--role", SECOND]]
        .map(|kind| printed(&file, &[kind, &ORGANIZATION, &["--trusted-principal", CALLER]].concat()).0)
        .into();
    assert_eq!(both[0], both[1]);
    let actions = json!(["sts:AssumeRole"]);
    assert_eq!(
        both[0]["Statement"],
        json!([
            trust("OrgsweepMayAssume", FIRST, &actions, None),
            trust("OrgsweepMayAssume2", CALLER, &actions, None)
        ])
    );
    // Nothing is said twice to the caller that assumes it for both.
    let file = format!("role-chain = '{FIRST}'\ndiscovery-role = '{FIRST}'\n");
    let (hub, _) = printed(&file, &["--for", "hub"]);
    assert_eq!(sids(&hub), ["AssumeChainRole", "ReadOwnAccount"]);
    let (found, _) = printed(&file, &["--for", "chain-trust"]);
    assert_eq!(found["Statement"].as_array().unwrap().len(), 1);
}

#[test]
fn a_role_that_has_the_name_of_an_audit_role_has_its_documents_too() {
    let file = "role-name = 'Lister'\nexternal-id = 'aa'\ncheck = 'iam-group-empty'\n\
                discovery-role = 'arn:aws:iam::444455556666:role/Lister'\n\
                [[override]]\nou = '/Root/X'\nexternal-id = 'bb'\n";
    let (found, _) = printed(file, &["--for", "discovery"]);
    assert_eq!(sids(&found), ["ReadOrganization", "OrgsweepReads"]);
    // Whether its account is in the unit is not known here.
    let arguments = ["--for", "discovery-trust", "--trusted-principal", CALLER];
    let (found, _) = printed(file, &[&arguments[..], &ORGANIZATION].concat());
    let actions = json!(["sts:AssumeRole"]);
    assert_eq!(
        found["Statement"],
        json!([
            trust("OrgsweepMayAssume", CALLER, &actions, Some("aa")),
            trust("OrgsweepMayAssume2", CALLER, &actions, Some("bb"))
        ])
    );
    let (_, notes) = printed(file, &["--for", "member"]);
    assert!(notes.contains(LISTER) && notes.contains("--for discovery"), "{notes}");
    // The account's own override says that it is not one there.
    let file = format!("{file}[[override]]\naccount = '444455556666'\nrole-name = 'Other'\n");
    let (found, _) = printed(&file, &["--for", "discovery"]);
    assert_eq!(sids(&found), ["ReadOrganization"]);
}

#[test]
fn a_flag_wins_over_the_file_as_in_a_scan() {
    let flags =
        ["--role-name", "X,y/Y", "--role-chain", FIRST, "--session-tag", "a=b", "--source-identity", "bob"];
    let (chain, _) = printed(EVERYTHING, &[&["--for", "chain"], &flags[..]].concat());
    assert_eq!(
        statements(&chain)[0].2,
        json!([
            "arn:aws:iam::*:role/X",
            "arn:aws:iam::*:role/y/Y",
            "arn:aws:iam::*:role/SandboxAudit",
            "arn:aws:iam::555566667777:role/own/Audit",
            "arn:aws:iam::555566667777:role/Fallback",
        ])
    );
    let (trusts, _) =
        printed(EVERYTHING, &["--for", "trust", "--external-id", "by-flag", "--at", "/Root/Sandbox"]);
    assert_eq!(trusts["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"], "by-flag");
    let (hub, _) = printed("", &["--for", "hub", "--discovery-role", LISTER, "--session-tag", "a=b"]);
    assert_eq!(statements(&hub)[0].1, json!(["sts:AssumeRole", "sts:TagSession"]));
    assert_eq!(sids(&hub), ["AssumeAuditRole", "AssumeDiscoveryRole", "ReadOwnAccount"]);
}

#[test]
fn accounts_of_a_file_are_entered_without_organizations() {
    let arguments = ["--accounts-file", "{DIR}/accounts", "--for"];
    let (hub, _) = printed("", &[&arguments[..], &["hub"]].concat());
    assert_eq!(sids(&hub), ["AssumeAuditRole", "ReadOwnAccount"]);
    assert_eq!(
        statements(&hub)[0].3,
        json!({"StringEquals": {"aws:ResourceAccount": ["555566667777", "666677778888"]}})
    );
    // Whoever scans need not be in an organization, and whoever is can say so.
    let (found, notes) = printed("", &[&arguments[..], &["trust", "--trusted-principal", CALLER]].concat());
    assert_eq!(notes, "");
    assert_eq!(found["Statement"][0]["Condition"], json!({"ArnEquals": {"aws:PrincipalArn": CALLER}}));
    let (found, _) = printed("", &[&arguments[..], &["trust"], &ORGANIZATION].concat());
    assert!(found["Statement"][0]["Condition"]["StringEquals"]["aws:PrincipalOrgID"].is_string());
    // Alone with itself, the caller needs no role.
    let (hub, _) = printed(EVERYTHING, &["--for", "hub", "--single-account"]);
    assert_eq!(sids(&hub), ["ReadOwnAccount"]);
}

#[test]
fn the_partition_is_that_of_the_roles() {
    let file = "role-name = 'arn:aws-cn:iam::{account_id}:role/Audit'";
    let (hub, _) = printed(file, &["--for", "hub"]);
    assert_eq!(statements(&hub)[0].2, "arn:aws-cn:iam::*:role/Audit");
    let file = "role-chain = 'arn:aws-us-gov:iam::222233334444:role/Hub'";
    let (chain, _) = printed(file, &["--for", "chain"]);
    assert_eq!(statements(&chain)[0].2, "arn:aws-us-gov:iam::*:role/orgsweep/OrgsweepAudit");
}

#[test]
fn templates_make_the_role_that_is_asked_for() {
    let of = |arguments: &[&str]| -> (Json, String) {
        let (template, notes) = printed(EVERYTHING, &[arguments, &["--format", "cloudformation"]].concat());
        let resources = template["Resources"].as_object().unwrap();
        (resources.values().next().unwrap()["Properties"].clone(), notes)
    };
    for (arguments, name, path, seconds) in [
        // A session that is assumed by a session lasts an hour at most; only the caller may be a user.
        (&["--for", "member"][..], "OrgsweepAudit", "/orgsweep/", 3600),
        (&["--for", "member", "--role", "Fallback"], "Fallback", "/", 3600),
        (&["--for", "member", "--at", "/Root/Sandbox"], "SandboxAudit", "/", 3600),
        (&["--for", "trust", "--at", "555566667777"], "Audit", "/own/", 3600),
        (&["--for", "chain", "--role", FIRST], "First", "/hub/", 7200),
        (&["--for", "chain", "--role", SECOND], "Second", "/", 3600),
        (&["--for", "discovery-trust"], "Lister", "/", 7200),
        (
            &["--for", "discovery", "--trusted-principal", "arn:aws:iam::111122223333:role/Runner"],
            "Lister",
            "/",
            3600,
        ),
    ] {
        let (properties, _) = of(arguments);
        assert_eq!(properties["RoleName"], name, "{arguments:?}");
        assert_eq!(properties["Path"], path, "{arguments:?}");
        assert_eq!(properties["MaxSessionDuration"], seconds, "{arguments:?}");
    }
    // What is open stays open, with the answer of the accounts that it is for.
    for (at, external_id) in [("/Root/Sandbox", "shared-id"), ("555566667777", "own-id")] {
        let (template, _) =
            printed(EVERYTHING, &["--for", "member", "--format", "cloudformation", "--at", at]);
        let parameters = template["Parameters"].as_object().unwrap();
        assert_eq!(parameters["ExternalId"]["Default"], external_id);
        // Who enters the accounts is known.
        assert!(!parameters.contains_key("TrustedPrincipalArn"), "{parameters:?}");
    }
    let (_, notes) = of(&["--for", "member"]);
    for wanted in [
        "Fallback is tried too",
        "--role Fallback",
        "--at /Root/Sandbox",
        "--at 555566667777",
        "SandboxAudit",
    ] {
        assert!(notes.contains(wanted), "{wanted}: {notes}");
    }
    let (_, notes) = printed(EVERYTHING, &["--for", "discovery-trust"]);
    assert!(notes.contains("7200 s"), "{notes}");
}

#[test]
fn what_contradicts_itself_is_one_error() {
    for (file, arguments, wanted) in [
        (EVERYTHING, &["--for", "chain"][..], &["--role", FIRST, SECOND][..]),
        (EVERYTHING, &["--for", "chain", "--role", LISTER], &["--role", FIRST]),
        (EVERYTHING, &["--for", "trust", "--trusted-principal", CALLER], &[SECOND, "--for chain-trust"]),
        (EVERYTHING, &["--for", "trust", "--at", "/Root/Sandbx"], &["--at", "/Root/Sandbox", "555566667777"]),
        (EVERYTHING, &["--for", "trust", "--at", "Sandbox"], &["--at", "/Root/Workloads"]),
        (EVERYTHING, &["--for", "hub", "--at", "/Root/Sandbox"], &["--at", "--for trust"]),
        (
            EVERYTHING,
            &["--for", "member", "--format", "terraform", "--role", "None"],
            &["--role None", "Fallback"],
        ),
        (EVERYTHING, &["--for", "member", "--role", "Fallback"], &["--role", "Terraform"]),
        (EVERYTHING, &["--for", "trust", "--single-account"], &["--single-account", "--for hub"]),
        (
            EVERYTHING,
            &["--for", "scp", "--partition", "aws-cn"],
            &["--partition", "aws-cn", "no trust reaches"],
        ),
        ("", &["--for", "chain"], &["--role-chain"]),
        ("", &["--for", "discovery-trust"], &["--discovery-role"]),
        ("no-session-policy = true", &["--for", "session"], &["no-session-policy"]),
        ("", &["--for", "trust", "--external-id", "two words"], &["external id"]),
        ("", &["--for", "hub", "--accounts-file", "{DIR}/none"], &["--accounts-file", "none"]),
        (
            "",
            &["--for", "discovery", "--discovery-role", LISTER, "--accounts-file", "{DIR}/accounts"],
            &["--accounts-file", LISTER],
        ),
        (
            "role-chain = ['arn:aws:iam::222233334444:role/A', 'arn:aws-cn:iam::222233334444:role/B']",
            &["--for", "hub"],
            &["no trust reaches", "role/A", "role/B"],
        ),
        (
            "role-name = 'arn:aws-cn:iam::{account_id}:role/A'\ndiscovery-role = 'arn:aws:iam::222233334444:role/B'",
            &["--for", "hub"],
            &["no trust reaches"],
        ),
    ] {
        let said = said(file, arguments);
        assert_eq!(said.code, 3, "{arguments:?}: {}", said.errors);
        assert_eq!(said.output, "", "{arguments:?}");
        for word in wanted {
            assert!(said.errors.contains(word), "{arguments:?} should say {word:?}: {}", said.errors);
        }
    }
    // A scan says the same before its first call.
    let said = orgsweep(&[
        "scan",
        "--plan",
        "--role-chain",
        FIRST,
        "--discovery-role",
        "arn:aws-cn:iam::222233334444:role/B",
    ]);
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains("no trust reaches"), "{}", said.errors);
}
