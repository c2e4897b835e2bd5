//! Requests whose outcome may hang on the tags of a target, and tags that the actor may set first.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html>

use std::sync::Arc;

use super::actor::{Evaluator, known_value};
use super::attempt::{Attempt, PolicyContext};
use super::tags::Tag;
use crate::catalogue::{AccessLevel, Catalogue};
use crate::context::Key;
use crate::evaluate::decide;
use crate::pattern::MADE_UP;
use crate::questions::kind::Kinds;
use crate::request::Request;
use crate::truth::Truth;

/// How sure a request is that is allowed whatever is not known.
const SURE: (bool, Truth) = (true, Truth::True);

/// Sets of tags that are tried, at most.
const TRIED: usize = 256;

/// What becomes of a tag: as it is, set, or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice<'t> {
    Left,
    Set(&'t str),
    Removed,
}

fn tags_of(request: &Request) -> String {
    format!("the tags of {}", request.resource())
}

/// Actions with which tags are set, or taken away, on a resource.
fn tagging(resource: &str, removes: bool) -> Vec<String> {
    let Some(service) = resource.split(':').nth(2).filter(|service| !service.is_empty()) else {
        return Vec::new();
    };
    let is_such = |name: &str| {
        let takes_away = ["Untag", "Remove", "Delete"].iter().any(|verb| name.starts_with(verb));
        takes_away == removes && name.contains("ag")
    };
    let all = Catalogue::get().matching(&format!("{service}:*"));
    let tagging = all.iter().filter(|action| action.is(AccessLevel::Tagging) && is_such(action.name()));
    let names = tagging.map(ToString::to_string);
    names.filter(|action| Kinds::of(action).is_some_and(|kinds| kinds.have(resource))).collect()
}

