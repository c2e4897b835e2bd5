//! From text to a typed document. What is not JSON, or has another JSON type than the grammar says, is an error with
//! its place; what is only unheard of (an element, an effect, a version) is kept, and judged when the policy is compiled.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

mod json;

use std::fmt;

use crate::document::{Block, Comparison, Document, PrincipalText, Scalar, Texts, Written};
use crate::position::{Lines, Position};

#[cfg(test)]
pub(crate) use json::read;
pub(crate) use json::{Json, Member, Node};

/// Why a text is not a policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    position: Position,
    problem: String,
}

impl ParseError {
    /// Where the text stops being a policy document.
    pub fn position(&self) -> Position {
        self.position
    }

    /// What is wrong there.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.position, self.problem)
    }
}

impl std::error::Error for ParseError {}

/// Reads a document.
pub(crate) fn document(text: &str) -> Result<Document, ParseError> {
    let lines = Lines::of(text);
    let reader = Reader { lines: &lines };
    json::read(text)
        .and_then(|root| reader.document(root))
        .map_err(|(offset, problem)| ParseError { position: lines.position(offset), problem })
}

type Read<T> = Result<T, json::Fault>;

struct Reader<'a> {
    lines: &'a Lines,
}

impl Reader<'_> {
    fn document(&self, root: Node) -> Read<Document> {
        let start = root.offset;
        let mut version = None;
        let mut id = None;
        let mut statement: Option<(bool, Vec<Written>)> = None;
        let mut others = Vec::new();
        for member in object(root, "a policy document")? {
            match member.name.as_str() {
                "Version" if version.is_none() => version = Some(text(member.node, "Version")?),
                "Id" if id.is_none() => id = Some(text(member.node, "Id")?),
                "Statement" if statement.is_none() => statement = Some(self.statements(member.node)?),
                _ => others.push(member),
            }
        }
        let (single, statements) = statement.ok_or((start, "the document has no Statement".to_owned()))?;
        Ok(Document { version, id, statements, single, others })
    }

    fn statements(&self, node: Node) -> Read<(bool, Vec<Written>)> {
        match node.value {
            Json::List(nodes) => {
                let statements = nodes.into_iter().map(|node| self.statement(node)).collect::<Read<_>>()?;
                Ok((false, statements))
            }
            _ => Ok((true, vec![self.statement(node)?])),
        }
    }

    fn statement(&self, node: Node) -> Read<Written> {
        let mut written = Written {
            position: self.lines.position(node.offset),
            sid: None,
            effect: None,
            principal: None,
            not_principal: None,
            action: None,
            not_action: None,
            resource: None,
            not_resource: None,
            condition: None,
            others: Vec::new(),
        };
        for member in object(node, "a statement")? {
            let node = member.node;
            match member.name.as_str() {
                "Sid" if written.sid.is_none() => written.sid = Some(text(node, "Sid")?),
                "Effect" if written.effect.is_none() => written.effect = Some(text(node, "Effect")?),
                "Principal" if written.principal.is_none() => written.principal = Some(principal(node)?),
                "NotPrincipal" if written.not_principal.is_none() => {
                    written.not_principal = Some(principal(node)?);
                }
                "Action" if written.action.is_none() => written.action = Some(texts(node, "Action")?),
                "NotAction" if written.not_action.is_none() => {
                    written.not_action = Some(texts(node, "NotAction")?);
                }
                "Resource" if written.resource.is_none() => {
                    written.resource = Some(texts(node, "Resource")?);
                }
                "NotResource" if written.not_resource.is_none() => {
                    written.not_resource = Some(texts(node, "NotResource")?);
                }
                "Condition" if written.condition.is_none() => {
                    written.condition = Some(self.condition(node)?);
                }
                _ => written.others.push(Member { offset: member.offset, name: member.name, node }),
            }
        }
        Ok(written)
    }

    fn condition(&self, node: Node) -> Read<Vec<Block>> {
        let blocks = object(node, "Condition")?.into_iter();
        blocks
            .map(|block| {
                let tests = object(block.node, "a condition's operator")?.into_iter();
                let tests = tests.map(|test| self.comparison(test)).collect::<Read<_>>()?;
                Ok(Block { operator: block.name, tests })
            })
            .collect()
    }

    fn comparison(&self, member: Member) -> Read<Comparison> {
        let position = self.lines.position(member.offset);
        let (single, values) = match member.node.value {
            Json::List(nodes) => (false, nodes.into_iter().map(scalar).collect::<Read<_>>()?),
            _ => (true, vec![scalar(member.node)?]),
        };
        Ok(Comparison { position, key: member.name, single, values })
    }
}

