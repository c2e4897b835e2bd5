//! Whether a principal is an administrator in effect, by whatever name it was made one.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html>

use std::cell::OnceCell;
use std::sync::{Arc, LazyLock};

use super::escalation::places_of;
use super::sample::NOBODY;
use crate::answer::{Decision, Denial, Doubt, Residual};
use crate::arn::Arn;
use crate::context::{Context, Key};
use crate::evaluate::{decide, evaluate};
use crate::layers::{Attached, Layers};
use crate::policy::Policy;
use crate::request::{Principal, PrincipalKind, Request};
use crate::statement::Effect;
use crate::truth::Truth;

/// Whether a principal is an administrator in effect.
#[derive(Clone, Debug)]
pub enum Administrator {
    /// It may have every permission of its account whenever it likes.
    Yes,
    /// It may if all of these hold, one for each action that is open.
    If(Vec<Residual>),
    /// It may not in any of the ways; this action would be the first of the first.
    No {
        /// The first action that is denied.
        action: &'static str,
        /// How.
        denial: Denial,
    },
    /// Not to be told.
    Unknown(Vec<Doubt>),
}

/// An action, and what it is asked about: the kind of identity.
type Need = (&'static str, &'static str);

/// In each of these ways a user is had: its permissions are set, or its credentials.
const USERS: [&[Need]; 7] = [
    &[("iam:AttachUserPolicy", "user")],
    &[("iam:PutUserPolicy", "user")],
    &[("iam:AddUserToGroup", "group"), ("iam:AttachGroupPolicy", "group")],
    &[("iam:AddUserToGroup", "group"), ("iam:PutGroupPolicy", "group")],
    &[("iam:CreateAccessKey", "user")],
    &[("iam:CreateLoginProfile", "user")],
    &[("iam:UpdateLoginProfile", "user")],
];

/// In each of these a role is had. A trust policy that names the principal lets it in, unless something denies.
const ROLES: [&[Need]; 3] = [
    &[("iam:AttachRolePolicy", "role")],
    &[("iam:PutRolePolicy", "role")],
    &[("iam:UpdateAssumeRolePolicy", "role"), (ASSUME, "role")],
];

/// In each of these an identity is made that may do everything.
const NEW: [&[Need]; 6] = [
    &[("iam:CreateRole", "role"), ("iam:AttachRolePolicy", "role"), (ASSUME, "role")],
    &[("iam:CreateRole", "role"), ("iam:PutRolePolicy", "role"), (ASSUME, "role")],
    &[("iam:CreateUser", "user"), ("iam:AttachUserPolicy", "user"), ("iam:CreateAccessKey", "user")],
    &[("iam:CreateUser", "user"), ("iam:PutUserPolicy", "user"), ("iam:CreateAccessKey", "user")],
    &[("iam:CreateUser", "user"), ("iam:AttachUserPolicy", "user"), ("iam:CreateLoginProfile", "user")],
    &[("iam:CreateUser", "user"), ("iam:PutUserPolicy", "user"), ("iam:CreateLoginProfile", "user")],
];

const ASSUME: &str = "sts:AssumeRole";

