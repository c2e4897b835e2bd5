//! Every kind of fault, as it looks on the wire.

use std::io::{ErrorKind, Read as _};
use std::time::{Duration, Instant};

use orgsweep_simulator::{Fault, FaultKind, Options};
use serde_json::json;

use crate::client::{Answer, Caller, World, options, role};

/// Faults in account 1 of three; account 2 stays as it is.
fn world(faults: Vec<Fault>) -> (World, Caller) {
    let world = World::start(Options { faults, users: Some(8), ..options(3) });
    let member = world.member(1);
    (world, member)
}

fn always(kind: FaultKind, action: &str) -> Vec<Fault> {
    vec![Fault::new(kind, action)]
}

#[test]
fn throttling_in_each_service_s_words_with_the_time_to_wait() {
    let slow = |action: &str| Fault { retry_after_ms: Some(250), ..Fault::new(FaultKind::Throttle, action) };
    let (world, member) = world(vec![slow("iam:ListRoles"), slow("organizations:ListRoots")]);
    let answer = member.iam("ListRoles", &[]);
    assert_eq!(answer.error(), (400, "Throttling".to_owned(), "Rate exceeded".to_owned()));
    assert_eq!(answer.headers["x-amz-retry-after"], "250");
    let answer = world.hub().organizations("ListRoots", &json!({}));
    assert_eq!((answer.status, answer.code().as_str()), (400, "TooManyRequestsException"));
    assert_eq!(answer.headers["x-amz-retry-after"], "250");
    assert_eq!(world.running.faults_struck(), [1, 1]);
}

#[test]
fn the_nth_request_of_one_account_and_no_other() {
    let target = World::start(options(3)).account(1);
    let fault = |action: &str| Fault {
        account: Some(target.clone()),
        nth: Some(2),
        ..Fault::new(FaultKind::Throttle, action)
    };
    let world =
        World::start(Options { faults: vec![fault("iam:ListRoles"), fault("sts:AssumeRole")], ..options(3) });
    let statuses = |index: usize| {
        let first = world.member(index);
        let second = world
            .hub()
            .assume(&role(&world.account(index)), &[])
            .map_or_else(|answer| answer.status, |_| 200);
        let listed = [(); 3].map(|()| first.iam("ListRoles", &[]).status);
        (second, listed)
    };
    assert_eq!(statuses(1), (400, [200, 400, 200]));
    assert_eq!(statuses(2), (200, [200; 3]));
    assert_eq!(world.running.faults_struck(), [1, 1]);
}

#[test]
fn server_errors() {
    let kinds = [("iam:ListRoles", FaultKind::InternalError), ("iam:ListUsers", FaultKind::Unavailable)];
    let mut faults: Vec<Fault> = kinds.iter().map(|(action, kind)| Fault::new(*kind, action)).collect();
    faults.push(Fault::new(FaultKind::InternalError, "organizations:ListRoots"));
    let (world, member) = world(faults);
    let answer = member.iam("ListRoles", &[]);
    assert_eq!(
        (answer.status, answer.code().as_str(), answer.text("Type").as_str()),
        (500, "ServiceFailure", "Receiver")
    );
    let answer = member.iam("ListUsers", &[]);
    assert_eq!((answer.status, answer.code().as_str()), (503, "ServiceUnavailable"));
    let answer = world.hub().organizations("ListRoots", &json!({}));
    assert_eq!((answer.status, answer.code().as_str()), (500, "InternalFailure"));
}

const LIST_ROLES: &str = "Action=ListRoles&Version=2010-05-08";

#[test]
fn a_hang_is_silence_on_an_open_connection() {
    let (_world, member) = world(always(FaultKind::Hang, "iam:ListRoles"));
    let mut stream = member.connect("iam", None, LIST_ROLES);
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let kind = stream.read(&mut [0; 1]).unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{kind:?}");
    assert_eq!(member.iam("ListUsers", &[]).status, 200, "and the others are served");
}

#[test]
fn a_reset_is_no_orderly_end() {
    let (_world, member) = world(always(FaultKind::Reset, "iam:ListRoles"));
    let mut bytes = Vec::new();
    let error = member.connect("iam", None, LIST_ROLES).read_to_end(&mut bytes).unwrap_err();
    assert_eq!((error.kind(), bytes.len()), (ErrorKind::ConnectionReset, 0));
}

