//! Conditions on the tags of a target: tags that are known, that are not known, and that the actor may set.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html>

use std::collections::{BTreeMap, BTreeSet};

use crate::condition::Condition;
use crate::context::{Context, Key};
use crate::layers::Attached;
use crate::pattern::MADE_UP;
use crate::policy::Policy;
use crate::questions::kind::Glyph;
use crate::questions::sample::glyphs;

/// A tag of which conditions speak.
#[derive(Debug, Default)]
pub(super) struct Tag {
    /// The name as it is written.
    pub(super) name: String,
    /// The condition keys that stand for its value, such as `aws:ResourceTag/team`, in lower case.
    pub(super) keys: BTreeSet<String>,
    /// Values that conditions ask for.
    pub(super) values: BTreeSet<String>,
}

/// The tags of which conditions speak.
pub(super) type Tags = Vec<Tag>;

/// Whether a policy has conditions on tags of what a request is about.
pub(super) fn speaks_of_tags(policy: &Policy) -> bool {
    let conditions = policy.statements().iter().flat_map(crate::statement::Statement::conditions);
    conditions.flat_map(Condition::keys).any(|key| name_of(key).is_some())
}

/// The name of the tag for whose value a condition key stands.
fn name_of(key: &str) -> Option<&str> {
    let (family, name) = key.split_once('/')?;
    family.to_ascii_lowercase().ends_with(":resourcetag").then_some(name)
}

/// The tags of which these policies speak.
pub(super) fn spoken_of<'a>(policies: impl IntoIterator<Item = &'a Attached>, context: &Context) -> Tags {
    let mut tags: BTreeMap<String, Tag> = BTreeMap::new();
    for attached in policies {
        for condition in attached.policy.statements().iter().flat_map(crate::statement::Statement::conditions)
        {
            for (place, key) in condition.keys().enumerate() {
                let Some(name) = name_of(key) else { continue };
                let tag = tags.entry(name.to_lowercase()).or_default();
                tag.name = name.to_owned();
                tag.keys.insert(key.to_lowercase());
                if place == 0 {
                    let variables = condition.has_variables();
                    tag.values.extend(condition.values().map(|value| example(value, variables, context)));
                }
            }
        }
    }
    for tag in tags.values_mut() {
        tag.values.insert(MADE_UP.to_owned());
    }
    tags.into_values().collect()
}

/// A text that a value with wildcards and variables stands for.
fn example(value: &str, variables: bool, context: &Context) -> String {
    let mut text = String::new();
    for glyph in glyphs(value, variables, context, MADE_UP) {
        match glyph {
            Glyph::Plain(character) => text.push(character),
            Glyph::One => text.push('x'),
            Glyph::Run | Glyph::Name => text.push_str(MADE_UP),
        }
    }
    text
}

/// Of resources whose tags are not known, and for which any will do.
pub(super) fn open(context: Context) -> Context {
    let families = ["aws:ResourceTag/", "iam:ResourceTag/"];
    families.iter().fold(context, |context, family| context.with_family(family, Key::Environment))
}
