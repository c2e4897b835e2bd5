//! What the caller's own choice can make of what is open: tags it sends, names it gives to its session.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html>

use crate::answer::{Residual, Term};
use crate::condition::Condition;
use crate::context::{Key, is_in_every_request, is_multivalued};
use crate::request::Request;
use crate::statement::{PrincipalEntry, Principals, Statement};
use crate::truth::Truth;

/// Assignments tried before giving up.
const LIMIT: usize = 2048;

/// A value that no policy names.
const OTHER: &str = "any-7c1f0d52";

/// Something that the caller chooses, and what it may choose.
enum Choice {
    Key(Box<str>, Vec<Key>),
    Session(Vec<Box<str>>),
}

impl Residual {
    /// The best that the caller of a request can make of it, by choosing the keys that are
    /// [`Key::CallerChosen`] and the name of its role's session: `True` is as good as allowed; `Depends` still needs
    /// circumstances; `False` says that what is asked for contradicts itself.
    ///
    /// The values tried are those that the conditions name, others, and none. Where there are too many to try them all,
    /// it is `Unknown` at the least.
    pub fn by_choice(&self, request: &Request) -> Truth {
        let mut choices: Vec<Choice> = Vec::new();
        for term in self.terms() {
            add(&mut choices, term, request);
        }
        let mut left = LIMIT;
        let best = self.best(request, &choices, &mut left);
        if left == 0 { best.max(Truth::Unknown) } else { best }
    }

    fn best(&self, request: &Request, choices: &[Choice], left: &mut usize) -> Truth {
        let Some((choice, rest)) = choices.split_first() else {
            *left = left.saturating_sub(1);
            return self.holds(request);
        };
        let requests: Vec<Request> = match choice {
            Choice::Key(key, states) => {
                states.iter().map(|state| request.clone().with_key(key, state.clone())).collect()
            }
            Choice::Session(names) => names.iter().map(|name| request.clone().in_session(name)).collect(),
        };
        let mut best = Truth::False;
        for request in requests {
            if best == Truth::True || *left == 0 {
                break;
            }
            best = best.max(self.best(&request, rest, left));
        }
        best
    }
}

fn add(choices: &mut Vec<Choice>, term: &Term, request: &Request) {
    match term.condition() {
        None => add_sessions(choices, term, request),
        Some(condition) if term.key_in(request) == Some(&Key::CallerChosen) => add_key(choices, condition),
        Some(_) => {}
    }
}

/// The sessions that the statement of a term names.
fn add_sessions(choices: &mut Vec<Choice>, term: &Term, request: &Request) {
    let principals = term.citation().statement().and_then(Statement::principals);
    let entries = principals.map(Principals::entries).unwrap_or_default();
    let sessions = entries.iter().filter_map(|entry| match entry {
        PrincipalEntry::Arn(arn) if request.principal().may_be_session(arn) => arn.rsplit_once('/'),
        _ => None,
    });
    let sessions: Vec<Box<str>> = sessions.map(|(_, name)| name.into()).collect();
    if sessions.is_empty() {
        return;
    }
    let known = choices.iter_mut().find_map(|choice| match choice {
        Choice::Session(known) => Some(known),
        Choice::Key(..) => None,
    });
    match known {
        Some(known) => known.extend(sessions),
        None => choices.push(Choice::Session([OTHER.into()].into_iter().chain(sessions).collect())),
    }
}

/// The values that a condition names.
fn add_key(choices: &mut Vec<Choice>, condition: &Condition) {
    let lower: Box<str> = condition.key().to_lowercase().into();
    let values: Vec<String> = condition.values().flat_map(satisfying).collect();
    let more = states_of(&lower, &values);
    let known = choices.iter_mut().find_map(|choice| match choice {
        Choice::Key(key, states) if *key == lower => Some(states),
        _ => None,
    });
    match known {
        Some(states) => states.extend(more),
        None => {
            let absent = (!is_in_every_request(&lower)).then_some(Key::Absent);
            let start = absent.into_iter().chain(states_of(&lower, &[OTHER.to_owned()]));
            choices.push(Choice::Key(lower, start.chain(more).collect()));
        }
    }
}

/// Texts that may match a value: itself, what its pattern matches, and its neighbours if it is a number.
fn satisfying(value: &str) -> Vec<String> {
    let mut texts = vec![value.replace('*', "").replace('?', "a")];
    if value.contains('*') {
        texts.push(value.replace('*', OTHER).replace('?', "a"));
    }
    if let Ok(number) = value.parse::<i64>() {
        texts.extend([number.saturating_sub(1).to_string(), number.saturating_add(1).to_string()]);
    }
    texts
}

