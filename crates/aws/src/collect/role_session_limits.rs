//! iam:ListRoles, for MaxSessionDuration: GetAccountAuthorizationDetails leaves it out.

use orgsweep_model::facts::RoleSessionLimit;
use orgsweep_model::{Collector, Gap, Needs, Row, Session, TableSchema, Tables, async_trait};

use super::{decode, member, put};
use crate::answer::{self, Quick};
use crate::pages::next_marker;

/// Fills `role_session_limits`.
pub struct RoleSessionLimits;

#[async_trait]
impl Collector for RoleSessionLimits {
    fn name(&self) -> &'static str {
        "role_session_limits"
    }

    fn needs(&self) -> Needs {
        Needs { actions: &["iam:ListRoles"], calls_per_account: 1, calls_per_scan: 0, gates: &[] }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[RoleSessionLimit::SCHEMA]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        put(fetch(session).await, session, tables);
    }
}

/// What AWS takes where nothing was set, seconds.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
const DEFAULT_SECONDS: i32 = 3600;

const API: &str = "iam:ListRoles";

async fn fetch(session: &Session) -> Result<Vec<RoleSessionLimit>, Gap> {
    let member = member(session)?;
    let mut limits = Vec::new();
    let mut marker = None;
    loop {
        let request = member.iam.list_roles().max_items(1000).set_marker(marker.clone());
        let page =
            member.call(API, || request.clone().customize().interceptor(Quick(answer::roles)).send()).await?;
        for role in page.roles() {
            limits.push(RoleSessionLimit {
                account_id: member.account,
                role_arn: decode::own_arn(Some(role.arn()), member.account, "the ARN of a role")
                    .map_err(|gap| gap.during(API))?,
                max_session_seconds: role.max_session_duration().unwrap_or(DEFAULT_SECONDS),
            });
        }
        marker = next_marker(API, page.is_truncated(), page.marker(), marker.as_deref())?;
        if marker.is_none() {
            return Ok(limits);
        }
    }
}
