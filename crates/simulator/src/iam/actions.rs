//! IAM's actions: which handler answers which, and the two about the credential report.

use std::sync::PoisonError;

use crate::account::iso;
use crate::api;
use crate::faults::answers::Change;
use crate::iam::listings::View;
use crate::iam::settings::{password_policy, summary};
use crate::iam::{details, report};
use crate::parameters::{Parameters, paged};
use crate::state::State;
use crate::wire::{Refusal, base64};
use crate::xml::{element, list, wrap};

/// Answers one action with the inside of its result element.
pub fn handle(
    state: &State,
    account_id: &str,
    action: &str,
    parameters: &Parameters,
    change: Option<Change>,
) -> Result<String, Refusal> {
    let account = state.world.account(account_id).ok_or_else(|| Refusal::denied("no such account"))?;
    let content = &*state.content(account);
    let entity_gone = change == Some(Change::EntityGone);
    let gone = content.users.last().filter(|_| entity_gone);
    let withdrawn = state.world.options.withdrawn_policy.as_deref();
    let view = View { account, content, parameters, gone, withdrawn };
    match action {
        "GetAccountAuthorizationDetails" => {
            details::handle(account, content, parameters, state.world.options.boundaries_apart)
        }
        "GetAccountSummary" => Ok(summary(content)),
        "GetAccountPasswordPolicy" => password_policy(account, content.password_policy.as_ref()),
        "GenerateCredentialReport" => Ok(generate_report(state, &view)),
        "GetCredentialReport" => get_report(state, &view),
        "ListVirtualMFADevices" => view.virtual_devices(),
        "ListRoles" => paged(parameters, action, "Roles", &content.roles, |role| view.role_listed(role)),
        "ListUsers" => paged(parameters, action, "Users", &content.users, |user| view.user_listed(user)),
        "ListAccessKeys" => view.access_keys(),
        "ListMFADevices" => view.mfa_devices(),
        "ListServiceSpecificCredentials" => view.service_credentials(),
        "ListServerCertificates" => view.server_certificates(),
        "ListSAMLProviders" => Ok(list(
            "SAMLProviderList",
            content.saml.iter().map(|(name, created)| {
                element("Arn", &account.arn("saml-provider", name))
                    + &element("ValidUntil", &iso(created + 3650 * 86_400))
                    + &element("CreateDate", &iso(*created))
            }),
        )),
        "ListOpenIDConnectProviders" => Ok(list(
            "OpenIDConnectProviderList",
            content.oidc.iter().map(|host| element("Arn", &account.arn("oidc-provider", host))),
        )),
        "ListAccountAliases" => {
            let alias = element("member", &content.alias);
            Ok(wrap("AccountAliases", &alias) + &element("IsTruncated", "false"))
        }
        "ListPolicies" => view.policies(),
        "GetPolicyVersion" => view.policy_version(entity_gone),
        other => Err(api::unknown(other, "2010-05-08")),
    }
}

/// What a call is about, as policies name it.
pub fn resource(state: &State, account_id: &str, action: &str, parameters: &Parameters) -> String {
    let Some(account) = state.world.account(account_id) else {
        return "*".to_owned();
    };
    match (action, parameters.get("UserName"), parameters.get("PolicyArn")) {
        ("GetPolicyVersion", _, Some(policy)) => policy.to_owned(),
        ("ListAccessKeys" | "ListMFADevices" | "ListServiceSpecificCredentials", Some(name), _) => {
            let content = state.content(account);
            let user = content.users.iter().find(|user| user.name == name);
            user.map_or_else(|| account.arn("user", name), |user| user.arn(account))
        }
        ("ListServiceSpecificCredentials", None, _) => account.arn("user", "*"),
        _ => "*".to_owned(),
    }
}

/// STARTED, INPROGRESS, COMPLETE, by the number of answers and not by the clock.
fn generate_report(state: &State, view: &View<'_>) -> String {
    let mut reports = state.reports.lock().unwrap_or_else(PoisonError::into_inner);
    match reports.get(&view.account.id) {
        None => {
            reports.insert(view.account.id.clone(), view.content.report_delay);
            element("State", "STARTED")
                + &element("Description", "No report exists. Starting a new report generation task")
        }
        Some(0) => element("State", "COMPLETE"),
        Some(_) => element("State", "INPROGRESS"),
    }
}

fn get_report(state: &State, view: &View<'_>) -> Result<String, Refusal> {
    let mut reports = state.reports.lock().unwrap_or_else(PoisonError::into_inner);
    let age = state.world.options.report_age;
    match reports.get_mut(&view.account.id) {
        None if age.is_none() => Err(Refusal::new(410, "ReportNotPresent", "Unknown")),
        Some(left) if *left > 0 && age.is_none() => {
            *left -= 1;
            Err(Refusal::new(404, "ReportInProgress", "Unknown"))
        }
        _ => {
            let age = age.map_or(600, |age| age.as_secs() as i64);
            let generated = state.world.options.now.as_second() - age;
            let csv = report::csv(view.account, view.content, view.gone);
            Ok(element("Content", &base64(csv.as_bytes()))
                + &element("ReportFormat", "text/csv")
                + &element("GeneratedTime", &iso(generated)))
        }
    }
}
