//! The credential report: asked for early, fetched last, parsed by header name.
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

use super::report_line::{Line, rejoined};
use super::{csv, decode, key_ids, member, put_gaps};
use crate::member::Member;

const GENERATE: &str = "iam:GenerateCredentialReport";
const GET: &str = "iam:GetCredentialReport";
/// The first wait between two looks at a report that is being made; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// AWS makes a new report for whoever asks once the last one is four hours old; a quarter of an hour is for clocks and for making
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
            // An old report may still be there: what it says is then as old as it is, and that is told.
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
        Some(Details { table: AccessKey::SCHEMA, actions: &[key_ids::API] })
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

/// A report that is older than whoever scans takes is none.
fn young_enough(report: Report, session: &Session) -> Result<Report, Gap> {
    let member = member(session)?;
    let seconds = age(&report, session);
    match member.report_max_age {
        Some(most) if seconds > most.as_secs() as i64 => {
            let mut message = format!(
                "the credential report of {} is {} old, and --report-max-age allows {}",
                report.generated_at,
                hours(seconds),
                hours(most.as_secs() as i64)
            );
            if let Some(gap) = member.no_new_report.get() {
                message.push_str(&format!("; a new one was not made: {}", gap.headline()));
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
            "no new credential report was made ({}): the one of {made} was read, {old} old",
            gap.headline()
        ));
    } else if seconds > OLDEST {
        tables.note(format!(
            "the credential report of {made} is {} old: AWS makes a new one after 4 h",
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
        tables
            .note(format!("users of the credential report of {} that are gone: {gone}", report.generated_at));
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
            let message = format!("the credential report was still being made after {seconds:.1} s");
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
        return Err(malformed("the report has a header and no row"));
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
        return Err(malformed("the report has two columns of one name"));
    }
    let mut report = Report { generated_at, credentials: Vec::new(), access_keys: Vec::new() };
    let mut seen = BTreeSet::new();
    for record in records {
        let record = rejoined(record.map_err(malformed)?, header.len());
        if record.len() != header.len() {
            let message = format!("a row has {} fields and the header {}", record.len(), header.len());
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
            return Err(malformed(&format!("the report has two rows of {user_arn}")));
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

pub(super) fn malformed(message: &str) -> Gap {
    Gap::new(Reason::MalformedAnswer).during(GET).because(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::account_summary::parse as summarized;
    use aws_sdk_iam::types::SummaryKeyType as Key;
    use orgsweep_model::Account;
    use orgsweep_model::collector::Clock;

    const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
        password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,\
        access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
        access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
        access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,\
        cert_2_active,cert_2_last_rotated";
    const ROOT_ROW: &str = "<root_account>,arn:aws:iam::111122223333:root,2020-01-01T00:00:00Z,not_supported,\
        2025-06-01T10:00:00Z,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,\
        N/A,false,N/A";
    const ANN_ROW: &str = "ann,arn:aws:iam::111122223333:user/ann,2024-01-01T00:00:00+00:00,true,no_information,\
        2024-01-01T00:00:00Z,N/A,false,true,2024-01-01T00:00:10.5Z,N/A,N/A,N/A,false,2023-05-05T05:05:05Z,\
        2023-06-06T06:06:06Z,us-east-1,s3,false,N/A,false,N/A";

    fn report(text: &str) -> Result<Report, Gap> {
        let account = "111122223333".parse().unwrap();
        let moment = "2025-12-01T00:00:00Z".parse().unwrap();
        parse(text, account, moment, moment)
    }

    #[test]
    fn a_live_report() {
        let report = report(&format!("{HEADER}\n{ROOT_ROW}\n{ANN_ROW}")).unwrap();
        let [root, ann] = &report.credentials[..] else { panic!("{report:#?}") };
        assert!(root.is_root);
        assert_eq!((root.password_enabled, root.mfa_active), (None, Some(true)));
        assert_eq!((ann.mfa_active, &ann.additional_credentials), (Some(false), &None));
        assert_eq!(ann.password_enabled, Some(true));
        assert_eq!(ann.password_last_used_at, None);
        let [active, inactive] = &report.access_keys[..] else { panic!("{report:#?}") };
        assert_eq!((active.slot, active.status, active.unused_days), (1, KeyStatus::Active, None));
        assert_eq!((inactive.slot, inactive.status), (2, KeyStatus::Inactive));
        assert_eq!(inactive.last_used_service.as_deref(), Some("s3"));
        assert_eq!(active.age_days, 699);
    }

    #[test]
    fn extra_columns_order_and_line_ends_do_not_matter() {
        let text = format!("something_new,{HEADER}\r\n,{ANN_ROW}\r\n\r\n");
        assert_eq!(report(&text).unwrap().credentials[0].user_name, "ann");
    }

    #[test]
    fn more_than_two_keys_are_told_by_a_column_that_may_be_missing() {
        for (said, wanted) in [("N/A", None), ("", None), ("1 more access key", Some("1 more access key"))] {
            let text = format!("additional_credentials_info,{HEADER}\n{said},{ANN_ROW}");
            assert_eq!(report(&text).unwrap().credentials[0].additional_credentials.as_deref(), wanted);
        }
    }

    /// Ann's row with other words for her second key, which is inactive: active, made, last used.
    fn second_key(active: &str, made: &str, used: &str) -> Result<Report, Gap> {
        let shown = "false,2023-05-05T05:05:05Z,2023-06-06T06:06:06Z,";
        report(&format!("{HEADER}\n{}", ANN_ROW.replace(shown, &format!("{active},{made},{used},"))))
    }

    #[test]
    fn an_inactive_key_without_its_date_keeps_its_last_use() {
        let report = second_key("false", "N/A", "2023-06-06T06:06:06Z").unwrap();
        let ann = &report.credentials[0];
        assert_eq!(report.access_keys.len(), 1);
        assert_eq!(ann.access_key_2_last_used_at.unwrap().to_string(), "2023-06-06T06:06:06Z");
        assert_eq!(ann.undated_keys(&report.access_keys).collect::<Vec<_>>(), [2]);
        let dated = second_key("false", "2023-05-05T05:05:05Z", "2023-06-06T06:06:06Z").unwrap();
        assert_eq!(dated.credentials[0].undated_keys(&dated.access_keys).count(), 0);
    }

    #[test]
    fn a_word_beside_a_date_is_not_an_inactive_key() {
        for none in ["false", "N/A", "not_supported"] {
            let report = second_key(none, "N/A", "N/A").unwrap();
            assert_eq!(report.access_keys.len(), 1, "{none}");
        }
        let date = "2023-05-05T05:05:05Z";
        for word in ["N/A", "not_supported", "no_information", ""] {
            for (made, used) in [(date, "N/A"), ("N/A", date), (date, date)] {
                let gap = second_key(word, made, used).unwrap_err();
                assert_eq!(gap.reason, Reason::MalformedAnswer, "{word}");
                assert!(gap.message.unwrap().contains("access_key_2_active"));
            }
        }
        for word in ["no_information", "", "perhaps"] {
            assert_eq!(second_key(word, "N/A", "N/A").unwrap_err().reason, Reason::MalformedAnswer, "{word}");
        }
    }

    #[test]
    fn an_mfa_flag_that_says_nothing_is_not_false() {
        for word in ["no_information", "N/A", ""] {
            let row = ANN_ROW.replace("N/A,false,true,2024", &format!("N/A,{word},true,2024"));
            assert_eq!(report(&format!("{HEADER}\n{row}")).unwrap().credentials[0].mfa_active, None);
        }
    }

    #[test]
    fn a_report_without_rows_is_one_of_an_account_without_users_or_none() {
        let now: Timestamp = "2025-12-01T00:00:00Z".parse().unwrap();
        let empty = || report(HEADER).unwrap();
        let summary = |users: i64| {
            let map =
                [(Key::AccountMfaEnabled, 1), (Key::AccountAccessKeysPresent, 0), (Key::Users, users as i32)];
            let mut tables = Tables::new();
            let account = "111122223333".parse().unwrap();
            tables.insert(vec![summarized(account, &map.into_iter().collect()).unwrap()], now);
            tables
        };
        assert!(not_empty(empty(), &summary(0)).is_ok());
        for tables in [Tables::new(), summary(1)] {
            assert_eq!(not_empty(empty(), &tables).unwrap_err().reason, Reason::MalformedAnswer);
        }
        let mut listed = Tables::new();
        listed.insert(Vec::<User>::new(), now);
        assert!(not_empty(empty(), &listed).is_ok());
        // A stand-in's report has no row for root.
        assert!(not_empty(report(&format!("{HEADER}\n{ANN_ROW}")).unwrap(), &summary(1)).is_ok());
    }

    #[test]
    fn names_with_commas_are_quoted() {
        let row = ANN_ROW.replacen("ann,", "\"ann,\"\"b\"\"\",", 1);
        assert_eq!(report(&format!("{HEADER}\n{row}")).unwrap().credentials[0].user_name, "ann,\"b\"");
    }

    #[test]
    fn names_with_commas_that_are_not_quoted_are_joined_again() {
        let row = ANN_ROW.replacen("ann,", "a,n,n,", 1).replace("user/ann,", "user/team/a,n,n,");
        let report = report(&format!("{HEADER}\n{row}")).unwrap();
        assert_eq!(report.credentials[0].user_name, "a,n,n");
        assert_eq!(report.credentials[0].user_arn, "arn:aws:iam::111122223333:user/team/a,n,n");
    }

    #[tokio::test]
    async fn an_empty_report_is_a_gap_of_both_tables() {
        // "user,arn" in base64: a header and nothing else.
        let body = "<GetCredentialReportResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
            <GetCredentialReportResult><Content>dXNlcixhcm4=</Content><ReportFormat>text/csv</ReportFormat>\
            <GeneratedTime>2025-12-01T00:00:00Z</GeneratedTime></GetCredentialReportResult>\
            <ResponseMetadata><RequestId>x</RequestId></ResponseMetadata></GetCredentialReportResponse>";
        let account = Account::new("111122223333".parse().unwrap());
        let session = crate::canned::session(&account, Clock::wall(), body);
        let mut tables = Tables::new();
        CredentialReport.collect(&session, &mut tables).await;
        for table in CredentialReport.fills() {
            assert_eq!(tables.gap(table.name).unwrap().reason, Reason::MalformedAnswer, "{}", table.name);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, wanted) in [
            (String::new(), "empty"),
            (format!("{}\n{ANN_ROW}", HEADER.replace("mfa_active", "mfa")), "no column mfa_active"),
            (format!("{HEADER}\n{}", ANN_ROW.replace("2023-05-05T05:05:05Z", "yesterday")), "yesterday"),
            (format!("{HEADER}\n{ANN_ROW}\n{ANN_ROW}"), "two rows of arn:aws:iam::111122223333:user/ann"),
            (format!("{HEADER}\n{}", ANN_ROW.replace("user/ann,2024", "user/ann,extra,2024")), "fields"),
            (
                format!("{HEADER}\n{}", ANN_ROW.replace("2024-01-01T00:00:10.5Z", "N/A")),
                "active and has no date",
            ),
            (
                format!("{HEADER}\n{}", ANN_ROW.replace("arn:aws:iam::111122223333:user/ann", "")),
                "not an ARN",
            ),
            (format!("{HEADER},user\n{ANN_ROW},bob"), "two columns"),
            // A quote in the last field would take the rows that follow along.
            (format!("{HEADER}\n{}\"N/A\n{ANN_ROW}", &ANN_ROW[..ANN_ROW.len() - 3]), "not closed"),
        ] {
            let gap = report(&text).unwrap_err();
            assert_eq!(gap.reason, Reason::MalformedAnswer);
            assert!(gap.message.clone().unwrap().contains(wanted), "{wanted}: {gap}");
        }
    }

    #[test]
    fn hostile_text_does_not_panic() {
        for text in ["\"", "a,\"b", "\r", ",,,\n\"\"\"", "\u{feff}user\n", "user\n,,"] {
            let _ = report(text);
        }
    }
}