/// Asks whether a principal is an administrator in effect: whether it may have every permission of its account whenever it
/// likes, whoever else there is. It may
///
/// - if it can do with every user and with every role, of a made-up name, what gives it their permissions or gives them
///   any:
///
///   | of | one of |
///   |---|---|
///   | users | `iam:AttachUserPolicy`; `iam:PutUserPolicy`; `iam:AddUserToGroup` with `iam:AttachGroupPolicy` or `iam:PutGroupPolicy`; `iam:CreateAccessKey`; `iam:CreateLoginProfile`; `iam:UpdateLoginProfile` |
///   | roles | `iam:AttachRolePolicy`; `iam:PutRolePolicy`; `iam:UpdateAssumeRolePolicy`, unless `sts:AssumeRole` is denied |
///
/// - or if it can make an administrator, of any name that an identity may have and the policies leave open: `iam:CreateRole` with
///   `iam:AttachRolePolicy` or `iam:PutRolePolicy`, unless `sts:AssumeRole` is denied; `iam:CreateUser` with
///   `iam:AttachUserPolicy` or `iam:PutUserPolicy`, and `iam:CreateAccessKey` or `iam:CreateLoginProfile`.
///
/// `*` on `*`, `iam:*`, a list of the actions, NotAction forms, by group or by several policies, all come to the same. What
/// a boundary, an SCP or a Deny takes away is taken away; but one that spares a way spares them all, so that a guardrail
/// against a single action makes nobody less of an administrator. What is attached is `AdministratorAccess`, to identities
/// without a permissions boundary: who may only
/// [manage identities within one](https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate)
/// is none. Of the layers, `resource` is not looked at. What an administrator can do at once may be less than everything, as
/// with `iam:*`.
///
/// Ways that take a certain identity, policy or workload are escalation, not administration:
/// [`escalations`](crate::escalations) looks for them.
///
/// ```
/// use orgsweep_policy::{Administrator, Attached, Context, Layers, Policy, Principal, administrator};
/// use std::sync::Arc;
///
/// let policy = Policy::parse(
///     r#"{"Statement": [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
///                       {"Effect": "Deny", "Action": "iam:CreateAccessKey", "Resource": "*"}]}"#,
/// )?;
/// let identity = [Attached::new("AlmostEverything", Arc::new(policy))];
/// let layers = Layers { identity: &identity, ..Layers::default() };
/// let ann = Principal::iam("arn:aws:iam::111122223333:user/ann")?;
/// assert!(matches!(administrator(&ann, Context::auditor(), &layers), Administrator::Yes));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn administrator(principal: &Principal, context: Context, layers: &Layers<'_>) -> Administrator {
    administrator_beside(principal, context, layers, &|_| false)
}

/// The same where it is known which identities exist, by their ARNs: none of their names is made anew, whatever its path and
/// case. Who may make, and give permissions to, just one that exists and trusts somebody else has nothing by it.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
pub(super) fn administrator_beside(
    principal: &Principal,
    context: Context,
    layers: &Layers<'_>,
    is_taken: &dyn Fn(&str) -> bool,
) -> Administrator {
    Question::new(principal, context, layers, is_taken).answer()
}

/// What is the same of two identities of which AWS does not let both exist: account, kind, and name without path and case.
pub(super) fn unique_name(arn: &str) -> Option<String> {
    let arn = Arn::read(arn)?;
    let (kind, named) = arn.resource.split_once('/')?;
    let name = named.rsplit('/').next()?;
    Some(format!("{}:{kind}/{}", arn.account, name.to_lowercase()))
}

/// Whether a user or role can have the path and name of an ARN.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>
fn can_exist(arn: &str) -> bool {
    let Some((_, named)) = Arn::read(arn).and_then(|arn| arn.resource.split_once('/')) else { return false };
    let (path, name) = named.rsplit_once('/').unwrap_or(("", named));
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    (1..=64).contains(&name.len())
        && name.bytes().all(is_of_name)
        && path.len() <= 510
        && path.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A trust policy in which the principal has named itself.
static TRUSTING: LazyLock<Option<Attached>> = LazyLock::new(|| {
    let text = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#;
    Policy::parse(text).ok().map(|policy| Attached::new("the role's trust policy", Arc::new(policy)))
});

struct Question<'a> {
    start: Request,
    attaching: OnceCell<Request>,
    layers: Layers<'a>,
    partition: &'a str,
    account: &'a str,
    is_taken: &'a dyn Fn(&str) -> bool,
}

/// What must all be allowed.
type Asked = Vec<(Need, String)>;

impl<'a> Question<'a> {
    fn new(
        principal: &'a Principal,
        context: Context,
        layers: &Layers<'a>,
        is_taken: &'a dyn Fn(&str) -> bool,
    ) -> Self {
        let partition = principal.name().split(':').nth(1).unwrap_or("aws");
        // Identities without a boundary.
        let context = context.with_state("iam:PermissionsBoundary", Key::Absent);
        let context = context.with_state("iam:PolicyARN", Key::Absent);
        let account = principal.account().unwrap_or_default();
        let start = Request::new(principal.clone(), "", "*", context).owned_by(account);
        // What is asked about has no policy of its own.
        Self {
            start,
            attaching: OnceCell::new(),
            layers: Layers { resource: &[], ..*layers },
            partition,
            account,
            is_taken,
        }
    }

