//! One row per evaluation: every PASS is kept.

use std::borrow::Cow;
use std::sync::Arc;

use crate::account::AccountId;
use crate::report::Status;
use crate::severity::Severity;
use crate::table::text_enum;
use crate::time::Timestamp;

text_enum! {
    /// How a finding stands against the last scan that observed it.
    pub enum Change {
        /// It fails and did not before.
        New = "NEW",
        /// It was resolved and fails again.
        Reopened = "REOPENED",
        /// It still fails.
        Unchanged = "UNCHANGED",
        /// It no longer fails.
        Resolved = "RESOLVED",
        /// It did not fail before and does not now.
        None = "NONE",
        /// It cannot be told yet: no earlier observation.
        Unknown = "UNKNOWN",
    }
}

crate::table! {
    /// One evaluation of one check on one resource.
    pub struct FindingRecord in "findings" per account sorted by [account_id, resource_uid, region, check_id, subject] {
        /// When the facts were read (the oldest of the tables used).
        observed_at: Timestamp,
        /// `aws`, `aws-us-gov`, `aws-cn`.
        aws_partition: Arc<str>,
        /// Twelve digits, leading zeros kept.
        account_id: AccountId,
        /// At scan time.
        account_name: Option<Arc<str>>,
        /// At scan time: the OU that contains the account.
        ou_id: Option<Arc<str>>,
        /// `/Root/Prod/Payments`, at scan time.
        ou_path: Option<Arc<str>>,
        /// `global` for IAM.
        region: Cow<'static, str>,
        /// `iam`, `organizations`.
        service: Cow<'static, str>,
        /// The check.
        check_id: Cow<'static, str>,
        /// Its title.
        check_title: Cow<'static, str>,
        /// Increases when the check's logic changes, to distinguish that from changes in the account.
        check_version: i32,
        /// informational, low, medium, high or critical; the severity of this finding, which can differ from the check's.
        severity: Severity,
        /// 1 to 5, for ORDER BY and scores.
        severity_rank: i32,
        /// `AWS::IAM::Role` style.
        resource_type: Cow<'static, str>,
        /// ARN.
        resource_uid: String,
        /// Its name.
        resource_name: Option<String>,
        /// The part of the resource (key slot, statement ID); empty for the resource itself.
        subject: String,
        /// From configured tag keys.
        owner: Option<String>,
        /// PASS, FAIL, UNKNOWN, NOT_APPLICABLE, MANUAL.
        status: Status,
        /// Reason code of UNKNOWN and NOT_APPLICABLE.
        status_code: Option<Cow<'static, str>>,
        /// Only when not PASS.
        message: Option<String>,
        /// `<account_id>-<20 hexadecimal digits>`; set on FAIL, UNKNOWN and MANUAL.
        finding_id: Option<String>,
        /// Change since the last scan that observed it.
        change: Change,
        /// First time this finding was seen failing.
        first_seen_at: Option<Timestamp>,
        /// When the current status began.
        status_since: Option<Timestamp>,
        /// Whole days open.
        open_days: Option<i32>,
        /// Whether a suppression applies.
        suppressed: bool,
        /// The suppression.
        suppression_id: Option<String>,
        /// When the suppression ends; null: no end.
        suppressed_until: Option<Timestamp>,
        /// The facts used, as one line of JSON; only when not PASS.
        evidence_json: Option<String>,
    }
}
