//! Whether one document plainly grants every action on every resource. What is not plain is unknown, never "no".

use serde_json::{Map, Value as Json};

/// The answer, with what keeps it from being plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An Allow of `*` on `*` without a condition.
    Yes,
    /// No statement could amount to that.
    No,
    /// A statement might; the text says which and why.
    Unknown(String),
}

/// Looks at the text of a policy document, and at what it grants: a Deny, in this document or in another, takes
/// nothing away here. Ask [`denies_something`] whether there is one.
///
/// `Yes` needs a statement with `Effect` Allow, an action `*` (or `*:*`), a resource `*` and no `Condition`. A statement
/// with a condition, with `NotAction` or `NotResource`, with a pattern that has nothing but wildcards, or with elements
/// that IAM does not know may or may not amount to it: `Unknown`. So is what cannot be parsed. A statement that names
/// its actions or its resources does not amount to it, whatever else it says.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>
pub fn grants_everything(document: &str) -> Verdict {
    let parsed: Json = match serde_json::from_str(document) {
        Ok(parsed) => parsed,
        Err(error) => return Verdict::Unknown(format!("the document is not valid JSON: {error}")),
    };
    let Some(statements) = parsed.get("Statement") else {
        return Verdict::Unknown("the document has no Statement".to_owned());
    };
    let mut plain = false;
    let mut doubt = None;
    for (index, statement) in one_or_many(statements).enumerate() {
        let Some(statement) = statement.as_object() else {
            return Verdict::Unknown(format!("statement {} is not an object", index + 1));
        };
        match granted(statement) {
            Scope::Everything => plain = true,
            Scope::Less => {}
            Scope::Doubt(why) => {
                doubt.get_or_insert(format!("statement {}: {why}", index + 1));
            }
        }
    }
    match (plain, doubt) {
        (true, _) => Verdict::Yes,
        (false, Some(why)) => Verdict::Unknown(why),
        (false, None) => Verdict::No,
    }
}

/// Whether the document has a statement with `Effect` Deny. A document that cannot be parsed has none to show.
pub fn denies_something(document: &str) -> bool {
    let parsed: Json = serde_json::from_str(document).unwrap_or_default();
    parsed.get("Statement").is_some_and(|statements| {
        one_or_many(statements).any(|statement| statement.get("Effect") == Some(&Json::from("Deny")))
    })
}

/// How much a statement, its actions or its resources take in.
enum Scope {
    Everything,
    Less,
    Doubt(&'static str),
}

/// Elements of a statement of an identity policy.
const ELEMENTS: [&str; 7] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];

fn granted(statement: &Map<String, Json>) -> Scope {
    match statement.get("Effect").and_then(Json::as_str) {
        Some("Allow") => {}
        Some("Deny") => return Scope::Less,
        _ => return Scope::Doubt("its Effect is neither Allow nor Deny"),
    }
    match (actions(statement), resources(statement)) {
        (Scope::Less, _) | (_, Scope::Less) => Scope::Less,
        (Scope::Doubt(why), _) | (_, Scope::Doubt(why)) => Scope::Doubt(why),
        _ if statement.contains_key("Condition") => Scope::Doubt("it allows everything under a condition"),
        _ if statement.keys().any(|element| !ELEMENTS.contains(&element.as_str())) => {
            Scope::Doubt("it has an element that is not known")
        }
        _ => Scope::Everything,
    }
}

fn actions(statement: &Map<String, Json>) -> Scope {
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(actions), None) => widest(actions, "its Action is not text", action),
        (None, Some(_)) => Scope::Doubt("it allows everything but what NotAction names"),
        _ => Scope::Doubt("it has neither or both of Action and NotAction"),
    }
}

fn resources(statement: &Map<String, Json>) -> Scope {
    match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(resources), None) => widest(resources, "its Resource is not text", resource),
        (None, Some(_)) => Scope::Doubt("it allows everything but what NotResource names"),
        _ => Scope::Doubt("it has neither or both of Resource and NotResource"),
    }
}

