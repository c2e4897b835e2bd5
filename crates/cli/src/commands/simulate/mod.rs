//! `orgsweep simulate`: the made-up organization for any AWS client.

mod arguments;

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use orgsweep_model::collector::Clock;
use orgsweep_simulator::{Options, parse_faults};

use crate::exit::{Exit, Failure};
use crate::stopping::Signals;

pub use self::arguments::SimulateArguments;

/// Serves until stopped. Prints what a client needs as `NAME=value` lines, ready for `export`.
pub async fn simulate(arguments: SimulateArguments) -> Result<Exit, Failure> {
    let port = arguments.server.port;
    let region = match arguments.server.partition.as_str() {
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
    let mut signals = Signals::listen();
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
    signals.next().await;
    Ok(Exit::Complete)
}

fn options(arguments: SimulateArguments) -> Result<Options, Failure> {
    let faults = match (&arguments.faults.faults, read("--faults", arguments.faults.faults.as_deref())?) {
        (Some(path), Some(text)) => parse_faults(&text)
            .map_err(|message| Failure::new(format!("--faults {}: {message}", path.display())))?,
        _ => Vec::new(),
    };
    Ok(Options {
        accounts: arguments.world.accounts as usize,
        seed: arguments.world.seed,
        now: arguments.server.now.unwrap_or_else(|| Clock::wall().now()),
        latency: Duration::from_millis(arguments.server.latency),
        partition: arguments.server.partition,
        suspended: arguments.organization.suspended,
        refusing: arguments.organization.refusing,
        broken: arguments.organization.broken,
        external_id: crate::resolve::access::external_id(
            "--external-id",
            arguments.access.external_id.as_deref(),
        )?,
        trust_assume_only: arguments.access.trust_assume_only,
        audit_role_session_seconds: arguments.access.audit_role_session_seconds,
        packed_policy_too_large: arguments.access.packed_policy_too_large,
        chain: arguments.access.chain,
        member_policy: read("--member-policy", arguments.access.member_policy.as_deref())?,
        member_trust: read("--member-trust", arguments.access.member_trust.as_deref())?,
        hub_policy: read("--hub-policy", arguments.access.hub_policy.as_deref())?,
        users: arguments.organization.users,
        roles: arguments.organization.roles,
        policies: arguments.organization.policies,
        boundaries_apart: arguments.organization.boundaries_apart,
        hostile_names: arguments.organization.hostile,
        rates: arguments.faults.rate.into_iter().collect(),
        faults,
        record: arguments.server.record,
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
            Command::Simulate(arguments) => options(*arguments).map_err(|failure| failure.message),
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
