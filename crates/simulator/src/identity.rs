//! Who a request comes from, and what they may do.

use std::time::SystemTime;

use crate::policy::Document;

/// What an identity's policies say, parsed once.
#[derive(Clone, Debug)]
pub enum Permissions {
    /// An administrator.
    Everything,
    /// What one of the documents allows and none denies, within the session policy.
    Granted { documents: Vec<Document>, session: Option<Document> },
}

/// Where a request comes from.
#[derive(Clone, Debug)]
pub struct Identity {
    pub account: String,
    pub arn: String,
    /// As policies name it: the user, or the role without the session.
    pub principal_arn: String,
    pub user_id: String,
    /// A role session, and not the hub user.
    pub is_role_session: bool,
    pub permissions: Permissions,
    pub source_identity: Option<String>,
    pub secret: String,
    pub token: Option<String>,
    pub expires: Option<SystemTime>,
}
