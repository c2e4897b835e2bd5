//! With what accounts are entered: role overrides, session length, roles on the way, tags and source identity.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orgsweep_model::records::{ScanAccountRecord, ScanRecord, ScanState};
use orgsweep_simulator::{Fault, FaultKind, Options, SessionInfo};
use serde_json::Value as Json;

use crate::support::{World, is_empty_lake, options, orgsweep, run};

/// Costs a member two calls: AssumeRole and this one.
const CHECK: [&str; 2] = ["--check", "iam-password-policy-length"];
const AUDIT: &str = "orgsweep/OrgsweepAudit";
/// The administrator role that Organizations makes in every account. It trusts the management account.
const ADMINISTRATOR: &str = "OrganizationAccountAccessRole";

pub fn good(accounts: usize) -> Options {
    Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(accounts) }
}

pub fn by_account(world: &World) -> BTreeMap<String, ScanAccountRecord> {
    world.rows::<ScanAccountRecord>().into_iter().map(|row| (row.account_id.to_string(), row)).collect()
}

fn members(world: &World) -> Vec<String> {
    let management = world.running.management_account_id();
    world.running.accounts().into_iter().map(|account| account.id).filter(|id| *id != management).collect()
}

/// The roles that were asked for in an account, in order, and the one that let us in.
fn asked_roles(recording: &std::path::Path) -> BTreeMap<String, Vec<String>> {
    let mut asked: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in std::fs::read_to_string(recording).unwrap().lines() {
        let request: Json = serde_json::from_str(line).unwrap();
        if request["action"] == "sts:AssumeRole" {
            let body = request["body"].as_str().unwrap();
            let arn = body.split('&').find_map(|part| part.strip_prefix("RoleArn=")).unwrap();
            let name = arn.split_once("role%2F").unwrap().1.replace("%2F", "/");
            asked.entry(request["account"].as_str().unwrap().to_owned()).or_default().push(name);
        }
    }
    asked
}

