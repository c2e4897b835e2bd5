//! Whether one document plainly grants every action on every resource. What is not plain is unknown, never "no".

use serde_json::{Map, Value as Json};

/// The answer, with what keeps it from being plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An Allow of `*` on `*` without a condition, and nothing in the document that takes away.
    Yes,
    /// No statement could amount to that.
    No,
    /// A statement might; the text says which and why.
    Unknown(String),
}

/// Looks at the text of a policy document.
///
/// `Yes` needs a statement with `Effect` Allow, an action `*` (or `*:*`) and a resource `*`, and neither
/// `Condition` nor a Deny beside it. A statement with a condition, with `NotAction` or `NotResource`, or with
/// elements that IAM does not know may or may not amount to it: `Unknown`. So is what cannot be parsed.
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
        match part(statement) {
            Part::Everything => plain = true,
            Part::Nothing => {}
            Part::Doubt(why) => {
                doubt.get_or_insert(format!("statement {}: {why}", index + 1));
            }
        }
    }
    let denies =
        one_or_many(statements).any(|statement| statement.get("Effect") == Some(&Json::from("Deny")));
    match (plain, denies, doubt) {
        (true, false, _) => Verdict::Yes,
        (true, true, _) => Verdict::Unknown("a Deny in the same document takes something away".to_owned()),
        (false, _, Some(why)) => Verdict::Unknown(why),
        (false, _, None) => Verdict::No,
    }
}

/// What one statement contributes.
enum Part {
    Everything,
    Nothing,
    Doubt(&'static str),
}

/// Elements of a statement of an identity policy.
const ELEMENTS: [&str; 7] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];

fn part(statement: &Map<String, Json>) -> Part {
    match statement.get("Effect").and_then(Json::as_str) {
        Some("Allow") => {}
        Some("Deny") => return Part::Nothing,
        _ => return Part::Doubt("its Effect is neither Allow nor Deny"),
    }
    if statement.keys().any(|element| !ELEMENTS.contains(&element.as_str())) {
        return Part::Doubt("it has an element that is not known");
    }
    let every_action = match (statement.get("Action"), statement.get("NotAction")) {
        (Some(actions), None) => {
            if one_or_many(actions).any(|action| !action.is_string()) {
                return Part::Doubt("its Action is not text");
            }
            one_or_many(actions).filter_map(Json::as_str).any(is_every_action)
        }
        (None, Some(_)) => return Part::Doubt("it allows everything but what NotAction names"),
        _ => return Part::Doubt("it has neither or both of Action and NotAction"),
    };
    if !every_action {
        return Part::Nothing;
    }
    let every_resource = match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(resources), None) => one_or_many(resources).filter_map(Json::as_str).any(is_only_stars),
        (None, Some(_)) => return Part::Doubt("it allows everything but what NotResource names"),
        _ => return Part::Doubt("it has neither or both of Resource and NotResource"),
    };
    if !every_resource {
        return Part::Doubt("it allows every action on some resources");
    }
    if statement.contains_key("Condition") {
        return Part::Doubt("it allows everything under a condition");
    }
    Part::Everything
}

/// `*`, `**`, `*:*`: every action of every service.
fn is_every_action(pattern: &str) -> bool {
    match pattern.split_once(':') {
        None => is_only_stars(pattern),
        Some((service, action)) => is_only_stars(service) && is_only_stars(action),
    }
}

fn is_only_stars(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*')
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
            r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b"}"#,
            r#"{"Effect":"Permit","Action":"*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Unless":"monday"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#,
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
    fn deep_nesting_does_not_overflow() {
        let document = "[".repeat(200_000);
        assert!(matches!(grants_everything(&document), Verdict::Unknown(_)));
    }
}
