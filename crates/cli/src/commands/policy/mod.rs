//! `orgsweep policy`: the documents that give orgsweep its access, printed from what a configuration says.

mod arguments;
mod cloudformation;
mod deployment;
mod documents;
mod json_tree;
mod limit;
mod notes;
mod placeholders;
mod terraform;

use orgsweep_aws::RoleTemplate;
use orgsweep_model::registry::Registry;
use orgsweep_model::selection::Scope;

pub use self::arguments::PolicyArguments;
use self::arguments::{Format, Kind};
use self::deployment::{Accounts, Deployment, Document, Purpose, Variant};
use self::documents::SessionExtras;
use self::json_tree::Node;
use self::placeholders::Answers;
use crate::exit::{Exit, Failure};
use crate::options::PrincipalArn;
use crate::resolve::Prepared;
use crate::resolve::access::{one_partition, partitions};
use crate::resolve::config::{Config, unit_name};
use crate::resolve::{self, accounts_file};
use crate::terminal::tell_line;

/// What is printed, and the notes about it.
struct Printed {
    text: String,
    notes: Vec<String>,
}

/// Prints one document; the notes about it go to standard error.
pub fn policy(registry: &Registry, arguments: PolicyArguments) -> Result<Exit, Failure> {
    let printed = printed(registry, arguments)?;
    for note in printed.notes {
        tell_line(&format!("note: {note}"));
    }
    crate::terminal::print(&printed.text)
}

fn printed(registry: &Registry, mut arguments: PolicyArguments) -> Result<Printed, Failure> {
    let config = Config::read_or_default(arguments.config.as_deref())?;
    arguments.refuse_misplaced()?;
    let options = std::mem::take(&mut arguments.options);
    let prepared = resolve::prepare(registry, options, config)?;
    let (kind, format) = (arguments.kind, arguments.format);
    let accounts = accounts(&prepared)?;
    if accounts == Accounts::CallerOnly && kind != Kind::Hub {
        return Err(Failure::new(format!(
            "--for {}: with --single-account no role is assumed; --for hub prints what the caller needs",
            kind.word()
        )));
    }
    if kind == Kind::Session {
        return session(&prepared, format);
    }

    let mut answers = answers(&arguments, &prepared)?;
    let mut notes = Vec::new();
    let mut actions = prepared.scan.plan.actions();
    if actions.is_empty() {
        // A policy must allow something; this cannot be denied to any principal.
        notes.push("the chosen checks need nothing inside accounts: the roster is enough".to_owned());
        actions.push("sts:GetCallerIdentity");
    }
    let deployment = Deployment {
        access: &prepared.access,
        actions,
        organization_actions: prepared.scan.plan.organization_actions(),
        extras: SessionExtras {
            tags: arguments.with_session_tags || !prepared.access.session_tags.is_empty(),
            source_identity: arguments.with_source_identity || prepared.access.source_identity.is_some(),
        },
        // The caller of a scan of accounts in a file need not be in an organization.
        in_organization: accounts == Accounts::Organization || arguments.organization_id.is_some(),
        accounts,
        hub: arguments.trusted_principal.as_ref(),
    };
    let document = match kind {
        Kind::Hub => Document::Alone(deployment.hub()),
        Kind::Scp => Document::Alone(documents::scp(&deployment.all_roles(), &arguments.except)),
        Kind::Chain | Kind::ChainTrust => {
            let link = chosen_link(&deployment, kind, arguments.role.as_deref())?;
            Document::Role(deployment.own_role(Purpose::Chain, &link))
        }
        Kind::Discovery | Kind::DiscoveryTrust => {
            Document::Role(deployment.own_role(Purpose::Discovery, &discovery_role(&deployment, kind)?))
        }
        Kind::Member | Kind::Trust | Kind::Session => {
            refuse_another_caller(&deployment)?;
            let variant = chosen_variant(&deployment, arguments.at.as_deref())?;
            let role = chosen_name(&variant, arguments.role.as_deref())?;
            answers.external_id.clone_from(&variant.external_id);
            notes.extend(notes::variants(&deployment, &variant, kind, format));
            notes.extend(notes::other_names(&variant, role, format));
            notes.extend(notes::named_twice(&deployment));
            Document::Role(deployment.audit_role(role, variant.external_id.as_deref()))
        }
    };
    notes.extend(notes::about(&deployment, &document, &arguments));
    notes.extend(excesses(&document, kind, format, &answers));
    if format == Format::Json {
        let part = printed_part(&document, kind);
        notes.extend(answers.placeholders(|mark| part.mentions(mark)));
    }
    let path = deployment.access.roles.first().map_or_else(|| "/".to_owned(), path_of);
    let text = written(&document, kind, format, &answers, &path);
    Ok(Printed { text, notes })
}

