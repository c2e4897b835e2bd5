//! `orgsweep explain`: from the tables of a scan, without AWS.

mod asking;
mod context;
mod entering;
mod golden;
mod heard;
mod meant;
mod regions;
mod tags;

use std::path::PathBuf;
use std::sync::LazyLock;

use orgsweep_lake::{Lake, ScanSelector};
use orgsweep_model::Row;
use orgsweep_model::facts::{
    GroupMember, OrganizationPolicy, Policy, PolicyAttachment, Principal, PrincipalKind,
};
use orgsweep_model::records::{ScanRecord, TableRead, TableReadOutcome};
use orgsweep_simulator::{Denial, Fault, FaultKind, Options};
use serde_json::Value as Json;

use crate::support::{NOW, Said, World, options, orgsweep, run};

/// The demo's lake, made once: the organization is the same for everybody.
struct Demo {
    folder: tempfile::TempDir,
}

static DEMO: LazyLock<Demo> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("lake");
    let said = orgsweep(&["demo", "--quiet", "--now", NOW, "--out", out.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.errors);
    Demo { folder }
});

impl Demo {
    fn lake(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    fn rows<R: Row>(&self) -> Vec<R> {
        Lake::open(&self.lake()).unwrap().scan(&ScanSelector::Latest).unwrap().rows().unwrap()
    }

    /// The one principal of this name in accounts for which something holds.
    fn arn_of(&self, name: &str, is_meant: impl Fn(&Principal) -> bool) -> String {
        let found: Vec<Principal> =
            self.rows::<Principal>().into_iter().filter(|one| one.name == name && is_meant(one)).collect();
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        found[0].principal_arn.clone()
    }

    fn management(&self) -> String {
        self.rows::<ScanRecord>()[0].management_account_id.to_string()
    }
}

fn ask(lake: &std::path::Path, who: &str, action: &str, what: &str, more: &[&str]) -> Said {
    let out = lake.to_str().unwrap();
    let question = ["explain", "--principal", who, "--action", action, "--resource", what, "--out", out];
    orgsweep(&[&question, more].concat())
}

fn asked(who: &str, action: &str, what: &str, more: &[&str]) -> Said {
    ask(&DEMO.lake(), who, action, what, more)
}

/// The answer as JSON, which must say the same as the text.
fn answer(who: &str, action: &str, what: &str, more: &[&str]) -> (Said, Json) {
    let said = asked(who, action, what, more);
    let json = asked(who, action, what, &[more, &["--format", "json"]].concat());
    assert_eq!(said.code, json.code, "{} {}", said.errors, json.errors);
    let json: Json = serde_json::from_str(&json.output).unwrap();
    let word = json["answer"]["decision"].as_str().unwrap().to_uppercase().replace('_', " ");
    assert!(said.output.starts_with(&word), "{word}: {}", said.output);
    (said, json)
}

fn layer<'a>(json: &'a Json, start: &str) -> &'a Json {
    let layers = json["layers"].as_array().unwrap();
    let found = layers.iter().find(|layer| layer["layer"].as_str().unwrap().starts_with(start));
    found.unwrap_or_else(|| panic!("{start}: {json:#}"))
}

const STRANGER: &str = "arn:aws:iam::444455556666:user/eve";

#[test]
fn a_role_that_an_outsider_can_assume() {
    let management = DEMO.management();
    let open = DEMO.arn_of("VendorMonitoring", |one| one.account_id.as_str() == management);
    let (said, json) = answer(STRANGER, "sts:AssumeRole", &open, &[]);
    assert_eq!(said.code, 0);
    assert!(said.output.starts_with("ALLOWED ON THE ROLE'S SIDE"), "{}", said.output);
    assert_eq!((&json["answer"]["decision"], &json["side"]), (&"allowed".into(), &"role".into()), "{json:#}");
    assert_eq!(layer(&json, "the role's trust policy")["statements"][0]["policy"], open.as_str());
    assert!(said.output.contains("they do not apply to the management account"), "{}", said.output);

    // The same trust in a member: the organization's resource control policy keeps strangers out, in whichever
    // organization they are, and not those who belong.
    let shut = DEMO.arn_of("VendorMonitoring", |one| one.account_id.as_str() != management);
    let (said, json) = answer(STRANGER, "sts:AssumeRole", &shut, &[]);
    assert_eq!(json["answer"]["decision"], "denied", "{json:#}");
    assert!(said.output.contains("the resource control policies at /Root (r-"), "{}", said.output);
    assert!(said.output.contains("deny-roles-to-strangers"), "{}", said.output);
    let organization = DEMO.rows::<ScanRecord>()[0].org_id.clone();
    let ours = format!("aws:PrincipalOrgID={organization}");
    let (_, json) = answer(STRANGER, "sts:AssumeRole", &shut, &["--context", &ours]);
    assert_eq!(json["answer"]["decision"], "allowed", "{json:#}");

    // Of anything but a role's trust nothing is known about strangers.
    let said = asked(STRANGER, "iam:CreateUser", STRANGER, &[]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("account 444455556666 is not in scan"), "{}", said.errors);
}

