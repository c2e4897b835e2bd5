//! Who is meant, and the policies that the request meets.

use orgsweep_model::facts::{IdentityProvider, Principal as Row, PrincipalKind};
use orgsweep_model::{AccountId, Row as _};
use orgsweep_policy::{Attached, Catalogue, Policy, Principal};

use crate::arn_formats::parts;
use crate::error::ExplainError;
use crate::facts::Facts;
use crate::question::Question;
use crate::subject::Subject;
use orgsweep_model::nearest::unknown;

/// The requester, as far as the scan knows it.
pub struct Requester {
    /// For the engine.
    pub principal: Principal,
    /// What the scan has of it; the root user need not be there.
    pub row: Option<Row>,
    pub session: Option<String>,
    pub identity: Vec<Attached>,
    pub boundary: Option<Attached>,
    /// Its own side is not evaluated: it belongs to an account outside the organization, or is not a single principal.
    pub is_external: bool,
}

/// For the engine, somebody has a name and an account: names that no policy has. What AWS derives from them is left open.
const ANYONE: &str = "any-principal";
const NO_ACCOUNT: &str = "000000000000";

impl Requester {
    /// Finds it. That it is not there is an error, unless the table that it would be in was lost.
    pub fn find(subject: &Subject, facts: &Facts) -> Result<Self, ExplainError> {
        let other = |principal| Self {
            principal,
            row: None,
            session: None,
            identity: Vec::new(),
            boundary: None,
            is_external: false,
        };
        match subject {
            Subject::Service(name) => Ok(other(Principal::service(name))),
            Subject::Provider(name) => {
                is_there(name, subject.home(), facts)?;
                Ok(other(Principal::federated(name)))
            }
            Subject::Anonymous => Ok(other(Principal::anonymous())),
            Subject::Account { account, partition: named } => {
                let partition = named.as_deref().unwrap_or_else(|| partition(facts));
                let arn = format!("arn:{partition}:iam::{account}:role/{ANYONE}");
                Ok(Self { is_external: true, ..other(engines(&arn)?) })
            }
            Subject::Anyone => {
                let partition = partition(facts);
                let arn = format!("arn:{partition}:iam::{NO_ACCOUNT}:role/{ANYONE}");
                Ok(Self { is_external: true, ..other(engines(&arn)?) })
            }
            Subject::Arn { account, arn } if !facts.accounts.contains_key(account) => {
                Ok(Self { is_external: true, ..other(engines(arn)?) })
            }
            Subject::Session { account, role_name, session } if !facts.accounts.contains_key(account) => {
                // The session's ARN leaves out a path; with none it is the one that most trust policies mean.
                let arn = format!("arn:{}:iam::{account}:role/{role_name}", partition(facts));
                let principal = engines(&arn)?.in_session(session);
                Ok(Self { is_external: true, session: Some(session.clone()), ..other(principal) })
            }
            Subject::Arn { account, arn } if arn.ends_with(":root") => {
                let row = facts.principal(*account, |one| one.principal_arn == *arn).cloned();
                Ok(Self { row, ..other(engines(arn)?) })
            }
            Subject::Arn { account, arn } => {
                let row = facts.principal(*account, |one| one.principal_arn == *arn);
                Self::member(facts, *account, arn, row, None)
            }
            Subject::Session { account, role_name, session } => {
                let row = facts.principal(*account, |one| {
                    one.principal_kind == PrincipalKind::Role && one.name == *role_name
                });
                let arn = format!("arn:{}:iam::{account}:role/{role_name}", partition(facts));
                let arn = row.map_or(arn, |row| row.principal_arn.clone());
                Self::member(facts, *account, &arn, row, Some(session))
            }
        }
    }

