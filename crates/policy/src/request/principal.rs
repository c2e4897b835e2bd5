//! The principal.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use std::fmt;

use crate::arn::Arn;

/// What kind of principal makes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The root user of an account.
    Root,
    /// An IAM user.
    User,
    /// A session of a role, or a role with an unknown session.
    Role,
    /// A session of `GetFederationToken`.
    FederatedUser,
    /// An AWS service.
    Service,
    /// A user of an OIDC or SAML provider.
    Federated,
    /// No particular principal (anonymous).
    Anonymous,
}

/// A principal that makes a request.
#[derive(Clone, Debug)]
pub struct Principal {
    kind: PrincipalKind,
    /// ARN of the user, the role or the root; name of the service or the provider.
    name: Box<str>,
    account: Option<Box<str>>,
    /// ARN of the role session or of the federated user.
    session: Option<Box<str>>,
    /// What the ARNs of all sessions of the role begin with.
    sessions: Box<str>,
}

/// A text that is not an IAM principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAPrincipal(String);

impl fmt::Display for NotAPrincipal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} is not the ARN of a root user, a user or a role", self.0)
    }
}

impl std::error::Error for NotAPrincipal {}

impl Principal {
    /// By ARN: the root user, a user, or a role. [`Principal::in_session`] sets the session.
    ///
    /// ```
    /// use orgsweep_policy::{Principal, PrincipalKind};
    ///
    /// let role = Principal::iam("arn:aws:iam::111122223333:role/ci/deploy")?.in_session("build-7");
    /// assert_eq!(role.kind(), PrincipalKind::Role);
    /// assert_eq!(role.session_arn(), Some("arn:aws:sts::111122223333:assumed-role/deploy/build-7"));
    /// # Ok::<(), orgsweep_policy::NotAPrincipal>(())
    /// ```
    pub fn iam(arn: &str) -> Result<Self, NotAPrincipal> {
        let not_one = || NotAPrincipal(arn.to_owned());
        let parts = Arn::read(arn).filter(|parts| parts.service == "iam").ok_or_else(not_one)?;
        let kind = match parts.resource.split_once('/') {
            None if parts.resource == "root" => PrincipalKind::Root,
            Some(("user", _)) => PrincipalKind::User,
            Some(("role", _)) => PrincipalKind::Role,
            _ => return Err(not_one()),
        };
        let sessions = format!(
            "arn:{}:sts::{}:assumed-role/{}/",
            parts.partition,
            parts.account,
            last_name(parts.resource)
        );
        let sessions = if kind == PrincipalKind::Role { sessions } else { String::new() };
        Ok(Self {
            kind,
            name: arn.into(),
            account: Some(parts.account.into()),
            session: None,
            sessions: sessions.into(),
        })
    }

    /// A session of `GetFederationToken`, of this user.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
    pub fn federated_user(user_arn: &str, name: &str) -> Result<Self, NotAPrincipal> {
        let user = Self::iam(user_arn)?;
        let parts = Arn::read(user_arn).ok_or_else(|| NotAPrincipal(user_arn.to_owned()))?;
        if user.kind != PrincipalKind::User {
            return Err(NotAPrincipal(user_arn.to_owned()));
        }
        let session = format!("arn:{}:sts::{}:federated-user/{name}", parts.partition, parts.account);
        Ok(Self { kind: PrincipalKind::FederatedUser, session: Some(session.into()), ..user })
    }

    /// An AWS service, such as `ec2.amazonaws.com`.
    pub fn service(name: &str) -> Self {
        Self::outside(PrincipalKind::Service, name)
    }

    /// A user of an identity provider: the ARN of an OIDC or SAML provider, or a name such as `cognito-identity.amazonaws.com`.
    pub fn federated(provider: &str) -> Self {
        Self::outside(PrincipalKind::Federated, provider)
    }

    /// No particular principal (anonymous).
    pub fn anonymous() -> Self {
        Self::outside(PrincipalKind::Anonymous, "")
    }

    fn outside(kind: PrincipalKind, name: &str) -> Self {
        Self { kind, name: name.into(), account: None, session: None, sessions: "".into() }
    }

    /// Sets the session name of a role; no effect on other principals.
    #[must_use]
    pub fn in_session(mut self, name: &str) -> Self {
        if self.kind == PrincipalKind::Role {
            self.session = Some(format!("{}{name}", self.sessions).into());
        }
        self
    }

    /// What kind it is.
    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// ARN of the user, the role or the root; name of the service or provider; empty for no particular principal.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The account it belongs to, unless it is a service, a provider's or no particular principal.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// ARN of the role session or the federated user.
    pub fn session_arn(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// A session of a service-linked role: SCPs and RCPs do not bind it.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
    pub fn is_service_linked(&self) -> bool {
        self.kind == PrincipalKind::Role && is_service_linked_role(&self.name)
    }

    /// The friendly name of a user.
    pub(crate) fn user_name(&self) -> Option<&str> {
        (self.kind == PrincipalKind::User).then(|| last_name(&self.name))
    }

    /// Whether this names one of the sessions of a role of which it is not said in which session it is.
    pub(crate) fn may_be_session(&self, arn: &str) -> bool {
        let may_be_name = |name: &str| !name.is_empty() && !name.contains(['*', '?', '/']);
        self.kind == PrincipalKind::Role
            && self.session.is_none()
            && arn.strip_prefix(&*self.sessions).is_some_and(may_be_name)
    }
}

/// Whether an ARN is that of a service-linked role.
pub(crate) fn is_service_linked_role(arn: &str) -> bool {
    Arn::read(arn).is_some_and(|parts| parts.resource.starts_with("role/aws-service-role/"))
}

fn last_name(resource: &str) -> &str {
    resource.rsplit_once('/').map_or(resource, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_by_arn() {
        let kind = |arn| Principal::iam(arn).map(|principal| principal.kind());
        assert_eq!(kind("arn:aws:iam::1:root"), Ok(PrincipalKind::Root));
        assert_eq!(kind("arn:aws-cn:iam::1:user/path/ann"), Ok(PrincipalKind::User));
        assert_eq!(kind("arn:aws:iam::1:role/a"), Ok(PrincipalKind::Role));
        for other in
            ["", "1", "arn:aws:sts::1:assumed-role/a/b", "arn:aws:iam::1:group/a", "arn:aws:s3:::role/a"]
        {
            assert_eq!(kind(other), Err(NotAPrincipal(other.to_owned())), "{other}");
        }
        assert!(Principal::federated_user("arn:aws:iam::1:role/a", "x").is_err());
    }

    #[test]
    fn path_is_left_out_of_the_session_arn() {
        let role = Principal::iam("arn:aws-us-gov:iam::1:role/a/b/c").unwrap();
        assert!(role.may_be_session("arn:aws-us-gov:sts::1:assumed-role/c/any"));
        assert!(!role.may_be_session("arn:aws-us-gov:sts::1:assumed-role/cc/any"));
        for no_name in ["*", "s?", "", "s/t"] {
            let arn = format!("arn:aws-us-gov:sts::1:assumed-role/c/{no_name}");
            assert!(!role.may_be_session(&arn), "{arn}");
        }
        let session = role.in_session("s");
        assert_eq!(session.session_arn(), Some("arn:aws-us-gov:sts::1:assumed-role/c/s"));
        assert!(!session.may_be_session("arn:aws-us-gov:sts::1:assumed-role/c/any"));
    }
}