fn states_of(key: &str, values: &[String]) -> Vec<Key> {
    let multivalued = is_multivalued(key);
    let boxed = |values: &[String]| values.iter().map(|value| value.as_str().into()).collect();
    let mut states: Vec<Key> = values
        .iter()
        .map(|value| Key::Known { values: boxed(std::slice::from_ref(value)), multivalued })
        .collect();
    if multivalued && values.len() > 1 {
        states.push(Key::Known { values: boxed(values), multivalued });
    }
    states
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::answer::Decision;
    use crate::context::Context;
    use crate::evaluate::evaluate;
    use crate::layers::{Attached, Layers};
    use crate::policy::Policy;
    use crate::request::Principal;
    use crate::truth::Truth::{Depends, False, True, Unknown};

    fn best(conditions: &[(&str, &str)]) -> Truth {
        let statements = conditions.iter().map(|(effect, condition)| {
            format!(r#"{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#)
        });
        let text = format!(r#"{{"Statement":[{}]}}"#, statements.collect::<Vec<_>>().join(","));
        let identity = [Attached::new("p", Arc::new(Policy::parse(&text).unwrap()))];
        let user = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
        let request = Request::new(user, "sqs:TagQueue", "*", Context::auditor());
        match evaluate(&request, &Layers { identity: &identity, ..Layers::default() }).decision {
            Decision::AllowedIf(residual) => residual.by_choice(&request),
            other => panic!("{other:?}"),
        }
    }

    const TEAM: &str = r#""StringEquals":{"aws:RequestTag/team":"a"}"#;

    #[test]
    fn what_the_caller_chooses_is_as_good_as_allowed() {
        for condition in [
            TEAM,
            r#""StringLike":{"aws:RequestTag/team":"a?*c"}"#,
            r#""StringNotEquals":{"aws:RequestTag/team":"a"}"#,
            r#""Null":{"aws:RequestTag/team":"true"}"#,
            r#""Null":{"aws:RequestTag/team":"false"}"#,
            r#""ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]},"Null":{"aws:TagKeys":"false"}"#,
            r#""ForAnyValue:StringEquals":{"aws:TagKeys":"a"}"#,
            r#""NumericLessThan":{"aws:RequestTag/number":"5"}"#,
            r#""NumericGreaterThan":{"aws:RequestTag/number":"5"}"#,
        ] {
            assert_eq!(best(&[("Allow", condition)]), True, "{condition}");
        }
    }

    #[test]
    fn circumstances_are_still_needed() {
        let office = r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#;
        assert_eq!(best(&[("Allow", office)]), Depends);
        assert_eq!(best(&[("Allow", &format!("{TEAM},{office}"))]), Depends);
        assert_eq!(best(&[("Allow", TEAM), ("Allow", office)]), True);
    }

    #[test]
    fn what_contradicts_itself_cannot_be_chosen() {
        assert_eq!(best(&[("Allow", TEAM), ("Deny", TEAM)]), False);
        let other = r#""StringNotEquals":{"aws:RequestTag/team":"b"}"#;
        assert_eq!(best(&[("Allow", TEAM), ("Deny", other)]), False);
        let pattern = r#""StringLike":{"aws:RequestTag/team":"team-*"}"#;
        assert_eq!(best(&[("Allow", pattern), ("Deny", pattern)]), False);
        // The pattern matches more than what is denied.
        let bare = r#""StringEquals":{"aws:RequestTag/team":"team-"}"#;
        assert_eq!(best(&[("Allow", pattern), ("Deny", bare)]), True);
    }

    #[test]
    fn too_many_choices_are_unknown_at_the_least() {
        let tests: Vec<_> = (0..12).map(|tag| format!(r#""aws:RequestTag/{tag}":["a","b","c"]"#)).collect();
        let wanted = format!(r#""StringEquals":{{{}}}"#, tests.join(","));
        assert_eq!(best(&[("Allow", &wanted)]), Unknown);
    }

    #[test]
    fn session_is_named_by_whoever_opens_it() {
        let trust = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*",
            "Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/ci/s"}}}"#;
        let resource = [Attached::new("p", Arc::new(Policy::parse(trust).unwrap()))];
        let role = Principal::iam("arn:aws:iam::111122223333:role/ci").unwrap();
        let request = Request::new(role, "sqs:SendMessage", "*", Context::auditor());
        match evaluate(&request, &Layers { resource: &resource, ..Layers::default() }).decision {
            Decision::AllowedIf(residual) => assert_eq!(residual.by_choice(&request), True),
            other => panic!("{other:?}"),
        }
    }
}