    fn answer(&self) -> Administrator {
        let every = |ways: &[&[Need]]| {
            let named = |way: &&[Need]| self.named(way, NOBODY);
            match self.best(ways.iter().filter(|way| self.may(way)).map(named)) {
                // The first tells why not.
                (Truth::False, _) => (Truth::False, ways.first().map(named).unwrap_or_default()),
                best => best,
            }
        };
        let (of_users, users) = every(&USERS);
        let (of_roles, roles) =
            if of_users == Truth::False { (Truth::False, Asked::new()) } else { every(&ROLES) };
        let mut best = (of_users.min(of_roles), [users, roles].concat());
        if best.0 != Truth::True {
            let new = self.best(NEW.iter().flat_map(|way| self.anywhere(way)));
            if new.0 > best.0 {
                best = new;
            }
        }
        self.told(best)
    }

    /// The one of some ways that comes out best.
    fn best(&self, ways: impl Iterator<Item = Asked>) -> (Truth, Asked) {
        let mut best: Option<(Truth, Asked)> = None;
        for way in ways {
            let mut truths = way.iter().map(|(need, resource)| self.decide(*need, resource));
            // One that is denied ends it.
            let truth = truths
                .try_fold(Truth::True, |least, truth| (truth != Truth::False).then_some(least.min(truth)));
            let truth = truth.unwrap_or(Truth::False);
            if best.as_ref().is_none_or(|(known, _)| truth > *known) {
                best = Some((truth, way));
            }
            if truth == Truth::True {
                break;
            }
        }
        best.unwrap_or((Truth::False, Asked::new()))
    }

    fn named(&self, way: &[Need], name: &str) -> Asked {
        let arn = |kind: &str| format!("arn:{}:iam::{}:{kind}/{name}", self.partition, self.account);
        way.iter().map(|need| (*need, arn(need.1))).collect()
    }

    /// A way for each name that the policies leave open for what is made.
    fn anywhere(&self, way: &[Need]) -> Vec<Asked> {
        if !self.may(way) {
            return Vec::new();
        }
        let actions: Vec<&str> =
            way.iter().map(|(action, _)| *action).filter(|action| *action != ASSUME).collect();
        let places = places_of(&actions, self.start.principal(), self.start.context(), &self.layers);
        let own = unique_name(self.start.principal().name());
        let is_free = |place: &str| unique_name(place) != own && !(self.is_taken)(place);
        let new = places.into_iter().filter(|place| can_exist(place) && is_free(place));
        new.map(|place| way.iter().map(|need| (*need, place.clone())).collect()).collect()
    }

    /// Whether an identity policy may allow each action of a way on anything.
    fn may(&self, way: &[Need]) -> bool {
        let statements = || self.layers.identity.iter().flat_map(|attached| attached.policy.statements());
        let allowed = |(action, _): &Need| {
            let lower = action.to_ascii_lowercase();
            let mut allowing = statements().filter(|statement| statement.effect() != Effect::Deny);
            *action == ASSUME || allowing.any(|statement| statement.may_have_action(&lower))
        };
        self.start.principal().kind() == PrincipalKind::Root || way.iter().all(allowed)
    }

    fn request(&self, (action, _): Need, resource: &str) -> (Request, Layers<'_>) {
        let base = if action.starts_with("iam:Attach") { self.attaching() } else { &self.start };
        let trust = TRUSTING.as_slice();
        let layers = if action == ASSUME { Layers { resource: trust, ..self.layers } } else { self.layers };
        (base.instead(action, resource), layers)
    }

    /// The attaching of `AdministratorAccess`.
    fn attaching(&self) -> &Request {
        self.attaching.get_or_init(|| {
            let everything = format!("arn:{}:iam::aws:policy/AdministratorAccess", self.partition);
            let known = Key::Known { values: [everything.into()].into(), multivalued: false };
            self.start.clone().with_key("iam:PolicyARN", known)
        })
    }