#[test]
fn a_user_whose_administrator_right_is_cut_by_a_service_control_policy() {
    let operator = DEMO.arn_of("operator", |_| true);
    let (said, json) = answer(&operator, "iam:CreateAccessKey", &operator, &[]);
    assert_eq!(said.code, 0);
    assert_eq!(json["answer"]["decision"], "denied", "{json:#}");
    let reason = json["answer"]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("denied by the service control policies at /Root/Workloads/Prod (ou-"),
        "{reason}"
    );
    assert!(reason.ends_with("statement 1 (Keys)"), "{reason}");
    let granting = &layer(&json, "identity policies")["statements"][0];
    assert_eq!(granting["policy"], "arn:aws:iam::aws:policy/AdministratorAccess");
    // One line a level, from the root to the account.
    assert_eq!(said.output.matches("  service control policies at ").count(), 4, "{}", said.output);

    // It is cut, and not gone: other keys are conditions of the policy, other actions are free.
    let (_, json) = answer(&operator, "iam:CreateUser", &operator, &[]);
    assert_eq!(json["answer"]["decision"], "allowed", "{json:#}");
    let (_, json) = answer(&operator, "iam:CreateAccessKey", &operator, &["--without-organization-policies"]);
    assert_eq!(json["answer"]["decision"], "allowed", "{json:#}");
}

#[test]
fn a_boundary_that_limits() {
    let contractor = DEMO.arn_of("Contractor", |_| true);
    let user = contractor.replace("role/Contractor", "user/new");
    let (said, json) = answer(&contractor, "iam:CreateUser", &user, &[]);
    assert_eq!(json["answer"]["decision"], "denied", "{json:#}");
    let reason = json["answer"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("not allowed by") && reason.ends_with("policy/contractor-edge"), "{json:#}");
    assert_eq!(layer(&json, "identity policies")["says"], "allows");
    assert_eq!(layer(&json, "the permissions boundary arn:")["says"], "allows nothing");
    assert!(said.output.contains("the permissions boundary arn:"), "{}", said.output);
    // By its session, which leaves the path out and may have a policy of its own.
    let session = contractor.replace(":iam:", ":sts:").replace("role/", "assumed-role/") + "/ann";
    let (_, json) = answer(&session, "iam:CreateUser", &user, &[]);
    assert_eq!(json["answer"]["decision"], "denied", "{json:#}");
    assert_eq!(json["principal"], session.as_str());
}

#[test]
fn a_conditional_allow() {
    let on_call = DEMO.arn_of("OnCall", |_| true);
    let (said, json) = answer(&on_call, "ec2:DescribeInstances", "*", &[]);
    assert_eq!(said.code, 0);
    assert_eq!(json["answer"]["decision"], "allowed_if", "{json:#}");
    let conditions = json["answer"]["conditions"].to_string();
    assert!(conditions.contains("Bool aws:MultiFactorAuthPresent"), "{conditions}");
    assert!(conditions.contains("not StringNotEquals aws:RequestedRegion"), "{conditions}");
    let region = ["--context", "aws:RequestedRegion=us-east-1"];
    for (mfa, wanted) in [("true", "allowed"), ("false", "denied")] {
        let mfa = format!("aws:multifactorauthpresent={mfa}");
        let (_, json) =
            answer(&on_call, "ec2:DescribeInstances", "*", &[&region[..], &["--context", &mfa]].concat());
        assert_eq!(json["answer"]["decision"], wanted, "{mfa}: {json:#}");
    }
}

