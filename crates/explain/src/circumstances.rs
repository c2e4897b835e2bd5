//! The condition keys of a request: what the user says, then what the facts say, and the rest is open.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_policy::{Context, FactKeys, Key, Request, is_multivalued};

use crate::arn_formats::parts;
use crate::error::ExplainError;
use crate::facts::Facts;
use crate::keys::{LookedUp, look_up};
use crate::question::Question;

/// The Region that a request goes to.
const REGION: &str = "aws:RequestedRegion";

/// Keys by their lower-case name, as they are first written.
pub struct Circumstances {
    keys: BTreeMap<String, (String, Key)>,
    families: Vec<(String, Key)>,
    /// What whoever gave the keys should know.
    notes: Vec<String>,
    /// Keys that no list has.
    unrecognized: Vec<String>,
}

/// `aws:SourceIp=192.0.2.7`.
pub fn pair(argument: &str) -> Result<(&str, &str), ExplainError> {
    argument.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
        ExplainError::Invalid(format!(
            "--context {argument:?}: expected KEY=VALUE, such as aws:SourceIp=192.0.2.7"
        ))
    })
}

impl Circumstances {
    /// `--context key=value`, several of one key as a list. What follows from the principal and the resource of a request that
    /// was made without any is not said a second time, unless it is the same.
    pub fn given(
        arguments: &[String],
        question: &Question<'_>,
        bare: &Request,
    ) -> Result<Self, ExplainError> {
        let mut lists: BTreeMap<String, (String, Vec<Box<str>>)> = BTreeMap::new();
        for argument in arguments {
            let (key, value) = pair(argument)?;
            let list = lists.entry(key.to_lowercase()).or_insert_with(|| (key.to_owned(), Vec::new()));
            list.1.push(value.into());
        }
        let mut keys = BTreeMap::new();
        let mut absent = Vec::new();
        let mut notes = Vec::new();
        let mut unrecognized = Vec::new();
        for (lower, (key, values)) in lists {
            let wrong =
                |why: &str| ExplainError::Invalid(format!("--context {key}={}: {why}", values.join(", ")));
            let LookedUp { known, is_sent, note, is_recognized } = look_up(&key, question);
            notes.extend(note);
            if !is_recognized {
                unrecognized.push(key.clone());
            }
            if !is_sent {
                absent.push((lower.clone(), key.clone()));
            }
            if let Some(known) = known {
                if let Some(expected) = values.iter().find_map(|value| known.refuses(value)) {
                    return Err(wrong(expected));
                }
                if values.len() > 1 && !known.is_list && !is_multivalued(&lower) {
                    return Err(wrong("a request has only one value for this key"));
                }
            }
            if FOLLOWING.contains(&lower.as_str()) {
                follows(&values, bare.context().get(&lower)).map_err(|why| wrong(&why))?;
            }
            let multivalued =
                values.len() > 1 || is_multivalued(&lower) || known.is_some_and(|known| known.is_list);
            keys.insert(lower, (key, Key::Known { values: values.into(), multivalued }));
        }
        let mut circumstances = Self { keys, families: Vec::new(), notes, unrecognized };
        circumstances.tags_by_all_names(question);
        // What was said of a tag is known, though this name of it is not sent.
        for (lower, key) in absent {
            circumstances.keys.insert(lower, (key, Key::Absent));
        }
        Ok(circumstances)
    }

    /// Of a resource's tags there is one set, under the global name, under the asked service's own, and under that of the service
    /// whose the resource is: what is said of one is said of the others, and what nobody said of any is not known. A request
    /// about no resource has none.
    fn tags_by_all_names(&mut self, question: &Question<'_>) {
        let service = question.service();
        let owner = parts(question.resource).map_or("", |[_, _, owner, ..]| owner).to_owned();
        let mut families: Vec<String> = Vec::new();
        for name in ["aws".to_owned(), service, owner] {
            let family = format!("{name}:ResourceTag/");
            if !name.is_empty() && !families.contains(&family) {
                families.push(family);
            }
        }
        let lower: Vec<String> = families.iter().map(|family| family.to_lowercase()).collect();
        let said: Vec<(String, Key)> = self
            .keys
            .iter()
            .filter(|(key, _)| lower.iter().any(|family| key.starts_with(family)))
            .filter_map(|(_, (key, state))| Some((key.split_once('/')?.1.to_owned(), state.clone())))
            .collect();
        for (tag, state) in said {
            for family in &families {
                self.say(&format!("{family}{tag}"), state.clone());
            }
        }
        let has_no_resource = question.listed.is_some_and(|action| {
            let mut keys = action.condition_keys();
            action.resource_types().next().is_none()
                && !keys.any(|key| key.name.to_lowercase().contains(":resourcetag/"))
        });
        let unsaid = if has_no_resource { Key::Absent } else { Key::NotKnown };
        self.families.extend(families.into_iter().map(|family| (family, unsaid.clone())));
    }

