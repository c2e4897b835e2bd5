//! What goes over the wire, and in which order: from the simulator's own recording, and so without a clock.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_simulator::{Fault, FaultKind, Options};
use serde_json::Value as Json;

use crate::support::{NOW, Said, World, options, run};

/// Costs a member two calls: AssumeRole and this one.
const CHEAPEST: [&str; 2] = ["--check", "iam-password-policy-length"];
const REPORT_CHECK: [&str; 2] = ["--check", "iam-user-access-key-unrotated"];

fn good(accounts: usize) -> Options {
    Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(accounts) }
}

/// Scans, and gives every request back in the order in which they were answered.
fn recorded(options: Options, arguments: &[&str]) -> (Said, Vec<Json>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.jsonl");
    let world = World::start(Options { record: Some(path.clone()), ..options });
    let mut command = world.other(&["scan", "--now", NOW, "--out"]);
    let said = run(command.arg(world.lake()).args(arguments));
    let text = std::fs::read_to_string(path).unwrap();
    (said, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn account(request: &Json) -> &str {
    request["account"].as_str().unwrap_or_default()
}

#[test]
fn every_request_names_the_program_and_its_version() {
    let arguments = ["--unlimited", "--collect", "all", "--role-chain"];
    let hop = {
        let world = World::start(good(3));
        format!("arn:aws:iam::{}:role/OrganizationAccountAccessRole", world.running.management_account_id())
    };
    let (said, requests) = recorded(good(3), &[&arguments[..], &[&hop]].concat());
    assert_eq!(said.code, 0, "{}", said.errors);
    let services: BTreeSet<&str> = requests
        .iter()
        .map(|request| request["action"].as_str().unwrap().split(':').next().unwrap())
        .collect();
    assert_eq!(services, BTreeSet::from(["iam", "organizations", "sts"]));
    let wanted = format!("app/orgsweep-{}", env!("CARGO_PKG_VERSION"));
    for request in &requests {
        // CloudTrail's `userAgent` is this header.
        let agents =
            request["headers"].as_array().unwrap().iter().filter(|pair| pair[0] == "x-amz-user-agent");
        let agents: Vec<&str> = agents.map(|pair| pair[1].as_str().unwrap()).collect();
        assert_eq!(agents.len(), 1, "{request}");
        assert!(agents[0].split(' ').any(|part| part == wanted), "{agents:?}");
    }
}

#[test]
fn waiting_for_a_report_holds_no_request_slot() {
    let victim = {
        let world = World::start(good(8));
        let management = world.running.management_account_id();
        world.running.accounts().into_iter().map(|account| account.id).find(|id| *id != management).unwrap()
    };
    let never = Fault::new(FaultKind::ReportNeverReady, "iam:GetCredentialReport");
    let slow = Fault { account: Some(victim.clone()), times: Some(3), ..never };
    // One request in flight at most: of the two accounts in flight, one waits for its report.
    let arguments = [&REPORT_CHECK[..], &["--unlimited", "--requests", "1", "--concurrency", "2"]].concat();
    let (said, requests) = recorded(Options { faults: vec![slow], ..good(8) }, &arguments);
    assert_eq!(said.code, 0, "{}", said.errors);
    let is_look =
        |request: &Json| request["action"] == "iam:GetCredentialReport" && account(request) == victim;
    let looks: Vec<usize> = (0..requests.len()).filter(|place| is_look(&requests[*place])).collect();
    assert!(looks.len() >= 4, "{looks:?}");
    let waited = looks[0]..looks[looks.len() - 1];
    let others = requests[waited].iter().filter(|request| account(request) != victim).count();
    // If a wait held the slot, the other account would get one request in after each of them.
    assert!(others > 2 * looks.len(), "{others} requests of others during {} looks", looks.len());
}

/// When AWS says when to come again, nobody comes before that. The SDK's own first wait is a second at most.
#[test]
fn nobody_comes_back_before_aws_said() {
    for kind in [FaultKind::Throttle, FaultKind::Unavailable] {
        let told = Fault {
            nth: Some(1),
            retry_after_ms: Some(2500),
            ..Fault::new(kind, "iam:GetAccountPasswordPolicy")
        };
        let arguments = [&CHEAPEST[..], &["--unlimited"]].concat();
        let (said, requests) = recorded(Options { faults: vec![told], ..good(3) }, &arguments);
        assert_eq!(said.code, 0, "{}", said.errors);
        let mut answered: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for request in requests.iter().filter(|request| request["action"] == "iam:GetAccountPasswordPolicy") {
            answered.entry(account(request)).or_default().push(request["at_milliseconds"].as_u64().unwrap());
        }
        assert_eq!(answered.len(), 3);
        for (account, moments) in answered {
            assert_eq!(moments.len(), 2, "{account}: {moments:?}");
            assert!(moments[1] - moments[0] >= 2400, "{kind:?} {account}: {moments:?}");
        }
    }
}

#[test]
fn a_low_rate_is_not_queued_for_by_more_accounts_than_it_can_feed() {
    // 0.4 a second at first: four accounts.
    let arguments = [&CHEAPEST[..], &["--max-rate", "1", "--concurrency", "50"]].concat();
    let (said, requests) = recorded(good(8), &arguments);
    assert_eq!(said.code, 0, "{}", said.errors);
    assert!(said.errors.contains("using 4"), "{}", said.errors);
    let (mut inside, mut most) = (BTreeSet::new(), 0);
    for request in &requests {
        match request["action"].as_str().unwrap() {
            "sts:AssumeRole" => assert!(inside.insert(account(request))),
            "iam:GetAccountPasswordPolicy" => drop(inside.remove(account(request))),
            _ => {}
        }
        most = most.max(inside.len());
    }
    // The caller's own account needs no role and has a place too.
    assert!((3..=4).contains(&most), "{most} accounts were inside at once");
}
