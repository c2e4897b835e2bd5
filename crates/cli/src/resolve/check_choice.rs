//! Wildcards in `--check` and `--exclude-check`: turned into the ids that they match, so that nothing later has to know them.

use orgsweep_model::registry::Registry;

use crate::exit::Failure;
use crate::options::ScanOptions;
use crate::terminal::program;

/// Puts ids in the place of patterns. One that matches nothing is a mistake and is named.
pub fn expand(registry: &Registry, options: &mut ScanOptions) -> Result<(), Failure> {
    let with_previews = options.checks.preview;
    // A pattern names no check: what runs only where it is named is not among those that it stands for.
    let running: Vec<&str> = registry
        .checks()
        .iter()
        .filter(|registered| registered.check.metadata().status.runs(false, with_previews))
        .map(orgsweep_model::registry::Registered::id)
        .collect();
    let all: Vec<&str> = registry.checks().iter().map(orgsweep_model::registry::Registered::id).collect();
    let mut problems = Vec::new();
    options.checks.check = expanded("--check", &options.checks.check, &running, &mut problems);
    options.checks.exclude_check =
        expanded("--exclude-check", &options.checks.exclude_check, &all, &mut problems);
    if problems.is_empty() { Ok(()) } else { Err(Failure::new(problems.join("\n"))) }
}

/// Names without a wildcard stay as they are, known or not. Each id is there once.
fn expanded(place: &str, names: &[String], ids: &[&str], problems: &mut Vec<String>) -> Vec<String> {
    let mut chosen: Vec<String> = Vec::new();
    for name in names {
        let is_pattern = name.contains(['*', '?']);
        let mut found = false;
        for id in ids.iter().filter(|id| if is_pattern { matches(name, id) } else { **id == name }) {
            found = true;
            if !chosen.iter().any(|known| known == id) {
                chosen.push((*id).to_owned());
            }
        }
        if !found && is_pattern {
            problems.push(format!(
                "{place} {name:?}: no check matches; `{} checks list` prints all of them, and --preview includes those in \
                 preview",
                program::name()
            ));
        } else if !found {
            chosen.push(name.clone());
        }
    }
    chosen
}

/// `*` stands for any run of characters, `?` for one.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut reached) = (0, 0);
    // Where to continue when what follows the last `*` does not fit: a byte further.
    let mut retry: Option<(usize, usize)> = None;
    while reached < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                retry = Some((at, reached));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[reached] => {
                at += 1;
                reached += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    at = star + 1;
                    reached = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: [&str; 4] =
        ["iam-group-empty", "iam-role-unused", "iam-root-access-key", "iam-root-mfa-missing"];

    fn expand(names: &[&str]) -> (Vec<String>, Vec<String>) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut problems = Vec::new();
        (expanded("--check", &names, &IDS, &mut problems), problems)
    }

    #[test]
    fn wildcards_stand_for_ids_and_each_id_is_chosen_once() {
        for (names, wanted) in [
            (&["iam-root-*"][..], &["iam-root-access-key", "iam-root-mfa-missing"][..]),
            (&["*"], &IDS),
            (&["*-empty", "iam-group-empty"], &["iam-group-empty"]),
            (&["iam-role-unuse?"], &["iam-role-unused"]),
            (&["iam-*-mfa-*", "iam-role-unused"], &["iam-root-mfa-missing", "iam-role-unused"]),
        ] {
            assert_eq!(
                expand(names),
                (wanted.iter().map(ToString::to_string).collect(), vec![]),
                "{names:?}"
            );
        }
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_named_and_an_unknown_id_is_left_to_be_refused() {
        let (chosen, problems) = expand(&["iam-rot-*", "iam-rol-unused"]);
        assert_eq!(chosen, ["iam-rol-unused"]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("--check \"iam-rot-*\": no check matches"), "{problems:?}");
    }

    #[test]
    fn a_pattern_matches_whole_ids() {
        for (pattern, text, wanted) in [
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("*", "", true),
            ("?", "", false),
            ("a**b", "ab", true),
            ("*a*a*", "banana", true),
            ("*a*a*a*a*", "banana", false),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
    }
}
