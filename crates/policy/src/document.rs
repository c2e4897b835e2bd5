//! A policy document as it is written: nothing decided, nothing dropped, so that it can be printed again.

use crate::parse::Member;
use crate::position::Position;

/// The whole document.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) version: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) statements: Vec<Written>,
    /// `Statement` is one object, not a list.
    pub(crate) single: bool,
    /// Elements that the grammar does not know, and every occurrence of a known one but its first.
    pub(crate) others: Vec<Member>,
}

/// One statement.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) position: Position,
    pub(crate) sid: Option<String>,
    pub(crate) effect: Option<String>,
    pub(crate) principal: Option<PrincipalText>,
    pub(crate) not_principal: Option<PrincipalText>,
    pub(crate) action: Option<Texts>,
    pub(crate) not_action: Option<Texts>,
    pub(crate) resource: Option<Texts>,
    pub(crate) not_resource: Option<Texts>,
    pub(crate) condition: Option<Vec<Block>>,
    pub(crate) others: Vec<Member>,
}

/// One text, or a list of them.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    pub(crate) single: bool,
    pub(crate) texts: Vec<String>,
}

/// `Principal` and `NotPrincipal`.
#[derive(Clone, Debug)]
pub(crate) enum PrincipalText {
    /// `"*"`.
    Everyone,
    /// Kind and names, in the order of the text; a kind may occur more than once.
    Kinds(Vec<(String, Texts)>),
}

/// One operator of a `Condition` with its keys; an operator and a key may occur more than once.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) operator: String,
    pub(crate) tests: Vec<Comparison>,
}

/// A key and the values it is compared to.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    pub(crate) position: Position,
    pub(crate) key: String,
    pub(crate) single: bool,
    pub(crate) values: Vec<Scalar>,
}

/// A value of a condition. Quotation marks are optional around numbers and Booleans.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
#[derive(Clone, Debug)]
pub(crate) enum Scalar {
    Text(String),
    Number(String),
    Bool(bool),
}

impl Scalar {
    /// What it says, with or without quotation marks.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
        }
    }
}
