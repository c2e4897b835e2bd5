//! IAM policies as far as this world needs them: actions, resources, AWS principals, and the conditions that the
//! policies of an auditor use.

use serde_json::Value as Json;

/// What a document says to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// Explicitly.
    Denied,
    /// Nothing.
    Silent,
}

/// A condition key's value in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Is(String),
    Absent,
    /// This world does not know the key.
    Unknown,
}

/// A question to a document.
pub struct Question<'a> {
    /// `service:Action`.
    pub action: &'a str,
    pub resource: &'a str,
    /// Values of condition keys; asked in lower case.
    pub keys: &'a dyn Fn(&str) -> Value,
}

/// A policy document, parsed once.
#[derive(Clone, Debug, Default)]
pub struct Document {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
struct Statement {
    denies: bool,
    /// In lower case.
    actions: Named,
    resources: Named,
    /// Of `Principal.AWS`.
    principals: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug)]
enum Named {
    OneOf(Vec<String>),
    NoneOf(Vec<String>),
}

#[derive(Clone, Debug)]
struct Condition {
    operator: String,
    key: String,
    values: Vec<String>,
}

impl Document {
    /// What does not parse says nothing.
    pub fn parse(text: &str) -> Self {
        let parsed: Json = serde_json::from_str(text).unwrap_or_default();
        let has_effect = |statement: &&Json| statement["Effect"] == "Allow" || statement["Effect"] == "Deny";
        let statements = one_or_many(&parsed["Statement"]).filter(has_effect).map(Statement::of).collect();
        Self { statements }
    }

    /// As an identity's policy, or as a session policy.
    pub fn decide(&self, question: &Question<'_>) -> Verdict {
        self.verdict(question, |statement| {
            let resource = |pattern: &str| matches(&with_variables(pattern, question), question.resource);
            statement.resources.names(resource)
        })
    }

    /// As a role's trust policy: a principal that stands for the caller must be named.
    pub fn trusts(&self, question: &Question<'_>, stands_for_caller: impl Fn(&str) -> bool) -> Verdict {
        self.verdict(question, |statement| {
            statement.principals.iter().any(|principal| stands_for_caller(principal))
        })
    }

    fn verdict(&self, question: &Question<'_>, concerns: impl Fn(&Statement) -> bool) -> Verdict {
        let action = question.action.to_ascii_lowercase();
        let mut verdict = Verdict::Silent;
        for statement in &self.statements {
            if !statement.actions.names(|pattern| matches(pattern, &action)) || !concerns(statement) {
                continue;
            }
            let held: Vec<Option<bool>> =
                statement.conditions.iter().map(|condition| condition.holds(question)).collect();
            if statement.denies {
                // What cannot be decided here is taken as met: nothing is allowed by mistake.
                if !held.contains(&Some(false)) {
                    return Verdict::Denied;
                }
            } else if held.iter().all(|one| *one == Some(true)) {
                verdict = Verdict::Allowed;
            }
        }
        verdict
    }
}

impl Statement {
    fn of(json: &Json) -> Self {
        let actions = match json.get("NotAction") {
            Some(excepted) => Named::NoneOf(lower(&texts(excepted))),
            None => Named::OneOf(lower(&texts(&json["Action"]))),
        };
        let resources = match json.get("NotResource") {
            Some(excepted) => Named::NoneOf(texts(excepted)),
            None => Named::OneOf(texts(&json["Resource"])),
        };
        let principals = match &json["Principal"] {
            Json::String(all) => vec![all.clone()],
            named => texts(&named["AWS"]),
        };
        let operators = json["Condition"].as_object().into_iter().flatten();
        let conditions = operators.flat_map(|(operator, keys)| {
            keys.as_object().into_iter().flatten().map(move |(key, values)| Condition {
                operator: operator.clone(),
                key: key.to_ascii_lowercase(),
                values: texts(values),
            })
        });
        Self {
            denies: json["Effect"] == "Deny",
            actions,
            resources,
            principals,
            conditions: conditions.collect(),
        }
    }
}

impl Named {
    fn names(&self, is_meant: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::OneOf(patterns) => patterns.iter().any(|pattern| is_meant(pattern)),
            Self::NoneOf(patterns) => !patterns.iter().any(|pattern| is_meant(pattern)),
        }
    }
}

impl Condition {
    /// `None`: this world cannot tell.
    fn holds(&self, question: &Question<'_>) -> Option<bool> {
        let (operator, if_exists) = match self.operator.strip_suffix("IfExists") {
            Some(operator) => (operator, true),
            None => (self.operator.as_str(), false),
        };
        let like = match operator {
            "StringEquals" => false,
            "StringLike" | "ArnEquals" | "ArnLike" => true,
            _ => return None,
        };
        match (question.keys)(&self.key) {
            Value::Unknown => None,
            Value::Absent => Some(if_exists),
            Value::Is(value) => Some(self.values.iter().any(|wanted| {
                let wanted = with_variables(wanted, question);
                if like { matches(&wanted, &value) } else { wanted == value }
            })),
        }
    }
}

/// `${aws:PrincipalOrgID}` and the like, filled in. A variable without a value matches nothing.
fn with_variables(text: &str, question: &Question<'_>) -> String {
    let mut rest = text;
    let mut filled = String::new();
    while let Some((before, (name, after))) =
        rest.split_once("${").and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        filled.push_str(before);
        match (question.keys)(&name.to_ascii_lowercase()) {
            Value::Is(value) => filled.push_str(&value),
            Value::Absent | Value::Unknown => filled.push('\0'),
        }
        rest = after;
    }
    filled + rest
}