/// What the command line says about what a document leaves open.
fn answers(arguments: &PolicyArguments, prepared: &Prepared) -> Result<Answers, Failure> {
    let mut named = partitions(&prepared.access);
    named.extend(
        arguments
            .trusted_principal
            .iter()
            .map(|principal| (format!("--trusted-principal {}", principal.arn), principal.partition.clone())),
    );
    named.extend(arguments.partition.iter().map(|name| ("--partition".to_owned(), name.clone())));
    let answers = Answers {
        partition: one_partition(named)?,
        trusted_principal: arguments.trusted_principal.clone(),
        organization_id: arguments.organization_id.clone(),
        external_id: prepared.access.external_id.clone(),
    };
    answers.validate()?;
    for principal in &arguments.except {
        if !principal.starts_with("arn:") || principal.contains(['{', '}', '"', '\\', ' ']) {
            return Err(Failure::new(format!(
                "--except {principal:?}: expected an ARN, * for any run of characters: \
                 arn:aws:iam::*:role/stacksets-exec-*"
            )));
        }
    }
    Ok(answers)
}

/// A document in a format. `path`: of the role that it is for.
fn written(document: &Document, kind: Kind, format: Format, answers: &Answers, path: &str) -> String {
    match (document, format) {
        (_, Format::Json) => filled(printed_part(document, kind), answers).pretty() + "\n",
        (Document::Role(role), Format::Terraform) => terraform::role(role, answers),
        (Document::Role(role), Format::Cloudformation) => cloudformation::role(role, answers),
        (Document::Alone(policy), Format::Terraform) if kind == Kind::Scp => terraform::scp(policy),
        (Document::Alone(policy), Format::Terraform) => terraform::hub(policy, path),
        (Document::Alone(policy), Format::Cloudformation) if kind == Kind::Scp => cloudformation::scp(policy),
        (Document::Alone(policy), Format::Cloudformation) => cloudformation::hub(policy, path),
    }
}

/// Which accounts a scan of this configuration enters.
fn accounts(prepared: &Prepared) -> Result<Accounts, Failure> {
    if prepared.options.accounts.single_account {
        return Ok(Accounts::CallerOnly);
    }
    match &prepared.options.accounts.accounts_file {
        None => Ok(Accounts::Organization),
        Some(file) => {
            let accounts = accounts_file::read_accounts_file(file)?;
            Ok(Accounts::File(accounts.into_iter().map(|account| account.id).collect()))
        }
    }
}

fn session(prepared: &Prepared, format: Format) -> Result<Printed, Failure> {
    let Some(policy) = prepared.access.session_policy.clone() else {
        return Err(Failure::new(
            "--for session: with no-session-policy sessions are limited to nothing: leave it out, or print --for member",
        ));
    };
    match format {
        Format::Json => Ok(Printed { text: policy + "\n", notes: Vec::new() }),
        Format::Terraform => Ok(Printed { text: terraform::session(&policy), notes: Vec::new() }),
        Format::Cloudformation => Err(Failure::new(
            "--for session --format cloudformation: a session policy is no resource of a stack; it goes with \
             AssumeRole: print it with --format json",
        )),
    }
}

/// The accounts are entered by the end of the chain, where there is one.
fn refuse_another_caller(deployment: &Deployment<'_>) -> Result<(), Failure> {
    match (deployment.hub, deployment.access.chain.last()) {
        (Some(hub), Some(last)) if hub.arn != *last => Err(Failure::new(format!(
            "--trusted-principal {}: the accounts are entered by the last role of the chain, {last}; remove the \
             option here, and use it with --for chain-trust, where the first role of the chain trusts the caller",
            hub.arn
        ))),
        _ => Ok(()),
    }
}

