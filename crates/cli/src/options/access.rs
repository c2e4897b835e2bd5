//! How accounts are entered.

use clap::Args;
use serde::Deserialize;

use crate::options::layered::options;
use crate::options::values;

options! {
    /// How accounts are entered.
    #[derive(Clone, Debug, Default, Args, Deserialize)]
    #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
    pub struct AccessOptions {
        /// Profile of the AWS configuration files.
        #[arg(long, help_heading = "Access")]
        pub profile: Option<String>,
        /// Region of the STS endpoint and of the configuration.
        #[arg(long, help_heading = "Access")]
        pub region: Option<String>,
        /// Role to assume in each account: a name with path, or an ARN with {partition} and {account_id}. Several are
        /// tried in order. [default: orgsweep/OrgsweepAudit]
        #[arg(long, value_delimiter = ',', value_name = "ROLE", help_heading = "Access")]
        #[serde(deserialize_with = "values::list")]
        pub role_name: Vec<String>,
        /// External ID that the role's trust policy requires.
        #[arg(long, help_heading = "Access")]
        pub external_id: Option<String>,
        /// Session length in seconds, 900 to 43200. [default: what AWS gives, 3600]
        #[arg(long, value_parser = values::whole::<u32>, value_name = "SECONDS", help_heading = "Access")]
        pub session_duration: Option<u32>,
        /// Assume roles without the session policy that limits them to the calls of the enabled checks.
        #[arg(long, help_heading = "Access")]
        pub no_session_policy: bool,

        /// Roles of the role chain, in order: the caller assumes the first, and the last one assumes the roles in the member accounts.
        #[arg(long, value_delimiter = ',', value_name = "ARN", help_heading = "Access")]
        #[serde(deserialize_with = "values::list")]
        pub role_chain: Vec<String>,
        /// Role for the calls to Organizations, where the caller itself may not make them.
        #[arg(long, value_name = "ARN", help_heading = "Access")]
        pub discovery_role: Option<String>,
        /// Source identity of every session. Needs sts:SetSourceIdentity on both sides.
        #[arg(long, value_name = "NAME", help_heading = "Access")]
        pub source_identity: Option<String>,
        /// Tag of every session; repeatable. Needs sts:TagSession on both sides.
        #[arg(long, value_name = "KEY=VALUE", help_heading = "Access")]
        #[serde(deserialize_with = "values::list")]
        pub session_tag: Vec<String>,
    }
}
