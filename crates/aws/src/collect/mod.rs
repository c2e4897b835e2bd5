//! The built-in collectors. Each says what it needs, fetches, and hands what came to a pure function.

mod account_summary;
mod authorization_details;
mod aws_managed_policies;
mod boundary_policies;
pub mod credential_report;
mod csv;
pub mod decode;
mod identity_providers;
mod key_ids;
mod password_policy;
mod report_line;
mod role_session_limits;
mod server_certificates;
mod service_credentials;
mod virtual_mfa_devices;

use std::sync::Arc;

use orgsweep_model::facts::AccountSummary;
use orgsweep_model::{Collector, Gap, Reason, Row, Session, TableSchema, Tables};

use crate::member::Member;

/// In running order: what gates the rest first, the credential report last, so that AWS has had time to make it.
pub fn collectors() -> Vec<Arc<dyn Collector>> {
    vec![
        Arc::new(account_summary::Summary),
        Arc::new(authorization_details::AuthorizationDetails),
        Arc::new(password_policy::Policy),
        Arc::new(virtual_mfa_devices::VirtualMfaDevices),
        Arc::new(role_session_limits::RoleSessionLimits),
        Arc::new(service_credentials::ServiceCredentials),
        Arc::new(server_certificates::ServerCertificates),
        Arc::new(identity_providers::IdentityProviders),
        Arc::new(aws_managed_policies::AwsManagedPolicies),
        Arc::new(boundary_policies::BoundaryPolicies),
        Arc::new(credential_report::CredentialReport),
    ]
}

/// The member behind a session of ours.
fn member(session: &Session) -> Result<&Member, Gap> {
    Member::of(session).ok_or_else(|| {
        Gap::new(Reason::MalformedAnswer).because("the session was not opened by the room that collects")
    })
}

/// Puts rows or the gap into the table.
fn put<R: Row>(rows: Result<Vec<R>, Gap>, session: &Session, tables: &mut Tables) {
    let now = session.clock.now();
    match rows {
        Ok(rows) => tables.insert(rows, now),
        Err(gap) => tables.insert_gap(R::SCHEMA.name, gap, now),
    }
}

/// Puts the same gap into several tables.
fn put_gaps(schemas: &[&'static TableSchema], gap: &Gap, session: &Session, tables: &mut Tables) {
    for schema in schemas {
        tables.insert_gap(schema.name, gap.clone(), session.clock.now());
    }
}

/// Where the next page begins; `None`: that was the last one. A page that says there is more and not where, or that leads
/// back to itself, is not an answer: what was read so far is not the whole table.
pub(crate) fn next_marker(
    api: &str,
    is_truncated: bool,
    marker: Option<&str>,
    this: Option<&str>,
) -> Result<Option<String>, Gap> {
    match (is_truncated, marker) {
        (false, _) => Ok(None),
        (true, Some(next)) if Some(next) != this => Ok(Some(next.to_owned())),
        (true, _) => {
            let message = "the page says that there is more, and not where";
            Err(Gap::new(Reason::MalformedAnswer).during(api).because(message))
        }
    }
}

/// Whether the account summary says that there is nothing to list. Without a summary the call is made.
fn nothing_there(tables: &Tables, count: impl Fn(&AccountSummary) -> Option<i64>) -> bool {
    let summary = tables.get::<AccountSummary>().ok().and_then(<[_]>::first);
    summary.and_then(count) == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_page_without_a_way_on_is_no_table() {
        assert_eq!(next_marker("iam:ListRoles", false, Some("x"), None), Ok(None));
        assert_eq!(next_marker("iam:ListRoles", true, Some("x"), None), Ok(Some("x".to_owned())));
        for marker in [None, Some("same")] {
            let gap = next_marker("iam:ListRoles", true, marker, Some("same")).unwrap_err();
            assert_eq!(gap.reason, Reason::MalformedAnswer);
        }
    }
}
