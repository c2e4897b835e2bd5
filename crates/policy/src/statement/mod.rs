//! Statements, compiled: what each part of one says to a request.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html>

mod action;
mod principal;
mod resource;
mod unnamed;

use std::borrow::Cow;

use crate::action_set::{ActionList, ActionSet};
use crate::arn::ArnPattern;
use crate::condition::Condition;
use crate::context::Context;
use crate::document::{Block, PrincipalText, Written};
use crate::position::Position;
use crate::request::Request;
use crate::truth::Truth;

use action::Actions;
pub use principal::{PrincipalEntry, Principals};
pub(crate) use resource::Resources;

/// What a statement does to a request that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever else allows.
    Deny,
    /// The document does not say in words that AWS documents: it may do either.
    Unknown,
}

/// One statement of a policy.
#[derive(Clone, Debug)]
pub struct Statement {
    position: Position,
    sid: Option<Box<str>>,
    effect: Effect,
    principals: Option<Principals>,
    actions: Option<Actions>,
    resources: Option<Resources>,
    conditions: Box<[Condition]>,
    doubts: Box<[Box<str>]>,
}

/// A part of a statement. All must match for the statement to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Action,
    Resource,
    Principal,
    Condition(usize),
    /// Whether a Deny reaches an action that needs no permission, which no statement says.
    Reach,
    /// The statement as such: whether it says what AWS documents, and what a policy of its place may hold.
    Form,
}

/// What kind of policy a statement stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Of an identity: identity policies, boundaries, session policies, SCPs. No principal, but a resource.
    Identity,
    /// Of a resource: a principal; the resource may go without saying, as in trust policies.
    Resource,
    /// A VPC endpoint policy: a principal and a resource.
    Endpoint,
    /// An RCP: a principal and a resource. `supported`: the service is on the list of services that RCPs bind.
    ResourceControl { supported: bool },
}

/// Which of the ways of naming a principal count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    AtAll,
    Alone,
    Limited,
    Account,
}

/// How a statement is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) place: Place,
    pub(crate) naming: Naming,
    /// The principal has a permissions boundary.
    pub(crate) has_boundary: bool,
}

impl Statement {
    /// `variables`: the document's version knows policy variables.
    ///
    /// What is written twice, or in two ways, may mean either: it is left out, and the doubt stands in for it.
    pub(crate) fn compile(written: &Written, variables: bool) -> Self {
        let mut doubts: Vec<Box<str>> =
            written.others.iter().map(|member| other_element(&member.name)).collect();
        let twice = |name: &str| written.others.iter().any(|member| member.name == name);
        let effect = match written.effect.as_deref() {
            _ if twice("Effect") => Effect::Unknown,
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            Some(other) => {
                doubts.push(format!("its Effect {other:?} is not documented").into());
                Effect::Unknown
            }
            None => {
                doubts.push("it has no Effect".into());
                Effect::Unknown
            }
        };
        let principals = match (&written.principal, &written.not_principal) {
            _ if twice("Principal") || twice("NotPrincipal") => None,
            (Some(_), Some(_)) => {
                doubts.push("it has both Principal and NotPrincipal".into());
                None
            }
            (Some(text), None) => read_principals(text, false, &mut doubts),
            (None, Some(text)) => read_principals(text, true, &mut doubts),
            (None, None) => None,
        };
        let actions = match (&written.action, &written.not_action) {
            _ if twice("Action") || twice("NotAction") => None,
            (Some(texts), None) => Some(Actions::compile(texts, false)),
            (None, Some(texts)) => Some(Actions::compile(texts, true)),
            _ => {
                doubts.push("it has neither or both of Action and NotAction".into());
                None
            }
        };
        let resources = match (&written.resource, &written.not_resource) {
            _ if twice("Resource") || twice("NotResource") => None,
            (Some(texts), None) => Some(Resources::compile(texts, false, variables)),
            (None, Some(texts)) => Some(Resources::compile(texts, true, variables)),
            (None, None) => None,
            (Some(_), Some(_)) => {
                doubts.push("it has both Resource and NotResource".into());
                None
            }
        };
        let blocks = written.condition.as_deref().filter(|_| !twice("Condition")).unwrap_or_default();
        let conditions = read_conditions(blocks, variables, &mut doubts);
        Self {
            position: written.position,
            sid: written.sid.as_deref().map(Into::into),
            effect,
            principals,
            actions,
            resources,
            conditions,
            doubts: doubts.into(),
        }
    }

