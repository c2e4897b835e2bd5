//! What is recorded of one simulator holds in another of the same seed.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use orgsweep_simulator::Options;
use serde_json::{Value as Json, json};

use crate::client::{Answer, World, options, role};

/// A recording of a few calls: about nobody, about account 1, about the management account.
fn recorded() -> (Vec<Json>, World) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let record = Some(file.path().to_owned());
    let world = World::start(Options { record, ..options(3) });
    let hub = world.hub();
    hub.sts("GetCallerIdentity", &[]);
    hub.organizations("ListRoots", &json!({}));
    let first = world.member(1);
    first.iam("GetCredentialReport", &[]);
    // A second session of the account has credentials of its own.
    world.member(1).iam("ListRoles", &[("MaxItems", "1000")]);
    first.iam("GetAccountSummary", &[]);
    hub.iam("ListRoles", &[]);
    let text = std::fs::read_to_string(file.path()).unwrap();
    (text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), world)
}

fn replayed(line: &Json, address: &str) -> Answer {
    let headers = line["headers"].as_array().unwrap().iter().map(|pair| {
        let text = |index: usize| pair[index].as_str().unwrap();
        format!("{}: {}\r\n", text(0), text(1))
    });
    let text = |name: &str| line[name].as_str().unwrap();
    let request = format!(
        "{} {} HTTP/1.1\r\n{}\r\n{}",
        text("method"),
        text("path"),
        headers.collect::<String>(),
        text("body")
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    Answer::parse(&bytes)
}

#[test]
fn every_request_is_written_down_with_what_it_is_about() {
    let (lines, world) = recorded();
    let about: Vec<(Option<&str>, &str, u64, Option<&str>)> = lines
        .iter()
        .map(|line| {
            let (status, error) = (line["status"].as_u64().unwrap(), line["error"].as_str());
            (line["account"].as_str(), line["action"].as_str().unwrap(), status, error)
        })
        .collect();
    let (management, first) = (world.account(0), world.account(1));
    let (management, first) = (Some(management.as_str()), Some(first.as_str()));
    let wanted = [
        (None, "sts:GetCallerIdentity", 200, None),
        (None, "organizations:ListRoots", 200, None),
        (first, "sts:AssumeRole", 200, None),
        (first, "iam:GetCredentialReport", 410, Some("ReportNotPresent")),
        (first, "sts:AssumeRole", 200, None),
        (first, "iam:ListRoles", 200, None),
        (first, "iam:GetAccountSummary", 200, None),
        (management, "iam:ListRoles", 200, None),
    ];
    assert_eq!(about, wanted);
}

#[test]
fn recorded_requests_hold_in_another_simulator_of_the_same_seed() {
    let (lines, _) = recorded();
    let again = World::start(options(3));
    let address = again.running.endpoint().trim_start_matches("http://").to_owned();
    for line in &lines {
        let answer = replayed(line, &address);
        let came = (u64::from(answer.status), answer.body.len() as u64);
        let wanted = (line["status"].as_u64().unwrap(), line["answer_bytes"].as_u64().unwrap());
        assert_eq!(came, wanted, "{}: {}", line["action"], answer.body);
    }
    // Another seed has other credentials, and the same role opens only to its own.
    let other = World::start(Options { seed: 8, ..options(3) });
    assert!(other.hub().assume(&role(&other.account(1)), &[]).is_ok());
    let address = other.running.endpoint().trim_start_matches("http://").to_owned();
    let listing = lines.iter().rfind(|line| line["action"] == "iam:GetAccountSummary").unwrap();
    assert_eq!(replayed(listing, &address).code(), "InvalidClientTokenId");
}
