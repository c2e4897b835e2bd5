//! How fast a scan runs, and how long it waits.

use clap::Args;
use serde::Deserialize;

use crate::options::layered::options;
use crate::options::values::{self, Span};

options! {
    /// How fast a scan runs, and how long it waits.
    #[derive(Clone, Debug, Default, Args, Deserialize)]
    #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
    pub struct PaceOptions {
        /// Accounts in flight, as far as --max-rate can feed them. [default: 64]
        #[arg(long, value_parser = values::whole::<usize>, value_name = "N", help_heading = "Run")]
        pub concurrency: Option<usize>,
        /// Requests in flight. [default: 32]
        #[arg(long, value_parser = values::whole::<usize>, value_name = "N", help_heading = "Run")]
        pub requests: Option<usize>,
        /// IAM requests a second at most: AWS counts them against the account that assumes the roles, and production shares
        /// that quota. [default: 50]
        #[arg(long, value_parser = values::number, value_name = "N", help_heading = "Run")]
        pub max_rate: Option<f64>,
        /// Disable client-side rate limiting (simulator only).
        #[arg(long, help_heading = "Run")]
        pub unlimited: bool,
        /// How long one attempt of a call may take, such as 30s. [default: 60s]
        #[arg(long, value_name = "TIME", help_heading = "Run")]
        pub attempt_timeout: Option<Span>,
        /// Attempts of one call, 1 to 20. [default: 8]
        #[arg(long, value_parser = values::whole::<u32>, value_name = "N", help_heading = "Run")]
        pub attempts: Option<u32>,
        /// How long a credential report that AWS is still making is waited for. [default: 60s]
        #[arg(long, value_name = "TIME", help_heading = "Run")]
        pub report_timeout: Option<Span>,
        /// A credential report that is older is not used: what rests on it is UNKNOWN. AWS makes a new one after four hours, but where
        /// the role may not ask for one, the last one is read, however old. [default: any age, with a note]
        #[arg(long, value_name = "TIME", help_heading = "Run")]
        pub report_max_age: Option<Span>,
        /// Read the IDs of flagged access keys with iam:ListAccessKeys, one call a user, for at most N users an account, the
        /// gravest first. [default: 0: none, so that an account costs as many calls however many users it has]
        #[arg(long, value_parser = values::whole::<u32>, value_name = "N", help_heading = "Run")]
        pub key_ids: Option<u32>,
        /// Stop in time for a runner's limit, such as 14m, and keep what is done for --resume.
        #[arg(long, value_name = "TIME", help_heading = "Run")]
        pub deadline: Option<Span>,
    }
}
