//! Accounts, and the organization that they belong to.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::table::{Cell, ColumnType, Value, text_enum};
use crate::time::Timestamp;

/// Twelve digits; leading zeros count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId([u8; 12]);

impl AccountId {
    /// The digits.
    pub fn as_str(&self) -> &str {
        // Only ASCII digits ever get in.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for AccountId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match <[u8; 12]>::try_from(text.as_bytes()) {
            Ok(digits) if digits.iter().all(u8::is_ascii_digit) => Ok(Self(digits)),
            _ => Err(format!("{text:?} is not an AWS account ID: expected 12 digits, such as 111122223333")),
        }
    }
}

impl TryFrom<String> for AccountId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.as_str().to_owned()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Cell for AccountId {
    const TYPE: ColumnType = ColumnType::Text;
    const NULLABLE: bool = false;

    fn value(&self) -> Value<'_> {
        Value::Text(self.as_str())
    }

    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

text_enum! {
    /// What Organizations says about an account (`Account.State`; `Status` where that is all there is).
    ///
    /// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html>
    pub enum AccountState {
        /// In use.
        Active = "ACTIVE",
        /// Sign-up was never finished.
        PendingActivation = "PENDING_ACTIVATION",
        /// Suspended by AWS.
        Suspended = "SUSPENDED",
        /// Being closed.
        PendingClosure = "PENDING_CLOSURE",
        /// Closed; can be reinstated for 90 days.
        Closed = "CLOSED",
        /// Neither field was given, or Organizations was not asked: scanned, its standing unknown.
        Unstated = "UNSTATED",
        /// A word that this version does not know: listed and counted, not scanned.
        Unrecognized = "UNRECOGNIZED",
    }
}

impl AccountState {
    /// Whether a scan should enter the account.
    pub const fn is_scannable(self) -> bool {
        matches!(self, Self::Active | Self::Unstated)
    }
}

/// One account of the organization, as the roster gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Twelve digits: the only key.
    pub id: AccountId,
    /// The account's ARN in Organizations, where one is known.
    pub arn: Option<String>,
    /// Any text; two accounts may share a name.
    pub name: Option<String>,
    /// Hexadecimal SHA-256 of the root e-mail address; never the address itself.
    pub email_sha256: Option<String>,
    /// What Organizations says about it.
    pub state: AccountState,
    /// When it joined.
    pub joined_at: Option<Timestamp>,
    /// From the root to the account's own unit: `r-…`, `ou-…`, `ou-…`. Empty where unknown.
    pub ou_ids: Vec<String>,
    /// `/Root/Workloads/Prod`; `None` until the names are known.
    pub ou_path: Option<String>,
    /// Read only when a filter or a check asks for them.
    pub tags: Option<BTreeMap<String, String>>,
    /// Whether this is the organization's management account.
    pub is_management: bool,
}

impl Account {
    /// An account about which nothing but its id is known: not even that it is active.
    pub const fn new(id: AccountId) -> Self {
        Self {
            id,
            arn: None,
            name: None,
            email_sha256: None,
            state: AccountState::Unstated,
            joined_at: None,
            ou_ids: Vec::new(),
            ou_path: None,
            tags: None,
            is_management: false,
        }
    }

    /// The unit that the account sits in directly.
    pub fn ou_id(&self) -> Option<&str> {
        self.ou_ids.last().map(String::as_str)
    }
}

/// The organization, or the stand-in for one where the caller has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// `o-…`; `none` when accounts come from a file or from the caller alone.
    pub id: String,
    /// The management account, or the caller's where there is no organization.
    pub management_account_id: AccountId,
    /// `aws`, `aws-cn`, `aws-us-gov`: from the caller's own ARN.
    pub partition: String,
}

impl Organization {
    /// The id that stands for "no organization".
    pub const NONE: &'static str = "none";

    /// `arn:{partition}:organizations::{management account}:organization/{id}`.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html>
    pub fn arn(&self) -> String {
        let Self { id, management_account_id, partition } = self;
        format!("arn:{partition}:organizations::{management_account_id}:organization/{id}")
    }

    /// Whether the verdicts about the organization as a whole stand with an account: with the management account. Where there is
    /// no organization to read, every account says so.
    pub fn is_judged_with(&self, account: AccountId) -> bool {
        self.id == Self::NONE || account == self.management_account_id
    }

    /// `arn:{partition}:iam::{account}:root`: what names an account as a whole.
    pub fn root_arn(&self, account: AccountId) -> String {
        format!("arn:{}:iam::{account}:root", self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_said_is_not_active() {
        let account = Account::new("111122223333".parse().unwrap());
        assert_eq!(account.state, AccountState::Unstated);
        assert!(account.state.is_scannable());
    }
}
