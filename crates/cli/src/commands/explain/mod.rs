//! `orgsweep explain`: may this principal do that, by which layer and statement, from the facts of a scan, offline.

mod json;
mod text;

use clap::{Args, ValueEnum};
use orgsweep_explain::{ExplainError, Query};
use orgsweep_model::AccountId;

use crate::exit::{Exit, Failure};
use crate::options::LakeOptions;
use crate::resolve;
use crate::terminal::program;

/// Output format of the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object on one line.
    Json,
}

/// `orgsweep explain`.
#[derive(Debug, Args)]
#[command(
    after_help = "Each remaining condition is classified by who controls it: the caller (tags that it sends, the Region, a session's \
                  name), the environment (network, MFA, keys of a service), or unknown (facts that no scan has: supply them with \
                  --context).\n\n\
                  The exit code is 2 if the answer is unknown, or if the action, a service or a condition key is not in the \
                  built-in catalogue."
)]
pub struct ExplainArguments {
    /// The principal: the ARN of a user, role, root user or role session; a service, such as ec2.amazonaws.com; the ARN of an
    /// identity provider; an account ID for any principal of that account; `*` for any AWS principal, inside or outside the
    /// organization; `anonymous` for a caller without credentials.
    #[arg(long, value_name = "ARN")]
    pub principal: String,
    /// The action: one action, such as iam:CreateUser, without wildcards.
    #[arg(long, value_name = "ACTION")]
    pub action: String,
    /// The resource: one ARN without wildcards, or `*` for actions without resource-level permissions.
    #[arg(long, value_name = "ARN")]
    pub resource: String,
    /// A condition key of the request; several with one key are a list. Keys that are not given have the value that the scan
    /// knows, or remain open. Keys that follow from the question, such as aws:PrincipalArn, cannot be given.
    #[arg(long, value_name = "KEY=VALUE")]
    pub context: Vec<String>,
    /// The account that the resource belongs to, where its ARN does not say. [default: the principal's own]
    #[arg(long, value_name = "ID")]
    pub resource_account: Option<AccountId>,
    /// Answer as if there were no service and resource control policies.
    #[arg(long)]
    pub without_organization_policies: bool,
    #[command(flatten)]
    pub lake: LakeOptions,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Answers from the lake.
pub fn explain(arguments: &ExplainArguments) -> Result<Exit, Failure> {
    let root = resolve::lake::directory(&arguments.lake)?;
    let query = Query {
        principal: arguments.principal.clone(),
        action: arguments.action.clone(),
        resource: arguments.resource.clone(),
        context: arguments.context.clone(),
        resource_account: arguments.resource_account,
        without_organization_policies: arguments.without_organization_policies,
    };
    let explanation = orgsweep_explain::explain(&query, &root, &arguments.lake.scan, &program::name())?;
    let printed = match arguments.format {
        Format::Text => text::render(&explanation),
        Format::Json => crate::terminal::json::line(&json::render(&explanation)) + "\n",
    };
    crate::terminal::print(&printed)?;
    Ok(if explanation.is_reliable() { Exit::Complete } else { Exit::Incomplete })
}

impl From<ExplainError> for Failure {
    fn from(error: ExplainError) -> Self {
        Self::new(error.to_string())
    }
}
