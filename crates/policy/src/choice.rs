//! What the caller can achieve by choosing open values: tags that it sends, session names.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html>

use crate::answer::{Residual, Term};
use crate::condition::Condition;
use crate::context::{Context, Key, is_in_every_request, is_multivalued};
use crate::pattern::{Token, expand, template};
use crate::request::Request;
use crate::statement::{PrincipalEntry, Principals, Statement};
use crate::truth::Truth;
use crate::variable::{Piece, pieces};

/// Assignments tried before giving up.
const LIMIT: usize = 2048;

/// A value that no policy names.
const OTHER: &str = "any-7c1f0d52";

/// The names of the tags that a request carries.
const TAG_KEYS: &str = "aws:tagkeys";

/// A tag that a request carries.
const REQUEST_TAG: &str = "aws:requesttag/";

/// Something that the caller chooses, and what it may choose.
enum Choice {
    /// In lower case.
    Key(Box<str>, Vec<Key>),
    Session(Vec<Box<str>>),
}

impl Residual {
    /// The best result that the caller can achieve by choosing the keys that are [`Key::CallerChosen`] and the name of its role
    /// session. `True`: treat as allowed; `Depends`: the environment must fit too; `False`: the requirements contradict each
    /// other.
    ///
    /// The values tried are those that the conditions name, others, and none; a tag that is sent is among the names of the
    /// tags that are sent. Where there are too many to try them all, or variables in values leave too much open, it is `Unknown`
    /// at the least.
    pub fn by_choice(&self, request: &Request) -> Truth {
        let mut choices: Vec<Choice> = Vec::new();
        let mut is_whole = true;
        for term in self.terms() {
            is_whole &= add(&mut choices, term, request);
        }
        let mut left = LIMIT;
        let best = self.best(request, &choices, &choices, &mut left);
        if left == 0 || !is_whole { best.max(Truth::Unknown) } else { best }
    }

    /// `chosen`: everything that is chosen; `choices`: what of it is left.
    fn best(&self, request: &Request, chosen: &[Choice], choices: &[Choice], left: &mut usize) -> Truth {
        let Some((choice, rest)) = choices.split_first() else {
            *left = left.saturating_sub(1);
            return with_names_of_tags(request, chosen).map_or(Truth::False, |request| self.holds(&request));
        };
        let requests: Vec<Request> = match choice {
            Choice::Key(key, states) => {
                states.iter().map(|state| request.clone().choosing(key, state.clone())).collect()
            }
            Choice::Session(names) => names.iter().map(|name| request.clone().in_session(name)).collect(),
        };
        let mut best = Truth::False;
        for request in requests {
            if best == Truth::True || *left == 0 {
                break;
            }
            best = best.max(self.best(&request, chosen, rest, left));
        }
        best
    }
}

/// The request with the names of the tags that were chosen, where the names are chosen too. `None`: it is said to carry a
/// tag that it does not.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tagkeys>
fn with_names_of_tags(request: &Request, chosen: &[Choice]) -> Option<Request> {
    let keys = || {
        chosen.iter().filter_map(|choice| match choice {
            Choice::Key(key, _) => Some(&**key),
            Choice::Session(_) => None,
        })
    };
    if !keys().any(|key| key == TAG_KEYS) {
        return Some(request.clone());
    }
    let context = request.context();
    let mut names: Vec<Box<str>> = match context.get_lower(TAG_KEYS) {
        Key::Known { values, .. } => values.to_vec(),
        _ => Vec::new(),
    };
    let before = names.len();
    for (key, tag) in keys().filter_map(|key| Some((key, key.strip_prefix(REQUEST_TAG)?))) {
        // Names are compared without regard to case.
        let is_named = names.iter().any(|name| name.to_lowercase() == tag);
        match context.get_lower(key) {
            Key::Absent if is_named => return None,
            Key::Absent => {}
            _ if is_named => {}
            _ => names.push(tag.into()),
        }
    }
    if names.len() == before {
        return Some(request.clone());
    }
    Some(request.clone().choosing(TAG_KEYS, Key::Known { values: names.into(), multivalued: true }))
}