fn one_or_many(value: &Json) -> impl Iterator<Item = &Json> {
    match value {
        Json::Array(many) => many.iter(),
        Json::Null => [].iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

fn texts(value: &Json) -> Vec<String> {
    one_or_many(value).filter_map(Json::as_str).map(str::to_owned).collect()
}

fn lower(patterns: &[String]) -> Vec<String> {
    patterns.iter().map(|pattern| pattern.to_ascii_lowercase()).collect()
}

/// `*` is any run of characters, `?` any one. Goes back to the last `*` only, so it takes no longer than the product
/// of the lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut position) = (0, 0);
    let mut last_star = None;
    while position < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                last_star = Some((at, position));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[position] => {
                at += 1;
                position += 1;
            }
            _ => {
                let Some((star, start)) = last_star else {
                    return false;
                };
                last_star = Some((star, start + 1));
                at = star + 1;
                position = start + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(document: &str, action: &str, resource: &str) -> Verdict {
        let keys = |key: &str| match key {
            "aws:principalorgid" | "aws:resourceorgid" => Value::Is("o-1".to_owned()),
            "aws:principalarn" => Value::Is("arn:aws:iam::1:role/x/Hub".to_owned()),
            "sts:externalid" => Value::Absent,
            _ => Value::Unknown,
        };
        Document::parse(document).decide(&Question { action, resource, keys: &keys })
    }

    #[test]
    fn patterns() {
        for (pattern, text, wanted) in [
            ("*", "iam:listroles", true),
            ("iam:*", "iam:listroles", true),
            ("iam:list*", "iam:getrole", false),
            ("iam:*roles", "iam:listroles", true),
            ("iam:listroles", "iam:listroles", true),
            ("iam:listroles", "iam:listrolestags", false),
            ("i*:*s", "iam:listroles", true),
            ("iam:list?oles", "iam:listroles", true),
            ("iam:list?", "iam:list", false),
            ("", "", true),
            ("**a*", "bab", true),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn a_deny_wins_and_nothing_is_allowed_by_what_does_not_parse() {
        let document = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
            {"Effect":"Deny","Action":"iam:ListRoles","Resource":"*"}]}"#;
        assert_eq!(decide(document, "iam:GetRole", "*"), Verdict::Allowed);
        assert_eq!(decide(document, "iam:ListRoles", "*"), Verdict::Denied);
        assert_eq!(decide("not json", "iam:GetRole", "*"), Verdict::Silent);
        let not = r#"{"Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}"#;
        assert_eq!(decide(not, "iam:GetRole", "*"), Verdict::Silent);
        assert_eq!(decide(not, "sts:AssumeRole", "*"), Verdict::Allowed);
    }

    #[test]
    fn resources_are_looked_at() {
        let document =
            r#"{"Statement":{"Effect":"Allow","Action":"sts:*","Resource":"arn:aws:iam::*:role/a/Audit"}}"#;
        assert_eq!(decide(document, "sts:AssumeRole", "arn:aws:iam::123:role/a/Audit"), Verdict::Allowed);
        assert_eq!(decide(document, "sts:AssumeRole", "arn:aws:iam::123:role/a/Other"), Verdict::Silent);
        assert_eq!(decide(document, "sts:AssumeRole", "*"), Verdict::Silent);
    }

    #[test]
    fn conditions_are_met_unmet_or_beyond_this_world() {
        let with = |effect: &str, condition: &str| {
            let document = format!(
                r#"{{"Statement":{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{condition}}}}}"#
            );
            decide(&document, "iam:ListRoles", "*")
        };
        for (condition, allow, deny) in [
            (
                r#"{"StringEquals":{"aws:ResourceOrgID":"${aws:PrincipalOrgID}"}}"#,
                Verdict::Allowed,
                Verdict::Denied,
            ),
            (r#"{"StringEquals":{"aws:PrincipalOrgID":["o-2","o-1"]}}"#, Verdict::Allowed, Verdict::Denied),
            (
                r#"{"StringEquals":{"aws:PrincipalOrgID":"${sts:ExternalId}"}}"#,
                Verdict::Silent,
                Verdict::Silent,
            ),
            (
                r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::1:role/*"}}"#,
                Verdict::Allowed,
                Verdict::Denied,
            ),
            (r#"{"StringEquals":{"sts:ExternalId":"x"}}"#, Verdict::Silent, Verdict::Silent),
            (r#"{"StringEqualsIfExists":{"sts:ExternalId":"x"}}"#, Verdict::Allowed, Verdict::Denied),
            (r#"{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}"#, Verdict::Silent, Verdict::Denied),
            (r#"{"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#, Verdict::Silent, Verdict::Denied),
        ] {
            assert_eq!((with("Allow", condition), with("Deny", condition)), (allow, deny), "{condition}");
        }
    }

    #[test]
    fn a_trust_policy_names_who_and_what() {
        let document = Document::parse(
            r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},
                "Action":["sts:AssumeRole","sts:TagSession"]},
                {"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"*"}]}"#,
        );
        let trusts = |action, caller: &str| {
            let question = Question { action, resource: "", keys: &|_| Value::Absent };
            document.trusts(&question, |principal| principal == caller)
        };
        assert_eq!(trusts("sts:AssumeRole", "arn:aws:iam::1:root"), Verdict::Allowed);
        assert_eq!(trusts("sts:SetSourceIdentity", "arn:aws:iam::1:root"), Verdict::Silent);
        assert_eq!(trusts("sts:AssumeRole", "arn:aws:iam::2:root"), Verdict::Silent);
        assert_eq!(trusts("sts:AssumeRole", "ec2.amazonaws.com"), Verdict::Silent);
    }
}
