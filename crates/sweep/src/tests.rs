//! The dispatcher against a source of our own: no network, every kind of trouble.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use orgsweep_model::collector::Clock;
use orgsweep_model::facts::User;
use orgsweep_model::records::{ScanState, TableReadOutcome};
use orgsweep_model::selection::CheckSet;
use orgsweep_model::{
    Account, AccountState, Check, Collector, Context, Gap, Needs, Organization, Pack, Reason, Registry,
    Report, Resource, Row, Session, Severity, TableSchema, Tables, Usage, async_trait, check,
};
use tokio::sync::mpsc;

use crate::{
    AccountFacts, AccountTally, Event, Filter, Listed, Opened, Packer, Plan, ScanError, Sink, Source,
    SourceError, Stop, Taken, Totals, run,
};

check! {
    /// Every user passes.
    pub EveryUser {
        id: "test-every-user",
        title: "Every user",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [soc2(["CC6.1"])],
        pages: [],
        settings: {},
    }
}

orgsweep_model::manual! { EveryUser }

impl Check for EveryUser {
    type Reads<'a> = &'a [User];

    fn evaluate(&self, users: Self::Reads<'_>, _: &Context<'_>, report: &mut Report) {
        for user in users {
            report.pass(Resource::user(&user.user_arn));
        }
    }
}

/// Panics in accounts whose name says so, forgets its table in others.
struct Users;

#[async_trait]
impl Collector for Users {
    fn name(&self) -> &'static str {
        "users"
    }

    fn needs(&self) -> Needs {
        Needs { actions: &["iam:ListUsers"], calls_per_account: 1, calls_per_scan: 0, gates: &[] }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[User::SCHEMA]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        match session.account.name.as_deref() {
            Some("panics") => panic!("a bug in a collector"),
            Some("forgets") => {}
            _ => tables.insert(Vec::<User>::new(), session.clock.now()),
        }
    }
}

/// Lists what it is told; refuses accounts called `refuses`; dies in accounts called `dies`.
struct Made {
    accounts: Vec<Result<Account, SourceError>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    breaks_off: bool,
}

fn made(names: &[(&str, &str)]) -> Made {
    let account = |(id, name): &(&str, &str)| {
        let mut account = Account::new(id.parse().unwrap());
        account.name = Some((*name).to_owned());
        Ok(account)
    };
    Made {
        accounts: names.iter().map(account).collect(),
        in_flight: AtomicUsize::new(0),
        most_in_flight: AtomicUsize::new(0),
        breaks_off: false,
    }
}

#[async_trait]
impl Source for Made {
    async fn organization(&self) -> Result<Organization, SourceError> {
        Ok(Organization {
            id: "o-exampleorgid".to_owned(),
            management_account_id: "111122223333".parse().unwrap(),
            partition: "aws".to_owned(),
        })
    }

    fn accounts(&self) -> mpsc::Receiver<Result<Listed, SourceError>> {
        let (sender, receiver) = mpsc::channel(1);
        let accounts = self.accounts.clone();
        let breaks_off = self.breaks_off;
        tokio::spawn(async move {
            for account in accounts {
                if sender.send(account.map(|account| Listed::Account(Box::new(account)))).await.is_err() {
                    return;
                }
            }
            if !breaks_off {
                let _ = sender.send(Ok(Listed::Whole)).await;
            }
        });
        receiver
    }

    async fn unit_names(&self) -> Result<BTreeMap<String, String>, Gap> {
        Err(Gap::new(Reason::Denied))
    }

    async fn open(&self, account: &Account, usage: Arc<Usage>) -> Result<Opened, Gap> {
        usage.count("sts", "AssumeRole", |counts| counts.calls += 1);
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_in_flight.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        match account.name.as_deref() {
            Some("refuses") => Err(Gap::new(Reason::RoleMissingOrUntrusted)),
            Some("dies") => panic!("a bug in a source"),
            _ => Ok(Opened {
                session: Session::new(account.clone(), "aws".to_owned(), Clock::wall(), Arc::new(())),
                role_arn: "role".to_owned(),
                notes: Vec::new(),
            }),
        }
    }

    fn usage(&self) -> Arc<Usage> {
        Arc::default()
    }
}

#[derive(Default)]
struct Kept {
    rows: Vec<AccountFacts>,
    refuse: bool,
}

impl Sink for Kept {
    type Packed = AccountFacts;

    /// Panics over what was read of an account called `bursts`, refuses what was read of one called `too large`.
    fn packer(&self) -> Packer<AccountFacts> {
        Arc::new(|facts| {
            let tally = AccountTally::begin(&facts.record, facts.headline.clone());
            let packed = match (facts.record.account_name.as_deref(), facts.record.scan_state) {
                (Some("bursts"), ScanState::Scanned) => panic!("a bug in a packer"),
                (Some("too large"), _) => Err("building rows of findings: too large".to_owned()),
                _ => Ok(facts),
            };
            (packed, tally)
        })
    }

