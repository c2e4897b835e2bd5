//! What to measure: `bench [scale] [--accounts N[,N…]] …`.

use std::path::PathBuf;

/// The fault script of the last target, by name.
pub const REFUSE_5_THROTTLE_1: &str = "refuse5throttle1";

/// The options.
pub struct Options {
    /// The table of the three sizes, the run with faults, and the targets.
    pub scale: bool,
    /// Sizes of the organization.
    pub accounts: Vec<usize>,
    /// Of every answer, milliseconds.
    pub latency: u64,
    /// In every account.
    pub users: u64,
    pub roles: u64,
    pub policies: u64,
    /// In flight, of the scan and of the floors.
    pub requests: usize,
    /// Accounts in flight: more than requests, because an account that waits for its credential report makes none.
    pub concurrency: usize,
    /// Rounds.
    pub runs: usize,
    /// A fault script, or [`REFUSE_5_THROTTLE_1`].
    pub faults: Option<String>,
    /// Where the figures go as JSON.
    pub json: Option<PathBuf>,
    /// Another revision whose program is measured beside this one, instead of the floors.
    pub against: Option<String>,
}

impl Options {
    /// From the words behind `bench`.
    pub fn parse(arguments: &[&str]) -> Result<Self, String> {
        let (scale, mut rest) = match arguments {
            ["scale", rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let mut options = Self {
            scale,
            accounts: if scale { vec![100, 1000, 10_000] } else { vec![200] },
            latency: 40,
            users: 40,
            roles: 60,
            policies: 30,
            requests: 32,
            concurrency: 128,
            runs: 3,
            faults: scale.then(|| REFUSE_5_THROTTLE_1.to_owned()),
            json: None,
            against: None,
        };
        while let [name, others @ ..] = rest {
            let [value, others @ ..] = others else {
                return Err(format!("{name}: expected a value"));
            };
            options.set(name, value)?;
            rest = others;
        }
        if options.against.is_some() && (options.scale || options.faults.is_some()) {
            return Err("--against compares scans without faults: leave out scale and --faults".to_owned());
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let number =
            |text: &str| text.parse::<u64>().map_err(|_| format!("{name} {text:?}: expected a whole number"));
        let at_least_one = |text: &str| match number(text)? {
            0 => Err(format!("{name}: expected at least 1")),
            number => Ok(number as usize),
        };
        match name {
            "--accounts" => self.accounts = value.split(',').map(at_least_one).collect::<Result<_, _>>()?,
            "--latency" => self.latency = number(value)?,
            "--users" => self.users = number(value)?,
            "--roles" => self.roles = number(value)?,
            "--policies" => self.policies = number(value)?,
            "--requests" => self.requests = at_least_one(value)?,
            "--concurrency" => self.concurrency = at_least_one(value)?,
            "--runs" => self.runs = at_least_one(value)?,
            "--faults" => self.faults = Some(value.to_owned()),
            "--json" => self.json = Some(PathBuf::from(value)),
            "--against" => self.against = Some(value.to_owned()),
            _ => return Err(format!("unknown option {name}")),
        }
        Ok(())
    }

    /// The run with faults has the size that the targets name, or the only one there is.
    pub fn accounts_with_faults(&self) -> usize {
        let named = self.accounts.iter().find(|accounts| **accounts == 1000);
        named.or(self.accounts.last()).copied().unwrap_or(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_is_the_shape_of_the_targets() {
        let options = Options::parse(&["--accounts", "300", "--runs", "1"]).unwrap();
        assert_eq!((options.users, options.roles, options.policies, options.latency), (40, 60, 30, 40));
        assert_eq!((options.accounts, options.runs, options.faults), (vec![300], 1, None));
        let scale = Options::parse(&["scale", "--accounts", "50,80"]).unwrap();
        assert_eq!((scale.accounts_with_faults(), scale.faults.is_some()), (80, true));
        assert_eq!(Options::parse(&["scale"]).unwrap().accounts_with_faults(), 1000);
    }

    #[test]
    fn mistakes_are_named() {
        for (arguments, wanted) in [
            (&["--account", "3"][..], "unknown option --account"),
            (&["--accounts"], "--accounts: expected a value"),
            (&["--accounts", "3,x"], "\"x\": expected a whole number"),
            (&["--runs", "0"], "at least 1"),
            (&["--against"], "--against: expected a value"),
            (&["scale", "--against", "HEAD~1"], "--against compares scans without faults"),
        ] {
            assert!(
                Options::parse(arguments).is_err_and(|message| message.contains(wanted)),
                "{arguments:?}"
            );
        }
    }
}
