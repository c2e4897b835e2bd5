//! The catalog of checks as it was when the scan ran.

use crate::severity::Severity;

crate::table! {
    /// One registered check.
    pub struct CheckRecord in "checks" per organization sorted by [check_id] {
        /// Its id.
        check_id: String,
        /// Increases when the check's logic changes.
        check_version: i32,
        /// One line.
        title: String,
        /// `iam`, `organizations`.
        service: String,
        /// `AWS::IAM::User` style.
        resource_type: String,
        /// Default severity.
        severity: Severity,
        /// 1 to 5.
        severity_rank: i32,
        /// The manual page, without the remediation.
        description: Option<String>,
        /// How to fix it.
        remediation: Option<String>,
        /// Further reading.
        docs_url: Option<String>,
        /// The pack that contains the check.
        plugin: String,
        /// Whether it ran in this scan.
        enabled: bool,
        /// stable, preview, retired.
        status: Option<String>,
        /// Former IDs, separated by commas, oldest first.
        former_ids: Option<String>,
    }
}

crate::table! {
    /// A control of a framework that a check is mapped to.
    pub struct CheckControlRecord in "check_controls" per organization sorted by [check_id, framework, framework_version, control_id] {
        /// The check.
        check_id: String,
        /// `cis_aws_foundations`, `nist_800_53`, …
        framework: String,
        /// `3.0`, `r5`; empty if the framework has no versions.
        framework_version: String,
        /// The control's ID, as text: `1.1` and `1.10` differ.
        control_id: String,
    }
}
