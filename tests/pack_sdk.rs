//! A pack that brings a table, a collector and an AWS SDK crate with a Region: its calls keep to the rates, are counted, retried and
//! renewed as the scan's own, and what it needs is in the printed policies.

use std::collections::BTreeMap;

use orgsweep_aws::{Member, sdk_client};
use orgsweep_model::records::{ApiCallRecord, FindingRecord, ScanAccountRecord};
use orgsweep_model::{
    AccountId, Check, Collector, Context, Gap, Needs, Pack, Report, Row as _, Session, Severity, Status,
    TableSchema, Tables, async_trait, check,
};
use orgsweep_simulator::{Fault, FaultKind, Options};
use serde_json::{Value as Json, json};

use crate::support::{NOW, Said, World, as_distribution, options, run};

const READ: &str = "account:GetContactInformation";
/// Account Management answers in this Region:
/// <https://docs.aws.amazon.com/general/latest/gr/accounts.html>.
const REGION: &str = "us-east-1";
const ID: &str = "account-contact-country-missing";

orgsweep_model::table! {
    /// Whom AWS writes to about an account.
    pub struct Contact in "contacts" per account sorted by [country] {
        /// The account.
        account_id: AccountId,
        /// Two letters.
        country: String,
    }
}

struct Contacts;

#[async_trait]
impl Collector for Contacts {
    fn name(&self) -> &'static str {
        "contacts"
    }

    fn needs(&self) -> Needs {
        Needs { actions: &[READ], calls_per_account: 1, calls_per_scan: 0, gates: &[] }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[Contact::SCHEMA]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        let now = session.clock.now();
        match read(session).await {
            Ok(contact) => tables.insert(vec![contact], now),
            Err(gap) => tables.insert_gap(Contact::SCHEMA.name, gap, now),
        }
    }
}

async fn read(session: &Session) -> Result<Contact, Gap> {
    let client = sdk_client!(aws_sdk_account, session, "account", REGION)?;
    let request = || client.get_contact_information().send();
    let answer = Member::behind(session)?.call(READ, request).await?;
    let country = answer.contact_information().map(|contact| contact.country_code().to_owned());
    Ok(Contact { account_id: session.account.id, country: country.unwrap_or_default() })
}

check! {
    /// An account without a country in its contact.
    pub CountryMissing {
        id: "account-contact-country-missing",
        title: "An account's contact has no country",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::::Account",
        controls: [soc2(["CC6.1"])],
        pages: [],
        settings: {},
    }
}

orgsweep_model::manual! { CountryMissing }

impl Check for CountryMissing {
    type Reads<'a> = &'a [Contact];

    fn evaluate(&self, contacts: Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        for contact in contacts {
            if contact.country.is_empty() {
                report.fail(context.account_resource(), "the contact has no country");
            } else {
                report.pass(context.account_resource());
            }
        }
    }
}

/// No test by itself: what the tests below start.
#[test]
fn distribution() {
    as_distribution(|| {
        vec![Pack {
            name: "contacts",
            checks: vec![Box::new(CountryMissing::default())],
            tables: vec![],
            collectors: vec![std::sync::Arc::new(Contacts)],
            ..Pack::default()
        }]
    });
}

fn world(faults: Vec<Fault>) -> World {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": [READ], "Resource": "*"},
    ]});
    let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(3) };
    World::start(Options { member_policy: Some(policy.to_string()), faults, ..good })
}

fn scan(world: &World) -> Said {
    let lake = world.lake().display().to_string();
    let arguments = ["scan", "--unlimited", "--now", NOW, "--out", &lake];
    run(&mut world.distribution("pack_sdk::distribution", &arguments))
}

/// Rows of `api_calls` about the pack's call, by account.
fn counted(world: &World) -> BTreeMap<String, ApiCallRecord> {
    let rows: Vec<ApiCallRecord> = world.rows();
    rows.into_iter()
        .filter(|row| row.service == "account" && row.action == "GetContactInformation")
        .map(|row| (row.account_id.map(|id| id.to_string()).unwrap_or_default(), row))
        .collect()
}

#[test]
fn another_sdk_crate_reads_every_account_and_is_counted_there() {
    let world = world(Vec::new());
    let said = scan(&world);
    assert_eq!(said.code, 0, "{}", said.errors);
    let findings: Vec<FindingRecord> = world.rows();
    assert_eq!(findings.iter().filter(|row| row.check_id == ID && row.status == Status::Pass).count(), 3);
    let counted = counted(&world);
    for account in world.running.accounts() {
        assert_eq!(world.calls_of(&account.id)[READ], 1);
        let row = &counted[&account.id];
        assert_eq!((row.calls, row.attempts, row.errors), (1, 1, 0), "{row:?}");
    }
    // The sessions were limited to the one action.
    for session in world.running.sessions() {
        let policy: Json = serde_json::from_str(session.session_policy.as_deref().unwrap()).unwrap();
        assert_eq!(policy["Statement"][0]["Action"], json!([READ]));
    }
}

#[test]
fn its_calls_are_retried_and_its_sessions_renewed() {
    let once = |kind| Fault { times: Some(1), ..Fault::new(kind, READ) };
    let throttled = world(vec![once(FaultKind::Throttle)]);
    let said = scan(&throttled);
    assert_eq!(said.code, 0, "{}", said.errors);
    let rows = counted(&throttled);
    // Each account was throttled once.
    assert_eq!(rows.len(), 3);
    for row in rows.values() {
        assert_eq!((row.calls, row.attempts, row.throttles, row.errors), (1, 2, 1, 0), "{row:?}");
    }

    let management = throttled.running.management_account_id();
    let member = throttled.running.accounts().into_iter().map(|account| account.id);
    let member = member.into_iter().find(|id| *id != management).unwrap();
    let fault = Fault { account: Some(member), ..once(FaultKind::ExpiredToken) };
    let expired = world(vec![fault]);
    let said = scan(&expired);
    assert_eq!(said.code, 0, "{}", said.errors);
    // Two members, and one of them once more.
    assert_eq!(expired.running.sessions().len(), 3);
}

#[test]
fn what_it_may_not_read_is_a_gap_of_the_account() {
    let world = world(vec![Fault::new(FaultKind::Denied, READ)]);
    let said = scan(&world);
    assert_eq!(said.code, 2, "{}", said.errors);
    let accounts: Vec<ScanAccountRecord> = world.rows();
    assert!(accounts.iter().all(|row| row.reason_code.as_deref() == Some("DENIED")), "{accounts:#?}");
    let findings: Vec<FindingRecord> = world.rows();
    assert!(findings.iter().all(|row| row.status == Status::Unknown), "{findings:#?}");
}