    /// A statement that may do anything: its document is in a language of which nothing is known.
    pub(crate) fn incomprehensible(written: &Written, reason: &str) -> Self {
        let sid = written.sid.as_deref().map(Into::into);
        Self { position: written.position, sid, ..Self::unreadable(reason) }
    }

    /// A statement that may do anything, since its document could not be read.
    pub(crate) fn unreadable(reason: &str) -> Self {
        Self {
            position: Position { offset: 0, line: 1, column: 1 },
            sid: None,
            effect: Effect::Unknown,
            principals: None,
            actions: None,
            resources: None,
            conditions: [].into(),
            doubts: [reason.into()].into(),
        }
    }

    /// Where it begins in the document.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Its name.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// What it does.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Whom it names, if it names anyone.
    pub fn principals(&self) -> Option<&Principals> {
        self.principals.as_ref()
    }

    /// Its conditions, in the order of the text.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// What keeps its effect from being known, whatever the request.
    pub fn doubts(&self) -> impl ExactSizeIterator<Item = &str> {
        self.doubts.iter().map(|doubt| &**doubt)
    }

    /// Whether it may have an action, given in lower case.
    pub(crate) fn may_have_action(&self, action_lower: &str) -> bool {
        self.actions.as_ref().is_none_or(|actions| actions.contain(action_lower) != Truth::False)
    }

    /// Adds those of the actions that it may have.
    pub(crate) fn add_actions(&self, list: &ActionList, to: &mut ActionSet) {
        match &self.actions {
            Some(actions) => actions.add_to(list, to),
            None => list.starting_with("").for_each(|(place, _)| to.insert(place)),
        }
    }