    fn member(
        facts: &Facts,
        account: AccountId,
        arn: &str,
        row: Option<&Row>,
        session: Option<&str>,
    ) -> Result<Self, ExplainError> {
        let mut principal = engines(arn)?;
        if let Some(session) = session {
            principal = principal.in_session(session);
        }
        let session = session.map(str::to_owned);
        let is_user = principal.kind() == orgsweep_policy::PrincipalKind::User;
        let tables: &[&str] = if is_user {
            &["users", "own_policies", "policy_attachments"]
        } else {
            &["roles", "own_policies", "policy_attachments"]
        };
        if let Some(reason) = facts.lost(account, tables) {
            let lost = |name| Attached::unreadable(name, &reason);
            return Ok(Self {
                principal,
                row: row.cloned(),
                session,
                identity: vec![lost("identity policies")],
                boundary: Some(lost("permissions boundary")),
                is_external: false,
            });
        }
        let Some(row) = row else {
            let kind = if is_user { PrincipalKind::User } else { PrincipalKind::Role };
            let known = facts.known(account, &[kind]);
            return Err(ExplainError::Invalid(unknown("--principal", kind.as_str(), arn, &known)));
        };
        let binding = facts.identities(account).and_then(|identities| identities.binding(&row.principal_arn));
        let binding = binding.cloned().unwrap_or_default();
        Ok(Self {
            principal,
            row: Some(row.clone()),
            session,
            identity: binding.identity,
            boundary: binding.boundary,
            is_external: false,
        })
    }
}

/// Refuses an identity provider that its account was found not to have.
fn is_there(arn: &str, account: Option<AccountId>, facts: &Facts) -> Result<(), ExplainError> {
    let Some(account) = account.filter(|_| provider_in_doubt(arn, account, facts).is_none()) else {
        return Ok(());
    };
    match facts.missing_provider("--principal", arn, account) {
        Some(missing) => Err(ExplainError::Invalid(missing)),
        None => Ok(()),
    }
}

/// Why it is not known whether an identity provider is there.
pub fn provider_in_doubt(arn: &str, account: Option<AccountId>, facts: &Facts) -> Option<String> {
    let account = account?;
    let reason = if facts.accounts.contains_key(&account) {
        facts.lost(account, &[IdentityProvider::SCHEMA.name])?
    } else {
        format!("account {account} is not in the scan")
    };
    Some(format!("it is unknown whether {arn} exists: {reason}"))
}

fn partition(facts: &Facts) -> &str {
    facts.partition().unwrap_or("aws")
}

/// Whether an action assumes a role, so that its trust policy decides. The context of a session can also be set on the session
/// itself, which does not involve a trust policy.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_sts-setcontext.html>
pub fn opens_a_role(action: &str, resource: &str) -> bool {
    let action = action.to_ascii_lowercase();
    [
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:tagsession",
        "sts:setsourceidentity",
    ]
    .contains(&action.as_str())
        || (action == "sts:setcontext" && is_role(resource))
}

/// Whether it is the root user of a member account that an action opens. It has no policy: who asks needs a permission of its own
/// only, and an organization that has turned this on.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html>
fn opens_a_root_user(action: &str) -> bool {
    action.eq_ignore_ascii_case("sts:AssumeRoot")
}

/// Why it is not known whether a root user is opened.
const CENTRAL_ROOT_ACCESS: &str = "root users have no policies: this depends on whether the organization has enabled \
     centralized root access and whether the caller's account is the management account or the delegated administrator for \
     IAM, which a scan does not read";

/// The resource's own policy.
pub struct ResourceSide {
    pub policies: Vec<Attached>,
    /// The trust policy of a role.
    pub is_trust: bool,
    /// Where no scan reads it: what it most often is.
    pub usual: Option<Usual>,
}

/// What a policy most often is that no scan reads.
#[derive(Clone, Debug)]
pub enum Usual {
    /// None, or one that does not speak of the request.
    Silent,
    /// The one that a key is made with: whom to allow, it leaves to the key's account.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
    OfKey(Attached),
}

impl Usual {
    /// For the engine.
    pub fn policies(&self) -> &[Attached] {
        match self {
            Self::Silent => &[],
            Self::OfKey(policy) => std::slice::from_ref(policy),
        }
    }
}

/// Services without policies of resources that Resource Access Manager does not share with other accounts either.
/// <https://docs.aws.amazon.com/ram/latest/userguide/shareable.html>
const NEVER_SHARED: [&str; 8] =
    ["autoscaling", "cloudformation", "cloudwatch", "ecs", "eks", "iam", "route53", "sts"];

