//! The rules of IAM's policy language, table by table, each with the test that holds it and the page of AWS's that it is from.
//!
//! AWS describes the language on many pages and leaves cases open. These pages describe in one place what this crate decides
//! and why; if AWS does not document a case, or contradicts itself, [the decision is unknown](unknown). Rules that their page
//! does not state are from published captures of real responses; the page is then the one on the subject.
//!
//! | page | what it is about |
//! |---|---|
//! | [`documents`] | what a document may contain, and how invalid content is treated |
//! | [`matching`] | actions and resources |
//! | [`principals`] | `Principal` and `NotPrincipal` |
//! | [`conditions`] | operators, missing keys, keys with several values |
//! | [`keys`] | which keys a request has, and which remain open |
//! | [`variables`] | `${…}` |
//! | [`decision`] | the order of evaluation, what grants access, calls that no policy decides |
//! | [`limits`] | boundaries, session policies, VPC endpoints, and what bypasses them |
//! | [`organization`] | SCPs and RCPs |
//! | [`trust`] | roles and their sessions |
//! | [`answers`] | how decisions are reported when not everything is known |
//! | [`escalation`] | privilege escalation |
//! | [`unknown`] | what is unknown, and why |

#[doc = include_str!("../docs/answers.md")]
pub mod answers {}

#[doc = include_str!("../docs/conditions.md")]
pub mod conditions {}

#[doc = include_str!("../docs/decision.md")]
pub mod decision {}

#[doc = include_str!("../docs/documents.md")]
pub mod documents {}

#[doc = include_str!("../docs/escalation.md")]
pub mod escalation {}

#[doc = include_str!("../docs/keys.md")]
pub mod keys {}

#[doc = include_str!("../docs/limits.md")]
pub mod limits {}

#[doc = include_str!("../docs/matching.md")]
pub mod matching {}

#[doc = include_str!("../docs/organization.md")]
pub mod organization {}

#[doc = include_str!("../docs/principals.md")]
pub mod principals {}

#[doc = include_str!("../docs/trust.md")]
pub mod trust {}

#[doc = include_str!("../docs/unknown.md")]
pub mod unknown {}

#[doc = include_str!("../docs/variables.md")]
pub mod variables {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(files(&path, extension));
            } else if path.extension().is_some_and(|ending| ending == extension) {
                found.push(path);
            }
        }
        found.sort();
        found
    }

    fn in_crate(folder: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
    }

    /// The tests of a source text, with whether each names a page of AWS's.
    fn tests_of(text: &str) -> Vec<(String, bool)> {
        let (mut found, mut is_test, mut has_page) = (Vec::new(), false, false);
        for line in text.lines().map(str::trim) {
            if line.starts_with("///") {
                has_page |= line.contains("aws.amazon.com/");
            } else if line == "#[test]" {
                is_test = true;
            } else if !line.starts_with('#') {
                let name = line.strip_prefix("fn ").and_then(|rest| rest.split('(').next());
                found.extend(name.filter(|_| is_test).map(|name| (name.to_owned(), has_page)));
                (is_test, has_page) = (false, false);
            }
        }
        found
    }

    /// The cells of a row of a table.
    fn cells(line: &str) -> Vec<&str> {
        let inside = line.trim().trim_start_matches('|').trim_end_matches('|');
        inside.split(" | ").map(str::trim).collect()
    }

    fn between<'a>(text: &'a str, mark: &str) -> Vec<&'a str> {
        text.split(mark).skip(1).step_by(2).collect()
    }

    /// Every row that is held by tests, as the page's name, the tests and the addresses.
    fn rules() -> Vec<(String, Vec<String>, Vec<String>)> {
        let mut rules = Vec::new();
        for path in files(&in_crate("docs"), "md") {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let address = |reference: &str| {
                let start = format!("[{reference}]: ");
                text.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default().to_owned()
            };
            let mut has_tests = false;
            for line in text.lines() {
                let cells = cells(line);
                match cells.as_slice() {
                    _ if !line.starts_with('|') => has_tests = false,
                    [.., "held by", "page"] => has_tests = true,
                    [first, ..] if first.starts_with("---") => {}
                    [.., held_by, page] if has_tests => {
                        let tests = between(held_by, "`").into_iter().map(str::to_owned).collect();
                        let references = page.split("][").skip(1).filter_map(|rest| rest.split(']').next());
                        rules.push((name.clone(), tests, references.map(address).collect()));
                    }
                    _ => {}
                }
            }
        }
        rules
    }

    #[test]
    fn every_rule_names_a_test_that_there_is_and_a_page() {
        let sources = files(&in_crate("src"), "rs");
        let tests: BTreeSet<String> = sources
            .iter()
            .flat_map(|path| tests_of(&fs::read_to_string(path).unwrap()))
            .map(|test| test.0)
            .collect();
        let rules = rules();
        assert!(rules.len() > 130, "{}", rules.len());
        for (page, held_by, addresses) in rules {
            assert!(!held_by.is_empty() && !addresses.is_empty(), "{page}: {held_by:?} {addresses:?}");
            for test in held_by {
                assert!(tests.contains(&test), "{page}: there is no test {test}");
            }
            for address in addresses {
                assert!(
                    address.starts_with("https://") && address.contains("aws.amazon.com/"),
                    "{page}: {address:?}"
                );
            }
        }
    }

    /// What is asked of the rules is in `questions`, whose tests hold more than rules of AWS's.
    #[test]
    fn every_test_of_a_rule_is_named_in_the_reference() {
        let named: BTreeSet<String> = rules().into_iter().flat_map(|(_, tests, _)| tests).collect();
        for folder in ["src/evaluate", "src/condition", "src/context", "src/request", "src/statement"] {
            for path in files(&in_crate(folder), "rs") {
                for (test, has_page) in tests_of(&fs::read_to_string(&path).unwrap()) {
                    assert!(!has_page || named.contains(&test), "{}: {test}", path.display());
                }
            }
        }
    }
}
