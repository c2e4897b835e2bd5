//! Requests that a statement is about: an action and a resource with something in the place of each wildcard.

use crate::arn::Arn;
use crate::layers::Attached;
use crate::pattern::MADE_UP;
use crate::statement::{Effect, Statement};

/// Requests taken from a principal's policies, at most.
const POWERS: usize = 512;
/// Requests taken from one statement, at most.
const OF_ONE: usize = 48;

/// Where a sampled request takes place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) partition: &'a str,
    pub(super) account: &'a str,
}

impl<'a> Place<'a> {
    pub(super) fn of(arn: &'a str) -> Self {
        Arn::read(arn).map_or(Self { partition: "aws", account: "" }, |arn| Self {
            partition: arn.partition,
            account: arn.account,
        })
    }

    /// A resource of an action's service, of which nothing but the service is said.
    pub(super) fn anything(self, action: &str) -> String {
        let service = action.split_once(':').map_or(MADE_UP, |(service, _)| service);
        let region = if matches!(service, "iam" | "sts" | "organizations") { "" } else { "us-east-1" };
        format!("arn:{}:{service}:{region}:{}:{MADE_UP}", self.partition, self.account)
    }

    pub(super) fn iam(self, kind: &str) -> String {
        format!("arn:{}:iam::{}:{kind}/{MADE_UP}", self.partition, self.account)
    }
}

/// Requests that the Allows of these policies are about.
pub(super) fn powers(policies: &[Attached], place: Place<'_>) -> Vec<(String, String)> {
    let mut powers = Vec::new();
    for statement in statements(policies).filter(|statement| statement.effect() == Effect::Allow) {
        let resources = resources(statement, place);
        let pairs = statement.sample_actions().into_iter().flat_map(|action| {
            let resources: Vec<String> =
                if resources.is_empty() { vec![place.anything(&action)] } else { resources.clone() };
            resources.into_iter().map(move |resource| (action.clone(), resource))
        });
        powers.extend(pairs.take(OF_ONE));
        if powers.len() >= POWERS {
            break;
        }
    }
    powers
}

/// Resources on which an action (in lower case) is worth asking for: where the statements of these policies that may have
/// it decide otherwise than elsewhere. Beside what they name, any resource of the service; if some of the service are
/// denied, any of the same type instead.
pub(super) fn places<'a>(
    policies: impl Iterator<Item = &'a Attached>,
    action: &str,
    place: Place<'_>,
) -> Vec<String> {
    let mut allowed = Vec::new();
    let mut denied = Vec::new();
    for statement in policies.flat_map(|attached| attached.policy.statements()) {
        if statement.may_have_action(action) {
            let named = resources(statement, place).into_iter();
            if statement.effect() == Effect::Allow {
                allowed.extend(named);
            } else {
                let service = action.split(':').next();
                let is_own = |name: &String| name.split(':').nth(2).is_some_and(|of| Some(of) == service);
                denied.extend(named.filter(is_own));
            }
        }
    }
    let mut places = if denied.is_empty() {
        vec![place.anything(action), "*".to_owned()]
    } else {
        denied.iter().filter_map(|name| sibling(name)).collect()
    };
    places.extend(allowed);
    places.extend(denied);
    places.truncate(POWERS);
    places
}

/// A resource of the same type with a made-up name.
fn sibling(arn: &str) -> Option<String> {
    let (fifth_colon, _) = arn.match_indices(':').nth(4)?;
    let (start, resource) = arn.split_at_checked(fifth_colon + 1)?;
    let end = resource.find(['/', ':']).map_or(0, |end| end + 1);
    Some(format!("{start}{}{MADE_UP}", resource.get(..end)?))
}

fn resources(statement: &Statement, place: Place<'_>) -> Vec<String> {
    statement.sample_resources(place.partition, place.account)
}

fn statements(policies: &[Attached]) -> impl Iterator<Item = &Statement> {
    policies.iter().flat_map(|attached| attached.policy.statements())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::policy::Policy;

    const HOME: Place<'static> = Place { partition: "aws", account: "111122223333" };

    fn attached(statements: &str) -> [Attached; 1] {
        let policy =
            Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap();
        [Attached::new("p", Arc::new(policy))]
    }

    #[test]
    fn powers_have_made_up_names_for_wildcards() {
        for (statement, wanted) in [
            (
                r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/?*"}"#,
                ("s3:getany-7c1f0d52", "arn:aws:s3:::b/xany-7c1f0d52"),
            ),
            (
                r#"{"Effect":"Allow","Action":"lambda:X","Resource":"arn:*:lambda:*:*:function:dev-*"}"#,
                ("lambda:x", "arn:aws:lambda:us-east-1:111122223333:function:dev-any-7c1f0d52"),
            ),
            (
                r#"{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}"#,
                ("any-7c1f0d52:any-7c1f0d52", "arn:aws:any-7c1f0d52:us-east-1:111122223333:any-7c1f0d52"),
            ),
        ] {
            let (action, resource) = wanted;
            assert_eq!(powers(&attached(statement), HOME), [(action.to_owned(), resource.to_owned())]);
        }
        assert!(powers(&attached(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#), HOME).is_empty());
    }

    #[test]
    fn where_some_of_a_type_are_denied_another_of_the_type_is_asked_for() {
        let policies = attached(
            r#"{"Effect":"Allow","Action":"*","Resource":"*"},
               {"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::secret"},
               {"Effect":"Deny","Action":"lambda:*","Resource":"arn:aws:lambda:*:*:function:prod"}"#,
        );
        let asked = |action| places(policies.iter(), action, HOME);
        assert_eq!(
            asked("lambda:createfunction"),
            [
                "arn:aws:lambda:us-east-1:111122223333:function:any-7c1f0d52",
                "arn:aws:lambda:us-east-1:111122223333:function:prod"
            ]
        );
        assert_eq!(asked("glue:createjob"), ["arn:aws:glue:us-east-1:111122223333:any-7c1f0d52", "*"]);
    }
}
