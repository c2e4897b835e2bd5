//! A scan that is stopped, killed or split ends with what a scan in one go would have found, or with nothing.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::{Duration, Instant};

use orgsweep_lake::{Lake, ScanHeader, ScanSelector};
use orgsweep_model::Status;
use orgsweep_model::records::{
    ApiCallRecord, CoverageRecord, FindingRecord, ScanAccountRecord, ScanRecord, ScanStatus, TableRead,
    TableReadOutcome,
};
use orgsweep_simulator::{Fault, FaultKind, Options};

use crate::support::{World, is_empty_lake, options, run, signal, until_finished, until_told};

/// Slow enough to be stopped in the middle.
pub fn slow(accounts: usize) -> Options {
    Options { latency: Duration::from_millis(60), ..options(accounts) }
}

/// The scans of a world's lake that can be resumed.
fn unfinished(world: &World) -> Vec<ScanHeader> {
    Lake::open(&world.lake()).unwrap().unfinished().unwrap()
}

/// A verdict, without what only says when and by which scan it was made.
pub type Verdict = (String, String, String, Status, Option<String>);

pub fn verdicts(world: &World) -> Vec<Verdict> {
    let findings: Vec<FindingRecord> = world.rows();
    findings.into_iter().map(verdict).collect()
}

pub fn verdict(row: FindingRecord) -> Verdict {
    (row.account_id.to_string(), row.check_id.into_owned(), row.resource_uid, row.status, row.message)
}

pub fn coverage(world: &World) -> Vec<CoverageRecord> {
    world.rows()
}

/// What a scan of the same organization finds in one go.
pub fn in_one_go(options: Options) -> (Vec<Verdict>, Vec<CoverageRecord>) {
    let world = World::start(Options { latency: Duration::ZERO, ..options });
    let said = world.scan(&[]);
    assert!([0, 2].contains(&said.code), "{}", said.errors);
    (verdicts(&world), coverage(&world))
}

/// Requests of one action that were made for no account in particular, as the lake has them.
pub fn shared_attempts(world: &World, service: &str, action: &str) -> u64 {
    let rows: Vec<ApiCallRecord> = world.rows();
    let of_it =
        |row: &&ApiCallRecord| row.account_id.is_none() && row.service == service && row.action == action;
    rows.iter().filter(of_it).map(|row| row.attempts as u64).sum()
}

/// Requests of one action, as the other side counted.
pub fn asked(world: &World, action: &str) -> u64 {
    world.running.calls().iter().filter(|((_, known), _)| known == action).map(|(_, count)| count).sum()
}

pub fn calls(world: &World) -> u64 {
    world.running.calls().values().sum()
}