#[test]
fn units_and_accounts_are_entered_by_the_roles_that_were_configured_for_them() {
    let (workloads, dev_unit, in_dev) = {
        let world = World::start(good(30));
        assert_eq!(world.scan(&CHECK).code, 0);
        let rows = by_account(&world);
        let under = |path: &str| -> BTreeSet<String> {
            let inside =
                |row: &&ScanAccountRecord| row.ou_path.as_deref().unwrap_or_default().starts_with(path);
            rows.values().filter(inside).map(|row| row.account_id.to_string()).collect()
        };
        let in_dev = under("/Root/Workloads/Dev");
        let unit = rows[in_dev.first().unwrap()].ou_id.clone().unwrap();
        (under("/Root/Workloads"), unit, in_dev)
    };
    assert!(in_dev.len() > 1 && in_dev.len() < workloads.len() && workloads.len() < 29);
    let one = in_dev.first().unwrap().clone();

    let recording = tempfile::NamedTempFile::new().unwrap();
    let world = World::start(Options { record: Some(recording.path().to_owned()), ..good(30) });
    let config = world.file("orgsweep.toml");
    // The last that holds for an account wins: the account's, then its unit's by id, then the one around that by path.
    let file = format!(
        "role-name = [\"team/Nobody\", \"{AUDIT}\"]\n\
         [[override]]\nou = \"/Root/Workloads\"\nrole-name = [\"{ADMINISTRATOR}\"]\n\
         [[override]]\nou = \"{dev_unit}\"\nrole-name = [\"First\", \"team/Second\", \"{ADMINISTRATOR}\", \"{AUDIT}\"]\n\
         [[override]]\naccount = \"{one}\"\nrole-name = [\"{AUDIT}\"]\n"
    );
    std::fs::write(&config, file).unwrap();
    let said = world.scan(&[CHECK[0], CHECK[1], "--config", config.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let asked = asked_roles(recording.path());
    assert_eq!(asked.len(), 29);
    let rows = by_account(&world);
    for (account, roles) in asked {
        let wanted: &[&str] = if account == one {
            &[AUDIT]
        } else if in_dev.contains(&account) {
            &["First", "team/Second", ADMINISTRATOR]
        } else if workloads.contains(&account) {
            &[ADMINISTRATOR]
        } else {
            &["team/Nobody", AUDIT]
        };
        assert_eq!(roles, wanted, "{account}");
        let used = format!("arn:aws:iam::{account}:role/{}", wanted.last().unwrap());
        assert_eq!(rows[&account].role_arn.as_deref(), Some(used.as_str()));
    }
}

#[test]
fn an_external_id_can_be_one_accounts_own() {
    let world = World::start(Options { external_id: Some("shibboleth".to_owned()), ..good(4) });
    let members = members(&world);
    let config = world.file("orgsweep.toml");
    let with = |first: &str, second: &str| {
        format!(
            "external-id = \"shibboleth\"\n[[override]]\naccount = \"{}\"\nexternal-id = \"{first}\"\n\
             [[override]]\naccount = \"{}\"\nexternal-id = \"{second}\"\n",
            members[0], members[1]
        )
    };
    std::fs::write(&config, with("shibboleth", "another")).unwrap();
    let said = world.scan(&[CHECK[0], CHECK[1], "--config", config.to_str().unwrap()]);
    assert_eq!(said.code, 2, "{}", said.errors);
    for (account, row) in by_account(&world) {
        let lost = account == members[1];
        assert_eq!(row.scan_state == ScanState::NotScanned, lost, "{row:?}");
        assert_eq!(row.reason_code.as_deref(), lost.then_some("ROLE_MISSING_OR_UNTRUSTED"));
    }
}

/// Session lengths by role, as they were given out.
fn seconds(world: &World) -> BTreeMap<String, BTreeSet<u64>> {
    let mut seconds: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for session in world.running.sessions() {
        seconds.entry(session.role).or_default().insert(session.duration_seconds);
    }
    seconds
}

fn assumed(world: &World) -> u64 {
    world
        .running
        .calls()
        .iter()
        .filter(|((_, action), _)| action == "sts:AssumeRole")
        .map(|(_, count)| count)
        .sum()
}

/// The notes of the accounts that were entered by a role.
fn notes(world: &World) -> BTreeSet<Option<String>> {
    let members = members(world);
    let rows = by_account(world);
    members.iter().map(|account| rows[account].notes.clone()).collect()
}

#[test]
fn a_session_that_is_longer_than_the_role_takes_falls_back_with_a_note() {
    let long = ["--check", CHECK[1], "--session-duration", "7200"];
    let world = World::start(good(4));
    assert_eq!(world.scan(&long).code, 0);
    // Refused once in each account, and then as long as AWS gives.
    assert_eq!(seconds(&world), BTreeMap::from([(AUDIT.to_owned(), BTreeSet::from([3600]))]));
    assert_eq!(assumed(&world), 3 * 2);
    let told = notes(&world);
    assert!(
        told.len() == 1
            && told.iter().flatten().all(|note| note.contains("does not allow a session duration of 7200 s")),
        "{told:?}"
    );

    let world = World::start(Options { audit_role_session_seconds: 7200, ..good(4) });
    assert_eq!(world.scan(&long).code, 0);
    assert_eq!(seconds(&world), BTreeMap::from([(AUDIT.to_owned(), BTreeSet::from([7200]))]));
    assert_eq!((assumed(&world), notes(&world)), (3, BTreeSet::from([None])));
    // No more than what is asked for is asked for.
    let world = World::start(Options { audit_role_session_seconds: 7200, ..good(4) });
    assert_eq!(world.scan(&CHECK).code, 0);
    assert_eq!(seconds(&world), BTreeMap::from([(AUDIT.to_owned(), BTreeSet::from([3600]))]));
    for (length, wanted) in [("899", "900"), ("43201", "43200")] {
        let said = world.scan(&["--session-duration", length]);
        assert_eq!(said.code, 3, "{}", said.errors);
        assert!(
            said.errors.contains("--session-duration") && said.errors.contains(wanted),
            "{}",
            said.errors
        );
    }
}

#[test]
fn a_chained_session_is_asked_for_an_hour_at_most() {
    // The audit role would take two hours, but not from a session.
    let two_hours = Options { chain: true, audit_role_session_seconds: 7200, ..good(4) };
    let world = World::start(two_hours);
    let hub = world.running.hub_role_arn().unwrap();
    let said = world.scan(&[CHECK[0], CHECK[1], "--role-chain", &hub, "--session-duration", "7200"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let given = BTreeMap::from([
        (AUDIT.to_owned(), BTreeSet::from([3600])),
        // The caller is a user: the first role is no chain yet.
        ("orgsweep/OrgsweepHub".to_owned(), BTreeSet::from([7200])),
    ]);
    assert_eq!(seconds(&world), given);
    assert_eq!(assumed(&world), 4, "nothing was refused");
    let told = notes(&world);
    assert!(told.iter().flatten().all(|note| note.contains("at most 3600 s")), "{told:?}");
    assert_eq!(told.len(), 1);

    // A caller that is a session itself makes the members' a chain.
    let world = World::start(Options { audit_role_session_seconds: 7200, ..good(4) });
    let config = world.file("config");
    let role = format!("arn:aws:iam::{}:role/{ADMINISTRATOR}", world.running.management_account_id());
    let profiles = format!(
        "[default]\nrole_arn = {role}\nsource_profile = hub\n[profile hub]\naws_access_key_id = {}\n\
         aws_secret_access_key = {}\n",
        world.running.access_key_id(),
        world.running.secret_access_key()
    );
    std::fs::write(&config, profiles).unwrap();
    let mut command = world.command(&[CHECK[0], CHECK[1], "--session-duration", "7200"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let said = run(command.env("AWS_CONFIG_FILE", &config));
    assert_eq!(said.code, 0, "{}", said.errors);
    let audit: Vec<SessionInfo> =
        world.running.sessions().into_iter().filter(|session| session.role == AUDIT).collect();
    assert_eq!(audit.len(), 3);
    assert!(audit.iter().all(|session| session.duration_seconds == 3600), "{audit:?}");
    assert!(audit.iter().all(|session| session.caller.contains(":assumed-role/")), "{audit:?}");
}

#[test]
fn a_role_on_the_way_that_aws_no_longer_takes_is_assumed_anew() {
    // The audit account is on the way itself: it would be told to the caller and not to the hub.
    let refused = |world: &World| -> Vec<Fault> {
        let hub = world.running.hub_role_arn().unwrap();
        let entered = members(world).into_iter().filter(|account| !hub.contains(account.as_str()));
        entered
            .map(|account| Fault {
                account: Some(account),
                nth: Some(1),
                ..Fault::new(FaultKind::ExpiredToken, "sts:AssumeRole")
            })
            .collect()
    };
    let whole = Options { chain: true, ..good(6) };
    let faults = refused(&World::start(whole.clone()));
    assert_eq!(faults.len(), 4);
    let world = World::start(Options { faults, ..whole.clone() });
    let hub = world.running.hub_role_arn().unwrap();
    let said = world.scan(&[CHECK[0], CHECK[1], "--role-chain", &hub, "--concurrency", "1"]);
    assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
    assert_eq!(world.running.faults_struck(), [1; 4]);
    let hubs = |world: &World| {
        world.running.sessions().iter().filter(|session| session.role == "orgsweep/OrgsweepHub").count()
    };
    assert_eq!(hubs(&world), 1 + 4);

    // Refused to several at once, it is not assumed anew for each of them.
    let at_once = Options { latency: Duration::from_millis(100), ..whole.clone() };
    let world = World::start(Options { faults: refused(&world), ..at_once.clone() });
    let said = world.scan(&[CHECK[0], CHECK[1], "--role-chain", &hub]);
    assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
    assert_eq!(world.running.faults_struck(), [1; 4]);
    assert!((2..1 + 4).contains(&hubs(&world)), "{}", hubs(&world));

    // A hub that lets nobody in any more is told as that, and no other role is tried in the accounts. Whoever waited while it
    // was asked does not ask again.
    let hub_account = hub.split(':').nth(4).unwrap();
    let hub_refuses = (2..=5).map(|nth| Fault {
        account: Some(hub_account.to_owned()),
        nth: Some(nth),
        ..Fault::new(FaultKind::Denied, "sts:AssumeRole")
    });
    let faults = refused(&world).into_iter().chain(hub_refuses).collect();
    let world = World::start(Options { faults, ..at_once });
    let roles = ["--role-name", AUDIT, "--role-name", ADMINISTRATOR];
    let chosen = [CHECK[0], CHECK[1], "--role-chain", &hub, "--exclude-account", hub_account];
    let said = world.scan(&[&chosen[..], &roles].concat());
    assert_eq!(said.code, 2, "{}{}", said.output, said.errors);
    assert!(said.output.contains("a role in the chain could not be assumed again"), "{}", said.output);
    let rows = by_account(&world);
    let lost: Vec<_> =
        rows.values().filter(|row| row.reason_code.as_deref() == Some("SERVICE_ERROR")).collect();
    assert_eq!(lost.len(), 4, "{}", said.output);
    assert!(lost.iter().all(|row| row.reason.as_deref().unwrap().contains(&hub)), "{lost:?}");
    assert!((2 + 4..5 + 4).contains(&assumed(&world)), "{}", assumed(&world));

    // Refused for good, the account is lost, after a bounded number of calls.
    let faults = refused(&world).into_iter().take(1).map(|fault| Fault { nth: None, ..fault }).collect();
    let world = World::start(Options { faults, ..whole });
    let said = world.scan(&[CHECK[0], CHECK[1], "--role-chain", &hub]);
    assert_eq!(said.code, 2, "{}{}", said.output, said.errors);
    assert_eq!(world.running.faults_struck(), [2]);
}

/// A process that gives the hub user's credentials, to be asked for anew for every use, so often and then no more.
fn credentials_that_end(world: &World, uses: usize) -> std::path::PathBuf {
    let (process, config, count) = (world.file("credentials.sh"), world.file("config"), world.file("uses"));
    std::fs::write(&count, "").unwrap();
    let script = format!(
        r#"echo >> {count}
[ "$(wc -l < {count})" -le {uses} ] || {{ echo "the token has expired: sign in again" >&2; exit 1; }}
echo '{{"Version":1,"AccessKeyId":"{}","SecretAccessKey":"{}","Expiration":"2026-01-01T00:00:00Z"}}'
"#,
        world.running.access_key_id(),
        world.running.secret_access_key(),
        count = count.display(),
    );
    std::fs::write(&process, script).unwrap();
    std::fs::write(&config, format!("[default]\ncredential_process = sh {}\n", process.display())).unwrap();
    config
}

#[test]
fn credentials_that_end_in_mid_scan_are_not_the_networks_fault() {
    let scanned = |uses: usize| {
        let world = World::start(good(8));
        let config = credentials_that_end(&world, uses);
        // Organizations is not asked: nothing is read beside the accounts.
        let accounts = world.file("accounts.txt");
        std::fs::write(&accounts, members(&world).join("\n")).unwrap();
        let accounts = accounts.display().to_string();
        let mut command =
            world.command(&[CHECK[0], CHECK[1], "--concurrency", "1", "--accounts-file", &accounts]);
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let said = run(command.env("AWS_CONFIG_FILE", config));
        let used = std::fs::read_to_string(world.file("uses")).unwrap().lines().count();
        (world, said, used)
    };
    let (_, said, used) = scanned(1000);
    assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
    let (world, said, _) = scanned(used - 3);
    assert_eq!(said.code, 2, "{}{}", said.output, said.errors);
    assert!(said.output.contains("could not obtain the caller's credentials"), "{}", said.output);
    let rows = by_account(&world);
    let lost: Vec<_> = rows.values().filter(|row| row.scan_state != ScanState::Scanned).collect();
    assert!((1..7).contains(&lost.len()), "{}", said.output);
    for row in lost {
        let reason = row.reason.as_deref().unwrap();
        assert_eq!(row.reason_code.as_deref(), Some("SERVICE_ERROR"), "{reason}");
        assert!(
            reason.contains("could not obtain the caller's credentials") && reason.contains("sign in again"),
            "{reason}"
        );
    }
}

const TAGGED: [&str; 6] =
    ["--source-identity", "ann@example.com", "--session-tag", "team=audit", "--session-tag", "ticket=4711"];

fn is_tagged(session: &SessionInfo) -> bool {
    let tags = [("team", "audit"), ("ticket", "4711")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    session.source_identity.as_deref() == Some("ann@example.com") && session.tags == tags
}

#[test]
fn tags_and_source_identity_are_on_every_session() {
    let world = World::start(Options { chain: true, ..good(4) });
    let hub = world.running.hub_role_arn().unwrap();
    let said = world.scan(&[&CHECK[..], &TAGGED, &["--role-chain", &hub]].concat());
    assert_eq!(said.code, 0, "{}", said.errors);
    let sessions = world.running.sessions();
    // The audit account is entered like the others.
    assert_eq!(sessions.len(), 4);
    assert!(sessions.iter().all(is_tagged), "{sessions:?}");
    // Who sets none sends none.
    let world = World::start(good(4));
    assert_eq!(world.scan(&CHECK).code, 0);
    let plain = |session: &SessionInfo| session.source_identity.is_none() && session.tags.is_empty();
    assert!(world.running.sessions().iter().all(plain));
}

/// The trust as it is printed for the hub user of a world.
fn printed_trust(world: &World, more: &[&str]) -> String {
    let hub = format!("arn:aws:iam::{}:user/orgsweep-hub", world.running.management_account_id());
    assert_eq!(world.scan(&CHECK).code, 0);
    let organization = world.rows::<ScanRecord>()[0].org_id.clone();
    let arguments =
        ["policy", "--for", "trust", "--trusted-principal", &hub, "--organization-id", &organization];
    let said = orgsweep(&[&arguments, more].concat());
    assert_eq!(said.code, 0, "{}", said.errors);
    said.output
}

#[test]
fn the_printed_trust_lets_tags_and_source_identity_in_where_it_was_told_to() {
    let extras = ["--with-session-tags", "--with-source-identity"];
    let hub = orgsweep(&[&["policy", "--for", "hub"], &extras[..]].concat()).output;
    let with = |trust: String| {
        let options = Options { hub_policy: Some(hub.clone()), member_trust: Some(trust), ..good(4) };
        let world = World::start(options);
        let said = world.scan(&[&CHECK[..], &TAGGED].concat());
        let lost: Vec<ScanAccountRecord> =
            by_account(&world).into_values().filter(|row| row.scan_state == ScanState::NotScanned).collect();
        assert!(lost.iter().all(|row| row.reason_code.as_deref() == Some("ROLE_MISSING_OR_UNTRUSTED")));
        (said.code, lost.len(), world)
    };
    let world = World::start(good(4));
    let (code, lost, entered) = with(printed_trust(&world, &extras));
    assert_eq!((code, lost), (0, 0));
    assert!(entered.running.sessions().iter().all(is_tagged));
    for one_only in [&extras[..1], &extras[1..], &[]] {
        let (code, lost, _) = with(printed_trust(&world, one_only));
        assert_eq!((code, lost), (2, 3), "{one_only:?}");
    }
    // A trust in sts:AssumeRole alone takes neither, and without them it does.
    let narrow = || World::start(Options { trust_assume_only: true, ..good(4) });
    assert_eq!(narrow().scan(&CHECK).code, 0);
    for extra in [&TAGGED[..2], &TAGGED[2..4]] {
        let world = narrow();
        assert_eq!(world.scan(&[&CHECK[..], extra].concat()).code, 2, "{extra:?}");
        assert!(world.running.sessions().is_empty());
    }
}

#[test]
fn a_session_policy_that_aws_cannot_pack_is_refused_with_advice() {
    let world = World::start(Options { packed_policy_too_large: true, ..good(4) });
    let said = world.scan(&CHECK);
    assert_eq!(said.code, 2, "{}", said.errors);
    let members = members(&world);
    for (account, row) in by_account(&world) {
        assert_eq!(row.scan_state == ScanState::NotScanned, members.contains(&account), "{row:?}");
        if let Some(reason) = row.reason {
            for wanted in ["PackedPolicyTooLarge", "--no-session-policy", "fewer checks"] {
                assert!(reason.contains(wanted), "{wanted}: {reason}");
            }
        }
    }
    assert!(said.output.contains("PackedPolicyTooLarge"), "{}", said.output);
    assert!(said.output.contains("--no-session-policy"), "{}", said.output);
    let looked = run(&mut world.other(&["doctor", CHECK[0], CHECK[1], "--unlimited"]));
    assert_eq!(looked.code, 2, "{}", looked.errors);
    assert!(looked.output.contains("--no-session-policy"), "{}", looked.output);
    let world = World::start(Options { packed_policy_too_large: true, ..good(4) });
    assert_eq!(world.scan(&CHECK).code, 2);
    // It is no use asking again, and nothing is given up behind the user's back.
    assert_eq!(assumed(&world), 3);
    let world = World::start(Options { packed_policy_too_large: true, chain: true, ..good(4) });
    let hub = world.running.hub_role_arn().unwrap();
    let said = world.scan(&[CHECK[0], CHECK[1], "--role-chain", &hub]);
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains(&hub) && said.errors.contains("--no-session-policy"), "{}", said.errors);

    // The way out that was advised is one.
    let world = World::start(Options { packed_policy_too_large: true, ..good(4) });
    assert_eq!(world.scan(&[CHECK[0], CHECK[1], "--no-session-policy"]).code, 0);
}

#[test]
fn a_scan_without_session_policies_says_so() {
    let world = World::start(Options { chain: true, ..good(4) });
    let hub = world.running.hub_role_arn().unwrap();
    let said = world.scan(&["--no-session-policy", "--role-chain", &hub]);
    assert_eq!(said.code, 0, "{}", said.errors);
    // Neither the members' sessions have one nor those on the way.
    assert!(world.running.sessions().iter().all(|session| session.session_policy.is_none()));
    assert_eq!(world.rows::<ScanRecord>()[0].session_policy, None);
    let plan = world.scan(&["--no-session-policy", "--plan"]);
    assert!(plan.output.contains("Session policy") && plan.output.contains("none"), "{}", plan.output);
}

/// The clock of this machine is wrong: nothing that is signed is taken, and nothing else is said to be the reason.
#[test]
fn a_scan_by_a_wrong_clock_names_the_clock() {
    let fault = Fault::new(FaultKind::ClockSkew, "*");
    let world = World::start(Options { faults: vec![fault], ..good(4) });
    let said = world.scan(&CHECK);
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains("The clock of this machine is wrong"), "{}", said.errors);
    assert!(is_empty_lake(&world.lake()));
}
