//! Which of a list of actions a principal can do, and on what.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html>

use std::collections::BTreeSet;
use std::sync::Arc;

use super::kind::{Kind, Kinds};
use super::sample::{self, Setting, Wanted};
use crate::answer::Decision;
use crate::catalogue::Catalogue;
use crate::context::Context;
use crate::evaluate::evaluate;
use crate::layers::{Attached, Guardrails, Layers};
use crate::policy::{Policy, Version};
use crate::request::{Principal, Request, ResourceKind};
use crate::truth::Truth;

/// What a principal can do with one action.
#[derive(Clone, Debug)]
pub struct Capability {
    /// The action as spelled in the catalogue, or as given if the catalogue does not list it.
    pub action: String,
    /// What is decided on each kind of resource that the policies distinguish. Never empty.
    pub reaches: Vec<Reach>,
}

/// What is decided on the resources of one pattern.
#[derive(Clone, Debug)]
pub struct Reach {
    /// A pattern of ARNs that a policy of some layer names for the action, or one for each of the action's resource types
    /// with `*` for every name; `*` where the action has no resource type. A pattern is decided by one of its resources
    /// that no narrower pattern names.
    ///
    /// Patterns that match none of the resource types that the catalogue lists for the action are omitted: the action [is never
    /// evaluated on
    /// them](https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
    /// For an unlisted action, no pattern is omitted.
    pub resource: String,
    /// Name of the resource type that it is about, such as `role`; `None` where the action is not listed or has none.
    pub kind: Option<&'static str>,
    /// What the principal's side decides.
    pub decision: Decision,
    /// The owner of the resource must allow it too, and has been taken to: the resource is in another account, a role to be
    /// assumed, or a KMS key.
    pub owner_must_allow: bool,
    /// Which of the resources that the action takes together it is about; `None` where it can do without.
    together: Option<usize>,
}

impl Capability {
    /// Whether there is a resource on which the principal can do it; where the action takes resources of several types at
    /// once, one of each. Unknown where it can on some of those types and not on others: AWS's lists do not show what is
    /// taken together from what is a choice.
    pub fn anywhere(&self) -> Truth {
        let best = |of: usize| {
            let reaches = self.reaches.iter().filter(|reach| reach.together == Some(of));
            reaches.map(|reach| reach.decision.truth()).max().unwrap_or(Truth::False)
        };
        let together =
            self.reaches.iter().filter_map(|reach| reach.together).max().map_or(0, |last| last + 1);
        let least = (0..together).map(best).min().unwrap_or(Truth::False);
        let most = (0..together).map(best).max().unwrap_or(Truth::False);
        if least == Truth::False && most != Truth::False { Truth::Unknown } else { least }
    }

    /// Whether it can do it on every resource.
    pub fn everywhere(&self) -> Truth {
        self.reaches.iter().map(|reach| reach.decision.truth()).min().unwrap_or(Truth::False)
    }
}

/// Determines which actions a principal can perform and on which resources. `actions` are names, or patterns that the
/// [`Catalogue`] expands; an unlisted name is evaluated like any other.
///
/// The layer `resource` is ignored, because it belongs to a single resource: use [`evaluate`] for that. `resource_control` is
/// that of the principal's account.
///
/// ```
/// use orgsweep_policy::{Attached, Context, Layers, Policy, Principal, Truth, capabilities};
/// use std::sync::Arc;
///
/// let policy = Policy::parse(
///     r#"{"Statement": [{"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"},
///                       {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/app-*"}]}"#,
/// )?;
/// let identity = [Attached::new("developer", Arc::new(policy))];
/// let layers = Layers { identity: &identity, ..Layers::default() };
/// let ann = Principal::iam("arn:aws:iam::111122223333:user/ann")?;
/// let [pass, get] = &capabilities(&ann, Context::auditor(), &layers, &["iam:PassRole", "iam:GetUser"])[..] else { panic!() };
/// assert_eq!((pass.anywhere(), pass.everywhere()), (Truth::True, Truth::False));
/// let on: Vec<_> = pass.reaches.iter().filter(|reach| reach.decision.truth() == Truth::True).collect();
/// assert_eq!(on[0].resource, "arn:aws:iam::*:role/app-*");
/// assert_eq!(get.everywhere(), Truth::True);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn capabilities(
    principal: &Principal,
    context: Context,
    layers: &Layers<'_>,
    actions: &[&str],
) -> Vec<Capability> {
    let start = Request::new(principal.clone(), "", "*", context).supposing_own();
    let willing: Vec<Attached> = principal.account().and_then(willing).into_iter().collect();
    let question = Question { start, layers, willing: &willing };
    let mut seen = BTreeSet::new();
    let names = actions.iter().flat_map(|pattern| expanded(pattern));
    let new = names.filter(|name| seen.insert(name.to_ascii_lowercase()));
    new.map(|action| Capability { reaches: question.reaches(&action), action }).collect()
}

