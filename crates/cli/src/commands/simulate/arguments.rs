//! The options of `orgsweep simulate`.

use std::path::PathBuf;

use clap::Args;
use orgsweep_model::Timestamp;

use crate::options::WorldArguments;
use crate::options::values;

/// `orgsweep simulate`.
#[derive(Debug, Args)]
pub struct SimulateArguments {
    #[command(flatten)]
    pub world: WorldArguments,
    #[command(flatten)]
    pub server: ServerArguments,
    #[command(flatten)]
    pub organization: OrganizationArguments,
    #[command(flatten)]
    pub access: AccessArguments,
    #[command(flatten)]
    pub faults: FaultArguments,
}

/// Where and how it serves.
#[derive(Debug, Args)]
pub struct ServerArguments {
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, value_parser = values::between::<u16>(0, 65_535), default_value_t = 0)]
    pub port: u16,
    /// The moment that the made-up dates follow. [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::moment)]
    pub now: Option<Timestamp>,
    /// Milliseconds to wait before every answer.
    #[arg(long, value_parser = values::whole::<u64>, value_name = "MS", default_value_t = 0)]
    pub latency: u64,
    /// Write every request down, one JSON line each. It holds in any simulator with the same seed.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// The partition in every ARN.
    #[arg(long, value_name = "NAME", default_value = "aws", value_parser = ["aws", "aws-us-gov", "aws-cn"])]
    pub partition: String,
}

/// What is in the made-up organization.
#[derive(Debug, Args)]
#[command(next_help_heading = "Organization")]
pub struct OrganizationArguments {
    /// Accounts that are suspended. [default: one in sixty]
    #[arg(long, value_parser = values::whole::<usize>, value_name = "N")]
    pub suspended: Option<usize>,
    /// Accounts that refuse the audit role. [default: one in thirty]
    #[arg(long, value_parser = values::whole::<usize>, value_name = "N")]
    pub refusing: Option<usize>,
    /// Accounts whose audit role may not read everything. [default: one in sixty]
    #[arg(long, value_parser = values::whole::<usize>, value_name = "N")]
    pub broken: Option<usize>,
    /// Users in every account. [default: made up]
    #[arg(long, value_name = "N", value_parser = values::between::<usize>(0, 5_000))]
    pub users: Option<usize>,
    /// Roles in every account, the audit role included. [default: made up]
    #[arg(long, value_name = "N", value_parser = values::between::<usize>(0, 5_000))]
    pub roles: Option<usize>,
    /// Customer policies in every account. [default: made up]
    #[arg(long, value_name = "N", value_parser = values::between::<usize>(0, 5_000))]
    pub policies: Option<usize>,
    /// GetAccountAuthorizationDetails leaves out policies that are boundaries and not attached.
    #[arg(long)]
    pub boundaries_apart: bool,
    /// Names, tags, descriptions and documents that try to break programs that print, parse or store them.
    #[arg(long)]
    pub hostile: bool,
}

/// How its accounts are entered.
#[derive(Debug, Args)]
#[command(next_help_heading = "Access")]
pub struct AccessArguments {
    /// The audit roles trust a role in the audit account, and that one the caller: a chain of two.
    #[arg(long)]
    pub chain: bool,
    /// External ID that the audit roles' trust policies require.
    #[arg(long, value_name = "ID")]
    pub external_id: Option<String>,
    /// The audit roles' trust policies allow sts:AssumeRole and neither session tags nor a source identity.
    #[arg(long)]
    pub trust_assume_only: bool,
    /// MaxSessionDuration of the audit roles: 3600 to 43200.
    #[arg(long, value_parser = values::whole::<u64>, value_name = "SECONDS", default_value_t = 3600)]
    pub audit_role_session_seconds: u64,
    /// AWS's packed form of any session policy or tag is too large.
    #[arg(long)]
    pub packed_policy_too_large: bool,
    /// Permissions of every audit role, instead of the usual ones: a policy document.
    #[arg(long, value_name = "FILE")]
    pub member_policy: Option<PathBuf>,
    /// Whom every audit role trusts, instead of the usual ones: a trust policy.
    #[arg(long, value_name = "FILE")]
    pub member_trust: Option<PathBuf>,
    /// Permissions of the caller, who is an administrator otherwise: a policy document.
    #[arg(long, value_name = "FILE")]
    pub hub_policy: Option<PathBuf>,
}

/// What goes wrong.
#[derive(Debug, Args)]
#[command(next_help_heading = "Faults")]
pub struct FaultArguments {
    /// What goes wrong, and when: TOML with [[fault]] entries.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// Requests a second, over all accounts, beyond which answers are throttled: iam=100, iam:ListRoles=5; repeatable.
    #[arg(long, value_name = "NAME=RATE", value_parser = rate)]
    pub rate: Vec<(String, f64)>,
}

fn rate(text: &str) -> Result<(String, f64), String> {
    let (name, rate) = text.split_once('=').ok_or("expected NAME=RATE, such as iam=100")?;
    let rate = rate.parse().map_err(|_| format!("{rate:?} is no number of requests a second"))?;
    Ok((name.to_owned(), rate))
}
