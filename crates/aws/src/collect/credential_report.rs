//! The credential report: requested early, fetched last, parsed by header name.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use orgsweep_model::facts::{AccessKey, AccountSummary, Credential, KeyStatus, User};
use orgsweep_model::time::days_between;
use orgsweep_model::{
    AccountId, Collector, Details, Gap, Needs, Reason, Row, Session, TableSchema, Tables, Timestamp,
    async_trait,
};

use super::report_line::{Line, malformed, rejoined};
use super::{csv, decode, key_ids, member, put_gaps};
use crate::member::Member;

const GENERATE: &str = "iam:GenerateCredentialReport";
const GET: &str = "iam:GetCredentialReport";
/// The first wait between two looks at a report that is being made; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// AWS generates a new report on request once the last one is four hours old; a quarter of an hour is for clocks and for making
/// it. Seconds.
const OLDEST: i64 = 4 * 3600 + 900;
/// The longest wait between two looks.
const LONGEST_WAIT: Duration = Duration::from_secs(16);
/// The name of root's row.
const ROOT: &str = "<root_account>";
/// The column for what does not fit into two slots.
const ADDITIONAL: &str = "additional_credentials_info";

/// Fills `credentials` and `access_keys`.
pub struct CredentialReport;

#[async_trait]
impl Collector for CredentialReport {
    fn name(&self) -> &'static str {
        "credential_report"
    }

    fn needs(&self) -> Needs {
        Needs { actions: &[GENERATE, GET], calls_per_account: 2, calls_per_scan: 0, gates: &[] }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[Credential::SCHEMA, AccessKey::SCHEMA]
    }

    async fn begin(&self, session: &Session) {
        if let Ok(member) = member(session)
            && let Err(gap) = generate(member).await
        {
            // An old report may still exist: its data is as old as the report, and a note says so.
            let _ = member.no_new_report.set(gap);
        }
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        let report = fetch(session).await.and_then(|report| not_empty(report, tables));
        match report.and_then(|report| young_enough(report, session)) {
            Ok(report) => {
                note_age(&report, session, tables);
                note_differences(&report, tables);
                tables.insert(report.credentials, report.generated_at);
                tables.insert(report.access_keys, report.generated_at);
            }
            Err(gap) => put_gaps(self.fills(), &gap, session, tables),
        }
    }

    fn details(&self) -> Option<Details> {
        Some(Details { table: AccessKey::SCHEMA, resource_type: "AWS::IAM::User", actions: &[key_ids::API] })
    }

    async fn read_details(
        &self,
        session: &Session,
        flagged: &[String],
        most: usize,
        tables: &mut Tables,
    ) -> Result<(), Gap> {
        key_ids::read(session, flagged, most, tables).await
    }
}

/// Seconds between the report and the moment that ages count to.
fn age(report: &Report, session: &Session) -> i64 {
    session.clock.ages_to().as_second() - report.generated_at.as_second()
}

/// A report that is older than `--report-max-age` is treated as missing.
fn young_enough(report: Report, session: &Session) -> Result<Report, Gap> {
    let member = member(session)?;
    let seconds = age(&report, session);
    match member.report_max_age {
        Some(most) if seconds > most.as_secs() as i64 => {
            let mut message = format!(
                "the credential report of {} is {} old; --report-max-age allows {}",
                report.generated_at,
                hours(seconds),
                hours(most.as_secs() as i64)
            );
            if let Some(gap) = member.no_new_report.get() {
                message.push_str(&format!("; no new report was generated: {}", gap.headline()));
            }
            Err(Gap::new(Reason::ReportTooOld).during(GET).because(&message))
        }
        _ => Ok(report),
    }
}

/// Says why an old report was read, and that a report is older than AWS keeps one.
fn note_age(report: &Report, session: &Session, tables: &mut Tables) {
    let (seconds, made) = (age(report, session), report.generated_at);
    let refused = member(session).ok().and_then(|member| member.no_new_report.get());
    if let Some(gap) = refused {
        let old = hours(seconds);
        tables.note(format!(
            "no new credential report was generated ({}): used the report of {made}, which is {old} old",
            gap.headline()
        ));
    } else if seconds > OLDEST {
        tables.note(format!(
            "the credential report of {made} is {} old, although AWS can generate a new one after 4 h",
            hours(seconds)
        ));
    }
}

