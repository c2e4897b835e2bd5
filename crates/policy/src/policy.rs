//! A policy: a document with its statements compiled, once for however many principals and requests.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html>

use std::fmt;
use std::sync::OnceLock;

use crate::action_set::{ActionList, ActionSet};
use crate::document::Document;
use crate::parse::{self, ParseError};
use crate::statement::{Effect, PrincipalEntry, Statement};

/// The version of the language that a document is written in.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `2012-10-17`.
    V2012,
    /// `2008-10-17`, or none: policy variables are literal text.
    V2008,
    /// Another: what the statements mean is unknown.
    Unknown,
}

/// A compiled policy document. Share it with an `Arc`.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `None` if there is nothing that could be read.
    document: Option<Document>,
    version: Version,
    statements: Box<[Statement]>,
    may_allow: bool,
    may_deny: bool,
    /// Which of the actions that the rules of escalation need it may allow, found when it is first needed.
    of_rules: OnceLock<ActionSet>,
    /// The same of the actions that make an administrator.
    of_administrators: OnceLock<ActionSet>,
}

impl Policy {
    /// Reads a document of any kind of policy: identity, resource, trust, boundary, session, SCP, RCP.
    ///
    /// Returns an error for text that is not JSON, or for a value of a JSON type that the grammar does not allow. Undocumented
    /// content (an element, an operator, a version, a duplicate name) makes the effect of its statement unknown instead.
    ///
    /// ```
    /// use orgsweep_policy::Policy;
    ///
    /// let policy = Policy::parse(r#"{"Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}"#)?;
    /// assert_eq!(policy.statements()[0].position().to_string(), "line 1 column 15");
    /// let error = Policy::parse("{\n  \"Statement\": 7}").unwrap_err();
    /// assert_eq!(error.to_string(), "line 2 column 16: a statement must be an object");
    /// # Ok::<(), orgsweep_policy::ParseError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let document = parse::document(text)?;
        let version = match document.version.as_deref() {
            Some("2012-10-17") => Version::V2012,
            Some("2008-10-17") | None => Version::V2008,
            Some(_) => Version::Unknown,
        };
        let written = document.statements.iter();
        let mut statements: Vec<Statement> = match version {
            Version::Unknown => written
                .map(|one| Statement::incomprehensible(one, "the document's Version is not documented"))
                .collect(),
            known => written.map(|one| Statement::compile(one, known == Version::V2012)).collect(),
        };
        // A second Statement, or an element that is not documented, may say anything.
        let others = document.others.iter().map(|member| match member.name.as_str() {
            name @ ("Version" | "Id" | "Statement") => format!("the document has {name} twice"),
            name => format!("the document's element {name:?} is not documented"),
        });
        let others = others.collect::<Vec<_>>().join("; ");
        if !others.is_empty() {
            statements.push(Statement::unreadable(&others));
        }
        Ok(Self::of(Some(document), version, statements))
    }

    /// A placeholder for a document that could not be read: it may allow and deny anything, so everything that depends on it is
    /// unknown, for this reason.
    pub fn unreadable(reason: &str) -> Self {
        Self::of(None, Version::Unknown, vec![Statement::unreadable(reason)])
    }

    fn of(document: Option<Document>, version: Version, statements: Vec<Statement>) -> Self {
        let any = |not: Effect| statements.iter().any(|statement| statement.effect() != not);
        Self {
            document,
            version,
            may_allow: any(Effect::Deny),
            may_deny: any(Effect::Allow),
            statements: statements.into(),
            of_rules: OnceLock::new(),
            of_administrators: OnceLock::new(),
        }
    }

    /// The version of the language.
    pub fn version(&self) -> Version {
        self.version
    }

    /// `Id`, which some resource policies have.
    pub fn id(&self) -> Option<&str> {
        self.document.as_ref()?.id.as_deref()
    }

    /// The statements, in document order. If the document itself is in doubt, an additional statement represents what else it
    /// may mean.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Whether a statement may allow an action, on any resource, for any principal and under any conditions. Deny statements
    /// are ignored.
    ///
    /// ```
    /// use orgsweep_policy::Policy;
    ///
    /// let policy = Policy::parse(r#"{"Statement": {"Effect": "Allow", "Action": "sts:Tag*", "Principal": "*"}}"#)?;
    /// assert!(policy.may_allow_action("sts:TagSession") && !policy.may_allow_action("sts:AssumeRole"));
    /// # Ok::<(), orgsweep_policy::ParseError>(())
    /// ```
    pub fn may_allow_action(&self, action: &str) -> bool {
        let lower = action.to_ascii_lowercase();
        self.statements.iter().any(|one| one.effect() != Effect::Deny && one.may_have_action(&lower))
    }

    /// Whether a policy of a resource may allow a principal an action, beside others of the same resource, of which a Deny
    /// without a condition takes it from those whom it names.
    pub(crate) fn may_allow_anyone(&self, action: &str, beside: &[&Self]) -> bool {
        let lower = action.to_ascii_lowercase();
        let denied = |whom: Option<&PrincipalEntry>| {
            beside.iter().flat_map(|policy| policy.statements()).any(|one| one.surely_denies(&lower, whom))
        };
        let allows = |statement: &Statement| {
            let may = statement.effect() != Effect::Deny && statement.may_have_action(&lower);
            may && match statement.principals().filter(|principals| !principals.is_negated()) {
                Some(principals) => principals.entries().iter().any(|entry| !denied(Some(entry))),
                None => !denied(None),
            }
        };
        self.statements.iter().any(allows)
    }

    /// Which of these actions some statement may allow, on whatever and under whatever conditions. They are
    /// those of the rules of escalation, the same for every caller: the same policy is in a thousand accounts.
    pub(crate) fn of_rules(&self, actions: &ActionList) -> &ActionSet {
        self.of_rules.get_or_init(|| self.may_allow_of(actions))
    }

    /// The same of the actions that make an administrator.
    pub(crate) fn of_administrators(&self, actions: &ActionList) -> &ActionSet {
        self.of_administrators.get_or_init(|| self.may_allow_of(actions))
    }

    fn may_allow_of(&self, actions: &ActionList) -> ActionSet {
        let mut allowed = ActionSet::none(actions.len());
        let allowing = self.statements.iter().filter(|one| one.effect() != Effect::Deny);
        allowing.for_each(|one| one.add_actions(actions, &mut allowed));
        allowed
    }

    /// What is written; `None` if there is nothing that could be read.
    pub(crate) fn document(&self) -> Option<&Document> {
        self.document.as_ref()
    }

    /// What `Resource` or `NotResource` of a statement lists, as written.
    pub(crate) fn resource_texts(&self, statement: usize) -> &[String] {
        let written = self.document.as_ref().and_then(|document| document.statements.get(statement));
        let texts = written.and_then(|written| written.resource.as_ref().or(written.not_resource.as_ref()));
        texts.map_or(&[], |texts| &texts.texts)
    }

    pub(crate) fn may_allow(&self) -> bool {
        self.may_allow
    }

    pub(crate) fn may_deny(&self) -> bool {
        self.may_deny
    }
}

