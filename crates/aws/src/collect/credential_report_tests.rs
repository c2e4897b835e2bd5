//! Tests of `credential_report`.

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
        (format!("{HEADER}\n{ANN_ROW}\n{ANN_ROW}"), "two rows for arn:aws:iam::111122223333:user/ann"),
        (format!("{HEADER}\n{}", ANN_ROW.replace("user/ann,2024", "user/ann,extra,2024")), "fields"),
        (format!("{HEADER}\n{}", ANN_ROW.replace("2024-01-01T00:00:10.5Z", "N/A")), "active and has no date"),
        (format!("{HEADER}\n{}", ANN_ROW.replace("arn:aws:iam::111122223333:user/ann", "")), "not an ARN"),
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