#[test]
fn rights_through_groups_and_services_that_roles_trust() {
    let members: Vec<GroupMember> = DEMO.rows();
    let readers: Vec<&GroupMember> = members.iter().filter(|one| one.group_name == "readers").collect();
    // Somebody who has nothing but the group.
    let attached: Vec<PolicyAttachment> = DEMO.rows();
    let alone = readers.iter().find(|one| attached.iter().all(|other| other.principal_arn != one.user_arn));
    let who = &alone.unwrap().user_arn;
    let (_, json) = answer(who, "iam:GetUser", who, &[]);
    assert_eq!(json["answer"]["decision"], "allowed", "{json:#}");
    assert_eq!(layer(&json, "identity policies")["statements"][0]["group"], "readers");

    let roles: Vec<Principal> = DEMO.rows();
    let role = roles.iter().find(|one| one.path == "/app/").unwrap();
    let by = |service: &str| answer(service, "sts:AssumeRole", &role.principal_arn, &[]).1;
    let decisions = ["lambda.amazonaws.com", "ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]
        .map(|service| by(service)["answer"]["decision"] == "allowed");
    assert_eq!(decisions.iter().filter(|allowed| **allowed).count(), 1, "{decisions:?}");

    // The root user has no policies, and what limits the account limits it.
    let root = roles.iter().find(|one| one.principal_kind == PrincipalKind::Root).unwrap();
    let (_, json) = answer(&root.principal_arn, "organizations:LeaveOrganization", "*", &[]);
    let is_management = root.account_id.as_str() == DEMO.management();
    assert_eq!(json["answer"]["decision"], if is_management { "allowed" } else { "denied" }, "{json:#}");
}

/// Both sides have to allow it: the role trusts the management account, whose administrators may ask.
#[test]
fn from_one_account_into_another() {
    let management = DEMO.management();
    let admin = DEMO.arn_of("OrganizationAccountAccessRole", |one| one.account_id.as_str() == management);
    let contractor = DEMO.arn_of("Contractor", |_| true);
    let target = contractor.replace("Contractor", "OrganizationAccountAccessRole");
    let (_, json) = answer(&admin, "sts:AssumeRole", &target, &[]);
    assert_eq!(json["answer"]["decision"], "allowed", "{json:#}");
    assert_eq!(json["side"], "both");
    let auditor = DEMO.arn_of("VendorMonitoring", |one| one.account_id.as_str() == management);
    let (_, json) = answer(&auditor, "sts:AssumeRole", &target, &[]);
    assert_eq!(json["answer"]["reason"], "not allowed by the identity policies", "{json:#}");
    let (_, json) = answer(&contractor, "sts:AssumeRole", &admin, &[]);
    assert_eq!(json["answer"]["reason"], "not allowed by the role's trust policy", "{json:#}");
    // Of a role that no scan has, the trust is not known.
    let elsewhere = target.replace(&target[13..25], "444455556666");
    let (said, json) = answer(&admin, "sts:AssumeRole", &elsewhere, &[]);
    assert_eq!((said.code, json["answer"]["decision"].as_str()), (2, Some("unknown")), "{json:#}");
}

/// Policies of buckets and the like are in no scan: what they would say is not known.
#[test]
fn what_no_scan_reads_is_unknown_and_what_the_rest_says_is_told() {
    let operator = DEMO.arn_of("operator", |_| true);
    let region = ["--context", "aws:RequestedRegion=us-east-1"];
    let (said, json) = answer(&operator, "s3:GetObject", "arn:aws:s3:::bucket/key", &region);
    assert_eq!(said.code, 2);
    assert_eq!(json["answer"]["decision"], "unknown", "{json:#}");
    assert_eq!(json["if_the_resource_policy_says_nothing"]["decision"], "allowed", "{json:#}");
    assert!(said.output.contains("a scan does not read resource policies"), "{}", said.output);
    // A denial is one whatever else is said.
    let (said, _) =
        answer(&operator, "s3:GetObject", "arn:aws:s3:::b/k", &["--context", "aws:RequestedRegion=mars"]);
    assert_eq!(said.code, 0, "{}", said.output);
    assert!(said.output.starts_with("DENIED"), "{}", said.output);
}

#[test]
fn what_was_lost_is_unknown_and_named() {
    let reads: Vec<TableRead> = DEMO.rows();
    let lost = reads.iter().find(|read| read.table_name == "roles" && read.outcome == TableReadOutcome::Gap);
    let account = lost.unwrap().account_id;
    let who = format!("arn:aws:iam::{account}:role/any");
    let (said, json) = answer(&who, "ec2:DescribeInstances", "*", &[]);
    assert_eq!(said.code, 2);
    let unknown = json["answer"]["unknown"].to_string();
    let wanted = format!(
        "roles of {account} could not be read: ROLE_MISSING_OR_UNTRUSTED at sts:AssumeRole (AccessDenied)"
    );
    assert!(unknown.contains(&wanted), "{unknown}");
    let (said, _) = answer("ec2.amazonaws.com", "sts:AssumeRole", &who, &[]);
    assert_eq!(said.code, 2);
    assert!(said.output.contains(&wanted), "{}", said.output);
}

#[test]
fn mistakes_are_named_with_what_was_probably_meant() {
    let operator = DEMO.arn_of("operator", |_| true);
    for (who, action, what, more, wanted) in [
        (
            format!("{operator}s"),
            "iam:GetUser",
            operator.as_str(),
            &[][..],
            format!("no such user; the nearest is {operator:?}"),
        ),
        (operator.clone(), "sts:SetSourceIdentity", "*", &[], "needs the ARN of a role".to_owned()),
        (operator.clone(), "iam:GetUser", &operator, &["--context", "x"], "expected KEY=VALUE".to_owned()),
        (operator.clone(), "iam:GetUser", &operator, &["--scan", "x"], "--scan".to_owned()),
        ("ann".to_owned(), "iam:GetUser", &operator, &[], "is not a principal".to_owned()),
        (
            operator.clone(),
            "iam:GetUser",
            &operator,
            &["--scan", "01ARZ3NDEKTSV4RRFFQ69G5FAV"],
            "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        ),
    ] {
        let said = asked(&who, action, what, more);
        assert_eq!(said.code, 3, "{wanted}: {}{}", said.output, said.errors);
        assert!(said.errors.contains(&wanted), "{wanted}: {}", said.errors);
        assert!(said.output.is_empty(), "{}", said.output);
    }
    let said = orgsweep(&[
        "explain",
        "--principal",
        &operator,
        "--action",
        "a:b",
        "--resource",
        "*",
        "--out",
        "/nonexistent",
    ]);
    assert_eq!(said.code, 3);
    let role = operator.replace("user/operator", "role/Adminn");
    let said = asked("ec2.amazonaws.com", "sts:AssumeRole", &role, &[]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("no such role; the nearest is"), "{}", said.errors);
}

/// A small organization of one's own in which nothing is planted to be lost.
fn world(options: Options) -> World {
    World::start(Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options })
}

fn someone(world: &World, is_meant: impl Fn(&Principal) -> bool) -> Principal {
    let all: Vec<Principal> = world.rows();
    all.into_iter().find(is_meant).unwrap()
}

/// A scan that did not read policies says what would have.
#[test]
fn a_scan_without_policies_says_which_has_them() {
    let world = world(options(5));
    assert_eq!(world.scan(&["--check", "iam-root-mfa-missing"]).code, 0);
    let who = format!("arn:aws:iam::{}:role/Admin", world.running.management_account_id());
    let said = ask(&world.lake(), &who, "ec2:DescribeInstances", "*", &[]);
    assert_eq!(said.code, 2, "{}{}", said.output, said.errors);
    assert!(said.output.contains("collect it with `orgsweep scan --collect policies`"), "{}", said.output);
    assert_eq!(world.scan(&["--check", "iam-root-mfa-missing", "--collect", "policies"]).code, 0);
    let admin = someone(&world, |one| one.name == "OrganizationAccountAccessRole");
    let said = ask(&world.lake(), &admin.principal_arn, "ec2:DescribeInstances", "*", &[]);
    assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
}

#[test]
fn organization_policies_that_could_not_be_read_leave_it_open() {
    let denied = Denial { account: None, action: "organizations:DescribePolicy".to_owned(), by_scp: false };
    let world = world(Options { denied: vec![denied], ..options(5) });
    let said = world.scan(&[]);
    assert_eq!(said.code, 2, "a table of the organization was lost: {}", said.errors);
    assert!(said.errors.contains("service and resource control policies are unknown: "), "{}", said.errors);
    let said_whole = said.output;
    let management = world.running.management_account_id();
    let reads: Vec<TableRead> = world.rows();
    let read = reads.iter().find(|read| read.table_name == "organization_policies").unwrap();
    let scans: Vec<ScanRecord> = world.rows();
    let lost = scans[0].organization_gaps.as_deref().unwrap();
    assert!(lost.starts_with("organization_policies: DENIED at organizations:DescribePolicy"), "{lost}");
    assert!(said_whole.contains("; not all of the organization could be read"), "{said_whole}");
    assert!(said_whole.contains("\n  organization organization_policies: DENIED"), "{said_whole}");
    assert_eq!((read.account_id.as_str(), read.outcome), (management.as_str(), TableReadOutcome::Gap));
    let member = someone(&world, |one| {
        one.name == "OrganizationAccountAccessRole" && one.account_id.as_str() != management
    });
    let said = ask(&world.lake(), &member.principal_arn, "ec2:DescribeInstances", "*", &[]);
    assert_eq!(said.code, 2, "{}", said.output);
    assert!(said.output.contains("DENIED at organizations:DescribePolicy"), "{}", said.output);
    let said = ask(
        &world.lake(),
        &member.principal_arn,
        "ec2:DescribeInstances",
        "*",
        &["--without-organization-policies"],
    );
    assert_eq!(said.code, 0, "{}", said.output);
    // The management account is bound by none, so that it does not matter.
    let own = member.principal_arn.replace(member.account_id.as_str(), &management);
    assert_eq!(ask(&world.lake(), &own, "ec2:DescribeInstances", "*", &[]).code, 0);
}

/// The accounts alone do not make a scan complete, whatever share of them is enough; and who has no organization loses nothing.
#[test]
fn organization_policies_are_a_table_of_the_scan() {
    let of = |kind, action: &str| {
        let faults = vec![Fault::new(kind, action)];
        let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), faults, ..options(5) };
        World::start(good)
    };
    let denied = of(FaultKind::Denied, "organizations:ListPolicies");
    let accounts = denied.file("accounts.txt");
    let ids: Vec<String> = denied.running.accounts().into_iter().map(|account| account.id).collect();
    std::fs::write(&accounts, ids.join("\n")).unwrap();
    for (arguments, code) in [
        (&[][..], 2),
        (&["--min-coverage", "50"][..], 2),
        (&["--check", "iam-root-mfa-missing"][..], 0),
        (&["--single-account"][..], 0),
        (&["--accounts-file", accounts.to_str().unwrap()][..], 0),
    ] {
        let said = denied.scan(arguments);
        assert_eq!(said.code, code, "{arguments:?}: {}{}", said.output, said.errors);
        let scans: Vec<ScanRecord> = denied.rows();
        assert_eq!(scans[0].organization_gaps.is_some(), code == 2, "{arguments:?}");
    }
    // An answer about something else is no policy that denies nothing.
    for action in ["organizations:DescribePolicy", "organizations:ListTargetsForPolicy"] {
        let strange = of(FaultKind::GarbageXml, action);
        assert_eq!(strange.scan(&[]).code, 2, "{action}");
        let scans: Vec<ScanRecord> = strange.rows();
        let lost = scans[0].organization_gaps.as_deref().unwrap();
        assert!(lost.contains(&format!("MALFORMED_ANSWER at {action}")), "{lost}");
    }
    // Retrying reads them again, and nothing else.
    let first = of(FaultKind::Denied, "organizations:DescribePolicy");
    assert_eq!(first.scan(&[]).code, 2);
    let scans: Vec<ScanRecord> = first.rows();
    assert_eq!(scans[0].accounts_scanned, 5);
    let latest = std::fs::read_to_string(first.lake().join("latest.json")).unwrap();
    let latest: Json = serde_json::from_str(&latest).unwrap();
    let mended = of(FaultKind::Hang, "iam:ListRoles");
    let again = ["--retry-incomplete", latest["scan_id"].as_str().unwrap()];
    let said = run(&mut mended.command_into(&first.lake(), &again));
    assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
    let scans: Vec<ScanRecord> = first.rows();
    assert_eq!(scans[0].organization_gaps, None);
    assert!(!first.rows::<OrganizationPolicy>().is_empty());
}

