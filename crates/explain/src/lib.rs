//! May this principal do that: answered from the facts of a stored scan, offline, with the layers and statements that decide.
//!
//! [`explain`] takes a [`Query`] and gives an [`Explanation`]. It prints nothing: text and JSON are the command line's.
//!
//! ```text
//! query ─▶ subject, question ─▶ facts ─▶ requester, sides, guardrails ─▶ circumstances ─▶ answer ─▶ layers_view
//! ```

mod answer;
mod arn_formats;
mod circumstances;
mod conditions;
mod error;
mod facts;
mod keys;
mod layers_view;
pub mod nearest;
mod outsider;
mod partition;
mod query;
mod question;
mod request_facts;
mod sides;
mod subject;
mod unrecognized;

use std::path::Path;

use orgsweep_lake::{Lake, ScanSelector};

pub use crate::answer::Explanation;
pub use crate::conditions::{Decider, by_choice, open_conditions};
pub use crate::error::ExplainError;
pub use crate::layers_view::LayerView;
pub use crate::query::Query;
pub use crate::sides::Usual;
pub use crate::unrecognized::Unrecognized;

use crate::facts::Facts;
use crate::question::Question;
use crate::subject::Subject;

/// Answers from a scan of a lake. `program` is what the program is called, for hints that name a command.
pub fn explain(
    query: &Query,
    root: &Path,
    scan: &ScanSelector,
    program: &str,
) -> Result<Explanation, ExplainError> {
    let subject = Subject::parse(&query.principal)?;
    let subject = if sides::opens_a_role(&query.action, &query.resource) {
        subject.where_roles_are_assumed()
    } else {
        subject
    };
    let question = Question::read(&query.action, &query.resource)?;
    let owner = query.owner(&question)?;
    query.context.iter().try_for_each(|argument| circumstances::pair(argument).map(|_| ()))?;
    let failed = |source| ExplainError::Lake { root: root.to_owned(), source };
    let scan = Lake::open(root).and_then(|lake| lake.scan(scan)).map_err(failed)?;
    let wanted = [subject.home(), owner].into_iter().flatten().collect();
    let facts = Facts::read(root, &scan, wanted, program)?;
    partition::is_one(query, &subject, &question, &facts)?;
    answer::answer(query, &question, &subject, owner, &facts)
}
