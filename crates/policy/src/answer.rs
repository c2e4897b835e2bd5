//! The result of an evaluation, and the statements it is based on.

use std::fmt;

use crate::condition::Condition;
use crate::context::Key;
use crate::layers::Attached;
use crate::request::Request;
use crate::statement::{Part, Statement, View};
use crate::truth::Truth;

/// One kind of policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// SCPs at the level of this number, from 0 at the root.
    ServiceControl(usize),
    /// RCPs at the level of this number, from 0 at the root.
    ResourceControl(usize),
    /// The resource's policy.
    Resource,
    /// Identity policies.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// Session policies.
    Session,
    /// The VPC endpoint's policy.
    Endpoint,
}

impl fmt::Display for Layer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServiceControl(level) => write!(out, "service control policies at level {level}"),
            Self::ResourceControl(level) => write!(out, "resource control policies at level {level}"),
            Self::Resource => out.write_str("the resource's policy"),
            Self::Identity => out.write_str("identity policies"),
            Self::Boundary => out.write_str("the permissions boundary"),
            Self::Session => out.write_str("session policies"),
            Self::Endpoint => out.write_str("the VPC endpoint's policy"),
        }
    }
}

/// One statement of one policy in one layer.
#[derive(Clone, Debug)]
pub struct Citation {
    /// The layer.
    pub layer: Layer,
    /// The policy.
    pub attached: Attached,
    /// The statement's index in [`Policy::statements`](crate::Policy::statements), from 0.
    pub index: usize,
}

impl Citation {
    /// The statement.
    pub fn statement(&self) -> Option<&Statement> {
        self.attached.policy.statements().get(self.index)
    }
}

impl fmt::Display for Citation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}, statement {}", self.attached, self.index + 1)?;
        if let Some(sid) = self.statement().and_then(Statement::sid).filter(|sid| !sid.is_empty()) {
            write!(out, " ({sid})")?;
        }
        Ok(())
    }
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The decision.
    pub decision: Decision,
    /// The statements that support it. Denied: every Deny that certainly applies; none if nothing allows. Allowed: every Allow
    /// that certainly applies. Otherwise: every Allow that applies or may apply, and every Deny that may apply.
    pub evidence: Vec<Citation>,
}

/// The decision of one layer by itself.
#[derive(Clone, Debug)]
pub struct Step {
    /// The layer.
    pub layer: Layer,
    /// Whether one of its statements allows.
    pub allows: Truth,
    /// Whether one of its statements denies.
    pub denies: Truth,
    /// The statements that apply or may apply, with which of the two.
    pub statements: Vec<(Citation, Truth)>,
}

/// The decision on a request.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Allowed, regardless of what is unknown.
    Allowed,
    /// Allowed if this holds. Other ways that depend on a doubt may allow it too.
    AllowedIf(Residual),
    /// Denied, regardless of what is unknown.
    Denied(Denial),
    /// Unknown, for these reasons.
    Unknown(Vec<Doubt>),
}

impl Decision {
    /// Without the reasons.
    pub fn truth(&self) -> Truth {
        match self {
            Self::Allowed => Truth::True,
            Self::AllowedIf(_) => Truth::Depends,
            Self::Unknown(_) => Truth::Unknown,
            Self::Denied(_) => Truth::False,
        }
    }
}

/// How a request is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// A statement of this layer denies it; the evidence names it.
    Explicit(Layer),
    /// This layer must allow the request and does not.
    Implicit(Layer),
    /// AWS rejects it regardless of policies.
    ByDesign(&'static str),
}

impl fmt::Display for Denial {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Explicit(layer) => write!(out, "denied by a statement of {layer}"),
            Self::Implicit(layer) => write!(out, "not allowed by {layer}"),
            Self::ByDesign(reason) => out.write_str(reason),
        }
    }
}

/// A reason why a decision is unknown.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// The statement with the unknown effect.
    pub citation: Citation,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Doubt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.citation, self.reason)
    }
}

/// What must hold for a request to be allowed.
#[derive(Clone, Debug)]
pub enum Residual {
    /// This part of a statement.
    Term(Box<Term>),
    /// All of these.
    All(Vec<Residual>),
    /// At least one of these.
    Any(Vec<Residual>),
}

/// A part of a statement that must, or must not, match.
#[derive(Clone, Debug)]
pub struct Term {
    pub(crate) citation: Citation,
    pub(crate) part: Part,
    pub(crate) must_hold: bool,
    pub(crate) view: View,
}

impl Term {
    /// The statement that contains it: an Allow if the term must match, or a Deny that may block.
    pub fn citation(&self) -> &Citation {
        &self.citation
    }

    /// Whether it must match (or must not).
    pub fn must_hold(&self) -> bool {
        self.must_hold
    }

    /// The condition, if the term is one (it can also be a resource variable or a session name).
    pub fn condition(&self) -> Option<&Condition> {
        match self.part {
            Part::Condition(index) => self.citation.statement()?.conditions().get(index),
            _ => None,
        }
    }

    /// What a request's context knows about the condition's key, if the term is a condition.
    pub fn key_in<'a>(&self, request: &'a Request) -> Option<&'a Key> {
        self.condition().map(|condition| request.context().get(condition.key()))
    }

    /// Whether it holds in a request about which more is known.
    pub fn holds(&self, request: &Request) -> Truth {
        let judged =
            self.citation.statement().map(|statement| statement.judge(self.part, request, self.view));
        match judged {
            Some(truth) if self.must_hold => truth,
            Some(truth) => truth.negated(),
            None => Truth::Unknown,
        }
    }

    pub(crate) fn into_doubt(self, request: &Request) -> Doubt {
        let statement = self.citation.statement();
        let reason = statement.map(|statement| statement.doubt(self.part, request, self.view));
        Doubt { reason: reason.unwrap_or_default(), citation: self.citation }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.must_hold {
            out.write_str("not ")?;
        }
        match (self.part, self.condition()) {
            (_, Some(condition)) => write!(out, "{condition}"),
            (Part::Resource, _) => write!(out, "the resource of {}", self.citation),
            (Part::Principal, _) => write!(out, "the principal of {}", self.citation),
            _ => write!(out, "{}", self.citation),
        }
    }
}

impl Residual {
    /// Whether it holds in a request about which more is known.
    pub fn holds(&self, request: &Request) -> Truth {
        match self {
            Self::Term(term) => term.holds(request),
            Self::All(parts) => parts.iter().map(|part| part.holds(request)).min().unwrap_or(Truth::True),
            Self::Any(parts) => parts.iter().map(|part| part.holds(request)).max().unwrap_or(Truth::False),
        }
    }

    /// Every term, in the order of the layers.
    pub fn terms(&self) -> Vec<&Term> {
        match self {
            Self::Term(term) => vec![term],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::terms).collect(),
        }
    }
}

impl fmt::Display for Residual {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Self::Term(term) => return write!(out, "{term}"),
            Self::All(parts) => (parts, " and "),
            Self::Any(parts) => (parts, " or "),
        };
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                out.write_str(word)?;
            }
            match part {
                Self::Term(term) => write!(out, "{term}")?,
                other => write!(out, "({other})")?,
            }
        }
        Ok(())
    }
}
