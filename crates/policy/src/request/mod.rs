//! A request: principal, action, resource and context.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-reqcontext.html>

mod derived;
mod endpoints;
mod principal;
mod services;

use std::sync::Arc;

use crate::arn::Arn;
use crate::context::{Context, Key, is_never_sent};
use derived::Base;

pub(crate) use principal::is_service_linked_role;
pub use principal::{NotAPrincipal, Principal, PrincipalKind};

/// A real or hypothetical request.
#[derive(Clone, Debug)]
pub struct Request {
    principal: Arc<Principal>,
    action: Box<str>,
    /// Actions are compared without regard to case.
    action_lower: Box<str>,
    resource: Box<str>,
    resource_account: Option<Arc<str>>,
    /// A resource whose ARN names no account is one of the principal's own.
    supposes_own: bool,
    /// Where the service is called, if it can be called nowhere else.
    region: Option<&'static str>,
    aws_managed_key: bool,
    /// The resource is an alias, and the action is one on the key that it stands for.
    key_of_an_alias: bool,
    base: Arc<Base>,
    context: Arc<Context>,
}

/// Which rule of granting a resource's own policy follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResourceKind {
    Ordinary,
    /// A role that is to be assumed: its trust policy must match.
    RoleTrust,
    /// A KMS key: its key policy must match.
    KmsKey,
}

impl Request {
    /// A request for one action, `service:Name`, on one resource: its ARN, or `*` where the action has no resource type.
    ///
    /// The resource belongs to the account in its ARN; where the ARN has none (an S3 bucket), to the principal's own
    /// account, unless [`Request::owned_by`] says otherwise. [Condition keys that follow](crate::reference::keys) from the
    /// principal, the action and the ARN are added, unless the context says something of them.
    pub fn new(principal: Principal, action: &str, resource: &str, context: Context) -> Self {
        let base = Arc::new(Base::new(derived::of_principal(context, &principal)));
        let nothing = Self {
            context: base.of(&principal, None, None),
            base,
            principal: Arc::new(principal),
            action: "".into(),
            action_lower: "".into(),
            resource: "".into(),
            resource_account: None,
            supposes_own: false,
            region: None,
            aws_managed_key: false,
            key_of_an_alias: false,
        };
        nothing.instead(action, resource)
    }

    /// A request by the same principal in the same context for another action or resource. Much cheaper than a new request if
    /// there are many.
    #[must_use]
    pub fn instead(&self, action: &str, resource: &str) -> Self {
        let action_lower = action.to_ascii_lowercase();
        let account = match Arn::read(resource) {
            Some(arn) if arn.account.is_empty() && self.supposes_own => self.principal.account(),
            arn => arn.map(|arn| arn.account).filter(|account| is_account(account)),
        };
        let region = derived::region(&action_lower, resource, &self.principal);
        let same_account = self.resource_account.as_deref() == account;
        let context = if same_account && region == self.region {
            Arc::clone(&self.context)
        } else {
            self.base.of(&self.principal, account, region)
        };
        Self {
            principal: Arc::clone(&self.principal),
            key_of_an_alias: is_for_the_key_of_an_alias(&action_lower, resource),
            action: action.into(),
            action_lower: action_lower.into(),
            resource: resource.into(),
            resource_account: if same_account {
                self.resource_account.clone()
            } else {
                account.map(Into::into)
            },
            supposes_own: self.supposes_own,
            region,
            aws_managed_key: false,
            base: Arc::clone(&self.base),
            context,
        }
    }

    /// The account that the resource belongs to.
    #[must_use]
    pub fn owned_by(mut self, account: &str) -> Self {
        self.resource_account = Some(account.into());
        self.context = self.base.of(&self.principal, Some(account), self.region);
        self
    }

    /// What this is made to ask for [instead](Request::instead) is of the principal's own account where its ARN names none: a
    /// question about any bucket is one about the account's own.
    pub(crate) fn supposing_own(mut self) -> Self {
        self.supposes_own = true;
        self
    }

    /// The resource is a KMS key that AWS manages: RCPs do not bind it.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
    #[must_use]
    pub fn on_aws_managed_key(mut self) -> Self {
        self.aws_managed_key = true;
        self
    }

    /// The same request, of which this is known of a key.
    #[must_use]
    pub fn with_key(mut self, key: &str, state: Key) -> Self {
        self.base = Arc::new(Base::new(self.base.context().clone().with_state(key, state.clone())));
        self.context = Arc::new((*self.context).clone().with_state(key, state));
        self
    }

    /// The same request, in which the caller makes this of a key that it chooses.
    pub(crate) fn choosing(mut self, key: &str, state: Key) -> Self {
        self.base = Arc::new(Base::new(self.base.context().clone().choosing(key, state.clone())));
        self.context = Arc::new((*self.context).clone().choosing(key, state));
        self
    }

    pub(crate) fn in_session(mut self, name: &str) -> Self {
        self.principal = Arc::new((*self.principal).clone().in_session(name));
        self
    }

    /// The principal.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The action, as given.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The resource, as given.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The context.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Whether AWS never sends a key (in lower case) with this action, and nothing else was said of it.
    pub(crate) fn never_has(&self, key: &str) -> bool {
        !self.context.is_said_to_have(key) && is_never_sent(key, &self.action_lower)
    }