#[test]
fn a_truncated_body_is_half_of_what_was_promised() {
    let (_world, member) =
        world(vec![Fault { nth: Some(1), ..Fault::new(FaultKind::Truncated, "iam:ListRoles") }]);
    let mut bytes = Vec::new();
    member.connect("iam", None, LIST_ROLES).read_to_end(&mut bytes).unwrap();
    let cut = Answer::parse(&bytes);
    let whole = member.iam("ListRoles", &[]);
    assert_eq!(cut.status, 200);
    assert_eq!(cut.headers["content-length"], whole.body.len().to_string());
    assert_eq!(cut.body, whole.body[..whole.body.len() / 2]);
}

#[test]
fn a_slow_drip_takes_its_time_and_comes_whole() {
    let (world, member) = world(always(FaultKind::SlowDrip, "iam:ListAccountAliases"));
    let watch = Instant::now();
    let slow = member.iam("ListAccountAliases", &[]);
    let took = watch.elapsed();
    let pauses = (slow.body.len().div_ceil(20) - 1) as u32;
    assert!(pauses >= 10 && took >= Duration::from_millis(100) * pauses, "{took:?} for {pauses} pauses");
    assert!(slow.body.ends_with("</ListAccountAliasesResponse>"), "{}", slow.body);
    drop(world);
}

#[test]
fn pages_that_are_no_answer() {
    let faults = ["iam:ListRoles", "organizations:ListRoots"];
    let (world, member) = world(faults.map(|action| Fault::new(FaultKind::WrongXml, action)).to_vec());
    for answer in [member.iam("ListRoles", &[]), world.hub().organizations("ListRoots", &json!({}))] {
        assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "text/html"));
        assert!(
            answer.body.starts_with("<!DOCTYPE html>") && answer.body.contains("<br>"),
            "{}",
            answer.body
        );
    }
}

#[test]
fn answers_about_something_else() {
    let faults = ["iam:ListRoles", "organizations:ListRoots"];
    let (world, member) = world(faults.map(|action| Fault::new(FaultKind::GarbageXml, action)).to_vec());
    let answer = member.iam("ListRoles", &[]);
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "text/xml"));
    assert_eq!(answer.texts("book"), ["Moby Dick", "Walden"]);
    let answer = world.hub().organizations("ListRoots", &json!({}));
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/x-amz-json-1.1"));
    let parsed: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert!(parsed.get("Roots").is_none());
}

#[test]
fn credentials_and_clocks() {
    let (world, member) = world(vec![
        Fault::new(FaultKind::ExpiredToken, "iam:ListRoles"),
        Fault::new(FaultKind::ExpiredToken, "organizations:ListRoots"),
        Fault::new(FaultKind::ClockSkew, "iam:ListUsers"),
        Fault::new(FaultKind::ClockSkew, "organizations:ListAccounts"),
    ]);
    assert_eq!(
        member.iam("ListRoles", &[]).error(),
        (403, "ExpiredToken".to_owned(), "The security token included in the request is expired".to_owned())
    );
    assert_eq!(world.hub().organizations("ListRoots", &json!({})).code(), "ExpiredTokenException");
    let words = "Signature expired: 20260601T000000Z is now earlier than 20260601T000500Z (20260601T002000Z - 15 min.)";
    let answer = member.iam("ListUsers", &[]);
    assert_eq!(answer.error(), (403, "SignatureDoesNotMatch".to_owned(), words.to_owned()));
    assert_eq!(answer.headers["date"], "Mon, 01 Jun 2026 00:20:00 GMT");
    let answer = world.hub().organizations("ListAccounts", &json!({}));
    assert_eq!(answer.error(), (400, "InvalidSignatureException".to_owned(), words.to_owned()));
}

#[test]
fn denials_in_aws_s_words() {
    for (kind, reason) in [
        (FaultKind::Denied, "because no identity-based policy allows the"),
        (FaultKind::DeniedByScp, "with an explicit deny in a service control policy"),
    ] {
        let (world, member) = world(vec![
            Fault { nth: Some(2), ..Fault::new(kind, "sts:AssumeRole") },
            Fault::new(kind, "iam:ListRoles"),
            Fault::new(kind, "organizations:ListRoots"),
        ]);
        let role_arn = role(&world.account(1));
        let refused = world.hub().assume(&role_arn, &[]).err().unwrap();
        let iam = member.iam("ListRoles", &[]);
        let organizations = world.hub().organizations("ListRoots", &json!({}));
        for (answer, status, code, api, resource) in [
            (refused, 403, "AccessDenied", "sts:AssumeRole", role_arn.as_str()),
            (iam, 403, "AccessDenied", "iam:ListRoles", "*"),
            (organizations, 400, "AccessDeniedException", "organizations:ListRoots", "*"),
        ] {
            let (said_status, said_code, message) = answer.error();
            assert_eq!((said_status, said_code.as_str()), (status, code));
            let wanted = format!("is not authorized to perform: {api} on resource: {resource} {reason}");
            assert!(message.starts_with("User: arn:aws:") && message.contains(&wanted), "{message}");
        }
    }
    let world = World::start(Options { faults: always(FaultKind::Denied, "*"), ..options(3) });
    assert_eq!(world.hub().iam("ListRoles", &[]).status, 403);
    assert_eq!(world.hub().sts("GetCallerIdentity", &[]).status, 200, "needs no permission");
}