    /// Patterns of which one matches whatever it may be about, for any request of a caller. `None`: it may be about anything.
    pub(crate) fn resources_of_caller(&self, context: &Context) -> Option<Vec<Cow<'_, ArnPattern>>> {
        self.resources.as_ref()?.of_caller(context)
    }

    /// Whether it allows an action, given in lower case, on its resources and in all circumstances, where it stands in a policy
    /// of an identity, and its resources are the same for every request of a caller.
    pub(crate) fn surely_allows(&self, action_lower: &str) -> bool {
        let has = |actions: &Actions| actions.contain(action_lower) == Truth::True;
        self.effect == Effect::Allow
            && self.conditions.is_empty()
            && self.doubts.is_empty()
            && self.principals.is_none()
            && self.resources.as_ref().is_some_and(Resources::follow_from_the_caller)
            && self.actions.as_ref().is_some_and(has)
    }

    /// Whether a resource is among its own for sure.
    pub(crate) fn surely_has(&self, resource: &str, context: &Context) -> bool {
        let has = |resources: &Resources| resources.contain(resource, context) == Truth::True;
        self.resources.as_ref().is_some_and(has)
    }

    /// Whether it matches a request or not by its action alone, where it stands in a policy of an identity.
    pub(crate) fn is_about_everything(&self) -> bool {
        self.conditions.is_empty()
            && self.doubts.is_empty()
            && self.principals.is_none()
            && self.effect != Effect::Unknown
            && self.resources.as_ref().is_some_and(Resources::are_everything)
    }

    /// Whether it allows an action, given in lower case, on everything and in all circumstances.
    pub(crate) fn surely_allows_everywhere(&self, action_lower: &str) -> bool {
        self.is_about_everything() && self.surely_allows(action_lower)
    }

    /// Whether it denies an action, given in lower case, whatever else is asked, to everyone whom an entry of a
    /// resource's policy stands for; `None`: to everyone.
    pub(crate) fn surely_denies(&self, action_lower: &str, whom: Option<&PrincipalEntry>) -> bool {
        let has_action =
            self.actions.as_ref().is_some_and(|actions| actions.contain(action_lower) == Truth::True);
        let names = |principals: &Principals| !principals.is_negated() && principals.surely_hold(whom);
        self.effect == Effect::Deny
            && has_action
            && self.principals.as_ref().is_some_and(names)
            && self.conditions.is_empty()
            && self.doubts.is_empty()
            && self.resources.is_none()
    }

    /// Actions that it has, with a made-up name in the place of each wildcard.
    pub(crate) fn sample_actions(&self) -> Vec<String> {
        self.actions.as_ref().map(Actions::samples).unwrap_or_default()
    }

    /// Resources that its patterns match, or spare, with a made-up name in the place of each wildcard.
    pub(crate) fn sample_resources(&self, partition: &str, account: &str, context: &Context) -> Vec<String> {
        let samples = |resources: &Resources| resources.samples(partition, account, context);
        self.resources.as_ref().map(samples).unwrap_or_default()
    }

    /// The cheap and telling parts first.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Part> {
        [Part::Action, Part::Resource, Part::Principal]
            .into_iter()
            .chain((0..self.conditions.len()).map(Part::Condition))
            .chain([Part::Form])
    }

    /// Whether a part matches a request.
    pub(crate) fn judge(&self, part: Part, request: &Request, view: View) -> Truth {
        match part {
            Part::Action => self.judge_action(request, view.place),
            // What is missing though it must be there is a matter of form.
            Part::Resource => self.resources.as_ref().map_or(Truth::True, |resources| {
                if request.is_for_the_key_of_an_alias() {
                    resources.contain_key_of(request.resource(), request.context())
                } else if request.resource() == "*" {
                    resources.contain_unnamed(request, self.reading_of(resources))
                } else {
                    resources.contain(request.resource(), request.context())
                }
            }),
            Part::Principal if view.place == Place::Identity => Truth::True,
            Part::Principal => self.principals.as_ref().map_or(Truth::True, |principals| {
                let named = principals.name(request.principal(), self.effect, view.has_boundary);
                match view.naming {
                    Naming::AtAll if view.place == Place::Endpoint && has_gateways(request.service()) => {
                        let named = named.at_all();
                        let doubtful = principals.are_of_interfaces_only(request.principal(), named);
                        if doubtful { Truth::Unknown } else { named }
                    }
                    Naming::AtAll => named.at_all(),
                    Naming::Alone => named.alone,
                    Naming::Limited => named.limited,
                    Naming::Account => named.account,
                }
            }),
            Part::Condition(index) => {
                self.conditions.get(index).map_or(Truth::Unknown, |condition| condition.holds_in(request))
            }
            Part::Form if self.doubts.is_empty() && self.misfit(view.place).is_none() => Truth::True,
            Part::Form | Part::Reach => Truth::Unknown,
        }
    }

    /// How its ARNs are read for an action without a resource. Whatever allows more is in doubt, and what denies is taken to be
    /// as AWS's reference says, so that none reports a Deny that AWS does not apply. An Allow with `NotAction` on ARNs
    /// "does not allow" such actions.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html>
    fn reading_of(&self, resources: &Resources) -> unnamed::Reading {
        let by_exception = self.actions.as_ref().is_some_and(Actions::is_negated);
        let (in_every_region, in_doubt) = match (self.effect, resources.is_negated()) {
            (Effect::Allow, false) => (false, !by_exception),
            (Effect::Allow, true) | (Effect::Deny, false) => (true, false),
            (Effect::Deny, true) | (Effect::Unknown, _) => (true, true),
        };
        unnamed::Reading { in_every_region, in_doubt }
    }

    /// Whether its actions hold that of a request, wherever it stands.
    pub(crate) fn judge_action_of(&self, request: &Request) -> Truth {
        self.judge_action(request, Place::Resource)
    }

    fn judge_action(&self, request: &Request, place: Place) -> Truth {
        let Some(actions) = &self.actions else { return Truth::True };
        let contained = actions.contain(request.action_lower());
        match place {
            // An RCP can be written for supported services only. One that names another by its name says that the
            // list is older than the policy.
            Place::ResourceControl { supported: false } if actions.name_service(request.service()) => {
                contained.min(Truth::Unknown)
            }
            Place::ResourceControl { supported: false } => Truth::False,
            _ => contained,
        }
    }

    /// What a policy of this place may not hold, or may not go without.
    fn misfit(&self, place: Place) -> Option<&'static str> {
        match (place, self.principals.is_some(), self.resources.is_some()) {
            (Place::Identity, true, _) => Some("this kind of policy must not have a principal"),
            (Place::Identity, false, false) => Some("it has neither Resource nor NotResource"),
            (Place::Identity, false, true) | (Place::Resource, true, _) | (_, true, true) => None,
            (_, false, _) => Some("this kind of policy must have a principal"),
            (_, true, false) => Some("it has neither Resource nor NotResource"),
        }
    }

    /// Why a part cannot be known.
    pub(crate) fn doubt(&self, part: Part, request: &Request, view: View) -> String {
        match part {
            Part::Action => "its action is not accepted or not listed by AWS".to_owned(),
            Part::Resource if request.is_for_the_key_of_an_alias() => {
                "the KMS key of the alias is unknown, and KMS authorizes on the key".to_owned()
            }
            Part::Resource if request.resource() == "*" => {
                "its resource is not documented, or AWS checks the action on an unknown ARN although it lists no resource type \
                 for it"
                    .to_owned()
            }
            Part::Resource => {
                "its resource is not documented, or contains a variable with an unknown value".to_owned()
            }
            Part::Reach => "AWS says that policies do not control this action, but exempts it from Deny statements in its own \
                            policies"
                .to_owned(),
            Part::Principal if view.place == Place::Endpoint && has_gateways(request.service()) => {
                "gateway endpoints support only \"*\" and root users as principals, and it is unknown whether this is a \
                 gateway endpoint"
                    .to_owned()
            }
            Part::Principal if self.principals.as_ref().is_some_and(Principals::is_negated) => {
                "AWS does not document, or documents inconsistently, whether its NotPrincipal exempts this principal".to_owned()
            }
            Part::Principal => "it is not documented whether it matches this principal".to_owned(),
            Part::Condition(index) => self
                .conditions
                .get(index)
                .map(|condition| condition.doubt(request.context()))
                .unwrap_or_default(),
            Part::Form => {
                let misfit = self.misfit(view.place).filter(|_| self.doubts.is_empty());
                self.doubts().chain(misfit).collect::<Vec<_>>().join("; ")
            }
        }
    }
}

