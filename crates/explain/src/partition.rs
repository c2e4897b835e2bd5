//! Partitions: accounts, services and resources of one know nothing of another.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>

use crate::arn_formats::parts;
use crate::circumstances::pair;
use crate::error::ExplainError;
use crate::facts::Facts;
use crate::keys::{Kind, look_up};
use crate::query::Query;
use crate::question::Question;
use crate::subject::Subject;

/// Rejects a question with more than one partition: such requests do not exist.
pub fn is_one(
    query: &Query,
    subject: &Subject,
    question: &Question<'_>,
    facts: &Facts,
) -> Result<(), ExplainError> {
    let of_arn = |arn| parts(arn).map(|[_, own, ..]| own);
    let requester = match subject {
        Subject::Service(name) | Subject::Provider(name) if name.ends_with(".amazonaws.com.cn") => {
            Some("aws-cn")
        }
        _ => of_arn(&query.principal),
    };
    let mut named = vec![
        (format!("--principal {:?}", query.principal), requester),
        (format!("--resource {:?}", query.resource), of_arn(&query.resource)),
    ];
    for argument in &query.context {
        let (key, value) = pair(argument)?;
        if look_up(key, question).known.is_some_and(|known| known.kind == Kind::Arn) {
            named.push((format!("--context {argument:?}"), of_arn(value)));
        }
    }
    let mut named = named.into_iter().filter_map(|(what, own)| Some((what, own?)));
    // Where the scan does not say, the first one does.
    let of_scan = facts.partition().map(|own| (format!("scan {}", facts.scan_id), own));
    let Some((first, partition)) = of_scan.or_else(|| named.next()) else {
        return Ok(());
    };
    match named.find(|(_, own)| *own != partition) {
        None => Ok(()),
        Some((what, own)) => Err(ExplainError::Invalid(format!(
            "{what} is in partition {own}, but {first} is in {partition}: requests cannot cross partitions"
        ))),
    }
}
