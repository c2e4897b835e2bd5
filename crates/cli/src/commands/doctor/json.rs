//! What the doctor found, for programs.

use std::collections::BTreeSet;

use orgsweep_aws::LONGEST_SESSION_POLICY;

use super::advice::Advice;
use super::inspection::{AccountCheck, Loss};
use super::report::{Cause, Report};
use crate::exit::Failure;
use crate::terminal::json::v1::Version;
use crate::terminal::json::v1::doctor as v1;

/// One object.
pub fn render(report: &Report) -> v1::Report {
    let (right, in_part, lost) = report.counts();
    v1::Report {
        schema_version: Version,
        caller_arn: report.caller_arn.clone(),
        organization: report.has_organization().then(|| report.organization.id.clone()),
        clock: v1::Clock { verdict: report.clock.word(), ahead_seconds: report.clock.seconds() },
        unit_names: v1::UnitNames {
            read: report.names.as_ref().ok().copied(),
            gap: report.names.as_ref().err().map(v1::Gap::from),
        },
        organization_policies: report.policies.as_ref().map(|policies| v1::Policies {
            readable: policies.is_ok(),
            gap: policies.as_ref().err().map(v1::Gap::from),
        }),
        organization_tables_lost: report
            .other_tables
            .iter()
            .map(|(table, gap)| v1::LostTable { table: (*table).to_owned(), gap: gap.into() })
            .collect(),
        session_policy: report.session_policy.as_ref().map(|policy| v1::SessionPolicy {
            characters: policy.chars().count(),
            limit: LONGEST_SESSION_POLICY,
            actions: report.actions,
        }),
        checks: report.checks,
        accounts_listed: report.listed,
        accounts_active: report.candidates,
        accounts_looked_at: report.accounts.len(),
        accounts_right: right,
        accounts_in_part: in_part,
        accounts_lost: lost,
        accounts: report.accounts.iter().map(account).collect(),
        warnings: report.warnings.clone(),
        causes: report.causes().values().map(|one| cause(report, one)).collect(),
        exit_code: report.exit().code(),
    }
}

/// There is no report.
pub fn failed(failure: &Failure) -> v1::Failed {
    v1::Failed { schema_version: Version, error: failure.message.clone(), exit_code: failure.exit.code() }
}

fn account(account: &AccountCheck) -> v1::Account {
    v1::Account {
        account_id: account.id.to_string(),
        account_name: account.name.clone(),
        ou_path: account.ou_path.clone(),
        role_arn: account.role_arn.clone(),
        right: account.is_right(),
        unknown_checks: account.unknown_checks.clone(),
        failed_checks: account.failed_checks.clone(),
        losses: account.losses.iter().map(loss).collect(),
    }
}

fn loss(loss: &Loss) -> v1::Loss {
    v1::Loss {
        reason_code: loss.reason.as_str(),
        api: loss.api.clone(),
        error_code: loss.error_code.clone(),
        message: loss.message.clone(),
        tables: loss.tables.clone(),
        unknown_checks: loss.checks.clone(),
        lessened_checks: loss.lessened.clone(),
    }
}

fn cause(report: &Report, cause: &Cause<'_>) -> v1::Cause {
    let Advice { sentence, commands } = report.advice(cause);
    let owned = |checks: &BTreeSet<&str>| checks.iter().map(|&check| check.to_owned()).collect();
    v1::Cause {
        reason_code: cause.example.reason.as_str(),
        api: cause.example.api.clone(),
        accounts: cause.accounts,
        unknown_checks: owned(&cause.checks),
        lessened_checks: owned(&cause.lessened),
        advice: sentence,
        commands,
    }
}