/// The document as JSON on one line, with every element that was read. Nothing, if it could not be read.
impl fmt::Display for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.document.as_ref().map_or(Ok(()), |document| document.fmt(formatter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubts(statement: &str) -> Vec<String> {
        let policy = Policy::parse(&format!(r#"{{"Statement":{{{statement}}}}}"#)).unwrap();
        policy.statements()[0].doubts().map(str::to_owned).collect()
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
    #[test]
    fn versions() {
        let version = |text: &str| Policy::parse(text).unwrap().version();
        assert_eq!(version(r#"{"Version":"2012-10-17","Statement":[]}"#), Version::V2012);
        assert_eq!(version(r#"{"Version":"2008-10-17","Statement":[]}"#), Version::V2008);
        assert_eq!(version(r#"{"Statement":[]}"#), Version::V2008);
        let unknown = Policy::parse(
            r#"{"Version":"2031-01-01","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
        );
        let unknown = unknown.unwrap();
        assert_eq!(unknown.version(), Version::Unknown);
        assert_eq!(unknown.statements()[0].doubts().next(), Some("the document's Version is not documented"));
    }

    /// "Individual elements must not contain multiple instances of the same key."
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
    #[test]
    fn names_that_occur_twice_make_the_statement_doubtful() {
        let whole = r#""Effect":"Allow","Action":"*","Resource":"*""#;
        for (statement, wanted) in [
            (r#""Effect":"Deny","#, "it has Effect twice"),
            (r#""Action":"a:b","#, "it has Action twice"),
            (r#""Condition":{},"Condition":{},"#, "it has Condition twice"),
            (r#""Condition":{"Bool":{},"Bool":{}},"#, "it has the operator Bool twice"),
            (r#""Condition":{"Bool":{"a:B":"x","A:b":"y"}},"#, "its Bool has the key a:b twice"),
            (r#""Principal":{"AWS":"1","AWS":"2"},"#, "it has principals of type AWS twice"),
        ] {
            assert_eq!(doubts(&format!("{statement}{whole}")), [wanted]);
        }
        assert_eq!(doubts(whole), [""; 0]);
        let twice = Policy::parse(&format!(r#"{{"Statement":{{{whole}}},"Statement":[]}}"#)).unwrap();
        let all: Vec<_> = twice.statements().iter().map(|one| one.doubts().collect::<String>()).collect();
        assert_eq!(all, ["", "the document has Statement twice"]);
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
    #[test]
    fn what_is_not_documented_makes_the_statement_doubtful() {
        for (statement, wanted) in [
            (r#""Action":"*","Resource":"*""#, "it has no Effect"),
            (r#""Effect":"allow","Action":"*","Resource":"*""#, "its Effect \"allow\" is not documented"),
            (r#""Effect":"Allow","Resource":"*""#, "it has neither or both of Action and NotAction"),
            (
                r#""Effect":"Allow","Action":"*","NotAction":"*","Resource":"*""#,
                "it has neither or both of Action and NotAction",
            ),
            (
                r#""Effect":"Allow","Action":"*","Resource":"*","NotResource":"*""#,
                "it has both Resource and NotResource",
            ),
            (
                r#""Effect":"Allow","Action":"*","Principal":"*","NotPrincipal":"*""#,
                "it has both Principal and NotPrincipal",
            ),
            (
                r#""Effect":"Allow","Action":"*","Resource":"*","action":"*""#,
                "its element \"action\" is not documented",
            ),
        ] {
            assert_eq!(doubts(statement), [wanted]);
        }
    }
}
