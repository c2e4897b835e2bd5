//! Made-up accounts in which the rules are asked for.

mod chains;
mod conditional;
mod foreign;
mod known;
mod limits;
mod properties;
mod pruned;
mod relations;
mod resources;
mod shared;
mod single_rules;
mod sure;
mod table;
mod tags;

use std::sync::Arc;

use super::*;
use crate::context::{Context, RequestFacts};
use crate::layers::{Attached, Guardrails, Layers, Level};
use crate::policy::Policy;
use crate::request::Principal;

const ANN: &str = "arn:aws:iam::111122223333:user/ann";
const CI: &str = "arn:aws:iam::111122223333:role/ci";
const TARGET: &str = "arn:aws:iam::111122223333:role/target";
const BOB: &str = "arn:aws:iam::111122223333:user/bob";
const EVERYTHING: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;

fn policy(statements: &str) -> Arc<Policy> {
    Arc::new(Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap())
}

fn attached(name: &str, statements: &str) -> Attached {
    Attached::new(name, policy(statements))
}

fn allow(actions: &[&str], resource: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":{actions:?},"Resource":"{resource}"}}"#)
}

fn trust(principal: &str) -> Vec<Attached> {
    let action = r#"["sts:AssumeRole","sts:AssumeRoleWithSAML","sts:AssumeRoleWithWebIdentity"]"#;
    vec![attached("trust", &format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":{action}}}"#))]
}

#[derive(Clone, Debug, Default)]
struct Someone {
    arn: String,
    identity: Vec<Attached>,
    boundary: Option<Attached>,
    trust: Vec<Attached>,
}

impl Someone {
    fn new(arn: &str, statements: &str) -> Self {
        Self { arn: arn.to_owned(), identity: vec![attached("inline", statements)], ..Self::default() }
    }

    fn trusting(mut self, principal: &str) -> Self {
        self.trust = trust(principal);
        self
    }
}

/// An account with an actor; what is not set is known not to exist.
#[derive(Clone, Debug)]
struct World {
    actor: Someone,
    groups: Option<Vec<String>>,
    session: Option<Vec<Attached>>,
    service_control: Vec<Level>,
    resource_control: Vec<Level>,
    roles: Option<Vec<Someone>>,
    instance_profile: Option<bool>,
    users: Option<Vec<Someone>>,
    access_keys: Option<u8>,
    password: Option<bool>,
    all_groups: Option<Vec<Someone>>,
    policies: Vec<(String, Option<Vec<StoredVersion>>)>,
    providers: Option<Vec<String>>,
    management: Option<bool>,
    tags: Vec<(String, Vec<(&'static str, &'static str)>)>,
    requests: RequestFacts<'static>,
}

impl World {
    fn of(actor: Someone) -> Self {
        Self {
            actor,
            groups: Some(Vec::new()),
            session: None,
            service_control: Vec::new(),
            resource_control: Vec::new(),
            roles: Some(Vec::new()),
            instance_profile: Some(true),
            users: Some(Vec::new()),
            access_keys: Some(1),
            password: Some(true),
            all_groups: Some(Vec::new()),
            policies: Vec::new(),
            providers: Some(Vec::new()),
            management: Some(true),
            tags: Vec::new(),
            requests: RequestFacts::default(),
        }
    }

    /// Ann, who may do this on everything.
    fn ann(actions: &[&str]) -> Self {
        Self::of(Someone::new(ANN, &allow(actions, "*")))
    }

    fn role(mut self, role: Someone) -> Self {
        self.roles.get_or_insert_default().push(role);
        self
    }

    fn user(mut self, user: Someone) -> Self {
        self.users.get_or_insert_default().push(user);
        self
    }

    fn control(mut self, statements: &str) -> Self {
        self.service_control.push(level(statements));
        self
    }

    fn tagged(mut self, arn: &str, tags: &[(&'static str, &'static str)]) -> Self {
        self.tags.push((arn.to_owned(), tags.to_vec()));
        self
    }

    fn layers<'a>(&'a self, of: &'a Someone) -> Layers<'a> {
        let guard = |levels: &'a [Level]| {
            if levels.is_empty() { Guardrails::NoOrganization } else { Guardrails::InForce(levels) }
        };
        Layers {
            identity: &of.identity,
            boundary: of.boundary.as_ref(),
            resource: &of.trust,
            service_control: guard(&self.service_control),
            resource_control: guard(&self.resource_control),
            ..Layers::default()
        }
    }

    fn ask(&self) -> Escalations {
        self.with_map(|(map, actor)| map.escalations(actor))
    }

    fn with_map<T>(&self, ask: impl FnOnce((&EscalationMap<'_>, &Actor<'_>)) -> T) -> T {
        self.with_map_that(true, true, ask)
    }

    /// `prunes`: what cannot be allowed is left out without a question; `shares`: what is found for one is remembered for others.
    fn with_map_that<T>(
        &self,
        prunes: bool,
        shares: bool,
        ask: impl FnOnce((&EscalationMap<'_>, &Actor<'_>)) -> T,
    ) -> T {
        let roles = self.roles.as_ref().map(|roles| {
            let facts = |role| (self.layers(role), &role.arn);
            let facts = roles.iter().map(facts).map(|(layers, arn)| RoleFacts {
                arn,
                layers,
                instance_profile: self.instance_profile,
            });
            facts.collect::<Vec<_>>()
        });
        let users = self.users.as_ref().map(|users| {
            let facts = users.iter().map(|user| UserFacts {
                arn: &user.arn,
                layers: self.layers(user),
                access_keys: self.access_keys,
                inactive_access_keys: self.access_keys,
                password: self.password,
            });
            facts.collect::<Vec<_>>()
        });
        let all_groups = self.all_groups.as_ref().map(|groups| {
            let facts = groups.iter().map(|group| GroupFacts { arn: &group.arn, identity: &group.identity });
            facts.collect::<Vec<_>>()
        });
        let policies: Vec<PolicyFacts<'_>> = self
            .policies
            .iter()
            .map(|(arn, versions)| PolicyFacts { arn, default_version: "v1", versions: versions.as_deref() })
            .collect();
        let (providers, own_groups) = (texts(self.providers.as_ref()), texts(self.groups.as_ref()));
        let tags: Vec<TagFacts<'_>> = self.tags.iter().map(|(arn, tags)| TagFacts { arn, tags }).collect();
        let inventory = Inventory {
            tags: Some(&tags),
            roles: roles.as_deref(),
            users: users.as_deref(),
            groups: all_groups.as_deref(),
            policies: Some(&policies),
            providers: providers.as_deref(),
            management_account: self.management,
            requests: self.requests,
        };
        let principal = Principal::iam(&self.actor.arn).unwrap();
        let layers = Layers { session: self.session.as_deref(), ..self.layers(&self.actor) };
        let actor = Actor {
            principal: &principal,
            context: Context::auditor().with_state("aws:PrincipalTag/open", crate::context::Key::Environment),
            layers,
            groups: own_groups.as_deref(),
        };
        let mut map = EscalationMap::new(&inventory);
        map.numbers.prunes = prunes;
        map.shares = shares;
        ask((&map, &actor))
    }

    fn rule(&self, id: &str) -> Option<Escalation> {
        self.ask().rules().iter().find(|found| found.rule == id).cloned()
    }

    fn verdict(&self, id: &str) -> Option<EscalationVerdict> {
        self.rule(id).map(|found| found.verdict)
    }
}

fn texts(texts: Option<&Vec<String>>) -> Option<Vec<&str>> {
    texts.map(|texts| texts.iter().map(|text| &**text).collect())
}

fn level(statements: &str) -> Level {
    Level { id: "r-1".into(), policies: vec![attached("control", statements)] }
}