/// `5.5 h`.
fn hours(seconds: i64) -> String {
    format!("{:.1} h", seconds as f64 / 3600.0)
}

/// The report can be four hours old, and users come and go while it is fetched: who is on one side only is no mistake, and
/// worth a word.
fn note_differences(report: &Report, tables: &mut Tables) {
    let Ok(users) = tables.get::<User>() else {
        return;
    };
    let listed: BTreeSet<&str> = users.iter().map(|user| user.user_arn.as_str()).collect();
    let reported: BTreeSet<&str> =
        report.credentials.iter().filter(|row| !row.is_root).map(|row| row.user_arn.as_str()).collect();
    let unreported = listed.difference(&reported).count();
    let gone = reported.difference(&listed).count();
    if unreported > 0 {
        tables.note(format!(
            "users that are not in the credential report of {}: {unreported}",
            report.generated_at
        ));
    }
    if gone > 0 {
        tables.note(format!(
            "users in the credential report of {} that no longer exist: {gone}",
            report.generated_at
        ));
    }
}

async fn generate(member: &Member) -> Result<(), Gap> {
    member.call(GENERATE, || member.iam.generate_credential_report().send()).await.map(|_| ())
}

async fn fetch(session: &Session) -> Result<Report, Gap> {
    let member = member(session)?;
    let (mut wait, mut waited, mut looks) = (FIRST_WAIT, Duration::ZERO, 0);
    loop {
        looks += 1;
        let answer = member.call(GET, || member.iam.get_credential_report().send()).await;
        let gap = match answer {
            Ok(answer) => {
                let content = answer.content().map(std::convert::AsRef::as_ref).unwrap_or_default();
                let generated_at = decode::required_moment(answer.generated_time(), "GeneratedTime")?;
                let text = str::from_utf8(content).map_err(|error| malformed(&error.to_string()))?;
                return parse(text, member.account, generated_at, session.clock.ages_to());
            }
            Err(gap) => gap,
        };
        match gap.code.as_deref() {
            Some("ReportInProgress" | "CredentialReportNotReadyException") => {}
            // No report, or one older than four hours: ask, and say so if that is what is refused.
            Some(
                "ReportNotPresent"
                | "ReportExpired"
                | "CredentialReportNotPresentException"
                | "CredentialReportExpiredException",
            ) => generate(member).await?,
            _ => return Err(gap),
        }
        if waited >= member.report_timeout {
            let seconds = waited.as_secs_f64();
            let message = format!("the credential report was still being generated after {seconds:.1} s");
            let mut gap = Gap::new(Reason::ReportNotReady).during(GET).because(&message);
            gap.attempts = looks;
            return Err(gap);
        }
        // The last wait ends with the patience.
        wait = wait.min(member.report_timeout.saturating_sub(waited));
        tokio::time::sleep(wait).await;
        waited += wait;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// AWS's report has root's row at least; one by a stand-in may lack it, but not a row for each user that there is.
fn not_empty(report: Report, tables: &Tables) -> Result<Report, Gap> {
    let summary = tables.get::<AccountSummary>().ok().and_then(<[_]>::first);
    let counted = summary.and_then(|summary| summary.users);
    let users = counted.or_else(|| tables.get::<User>().ok().map(|users| users.len() as i64));
    if report.credentials.is_empty() && users != Some(0) {
        return Err(malformed("the report has a header but no rows"));
    }
    Ok(report)
}

/// What a report says.
#[derive(Debug)]
pub struct Report {
    /// When AWS made it.
    pub generated_at: Timestamp,
    /// A row a user, root first.
    pub credentials: Vec<Credential>,
    /// Up to two a row.
    pub access_keys: Vec<AccessKey>,
}

/// Parses a report. Columns are found by name, so that new ones do no harm; a missing one is named.
pub fn parse(
    text: &str,
    account_id: AccountId,
    generated_at: Timestamp,
    now: Timestamp,
) -> Result<Report, Gap> {
    let mut records = csv::records(text);
    let header = records.next().ok_or_else(|| malformed("the report is empty"))?.map_err(malformed)?;
    let columns: HashMap<&str, usize> =
        header.iter().enumerate().map(|(index, name)| (&**name, index)).collect();
    if columns.len() < header.len() {
        return Err(malformed("the report has two columns with the same name"));
    }
    let mut report = Report { generated_at, credentials: Vec::new(), access_keys: Vec::new() };
    let mut seen = BTreeSet::new();
    for record in records {
        let record = rejoined(record.map_err(malformed)?, header.len());
        if record.len() != header.len() {
            let message = format!("a row has {} fields, but the header has {}", record.len(), header.len());
            return Err(malformed(&message));
        }
        let line = Line { columns: &columns, record: &record };
        let user_arn = line.text("arn")?.to_owned();
        if !user_arn.starts_with("arn:") {
            return Err(line.bad("arn", "an ARN"));
        }
        decode::own_arn(Some(&user_arn), account_id, "a user of the report")
            .map_err(|gap| gap.during(GET))?;
        if !seen.insert(user_arn.clone()) {
            return Err(malformed(&format!("the report has two rows for {user_arn}")));
        }
        for slot in [1, 2] {
            report.access_keys.extend(access_key(&line, account_id, &user_arn, slot, now)?);
        }
        report.credentials.push(credential(&line, account_id, user_arn, generated_at)?);
    }
    Ok(report)
}

fn credential(
    line: &Line<'_>,
    account_id: AccountId,
    user_arn: String,
    report_generated_at: Timestamp,
) -> Result<Credential, Gap> {
    let user_name = line.text("user")?.to_owned();
    Ok(Credential {
        account_id,
        is_root: user_name == ROOT,
        created_at: line.date("user_creation_time")?,
        password_enabled: line.flag("password_enabled")?,
        password_last_used_at: line.date("password_last_used")?,
        password_last_changed_at: line.date("password_last_changed")?,
        password_next_rotation_at: line.date("password_next_rotation")?,
        mfa_active: line.flag("mfa_active")?,
        cert_1_active: line.active("cert_1", &["last_rotated"])?,
        cert_2_active: line.active("cert_2", &["last_rotated"])?,
        report_generated_at,
        access_key_1_last_used_at: line.date("access_key_1_last_used_date")?,
        access_key_2_last_used_at: line.date("access_key_2_last_used_date")?,
        // Documented, and not in every report.
        additional_credentials: if line.columns.contains_key(ADDITIONAL) {
            line.optional_text(ADDITIONAL)?
        } else {
            None
        },
        user_arn,
        user_name,
    })
}

/// A key that is active, or that has the date of its creation. AWS's reports keep that date of an inactive key, and its
/// documentation says that they do not; the last use alone stays in the row of the owner.
fn access_key(
    line: &Line<'_>,
    account_id: AccountId,
    user_arn: &str,
    slot: i32,
    now: Timestamp,
) -> Result<Option<AccessKey>, Gap> {
    let column = |what: &str| format!("access_key_{slot}_{what}");
    let active = line.active(&format!("access_key_{slot}"), &["last_rotated", "last_used_date"])?;
    let created_at = line.date(&column("last_rotated"))?;
    let created_at = match (active, created_at) {
        (_, Some(moment)) => moment,
        (false, None) => return Ok(None),
        (true, None) => {
            let message = format!("{}: key {slot} is active and has no date", line.text("user")?);
            return Err(malformed(&message));
        }
    };
    let last_used_at = line.date(&column("last_used_date"))?;
    Ok(Some(AccessKey {
        account_id,
        user_arn: user_arn.to_owned(),
        slot,
        access_key_id: None,
        status: if active { KeyStatus::Active } else { KeyStatus::Inactive },
        created_at,
        last_used_at,
        age_days: days_between(created_at, now) as i32,
        unused_days: last_used_at.map(|moment| days_between(moment, now) as i32),
        last_used_service: line.optional_text(&column("last_used_service"))?,
        last_used_region: line.optional_text(&column("last_used_region"))?,
        owner: None,
    }))
}

#[cfg(test)]
#[path = "credential_report_tests.rs"]
mod tests;
