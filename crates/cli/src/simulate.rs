//! `orgsweep simulate`: the made-up organization for any AWS client.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use orgsweep_model::collector::Clock;
use orgsweep_simulator::{Options, parse_faults};

use crate::arguments::SimulateArguments;
use crate::exit::{self, Failure};

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
    let faults = match &arguments.faults {
        None => Vec::new(),
        Some(path) => parse_faults(&read(path)?)
            .map_err(|message| Failure::new(format!("{}: {message}", path.display())))?,
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
        external_id: arguments.external_id,
        chain: arguments.chain,
        member_policy: arguments.member_policy.as_deref().map(read).transpose()?,
        hub_policy: arguments.hub_policy.as_deref().map(read).transpose()?,
        users: arguments.users,
        roles: arguments.roles,
        policies: arguments.policies,
        hostile_names: arguments.hostile,
        rates: arguments.rate.into_iter().collect(),
        faults,
        record: arguments.record,
        ..Options::default()
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use orgsweep_simulator::FaultKind;

    use super::*;
    use crate::arguments::{Arguments, Command};

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
        ])
        .unwrap();
        assert_eq!((options.faults[0].kind, options.faults[0].nth), (FaultKind::Hang, Some(3)));
        assert_eq!(options.member_policy.as_deref(), Some("{\"Statement\": []}"));
        assert_eq!(options.hub_policy, None);
        assert_eq!((options.rates["iam"], options.rates["iam:ListRoles"]), (100.0, 0.5));
        assert_eq!((options.users, options.roles, options.policies), (Some(40), Some(60), Some(30)));
        assert!(options.chain && options.partition == "aws-cn");

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