/// What is nothing but a boundary is fetched where the details leave it out; where that fails, nothing is taken for granted.
#[test]
fn boundaries_that_the_details_leave_out_are_read_or_unknown() {
    let whole = world(Options { boundaries_apart: true, ..options(5) });
    assert_eq!(whole.scan(&[]).code, 0);
    let contractor = someone(&whole, |one| one.name == "Contractor");
    let edge = contractor.permissions_boundary_arn.clone().unwrap();
    let policies: Vec<Policy> = whole.rows();
    let boundary: Vec<&Policy> =
        policies.iter().filter(|row| row.policy_arn.as_ref() == Some(&edge)).collect();
    // The details would have shown both versions.
    assert_eq!((boundary.len(), boundary[0].is_default), (1, true), "{boundary:?}");
    let user = contractor.principal_arn.replace("role/Contractor", "user/new");
    let said = ask(&whole.lake(), &contractor.principal_arn, "iam:CreateUser", &user, &[]);
    assert!(said.output.contains("not allowed by the permissions boundary"), "{}", said.output);

    let account = contractor.account_id.to_string();
    let denied = Denial { account: Some(account), action: "iam:GetPolicyVersion".to_owned(), by_scp: false };
    let lost = world(Options { boundaries_apart: true, denied: vec![denied], ..options(5) });
    assert_eq!(lost.scan(&[]).code, 2);
    let said = ask(&lost.lake(), &contractor.principal_arn, "iam:CreateUser", &user, &[]);
    assert_eq!(said.code, 2, "{}", said.output);
    assert!(said.output.contains("boundary_policies of "), "{}", said.output);
    assert!(said.output.contains("DENIED at iam:GetPolicyVersion"), "{}", said.output);
}