    fn take(&mut self, rows: AccountFacts, _: &AccountTally) -> Result<Taken, String> {
        if self.refuse {
            return Err("the disk is full".to_owned());
        }
        self.rows.push(rows);
        Ok(Taken::Finished)
    }
}

fn plan(filter: Filter, concurrency: usize) -> Arc<Plan> {
    let pack = Pack {
        name: "test",
        checks: vec![Box::new(EveryUser::default())],
        collectors: vec![Arc::new(Users)],
        ..Pack::default()
    };
    let registry = Registry::new(vec![pack], Vec::new()).unwrap();
    let mut checks = CheckSet::new();
    checks.enable(&EveryUser::default(), &serde_json::json!({}), &[]).unwrap();
    let none = std::collections::BTreeSet::new();
    Arc::new(Plan::new(&registry, Arc::new(checks), &none, filter, concurrency, Clock::wall()))
}

async fn scan(source: Made, filter: Filter) -> (Result<Totals, ScanError>, Kept, Arc<Made>) {
    let source = Arc::new(source);
    let mut kept = Kept::default();
    let mut ignore = |_: Event| {};
    let shared: Arc<dyn Source> = Arc::clone(&source) as Arc<dyn Source>;
    let ran = run(shared, plan(filter, 3), &mut kept, Stop::default(), &mut ignore).await;
    (ran.map(|ended| ended.totals), kept, source)
}

#[tokio::test]
async fn trouble_in_one_account_is_a_row_and_not_the_end() {
    let names = [
        ("111111111111", "good"),
        ("222222222222", "panics"),
        ("333333333333", "forgets"),
        ("444444444444", "refuses"),
        ("555555555555", "dies"),
        ("777777777777", "bursts"),
        ("666666666666", "good"),
        ("666666666666", "listed twice"),
    ];
    let (totals, kept, _) = scan(made(&names), Filter::default()).await;
    let totals = totals.unwrap();
    assert_eq!(totals.accounts.len(), 7);
    assert!(!totals.has_every_account());
    let of = |id: &str| kept.rows.iter().find(|rows| rows.record.account_id.as_str() == id).unwrap();
    for (id, state, reason) in [
        ("111111111111", ScanState::Scanned, None),
        ("222222222222", ScanState::Partial, Some("MALFORMED_ANSWER")),
        ("333333333333", ScanState::Partial, Some("MALFORMED_ANSWER")),
        ("444444444444", ScanState::NotScanned, Some("ROLE_MISSING_OR_UNTRUSTED")),
        ("555555555555", ScanState::NotScanned, Some("MALFORMED_ANSWER")),
        ("666666666666", ScanState::Scanned, None),
        ("777777777777", ScanState::NotScanned, Some("MALFORMED_ANSWER")),
    ] {
        let rows = of(id);
        assert_eq!((rows.record.scan_state, rows.record.reason_code.as_deref()), (state, reason), "{id}");
        // What was collected, and the roster, which is always there.
        let wanted = if reason.is_some() { TableReadOutcome::Gap } else { TableReadOutcome::Read };
        let reads: BTreeMap<&str, TableReadOutcome> =
            rows.table_reads.iter().map(|read| (&*read.table_name, read.outcome)).collect();
        assert_eq!(reads, BTreeMap::from([("roster", TableReadOutcome::Read), ("users", wanted)]), "{id}");
    }
    assert!(of("222222222222").record.reason.as_deref().unwrap().contains("a bug in a collector"));
    assert_eq!(of("444444444444").record.api_calls, 1);
}

#[tokio::test]
async fn no_more_accounts_are_in_flight_than_asked_for() {
    let ids: Vec<String> = (0..30).map(|number| format!("{number:012}")).collect();
    let names: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "good")).collect();
    let (totals, _, source) = scan(made(&names), Filter::default()).await;
    assert_eq!(totals.unwrap().accounts.len(), 30);
    let most = source.most_in_flight.load(Ordering::SeqCst);
    assert!((2..=3).contains(&most), "{most}");
}

#[tokio::test]
async fn a_listing_that_fails_late_fails_as_a_whole() {
    let mut source = made(&[("111111111111", "good"), ("222222222222", "good")]);
    let problem =
        SourceError { doing: "listing".to_owned(), problem: "page 2".to_owned(), advice: String::new() };
    source.accounts.push(Err(problem));
    let (totals, _, _) = scan(source, Filter::default()).await;
    assert!(matches!(totals, Err(ScanError::Source(_))), "{totals:?}");
}

#[tokio::test]
async fn nothing_to_scan_is_not_a_success() {
    let mut closed = Account::new("111111111111".parse().unwrap());
    closed.state = AccountState::Closed;
    let mut source = made(&[]);
    source.accounts.push(Ok(closed));
    let (totals, _, _) = scan(source, Filter::default()).await;
    assert!(matches!(totals, Err(ScanError::NothingToScan { listed: 1 })), "{totals:?}");
}

