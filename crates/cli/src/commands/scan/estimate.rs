//! How many calls a scan makes, and how long they take at the rate limits.

use std::collections::BTreeMap;
use std::time::Duration;

use orgsweep_aws::{Family, Limits};
use orgsweep_model::facts::OrganizationPolicy;
use orgsweep_model::{Needs, Row as _};
use orgsweep_sweep::Plan;

use crate::terminal::about;
use crate::terminal::json::v1;

/// Targets that one page of `organizations:ListTargetsForPolicy` holds.
const TARGETS_PER_PAGE: u64 = 20;

/// What a scan costs.
pub struct Estimate {
    /// In each account of up to 1,000 entities, polls of the credential report not counted.
    pub calls_per_account: u64,
    /// Once, about.
    pub calls_per_scan: u64,
    /// All of them.
    pub calls: u64,
    /// By service.
    by_service: BTreeMap<String, u64>,
    /// At the rate limits, if AWS throttles none; `None`: there is no limit.
    pub shortest: Option<Duration>,
    /// Requests a second at most, as configured.
    max_rate: Option<f64>,
}

impl Estimate {
    /// Of so many accounts out of those listed, entered by the first of so many roles that lets in.
    pub fn of(
        plan: &Plan,
        limits: &Limits,
        accounts: u64,
        listed: u64,
        roles: u64,
        has_organization: bool,
    ) -> Self {
        let mut by_service: BTreeMap<String, u64> = BTreeMap::new();
        let mut per_account = 0;
        let mut per_scan = 0;
        for collector in &plan.collectors {
            let needs = collector.needs();
            let (each, once) = (u64::from(needs.calls_per_account), u64::from(needs.calls_per_scan));
            *by_service.entry(service_of(&needs)).or_default() += each * accounts + once;
            per_account += each;
            per_scan += once;
        }
        // Every candidate role that refuses is one more AssumeRole.
        per_account += roles;
        by_service.insert("sts".to_owned(), roles * accounts);
        if has_organization && !plan.is_a_shard {
            for collector in &plan.organization_collectors {
                let needs = collector.needs();
                let is_of_policies = collector.fills().contains(&OrganizationPolicy::SCHEMA);
                // The policy that allows everything is attached to every account.
                let pages = if is_of_policies { listed.div_ceil(TARGETS_PER_PAGE) } else { 0 };
                let once = u64::from(needs.calls_per_scan) + pages;
                *by_service.entry(service_of(&needs)).or_default() += once;
                per_scan += once;
            }
        }
        by_service.retain(|_, calls| *calls > 0);
        let shortest =
            by_service.iter().map(|(service, calls)| limits.shortest(&family(service), *calls)).max();
        Self {
            calls_per_account: per_account,
            calls_per_scan: per_scan,
            calls: by_service.values().sum(),
            by_service,
            shortest: shortest.flatten(),
            max_rate: limits.max_rate,
        }
    }

    /// A sentence about the time.
    pub fn time(&self) -> String {
        match (self.shortest, self.max_rate) {
            (Some(shortest), Some(rate)) => format!(
                "about {} or more at the rate limits ({rate} IAM requests a second, --max-rate); credential reports and \
                 throttling by AWS come on top",
                about(shortest)
            ),
            _ => "not limited (--unlimited)".to_owned(),
        }
    }

    /// For programs.
    pub fn json(&self) -> v1::plan::Estimate {
        v1::plan::Estimate {
            calls: v1::plan::Calls {
                per_account: self.calls_per_account,
                per_scan: self.calls_per_scan,
                total: self.calls,
                by_service: self.by_service.clone(),
            },
            estimated_seconds: self.shortest.map(|shortest| shortest.as_secs_f64().ceil() as u64),
            max_rate: self.max_rate,
        }
    }
}

/// The service of a collector's calls, as IAM names it.
fn service_of(needs: &Needs) -> String {
    let action = needs.actions.first().and_then(|action| action.split_once(':'));
    action.map_or("iam", |(service, _)| service).to_owned()
}

/// What a service's calls are counted with. Services run side by side; the slowest decides.
fn family(service: &str) -> Family {
    match service {
        "iam" => Family::Iam,
        "sts" => Family::Sts,
        "organizations" => Family::Organizations("ListTargetsForPolicy".to_owned()),
        other => Family::Other(other.to_owned()),
    }
}
