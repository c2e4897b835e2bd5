//! `checks list --format json`: a list of checks.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Version;

/// A check.
#[derive(Debug, Serialize)]
pub struct Check {
    pub schema_version: Version,
    /// Its id.
    pub id: String,
    /// What it finds, in a line.
    pub title: String,
    /// Of its findings: informational, low, medium, high or critical.
    pub severity: &'static str,
    /// stable, preview or retired.
    pub status: &'static str,
    /// Ids that it had, which still work.
    pub former_ids: Vec<String>,
    /// The pack that brings it.
    pub pack: String,
    /// Grows when its verdicts change.
    pub version: i32,
    /// The version of the pack that brought it.
    pub since: String,
    /// What it judges, as CloudFormation names it.
    pub resource_type: String,
    /// Its settings and their defaults, as `[checks.ID]` of the configuration file has them.
    pub settings: BTreeMap<String, serde_json::Value>,
    /// Tables that it reads.
    pub tables: Vec<String>,
    /// IAM actions that it needs in each account.
    pub actions: Vec<String>,
    /// IAM actions that add to its findings where they are requested.
    pub optional_actions: Vec<String>,
    /// IAM actions that the caller needs.
    pub caller_actions: Vec<String>,
    /// Controls that it answers.
    pub controls: Vec<Control>,
    /// Pages of AWS's documentation that it rests on.
    pub pages: Vec<String>,
}

/// A control of a framework.
#[derive(Debug, Serialize)]
pub struct Control {
    /// Such as `cis_aws_foundations`.
    pub framework: String,
    /// Of the framework; may be empty.
    pub version: String,
    /// In the framework.
    pub id: String,
}

impl From<&orgsweep_model::Control> for Control {
    fn from(control: &orgsweep_model::Control) -> Self {
        Self {
            framework: control.framework.to_string(),
            version: control.version.to_string(),
            id: control.id.to_string(),
        }
    }
}
