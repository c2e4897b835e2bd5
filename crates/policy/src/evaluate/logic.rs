//! One decision procedure, two kinds of values: a bare [`Truth`], which costs nothing, and a formula that remembers which
//! parts of which statements are open.

use crate::answer::{Residual, Term};
use crate::truth::Truth;

/// Values that can be joined. Nothing is ever negated but a leaf.
pub(crate) trait Logic: Sized {
    fn of(value: bool) -> Self;
    /// A leaf that is neither true nor false.
    fn open(truth: Truth, term: impl FnOnce() -> Term) -> Self;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn truth(&self) -> Truth;

    fn is_false(&self) -> bool {
        self.truth() == Truth::False
    }

    fn is_true(&self) -> bool {
        self.truth() == Truth::True
    }
}

impl Logic for Truth {
    fn of(value: bool) -> Self {
        Self::of(value)
    }

    fn open(truth: Truth, _: impl FnOnce() -> Term) -> Self {
        truth
    }

    fn and(self, other: Self) -> Self {
        self.min(other)
    }

    fn or(self, other: Self) -> Self {
        self.max(other)
    }

    fn truth(&self) -> Truth {
        *self
    }
}

/// What is open, and how the open parts hang together.
#[derive(Clone, Debug)]
pub(crate) struct Formula {
    truth: Truth,
    node: Node,
}

#[derive(Clone, Debug)]
enum Node {
    Constant,
    Leaf(Box<Term>),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

impl Logic for Formula {
    fn of(value: bool) -> Self {
        Self { truth: Truth::of(value), node: Node::Constant }
    }

    fn open(truth: Truth, term: impl FnOnce() -> Term) -> Self {
        Self { truth, node: Node::Leaf(Box::new(term())) }
    }

    fn and(self, other: Self) -> Self {
        match (self.truth, other.truth) {
            (Truth::False, _) | (_, Truth::True) => self,
            (_, Truth::False) | (Truth::True, _) => other,
            (one, two) => {
                let mut parts = match self.node {
                    Node::All(parts) => parts,
                    node => vec![Self { truth: one, node }],
                };
                match other.node {
                    Node::All(more) => parts.extend(more),
                    node => parts.push(Self { truth: two, node }),
                }
                Self { truth: one.min(two), node: Node::All(parts) }
            }
        }
    }

    fn or(self, other: Self) -> Self {
        match (self.truth, other.truth) {
            (Truth::True, _) | (_, Truth::False) => self,
            (_, Truth::True) | (Truth::False, _) => other,
            (one, two) => {
                let mut parts = match self.node {
                    Node::Any(parts) => parts,
                    node => vec![Self { truth: one, node }],
                };
                match other.node {
                    Node::Any(more) => parts.extend(more),
                    node => parts.push(Self { truth: two, node }),
                }
                Self { truth: one.max(two), node: Node::Any(parts) }
            }
        }
    }

    fn truth(&self) -> Truth {
        self.truth
    }
}

impl Formula {
    /// What must hold. Alternatives that hang on a doubt are left out: those that remain suffice.
    pub(crate) fn residual(self) -> Residual {
        let truth = self.truth;
        match self.node {
            Node::Leaf(term) => Residual::Term(term),
            Node::All(parts) => Residual::All(parts.into_iter().map(Self::residual).collect()),
            Node::Any(parts) => {
                let mut parts: Vec<_> =
                    parts.into_iter().filter(|part| part.truth >= truth).map(Self::residual).collect();
                match parts.pop() {
                    Some(only) if parts.is_empty() => only,
                    last => {
                        parts.extend(last);
                        Residual::Any(parts)
                    }
                }
            }
            // An open formula has an open leaf.
            Node::Constant => Residual::All(Vec::new()),
        }
    }

    /// The leaves that are in doubt.
    pub(crate) fn doubts(self) -> Vec<Term> {
        match self.node {
            Node::Leaf(term) if self.truth == Truth::Unknown => vec![*term],
            Node::Constant | Node::Leaf(_) => Vec::new(),
            Node::All(parts) | Node::Any(parts) => parts.into_iter().flat_map(Self::doubts).collect(),
        }
    }
}
