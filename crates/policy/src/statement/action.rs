//! `Action` and `NotAction`: compared without regard to case, `*` and `?` as wildcards.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html>

use crate::action_set::{ActionList, ActionSet};
use crate::document::Texts;
use crate::pattern::{MADE_UP, Pattern};
use crate::truth::Truth;

/// The actions of a statement.
#[derive(Clone, Debug)]
pub(crate) struct Actions {
    negated: bool,
    patterns: Box<[Entry]>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// In lower case.
    pattern: Pattern,
    /// AWS accepts it when a policy is written.
    proper: bool,
}

impl Actions {
    pub(crate) fn compile(texts: &Texts, negated: bool) -> Self {
        let patterns = texts.texts.iter().map(|text| Entry {
            pattern: Pattern::wild(&text.to_ascii_lowercase()),
            proper: is_proper(text),
        });
        Self { negated, patterns: patterns.collect() }
    }

    /// `NotAction`.
    pub(crate) fn is_negated(&self) -> bool {
        self.negated
    }

    /// Whether an action, in lower case, is among them.
    pub(crate) fn contain(&self, action: &str) -> Truth {
        let mut contained = Truth::False;
        for entry in &self.patterns {
            if entry.pattern.is_match(action) {
                if entry.proper {
                    contained = Truth::True;
                    break;
                }
                contained = Truth::Unknown;
            }
        }
        if self.negated { contained.negated() } else { contained }
    }

    /// Adds those of a list that may be among them.
    pub(crate) fn add_to(&self, list: &ActionList, to: &mut ActionSet) {
        if self.negated {
            let may = list.starting_with("").filter(|(_, action)| self.contain(action) != Truth::False);
            return may.for_each(|(place, _)| to.insert(place));
        }
        for Entry { pattern, .. } in &self.patterns {
            let may = list.starting_with(pattern.literal_start());
            may.filter(|(_, action)| pattern.is_match(action)).for_each(|(place, _)| to.insert(place));
        }
    }

    /// One action for each pattern, with a made-up name in the place of each wildcard; one that no policy names for
    /// `NotAction`.
    pub(crate) fn samples(&self) -> Vec<String> {
        let made_up = || format!("{MADE_UP}:{MADE_UP}");
        if self.negated {
            return vec![made_up()];
        }
        let sample = |entry: &Entry| {
            let sample = entry.pattern.sample(MADE_UP)?;
            Some(if sample.contains(':') { sample } else { made_up() })
        };
        self.patterns.iter().filter_map(sample).collect()
    }

    /// Whether one of them is of this service by its literal name, in lower case.
    pub(crate) fn name_service(&self, service: &str) -> bool {
        let names = |pattern: &Pattern| {
            let start = pattern.literal_start();
            start.strip_prefix(service).is_some_and(|rest| rest.starts_with(':'))
        };
        !self.negated && self.patterns.iter().any(|entry| names(&entry.pattern))
    }
}

/// `*` alone, or a service and a name; the service has no wildcard, unless it is `*` alone.
fn is_proper(text: &str) -> bool {
    let only_asterisks = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b'*');
    match text.split_once(':') {
        None => only_asterisks(text),
        Some((service, _)) => {
            only_asterisks(service) || (!service.is_empty() && !service.contains(['*', '?']))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::truth::Truth::{False, True, Unknown};

    fn contain(patterns: &[&str], negated: bool, action: &str) -> Truth {
        let texts = Texts { single: false, texts: patterns.iter().map(|text| (*text).to_owned()).collect() };
        Actions::compile(&texts, negated).contain(&action.to_ascii_lowercase())
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
    #[test]
    fn actions_are_compared_without_regard_to_case_and_with_wildcards() {
        for (pattern, wanted) in [
            ("*", True),
            ("**", True),
            ("*:*", True),
            ("*:Get*", True),
            ("s3:*", True),
            ("S3:gETobject", True),
            ("s3:Get?bject", True),
            ("s3:Get*Object*", True),
            ("s3:GetObject?", False),
            ("s3:GetObjectAcl", False),
            ("s3:", False),
            (" s3:GetObject", False),
            ("s3:GetObject ", False),
            ("ec2:*", False),
        ] {
            assert_eq!(contain(&[pattern], false, "s3:GetObject"), wanted, "{pattern}");
            assert_eq!(contain(&["a:b", pattern], true, "s3:GetObject"), wanted.negated(), "Not {pattern}");
        }
        assert_eq!(contain(&[], false, "s3:GetObject"), False);
    }

    /// Refused when a policy is written: what AWS would make of a stored one is not known.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
    #[test]
    fn wildcard_in_the_service_prefix_is_unknown() {
        for pattern in ["s*:GetObject", "s3*", "?*", "*s3:GetObject", "s?:*"] {
            assert_eq!(contain(&[pattern], false, "s3:GetObject"), Unknown, "{pattern}");
            assert_eq!(contain(&[pattern], true, "s3:GetObject"), Unknown, "{pattern}");
            assert_ne!(contain(&[pattern], false, "ec2:RunInstances"), True, "{pattern}");
            assert_eq!(contain(&[pattern, "s3:*"], false, "s3:GetObject"), True, "{pattern}");
        }
        assert_eq!(contain(&["s*:GetObject"], false, "ec2:RunInstances"), False);
    }

    #[test]
    fn services_by_their_literal_name() {
        let texts = |text: &str| Texts { single: true, texts: vec![text.to_owned()] };
        let names = |text: &str, negated| Actions::compile(&texts(text), negated).name_service("s3");
        assert!(names("S3:Get*", false) && names("s3:*", false) && names("s3:GetObject", false));
        assert!(!names("*", false) && !names("s3-object-lambda:*", false) && !names("s3:Get*", true));
    }
}