/// The accounts of a shard know no organization; the roster and `finalize` do.
#[test]
fn shards_have_the_organizations_policies_from_the_roster() {
    let world = world(options(7));
    let roster = world.file("roster.json").display().to_string();
    let told = |arguments: &[&str]| crate::support::run(&mut world.other(arguments));
    assert_eq!(told(&["discover", "--unlimited", "--roster", &roster]).code, 0);
    let lake = world.lake().display().to_string();
    for shard in ["0/2", "1/2"] {
        let said = told(&["scan", "--unlimited", "--roster", &roster, "--shard", shard, "--out", &lake]);
        assert_eq!(said.code, 0, "{}", said.errors);
    }
    assert_eq!(told(&["finalize", "--roster", &roster, "--out", &lake]).code, 0);
    let operator = someone(&world, |one| one.name == "operator");
    let arn = &operator.principal_arn;
    let said = ask(&world.lake(), arn, "iam:CreateAccessKey", arn, &[]);
    assert!(said.output.contains("deny-access-keys"), "{}{}", said.output, said.errors);
}

#[test]
fn hostile_names_are_data_on_the_screen() {
    let world = world(Options { hostile_names: true, ..options(5) });
    world.scan(&[]);
    let lake = world.lake();
    let members: Vec<Principal> = world.rows();
    let management = world.running.management_account_id();
    let someone = members
        .iter()
        .find(|one| one.principal_kind == PrincipalKind::Role && one.account_id.as_str() != management);
    let who = &someone.unwrap().principal_arn;
    for format in ["text", "json"] {
        let said = ask(&lake, who, "ec2:DescribeInstances", "*", &["--format", format]);
        let is_safe =
            |character: char| character == '\n' || !(character.is_control() || character == '\u{202e}');
        assert!(said.output.chars().all(is_safe), "{:?}", said.output);
        assert!(!said.output.is_empty(), "{}", said.errors);
    }
}