/// The requested role of the chain: the only one, or the one that is named.
fn chosen_link(
    deployment: &Deployment<'_>,
    kind: Kind,
    named: Option<&str>,
) -> Result<PrincipalArn, Failure> {
    let chain = &deployment.access.chain;
    let all = || chain.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let link = match (named, &chain[..]) {
        (_, []) => {
            return Err(Failure::new(format!(
                "--for {}: there is no role chain: pass --role-chain, or a configuration file with role-chain",
                kind.word()
            )));
        }
        (Some(named), _) => chain.iter().find(|link| *link == named).ok_or_else(|| {
            Failure::new(format!("--role {named:?}: no role of the chain; expected one of {}", all()))
        })?,
        (None, [first, others @ ..]) if others.iter().all(|other| other == first) => first,
        (None, _) => {
            return Err(Failure::new(format!(
                "--for {}: the chain has several roles, each with its own documents: choose one with --role: {}",
                kind.word(),
                all()
            )));
        }
    };
    parsed(link)
}

fn discovery_role(deployment: &Deployment<'_>, kind: Kind) -> Result<PrincipalArn, Failure> {
    match (deployment.discovery_role(), &deployment.access.discovery_role) {
        (Some(role), _) => parsed(role),
        (None, Some(role)) => Err(Failure::new(format!(
            "--for {}: with --accounts-file AWS Organizations is not called, and {role} is not assumed",
            kind.word()
        ))),
        (None, None) => Err(Failure::new(format!(
            "--for {}: the caller itself lists the organization: pass --discovery-role, or a configuration file with discovery-role",
            kind.word()
        ))),
    }
}

/// Validated with the configuration.
fn parsed(arn: &str) -> Result<PrincipalArn, Failure> {
    arn.parse().map_err(|message| Failure::new(format!("{arn:?}: {message}")))
}

/// How the accounts are entered that the document is for.
fn chosen_variant(deployment: &Deployment<'_>, at: Option<&str>) -> Result<Variant, Failure> {
    let wanted = match at {
        None => None,
        Some(text) => Some(match text.parse() {
            Ok(account) => Scope::Account(account),
            Err(_) => Scope::Unit(
                unit_name(text.to_owned()).map_err(|message| Failure::new(format!("--at: {message}")))?,
            ),
        }),
    };
    let variants = deployment.variants();
    if let Some(found) = variants.iter().find(|variant| variant.scope == wanted) {
        return Ok(found.clone());
    }
    let known: Vec<String> =
        variants.iter().filter_map(|variant| variant.scope.as_ref().map(notes::at)).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(Failure::new(format!(
        "--at {}: no [[override]] gives another role-name or external-id there; those that do: {known}",
        at.unwrap_or_default()
    )))
}

/// The role that a template makes: the one that is tried first, or the one that is named.
fn chosen_name<'v>(variant: &'v Variant, named: Option<&str>) -> Result<&'v RoleTemplate, Failure> {
    let wanted = match named {
        None => None,
        Some(text) => Some(
            RoleTemplate::parse(text)
                .map_err(|message| Failure::new(format!("--role {text:?}: {message}")))?
                .name()
                .to_owned(),
        ),
    };
    let found = variant.roles.iter().find(|role| wanted.as_deref().is_none_or(|name| name == role.name()));
    found.ok_or_else(|| {
        let tried: Vec<&str> = variant.roles.iter().map(RoleTemplate::name).collect();
        Failure::new(format!(
            "--role {}: no such role is tried; expected one of {}",
            named.unwrap_or_default(),
            tried.join(", ")
        ))
    })
}

/// The folder of a role, as a path of IAM.
fn path_of(role: &RoleTemplate) -> String {
    role.name().rsplit_once('/').map_or_else(|| "/".to_owned(), |(path, _)| format!("/{path}/"))
}

/// The document that JSON prints.
fn printed_part(document: &Document, kind: Kind) -> &Node {
    match document {
        Document::Alone(policy) => policy,
        Document::Role(role) if kind.is_trust() => &role.trust,
        Document::Role(role) => &role.permissions,
    }
}

fn filled(document: &Node, answers: &Answers) -> Node {
    document.replaced(&|text| answers.fill(text).into())
}

/// What is too large. Terraform and CloudFormation write documents without white space.
fn excesses(document: &Document, kind: Kind, format: Format, answers: &Answers) -> Vec<String> {
    let parts = match document {
        Document::Role(role) if format != Format::Json => {
            vec![(kind.permissions(), &role.permissions), (kind.trust(), &role.trust)]
        }
        _ => vec![(kind, printed_part(document, kind))],
    };
    parts
        .into_iter()
        .filter_map(|(kind, part)| {
            let filled = filled(part, answers);
            let text = if format == Format::Json { filled.pretty() } else { filled.compact() };
            limit::excess(kind, format, &text)
        })
        .collect()
}
