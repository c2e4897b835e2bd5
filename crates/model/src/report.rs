//! What a check says: one outcome per resource.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::gap::{Gap, Reason};
use crate::severity::Severity;
use crate::table::text_enum;

text_enum! {
    /// The verdict on one resource.
    pub enum Status {
        /// The rule holds.
        Pass = "PASS",
        /// It does not.
        Fail = "FAIL",
        /// It could not be decided; never a pass.
        Unknown = "UNKNOWN",
        /// The question has no meaning for the resource.
        NotApplicable = "NOT_APPLICABLE",
        /// No API can decide; a person has to.
        Manual = "MANUAL",
    }
}

/// The largest `evidence_json`, in bytes.
pub const LARGEST_EVIDENCE: usize = 16 * 1024;

/// What an outcome is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `AWS::IAM::User` style.
    pub kind: Cow<'static, str>,
    /// ARN.
    pub uid: String,
    /// Its name.
    pub name: Option<String>,
    /// What inside it (a key slot, a statement); empty if the resource itself.
    pub subject: String,
    /// The Region that it is in.
    pub region: Cow<'static, str>,
}

/// The Region of what is in none: IAM, Organizations, the account itself.
pub const GLOBAL: &str = "global";

impl Resource {
    /// Any resource.
    pub fn new(kind: impl Into<Cow<'static, str>>, uid: &str, name: Option<&str>) -> Self {
        Self {
            kind: kind.into(),
            uid: uid.to_owned(),
            name: name.map(str::to_owned),
            subject: String::new(),
            region: Cow::Borrowed(GLOBAL),
        }
    }

    /// An IAM user.
    pub fn user(arn: &str) -> Self {
        Self::new("AWS::IAM::User", arn, Some(crate::text::arn_name(arn)))
    }

    /// An IAM group.
    pub fn group(arn: &str) -> Self {
        Self::new("AWS::IAM::Group", arn, Some(crate::text::arn_name(arn)))
    }

    /// An IAM role.
    pub fn role(arn: &str) -> Self {
        Self::new("AWS::IAM::Role", arn, Some(crate::text::arn_name(arn)))
    }

    /// The same resource, and which part of it is meant.
    #[must_use]
    pub fn part(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// The same resource in a Region, such as `eu-central-1`.
    #[must_use]
    pub fn in_region(mut self, region: impl Into<Cow<'static, str>>) -> Self {
        self.region = region.into();
        self
    }
}

/// One verdict with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The verdict.
    pub status: Status,
    /// What it is about.
    pub resource: Resource,
    /// Where it differs from the check's default.
    pub severity: Option<Severity>,
    /// Why not PASS or FAIL.
    pub reason: Option<Reason>,
    /// One sentence for people; empty on PASS.
    pub message: String,
    /// The facts used.
    pub evidence: Map<String, Json>,
}

impl Outcome {
    fn new(status: Status, resource: Resource, message: String) -> Self {
        Self { status, resource, severity: None, reason: None, message, evidence: Map::new() }
    }

    /// Sets the severity of this one finding.
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = Some(severity);
        self
    }

    /// Adds a fact to the evidence.
    pub fn evidence(&mut self, name: &str, value: impl Into<Json>) -> &mut Self {
        self.evidence.insert(name.to_owned(), value.into());
        self
    }

    /// Names the call that was lost.
    pub(crate) fn of_gap(&mut self, gap: &Gap) -> &mut Self {
        self.reason = Some(gap.reason);
        if let Some(api) = &gap.api {
            self.evidence("api", api.as_str());
        }
        if let Some(code) = &gap.code {
            self.evidence("error_code", code.as_str());
        }
        if gap.attempts > 0 {
            self.evidence("attempts", gap.attempts);
        }
        self
    }

    /// The evidence as one line of JSON of at most [`LARGEST_EVIDENCE`] bytes. Where it is larger, the longest
    /// values give way and the line says so: it stays valid JSON.
    pub fn evidence_json(&self) -> Option<String> {
        if self.evidence.is_empty() {
            return None;
        }
        // A map of JSON values is always JSON.
        let whole = serde_json::to_string(&self.evidence).unwrap_or_default();
        if whole.len() <= LARGEST_EVIDENCE {
            return Some(whole);
        }
        let mut kept = Map::new();
        let mut left = LARGEST_EVIDENCE - 64;
        for (name, value) in &self.evidence {
            let size = name.len() + value.to_string().len() + 8;
            if size <= left {
                left -= size;
                kept.insert(name.clone(), value.clone());
            }
        }
        kept.insert("evidence_cut".to_owned(), Json::Bool(true));
        Some(Json::Object(kept).to_string())
    }
}

/// Where a check puts its outcomes.
#[derive(Debug, Default)]
pub struct Report {
    outcomes: Vec<Outcome>,
    /// The first thing that was not read and was needed.
    lost: Option<Gap>,
}

impl Report {
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// The rule holds for the resource.
    pub fn pass(&mut self, resource: Resource) -> &mut Outcome {
        self.push(Outcome::new(Status::Pass, resource, String::new()))
    }

    /// The rule does not hold. The message is one sentence that says what is wrong with this resource.
    pub fn fail(&mut self, resource: Resource, message: impl Into<String>) -> &mut Outcome {
        self.push(Outcome::new(Status::Fail, resource, message.into()))
    }

    /// Everything was read, and the rule still cannot decide. The message says what is missing.
    pub fn unknown(&mut self, resource: Resource, message: impl Into<String>) -> &mut Outcome {
        let outcome = self.push(Outcome::new(Status::Unknown, resource, message.into()));
        outcome.reason = Some(Reason::Undecided);
        outcome
    }

    /// Something was not read, and without it the rule cannot decide. The message says what for; the reason is the gap's, and
    /// coverage names it.
    pub fn lost(&mut self, resource: Resource, gap: &Gap, message: &str) -> &mut Outcome {
        self.lost.get_or_insert_with(|| gap.clone());
        let outcome = self.unknown(resource, format!("{message}: {gap}"));
        outcome.of_gap(gap)
    }

    /// The rule does not apply to the resource. The message says why.
    pub fn not_applicable(&mut self, resource: Resource, message: impl Into<String>) -> &mut Outcome {
        let outcome = self.push(Outcome::new(Status::NotApplicable, resource, message.into()));
        outcome.reason = Some(Reason::NotApplicable);
        outcome
    }

    /// No API can decide. The message says what to check manually.
    pub fn manual(&mut self, resource: Resource, message: impl Into<String>) -> &mut Outcome {
        self.push(Outcome::new(Status::Manual, resource, message.into()))
    }

    fn push(&mut self, outcome: Outcome) -> &mut Outcome {
        self.outcomes.push(outcome);
        let last = self.outcomes.len() - 1;
        &mut self.outcomes[last]
    }

    /// What was said, in order, and the first thing that was not read and was needed.
    pub fn into_outcomes(self) -> (Vec<Outcome>, Option<Gap>) {
        (self.outcomes, self.lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_cut_to_valid_json() {
        let mut report = Report::new();
        let outcome = report.fail(Resource::user("arn:aws:iam::111122223333:user/ann"), "bad");
        outcome.evidence("small", 1).evidence("large", "x".repeat(40_000));
        let line = outcome.evidence_json().unwrap();
        assert!(line.len() <= LARGEST_EVIDENCE);
        let parsed: Json = serde_json::from_str(&line).unwrap();
        assert_eq!(parsed["small"], 1);
        assert_eq!(parsed["evidence_cut"], true);
    }
}
