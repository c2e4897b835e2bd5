//! The stored tables that nobody collects: joined from what was read in an account.

use std::sync::Arc;

use crate::account::{Account, Organization};
use crate::facts::{Document, Policy, Principal};
use crate::table::{Row as _, Rows, TableSchema};
use crate::tables::Tables;

/// A table that is joined from others.
pub struct Derived {
    /// The table.
    pub schema: &'static TableSchema,
    /// What it is joined from: where one of these is a gap, rows are missing here.
    pub inputs: &'static [&'static str],
}

/// All of them. `documents` has no account: what is missing there is missing in `policies`.
pub const DERIVED: [Derived; 2] = [
    Derived { schema: Principal::SCHEMA, inputs: &Principal::INPUTS },
    Derived { schema: Policy::SCHEMA, inputs: &Policy::INPUTS },
];

impl Derived {
    /// The rows of all derived tables of an account, `documents` included.
    pub fn rows(account: &Account, organization: &Organization, tables: &Tables) -> Vec<Arc<dyn Rows>> {
        let principals: Vec<Principal> = Principal::derive(account, organization, tables);
        let joined = Policy::derive(account, tables);
        let documents: Vec<Document> = joined.documents;
        vec![Arc::new(principals), Arc::new(joined.policies), Arc::new(documents)]
    }
}
