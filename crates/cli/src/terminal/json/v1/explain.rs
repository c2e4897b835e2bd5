//! `explain --format json`: whether a principal may perform an action.

use serde::Serialize;

use super::Version;

/// An answer with the layers that it rests on.
#[derive(Debug, Serialize)]
pub struct Explanation {
    pub schema_version: Version,
    /// The scan whose facts it rests on.
    pub scan_id: String,
    /// The principal of the question.
    pub principal: String,
    /// The action of the question.
    pub action: String,
    /// The resource of the question.
    pub resource: String,
    /// Whether the catalogue in the program lists the action.
    pub action_known: bool,
    /// The day of that catalogue.
    pub catalogue_date: String,
    /// Whether the program's list of services, or the scan, has the principal.
    pub principal_known: bool,
    /// The day of that list.
    pub service_principals_date: String,
    /// Condition keys of `--context` that the catalogue does not list.
    pub context_keys_unknown: Vec<String>,
    /// Services in `--context` that no list has.
    pub context_services_unknown: Vec<String>,
    /// Whose policies the answer is about: both, principal or resource.
    pub side: &'static str,
    /// The answer.
    pub answer: Answer,
    /// The answer where the resource's policy, which no scan reads, says nothing; null: not such a resource.
    pub if_the_resource_policy_says_nothing: Option<Answer>,
    /// The answer where the key's policy, which no scan reads, is the default one; null: not a key.
    pub if_the_key_policy_is_the_default_one: Option<Answer>,
    /// What decided, in the order of evaluation.
    pub layers: Vec<Layer>,
    /// For people.
    pub notes: Vec<String>,
}

/// An answer.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// allowed, allowed_if, denied or unknown.
    pub decision: &'static str,
    /// Why denied, or under which condition allowed; null: neither.
    pub reason: Option<String>,
    /// With allowed_if: each condition.
    pub conditions: Vec<Condition>,
    /// With allowed_if: the answer where the caller chooses what it can choose.
    pub by_choice: Option<&'static str>,
    /// With unknown: why.
    pub unknown: Vec<String>,
    /// Statements that decided.
    pub evidence: Vec<String>,
}

/// A condition that must hold, or must not.
#[derive(Debug, Serialize)]
pub struct Condition {
    /// As the policy has it.
    pub condition: String,
    /// caller, environment or unknown.
    pub decided_by: &'static str,
    /// The policy.
    pub policy: String,
    /// The statement, from 1.
    pub statement: usize,
    /// Its Sid; null: it has none.
    pub sid: Option<String>,
}

/// Policies of one kind.
#[derive(Debug, Serialize)]
pub struct Layer {
    /// Its name.
    pub layer: String,
    /// What it comes to; null: nothing.
    pub says: Option<String>,
    /// Statements that apply, or may.
    pub statements: Vec<Statement>,
}

/// A statement.
#[derive(Debug, Serialize)]
pub struct Statement {
    /// The policy.
    pub policy: String,
    /// Its version; null: it has none.
    pub version: Option<String>,
    /// The group that it comes from; null: none.
    pub group: Option<String>,
    /// The statement, from 1.
    pub statement: usize,
    /// Its Sid; null: it has none.
    pub sid: Option<String>,
    /// Allow or Deny; null: the policy could not be read.
    pub effect: Option<&'static str>,
    /// yes, under its conditions, or unknown.
    pub applies: &'static str,
    /// Conditions that are open.
    pub open: Vec<OpenCondition>,
}

/// A condition that the request does not decide.
#[derive(Debug, Serialize)]
pub struct OpenCondition {
    /// As the policy has it.
    pub condition: String,
    /// caller, environment or unknown.
    pub decided_by: &'static str,
}
