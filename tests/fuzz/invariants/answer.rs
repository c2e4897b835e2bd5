//! IAM's answer: every table gets all the rows that a second reader of XML counts in it, or is a gap; never fewer rows,
//! never rows that are not there. Whatever the rows say, every check comes to a result.

use std::cell::OnceCell;

use orgsweep_aws::canned;
use orgsweep_model::collector::Clock;
use orgsweep_model::evaluate::evaluate;
use orgsweep_model::facts::{
    AccountSummary, Group, PolicyAttachment, Role, RoleSessionLimit, ServerCertificate, ServiceCredential,
    User, VirtualMfaDevice,
};
use orgsweep_model::records::CoverageOutcome;
use orgsweep_model::{
    Account, Collector, Context, DynCheck, Organization, Pack, Reason, Row, Status, Tables,
};
use roxmltree::{Document, Node};
use tokio::runtime::{Builder, Runtime};

use super::{account_id, is_bounded, is_malformed, now};

/// Where rows come from: the table, the call, what of its result they are made of, whether each member makes one.
const SOURCES: [(&str, &str, &str, bool); 18] = [
    ("access_keys", "GetCredentialReport", "Content", false),
    ("account_summary", "GetAccountSummary", "SummaryMap", false),
    ("aws_managed_policies", "GetAccountAuthorizationDetails", "UserDetailList", false),
    // Its input: rows of it take the answers to three calls, which are never the same bytes.
    ("boundary_policies", "GetAccountAuthorizationDetails", "UserDetailList", false),
    ("credentials", "GetCredentialReport", "Content", false),
    ("group_members", "GetAccountAuthorizationDetails", "UserDetailList", false),
    ("groups", "GetAccountAuthorizationDetails", "GroupDetailList", true),
    // It takes the answers to two calls, which are never the same bytes.
    ("identity_providers", "nothing", "nothing", false),
    ("own_policies", "GetAccountAuthorizationDetails", "Policies", false),
    ("password_policies", "GetAccountPasswordPolicy", "PasswordPolicy", false),
    ("policy_attachments", "GetAccountAuthorizationDetails", "UserDetailList", false),
    ("principal_tags", "GetAccountAuthorizationDetails", "UserDetailList", false),
    ("role_session_limits", "ListRoles", "Roles", true),
    ("roles", "GetAccountAuthorizationDetails", "RoleDetailList", true),
    ("server_certificates", "ListServerCertificates", "ServerCertificateMetadataList", true),
    ("service_credentials", "ListServiceSpecificCredentials", "ServiceSpecificCredentials", true),
    ("users", "GetAccountAuthorizationDetails", "UserDetailList", true),
    ("virtual_mfa_devices", "ListVirtualMFADevices", "VirtualMFADevices", true),
];
/// Tables that are empty without a call where the account summary says that there is nothing.
const GATED: [&str; 4] =
    ["identity_providers", "server_certificates", "service_credentials", "virtual_mfa_devices"];

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
    static PACKS: OnceCell<Vec<Pack>> = const { OnceCell::new() };
}

/// The bytes as every answer that IAM gives, good ones and refusals, to the collectors that could make something of
/// them: to all others they are the answer to another question. That one comes up once for each input will do.
pub fn holds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let named = |action: &str| text.contains(action.trim_start_matches("iam:"));
    let tables = collected(bytes, |collector| {
        collector.name() == "account_summary" || collector.needs().actions.iter().any(|action| named(action))
    });
    are_true(&tables, &text);
    refused(bytes);
}

/// The same to every collector: for seeds, of which there are few.
pub fn holds_for_all(bytes: &[u8]) {
    are_true(&collected(bytes, |_| true), &String::from_utf8_lossy(bytes));
}

/// Every table has all rows or none, and every check says something to them.
fn are_true(tables: &Tables, text: &str) {
    let whole = Document::parse(text).ok();
    let collectors = orgsweep_aws::collectors();
    let filled = collectors.iter().flat_map(|collector| collector.fills());
    for table in filled.map(|table| table.name).filter(|table| tables.contains(table)) {
        match (tables.gap(table), tables.count(table)) {
            (Some(gap), _) => is_malformed(gap),
            (None, 0) if GATED.contains(&table) && tables.get::<AccountSummary>().is_ok() => {}
            (None, rows) => table_is_true(table, rows, text, whole.as_ref()),
        }
    }
    are_named(tables);
    judged(tables);
}