impl Evaluator<'_> {
    /// A request whose outcome may hang on the tags of what it is about: with those that are known, and those that the actor
    /// may set first. Of others it hangs on a residual, and is potential.
    pub(super) fn settled(&self, request: Request, policy_context: PolicyContext, truth: Truth) -> Attempt {
        if matches!(truth, Truth::True | Truth::False) || self.tags.is_empty() {
            return Attempt::new(request, policy_context, truth);
        }
        let mut best = self.as_it_is(request.clone(), policy_context);
        if best.rank() == SURE {
            return best;
        }
        let choices = self.choices();
        for chosen in choices.iter().filter(|chosen| chosen.iter().any(|choice| *choice != Choice::Left)) {
            if let Some(attempt) = self
                .after_tagging(&request, policy_context, chosen)
                .filter(|attempt| attempt.rank() > best.rank())
            {
                best = attempt;
            }
            if best.rank() == SURE {
                break;
            }
        }
        best
    }

    /// The tags of a resource, as far as conditions speak of them: `None` where they are not known.
    fn known_tags(&self, resource: &str) -> Option<Vec<Option<String>>> {
        // A role's session may have others than the role.
        let own = self.is_actor(resource) && !self.is_role();
        let facts = self.map.tags.get(resource);
        // What is no resource has no tags, and groups cannot have any.
        let has_none = resource == "*" || resource.contains(":group/");
        let of_actor = |tag: &Tag| match self.actor.context.get(&format!("aws:PrincipalTag/{}", tag.name)) {
            Key::Known { values, .. } => Some(values.first().map(ToString::to_string)),
            Key::Absent => Some(None),
            _ => None,
        };
        let named = |tag: &Tag| {
            let facts = facts?.iter().find(|(name, _)| name.eq_ignore_ascii_case(&tag.name));
            Some(facts.map(|(_, value)| (*value).to_owned()))
        };
        let of = |tag: &Tag| match facts {
            Some(_) => named(tag),
            None if has_none => Some(None),
            None if own => of_actor(tag),
            None => None,
        };
        self.tags.iter().map(of).collect()
    }

    fn with_tags(&self, mut request: Request, state: impl Fn(usize) -> Option<Key>) -> Request {
        for (place, tag) in self.tags.iter().enumerate() {
            let Some(state) = state(place) else { continue };
            for key in &tag.keys {
                request = request.choosing(key, state.clone());
            }
        }
        request
    }

    /// With the tags that it has, or may have.
    fn as_it_is(&self, request: Request, policy_context: PolicyContext) -> Attempt {
        let layers = self.layers(policy_context);
        if let Some(known) = self.known_tags(request.resource()) {
            let state = |place: usize| match known.get(place) {
                Some(Some(text)) => Some(known_value(text)),
                _ => Some(Key::Absent),
            };
            let request = self.with_tags(request, state);
            let truth = decide(&request, &layers);
            return Attempt::new(request, policy_context, truth);
        }
        // A made-up resource without tags is as good as any.
        if request.resource().contains(MADE_UP) {
            let without = self.with_tags(request.clone(), |_| Some(Key::Absent));
            if decide(&without, &layers) == Truth::True {
                return Attempt::new(without, policy_context, Truth::True);
            }
        }
        let doubted = self.with_tags(request.clone(), |_| Some(Key::NotKnown));
        let open = self.with_tags(request, |_| Some(Key::Environment));
        let (surely, truth) = (decide(&doubted, &layers), decide(&open, &layers));
        let mut attempt = Attempt::new(open, policy_context, truth);
        attempt.lacking =
            (surely == Truth::Unknown && truth == Truth::Depends).then(|| tags_of(&attempt.request));
        attempt
    }

    /// What may become of the tags: the fewest changes first.
    fn choices(&self) -> Vec<Vec<Choice<'_>>> {
        let mut all = vec![Vec::new()];
        for tag in &self.tags {
            let set = tag.values.iter().map(|text| Choice::Set(text));
            let of_tag: Vec<Choice<'_>> =
                [Choice::Left].into_iter().chain(set).chain([Choice::Removed]).collect();
            let more = all.iter().flat_map(|chosen| {
                of_tag.iter().map(move |choice| chosen.iter().copied().chain([*choice]).collect::<Vec<_>>())
            });
            all = more.take(TRIED).collect();
        }
        all.sort_by_key(|chosen| chosen.iter().filter(|choice| **choice != Choice::Left).count());
        all
    }

    /// After the actor has set some tags, if it may and that helps.
    fn after_tagging(
        &self,
        request: &Request,
        policy_context: PolicyContext,
        chosen: &[Choice<'_>],
    ) -> Option<Attempt> {
        let known = self.known_tags(request.resource());
        let state =
            |place: usize| match (chosen.get(place)?, known.as_ref().and_then(|known| known.get(place))) {
                (Choice::Set(text), _) => Some(known_value(text)),
                (Choice::Removed, _) | (Choice::Left, Some(None)) => Some(Key::Absent),
                (Choice::Left, Some(Some(text))) => Some(known_value(text)),
                (Choice::Left, None) => Some(Key::NotKnown),
            };
        let tagged = self.with_tags(request.clone(), state);
        let truth = decide(&tagged, &self.layers(policy_context));
        if truth < Truth::Depends {
            return None;
        }
        let mut first = Vec::new();
        for removes in [false, true] {
            let changed = |choice: &Choice<'_>| match choice {
                Choice::Left => false,
                Choice::Set(_) => !removes,
                Choice::Removed => removes,
            };
            if chosen.iter().any(changed) {
                first.push(self.tag(request.resource(), removes, chosen, known.as_deref())?);
            }
        }
        let least = first.iter().map(|attempt| attempt.truth).min()?;
        let mut attempt = Attempt::new(tagged, policy_context, truth.min(least));
        attempt.lacking = first.iter().find_map(|attempt| attempt.lacking.clone());
        attempt.first = first;
        Some(attempt)
    }

    /// The request that sets the chosen tags, or takes them away.
    fn tag(
        &self,
        resource: &str,
        removes: bool,
        chosen: &[Choice<'_>],
        known: Option<&[Option<String>]>,
    ) -> Option<Arc<Attempt>> {
        let mut base = self.start.clone();
        let mut names: Vec<Box<str>> = Vec::new();
        for (tag, choice) in self.tags.iter().zip(chosen) {
            match choice {
                Choice::Set(text) if !removes => {
                    base = base.choosing(&format!("aws:RequestTag/{}", tag.name), known_value(text));
                }
                Choice::Removed if removes => {}
                _ => continue,
            }
            names.push(tag.name.as_str().into());
        }
        base = base.choosing("aws:TagKeys", Key::Known { values: names.into(), multivalued: true });
        let before = |place: usize| match known.map(|known| known.get(place)) {
            Some(Some(Some(text))) => Some(known_value(text)),
            Some(_) => Some(Key::Absent),
            None => Some(Key::Environment),
        };
        let base = self.with_tags(base, before);
        let attempts = tagging(resource, removes).into_iter().map(|action| {
            let mut attempt = self.attempt(&base, &action, resource, PolicyContext::Own);
            let doubted = || self.with_tags(attempt.request.clone(), |_| Some(Key::NotKnown));
            let hangs_on_tags = known.is_none()
                && attempt.truth == Truth::Depends
                && decide(&doubted(), &self.layers(PolicyContext::Own)) == Truth::Unknown;
            attempt.lacking = hangs_on_tags.then(|| tags_of(&attempt.request));
            attempt
        });
        attempts.filter(|attempt| attempt.truth >= Truth::Depends).max_by_key(Attempt::rank).map(Arc::new)
    }
}