#[tokio::test]
async fn a_sink_that_fails_ends_the_scan_with_its_message() {
    let source: Arc<dyn Source> = Arc::new(made(&[("111111111111", "good")]));
    let mut kept = Kept { refuse: true, ..Kept::default() };
    let ran = run(source, plan(Filter::default(), 1), &mut kept, Stop::default(), &mut |_| {}).await;
    assert_eq!(ran.err().unwrap().to_string(), "the disk is full");
}

#[tokio::test]
async fn rows_that_cannot_be_kept_end_the_scan_with_their_message() {
    let names = [("111111111111", "good"), ("222222222222", "too large")];
    let (totals, _, _) = scan(made(&names), Filter::default()).await;
    assert_eq!(totals.unwrap_err().to_string(), "building rows of findings: too large");
}

#[tokio::test]
async fn stopping_at_once_ends_it() {
    let stop = Stop::default();
    stop.now.cancel();
    let source: Arc<dyn Source> = Arc::new(made(&[("111111111111", "good")]));
    let ran = run(source, plan(Filter::default(), 1), &mut Kept::default(), stop, &mut |_| {}).await;
    assert!(matches!(ran, Err(ScanError::Cancelled)));
}

#[tokio::test]
async fn a_listing_that_breaks_off_is_no_roster() {
    let mut source = made(&[("111111111111", "good"), ("222222222222", "good")]);
    source.breaks_off = true;
    let (totals, _, _) = scan(source, Filter::default()).await;
    assert!(totals.unwrap_err().to_string().contains("the list ended early"));
}

#[tokio::test]
async fn an_account_in_an_unknown_state_is_lost_and_not_left_out() {
    let mut source = made(&[("111111111111", "good")]);
    let mut account = Account::new("222222222222".parse().unwrap());
    account.state = AccountState::Unrecognized;
    source.accounts.push(Ok(account));
    let (totals, _, _) = scan(source, Filter::default()).await;
    let totals = totals.unwrap();
    assert_eq!(totals.lost().len(), 1, "{:?}", totals.accounts);
    assert!(totals.covered_percent() < 60.0);
}

#[tokio::test]
async fn stopping_gently_finishes_what_is_in_flight_and_names_the_rest() {
    let ids: Vec<String> = (0..40).map(|number| format!("{number:012}")).collect();
    let names: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "good")).collect();
    let source: Arc<dyn Source> = Arc::new(made(&names));
    let stop = Stop { grace: std::time::Duration::from_secs(5), ..Stop::default() };
    let gently = stop.gently.clone();
    let mut kept = Kept::default();
    let mut finished = 0;
    let mut on_event = |event: Event| {
        if matches!(event, Event::Finished { .. }) {
            finished += 1;
            gently.cancel();
        }
    };
    let ended = run(source, plan(Filter::default(), 3), &mut kept, stop, &mut on_event).await.unwrap();
    assert_eq!(ended.stopped, Some(crate::StopReason::Interrupted));
    assert!(ended.roster_is_complete);
    assert!((1..=6).contains(&kept.rows.len()), "{}", kept.rows.len());
    assert_eq!(kept.rows.len() + ended.pending.len(), 40);
    let rows = ended.pending.into_iter().next().unwrap().facts(&plan(Filter::default(), 1));
    assert_eq!(rows.record.reason_code.as_deref(), Some("CANCELLED"));
    let tables: Vec<&str> = rows.table_reads.iter().map(|read| &*read.table_name).collect();
    assert_eq!(tables, ["users", "roster"]);
}

#[tokio::test]
async fn finished_accounts_are_not_entered_again() {
    let source = Arc::new(made(&[("111111111111", "good"), ("222222222222", "good")]));
    let mut plan = Plan::clone(&plan(Filter::default(), 3));
    plan.done.insert("111111111111".parse().unwrap());
    let mut kept = Kept::default();
    let shared: Arc<dyn Source> = Arc::clone(&source) as Arc<dyn Source>;
    let ended = run(shared, Arc::new(plan), &mut kept, Stop::default(), &mut |_| {}).await.unwrap();
    assert_eq!(ended.stopped, None);
    assert_eq!(kept.rows.len(), 1);
    assert_eq!(kept.rows[0].record.account_id.as_str(), "222222222222");
}

#[tokio::test]
async fn what_is_finished_is_not_taken_over_again() {
    let source: Arc<dyn Source> = Arc::new(made(&[("111111111111", "good"), ("222222222222", "good")]));
    let mut plan = Plan::clone(&plan(Filter::default(), 3));
    for id in ["111111111111", "222222222222"] {
        plan.taken.insert(id.parse().unwrap());
    }
    plan.done.insert("111111111111".parse().unwrap());
    let ended =
        run(source, Arc::new(plan), &mut Kept::default(), Stop::default(), &mut |_| {}).await.unwrap();
    let taken: Vec<String> = ended.taken.keys().map(ToString::to_string).collect();
    assert_eq!(taken, ["222222222222"]);
}