/// What a term has the caller choose. False: there may be more to choose than what was found.
fn add(choices: &mut Vec<Choice>, term: &Term, request: &Request) -> bool {
    let Some(condition) = term.condition() else {
        add_sessions(choices, term, request);
        return true;
    };
    let context = request.context();
    let is_chosen = |key: &str| context.get(key) == &Key::CallerChosen;
    if is_chosen(condition.key()) {
        let values = condition.values().filter_map(|value| meant(condition, value, context));
        add_key(choices, condition.key(), &values.flat_map(|value| satisfying(&value)).collect::<Vec<_>>());
    }
    let mut is_whole = true;
    for variable in condition.keys().skip(1).filter(|key| is_chosen(key)) {
        let wanted = wanted_of(condition, variable, context);
        is_whole &= wanted.is_some();
        add_key(choices, variable, &wanted.unwrap_or_default());
    }
    is_whole
}

/// A value with what its variables stand for; `None`: one of them is open, or stands for nothing.
fn meant(condition: &Condition, value: &str, context: &Context) -> Option<String> {
    if !condition.has_variables() {
        return Some(value.to_owned());
    }
    match expand(&template(value, false)?, context)? {
        (tokens, Truth::True) => {
            let units: Vec<u16> = tokens.iter().filter_map(Token::unit).collect();
            Some(String::from_utf16_lossy(&units))
        }
        _ => None,
    }
}