/// Whether no resource of a service has a policy of its own, but for the trust policies of IAM's roles.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>
fn has_no_policies(service: &str) -> bool {
    service == "iam" || Catalogue::get().has_resource_policies(service) == Some(false)
}

impl ResourceSide {
    /// Finds it. That a role is not there is an error, unless the roles were lost.
    pub fn find(
        question: &Question<'_>,
        requester: &Requester,
        owner: Option<AccountId>,
        facts: &Facts,
    ) -> Result<Self, ExplainError> {
        let (action, resource) = (question.action, question.resource);
        if opens_a_role(action, resource) {
            return trust(action, resource, owner, facts);
        }
        let service = question.service();
        let is_abroad =
            requester.principal.account().zip(owner).is_some_and(|(own, owner)| own != owner.as_str());
        let unread = |reason, usual| Self {
            policies: vec![Attached::unreadable(resource, reason)],
            is_trust: false,
            usual: Some(usual),
        };
        // An action without a resource type is about no single resource that could have a policy.
        let named = parts(resource).filter(|_| !question.takes_no_resource());
        let Some([_, partition, _, _, account, name]) = named else {
            return Ok(Self { policies: Vec::new(), is_trust: false, usual: None });
        };
        let is_of_the_organization = owner.is_some_and(|owner| facts.accounts.contains_key(&owner));
        if opens_a_root_user(action) && is_abroad && is_of_the_organization {
            let policies = vec![Attached::unreadable(resource, CENTRAL_ROOT_ACCESS)];
            return Ok(Self { policies, is_trust: false, usual: None });
        }
        if has_no_policies(&service) {
            let may_be_shared = is_abroad && !NEVER_SHARED.contains(&service.as_str());
            return Ok(if may_be_shared {
                unread("a scan does not read resource shares of AWS RAM", Usual::Silent)
            } else {
                Self { policies: Vec::new(), is_trust: false, usual: None }
            });
        }
        let reason = "a scan does not read resource policies";
        Ok(match (service.as_str(), name.starts_with("key/")) {
            ("kms", true) => unread(reason, Usual::OfKey(default_of_key(partition, account))),
            // Aliases and key stores have none.
            ("kms", false) => Self { policies: Vec::new(), is_trust: false, usual: None },
            _ => unread(reason, Usual::Silent),
        })
    }
}

fn default_of_key(partition: &str, account: &str) -> Attached {
    let principal = serde_json::json!({"AWS": format!("arn:{partition}:iam::{account}:root")});
    let statement = serde_json::json!({
        "Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*",
    });
    let document = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
    Attached::new("the default key policy", Policy::compiled(&document.to_string()))
}

fn trust(
    action: &str,
    resource: &str,
    owner: Option<AccountId>,
    facts: &Facts,
) -> Result<ResourceSide, ExplainError> {
    let (Some(owner), true) = (owner, is_role(resource)) else {
        return Err(ExplainError::Invalid(format!(
            "--resource {resource:?}: {action} needs the ARN of a role"
        )));
    };
    let side = |policies| Ok(ResourceSide { policies, is_trust: true, usual: None });
    if !facts.accounts.contains_key(&owner) {
        let reason = format!("account {owner} is not in the scan: the role's trust policy is unknown");
        return side(vec![Attached::unreadable(resource, &reason)]);
    }
    if let Some(reason) = facts.lost(owner, &[orgsweep_model::facts::Role::SCHEMA.name]) {
        return side(vec![Attached::unreadable(resource, &reason)]);
    }
    let policies = facts.trust(owner, resource);
    if policies.is_empty() {
        let known = facts.known(owner, &[PrincipalKind::Role]);
        return Err(ExplainError::Invalid(unknown("--resource", "role", resource, &known)));
    }
    side(policies)
}

fn is_role(resource: &str) -> bool {
    resource.split(':').nth(5).is_some_and(|name| name.starts_with("role/"))
}

fn engines(arn: &str) -> Result<Principal, ExplainError> {
    Principal::iam(arn).map_err(|error| ExplainError::Invalid(format!("--principal: {error}")))
}
