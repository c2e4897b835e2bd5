//! The credential report: asked for early, fetched last, parsed by header name.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>

use std::collections::HashMap;
use std::time::Duration;

use orgsweep_model::facts::{AccessKey, Credential, KeyStatus};
use orgsweep_model::time::days_between;
use orgsweep_model::{
    AccountId, Collector, Gap, Needs, Reason, Row, Session, TableSchema, Tables, Timestamp, async_trait,
};

use super::{decode, member, put_gaps};
use crate::member::Member;

const GENERATE: &str = "iam:GenerateCredentialReport";
const GET: &str = "iam:GetCredentialReport";
/// The first wait between two looks at a report that is being made; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait between two looks.
const LONGEST_WAIT: Duration = Duration::from_secs(16);
/// The name of root's row.
const ROOT: &str = "<root_account>";

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
        if let Ok(member) = member(session) {
            // A refusal shows again when the report is fetched: an old report may still be there.
            let _ = generate(member).await;
        }
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        match fetch(session).await {
            Ok(report) => {
                tables.insert(report.credentials, report.generated_at);
                tables.insert(report.access_keys, report.generated_at);
            }
            Err(gap) => put_gaps(self.fills(), &gap, session, tables),
        }
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
        tokio::time::sleep(wait).await;
        waited += wait;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
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
    let mut records = records(text);
    let header = records.next().ok_or_else(|| malformed("the report is empty"))?;
    let columns: HashMap<&str, usize> =
        header.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
    let mut report = Report { generated_at, credentials: Vec::new(), access_keys: Vec::new() };
    for record in records {
        let record = rejoined(record, header.len());
        if record.len() != header.len() {
            let message = format!("a row has {} fields and the header {}", record.len(), header.len());
            return Err(malformed(&message));
        }
        let line = Line { columns: &columns, record: &record };
        let user_arn = line.text("arn")?.to_owned();
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
        mfa_active: line.required_flag("mfa_active")?,
        cert_1_active: line.required_flag("cert_1_active")?,
        cert_2_active: line.required_flag("cert_2_active")?,
        report_generated_at,
        user_arn,
        user_name,
    })
}

/// A key exists if it is active or has a date: an inactive key keeps its date.
fn access_key(
    line: &Line<'_>,
    account_id: AccountId,
    user_arn: &str,
    slot: i32,
    now: Timestamp,
) -> Result<Option<AccessKey>, Gap> {
    let column = |what: &str| format!("access_key_{slot}_{what}");
    let active = line.required_flag(&column("active"))?;
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

/// One row with its columns' names.
struct Line<'a> {
    columns: &'a HashMap<&'a str, usize>,
    record: &'a [String],
}

impl Line<'_> {
    fn text(&self, column: &str) -> Result<&str, Gap> {
        let index = self
            .columns
            .get(column)
            .ok_or_else(|| malformed(&format!("the report has no column {column}")))?;
        Ok(self.record.get(*index).map_or("", String::as_str))
    }

    /// `None` for the words that mean "there is none".
    fn optional(&self, column: &str) -> Result<Option<&str>, Gap> {
        let text = self.text(column)?;
        Ok(Some(text).filter(|text| !matches!(*text, "" | "N/A" | "no_information" | "not_supported")))
    }

    fn optional_text(&self, column: &str) -> Result<Option<String>, Gap> {
        Ok(self.optional(column)?.map(str::to_owned))
    }

    fn date(&self, column: &str) -> Result<Option<Timestamp>, Gap> {
        self.optional(column)?.map(|text| text.parse().map_err(|_| self.bad(column, "a date"))).transpose()
    }

    fn flag(&self, column: &str) -> Result<Option<bool>, Gap> {
        match self.optional(column)? {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(self.bad(column, "true or false")),
        }
    }

    /// A flag of something that the principal may not have at all: no such thing is not active.
    fn required_flag(&self, column: &str) -> Result<bool, Gap> {
        Ok(self.flag(column)?.unwrap_or(false))
    }

    fn bad(&self, column: &str, expected: &str) -> Gap {
        let user = self.text("user").unwrap_or_default();
        let found = self.text(column).unwrap_or_default();
        malformed(&format!("{user}, {column}: {found:?} is not {expected}"))
    }
}