/// What a variable must stand for, so that the values that it is in are what the condition's own key has. `None`: its value
/// holds more than text around it, or text that is not the key's to the letter, so that there may be others.
fn wanted_of(condition: &Condition, variable: &str, context: &Context) -> Option<Vec<String>> {
    let Key::Known { values: own, .. } = context.get(condition.key()) else {
        // Chosen too, or open whatever this one is.
        return Some(Vec::new());
    };
    let is_it =
        |piece: &Piece<'_>| matches!(piece, Piece::Variable(other) if *other.key == *variable.to_lowercase());
    let mut wanted = Vec::new();
    for pieces in condition.values().filter_map(pieces).filter(|pieces| pieces.iter().any(is_it)) {
        let (before, after) = match &pieces[..] {
            [_] => ("", ""),
            [Piece::Plain(before), last] if is_it(last) => (*before, ""),
            [first, Piece::Plain(after)] if is_it(first) => ("", *after),
            [Piece::Plain(before), _, Piece::Plain(after)] => (*before, *after),
            _ => return None,
        };
        if [before, after].iter().any(|text| text.contains(['*', '?'])) {
            return None;
        }
        for text in own.iter() {
            wanted.push(text.strip_prefix(before)?.strip_suffix(after)?.to_owned());
        }
    }
    Some(wanted)
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

/// Values of a key.
fn add_key(choices: &mut Vec<Choice>, key: &str, values: &[String]) {
    let lower: Box<str> = key.to_lowercase().into();
    let more = states_of(&lower, values);
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
        best_in("2008-10-17", conditions)
    }

    fn best_in(version: &str, conditions: &[(&str, &str)]) -> Truth {
        let statements = conditions.iter().map(|(effect, condition)| {
            format!(r#"{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#)
        });
        let statements = statements.collect::<Vec<_>>().join(",");
        let text = format!(r#"{{"Version":"{version}","Statement":[{statements}]}}"#);
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

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    #[test]
    fn variables_are_what_they_stand_for() {
        for (key, value, wanted) in [
            ("aws:RequestTag/owner", "${aws:username}", True),
            ("aws:RequestTag/owner", "of-${aws:username}", True),
            ("aws:RequestTag/owner", "${aws:RequestTag/other}", True),
            ("aws:RequestTag/owner", "${aws:SourceVpc}", Depends),
            ("aws:username", "${aws:RequestTag/owner}", True),
            ("aws:username", "a${aws:RequestTag/owner}", True),
            ("aws:username", "${aws:RequestTag/owner}n", True),
            ("aws:username", "a${aws:RequestTag/owner}n", True),
            ("aws:username", "${aws:RequestTag/first}${aws:RequestTag/second}", Unknown),
        ] {
            let condition = format!(r#""StringEquals":{{"{key}":"{value}"}}"#);
            assert_eq!(best_in("2012-10-17", &[("Allow", &condition)]), wanted, "{condition}");
        }
        // Not to the letter, and perhaps all the same: it is not said to be as good as denied.
        let any_case = r#""StringEqualsIgnoreCase":{"aws:username":"A${aws:RequestTag/owner}"}"#;
        assert_eq!(best_in("2012-10-17", &[("Allow", any_case)]), Unknown);
        // Of the older version of the language they are no variables.
        let text = r#""StringEquals":{"aws:RequestTag/owner":"${aws:username}"}"#;
        assert_eq!(best(&[("Allow", text)]), True);
        let both = r#""StringEquals":{"aws:RequestTag/owner":"${aws:username}"},"StringLike":{"aws:RequestTag/owner":"ann"}"#;
        assert_eq!(best_in("2012-10-17", &[("Allow", both)]), True);
        assert_eq!(best(&[("Allow", both)]), False);
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

    /// "When multiple tags are passed in the request, there is one context key for each", and `aws:TagKeys` lists them.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tagkeys>
    #[test]
    fn tag_that_is_sent_is_among_the_names_of_tags() {
        for (condition, wanted) in [
            (r#""ForAllValues:StringEquals":{"aws:TagKeys":["env"]}"#, False),
            (r#""ForAllValues:StringEquals":{"aws:TagKeys":["env","team"]}"#, True),
            (r#""ForAllValues:StringEquals":{"aws:TagKeys":"Team"}"#, True),
            (r#""ForAnyValue:StringEquals":{"aws:TagKeys":["env"]}"#, True),
            (r#""Null":{"aws:TagKeys":"true"}"#, False),
            (r#""Null":{"aws:TagKeys":"false"}"#, True),
        ] {
            assert_eq!(best(&[("Allow", &format!("{TEAM},{condition}"))]), wanted, "{condition}");
        }
        let none = r#""Null":{"aws:RequestTag/team":"true"}"#;
        let named = r#""ForAnyValue:StringEquals":{"aws:TagKeys":["team"]}"#;
        assert_eq!(best(&[("Allow", &format!("{none},{named}"))]), False);
        assert_eq!(best(&[("Allow", none), ("Allow", named)]), True);
        // The tag may be named in another case than the condition's key.
        let other_case = r#""StringEquals":{"aws:RequestTag/Team":"a"},"ForAllValues:StringEquals":{"aws:TagKeys":"TEAM"}"#;
        assert_eq!(best(&[("Allow", other_case)]), True);
    }

    /// In whatever case the caller has written it.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>
    #[test]
    fn chosen_key_is_one_key_in_whatever_case() {
        let statement = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1","aws:RequestTag/Team":"a"}}}}"#;
        let identity = [Attached::new("p", Arc::new(Policy::parse(statement).unwrap()))];
        let user = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
        for key in ["aws:SourceVpce", "aws:sourcevpce", "AWS:SOURCEVPCE"] {
            let context = Context::auditor()
                .with_state(key, Key::CallerChosen)
                .with_state("aws:RequestTag/TEAM", Key::CallerChosen);
            let request = Request::new(user.clone(), "sqs:TagQueue", "*", context);
            let layers = Layers { identity: &identity, ..Layers::default() };
            let Decision::AllowedIf(residual) = evaluate(&request, &layers).decision else { panic!("{key}") };
            assert_eq!(residual.by_choice(&request), True, "{key}");
        }
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