/// The widest of one or many patterns.
fn widest(patterns: &Json, not_text: &'static str, judge: impl Fn(&str) -> Scope) -> Scope {
    let mut widest = Scope::Less;
    for pattern in one_or_many(patterns) {
        let Some(pattern) = pattern.as_str() else {
            return Scope::Doubt(not_text);
        };
        match (judge(pattern), &widest) {
            (Scope::Everything, _) => widest = Scope::Everything,
            (Scope::Doubt(why), Scope::Less) => widest = Scope::Doubt(why),
            _ => {}
        }
    }
    widest
}

/// `*`, `**` and `*:*` are every action of every service. `?*` or `*:?*` may be, and names nothing either.
fn action(pattern: &str) -> Scope {
    let everything = match pattern.split_once(':') {
        None => is_only(pattern, "*"),
        Some((service, action)) => is_only(service, "*") && is_only(action, "*"),
    };
    if everything {
        Scope::Everything
    } else if is_only(pattern, "*?:") {
        Scope::Doubt("its Action is a pattern of nothing but wildcards")
    } else {
        Scope::Less
    }
}

/// `*` is every resource. `*:*`, `arn:*` and `arn:aws:*` may be, and name nothing either.
fn resource(pattern: &str) -> Scope {
    // Behind `arn:` and the partition, if that is what it begins with.
    let rest = pattern.strip_prefix("arn:").map(|rest| rest.split_once(':').map_or(rest, |(_, rest)| rest));
    if is_only(pattern, "*") {
        Scope::Everything
    } else if is_only(rest.unwrap_or(pattern), "*?:") {
        Scope::Doubt("its Resource is a pattern of nothing but wildcards")
    } else {
        Scope::Less
    }
}

fn is_only(text: &str, characters: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| characters.contains(character))
}

fn one_or_many(value: &Json) -> impl Iterator<Item = &Json> {
    match value {
        Json::Array(many) => many.iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(text: &str) -> Verdict {
        grants_everything(&format!(r#"{{"Version":"2012-10-17","Statement":[{text}]}}"#))
    }

    #[test]
    fn everything_by_any_spelling() {
        for text in [
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":["s3:GetObject","*"],"Resource":["*"]}"#,
            r#"{"Effect":"Allow","Action":"*:*","Resource":"*"}"#,
            r#"{"Sid":"a","Effect":"Allow","Action":"**","Resource":["arn:aws:s3:::b","*"]}"#,
        ] {
            assert_eq!(statement(text), Verdict::Yes, "{text}");
        }
        let single = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        assert_eq!(grants_everything(single), Verdict::Yes);
    }

    #[test]
    fn less_than_everything() {
        for text in [
            r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#,
            r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{}}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":["arn:aws:s3:::*","arn:aws:iam::*:*"]}"#,
            r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"arn:aws:s3:::b"}"#,
            r#"{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::b"}"#,
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Unless":"monday"}"#,
            r#"{"Effect":"Allow","Action":["i?m:*","*:Get*"],"Resource":"*"}"#,
        ] {
            assert_eq!(statement(text), Verdict::No, "{text}");
        }
        assert_eq!(grants_everything(r#"{"Statement":[]}"#), Verdict::No);
    }

    #[test]
    fn what_is_not_plain_is_unknown() {
        for text in [
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}"#,
            r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::b"}"#,
            r#"{"Effect":"Permit","Action":"*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Unless":"monday"}"#,
            r#"{"Effect":"Allow","Action":"*:?*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"?*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":["s3:Get*","?*:*"],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"*:*"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"arn:*"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:*:*:*:*"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":["arn:aws:s3:::b",7]}"#,
            r#"{"Effect":"Allow","Action":7,"Resource":"*"}"#,
            r#""text""#,
        ] {
            assert!(matches!(statement(text), Verdict::Unknown(_)), "{text}: {:?}", statement(text));
        }
        for document in ["", "{", "[]", "{}", r#"{"statement":[]}"#] {
            assert!(matches!(grants_everything(document), Verdict::Unknown(_)), "{document}");
        }
    }

    #[test]
    fn a_deny_takes_nothing_away_and_is_told_apart() {
        let both = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
            {"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;
        assert_eq!(grants_everything(both), Verdict::Yes);
        assert!(denies_something(both));
        assert!(denies_something(r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#));
        for document in [r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#, "{}", "", "{"] {
            assert!(!denies_something(document), "{document}");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow() {
        let document = "[".repeat(200_000);
        assert!(matches!(grants_everything(&document), Verdict::Unknown(_)));
    }
}
