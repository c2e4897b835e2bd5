//! For people who write checks: facts in a line, and `passes`, `flags`, `unknown`, `not_applicable`, `silent`.
//!
//! Every row constructor gives a clean row; a test changes only what it is about:
//!
//! ```
//! use orgsweep_model::facts::Credential;
//! use orgsweep_testkit::{credential, days_ago};
//!
//! let stale = Credential { password_last_used_at: Some(days_ago(91)), ..credential("ann") };
//! assert_eq!(stale.user_arn, "arn:aws:iam::111122223333:user/ann");
//! ```

mod account;
mod case;
mod facts;
pub mod pack;
mod policies;

pub use account::{Fixtures, clean_account};
pub use case::Case;
pub use facts::{
    ACCOUNT, access_key, account_id, account_summary, attachment, aws_managed_arn, credential, days_ago,
    group, group_arn, group_member, now, oidc_provider, password_policy, role, role_arn, root_arn,
    root_credential, saml_provider, seconds_after, server_certificate, service_credential, session_limit,
    tag, user, user_arn, virtual_mfa,
};
pub use policies::{PolicyText, aws_managed, customer_policy, inline_policy, trust_policy, trusts_ec2};
