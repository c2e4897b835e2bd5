//! Lists that come in pages: where the next one begins, and what is no page.

use orgsweep_model::{Gap, Reason};

/// Where the next page begins; `None`: that was the last one. A page that says there is more and not where, or that leads
/// back to itself, is not an answer: what was read so far is not the whole table.
pub fn next_marker(
    api: &str,
    is_truncated: bool,
    marker: Option<&str>,
    this: Option<&str>,
) -> Result<Option<String>, Gap> {
    match (is_truncated, marker) {
        (false, _) => Ok(None),
        (true, Some(next)) if Some(next) != this => Ok(Some(next.to_owned())),
        (true, _) => {
            let message = "the page says that there are more results but gives no marker";
            Err(Gap::new(Reason::MalformedAnswer).during(api).because(message))
        }
    }
}

/// A page's list. AWS writes an empty one out: an answer without any is not an answer, and what came before it is not all.
pub fn present<'p, T>(list: Option<&'p [T]>, api: &str) -> Result<&'p [T], Gap> {
    list.ok_or_else(|| {
        Gap::new(Reason::MalformedAnswer)
            .during(api)
            .because("the response contains no list, not even an empty one")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_page_without_a_way_on_is_no_table() {
        assert_eq!(next_marker("iam:ListRoles", false, Some("x"), None), Ok(None));
        assert_eq!(next_marker("iam:ListRoles", true, Some("x"), None), Ok(Some("x".to_owned())));
        for marker in [None, Some("same")] {
            let gap = next_marker("iam:ListRoles", true, marker, Some("same")).unwrap_err();
            assert_eq!(gap.reason, Reason::MalformedAnswer);
        }
    }
}
