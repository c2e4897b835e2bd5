//! Notes about a printed document: what it leaves to others, and which other documents there are.

use orgsweep_aws::RoleTemplate;
use orgsweep_model::selection::Scope;

use super::arguments::{Format, Kind, PolicyArguments};
use super::deployment::{Accounts, Deployment, Document, Variant};
use super::documents;
use crate::options::PrincipalArn;
use crate::terminal::quoted;

/// As `--at` takes it.
pub fn at(scope: &Scope) -> String {
    match scope {
        Scope::Account(id) => id.to_string(),
        Scope::Unit(unit) => unit.clone(),
    }
}

/// Where another document holds than the one that is printed.
pub fn variants(deployment: &Deployment<'_>, printed: &Variant, kind: Kind, format: Format) -> Vec<String> {
    let all = deployment.variants();
    let mut notes = Vec::new();
    for other in all.iter().filter(|other| other.scope != printed.scope) {
        let mut differs = Vec::new();
        if other.external_id != printed.external_id && (kind.is_trust() || format != Format::Json) {
            differs.push("another external id".to_owned());
        }
        if other.roles != printed.roles && format != Format::Json {
            differs.push(format!("the roles {}", names(&other.roles)));
        }
        if differs.is_empty() {
            continue;
        }
        notes.push(match &other.scope {
            Some(scope) => format!(
                "in [[override]] {scope} accounts have {}: print what belongs there with --at {}",
                differs.join(" and "),
                quoted(&at(scope))
            ),
            None => format!(
                "outside of every [[override]] accounts have {}: print what belongs there without --at",
                differs.join(" and ")
            ),
        });
    }
    if !notes.is_empty() && all.len() > 2 {
        notes.push("where several of them hold for an account, the last in the file decides".to_owned());
    }
    notes
}

/// The roles that are tried besides the one that a template makes; JSON makes none.
pub fn other_names(variant: &Variant, made: &RoleTemplate, format: Format) -> Option<String> {
    let others: Vec<&RoleTemplate> = variant.roles.iter().filter(|role| *role != made).collect();
    let first = others.first()?;
    if format == Format::Json {
        return Some(format!("it is the same for each of the roles {}", names(&variant.roles)));
    }
    Some(format!(
        "this makes the role {}; {} is tried too: where such a role exists already, it needs this trust and these \
         permissions, and --role {} prints it",
        made.name(),
        others.iter().map(|role| role.name()).collect::<Vec<_>>().join(", "),
        first.name()
    ))
}

/// Roles of the chain or for discovery that have the name of an audit role.
pub fn named_twice(deployment: &Deployment<'_>) -> Vec<String> {
    let chain = deployment.access.chain.iter().map(|arn| (arn.as_str(), "chain", format!(" --role {arn}")));
    let discovery = deployment.discovery_role().map(|arn| (arn, "discovery", String::new()));
    chain
        .chain(discovery)
        .filter(|(arn, _, _)| {
            arn.parse::<PrincipalArn>().is_ok_and(|arn| !deployment.as_audit_role(&arn).is_empty())
        })
        .map(|(arn, kind, more)| {
            format!(
                "{arn} has the name of an audit role and more to do: there, --for {kind} and --for {kind}-trust{more} print \
                 what it needs for both"
            )
        })
        .collect()
}

/// What a document takes for granted.
pub fn about(deployment: &Deployment<'_>, document: &Document, arguments: &PolicyArguments) -> Vec<String> {
    let kind = arguments.kind;
    let mut notes = Vec::new();
    match document {
        Document::Role(role) => {
            if arguments.format == Format::Json && kind.is_trust() && role.longest_session > 3600 {
                notes.push(format!(
                    "sessions of {} s are requested: set the role's maximum session duration to that, otherwise AWS \
                     uses its default length",
                    role.longest_session
                ));
            }
        }
        Document::Alone(_) if kind == Kind::Hub => {
            if !deployment.access.chain.is_empty() && deployment.accounts != Accounts::CallerOnly {
                notes.push(
                    "the roles of the chain have their own documents: --for chain and --for chain-trust"
                        .to_owned(),
                );
            }
            if deployment.discovery_role().is_some() {
                notes.push(
                    "the role that lists the organization has its own documents: --for discovery and --for \
                     discovery-trust"
                        .to_owned(),
                );
            }
        }
        Document::Alone(_) => {
            if arguments.except.is_empty() {
                notes.push(
                    "no principal in the member accounts may change the roles, not even the one that deploys them: exempt it \
                     with --except, such as arn:aws:iam::*:role/stacksets-exec-*"
                        .to_owned(),
                );
            }
        }
    }
    let enters = match kind {
        Kind::Hub => deployment.access.chain.is_empty(),
        Kind::Chain => true,
        _ => false,
    };
    if enters && deployment.accounts == Accounts::Organization && deployment.access.external_id.is_some() {
        notes.push(format!(
            "only accounts of the caller's own organization can be entered ({}): for another organization, put its id there",
            documents::OWN_ORGANIZATION
        ));
    }
    notes
}

fn names(roles: &[RoleTemplate]) -> String {
    roles.iter().map(RoleTemplate::name).collect::<Vec<_>>().join(", ")
}
