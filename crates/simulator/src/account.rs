//! An account, and what it holds: plain data, written once by the generator and read by the handlers.

use std::sync::Arc;

/// One account.
pub struct Account {
    pub id: String,
    /// As in its ARNs.
    pub partition: Arc<str>,
    pub name: String,
    pub state: &'static str,
    /// Index of its unit.
    pub unit: usize,
    pub joined: i64,
    pub tags: Vec<(String, String)>,
    /// How the audit role stands.
    pub role: AuditRole,
    /// Its place among the accounts; the management account is 0.
    pub index: usize,
}

impl Account {
    /// The ARN of something of IAM's in it.
    pub fn arn(&self, kind: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:{kind}/{name}", self.partition, self.id)
    }

    /// The ARN of its root user, which in a trust policy stands for all of it.
    pub fn root_arn(&self) -> String {
        format!("arn:{}:iam::{}:root", self.partition, self.id)
    }
}

/// How the audit role stands in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditRole {
    Good,
    Missing,
    Untrusting,
    /// These actions are not in its policy.
    Broken(&'static [&'static str]),
}

/// A policy attached by name and ARN.
#[derive(Clone, Debug)]
pub struct Attached {
    pub name: String,
    pub arn: String,
}

/// An inline policy.
#[derive(Clone, Debug)]
pub struct Inline {
    pub name: String,
    pub document: String,
}

/// An access key.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub active: bool,
    pub created: i64,
    pub last_used: Option<(i64, &'static str, &'static str)>,
}

/// A console password.
#[derive(Clone, Debug)]
pub struct Password {
    pub changed: i64,
    pub last_used: Option<i64>,
}

/// An IAM user.
#[derive(Clone, Debug)]
pub struct User {
    pub name: String,
    pub id: String,
    pub path: String,
    pub created: i64,
    pub password: Option<Password>,
    /// `virtual`, `hardware`.
    pub mfa: Option<&'static str>,
    pub keys: Vec<Key>,
    pub groups: Vec<String>,
    pub attached: Vec<Attached>,
    pub inline: Vec<Inline>,
    pub boundary: Option<String>,
    pub tags: Vec<(String, String)>,
}

/// An IAM group.
#[derive(Clone, Debug)]
pub struct Group {
    pub name: String,
    pub id: String,
    pub created: i64,
    pub attached: Vec<Attached>,
    pub inline: Vec<Inline>,
}

/// An IAM role.
#[derive(Clone, Debug)]
pub struct Role {
    pub name: String,
    pub id: String,
    pub path: String,
    pub created: i64,
    pub description: Option<String>,
    pub trust: String,
    pub max_session: i64,
    pub last_used: Option<i64>,
    pub attached: Vec<Attached>,
    pub inline: Vec<Inline>,
    pub boundary: Option<String>,
    pub tags: Vec<(String, String)>,
}

/// A customer-managed policy; the last version is the default.
#[derive(Clone, Debug)]
pub struct Policy {
    pub name: String,
    pub id: String,
    pub created: i64,
    pub versions: Vec<String>,
}

/// The root user.
#[derive(Clone, Debug)]
pub struct Root {
    pub password: bool,
    pub password_last_used: Option<i64>,
    pub mfa: Option<&'static str>,
    pub keys: Vec<Key>,
}

/// The account's password policy.
#[derive(Clone, Debug)]
pub struct PasswordPolicy {
    pub minimum_length: i64,
    pub complex: bool,
    pub reuse: Option<i64>,
    pub max_age: Option<i64>,
}

/// A service-specific credential.
#[derive(Clone, Debug)]
pub struct ServiceCredential {
    pub id: String,
    pub user: String,
    pub service: &'static str,
    pub created: i64,
    pub expires: Option<i64>,
}

/// Everything in an account.
#[derive(Clone, Debug)]
pub struct AccountState {
    pub root: Root,
    pub users: Vec<User>,
    pub groups: Vec<Group>,
    pub roles: Vec<Role>,
    pub policies: Vec<Policy>,
    pub password_policy: Option<PasswordPolicy>,
    pub alias: String,
    /// Names and dates.
    pub saml: Vec<(String, i64)>,
    /// Issuer hosts.
    pub oidc: Vec<String>,
    /// Name, upload, expiry.
    pub certificates: Vec<(String, i64, i64)>,
    pub service_credentials: Vec<ServiceCredential>,
    /// How often the report is in progress before it is there.
    pub report_delay: u32,
}

impl User {
    /// Its ARN.
    pub fn arn(&self, account: &Account) -> String {
        format!("arn:{}:iam::{}:user{}{}", account.partition, account.id, self.path, self.name)
    }
}

impl Role {
    /// Its ARN.
    pub fn arn(&self, account: &Account) -> String {
        format!("arn:{}:iam::{}:role{}{}", account.partition, account.id, self.path, self.name)
    }

    /// Path and name without the first slash.
    pub fn full_name(&self) -> String {
        format!("{}{}", &self.path[1..], self.name)
    }
}

/// `2025-01-02T03:04:05Z`.
pub fn iso(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}