/// The policy of an owner who leaves it to an account.
fn willing(account: &str) -> Option<Attached> {
    let document = serde_json::json!({
        "Statement": {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "*", "Resource": "*"}
    });
    Some(Attached::new("the owner's policy", Arc::new(Policy::parse(&document.to_string()).ok()?)))
}

/// The actions of a pattern.
fn expanded(pattern: &str) -> Vec<String> {
    let listed = Catalogue::get().matching(pattern);
    if listed.is_empty() && !pattern.contains(['*', '?']) {
        return vec![pattern.to_owned()];
    }
    listed.iter().map(ToString::to_string).collect()
}

struct Question<'a> {
    start: Request,
    layers: &'a Layers<'a>,
    willing: &'a [Attached],
}

impl Question<'_> {
    fn reaches(&self, action: &str) -> Vec<Reach> {
        let asked = self.start.instead(action, "*");
        let mut patterns = Vec::new();
        for attached in policies(self.layers) {
            let variables = attached.policy.version() == Version::V2012;
            for (index, statement) in attached.policy.statements().iter().enumerate() {
                if statement.judge_action_of(&asked) == Truth::False {
                    continue;
                }
                let texts = attached.policy.resource_texts(index).iter();
                let telling = texts.filter(|text| text.bytes().any(|byte| byte != b'*'));
                patterns.extend(telling.map(|text| (text.clone(), variables)));
            }
        }
        let setting = Setting { principal: self.start.principal(), action, context: self.start.context() };
        let kinds = Kinds::of(action);
        let typical = typical(kinds.as_deref(), &setting);
        let named = patterns.into_iter().flat_map(|(pattern, variables)| {
            let met = within(kinds.as_deref(), &Wanted::read(&pattern, variables, &setting));
            met.into_iter().map(move |met| (pattern.clone(), met))
        });
        let mut seen = BTreeSet::new();
        let new = typical
            .into_iter()
            .chain(named)
            .filter(|(pattern, met)| seen.insert((pattern.clone(), met.together)));
        new.map(|(pattern, met)| self.reach(pattern, &met, action)).collect()
    }

    fn reach(&self, resource: String, met: &Met, action: &str) -> Reach {
        let request = self.start.instead(action, &met.resource);
        let own = request.within_one_account();
        let owner_must_allow = !own || request.resource_kind() != ResourceKind::Ordinary;
        let layers = Layers {
            resource: if owner_must_allow { self.willing } else { &[] },
            resource_control: if own { self.layers.resource_control } else { Guardrails::NoOrganization },
            ..*self.layers
        };
        let decision = evaluate(&request, &layers).decision;
        Reach { decision, resource, kind: met.kind, owner_must_allow, together: met.together }
    }
}

/// Where a pattern meets what an action is about.
struct Met {
    resource: String,
    kind: Option<&'static str>,
    together: Option<usize>,
}