fn object(node: Node, what: &str) -> Read<Vec<Member>> {
    match node.value {
        Json::Object(members) => Ok(members),
        _ => Err((node.offset, format!("{what} must be an object"))),
    }
}

/// "Quotation marks are optional for numeric and Boolean values": a number and a Boolean are the text that they are.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html#policies-grammar-json>
fn unquoted(value: Json) -> Option<String> {
    match value {
        Json::Text(text) | Json::Number(text) => Some(text),
        Json::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn text(node: Node, what: &str) -> Read<String> {
    let offset = node.offset;
    unquoted(node.value).ok_or_else(|| (offset, format!("{what} must be text")))
}

fn texts(node: Node, what: &str) -> Read<Texts> {
    let offset = node.offset;
    match node.value {
        Json::List(nodes) => {
            let texts = nodes.into_iter().map(|node| text(node, what)).collect::<Read<_>>()?;
            Ok(Texts { single: false, texts })
        }
        value => match unquoted(value) {
            Some(text) => Ok(Texts { single: true, texts: vec![text] }),
            None => Err((offset, format!("{what} must be text or a list of texts"))),
        },
    }
}

fn principal(node: Node) -> Read<PrincipalText> {
    match node.value {
        Json::Text(text) if text == "*" => Ok(PrincipalText::Everyone),
        Json::Object(members) => {
            let kinds =
                members.into_iter().map(|member| Ok((member.name, texts(member.node, "a principal")?)));
            Ok(PrincipalText::Kinds(kinds.collect::<Read<_>>()?))
        }
        _ => Err((node.offset, "a principal must be \"*\" or an object".to_owned())),
    }
}

fn scalar(node: Node) -> Read<Scalar> {
    match node.value {
        Json::Text(text) => Ok(Scalar::Text(text)),
        Json::Number(text) => Ok(Scalar::Number(text)),
        Json::Bool(value) => Ok(Scalar::Bool(value)),
        _ => Err((node.offset, "a condition's value must be text, a number or a Boolean".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::document;

    fn fault(text: &str) -> String {
        document(text).unwrap_err().to_string()
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
    #[test]
    fn malformed_documents_say_what_and_where() {
        for (text, wanted) in [
            ("", "line 1 column 1: the document ends where a value is expected"),
            ("{\n  \"Statement\": [\n    {,\n", "line 3 column 6: expected a name in double quotes"),
            ("[]", "line 1 column 1: a policy document must be an object"),
            (" {}", "line 1 column 2: the document has no Statement"),
            (r#"{"statement":[]}"#, "line 1 column 1: the document has no Statement"),
            (r#"{"Version":[],"Statement":[]}"#, "line 1 column 12: Version must be text"),
            (r#"{"Statement":"x"}"#, "line 1 column 14: a statement must be an object"),
            ("{\"Statement\":[{},\n7]}", "line 2 column 1: a statement must be an object"),
            (r#"{"Statement":{"Sid":{}}}"#, "line 1 column 21: Sid must be text"),
            (r#"{"Statement":{"Effect":[]}}"#, "line 1 column 24: Effect must be text"),
            (r#"{"Statement":{"Action":{}}}"#, "line 1 column 24: Action must be text or a list of texts"),
            (r#"{"Statement":{"NotAction":["a",{}]}}"#, "line 1 column 32: NotAction must be text"),
            (
                r#"{"Statement":{"Resource":null}}"#,
                "line 1 column 26: Resource must be text or a list of texts",
            ),
            (r#"{"Statement":{"NotResource":[[]]}}"#, "line 1 column 30: NotResource must be text"),
            (
                r#"{"Statement":{"Principal":"123456789012"}}"#,
                "line 1 column 27: a principal must be \"*\" or an object",
            ),
            (
                r#"{"Statement":{"NotPrincipal":{"AWS":null}}}"#,
                "line 1 column 37: a principal must be text or a list of texts",
            ),
            (r#"{"Statement":{"Condition":[]}}"#, "line 1 column 27: Condition must be an object"),
            (
                r#"{"Statement":{"Condition":{"Bool":7}}}"#,
                "line 1 column 35: a condition's operator must be an object",
            ),
            (
                r#"{"Statement":{"Condition":{"Bool":{"a":null}}}}"#,
                "line 1 column 40: a condition's value must be text, a number or a Boolean",
            ),
        ] {
            assert_eq!(fault(text), wanted, "{text}");
        }
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html>
    #[test]
    fn statement_is_an_object_or_a_list_and_every_text_may_be_a_list() {
        let one = document(r#"{"Statement":{"Action":"a:b","Resource":["c","d"]}}"#).unwrap();
        assert!(one.single);
        let statement = &one.statements[0];
        let lists =
            [&statement.action, &statement.resource].map(|texts| texts.as_ref().unwrap().texts.clone());
        assert_eq!(lists, [vec!["a:b".to_owned()], vec!["c".to_owned(), "d".to_owned()]]);
        assert_eq!(document(r#"{"Statement":[]}"#).unwrap().statements.len(), 0);
    }

    /// "Quotation marks are optional for numeric and Boolean values."
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html#policies-grammar-json>
    #[test]
    fn number_or_boolean_without_quotation_marks_is_its_text() {
        let text = r#"{"Version":2012,"Id":7,"Statement":{"Sid":1,"Effect":true,"Action":[5,"a:b"],"Resource":false,
            "Principal":{"AWS":111122223333},"Condition":{"NumericEquals":{"a:b":[1,"2"]}}}}"#;
        let document = document(text).unwrap();
        assert_eq!((document.version.as_deref(), document.id.as_deref()), (Some("2012"), Some("7")));
        let statement = &document.statements[0];
        assert_eq!((statement.sid.as_deref(), statement.effect.as_deref()), (Some("1"), Some("true")));
        let lists =
            [&statement.action, &statement.resource].map(|texts| texts.as_ref().unwrap().texts.clone());
        assert_eq!(lists, [vec!["5".to_owned(), "a:b".to_owned()], vec!["false".to_owned()]]);
        let many = document_of(r#"{"AWS":[111122223333,"444455556666"]}"#);
        assert_eq!(many, ["111122223333", "444455556666"]);
        assert_eq!(document_of(r#"{"AWS":111122223333}"#), ["111122223333"]);
    }

    fn document_of(principal: &str) -> Vec<String> {
        let document = document(&format!(r#"{{"Statement":{{"Principal":{principal}}}}}"#)).unwrap();
        match document.statements[0].principal.clone() {
            Some(crate::document::PrincipalText::Kinds(kinds)) => {
                kinds.into_iter().flat_map(|(_, texts)| texts.texts).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn statements_and_conditions_know_where_they_stand() {
        let text =
            "{\"Statement\": [\n  {\"Sid\": \"a\"},\n  {\"Condition\": {\"Bool\": {\n    \"x\": true}}}]}";
        let document = document(text).unwrap();
        let places: Vec<_> =
            document.statements.iter().map(|statement| statement.position.to_string()).collect();
        assert_eq!(places, ["line 2 column 3", "line 3 column 3"]);
        let condition = &document.statements[1].condition.as_ref().unwrap()[0].tests[0];
        assert_eq!(condition.position.to_string(), "line 4 column 5");
    }

    #[test]
    fn unheard_of_elements_and_second_occurrences_are_kept() {
        let text = r#"{"Version":"1","Version":"2","Mood":1,"Statement":{"Effect":"Allow","Effect":"Deny","Unless":{}}}"#;
        let document = document(text).unwrap();
        let names =
            |members: &[super::Member]| members.iter().map(|member| member.name.clone()).collect::<Vec<_>>();
        assert_eq!(document.version.as_deref(), Some("1"));
        assert_eq!(names(&document.others), ["Version", "Mood"]);
        assert_eq!(document.statements[0].effect.as_deref(), Some("Allow"));
        assert_eq!(names(&document.statements[0].others), ["Effect", "Unless"]);
    }
}