/// What these collectors make of it, in their order.
fn collected(bytes: &[u8], wanted: impl Fn(&dyn Collector) -> bool) -> Tables {
    let session = canned::answering(&Account::new(account_id()), Clock::fixed(now()), 200, bytes);
    let mut tables = Tables::new();
    block_on(async {
        for collector in orgsweep_aws::collectors().iter().filter(|collector| wanted(&***collector)) {
            collector.collect(&session, &mut tables).await;
            for schema in collector.fills() {
                assert!(tables.contains(schema.name), "{} left {} out", collector.name(), schema.name);
            }
        }
    });
    tables
}

/// A refusal is a gap, whatever it says. One collector will do: all others wait for the same kind of answer.
fn refused(bytes: &[u8]) {
    let session = canned::answering(&Account::new(account_id()), Clock::fixed(now()), 403, bytes);
    let mut tables = Tables::new();
    block_on(orgsweep_aws::collectors()[0].collect(&session, &mut tables));
    is_bounded(tables.get::<AccountSummary>().expect_err("rows from a refusal"));
}

fn table_is_true(table: &str, rows: usize, text: &str, whole: Option<&Document<'_>>) {
    let source = SOURCES.iter().find(|(name, ..)| *name == table);
    let (_, operation, list, counted) = source.expect("a new table: say which answer it comes from");
    let end = text.trim_end().trim_end_matches('>').trim_end();
    assert!(end.ends_with(&format!("{operation}Response")), "{rows} rows in {table} from what is cut off");
    // The second reader is stricter in places; where it gives up there is nothing to count.
    let Some(document) = whole else { return };
    let Some(result) = document.root_element().first_element_child() else {
        panic!("{rows} rows in {table} from nothing")
    };
    let named = |node: &Node<'_, '_>, name: &str| node.is_element() && node.tag_name().name() == name;
    let mut promised = SOURCES.iter().filter(|(_, call, ..)| call == operation).map(|(_, _, list, _)| list);
    let kept = promised.any(|list| result.children().any(|node| named(&node, list)));
    assert!(kept, "{rows} rows in {table} from a result without what they are made of");
    if *counted {
        let lists = result.children().filter(|node| named(node, list));
        let members = lists.flat_map(|list| list.children()).filter(|node| named(node, "member"));
        assert_eq!(members.count(), rows, "rows in {table}");
    }
}

/// What identifies a row is never empty, and what is attached is attached to somebody.
fn are_named(tables: &Tables) {
    fn all<R: Row>(tables: &Tables, key: impl Fn(&R) -> &str) -> Vec<&str> {
        let keys: Vec<&str> = tables.get::<R>().unwrap_or_default().iter().map(key).collect();
        assert!(!keys.contains(&""), "a row of {} that nothing identifies", R::SCHEMA.name);
        keys
    }
    let users = all::<User>(tables, |row| &row.user_arn);
    let groups = all::<Group>(tables, |row| &row.group_arn);
    let roles = all::<Role>(tables, |row| &row.role_arn);
    let owners = [users, groups, roles].concat();
    for owner in all::<PolicyAttachment>(tables, |row| &row.principal_arn) {
        assert!(owners.contains(&owner), "a policy that is attached to nobody");
    }
    all::<RoleSessionLimit>(tables, |row| &row.role_arn);
    all::<ServerCertificate>(tables, |row| &row.certificate_arn);
    all::<ServiceCredential>(tables, |row| &row.credential_id);
    all::<VirtualMfaDevice>(tables, |row| &row.serial_number);
}

/// Every check has a result, and one that lacks a table passes nothing.
fn judged(tables: &Tables) {
    PACKS.with(|packs| {
        let packs = packs.get_or_init(orgsweep_standard::packs);
        let checks: Vec<&dyn DynCheck> =
            packs.iter().flat_map(|pack| pack.checks.iter().map(|check| &**check)).collect();
        let account = Account::new(account_id());
        let organization = Organization {
            id: "o-exampleorgid".to_owned(),
            management_account_id: account.id,
            partition: "aws".to_owned(),
        };
        let context = Context { now: now(), account: &account, organization: &organization };
        let results = evaluate(tables, &checks, &context);
        assert_eq!(results.len(), checks.len());
        for result in &results {
            let reason = result.gap.as_ref().map(|gap| gap.reason);
            assert_ne!(reason, Some(Reason::CheckFailed), "{}: {:?}", result.metadata.id, result.gap);
            if result.outcome == CoverageOutcome::NotRun {
                assert_eq!(result.count(Status::Pass), 0, "{}", result.metadata.id);
                assert!(result.count(Status::Unknown) > 0, "{}", result.metadata.id);
            }
        }
    });
}

/// Runs it on this thread.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| {
        let runtime =
            runtime.get_or_init(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));
        runtime.block_on(work)
    })
}