/// For each resource type of an action, a pattern of everything of it.
fn typical(kinds: Option<&Kinds>, setting: &Setting<'_>) -> Vec<(String, Met)> {
    let partition = sample::names(setting.principal).partition;
    let Some(kinds) = kinds else {
        let pattern = format!("arn:{partition}:{}:*", setting.action.split(':').next().unwrap_or_default());
        let resource = Wanted::read(&pattern, false, setting).of_any_kind();
        return vec![(pattern, Met { resource, kind: None, together: Some(0) })];
    };
    let groups = kinds.groups.iter().enumerate();
    let of_groups = groups.flat_map(|(place, group)| group.kinds.iter().map(move |kind| (kind, Some(place))));
    let everything = Wanted::read("arn:*", false, setting);
    let typical =
        of_groups.chain(kinds.besides.iter().map(|kind| (kind, None))).filter_map(|(kind, together)| {
            let met = Met { resource: everything.of_kind(kind)?, kind: Some(kind.name), together };
            Some((kind.pattern(partition), met))
        });
    let typical: Vec<_> = typical.collect();
    if typical.is_empty() {
        return vec![("*".to_owned(), Met { resource: "*".to_owned(), kind: None, together: Some(0) })];
    }
    typical
}

/// Where a pattern meets each of what an action takes together; or else what it takes besides.
fn within(kinds: Option<&Kinds>, wanted: &Wanted<'_>) -> Vec<Met> {
    let Some(kinds) = kinds else {
        return vec![Met { resource: wanted.of_any_kind(), kind: None, together: Some(0) }];
    };
    let first = |kinds: &[Kind], together| {
        let met =
            |kind: &Kind| Some(Met { resource: wanted.of_kind(kind)?, kind: Some(kind.name), together });
        kinds.iter().find_map(met)
    };
    let groups = kinds.groups.iter().enumerate();
    let met: Vec<Met> = groups.filter_map(|(place, group)| first(&group.kinds, Some(place))).collect();
    if met.is_empty() { first(&kinds.besides, None).into_iter().collect() } else { met }
}

