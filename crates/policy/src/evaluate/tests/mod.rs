//! The rules of evaluation, one test a rule. What they share: a world of policies, and who is in it.

mod answers;
mod bypass;
mod core_grant;
pub(crate) mod generator;
mod keys;
mod keys_of_actions;
mod open_points;
mod order;
mod properties;
mod resource_control;
mod robustness;
mod service_control;
mod statements;

use std::sync::Arc;

use super::{decide, evaluate};
use crate::answer::{Answer, Decision, Denial};
use crate::context::Context;
use crate::layers::{Attached, Guardrails, Layers, Level};
use crate::policy::Policy;
use crate::request::{Principal, Request};
use crate::truth::Truth;

/// The account that most principals and resources are in.
pub(super) const HOME: &str = "111122223333";
pub(super) const AWAY: &str = "444455556666";
pub(super) const USER: &str = "arn:aws:iam::111122223333:user/ann";
pub(super) const ROLE: &str = "arn:aws:iam::111122223333:role/path/ci";
pub(super) const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/ci/s";
pub(super) const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/bob";
pub(super) const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:queue";
pub(super) const AWAY_QUEUE: &str = "arn:aws:sqs:eu-west-1:444455556666:queue";
pub(super) const TARGET: &str = "arn:aws:iam::111122223333:role/target";
pub(super) const AWAY_TARGET: &str = "arn:aws:iam::444455556666:role/target";
pub(super) const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";
pub(super) const AWAY_KEY: &str = "arn:aws:kms:eu-west-1:444455556666:key/1";

pub(super) fn user() -> Principal {
    Principal::iam(USER).unwrap()
}

pub(super) fn session() -> Principal {
    Principal::iam(ROLE).unwrap().in_session("s")
}

pub(super) fn bob() -> Principal {
    Principal::federated_user(USER, "bob").unwrap()
}

pub(super) fn root() -> Principal {
    Principal::iam("arn:aws:iam::111122223333:root").unwrap()
}

pub(super) fn service_linked() -> Principal {
    let arn = "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig";
    Principal::iam(arn).unwrap().in_session("s")
}

/// A document of version 2012-10-17 with these statements.
pub(super) fn document(statements: &str) -> Arc<Policy> {
    Arc::new(Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap())
}

/// `Allow` of an action on everything.
pub(super) fn allow(action: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#)
}

pub(super) fn deny(action: &str) -> String {
    format!(r#"{{"Effect":"Deny","Action":"{action}","Resource":"*"}}"#)
}

/// `Allow` of everything to a principal: `"*"`, or an AWS principal.
pub(super) fn allow_to(principal: &str) -> String {
    format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"*","Resource":"*"}}"#)
}

pub(super) fn deny_to(principal: &str) -> String {
    allow_to(principal).replace("Allow", "Deny")
}

/// The policies that a request meets.
#[derive(Clone, Default)]
pub(super) struct World {
    service_control: Option<Vec<Level>>,
    resource_control: Option<Vec<Level>>,
    resource: Vec<Attached>,
    identity: Vec<Attached>,
    boundary: Option<Attached>,
    session: Option<Vec<Attached>>,
    endpoint: Option<Attached>,
}

impl World {
    /// With these SCPs: a level from the root downwards, with the statements of its one policy.
    pub(super) fn service_control(mut self, levels: &[&str]) -> Self {
        self.service_control = Some(levels.iter().enumerate().map(level).collect());
        self
    }

    pub(super) fn resource_control(mut self, levels: &[&str]) -> Self {
        self.resource_control = Some(levels.iter().enumerate().map(level).collect());
        self
    }

    pub(super) fn resource(mut self, statements: &str) -> Self {
        self.resource.push(Attached::new("resource", document(statements)));
        self
    }

    pub(super) fn identity(mut self, statements: &str) -> Self {
        self.identity.push(Attached::new("identity", document(statements)));
        self
    }

    pub(super) fn identity_policy(mut self, attached: Attached) -> Self {
        self.identity.push(attached);
        self
    }

    pub(super) fn boundary(mut self, statements: &str) -> Self {
        self.boundary = Some(Attached::new("boundary", document(statements)));
        self
    }

    pub(super) fn unresolved_boundary(mut self) -> Self {
        self.boundary = Some(Attached::unreadable("boundary", "its document could not be read"));
        self
    }

    pub(super) fn session(mut self, statements: &str) -> Self {
        self.session = Some(vec![Attached::new("session", document(statements))]);
        self
    }

    pub(super) fn endpoint(mut self, statements: &str) -> Self {
        self.endpoint = Some(Attached::new("endpoint", document(statements)));
        self
    }

    pub(super) fn layers(&self) -> Layers<'_> {
        Layers {
            service_control: guardrails(self.service_control.as_deref()),
            resource_control: guardrails(self.resource_control.as_deref()),
            resource: &self.resource,
            identity: &self.identity,
            boundary: self.boundary.as_ref(),
            session: self.session.as_deref(),
            endpoint: self.endpoint.as_ref(),
        }
    }

    pub(super) fn answer_to(&self, request: &Request) -> Answer {
        let layers = self.layers();
        let answer = evaluate(request, &layers);
        assert_eq!(decide(request, &layers), answer.decision.truth(), "the two ways disagree");
        answer
    }

    pub(super) fn answer(&self, principal: &Principal, action: &str, resource: &str) -> Answer {
        self.answer_to(&Request::new(principal.clone(), action, resource, Context::auditor()))
    }

    pub(super) fn truth(&self, principal: &Principal, action: &str, resource: &str) -> Truth {
        self.answer(principal, action, resource).decision.truth()
    }

    /// How the request is denied.
    pub(super) fn denial(&self, principal: &Principal, action: &str, resource: &str) -> Denial {
        match self.answer(principal, action, resource).decision {
            Decision::Denied(denial) => denial,
            other => panic!("not denied: {other:?}"),
        }
    }
}

fn guardrails(levels: Option<&[Level]>) -> Guardrails<'_> {
    levels.map_or(Guardrails::NoOrganization, Guardrails::InForce)
}

fn level((number, statements): (usize, &&str)) -> Level {
    Level {
        id: format!("level-{number}").into(),
        policies: vec![Attached::new("guardrail", document(statements))],
    }
}
