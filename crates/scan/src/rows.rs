//! Results into the lake's rows.

use std::borrow::Cow;
use std::sync::Arc;

use orgsweep_model::evaluate::CheckResult;
use orgsweep_model::finding_id::finding_id;
use orgsweep_model::records::{Change, CheckControlRecord, CheckRecord, CoverageRecord, FindingRecord};
use orgsweep_model::registry::Registry;
use orgsweep_model::selection::CheckSet;
use orgsweep_model::{Account, CheckMetadata, Organization, Outcome, Status, Timestamp};

/// The coverage row of one check in one account.
pub fn coverage(account: &Account, result: &CheckResult<'_>) -> CoverageRecord {
    let passed = result.count(Status::Pass);
    let failed = result.count(Status::Fail);
    CoverageRecord {
        account_id: account.id,
        ou_path: account.ou_path.clone(),
        check_id: result.metadata.id.clone().into_owned(),
        check_version: result.metadata.version,
        severity: result.metadata.severity,
        outcome: result.outcome,
        reason_code: result.gap.as_ref().map(|gap| gap.reason.as_str().to_owned()),
        evaluated: passed + failed,
        passed,
        failed,
        unknown: result.count(Status::Unknown),
        not_applicable: result.count(Status::NotApplicable),
        manual: result.count(Status::Manual),
        suppressed: 0,
    }
}

/// The finding rows of one account, sorted by resource, Region, check and subject.
pub fn findings(
    account: &Account,
    organization: &Organization,
    results: Vec<CheckResult<'_>>,
) -> Vec<FindingRecord> {
    let shared = Shared::of(account, organization);
    let mut found: Vec<Found<'_>> = results.into_iter().map(Found::from).collect();
    // Places are sorted, and not outcomes of 200 bytes each.
    let mut order: Vec<(usize, usize)> = Vec::with_capacity(found.iter().map(|one| one.outcomes.len()).sum());
    for (check, one) in found.iter().enumerate() {
        order.extend((0..one.outcomes.len()).map(|outcome| (check, outcome)));
    }
    let place = |(check, outcome): (usize, usize)| found[check].place(outcome);
    order.sort_by(|left, right| place(*left).cmp(&place(*right)));
    // A row is half a kilobyte: they are not moved again as the list grows.
    let mut findings = Vec::with_capacity(order.len());
    findings.extend(order.into_iter().filter_map(|(check, outcome)| {
        let outcome = found[check].outcomes[outcome].take()?;
        Some(finding(account, &shared, &found[check], outcome))
    }));
    findings
}

/// What a check found; an outcome is taken out once.
struct Found<'c> {
    metadata: &'c CheckMetadata,
    service: Cow<'static, str>,
    observed_at: Timestamp,
    outcomes: Vec<Option<Outcome>>,
}

impl<'c> From<CheckResult<'c>> for Found<'c> {
    fn from(result: CheckResult<'c>) -> Self {
        Self {
            metadata: result.metadata,
            service: result.metadata.service(),
            observed_at: result.observed_at,
            outcomes: result.outcomes.into_iter().map(Some).collect(),
        }
    }
}

impl Found<'_> {
    fn place(&self, outcome: usize) -> Option<(&str, &str, &str, &str)> {
        let resource = &self.outcomes[outcome].as_ref()?.resource;
        Some((&resource.uid, &resource.region, &self.metadata.id, &resource.subject))
    }
}

/// What all findings of an account say, kept once.
struct Shared {
    partition: Arc<str>,
    account_name: Option<Arc<str>>,
    ou_id: Option<Arc<str>>,
    ou_path: Option<Arc<str>>,
}

impl Shared {
    fn of(account: &Account, organization: &Organization) -> Self {
        Self {
            partition: Arc::from(organization.partition.as_str()),
            account_name: account.name.as_deref().map(Arc::from),
            ou_id: account.ou_id().map(Arc::from),
            ou_path: account.ou_path.as_deref().map(Arc::from),
        }
    }
}

fn finding(account: &Account, shared: &Shared, found: &Found<'_>, outcome: Outcome) -> FindingRecord {
    let metadata = found.metadata;
    let severity = outcome.severity.unwrap_or(metadata.severity);
    let evidence_json = if outcome.status == Status::Pass { None } else { outcome.evidence_json() };
    let Outcome { status, resource, reason, message, .. } = outcome;
    let named = matches!(status, Status::Fail | Status::Unknown | Status::Manual);
    FindingRecord {
        observed_at: found.observed_at,
        aws_partition: Arc::clone(&shared.partition),
        account_id: account.id,
        account_name: shared.account_name.clone(),
        ou_id: shared.ou_id.clone(),
        ou_path: shared.ou_path.clone(),
        service: found.service.clone(),
        check_id: metadata.id.clone(),
        check_title: metadata.title.clone(),
        check_version: metadata.version,
        severity,
        severity_rank: severity.rank(),
        finding_id: named.then(|| {
            finding_id(account.id, metadata.first_id(), &resource.region, &resource.uid, &resource.subject)
        }),
        region: resource.region,
        resource_type: resource.kind,
        resource_uid: resource.uid,
        resource_name: resource.name,
        subject: resource.subject,
        owner: None,
        status,
        status_code: reason.map(|reason| Cow::Borrowed(reason.as_str())),
        message: (status != Status::Pass).then_some(message),
        // Nothing is compared with an earlier scan: that a rule did not fail before is not known either.
        change: Change::Unknown,
        first_seen_at: None,
        status_since: None,
        open_days: None,
        suppressed: false,
        suppression_id: None,
        suppressed_until: None,
        evidence_json,
    }
}

/// The catalog of checks, enabled or not.
pub fn catalog(registry: &Registry, enabled: &CheckSet) -> (Vec<CheckRecord>, Vec<CheckControlRecord>) {
    let mut checks = Vec::new();
    let mut controls = Vec::new();
    for registered in registry.checks() {
        let metadata = registered.check.metadata();
        let (description, remediation) = metadata.manual_parts();
        checks.push(CheckRecord {
            check_id: metadata.id.to_string(),
            check_version: metadata.version,
            title: metadata.title.to_string(),
            service: metadata.service().into_owned(),
            resource_type: metadata.resource_type.to_string(),
            severity: metadata.severity,
            severity_rank: metadata.severity.rank(),
            description: Some(description),
            remediation: Some(remediation),
            docs_url: metadata.pages.first().map(std::string::ToString::to_string),
            plugin: registered.pack.to_owned(),
            enabled: enabled.checks().any(|check| check.id() == metadata.id),
            status: Some(metadata.status.as_str().to_owned()),
            former_ids: (!metadata.former.is_empty()).then(|| metadata.former.join(",")),
        });
        let mut sorted: Vec<_> = metadata.controls.to_vec();
        sorted.sort();
        controls.extend(sorted.into_iter().map(|control| CheckControlRecord {
            check_id: metadata.id.to_string(),
            framework: control.framework.into_owned(),
            framework_version: control.version.into_owned(),
            control_id: control.id.into_owned(),
        }));
    }
    (checks, controls)
}
