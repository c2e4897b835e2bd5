//! What is in other accounts, of whose own policies nothing is known.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>

use super::actor::Evaluator;
use super::attempt::{Attempt, PolicyContext};
use std::sync::LazyLock;

use super::rules::{Bind, Need, RULES, Rule};
use super::shared::Accounts;
use crate::catalogue::Catalogue;
use crate::layers::Attached;
use crate::questions::requests::Place;

/// In the place of the policy that a resource of another account may have.
pub(super) static OF_ANOTHER_ACCOUNT: LazyLock<[Attached; 1]> = LazyLock::new(|| {
    [Attached::unreadable("the resource's policy", "it belongs to another account and is not known")]
});

/// The account in which something is that an actor acts on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site<'s> {
    pub(super) place: Place<'s>,
    /// If it is not the actor's account: how requests about what is there are asked for.
    pub(super) foreign: Option<PolicyContext>,
}

impl Site<'_> {
    /// Whether a resource is there, or belongs to no account.
    pub(super) fn has(&self, resource: &str) -> bool {
        let account = Place::of(resource).account;
        let is_nothing_here = self.foreign.is_some() && resource == "*";
        !is_nothing_here && (account == self.place.account || !is_account(account))
    }
}

impl<'m> Evaluator<'m> {
    /// The actor's own account.
    pub(super) fn home(&self) -> Site<'m> {
        Site { place: self.place, foreign: None }
    }

    /// Other accounts with roles that a workload may carry on which the actor acts by this rule, and by nothing else.
    pub(super) fn sites_abroad(&self, rule: &Rule, needs: &[Need]) -> Vec<Site<'m>> {
        if rule.trust.is_empty() || !may_be_let_in(needs) {
            return Vec::new();
        }
        let mut sites: Vec<Site<'m>> = Vec::new();
        for index in rule.trust.iter().flat_map(|service| self.map.carriers(*service)) {
            let Some(carrier) = self.map.roles.get(*index) else { continue };
            let is_known = |account: &str| sites.iter().any(|site| site.place.account == account);
            if carrier.place.account != self.place.account && !is_known(carrier.place.account) {
                sites
                    .push(Site { place: carrier.place, foreign: Some(PolicyContext::Foreign(Some(*index))) });
            }
        }
        sites
    }

    /// Accounts of others whose resources the policies name for a rule that has no target.
    pub(super) fn accounts_named(&self, rule: &Rule, needs: &[Need]) -> Accounts {
        if !rule.trust.is_empty() || !may_be_let_in(needs) {
            return Accounts::default();
        }
        let actions = || needs.iter().map(|need| need.action);
        self.shared_accounts(actions(), || {
            let places: Vec<Box<str>> = actions().flat_map(|action| self.places(action)).collect();
            let accounts = places.iter().map(|place| Place::of(place).account);
            let others = accounts.filter(|account| is_account(account) && *account != self.place.account);
            let mut others: Vec<Box<str>> = others.map(Box::from).collect();
            others.sort_unstable();
            others.dedup();
            others.into()
        })
    }

    /// Another account than the actor's.
    pub(super) fn abroad_in<'s>(&self, account: &'s str) -> Site<'s>
    where
        'm: 's,
    {
        let role = self.map.roles.iter().position(|role| role.place.account == account);
        let place = Place { partition: self.place.partition, account };
        Site { place, foreign: Some(PolicyContext::Foreign(role)) }
    }

    /// A request about what belongs to another account, if its own policy may let the actor in: one's own side decides, and
    /// what that policy says is not known. Of a service without such policies it stays denied.
    pub(super) fn let_in(&self, attempt: Attempt, policy_context: PolicyContext) -> Attempt {
        let resource = attempt.request.resource();
        let service = resource.split(':').nth(2).unwrap_or_default();
        if attempt.request.within_one_account() || !may_have_policies(service) {
            return attempt;
        }
        let mut let_in =
            self.settled_attempt(&self.start, attempt.request.action(), resource, policy_context);
        let policy = format!("whether the policy of {resource}, a resource of another account, allows it");
        let_in.lacking =
            Some(let_in.lacking.map_or(policy.clone(), |lacking| format!("{lacking}; {policy}")));
        let_in
    }
}

/// Whether all that a rule needs is to act on things whose policies may let in a principal of another account.
fn may_be_let_in(needs: &[Need]) -> bool {
    let service = |need: &Need| RULES.lower.get(need.action).and_then(|action| action.split(':').next());
    needs.iter().all(|need| need.bind == Bind::Somewhere && service(need).is_some_and(may_have_policies))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether resources of a service may have policies of their own, by AWS's table. IAM's are trust policies, which are known.
pub(super) fn may_have_policies(service: &str) -> bool {
    service != "iam" && Catalogue::get().has_resource_policies(service) != Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>
    #[test]
    fn services_with_policies_of_resources() {
        for service in ["s3", "sqs", "sns", "lambda", "kms", "secretsmanager", "ecr", "events", "glue"] {
            assert!(may_have_policies(service), "{service}");
        }
        for service in ["iam", "config", "account", "athena", "autoscaling"] {
            assert!(!may_have_policies(service), "{service}");
        }
    }
}
