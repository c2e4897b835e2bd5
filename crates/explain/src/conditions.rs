//! The open conditions of an answer, and who controls them.

use orgsweep_policy::{Condition, Decision, Key, Request, Residual, Statement, Term, Truth};

/// Who decides whether a condition holds, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decider {
    /// Whoever asks: the tags it sends, the Region it goes to, the name it gives its session.
    Caller,
    /// The circumstances: the network, the second factor, what a provider vouches for.
    Environment,
    /// Facts that are not known: the tags of a resource, an account's organization.
    Unknown,
}

impl Decider {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Environment => "environment",
            Self::Unknown => "unknown",
        }
    }

    /// Of a part of what must hold.
    pub fn of(term: &Term, request: &Request) -> Self {
        if Residual::Term(Box::new(term.clone())).by_choice(request) == Truth::True {
            return Self::Caller;
        }
        term.condition().map_or(Self::Environment, |condition| Self::of_condition(condition, request))
    }

    /// Of a condition that may or may not hold: of several keys, its own and those of the variables in its values, the one that
    /// is the farthest from whoever asks.
    fn of_condition(condition: &Condition, request: &Request) -> Self {
        if condition.holds_in(request) == Truth::Unknown {
            return Self::Unknown;
        }
        let open = condition.keys().filter_map(|key| Self::of_key(request.context().get(key)));
        open.max().unwrap_or(Self::Unknown)
    }

    fn of_key(key: &Key) -> Option<Self> {
        match key {
            Key::CallerChosen => Some(Self::Caller),
            Key::Environment | Key::Present => Some(Self::Environment),
            Key::NotKnown => Some(Self::Unknown),
            Key::Known { .. } | Key::Absent => None,
        }
    }
}

/// The conditions of a statement that do not surely hold.
pub fn open_conditions<'a>(
    statement: Option<&'a Statement>,
    request: &'a Request,
) -> impl Iterator<Item = (Decider, &'a Condition)> {
    let conditions = statement.map(Statement::conditions).unwrap_or_default().iter();
    let open =
        conditions.filter(|condition| matches!(condition.holds_in(request), Truth::Depends | Truth::Unknown));
    open.map(|condition| (Decider::of_condition(condition, request), condition))
}

/// The decision of a conditional answer if the caller chooses in its favor; `None`: the answer is not conditional.
pub fn by_choice(decision: &Decision, request: &Request) -> Option<Truth> {
    match decision {
        Decision::AllowedIf(residual) => Some(residual.by_choice(request)),
        _ => None,
    }
}

/// The keys that make an answer unknown and that can be given.
pub fn undetermined_keys(decision: &Decision, request: &Request) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    let Decision::Unknown(doubts) = decision else { return keys };
    for doubt in doubts {
        let open = open_conditions(doubt.citation.statement(), request);
        let open = open.map(|(_, condition)| condition).filter(|condition| condition.is_understood());
        for key in open.flat_map(Condition::keys) {
            let is_unknown = matches!(request.context().get(key), Key::NotKnown);
            if is_unknown && !keys.iter().any(|known| known.eq_ignore_ascii_case(key)) {
                keys.push(key.to_owned());
            }
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orgsweep_policy::{Answer, Attached, Context, Layers, Policy, Principal, evaluate};

    use super::*;

    fn asked(conditions: &str) -> (Answer, Request) {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{{conditions}}}}}}}"#
        );
        let identity = [Attached::new("p", Arc::new(Policy::parse(&text).unwrap()))];
        let ann = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
        let queue = "arn:aws:sqs:us-east-1:111122223333:q";
        let request = Request::new(ann, "sqs:TagQueue", queue, Context::auditor());
        (evaluate(&request, &Layers { identity: &identity, ..Layers::default() }), request)
    }

    fn deciders(conditions: &str) -> Vec<&'static str> {
        let (answer, request) = asked(conditions);
        let Decision::AllowedIf(residual) = &answer.decision else { panic!("{answer:?}") };
        residual.terms().into_iter().map(|term| Decider::of(term, &request).word()).collect()
    }

    const TAG: &str = r#""StringEquals":{"aws:RequestTag/team":"a"}"#;

    #[test]
    fn who_decides_is_told_of_every_condition() {
        assert_eq!(deciders(TAG), ["caller"]);
        assert_eq!(deciders(r#""IpAddress":{"aws:SourceIp":"192.0.2.0/24"}"#), ["environment"]);
        let both = format!(r#"{TAG},"Bool":{{"aws:MultiFactorAuthPresent":"true"}}"#);
        assert_eq!(deciders(&both), ["caller", "environment"]);
        let (answer, request) = asked(&both);
        assert_eq!(by_choice(&answer.decision, &request), Some(Truth::Depends));
        // A contradiction is the caller's as well, and nothing that it can resolve.
        let never = format!(r#"{TAG},"StringNotEquals":{{"aws:RequestTag/team":"a"}}"#);
        assert_eq!(deciders(&never), ["caller", "caller"]);
        let (answer, request) = asked(&never);
        assert_eq!(by_choice(&answer.decision, &request), Some(Truth::False));
    }

    #[test]
    fn a_variable_decides_with_the_key_that_it_is_compared_to() {
        let owner = |value: &str| deciders(&format!(r#""StringEquals":{{"aws:ResourceAccount":"{value}"}}"#));
        assert_eq!(owner("${aws:SourceVpc}"), ["environment"]);
        assert_eq!(owner("${aws:RequestTag/account}"), ["caller"]);
        let both = r#""StringEquals":{"aws:RequestTag/team":"${aws:SourceVpc}"}"#;
        assert_eq!(deciders(both), ["environment"]);
        let (answer, request) =
            asked(r#""StringEquals":{"aws:ResourceAccount":"${aws:PrincipalTag/account}"}"#);
        assert_eq!(undetermined_keys(&answer.decision, &request), ["aws:PrincipalTag/account"]);
        let open =
            answer.evidence.iter().flat_map(|citation| open_conditions(citation.statement(), &request));
        assert_eq!(open.map(|(decider, _)| decider).collect::<Vec<_>>(), [Decider::Unknown]);
    }

    #[test]
    fn what_nobody_knows_can_be_said() {
        let (answer, request) = asked(r#""StringEquals":{"aws:PrincipalTag/team":"a","aws:SourceVpc":"v"}"#);
        assert_eq!(undetermined_keys(&answer.decision, &request), ["aws:PrincipalTag/team"]);
        let open: Vec<_> = answer
            .evidence
            .iter()
            .flat_map(|citation| open_conditions(citation.statement(), &request))
            .map(|(decider, condition)| (decider.word(), condition.key()))
            .collect();
        assert_eq!(open, [("unknown", "aws:PrincipalTag/team"), ("environment", "aws:SourceVpc")]);
        // An operator that nobody has heard of is not mended by a value.
        let (answer, request) = asked(r#""StringEqual":{"aws:PrincipalTag/team":"a"}"#);
        assert!(undetermined_keys(&answer.decision, &request).is_empty());
    }

    /// A request does not have the keys of other actions: what asks for one is decided.
    #[test]
    fn a_condition_on_a_key_of_another_action_is_not_open() {
        let (answer, request) = asked(r#""StringNotEquals":{"iam:PassedToService":"ec2.amazonaws.com"}"#);
        assert!(matches!(answer.decision, Decision::Allowed), "{answer:?}");
        let statement = answer.evidence[0].statement();
        assert!(statement.is_some_and(|statement| statement.conditions().len() == 1));
        assert_eq!(open_conditions(statement, &request).count(), 0);
    }
}