fn malformed(message: &str) -> Gap {
    Gap::new(Reason::MalformedAnswer).during(GET).because(message)
}

/// Names may hold commas, and a report that does not quote them has as many fields too many in `user` as in `arn`, the
/// first two columns. Joined again only if the ARN then ends with the name; everything else is left as it is.
fn rejoined(record: Vec<String>, wanted: usize) -> Vec<String> {
    let extra = record.len().saturating_sub(wanted);
    if extra == 0 || extra % 2 == 1 {
        return record;
    }
    let commas = extra / 2;
    let user = record[..=commas].join(",");
    let arn = record[commas + 1..=2 * commas + 1].join(",");
    if !arn.ends_with(&format!("/{user}")) {
        return record;
    }
    let rest = record[2 * commas + 2..].iter().cloned();
    [user, arn].into_iter().chain(rest).collect()
}

/// RFC 4180 records: quotes may hold commas, quotes and line ends; both kinds of line end; no empty last record.
fn records(text: &str) -> impl Iterator<Item = Vec<String>> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    std::iter::from_fn(move || {
        while let Some(after) = rest.strip_prefix('\n').or_else(|| rest.strip_prefix("\r\n")) {
            rest = after;
        }
        if rest.is_empty() {
            return None;
        }
        let mut record = Vec::new();
        loop {
            let (field, after) = field(rest);
            record.push(field);
            rest = after;
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => break,
            }
        }
        rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest);
        Some(record)
    })
}

/// One field, and what follows it: a comma, a line end or nothing.
fn field(text: &str) -> (String, &str) {
    if let Some(mut rest) = text.strip_prefix('"') {
        let mut field = String::new();
        loop {
            let Some(quote) = rest.find('"') else {
                field.push_str(rest);
                return (field, "");
            };
            field.push_str(&rest[..quote]);
            rest = &rest[quote + 1..];
            match rest.strip_prefix('"') {
                Some(after) => {
                    field.push('"');
                    rest = after;
                }
                None => break,
            }
        }
        let end = rest.find([',', '\n']).unwrap_or(rest.len());
        return (field, &rest[end..]);
    }
    let end = text.find([',', '\n']).unwrap_or(text.len());
    (text[..end].trim_end_matches('\r').to_owned(), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(root.is_root && root.mfa_active);
        assert_eq!(root.password_enabled, None);
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
        let text = format!("additional_credentials_info,{HEADER}\r\n,{ANN_ROW}\r\n\r\n");
        assert_eq!(report(&text).unwrap().credentials[0].user_name, "ann");
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

    #[test]
    fn what_is_wrong_is_named() {
        for (text, wanted) in [
            (String::new(), "empty"),
            (format!("{}\n{ANN_ROW}", HEADER.replace("mfa_active", "mfa")), "no column mfa_active"),
            (format!("{HEADER}\n{}", ANN_ROW.replace("2023-05-05T05:05:05Z", "yesterday")), "yesterday"),
            (format!("{HEADER}\n{}", ANN_ROW.replace("user/ann,2024", "user/ann,extra,2024")), "fields"),
            (
                format!("{HEADER}\n{}", ANN_ROW.replace("2024-01-01T00:00:10.5Z", "N/A")),
                "active and has no date",
            ),
        ] {
            let gap = report(&text).unwrap_err();
            assert_eq!(gap.reason, Reason::MalformedAnswer);
            assert!(gap.message.clone().unwrap().contains(wanted), "{wanted}: {gap}");
        }
    }

    #[test]
    fn hostile_text_does_not_panic() {
        for text in ["\"", "a,\"b", "\r", ",,,\n\"\"\"", "\u{feff}user\n"] {
            let _ = report(text);
        }
    }
}