#[test]
fn denied_on_page_two_only() {
    let fault = |action: &str| Fault { page: Some(2), ..Fault::new(FaultKind::Denied, action) };
    let world = World::start(Options {
        faults: vec![fault("iam:ListUsers"), fault("organizations:ListAccounts")],
        users: Some(8),
        ..options(45)
    });
    let member = world.member(1);
    let first = member.iam("ListUsers", &[("MaxItems", "3")]);
    assert_eq!(first.status, 200);
    let marker = first.text("Marker");
    assert_eq!(member.iam("ListUsers", &[("MaxItems", "3"), ("Marker", &marker)]).code(), "AccessDenied");
    assert_eq!(member.iam("ListUsers", &[]).status, 200);
    let hub = world.hub();
    let first: serde_json::Value =
        serde_json::from_str(&hub.organizations("ListAccounts", &json!({})).body).unwrap();
    let second = hub.organizations("ListAccounts", &json!({"NextToken": first["NextToken"]}));
    assert_eq!(second.code(), "AccessDeniedException");
}

#[test]
fn empty_pages_lead_to_full_ones() {
    let everything = |faults: Vec<Fault>| {
        let world = World::start(Options { faults, users: Some(8), ..options(45) });
        let member = world.member(1);
        let (mut names, mut pages, mut marker) = (Vec::new(), 0, None);
        loop {
            let mut fields = vec![("MaxItems", "3")];
            fields.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let page = member.iam("ListUsers", &fields);
            assert_eq!(page.status, 200, "{}", page.body);
            names.extend(page.texts("UserName"));
            pages += 1;
            if page.text("IsTruncated") == "false" {
                break;
            }
            marker = Some(page.text("Marker"));
        }
        (names, pages, world.hub().list("ListAccounts", "Accounts"))
    };
    let plain = everything(vec![]);
    assert_eq!((plain.0.len(), plain.1, plain.2.0.len()), (8, 3, 45));
    let (names, pages, accounts) = everything(always(FaultKind::EmptyPage, "*"));
    assert_eq!((names, accounts.0), (plain.0, plain.2.0), "nothing is lost and nothing comes twice");
    assert_eq!((pages, accounts.1), (2 * plain.1, 2 * plain.2.1), "each page behind an empty one");
}

#[test]
fn a_report_that_is_never_ready() {
    let (world, member) = world(always(FaultKind::ReportNeverReady, "*"));
    for _ in 0..8 {
        assert_eq!(member.iam("GenerateCredentialReport", &[]).text("State"), "INPROGRESS");
        assert_eq!(member.iam("GetCredentialReport", &[]).error().0, 404);
        assert_eq!(member.iam("GetCredentialReport", &[]).code(), "ReportInProgress");
    }
    assert_eq!(member.iam("ListRoles", &[]).status, 200);
    assert_eq!(world.running.faults_struck(), [24]);
}

#[test]
fn somebody_is_gone_between_two_calls() {
    let report = |member: &Caller| {
        for _ in 0..5 {
            member.iam("GenerateCredentialReport", &[]);
            member.iam("GetCredentialReport", &[]);
        }
        member.iam("GetCredentialReport", &[]).text("Content").len()
    };
    let (_plain, untouched) = world(vec![]);
    let whole = report(&untouched);
    let (_world, member) = world(always(FaultKind::EntityGone, "*"));
    let details = member.iam("GetAccountAuthorizationDetails", &[("Filter.member.1", "User")]);
    let users = details.texts("UserName");
    assert_eq!(users.len(), 8, "still shown");
    assert!(report(&member) < whole, "and missing in the report");
    let answers = users.iter().map(|name| member.iam("ListAccessKeys", &[("UserName", name)]));
    let gone: Vec<u16> = answers.map(|answer| answer.status).filter(|status| *status != 200).collect();
    assert_eq!(gone, [404], "one user");
    let policy = [("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"), ("VersionId", "v1")];
    assert_eq!(untouched.iam("GetPolicyVersion", &policy).status, 200);
    let answer = member.iam("GetPolicyVersion", &policy);
    assert_eq!((answer.status, answer.code().as_str()), (404, "NoSuchEntity"));
}

