//! `orgsweep explain`: may this principal do that, by which layer and statement, from the facts of a scan, offline.

mod answer;
mod circumstances;
mod facts;
mod guardrails;
mod json;
mod layers;
mod outsider;
mod shown;
mod subject;
mod text;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use orgsweep_lake::{ScanSelector, resolve};
use orgsweep_model::AccountId;
use orgsweep_model::text::printable_json;

use self::facts::Facts;
use self::subject::Subject;
use crate::exit::{self, Failure};

/// How the answer is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person.
    #[default]
    Text,
    /// One JSON object on one line.
    Json,
}

/// `orgsweep explain`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 answered (allowed, allowed if, denied), 2 unknown, 3 could not be asked."
)]
pub struct ExplainArguments {
    /// Who asks: the ARN of a user, a role, a root user or a role's session; a service, such as ec2.amazonaws.com; the ARN of
    /// an identity provider; `*` for anyone.
    #[arg(long, value_name = "ARN")]
    pub principal: String,
    /// What is asked for, such as iam:CreateUser.
    #[arg(long, value_name = "ACTION")]
    pub action: String,
    /// On what: an ARN, or `*` where the action has no resource.
    #[arg(long, value_name = "ARN")]
    pub resource: String,
    /// A condition key of the request; several with one key are a list. What is not given is what the facts say of it, or
    /// open.
    #[arg(long, value_name = "KEY=VALUE")]
    pub context: Vec<String>,
    /// The account that the resource belongs to, where its ARN does not say. [default: the principal's own]
    #[arg(long, value_name = "ID")]
    pub resource_account: Option<AccountId>,
    /// Answer as if there were no service and resource control policies.
    #[arg(long)]
    pub without_organization_policies: bool,
    /// The scan whose facts are asked. [default: the latest]
    #[arg(long, value_name = "SCAN_ID")]
    pub from: Option<String>,
    /// Where the tables are.
    #[arg(long, value_name = "DIR", default_value = crate::scan::DEFAULT_OUT)]
    pub out: PathBuf,
    /// How the answer is told.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Answers from the lake.
pub fn explain(arguments: &ExplainArguments) -> Result<u8, Failure> {
    let subject = Subject::parse(&arguments.principal)?;
    if !arguments
        .action
        .split_once(':')
        .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty())
    {
        return Err(Failure::new(format!(
            "--action {:?}: expected a service and a name, such as iam:CreateUser",
            arguments.action
        )));
    }
    let selector = match &arguments.from {
        None => ScanSelector::Latest,
        Some(id) => ScanSelector::Id(id.parse().map_err(|error| Failure::new(format!("--from: {error}")))?),
    };
    let failed =
        |error: orgsweep_lake::LakeError| Failure::new(format!("--out {}: {error}", arguments.out.display()));
    let scan_id = resolve(&arguments.out, &selector).map_err(failed)?;
    let owner = arguments.resource_account.or_else(|| subject::account_in(&arguments.resource));
    let wanted = [subject.account(), owner].into_iter().flatten().collect();
    let facts = Facts::read(&arguments.out, scan_id, wanted)?;
    let told = answer::answer(arguments, &subject, owner, &facts)?;
    let printed = match arguments.format {
        Format::Text => text::render(&told),
        Format::Json => printable_json(&json::render(&told).to_string()) + "\n",
    };
    crate::print(&printed)?;
    Ok(if told.is_unknown() { exit::INCOMPLETE } else { exit::COMPLETE })
}
