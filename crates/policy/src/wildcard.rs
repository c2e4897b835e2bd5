//! Wildcards without variables over names in ASCII: `*` is any run of characters, `?` is one.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>

/// Whether a pattern matches a whole name, case and all.
///
/// Goes through the name once, and on a mismatch back to the last `*` only: a later one can take what an earlier one took.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut here) = (0, 0);
    let mut last_run: Option<(usize, usize)> = None;
    while let Some(byte) = name.get(here) {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                last_run = Some((at, here));
            }
            Some(wanted) if *wanted == b'?' || wanted == byte => {
                at += 1;
                here += 1;
            }
            _ => {
                let Some((behind, from)) = last_run else { return false };
                at = behind;
                here = from + 1;
                last_run = Some((behind, here));
            }
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Pattern;

    #[test]
    fn it_matches_as_the_patterns_of_policies_do() {
        let mut texts = vec![String::new()];
        for length in 0..5 {
            let longest: Vec<_> = texts.iter().filter(|text| text.len() == length).cloned().collect();
            for text in longest {
                texts.extend(["a", "b", "*", "?"].map(|character| format!("{text}{character}")));
            }
        }
        for pattern in &texts {
            for name in texts.iter().filter(|text| !text.contains(['*', '?'])) {
                assert_eq!(matches(pattern, name), Pattern::wild(pattern).is_match(name), "{pattern} {name}");
            }
        }
    }
}