#[test]
fn a_region_where_sts_is_off() {
    let world = World::start(Options { faults: always(FaultKind::RegionDisabled, "*"), ..options(3) });
    let refused = world.hub().assume(&role(&world.account(1)), &[]).err().unwrap();
    assert_eq!((refused.status, refused.code().as_str()), (403, "RegionDisabledException"));
    assert_eq!(world.hub().sts("GetCallerIdentity", &[]).status, 200);
}

#[test]
fn sts_takes_one_account_for_another() {
    let target = World::start(options(3)).account(1);
    let fault =
        Fault { account: Some(target.clone()), ..Fault::new(FaultKind::WrongAccount, "sts:AssumeRole") };
    let world = World::start(Options { faults: vec![fault], ..options(3) });
    let stray = world.hub().assume(&role(&target), &[]).unwrap();
    let whoever = stray.sts("GetCallerIdentity", &[]);
    let account = whoever.text("Account");
    assert!(account != target && whoever.text("Arn").contains(&account), "{}", whoever.body);
    assert_eq!(world.running.sessions()[0].account, account);
    // What it reads is the other account's.
    let users = |caller: &Caller| caller.iam("ListUsers", &[]).texts("Arn");
    assert!(users(&stray).iter().all(|arn| arn.contains(&account)));
    let right = world.hub().assume(&role(&world.account(2)), &[]).unwrap();
    assert_eq!(right.sts("GetCallerIdentity", &[]).text("Account"), world.account(2));

    let faults = always(FaultKind::WrongAccount, "sts:GetCallerIdentity");
    let world = World::start(Options { faults, ..options(3) });
    let answer = world.hub().sts("GetCallerIdentity", &[]);
    assert_ne!(answer.text("Account"), world.running.management_account_id());
    assert!(answer.text("Arn").contains(&answer.text("Account")), "{}", answer.body);
}

#[test]
fn a_rate_over_all_accounts() {
    let rates = [("iam".to_owned(), 2.0)].into_iter().collect();
    let world = World::start(Options { rates, ..options(3) });
    let (one, other) = (world.member(1), world.member(2));
    let watch = Instant::now();
    let mut statuses = Vec::new();
    while watch.elapsed() < Duration::from_millis(2_100) {
        statuses.extend([one.iam("ListUsers", &[]).status, other.iam("ListUsers", &[]).status]);
        std::thread::sleep(Duration::from_millis(10));
    }
    let passed = statuses.iter().filter(|status| **status == 200).count();
    // Two at once, then two a second; a slow machine sees a little more of the clock.
    assert!((5..=9).contains(&passed), "{passed} of {}", statuses.len());
    assert_eq!(world.hub().organizations("ListRoots", &json!({})).status, 200);
}

#[test]
fn what_could_never_happen_is_refused_at_the_start() {
    let fault = |action: &str| Fault {
        account: Some("999999999999".to_owned()),
        ..Fault::new(FaultKind::Hang, action)
    };
    for (options, wanted) in [
        (Options { faults: vec![fault("*")], ..options(3) }, "fault 1: there is no account 999999999999"),
        (
            Options { faults: always(FaultKind::Hang, "iam:ListRole"), ..options(3) },
            "did you mean iam:ListRoles?",
        ),
        (Options { rates: [("iam:X".to_owned(), 1.0)].into(), ..options(3) }, "rate of \"iam:X\""),
        (Options { rates: [("iam".to_owned(), 0.0)].into(), ..options(3) }, "above 0"),
        (Options { member_policy: Some("{".to_owned()), ..options(3) }, "the member policy"),
        (Options { hub_policy: Some("{}".to_owned()), ..options(3) }, "Statement"),
        (Options { partition: "aws-moon".to_owned(), ..options(3) }, "aws-moon"),
        (Options { audit_role_session_seconds: 60, ..options(3) }, "3600 to 43200"),
    ] {
        let error = World::try_start(options).err().expect(wanted);
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(wanted), "{error}");
    }
}
