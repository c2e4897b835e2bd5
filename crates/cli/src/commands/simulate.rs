//! `orgsweep simulate`: the made-up organization for any AWS client.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use orgsweep_model::Timestamp;
use orgsweep_model::collector::Clock;
use orgsweep_simulator::{Options, parse_faults};

use crate::exit::{self, Failure};
use crate::options::WorldArguments;

/// `orgsweep simulate`.
#[derive(Debug, Args)]
pub struct SimulateArguments {
    #[command(flatten)]
    pub world: WorldArguments,
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, value_parser = crate::options::values::between::<u16>(0, 65_535), default_value_t = 0)]
    pub port: u16,
    /// The moment that the made-up dates follow. [default: now]
    #[arg(long, value_name = "TIME", value_parser = crate::options::values::moment)]
    pub now: Option<Timestamp>,
    /// Milliseconds to wait before every answer.
    #[arg(long, value_parser = crate::options::values::whole::<u64>, value_name = "MS", default_value_t = 0)]
    pub latency: u64,
    /// Write every request down, one JSON line each. It holds in any simulator with the same seed.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// The partition in every ARN.
    #[arg(long, value_name = "NAME", default_value = "aws", value_parser = ["aws", "aws-us-gov", "aws-cn"])]
    pub partition: String,

    /// Accounts that are suspended. [default: one in sixty]
    #[arg(long, value_parser = crate::options::values::whole::<usize>, value_name = "N", help_heading = "Organization")]
    pub suspended: Option<usize>,
    /// Accounts that refuse the audit role. [default: one in thirty]
    #[arg(long, value_parser = crate::options::values::whole::<usize>, value_name = "N", help_heading = "Organization")]
    pub refusing: Option<usize>,
    /// Accounts whose audit role may not read everything. [default: one in sixty]
    #[arg(long, value_parser = crate::options::values::whole::<usize>, value_name = "N", help_heading = "Organization")]
    pub broken: Option<usize>,
    /// Users in every account. [default: made up]
    #[arg(long, value_name = "N", value_parser = crate::options::values::between::<usize>(0, 5_000), help_heading = "Organization")]
    pub users: Option<usize>,
    /// Roles in every account, the audit role included. [default: made up]
    #[arg(long, value_name = "N", value_parser = crate::options::values::between::<usize>(0, 5_000), help_heading = "Organization")]
    pub roles: Option<usize>,
    /// Customer policies in every account. [default: made up]
    #[arg(long, value_name = "N", value_parser = crate::options::values::between::<usize>(0, 5_000), help_heading = "Organization")]
    pub policies: Option<usize>,
    /// GetAccountAuthorizationDetails leaves out policies that are boundaries and attached to nobody.
    #[arg(long, help_heading = "Organization")]
    pub boundaries_apart: bool,
    /// Names, tags, descriptions and documents that try to break whoever prints, parses or stores them.
    #[arg(long, help_heading = "Organization")]
    pub hostile: bool,

    /// The audit roles trust a role in the audit account, and that one the caller: a chain of two.
    #[arg(long, help_heading = "Access")]
    pub chain: bool,
    /// External id that the audit roles' trust policies ask for.
    #[arg(long, value_name = "ID", help_heading = "Access")]
    pub external_id: Option<String>,
    /// The audit roles' trust policies allow sts:AssumeRole and neither session tags nor a source identity.
    #[arg(long, help_heading = "Access")]
    pub trust_assume_only: bool,
    /// MaxSessionDuration of the audit roles: 3600 to 43200.
    #[arg(long, value_parser = crate::options::values::whole::<u64>, value_name = "SECONDS", default_value_t = 3600, help_heading = "Access")]
    pub audit_role_session_seconds: u64,
    /// AWS's packed form of any session policy or tag is too large.
    #[arg(long, help_heading = "Access")]
    pub packed_policy_too_large: bool,
    /// Permissions of every audit role, instead of the usual ones: a policy document.
    #[arg(long, value_name = "FILE", help_heading = "Access")]
    pub member_policy: Option<PathBuf>,
    /// Whom every audit role trusts, instead of the usual ones: a trust policy.
    #[arg(long, value_name = "FILE", help_heading = "Access")]
    pub member_trust: Option<PathBuf>,
    /// Permissions of the caller, who is an administrator otherwise: a policy document.
    #[arg(long, value_name = "FILE", help_heading = "Access")]
    pub hub_policy: Option<PathBuf>,

    /// What goes wrong, and when: TOML with [[fault]] entries.
    #[arg(long, value_name = "FILE", help_heading = "Faults")]
    pub faults: Option<PathBuf>,
    /// Requests a second, over all accounts, beyond which answers are throttled: iam=100, iam:ListRoles=5; repeatable.
    #[arg(long, value_name = "NAME=RATE", value_parser = rate, help_heading = "Faults")]
    pub rate: Vec<(String, f64)>,
}

fn rate(text: &str) -> Result<(String, f64), String> {
    let (name, rate) = text.split_once('=').ok_or("expected NAME=RATE, such as iam=100")?;
    let rate = rate.parse().map_err(|_| format!("{rate:?} is no number of requests a second"))?;
    Ok((name.to_owned(), rate))
}