    /// Says something of a key, unless whoever asks has.
    fn say(&mut self, key: &str, state: Key) {
        self.keys.entry(key.to_lowercase()).or_insert_with(|| (key.to_owned(), state));
    }

    /// Notes where whoever asks has said otherwise than somebody knows.
    fn note(&mut self, who: &str, key: &str, value: &str) {
        if let Some((_, Key::Known { values, .. })) = self.keys.get(&key.to_lowercase())
            && values.iter().all(|said| **said != *value)
        {
            let said = values.join(", ");
            self.notes.push(format!("{key} is assumed to be {said:?}, as given; {who} says {value:?}"));
        }
    }

    /// The keys that no list has.
    pub fn unrecognized(&self) -> &[String] {
        &self.unrecognized
    }

    /// Notes about the given keys, including keys that no policy mentions.
    pub fn notes(&self, arguments: &[String], facts: &Facts) -> Vec<String> {
        let mut notes = self.notes.clone();
        let texts: Vec<String> = facts.texts().map(str::to_lowercase).collect();
        let given: BTreeSet<&str> =
            arguments.iter().filter_map(|argument| Some(argument.split_once('=')?.0)).collect();
        for key in given {
            let lower = key.to_lowercase();
            // A resource's tag counts under both of its names.
            let tag = lower.find("resourcetag/").map_or(lower.as_str(), |at| &lower[at..]);
            let is_noted = notes.iter().any(|note| note.contains(key));
            if !is_noted && !texts.iter().any(|text| text.contains(tag)) {
                notes.push(format!("no policy in the scan mentions {key}"));
            }
        }
        notes
    }

    /// Keys from the facts, and the Region of a service with a single endpoint.
    pub fn of_facts(&mut self, facts: FactKeys, bare: &Request) {
        let endpoint = match bare.context().get(REGION) {
            Key::Known { values, .. } if facts.keys.iter().all(|(key, _)| key != REGION) => values.first(),
            _ => None,
        };
        if let Some(region) = endpoint {
            self.note("its service's endpoint", REGION, region);
        }
        for (key, state) in facts.keys {
            let who = if key == REGION { "the ARN" } else { "the scan" };
            match &state {
                // Another moment than the scan's is another question, and no contradiction.
                _ if ["aws:CurrentTime", "aws:EpochTime"].contains(&key.as_str()) => {}
                Key::Known { values, .. } => values.iter().for_each(|value| self.note(who, &key, value)),
                _ => {}
            }
            self.say(&key, state);
        }
        self.families.extend(facts.families);
    }

    /// For the engine, on top of what it supposes.
    pub fn over(&self, mut context: Context) -> Context {
        for (family, state) in &self.families {
            context = context.with_family(family, state.clone());
        }
        self.keys.values().fold(context, |context, (key, state)| context.with_state(key, state.clone()))
    }
}

/// Keys, in lower case, that principal and resource decide.
const FOLLOWING: [&str; 7] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalservicename",
    "aws:principaltype",
    "aws:resourceaccount",
    "aws:username",
];

/// Whether what was said of a key is what follows; the error says what does.
fn follows(said: &[Box<str>], state: &Key) -> Result<(), String> {
    match state {
        // Booleans are compared without regard to case.
        Key::Known { values, .. }
            if **values == *said
                || matches!((&**values, said), ([one], [other]) if &**one == "false" && other.eq_ignore_ascii_case(one)) =>
        {
            Ok(())
        }
        Key::Known { values, .. } => Err(format!("it is determined by the question: {}", values.join(", "))),
        Key::Absent => Err("it is determined by the question: such a request does not contain it".to_owned()),
        // Nothing follows, as of somebody whom a provider vouches for.
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "circumstances_tests.rs"]
mod tests;