/// Those whose patterns distinguish resources.
fn policies<'a>(layers: &Layers<'a>) -> impl Iterator<Item = &'a Attached> {
    let levels = |guardrails: Guardrails<'a>| {
        guardrails.levels().unwrap_or_default().iter().flat_map(|level| &level.policies)
    };
    levels(layers.service_control)
        .chain(levels(layers.resource_control))
        .chain(layers.identity)
        .chain(layers.boundary)
        .chain(layers.session.unwrap_or_default())
        .chain(layers.endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Level;

    fn attached(statements: &str) -> Attached {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        Attached::new("p", Arc::new(Policy::parse(&text).unwrap()))
    }

    fn ann() -> Principal {
        Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap()
    }

    /// `pattern truth` of each reach, `!` where the owner must allow too.
    fn listed(layers: &Layers<'_>, action: &str) -> Vec<String> {
        let capabilities = capabilities(&ann(), Context::auditor(), layers, &[action]);
        let [capability] = &capabilities[..] else { panic!("{capabilities:?}") };
        let tell = |reach: &Reach| {
            let mark = if reach.owner_must_allow { "!" } else { "" };
            format!("{} {:?}{mark}", reach.resource, reach.decision.truth())
        };
        capability.reaches.iter().map(tell).collect()
    }

    fn by(statements: &str, action: &str) -> Vec<String> {
        listed(&Layers { identity: &[attached(statements)], ..Layers::default() }, action)
    }

    #[test]
    fn on_everything_on_some_and_on_nothing() {
        let everything = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        assert_eq!(by(everything, "iam:GetRole"), ["arn:aws:iam::*:role/* True"]);
        assert_eq!(by(everything, "iam:ListRoles"), ["* True"]);
        assert_eq!(by("", "iam:ListRoles"), ["* False"]);
        let some = r#"{"Effect":"Allow","Action":"iam:Get*","Resource":["arn:aws:iam::*:role/app-*","arn:aws:iam::*:user/*"]}"#;
        assert_eq!(
            by(some, "iam:GetRole"),
            ["arn:aws:iam::*:role/* False", "arn:aws:iam::*:role/app-* True"]
        );
    }

    /// What one layer takes away of what another gives, each by its own patterns.
    #[test]
    fn the_patterns_of_all_layers_are_told_apart() {
        let identity = [attached(
            r#"{"Effect":"Allow","Action":"iam:GetRole","Resource":"*"},
               {"Effect":"Deny","Action":"iam:*","NotResource":["arn:aws:iam::*:role/a*","arn:aws:iam::*:role/b*"]},
               {"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::other"}"#,
        )];
        let boundary = attached(
            r#"{"Effect":"Allow","Action":"*","Resource":"*"},
               {"Effect":"Deny","Action":"*","Resource":"arn:aws:iam::*:role/b*"}"#,
        );
        let levels = [Level {
            id: "r-1".into(),
            policies: vec![attached(
                r#"{"Effect":"Allow","Action":"*","Resource":"*"},
                   {"Effect":"Deny","Action":"*","Resource":"arn:aws:iam::*:role/abc"}"#,
            )],
        }];
        let layers = Layers {
            identity: &identity,
            boundary: Some(&boundary),
            service_control: Guardrails::InForce(&levels),
            ..Layers::default()
        };
        assert_eq!(
            listed(&layers, "iam:GetRole"),
            [
                "arn:aws:iam::*:role/* False",
                "arn:aws:iam::*:role/abc False",
                "arn:aws:iam::*:role/a* True",
                "arn:aws:iam::*:role/b* False"
            ]
        );
    }

    #[test]
    fn conditions_variables_and_what_is_not_known() {
        let open = r#"{"Effect":"Allow","Action":"iam:ListRoles","Resource":"*",
            "Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}"#;
        assert_eq!(by(open, "iam:ListRoles"), ["* Depends"]);
        let own =
            r#"{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/${aws:username}"}"#;
        let user = "arn:aws:iam::*:user/* False";
        assert_eq!(by(own, "iam:GetUser"), [user, "arn:aws:iam::*:user/${aws:username} True"]);
        let tagged = own.replace("aws:username", "aws:PrincipalTag/team");
        let unknown = "arn:aws:iam::*:user/${aws:PrincipalTag/team} Unknown";
        assert_eq!(by(&tagged, "iam:GetUser"), ["arn:aws:iam::*:user/* Unknown", unknown]);
    }

    /// The reference lists no resource type for them, and AWS's refusals name an ARN all the same; where none is known, what is
    /// granted on ARNs of the service may be granted.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticmapreduce.html>
    #[test]
    fn actions_without_a_resource_type_that_are_granted_on_arns() {
        let on = |action: &str, resource: &str| {
            let allow = format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#);
            by(&allow, action)
        };
        assert_eq!(on("elasticmapreduce:RunJobFlow", "arn:aws:elasticmapreduce:*:*:cluster/*"), ["* True"]);
        assert_eq!(on("elasticmapreduce:RunJobFlow", "arn:aws:elasticmapreduce:*:*:studio/*"), ["* False"]);
        assert_eq!(on("glue:ListJobs", "arn:aws:glue:*:*:job/*"), ["* Unknown"]);
        assert_eq!(on("glue:ListJobs", "arn:aws:s3:::*"), ["* False"]);
    }

    /// A key of certain actions is in requests for no others.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_passedtoservice>
    #[test]
    fn keys_of_other_actions_leave_an_action_not_granted() {
        let passed = r#"{"Effect":"Allow","Action":"iam:*","Resource":"*",
            "Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}}"#;
        assert_eq!(by(passed, "iam:PassRole"), ["arn:aws:iam::*:role/* Depends"]);
        assert_eq!(by(passed, "iam:CreateRole"), ["arn:aws:iam::*:role/* False"]);
        assert_eq!(by(passed, "iam:ListRoles"), ["* False"]);
    }

    /// A role to be assumed, a key, and what is in another account.
    #[test]
    fn where_the_owner_must_allow_too() {
        let assume = r#"{"Effect":"Allow","Action":["sts:AssumeRole","kms:Decrypt"],
            "Resource":["arn:aws:iam::444455556666:role/hub","arn:aws:kms:*:111122223333:key/*"]}"#;
        assert_eq!(
            by(assume, "sts:AssumeRole")[..2],
            ["arn:aws:iam::*:role/* False!", "arn:aws:iam::444455556666:role/hub True!"]
        );
        assert_eq!(by(assume, "kms:Decrypt").last().unwrap(), "arn:aws:kms:*:111122223333:key/* True!");
        let queue = r#"{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:444455556666:q"}"#;
        assert_eq!(by(queue, "sqs:SendMessage")[1], "arn:aws:sqs:*:444455556666:q True!");
    }

    /// AWS's own fence around S3, whose ARNs have no account: what is asked about is the account's own.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount>
    #[test]
    fn buckets_of_a_pattern_are_of_the_own_account() {
        let within = |account: &str| {
            let statement = format!(
                r#"{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{{"StringEquals":{{"aws:ResourceAccount":"{account}"}}}}}}"#
            );
            by(&statement, "s3:GetObject")
        };
        assert_eq!(within("${aws:PrincipalAccount}")[0], "arn:aws:s3:::*/* True");
        assert_eq!(within("111122223333")[0], "arn:aws:s3:::*/* True");
        assert_eq!(within("444455556666")[0], "arn:aws:s3:::*/* False");
    }

    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>:
    /// "If you specify a resource that is not valid for the action, any request to use that action fails".
    #[test]
    fn patterns_of_no_type_of_the_action_grant_nothing() {
        let object = r#""Resource":"arn:aws:s3:::bucket/*""#;
        for (statement, action) in [
            (
                r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::bucket"}"#.to_owned(),
                "s3:GetObject",
            ),
            (format!(r#"{{"Effect":"Allow","NotAction":"iam:*",{object}}}"#), "ec2:TerminateInstances"),
            (format!(r#"{{"Effect":"Allow","Action":"*",{object}}}"#), "iam:CreateUser"),
            (format!(r#"{{"Effect":"Allow","Action":"s3:*",{object}}}"#), "s3:ListBucket"),
            (
                r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:role/*"}"#.to_owned(),
                "iam:ListUsers",
            ),
            (
                r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:role/*"}"#.to_owned(),
                "iam:CreateUser",
            ),
        ] {
            let listed = by(&statement, action);
            assert!(
                listed.iter().all(|reach| reach.ends_with("False")),
                "{action} by {statement}: {listed:?}"
            );
        }
        // Of one that is not listed nothing is known but the text.
        let newer = format!(r#"{{"Effect":"Allow","Action":"*",{object}}}"#);
        assert_eq!(by(&newer, "iam:NewerThing").last().unwrap(), "arn:aws:s3:::bucket/* True");
    }

    /// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances>
    #[test]
    fn what_is_taken_together_must_be_allowed_on_each_type() {
        let anywhere = |resources: &str| {
            let statement =
                format!(r#"{{"Effect":"Allow","Action":"ec2:RunInstances","Resource":[{resources}]}}"#);
            let layers = [attached(&statement)];
            let layers = Layers { identity: &layers, ..Layers::default() };
            capabilities(&ann(), Context::auditor(), &layers, &["ec2:RunInstances"])[0].anywhere()
        };
        let instance = r#""arn:aws:ec2:*:*:instance/*""#;
        let others = r#""arn:aws:ec2:*:*:network-interface/*","arn:aws:ec2:*:*:security-group/*","arn:aws:ec2:*:*:subnet/*""#;
        assert_eq!(anywhere(instance), Truth::Unknown);
        assert_eq!(anywhere(&format!("{instance},{others}")), Truth::Unknown);
        assert_eq!(anywhere(&format!(r#"{instance},{others},"arn:aws:ec2:*::image/*""#)), Truth::True);
        assert_eq!(anywhere(r#""arn:aws:ec2:*:*:volume/*""#), Truth::False);
        assert_eq!(anywhere(r#""arn:aws:ec2:*""#), Truth::True);
    }

    #[test]
    fn patterns_are_expanded_and_an_action_that_is_not_listed_is_decided_all_the_same() {
        let identity =
            [attached(r#"{"Effect":"Allow","Action":"new:*","Resource":"arn:aws:new:*:*:thing/*"}"#)];
        let layers = Layers { identity: &identity, ..Layers::default() };
        assert_eq!(listed(&layers, "new:Thing"), ["arn:aws:new:* False", "arn:aws:new:*:*:thing/* True"]);
        let ask = |actions: &[&str]| capabilities(&ann(), Context::auditor(), &layers, actions);
        let names: Vec<_> =
            ask(&["iam:passrole", "IAM:PassRole", "iam:?etUser"]).into_iter().map(|one| one.action).collect();
        assert_eq!(names, ["iam:PassRole", "iam:GetUser"]);
        assert!(ask(&["nosuch:Get*"]).is_empty());
    }
}