/// Serves until stopped. Prints what a client needs as `NAME=value` lines, ready for `export`.
pub async fn simulate(arguments: SimulateArguments) -> Result<u8, Failure> {
    let port = arguments.port;
    let region = match arguments.partition.as_str() {
        "aws-us-gov" => "us-gov-west-1",
        "aws-cn" => "cn-north-1",
        _ => "us-east-1",
    };
    let running = orgsweep_simulator::start(options(arguments)?, port).await.map_err(|error| {
        Failure::new(match error.kind() {
            std::io::ErrorKind::InvalidInput => error.to_string(),
            _ => format!("starting the simulator on 127.0.0.1: {error}"),
        })
    })?;
    let mut text = format!(
        "AWS_ENDPOINT_URL={}\nAWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\nAWS_DEFAULT_REGION={region}\n",
        running.endpoint(),
        running.access_key_id(),
        running.secret_access_key(),
    );
    text.push_str(&format!(
        "# {} accounts; the audit role in each is {}; Ctrl-C stops\n",
        running.accounts().len(),
        orgsweep_simulator::ROLE_NAME
    ));
    if let Some(hub_role) = running.hub_role_arn() {
        text.push_str(&format!("# the audit roles trust {hub_role}, which trusts these credentials\n"));
    }
    let mut output = std::io::stdout().lock();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .map_err(|error| Failure::new(format!("standard output: {error}")))?;
    drop(output);
    let _ = tokio::signal::ctrl_c().await;
    Ok(exit::COMPLETE)
}

fn options(arguments: SimulateArguments) -> Result<Options, Failure> {
    let faults = match (&arguments.faults, read("--faults", arguments.faults.as_deref())?) {
        (Some(path), Some(text)) => parse_faults(&text)
            .map_err(|message| Failure::new(format!("--faults {}: {message}", path.display())))?,
        _ => Vec::new(),
    };
    Ok(Options {
        accounts: arguments.world.accounts as usize,
        seed: arguments.world.seed,
        now: arguments.now.unwrap_or_else(|| Clock::wall().now()),
        latency: Duration::from_millis(arguments.latency),
        partition: arguments.partition,
        suspended: arguments.suspended,
        refusing: arguments.refusing,
        broken: arguments.broken,
        external_id: crate::resolve::access::external_id("--external-id", arguments.external_id.as_deref())?,
        trust_assume_only: arguments.trust_assume_only,
        audit_role_session_seconds: arguments.audit_role_session_seconds,
        packed_policy_too_large: arguments.packed_policy_too_large,
        chain: arguments.chain,
        member_policy: read("--member-policy", arguments.member_policy.as_deref())?,
        member_trust: read("--member-trust", arguments.member_trust.as_deref())?,
        hub_policy: read("--hub-policy", arguments.hub_policy.as_deref())?,
        users: arguments.users,
        roles: arguments.roles,
        policies: arguments.policies,
        boundaries_apart: arguments.boundaries_apart,
        hostile_names: arguments.hostile,
        rates: arguments.rate.into_iter().collect(),
        faults,
        record: arguments.record,
        ..Options::default()
    })
}

fn read(option: &str, path: Option<&Path>) -> Result<Option<String>, Failure> {
    let failed = |path: &Path, error| Failure::new(format!("{option} {}: {error}", path.display()));
    path.map(|path| std::fs::read_to_string(path).map_err(|error| failed(path, error))).transpose()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use orgsweep_simulator::FaultKind;

    use super::*;

    use crate::command_line::{Arguments, Command};

    fn parsed(arguments: &[&str]) -> Result<Options, String> {
        let all = ["orgsweep", "simulate"].iter().chain(arguments);
        match Arguments::try_parse_from(all).map_err(|error| error.to_string())?.command {
            Command::Simulate(arguments) => options(arguments).map_err(|failure| failure.message),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn flags_and_files_become_options() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let faults = file("faults.toml", "[[fault]]\nkind = \"hang\"\naction = \"iam:ListRoles\"\nnth = 3\n");
        let policy = file("policy.json", "{\"Statement\": []}");
        let options = parsed(&[
            "--faults",
            &faults,
            "--member-policy",
            &policy,
            "--member-trust",
            &policy,
            "--rate",
            "iam=100",
            "--rate",
            "iam:ListRoles=0.5",
            "--users",
            "40",
            "--roles",
            "60",
            "--policies",
            "30",
            "--chain",
            "--partition",
            "aws-cn",
            "--trust-assume-only",
            "--packed-policy-too-large",
            "--audit-role-session-seconds",
            "7200",
        ])
        .unwrap();
        assert_eq!((options.faults[0].kind, options.faults[0].nth), (FaultKind::Hang, Some(3)));
        assert_eq!(options.member_policy.as_deref(), Some("{\"Statement\": []}"));
        assert_eq!((options.member_trust, options.hub_policy), (options.member_policy, None));
        assert_eq!((options.rates["iam"], options.rates["iam:ListRoles"]), (100.0, 0.5));
        assert_eq!((options.users, options.roles, options.policies), (Some(40), Some(60), Some(30)));
        assert!(options.chain && options.partition == "aws-cn");
        assert!(options.trust_assume_only && options.packed_policy_too_large);
        assert_eq!(options.audit_role_session_seconds, 7200);
        let plain = parsed(&[]).unwrap();
        assert!(!plain.trust_assume_only && !plain.packed_policy_too_large);
        assert_eq!(plain.audit_role_session_seconds, 3600);

        let wrong = file("wrong.toml", "[[fault]]\nkind = \"hangs\"\naction = \"*\"\n");
        for (arguments, wanted) in [
            (["--faults", wrong.as_str()], "wrong.toml: TOML parse error at line 2"),
            (["--faults", wrong.as_str()], "`hangs`"),
            (["--faults", "/nowhere/faults.toml"], "/nowhere/faults.toml: No such file"),
            (["--rate", "iam"], "expected NAME=RATE"),
            (["--rate", "iam=fast"], "\"fast\" is no number"),
            (["--partition", "aws-moon"], "aws-us-gov"),
        ] {
            let message = parsed(&arguments).err().unwrap_or_default();
            assert!(message.contains(wanted), "{arguments:?}: {message}");
        }
    }
}
