//! The room that speaks to AWS: the organization, sessions, collectors. The only one that names an `aws-*` crate.
//!
//! [`AwsSource`] implements `sweep`'s `Source`; [`collectors`] are the built-in collectors in running order;
//! [`session_policy`] turns their needs into what every assumed role is limited to.

mod access;
mod answer;
mod caller;
pub mod canned;
mod chain;
mod choice;
mod clock;
mod collect;
mod collectors;
mod connection;
mod credentials;
mod failure;
mod http_client;
mod ledger;
mod limiter;
mod managed;
mod member;
mod organization;
mod pack_sdk;
mod pages;
mod profile_chain;
mod profile_files;
mod reader;
mod role;
mod session;
mod session_policy;
mod settings;
mod source;
mod trusted_roots;
mod wire;

pub use access::{Access, AccessOverride};
pub use clock::ClockProbe;
pub use collect::{credential_report, decode};
pub use collectors::collectors;
pub use connection::{Connection, Pace};
pub use limiter::{DEFAULT_MAX_RATE, DEFAULT_REQUESTS, Family, Limits};
pub use managed::CALLER_READS;
pub use member::Member;
pub use organization::{ORGANIZATION_READS, OrganizationRead, OrganizationReader, Roster};
pub use pack_sdk::{PackSdk, pack_sdk, sdk_config};
pub use role::RoleTemplate;
pub use session::LONGEST_CHAINED;
pub use session_policy::{LONGEST_SESSION_POLICY, session_policy};
pub use source::{AwsSource, SourceOptions};
