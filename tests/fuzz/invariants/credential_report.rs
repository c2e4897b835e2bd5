//! The credential report: every line is a credential, or the report is a gap.

use std::collections::BTreeSet;

use orgsweep_aws::credential_report::parse;

use super::{account_id, is_malformed, now};

const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
    password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
    access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
    access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
    cert_1_last_rotated,cert_2_active,cert_2_last_rotated";
/// What follows `user` and `arn`.
const REST: &str = "2024-01-01T00:00:00Z,true,no_information,2024-01-01T00:00:00Z,N/A,false,true,\
    2024-01-01T00:00:00Z,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A";

/// The bytes as a report, and as the names in a report that is otherwise good.
pub fn holds(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        as_report(text);
        as_names(text);
    }
}

fn as_report(text: &str) {
    let report = match parse(text, account_id(), now(), now()) {
        Ok(report) => report,
        Err(gap) => return is_malformed(&gap),
    };
    assert_eq!(Some(report.credentials.len() + 1), lines(text), "lines and credentials");
    let owners: BTreeSet<&str> = report.credentials.iter().map(|row| row.user_arn.as_str()).collect();
    assert!(report.access_keys.len() <= 2 * report.credentials.len());
    for key in &report.access_keys {
        assert!(owners.contains(key.user_arn.as_str()), "a key of nobody: {key:?}");
        // Whole days, cut short nowhere: the report's dates reach from year -9999 to 9999.
        assert_eq!(
            i64::from(key.age_days),
            now().duration_since(key.created_at).as_secs().div_euclid(86_400)
        );
    }
}

/// Lines that hold something; a line end between quotes ends no line. `None` where the last quote is not closed.
fn lines(text: &str) -> Option<usize> {
    let (mut count, mut quoted, mut empty) = (0, false, true);
    for character in text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").chars() {
        quoted ^= character == '"';
        if character == '\n' && !quoted {
            count += usize::from(!empty);
            empty = true;
        } else {
            empty = false;
        }
    }
    (!quoted).then_some(count + usize::from(!empty))
}

/// Names in quotes come back as they are, whatever is in them.
fn as_names(text: &str) {
    let names: Vec<&str> = text.split('\0').collect();
    // Names may come twice, ARNs may not.
    let rows = names.iter().enumerate().map(|(number, name)| {
        let quoted = name.replace('"', "\"\"");
        format!("\n\"{quoted}\",\"arn:aws:iam::111122223333:user/{number}/{quoted}\",{REST}")
    });
    let report = parse(&(HEADER.to_owned() + &rows.collect::<String>()), account_id(), now(), now())
        .unwrap_or_else(|gap| panic!("{gap}"));
    let found: Vec<&str> = report.credentials.iter().map(|row| row.user_name.as_str()).collect();
    assert!(found == names, "a name in quotes came back as another");
    assert_eq!(report.access_keys.len(), names.len());
}
