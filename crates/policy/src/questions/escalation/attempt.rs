//! A request that an actor may make, and the policies that it meets.

use std::sync::{Arc, OnceLock};

use super::chain::Member;
use super::found::EscalationStep;
use crate::request::Request;
use crate::truth::Truth;

/// Which policies a request meets beside those of the actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum PolicyContext {
    /// None.
    Own,
    /// The trust policy of the role at this place; `None` where the roles are not known.
    Trust(Option<usize>),
    /// The same, when the actor has written itself into it.
    Rewritten(Option<usize>),
    /// That of an owner who leaves it to the account.
    DelegatingOwner,
    /// The same in another account, whose RCPs are those of the role at this place, if one is known.
    Foreign(Option<usize>),
    /// That of a role, and none of the actor: a service, of this place, or another makes the request.
    Visitor(usize, Option<usize>),
    /// The trust policy of the role at this place, and those of another than the actor, who assumes it.
    Hop(Member, usize),
}

/// A request of a way with how it comes out.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) request: Request,
    pub(super) policy_context: PolicyContext,
    pub(super) truth: Truth,
    /// What is not known and would have to be so: which tags its resource has, or on what AWS checks it.
    pub(super) lacking: Option<String>,
    /// What must be done before: tags that are set.
    pub(super) first: Vec<Arc<Attempt>>,
    /// With its reasons, if they were wanted.
    pub(super) step: OnceLock<Arc<EscalationStep>>,
}

impl Attempt {
    /// How sure it is: what lacks something that would have to be known is less than what hangs on circumstances.
    pub(super) fn rank(&self) -> (bool, Truth) {
        (self.truth >= Truth::Depends && self.lacking.is_none(), self.truth)
    }

    pub(super) fn new(request: Request, policy_context: PolicyContext, truth: Truth) -> Self {
        Self { request, policy_context, truth, lacking: None, first: Vec::new(), step: OnceLock::new() }
    }
}

/// How actions that are bound to nothing come out.
#[derive(Clone, Debug, Default)]
pub(super) struct Unrestricted {
    /// One for each action and each of what it takes together.
    pub(super) attempts: Vec<Arc<Attempt>>,
    /// What is allowed of an action on some of what it takes together, and not on the rest.
    pub(super) lacking: Vec<String>,
}

impl Unrestricted {
    /// Whether something would have to be known.
    pub(super) fn lacks(&self) -> bool {
        !self.lacking.is_empty() || self.attempts.iter().any(|attempt| attempt.lacking.is_some())
    }
}