#[test]
fn a_killed_scan_leaves_no_result_and_goes_on_to_the_same_one() {
    let world = World::start(slow(24));
    let mut child = world.command(&["--log-format", "json", "--concurrency", "3"]).spawn().unwrap();
    until_finished(&mut child, 5);
    signal(&child, "KILL");
    child.wait().unwrap();
    assert!(is_empty_lake(&world.lake()));
    let before = calls(&world);

    let said = world.scan(&["--resume"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert!(said.errors.contains("are already finished"), "{}", said.errors);
    let (whole, whole_coverage) = in_one_go(slow(24));
    assert_eq!(verdicts(&world), whole);
    assert_eq!(coverage(&world), whole_coverage);
    assert!(!world.lake().join("staging").exists());
    // What both processes asked of AWS for no account in particular is counted.
    for (service, action) in [("sts", "GetCallerIdentity"), ("organizations", "DescribeOrganization")] {
        assert_eq!(shared_attempts(&world, service, action), 2, "{service}:{action}");
        assert_eq!(asked(&world, &format!("{service}:{action}")), 2);
    }
    let scan = &world.rows::<ScanRecord>()[0];
    let rows: Vec<ApiCallRecord> = world.rows();
    assert_eq!(scan.api_calls, rows.iter().map(|row| row.calls).sum::<i64>());
    // What was finished was not asked for again.
    let again = calls(&world) - before;
    let fresh = World::start(options(24));
    fresh.scan(&[]);
    assert!(again < calls(&fresh) - 20, "{again} calls to go on, {} for all", calls(&fresh));
}

#[test]
fn ctrl_c_finishes_what_is_in_flight_and_keeps_it() {
    let world = World::start(slow(24));
    let mut child = world.command(&["--log-format", "json", "--concurrency", "3"]).spawn().unwrap();
    until_finished(&mut child, 2);
    signal(&child, "INT");
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{told}");
    assert!(told.contains("--resume"), "{told}");
    assert!(is_empty_lake(&world.lake()));
    let kept = unfinished(&world);
    assert_eq!(kept.len(), 1);
    let said = world.scan(&["--resume", &kept[0].scan_id]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert_eq!(verdicts(&world), in_one_go(slow(24)).0);
}

/// A unit was renamed since the scan began: going on can never succeed, so nobody is told to try it again.
#[test]
fn a_scan_whose_choice_is_there_no_more_says_to_scan_anew_and_which_folder_to_delete() {
    let world = World::start(slow(24));
    let choice = ["--log-format", "json", "--concurrency", "2", "--ou", "/Root/Workloads"];
    let mut child = world.command(&choice).spawn().unwrap();
    until_finished(&mut child, 2);
    signal(&child, "KILL");
    child.wait().unwrap();
    let kept = unfinished(&world);
    let folder = world.lake().join("staging").join(&kept[0].scan_id);

    let unit_names = BTreeMap::from([("Workloads".to_owned(), "Work".to_owned())]);
    let renamed = World::start(Options { unit_names, ..slow(24) });
    let mut again = renamed.command_into(&world.lake(), &["--ou", "/Root/Workloads", "--resume"]);
    let said = run(&mut again);
    assert_eq!(said.code, 3, "{}", said.errors);
    for words in
        ["--ou /Root/Workloads", "/Root/Work", "start a new scan without --resume", folder.to_str().unwrap()]
    {
        assert!(said.errors.contains(words), "{words}: {}", said.errors);
    }
    assert!(!said.errors.contains("--resume 0"), "{}", said.errors);
    // Nothing that could still be of use is taken away.
    assert_eq!(unfinished(&world).len(), 1);
}

#[test]
fn a_stopped_scan_is_published_only_when_asked_and_never_as_the_latest() {
    let world = World::start(slow(24));
    let arguments = ["--log-format", "json", "--concurrency", "2", "--publish-partial"];
    let mut child = world.command(&arguments).spawn().unwrap();
    until_finished(&mut child, 2);
    signal(&child, "INT");
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2), "{told}");
    let published: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!(published["status"], "PARTIAL");
    assert!(!world.lake().join("latest.json").exists());
    let id = ScanSelector::Id(published["scan_id"].as_str().unwrap().parse().unwrap());
    let scan = Lake::open(&world.lake()).unwrap().scan(&id).unwrap();
    let scans: Vec<ScanRecord> = scan.rows().unwrap();
    assert_eq!(scans[0].status, ScanStatus::Partial);
    let accounts: Vec<ScanAccountRecord> = scan.rows().unwrap();
    assert_eq!(accounts.len(), 24);
    let cancelled = accounts.iter().filter(|row| row.reason_code.as_deref() == Some("CANCELLED")).count();
    assert!(cancelled >= 10, "{cancelled}");
    let coverage: Vec<CoverageRecord> = scan.rows().unwrap();
    assert_eq!(coverage.len(), 24 * 24);
}

/// In some accounts nothing comes for a minute: who asks once waits for them, who asks twice does not.
#[test]
fn ctrl_c_twice_stops_at_once_and_keeps_what_is_finished() {
    let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(7) };
    let stuck: Vec<String> = {
        let world = World::start(good.clone());
        let management = world.running.management_account_id();
        let ids = world.running.accounts().into_iter().map(|account| account.id);
        ids.filter(|id| *id != management).skip(2).collect()
    };
    assert_eq!(stuck.len(), 4);
    let hang = |account: &String| Fault {
        account: Some(account.clone()),
        nth: Some(1),
        ..Fault::new(FaultKind::Hang, "iam:ListRoles")
    };
    let world = World::start(Options { faults: stuck.iter().map(hang).collect(), ..good.clone() });
    let mut child = world.command(&["--log-format", "json", "--publish-partial"]).spawn().unwrap();
    until_finished(&mut child, 3);
    signal(&child, "INT");
    until_told(&mut child, "\"event\":\"stopping\"", 1);
    let watch = Instant::now();
    signal(&child, "INT");
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{told}");
    // Half of what accounts in flight are given after the first.
    assert!(watch.elapsed() < Duration::from_secs(15), "{:?}", watch.elapsed());
    // Nothing is published, though that was allowed: who is in a hurry waits for no writing either.
    for wanted in ["nothing was published", "3 finished accounts are kept", "--resume"] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    assert!(is_empty_lake(&world.lake()));
    assert_eq!(unfinished(&world).len(), 1);

    let before = world.running.calls();
    let said = world.scan(&["--resume"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    assert_eq!(verdicts(&world), in_one_go(good).0);
    let after = world.running.calls();
    let asked_again = |account: &str| {
        let of_it = |calls: &BTreeMap<(String, String), u64>| -> u64 {
            // AWS-managed policies are read through the caller's session, once a run.
            let of_the_caller = ["iam:ListPolicies", "iam:GetPolicyVersion"];
            let iam = |(id, action): &(String, String)| {
                id == account && action.starts_with("iam:") && !of_the_caller.contains(&action.as_str())
            };
            calls.iter().filter(|(what, _)| iam(what)).map(|(_, count)| count).sum()
        };
        of_it(&after) > of_it(&before)
    };
    for account in world.running.accounts() {
        assert_eq!(asked_again(&account.id), stuck.contains(&account.id), "{}", account.id);
    }
}

#[test]
fn a_deadline_is_kept_and_the_scan_goes_on_later() {
    let world = World::start(Options { latency: Duration::from_millis(150), ..options(40) });
    let said = world.scan(&["--deadline", "12s", "--concurrency", "2"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert!(
        said.errors.contains("the deadline was reached") && said.errors.contains("--resume"),
        "{}",
        said.errors
    );
    assert!(is_empty_lake(&world.lake()));
    let said = world.scan(&["--resume"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert_eq!(verdicts(&world), in_one_go(options(40)).0);
}

#[test]
fn organization_policies_that_outlast_the_deadline_are_told_as_unknown_and_cost_no_account() {
    let faults = vec![Fault::new(FaultKind::Hang, "organizations:ListPolicies")];
    let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), faults, ..options(4) };
    let world = World::start(good);
    let said = world.scan(&["--deadline", "12s"]);
    assert_eq!(said.code, 2, "a table of the organization was lost: {}", said.errors);
    assert!(
        said.errors.contains("service and resource control policies are unknown: CANCELLED"),
        "{}",
        said.errors
    );
    let reads: Vec<TableRead> = world.rows();
    let gaps: Vec<_> = reads.iter().filter(|read| read.outcome == TableReadOutcome::Gap).collect();
    assert_eq!(gaps.len(), 1, "{gaps:#?}");
    assert_eq!(gaps[0].table_name, "organization_policies");
    assert_eq!(gaps[0].reason_code.as_deref(), Some("CANCELLED"));
    assert_eq!(coverage(&world).len(), 4 * 24);
}

#[test]
fn what_cannot_go_on_says_why() {
    let world = World::start(slow(24));
    let said = world.scan(&["--resume"]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("no unfinished scan"), "{}", said.errors);
    let mut child = world.command(&["--log-format", "json", "--concurrency", "3"]).spawn().unwrap();
    until_finished(&mut child, 2);
    signal(&child, "KILL");
    child.wait().unwrap();
    let other = world.scan(&["--resume", "--exclude-check", "iam-group-empty"]);
    assert_eq!(other.code, 3);
    assert!(other.errors.contains("was started with other options"), "{}", other.errors);
    let wrong = world.scan(&["--resume", "01ARYZ6S41TSV4RRFFQ69G5FAV"]);
    assert!(wrong.errors.contains("no such unfinished scan"), "{}", wrong.errors);
}

/// What is kept and cannot be gone on with is told before AWS is asked, with the folder to delete; and it is in no other scan's
/// way.
#[test]
fn what_is_kept_and_damaged_is_told_with_the_folder_to_delete() {
    let world = World::start(slow(12));
    let mut child = world.command(&["--log-format", "json", "--concurrency", "2"]).spawn().unwrap();
    until_finished(&mut child, 2);
    signal(&child, "KILL");
    child.wait().unwrap();
    let kept = unfinished(&world);
    let folder = world.lake().join("staging").join(&kept[0].scan_id);
    let header = std::fs::read(folder.join("scan.json")).unwrap();
    let asked = calls(&world);
    for (name, damaged) in [
        ("scan.json", &b"no JSON"[..]),
        ("scan.json", b""),
        ("scan.json", &header[..header.len() / 2]),
        ("journal.jsonl", b"no JSON\n"),
        ("usage.jsonl", b"no JSON\n"),
        ("findings.rows", b""),
    ] {
        let path = folder.join(name);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, damaged).unwrap();
        for arguments in [&["--resume"][..], &["--resume", &kept[0].scan_id]] {
            let said = world.scan(arguments);
            assert_eq!(said.code, 3, "{name}: {}", said.errors);
            let way_out = format!("delete the folder {} and start a new scan", folder.display());
            for words in [path.to_str().unwrap(), &way_out] {
                assert!(said.errors.contains(words), "{name}: {words}: {}", said.errors);
            }
        }
        std::fs::write(&path, whole).unwrap();
    }
    assert_eq!(calls(&world), asked);
    // Which organization it is of is known only once AWS has said which this one is.
    std::fs::write(folder.join("organization"), "").unwrap();
    let said = world.scan(&["--resume"]);
    assert_eq!(said.code, 3, "{}", said.errors);
    for words in
        ["organization: expected the ID of the organization", "delete the folder", "start a new scan"]
    {
        assert!(said.errors.contains(words), "{words}: {}", said.errors);
    }
    assert!(is_empty_lake(&world.lake()));
}

#[test]
fn a_scan_goes_on_with_the_accounts_that_it_began_with() {
    let world = World::start(Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..slow(16) });
    let ids: Vec<String> = world.running.accounts().into_iter().map(|account| account.id).collect();
    let file = world.file("accounts.txt");
    let list = file.to_str().unwrap();
    std::fs::write(&file, ids.join("\n")).unwrap();
    let arguments = ["--accounts-file", list, "--log-format", "json", "--concurrency", "2"];
    let mut child = world.command(&arguments).spawn().unwrap();
    until_finished(&mut child, 3);
    signal(&child, "KILL");
    child.wait().unwrap();

    std::fs::write(&file, ids[1..].join("\n")).unwrap();
    let said = world.scan(&["--resume", "--accounts-file", list]);
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains("--accounts-file"), "{}", said.errors);
    assert!(said.errors.contains("other accounts"), "{}", said.errors);
    assert!(is_empty_lake(&world.lake()));
    // In another order they are the same.
    let turned: Vec<&str> = ids.iter().rev().map(String::as_str).collect();
    std::fs::write(&file, turned.join("\n")).unwrap();
    let said = world.scan(&["--resume", "--accounts-file", list]);
    assert_eq!(said.code, 0, "{}", said.errors);
    assert_eq!(coverage(&world).len(), 16 * 24);
}

#[test]
fn the_wait_for_another_publisher_ends_with_the_deadline_and_nothing_is_lost() {
    let world = World::start(Options { refusing: Some(0), broken: Some(0), ..options(3) });
    std::fs::create_dir_all(world.lake()).unwrap();
    let other = std::fs::File::create(world.lake().join("orgsweep.lock")).unwrap();
    other.lock().unwrap();
    let watch = Instant::now();
    let said = world.scan(&["--deadline", "12s"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert!(watch.elapsed() < Duration::from_secs(12), "{:?}", watch.elapsed());
    assert!(said.errors.contains("while another orgsweep was publishing"), "{}", said.errors);
    assert!(said.errors.contains("--resume"), "{}", said.errors);
    assert!(is_empty_lake(&world.lake()));
    drop(other);
    let sessions = world.running.sessions().len();
    let said = world.scan(&["--resume"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    assert_eq!(world.running.sessions().len(), sessions, "nothing was left to scan");
    assert_eq!(coverage(&world).len(), 3 * 24);
}