    pub(crate) fn action_lower(&self) -> &str {
        &self.action_lower
    }

    pub(crate) fn service(&self) -> &str {
        self.action_lower.split_once(':').map_or("", |(service, _)| service)
    }

    pub(crate) fn has_aws_managed_key(&self) -> bool {
        self.aws_managed_key
    }

    /// Principal and resource belong to one account.
    pub(crate) fn within_one_account(&self) -> bool {
        match &self.resource_account {
            Some(owner) => self.principal.account() == Some(&**owner),
            None => true,
        }
    }

    pub(crate) fn resource_kind(&self) -> ResourceKind {
        match self.action_lower.split_once(':') {
            Some((
                "sts",
                "assumerole"
                | "assumerolewithsaml"
                | "assumerolewithwebidentity"
                | "tagsession"
                | "setsourceidentity",
            )) => ResourceKind::RoleTrust,
            // On the session of the caller, `arn:aws:sts::111122223333:self`, an identity policy decides alone.
            // <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_sts-setcontext.html>
            Some(("sts", "setcontext"))
                if Arn::read(&self.resource).is_some_and(|arn| arn.resource.starts_with("role/")) =>
            {
                ResourceKind::RoleTrust
            }
            Some(("kms", _)) => {
                let resource = Arn::read(&self.resource).map(|arn| (arn.service, arn.resource));
                match resource {
                    Some(("kms", resource)) if resource.starts_with("key/") => ResourceKind::KmsKey,
                    _ if self.key_of_an_alias => ResourceKind::KmsKey,
                    _ => ResourceKind::Ordinary,
                }
            }
            _ => ResourceKind::Ordinary,
        }
    }

    /// It names a KMS key by an alias.
    pub(crate) fn is_for_the_key_of_an_alias(&self) -> bool {
        self.key_of_an_alias
    }
}

/// Only what is done to the alias itself is authorized on the alias.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html>
fn is_for_the_key_of_an_alias(action_lower: &str, resource: &str) -> bool {
    action_lower.strip_prefix("kms:").is_some_and(|name| {
        !matches!(name, "createalias" | "deletealias" | "updatealias")
            && Arn::read(resource)
                .is_some_and(|arn| arn.service == "kms" && arn.resource.starts_with("alias/"))
    })
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_context_says_is_not_overwritten() {
        let user = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
        let context = Context::complete()
            .with("aws:username", "other")
            .with_state("AWS:ResourceAccount", Key::NotKnown);
        let request = Request::new(user, "a:b", "arn:aws:a::444455556666:c", context);
        assert!(
            matches!(request.context().get("aws:username"), Key::Known { values, .. } if &*values[0] == "other")
        );
        assert_eq!(request.context().get("aws:ResourceAccount"), &Key::NotKnown);
        assert!(!request.within_one_account());
    }

    #[test]
    fn another_target_is_asked_for_as_if_anew() {
        let user = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
        let first = Request::new(user, "a:b", "arn:aws:a::444455556666:c", Context::complete());
        for (resource, wanted) in [
            ("arn:aws:a::444455556666:d", "444455556666"),
            ("arn:aws:a::111122223333:d", "111122223333"),
            ("arn:aws:s3:::b", "Absent"),
        ] {
            let second = first.instead("C:D", resource);
            let account = match second.context().get("aws:ResourceAccount") {
                Key::Known { values, .. } => values.join(","),
                other => format!("{other:?}"),
            };
            assert_eq!(
                (account.as_str(), second.action_lower(), second.resource()),
                (wanted, "c:d", resource)
            );
            assert_eq!(second.within_one_account(), wanted != "444455556666");
        }
    }

    /// An ARN of S3 has no account.
    #[test]
    fn resource_of_nobody_is_supposed_to_be_ones_own_where_that_is_asked() {
        let user = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
        let start = Request::new(user, "a:b", "*", Context::auditor()).supposing_own();
        for (resource, wanted) in [
            ("arn:aws:s3:::b", "111122223333"),
            ("arn:aws:sqs:eu-west-1:444455556666:q", "444455556666"),
            ("arn:aws:iam::aws:policy/x", "NotKnown"),
            ("*", "NotKnown"),
        ] {
            let request = start.instead("s3:ListBucket", resource).instead("s3:GetObject", resource);
            let account = match request.context().get("aws:ResourceAccount") {
                Key::Known { values, .. } => values.join(","),
                other => format!("{other:?}"),
            };
            assert_eq!(account, wanted, "{resource}");
        }
    }

    #[test]
    fn resource_belongs_to_the_account_in_its_arn_or_to_the_principals_own() {
        let request = |resource| {
            let user = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
            Request::new(user, "a:b", resource, Context::complete())
        };
        assert!(request("*").within_one_account());
        assert!(request("arn:aws:s3:::bucket").within_one_account());
        assert!(request("arn:aws:iam::aws:policy/ReadOnlyAccess").within_one_account());
        assert!(request("arn:aws:sqs:eu-west-1:111122223333:q").within_one_account());
        assert!(!request("arn:aws:sqs:eu-west-1:444455556666:q").within_one_account());
        assert!(!request("arn:aws:s3:::bucket").owned_by("444455556666").within_one_account());
    }
}