/// Services that are reached by gateway endpoints too.
/// <https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html>
fn has_gateways(service: &str) -> bool {
    matches!(service, "dynamodb" | "s3" | "s3express")
}

const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

fn other_element(name: &str) -> Box<str> {
    if ELEMENTS.contains(&name) {
        format!("it has {name} twice").into()
    } else {
        format!("its element {name:?} is not documented").into()
    }
}

/// Keys of one operator that differ only in case are one.
fn read_conditions(blocks: &[Block], variables: bool, doubts: &mut Vec<Box<str>>) -> Box<[Condition]> {
    let before = doubts.len();
    let mut operators: Vec<&str> = blocks.iter().map(|block| block.operator.as_str()).collect();
    repeated(&mut operators, |name| doubts.push(format!("it has the operator {name} twice").into()));
    for block in blocks {
        let lower: Vec<String> = block.tests.iter().map(|test| test.key.to_lowercase()).collect();
        let mut keys: Vec<&str> = lower.iter().map(String::as_str).collect();
        repeated(&mut keys, |key| {
            doubts.push(format!("its {} has the key {key} twice", block.operator).into());
        });
    }
    if doubts.len() > before {
        return [].into();
    }
    let tests = blocks.iter().flat_map(|block| block.tests.iter().map(|test| (&block.operator, test)));
    tests.map(|(operator, test)| Condition::compile(operator, test, variables)).collect()
}

fn read_principals(text: &PrincipalText, negated: bool, doubts: &mut Vec<Box<str>>) -> Option<Principals> {
    let before = doubts.len();
    if let PrincipalText::Kinds(kinds) = text {
        let mut names: Vec<&str> = kinds.iter().map(|(kind, _)| kind.as_str()).collect();
        repeated(&mut names, |kind| {
            doubts.push(format!("it has principals of type {kind} twice").into());
        });
    }
    (doubts.len() == before).then(|| Principals::compile(text, negated))
}

fn repeated(names: &mut [&str], mut found: impl FnMut(&str)) {
    names.sort_unstable();
    for (left, right) in names.iter().zip(names.iter().skip(1)) {
        if left == right {
            found(left);
        }
    }
}
