//! What the organization's roster says about the account: the one table that is there even when the account
//! could not be entered.

use crate::account::{Account, AccountId, AccountState};
use crate::time::Timestamp;

crate::table! {
    /// An account as returned by organizations:ListAccounts.
    pub struct RosterEntry in "roster" per account sorted by [account_id] {
        /// Twelve digits.
        account_id: AccountId,
        /// The account's ARN in Organizations.
        account_arn: Option<String>,
        /// Its name.
        account_name: Option<String>,
        /// `State`, or `Status` if AWS returns only that.
        account_state: AccountState,
        /// When it joined the organization.
        joined_at: Option<Timestamp>,
        /// Whether this is the management account.
        is_management: bool,
        /// Its tags as a JSON object of names and values; null: they were not read (`--tag` reads them).
        tags_json: Option<String>,
    }
}

impl From<&Account> for RosterEntry {
    fn from(account: &Account) -> Self {
        Self {
            account_id: account.id,
            account_arn: account.arn.clone(),
            account_name: account.name.clone(),
            account_state: account.state,
            joined_at: account.joined_at,
            is_management: account.is_management,
            tags_json: account.tags.as_ref().map(|tags| serde_json::json!(tags).to_string()),
        }
    }
}
