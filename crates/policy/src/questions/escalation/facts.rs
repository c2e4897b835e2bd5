//! What a rule wants to be so besides its requests.

use super::actor::Evaluator;
use super::attempt::{Attempt, PolicyContext};
use super::targets::Target;
use std::sync::Arc;

use super::objects::Object;
use super::rules::{Fact, RULES, Rule};
use crate::truth::Truth;

impl<'m> Evaluator<'m> {
    /// Whether something is so that a rule wants, or may be; what is missing is noted, and what must be asked is asked.
    pub(super) fn fact(
        &self,
        rule: &Rule,
        fact: Fact,
        target: &mut Target<'m>,
        attempts: &mut Vec<Arc<Attempt>>,
    ) -> bool {
        let user = target.user.and_then(|index| self.map.users.get(index)).map(|user| user.facts);
        let target_role = target.role.and_then(|index| self.map.roles.get(index));
        let mut known = |what: &'static str, is: Option<bool>| {
            if is.is_none() && !target.missing.contains(&what) {
                target.missing.push(what);
            }
            is.unwrap_or(true)
        };
        let keys = "how many access keys the user has";
        let password = "whether the user has a console password";
        match fact {
            Fact::FreeKey => known(keys, user.and_then(|user| user.access_keys).map(|keys| keys < 2)),
            Fact::FullKeys => known(keys, user.and_then(|user| user.access_keys).map(|keys| keys >= 2)),
            Fact::InactiveKey => known(
                "whether the user has an inactive access key",
                user.and_then(|user| user.inactive_access_keys).map(|keys| keys > 0),
            ),
            Fact::Password => known(password, user.and_then(|user| user.password)),
            Fact::NoPassword => known(password, user.and_then(|user| user.password).map(|has| !has)),
            Fact::Management => {
                known("whether it is the management account", self.map.inventory.management_account)
            }
            Fact::SpareVersion => {
                let policy = target.policy.and_then(|arn| self.map.policies.get(arn));
                let versions = policy.and_then(|policy| policy.versions).map(<[_]>::len);
                known("how many versions the policy has", versions.map(|_| true));
                if let (Some(arn), Some(5..)) = (target.policy, versions) {
                    attempts.push(Arc::new(self.settled_attempt(
                        &self.start,
                        "iam:DeletePolicyVersion",
                        arn,
                        PolicyContext::Own,
                    )));
                }
                true
            }
            Fact::OrganizationRole => target_role.is_none_or(|role| {
                let name = role.facts.arn.rsplit('/').next();
                role.place.account != self.place.account
                    && matches!(name, Some("OrganizationAccountAccessRole" | "AWSControlTowerExecution"))
            }),
            Fact::TrustsOtherAccount => target_role.is_none_or(|role| {
                role.place.account != self.place.account && role.accounts.contains(&self.place.account)
            }),
            Fact::TrustsEveryone => target_role.is_none_or(|role| role.everyone),
            Fact::SelfOrAssumed => {
                if let Some(role) =
                    target_role.filter(|role| !(self.is_role() && self.is_actor(role.facts.arn)))
                {
                    let policy_context = PolicyContext::Trust(target.role);
                    attempts.push(Arc::new(self.settled_attempt(
                        &self.start,
                        "sts:AssumeRole",
                        role.facts.arn,
                        policy_context,
                    )));
                }
                true
            }
            Fact::EmrServiceRole => target_role.is_none() || self.emr_service_role(rule, attempts),
            // The aims are such.
            Fact::Dangling => true,
        }
    }

    /// Whether the account shows that there may be what a rule takes, if that is asked for.
    pub(super) fn has_sign(&self, rule: &Rule) -> bool {
        let Some(signs) = &rule.signs else { return true };
        let trusting = signs.iter().flat_map(|service| self.map.trusting(*service));
        let mut roles = trusting.filter_map(|trusting| self.map.roles.get(trusting.role));
        roles.any(|role| role.place.account == self.place.account)
    }

    /// An object that the actor may write and the role at this place may read.
    pub(super) fn written_for(&self, role: usize) -> Option<Arc<str>> {
        let write = RULES.write_object?;
        let known = self.shared_objects(write).and_then(|known| known.get(role));
        match known {
            Some(known) => known.get_or_init(|| self.find_written_for(write, role)).clone(),
            None => self.find_written_for(write, role),
        }
    }

    fn find_written_for(&self, write: usize, role: usize) -> Option<Arc<str>> {
        let reader = self.map.roles.get(role)?;
        // Nothing has a name that one may write and the other may read.
        if self.prunes && !self.may_meet(write, reader.readable()) {
            return None;
        }
        let written = self.memo.written.get_or_init(|| {
            let places = self.places(write).into_iter();
            places.filter(|object| self.may_write(write, object)).map(Object::new).collect()
        });
        if written.is_empty() {
            return None;
        }
        let read = reader.objects_read();
        let named = written.iter().find(|object| reader.reads(&object.name));
        if let Some(object) = named.or_else(|| read.iter().find(|object| self.may_write(write, &object.name)))
        {
            return Some(Arc::from(&*object.name));
        }
        let met = written
            .iter()
            .flat_map(|one| read.iter().flat_map(move |two| [one.joined(two), two.joined(one)]).flatten());
        let mut both = met.filter(|object| reader.reads(object) && self.may_write(write, object));
        both.next().map(Into::into)
    }

    /// Whether the actor may write an object. The same ones are looked at for many roles.
    fn may_write(&self, write: usize, object: &str) -> bool {
        if !self.may_name(write, object) {
            return false;
        }
        if let Some(known) = self.memo.writing.borrow().get(object) {
            return *known;
        }
        let may = self.may_on(write, object);
        self.memo.writing.borrow_mut().insert(object.into(), may);
        may
    }

    /// A role for the EMR service itself is passed besides.
    fn emr_service_role(&self, rule: &Rule, attempts: &mut Vec<Arc<Attempt>>) -> bool {
        let emr = RULES.services.iter().position(|service| service.name == "elasticmapreduce.amazonaws.com");
        let Some(emr) = emr else { return false };
        let passing = self.passing(emr, rule.passed_to_unconfirmed);
        let passed = self.map.trusting(emr).iter().filter_map(|trusting| {
            let passed = self.map.roles.get(trusting.role)?;
            let mut attempt =
                self.settled_attempt(passing, "iam:PassRole", passed.facts.arn, PolicyContext::Own);
            attempt.truth = attempt.truth.min(trusting.trust);
            Some((attempt.truth, Arc::new(attempt)))
        });
        let best = passed.max_by_key(|(truth, _)| *truth).map(|(_, attempt)| attempt);
        let found = best.as_ref().is_some_and(|attempt| attempt.truth != Truth::False);
        attempts.extend(best);
        found
    }
}
