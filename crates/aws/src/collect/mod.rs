//! The built-in collectors. Each says what it needs, fetches, and hands what came to a pure function.

pub(crate) mod account_summary;
pub(crate) mod authorization_details;
pub(crate) mod aws_managed_policies;
pub(crate) mod boundary_policies;
pub mod credential_report;
mod csv;
pub mod decode;
pub(crate) mod identity_providers;
mod key_ids;
pub(crate) mod password_policy;
mod report_line;
pub(crate) mod role_session_limits;
pub(crate) mod server_certificates;
pub(crate) mod service_credentials;
pub(crate) mod virtual_mfa_devices;

use orgsweep_model::facts::{AccountSummary, Policy, Texts};
use orgsweep_model::{Gap, Row, Session, TableSchema, Tables};

use crate::member::Member;

/// The member behind a session of ours.
fn member(session: &Session) -> Result<&Member, Gap> {
    Member::behind(session)
}

/// Puts rows or the gap into the table.
fn put<R: Row>(rows: Result<Vec<R>, Gap>, session: &Session, tables: &mut Tables) {
    let now = session.clock.now();
    match rows {
        Ok(rows) => tables.insert(rows, now),
        Err(gap) => tables.insert_gap(R::SCHEMA.name, gap, now),
    }
}

/// Adds a part of the policies, and their texts, or the part's gap.
fn put_policies(
    part: &'static TableSchema,
    policies: Result<(Vec<Policy>, Texts), Gap>,
    session: &Session,
    tables: &mut Tables,
) {
    let now = session.clock.now();
    match policies {
        Ok((policies, texts)) => {
            tables.insert_part(part, policies, now);
            tables.insert_texts(texts, now);
        }
        Err(gap) => tables.insert_gap(part.name, gap, now),
    }
}

/// Puts the same gap into several tables.
fn put_gaps(schemas: &[&'static TableSchema], gap: &Gap, session: &Session, tables: &mut Tables) {
    for schema in schemas {
        tables.insert_gap(schema.name, gap.clone(), session.clock.now());
    }
}

/// Whether the account summary says that there is nothing to list. Without a summary the call is made.
fn nothing_there(tables: &Tables, count: impl Fn(&AccountSummary) -> Option<i64>) -> bool {
    let summary = tables.get::<AccountSummary>().ok().and_then(<[_]>::first);
    summary.and_then(count) == Some(0)
}