    fn decide(&self, need: Need, resource: &str) -> Truth {
        let (request, layers) = self.request(need, resource);
        decide(&request, &layers)
    }

    fn told(&self, (truth, asked): (Truth, Asked)) -> Administrator {
        if truth == Truth::True {
            return Administrator::Yes;
        }
        let (mut residuals, mut doubts) = (Vec::new(), Vec::new());
        for (need, resource) in asked {
            let (request, layers) = self.request(need, &resource);
            match evaluate(&request, &layers).decision {
                Decision::Allowed => {}
                Decision::Denied(denial) => return Administrator::No { action: need.0, denial },
                Decision::AllowedIf(residual) => residuals.push(residual),
                Decision::Unknown(more) => doubts.extend(more),
            }
        }
        if doubts.is_empty() { Administrator::If(residuals) } else { Administrator::Unknown(doubts) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::answer::Layer;
    use crate::layers::{Attached, Guardrails, Level};
    use crate::policy::Policy;

    fn attached(statements: &str) -> Attached {
        let policy =
            Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap();
        Attached::new("p", Arc::new(policy))
    }

    fn everything() -> Attached {
        attached(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)
    }

    fn ann() -> Principal {
        Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap()
    }

    fn by(identity: &[Attached]) -> String {
        told(&administrator(&ann(), Context::auditor(), &Layers { identity, ..Layers::default() }))
    }

    fn told(administrator: &Administrator) -> String {
        match administrator {
            Administrator::Yes => "yes".to_owned(),
            Administrator::If(residuals) => residuals[0].to_string(),
            Administrator::No { action, denial } => format!("{action} {denial:?}"),
            Administrator::Unknown(doubts) => doubts[0].reason.clone(),
        }
    }

    #[test]
    fn administrators_by_any_name() {
        for statements in [
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"*:*","Resource":["arn:aws:s3:::b","*"]}"#,
            r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":["ec2:*","s3:*","IAM:*","sts:*"],"Resource":"arn:*"}"#,
            r#"{"Effect":"Allow","NotAction":["aws-portal:*","billing:*"],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::secret/*"}"#,
            r#"{"Effect":"Allow","Action":["iam:A*","iam:P*"],"Resource":"*"},
               {"Effect":"Allow","Action":["iam:C*","iam:Set*","iam:Update*"],"Resource":"arn:aws:iam::*:*"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"*"},
               {"Effect":"Deny","Action":"*","Resource":"arn:aws:iam::*:role/guard"}"#,
        ] {
            assert_eq!(by(&[attached(statements)]), "yes", "{statements}");
        }
        let group = everything().through_group("admins");
        assert_eq!(by(&[group]), "yes");
    }

    #[test]
    fn no_administrators() {
        for statements in [
            "",
            // PowerUserAccess.
            r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
               {"Effect":"Allow","Action":["iam:CreateServiceLinkedRole","iam:ListRoles"],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:policy/dev-*"}"#,
            // One kind of identities, or one of them, is escalation.
            r#"{"Effect":"Allow","Action":["iam:AttachUserPolicy","iam:CreateAccessKey"],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":["iam:AttachRolePolicy","iam:UpdateAssumeRolePolicy"],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":["iam:PutUserPolicy","iam:PutRolePolicy"],"Resource":"arn:aws:iam::*:*/dev-*"}"#,
            r#"{"Effect":"Allow","Action":["iam:PassRole","iam:CreateRole"],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#,
        ] {
            assert!(by(&[attached(statements)]).starts_with("iam:"), "{statements}");
        }
    }

    /// A guardrail against some of the actions leaves the others.
    #[test]
    fn what_spares_one_way_spares_the_administrator() {
        for denied in [
            r#""iam:CreateAccessKey""#,
            r#""iam:AttachGroupPolicy""#,
            r#""iam:SetDefaultPolicyVersion""#,
            r#""iam:UpdateAssumeRolePolicy""#,
            r#""iam:Put*""#,
            r#""iam:*User*""#,
            r#"["iam:Attach*","iam:Put*"]"#,
            r#"["iam:Create*","iam:Update*"]"#,
            r#"["iam:PassRole","iam:*Policy*"]"#,
        ] {
            let deny = attached(&format!(r#"{{"Effect":"Deny","Action":{denied},"Resource":"*"}}"#));
            // Roles cannot be had any more.
            let wanted =
                if denied.contains("PassRole") { "iam:AttachRolePolicy Explicit(Identity)" } else { "yes" };
            assert_eq!(by(&[everything(), deny]), wanted, "{denied}");
        }
    }

    /// Who can make an identity that may do everything needs no other.
    #[test]
    fn administrators_who_make_one() {
        let role = |actions: &str| {
            format!(r#"{{"Effect":"Allow","Action":[{actions}],"Resource":"arn:aws:iam::*:role/dev-*"}}"#)
        };
        for (statements, wanted) in [
            (
                r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:role/dev-*"}"#.to_owned(),
                "yes",
            ),
            (role(r#""iam:CreateRole","iam:PutRolePolicy""#), "yes"),
            (role(r#""iam:CreateRole","iam:AttachRolePolicy""#), "yes"),
            (role(r#""iam:CreateRole""#), "iam:AttachUserPolicy Implicit(Identity)"),
            (
                r#"{"Effect":"Allow","Action":["iam:CreateUser","iam:PutUserPolicy","iam:CreateAccessKey"],
                    "Resource":"arn:aws:iam::*:user/ops/*"}"#
                    .to_owned(),
                "yes",
            ),
            // Not of one name.
            (
                format!(
                    r#"{},{{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"arn:aws:iam::*:role/app-*"}}"#,
                    role(r#""iam:CreateRole""#)
                ),
                "iam:AttachUserPolicy Implicit(Identity)",
            ),
            (
                format!(
                    r#"{},{{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}}"#,
                    role(r#""iam:*""#)
                ),
                "iam:AttachUserPolicy Implicit(Identity)",
            ),
        ] {
            assert_eq!(by(&[attached(&statements)]), wanted, "{statements}");
        }
    }

    /// "Names are not distinguished by case", and a path makes none of them another.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
    #[test]
    fn what_exists_is_not_made() {
        let made = |resource: &str| {
            let allow = attached(&format!(
                r#"{{"Effect":"Allow","Action":["iam:CreateRole","iam:PutRolePolicy"],"Resource":"{resource}"}}"#
            ));
            let layers = Layers { identity: &[allow], ..Layers::default() };
            let taken = unique_name("arn:aws:iam::111122223333:role/team/App");
            told(&administrator_beside(&ann(), Context::auditor(), &layers, &|arn| unique_name(arn) == taken))
        };
        let no = "iam:AttachUserPolicy Implicit(Identity)";
        assert_eq!(made("arn:aws:iam::111122223333:role/team/App"), no);
        assert_eq!(made("arn:aws:iam::111122223333:role/app"), no);
        assert_eq!(made("arn:aws:iam::*:role/other/app"), no);
        assert_eq!(made("arn:aws:iam::111122223333:role/app-2"), "yes");
        assert_eq!(made("arn:aws:iam::111122223333:role/app*"), "yes");
    }

    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>: which characters a name may have.
    #[test]
    fn names_that_cannot_exist_make_nobody_one() {
        let made = |version: &str, resource: &str| {
            let text = format!(
                r#"{{{version}"Statement":{{"Effect":"Allow","Resource":"arn:aws:iam::111122223333:{resource}",
                    "Action":["iam:CreateUser","iam:PutUserPolicy","iam:CreateAccessKey","iam:CreateRole","iam:PutRolePolicy"]}}}}"#
            );
            by(&[Attached::new("p", Arc::new(Policy::parse(&text).unwrap()))])
        };
        let no = "iam:AttachUserPolicy Implicit(Identity)";
        let long = "a".repeat(65);
        for name in ["${aws:username}", "a b", "a:b", "a!", "", "team/", &long, "team/${x}"] {
            assert_eq!(made("", &format!("user/{name}")), no, "{name}");
            assert_eq!(made("", &format!("role/{name}")), no, "{name}");
        }
        for name in ["a_+=,.@-Z9", "${aws:username}/x", "team/b", "*"] {
            assert_eq!(made("", &format!("user/{name}")), "yes", "{name}");
        }
        // Where it is a variable, it is the principal's own name, and the principal exists.
        assert_eq!(made(r#""Version":"2012-10-17","#, "user/${aws:username}"), no);
        assert_eq!(made(r#""Version":"2012-10-17","#, "user/${aws:username}-2"), "yes");
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate>
    #[test]
    fn whoever_manages_identities_within_a_boundary_is_none() {
        let within = |key: &str, value: &str| {
            by(&[attached(&format!(
                r#"{{"Effect":"Allow","Action":["iam:CreateRole","iam:Attach*","iam:Put*"],"Resource":"*",
                    "Condition":{{"StringEquals":{{"{key}":"{value}"}}}}}}"#
            ))])
        };
        let no = "iam:AttachUserPolicy Implicit(Identity)";
        assert_eq!(within("iam:PermissionsBoundary", "arn:aws:iam::111122223333:policy/b"), no);
        assert_eq!(within("iam:PolicyARN", "arn:aws:iam::111122223333:policy/p"), no);
    }

    /// A key of one action leaves the others of its statement not granted; in a Deny it takes nothing from them.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_passedtoservice>
    #[test]
    fn keys_of_another_action_make_nobody_one() {
        let passed = r#""Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}"#;
        let of =
            |effect: &str| format!(r#"{{"Effect":"{effect}","Action":"iam:*","Resource":"*",{passed}}}"#);
        assert_eq!(by(&[attached(&of("Allow"))]), "iam:AttachUserPolicy Implicit(Identity)");
        assert_eq!(by(&[everything(), attached(&of("Deny"))]), "yes");
    }

    #[test]
    fn boundary_and_service_control_policies_limit() {
        let identity = [everything()];
        let boundary = attached(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
        let bounded = Layers { identity: &identity, boundary: Some(&boundary), ..Layers::default() };
        let no = administrator(&ann(), Context::auditor(), &bounded);
        assert!(matches!(no, Administrator::No { denial: Denial::Implicit(Layer::Boundary), .. }), "{no:?}");
        let denial = r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*User*","Resource":"*"},
            {"Effect":"Deny","Action":["iam:Create*","iam:*LoginProfile"],"Resource":"*"}"#;
        let levels = [Level { id: "r-1".into(), policies: vec![attached(denial)] }];
        let guarded = Layers {
            identity: &identity,
            service_control: Guardrails::InForce(&levels),
            ..Layers::default()
        };
        assert_eq!(
            told(&administrator(&ann(), Context::auditor(), &guarded)),
            "iam:AttachUserPolicy Explicit(ServiceControl(0))"
        );
    }

    #[test]
    fn open_conditions_and_doubts_are_told() {
        let mfa = r#"{"Effect":"Allow","Action":"*","Resource":"*",
            "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#;
        assert_eq!(by(&[attached(mfa)]), "Bool aws:MultiFactorAuthPresent [\"true\"]");
        let unheard = r#"{"Effect":"Allow","Action":"*","Resource":"*","Unless":"monday"}"#;
        assert_eq!(by(&[attached(unheard)]), "its element \"Unless\" is not documented");
        assert_eq!(by(&[attached(""), Attached::unreadable("p", "access denied")]), "access denied");
    }

    /// The trust policy of a role is not that of what the role asks about.
    #[test]
    fn policies_of_a_resource_make_nobody_one() {
        let trust = [attached(r#"{"Effect":"Allow","Principal":"*","Action":"*"}"#)];
        let layers = Layers { resource: &trust, ..Layers::default() };
        let no = told(&administrator(&ann(), Context::auditor(), &layers));
        assert_eq!(no, "iam:AttachUserPolicy Implicit(Identity)");
    }

    #[test]
    fn root_user_is_one() {
        let root = Principal::iam("arn:aws:iam::111122223333:root").unwrap();
        assert_eq!(told(&administrator(&root, Context::auditor(), &Layers::default())), "yes");
    }
}
