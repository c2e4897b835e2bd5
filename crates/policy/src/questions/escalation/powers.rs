//! What is gained: something that the target may do, as it is or after the step, and the actor may not.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use super::inventory::Inventory;
use super::rules::RULES;
use super::samples::{Sample, Samples};
use super::sure;
use super::tags;
use crate::answer::{Citation, Decision, Doubt, Layer, Residual};
use crate::context::Context;
use crate::evaluate::{decide, evaluate};
use crate::layers::{Attached, Guardrails, Layers};
use crate::policy::Policy;
use crate::questions::administrator::{
    Administrator, Standing, administrator_beside, standing_beside, unique_name,
};
use crate::questions::kind::Kinds;
use crate::questions::requests::{self, Place};
use crate::request::{Principal, Request, ResourceKind};
use crate::statement::Effect;
use crate::truth::Truth;

/// What a principal may do, as far as its policies name it. Each request is evaluated when it is first looked at: the strongest
/// shows most, and the rest is seldom needed.
#[derive(Debug, Default)]
pub(super) struct Powers {
    pub(super) administrator: bool,
    /// If these hold, it is an administrator.
    pub(super) administrator_if: Vec<Residual>,
    /// Whose they are; `None`: no principal's.
    start: Option<Request>,
    owner: DelegatingOwner,
    /// What it might do, the strongest first.
    possible: Vec<Possible>,
    /// See [`Numbers::prunes`].
    prunes: bool,
    /// Why there may be more.
    doubts: OnceLock<Vec<Doubt>>,
}

/// Something that a principal might do.
#[derive(Debug)]
pub(super) struct Possible {
    pub(super) sample: Arc<Sample>,
    /// Its place among the samples, before they were sorted.
    place: usize,
    outcome: OnceLock<Outcome>,
    /// Whether it may be done on all that the action takes together.
    is_whole: OnceLock<bool>,
}

#[derive(Debug)]
enum Outcome {
    Denied,
    Unknown,
    Power(Power),
}

/// Something that a principal may do.
#[derive(Clone, Debug)]
pub(super) struct Power {
    pub(super) truth: Truth,
    /// What must hold for it, where that is open.
    pub(super) residual: Option<Box<Residual>>,
}

impl Powers {
    fn of(start: Request, samples: Vec<Arc<Sample>>, prunes: bool) -> Self {
        let owner = DelegatingOwner::new(start.principal().account().unwrap_or_default());
        let possible = samples.into_iter().enumerate();
        let mut possible: Vec<Possible> = possible
            .map(|(place, sample)| Possible {
                sample,
                place,
                outcome: OnceLock::new(),
                is_whole: OnceLock::new(),
            })
            .collect();
        possible.sort_by_key(|possible| Reverse(possible.sample.strength));
        Self { start: Some(start), owner, possible, prunes, ..Self::default() }
    }

    /// The account of the principal whose they are.
    pub(super) fn account(&self) -> &str {
        self.start.as_ref().and_then(|start| start.principal().account()).unwrap_or_default()
    }

    /// What the principal might do, the strongest first. [`Powers::power`] says whether it may.
    pub(super) fn possible(&self) -> &[Possible] {
        &self.possible
    }

    /// What is possible, if the principal may do it. `layers`: those with which it was asked for.
    pub(super) fn power<'p>(&self, possible: &'p Possible, layers: &Layers<'_>) -> Option<&'p Power> {
        match self.outcome(possible, layers) {
            Outcome::Power(power) if self.is_whole(possible, layers) => Some(power),
            _ => None,
        }
    }

    /// Whether the principal may do it, by a look at its policies.
    fn is_sure(&self, sample: &Sample, layers: &Layers<'_>) -> bool {
        let Some(start) = self.start.as_ref().filter(|_| self.prunes) else { return false };
        let (principal, context) = (start.principal(), start.context());
        sample.is_plain(Place::of(principal.name()))
            && sure::allows(principal, layers, sample.lower(), &sample.resource, context)
    }

    fn outcome<'p>(&self, possible: &'p Possible, layers: &Layers<'_>) -> &'p Outcome {
        possible.outcome.get_or_init(|| {
            if self.is_sure(&possible.sample, layers) {
                return Outcome::Power(Power { truth: Truth::True, residual: None });
            }
            let Some(request) = self.request(possible) else { return Outcome::Denied };
            let layers = &self.owner.beside(&request, layers);
            match decide(&request, layers) {
                Truth::Unknown => Outcome::Unknown,
                Truth::False => Outcome::Denied,
                truth => {
                    let decision = (truth == Truth::Depends).then(|| evaluate(&request, layers).decision);
                    let residual = match decision {
                        Some(Decision::AllowedIf(residual)) => Some(Box::new(residual)),
                        _ => None,
                    };
                    Outcome::Power(Power { truth, residual })
                }
            }
        })
    }

    /// The request for something that is possible. Made anew each time: there are many, and few are looked at twice.
    pub(super) fn request(&self, possible: &Possible) -> Option<Request> {
        let start = self.start.as_ref()?;
        let Sample { action, resource, .. } = &*possible.sample;
        let request = start.instead(action, resource);
        // A resource whose ARN names no account is one of the account in which it is sampled.
        Some(if Place::of(resource).account.is_empty() {
            request.owned_by(start.principal().account().unwrap_or_default())
        } else {
            request
        })
    }

    /// Whether an action may be done on all of the resources that it takes together, and not on some of them only.
    fn is_whole(&self, possible: &Possible, layers: &Layers<'_>) -> bool {
        *possible.is_whole.get_or_init(|| self.is_on_all(&possible.sample.action, layers))
    }

    fn is_on_all(&self, action: &str, layers: &Layers<'_>) -> bool {
        let Some(kinds) = Kinds::of(action).filter(|kinds| kinds.groups.len() > 1) else { return true };
        kinds.groups.iter().all(|group| {
            let mut others = self.possible.iter().filter(|other| &*other.sample.action == action);
            others.any(|other| {
                group.has(&other.sample.resource) && matches!(self.outcome(other, layers), Outcome::Power(_))
            })
        })
    }

    /// Why there may be more.
    pub(super) fn doubts(&self, layers: &Layers<'_>) -> &[Doubt] {
        self.doubts.get_or_init(|| {
            let is_unknown =
                |possible: &&Possible| matches!(self.outcome(possible, layers), Outcome::Unknown);
            let mut unknown: Vec<&Possible> = self.possible.iter().filter(is_unknown).collect();
            unknown.sort_unstable_by_key(|possible| possible.place);
            // On what AWS checks an action without a listed resource type may not be known; that alone is no gain.
            let requests = unknown.into_iter().filter_map(|possible| self.request(possible));
            for request in requests.filter(|one| one.resource() != "*") {
                let layers = self.owner.beside(&request, layers);
                if let Decision::Unknown(doubts) = evaluate(&request, &layers).decision
                    && !doubts.is_empty()
                {
                    return doubts;
                }
            }
            in_layer(layers.identity, Layer::Identity)
        })
    }

    /// Evaluates all of it with layers that are not kept.
    fn evaluated(self, layers: &Layers<'_>) -> Self {
        for possible in &self.possible {
            self.outcome(possible, layers);
        }
        self.doubts(layers);
        self
    }
}

/// Numbers for what principals may do: the same for the same action on the same resource, asked for from the same account;
/// and which names are taken.
#[derive(Debug)]
pub(super) struct Numbers<'a> {
    known: Mutex<HashMap<String, usize, ahash::RandomState>>,
    /// Of actions, in lower case, that no rule needs.
    actions: Mutex<HashMap<Box<str>, usize, ahash::RandomState>>,
    inventory: Inventory<'a>,
    /// Names of its users and roles, found when they are first needed.
    taken: OnceLock<HashSet<String>>,
    samples: Samples,
    /// Whether what a look at policies decides is not evaluated. A test holds that this changes nothing.
    pub(super) prunes: bool,
}

impl<'a> Numbers<'a> {
    /// In an account whose users and roles are these.
    pub(super) fn beside(inventory: &Inventory<'a>) -> Self {
        let (known, actions, taken) = (Mutex::default(), Mutex::default(), OnceLock::new());
        Self { known, actions, inventory: *inventory, taken, samples: Samples::default(), prunes: true }
    }

    fn is_taken(&self, arn: &str) -> bool {
        let taken = self.taken.get_or_init(|| {
            let users = self.inventory.users.unwrap_or_default().iter().map(|user| user.arn);
            let roles = self.inventory.roles.unwrap_or_default().iter().map(|role| role.arn);
            users.chain(roles).filter_map(unique_name).collect()
        });
        unique_name(arn).is_some_and(|name| taken.contains(&name))
    }

    /// Whether a principal is an administrator, where no identity is made that exists.
    pub(super) fn administrator(
        &self,
        principal: &Principal,
        context: Context,
        layers: &Layers<'_>,
    ) -> Administrator {
        administrator_beside(principal, context, layers, &|arn| self.is_taken(arn))
    }

    /// The same without the reasons.
    pub(super) fn standing(&self, principal: &Principal, context: &Context, layers: &Layers<'_>) -> Standing {
        standing_beside(principal, context, layers, &|arn| self.is_taken(arn))
    }

    /// The number of a sample's action: its place among those of the rules, and what follows for others.
    pub(super) fn of_action(&self, sample: &Sample) -> usize {
        *sample.of_action.get_or_init(|| {
            let lower = sample.lower();
            RULES.places.get(lower).copied().unwrap_or_else(|| {
                let mut known = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
                let next = RULES.lower.len() + known.len();
                *known.entry(lower.into()).or_insert(next)
            })
        })
    }

    /// The number of a sample, asked for from an account.
    pub(super) fn of(&self, account: &str, sample: &Sample) -> usize {
        *sample.number.get_or_init(|| {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let next = known.len();
            let Sample { action, resource, .. } = sample;
            // The length shows where the action ends.
            let key = format!("{account}:{}:{action}{resource}", action.len());
            *known.entry(key).or_insert(next)
        })
    }
}

/// `AdministratorAccess`, as its document has been since it exists.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html>
pub(super) static EVERYTHING: LazyLock<Option<Attached>> = LazyLock::new(|| {
    let policy = Policy::parse(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
    );
    policy.ok().map(|policy| Attached::new("arn:aws:iam::aws:policy/AdministratorAccess", Arc::new(policy)))
});

/// A trust policy that admits the principal that rewrote it.
pub(super) static REWRITTEN: LazyLock<Option<Attached>> = LazyLock::new(|| {
    let policy = Policy::parse(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#,
    );
    policy.ok().map(|policy| Attached::new("the trust policy, rewritten", Arc::new(policy)))
});

/// What a principal may do with these layers.
pub(super) fn powers(
    principal: &Principal,
    context: &Context,
    layers: &Layers<'_>,
    numbers: &Numbers<'_>,
) -> Powers {
    let start = start(principal, context);
    let place = Place::of(principal.name());
    let samples = || numbers.samples.of(layers.identity, place, start.context());
    among(&start, context, layers, samples, numbers)
}

/// What a principal may do of some actions.
pub(super) fn powers_within(
    principal: &Principal,
    context: &Context,
    layers: &Layers<'_>,
    actions: &[String],
    numbers: &Numbers<'_>,
) -> Powers {
    let start = start(principal, context);
    let place = Place::of(principal.name());
    let of = |action: &String| -> Vec<(String, String)> {
        let lower = action.to_ascii_lowercase();
        let Some(kinds) = Kinds::of(action) else { return Vec::new() };
        let places = requests::places(requests::policies(layers), &lower, &kinds, place, start.context());
        places.into_iter().flatten().map(|place| (action.clone(), place.into())).collect()
    };
    let samples: Vec<(String, String)> = actions.iter().flat_map(of).collect();
    Powers::of(start, sampled(samples), numbers.prunes)
}

/// What a principal may do with these layers, asked also where `without`, which it has no more, may have denied.
pub(super) fn powers_without(
    principal: &Principal,
    context: &Context,
    layers: &Layers<'_>,
    without: &Attached,
    numbers: &Numbers<'_>,
) -> Powers {
    let start = start(principal, context);
    let place = Place::of(principal.name());
    let samples = || {
        let mut requests = requests::powers(layers.identity, place, start.context());
        requests.extend(requests::held_back(layers.identity.iter().chain([without]), place, start.context()));
        sampled(requests)
    };
    among(&start, context, layers, samples, numbers)
}

/// What a principal may do once it may do everything within its limits.
pub(super) fn powers_of_administrator(
    principal: &Principal,
    context: &Context,
    layers: &Layers<'_>,
    numbers: &Numbers<'_>,
) -> Powers {
    let start = start(principal, context);
    let place = Place::of(principal.name());
    let identity: Vec<Attached> = layers.identity.iter().chain(EVERYTHING.as_ref()).cloned().collect();
    let layers = Layers { identity: &identity, ..*layers };
    let mut limits: Vec<&Attached> = layers.boundary.into_iter().collect();
    if let Guardrails::InForce(levels) = layers.service_control {
        limits.extend(levels.iter().flat_map(|level| &level.policies));
    }
    let samples = || {
        let mut requests = requests::powers(limits, place, start.context());
        let typical =
            |action: &'static String| place.typical(action).into_iter().map(|on| (action.clone(), on));
        requests.extend(RULES.lower.iter().flat_map(typical));
        sampled(requests)
    };
    among(&start, context, &layers, samples, numbers).evaluated(&layers)
}

fn sampled(requests: Vec<(String, String)>) -> Vec<Arc<Sample>> {
    requests.into_iter().map(|(action, resource)| Arc::new(Sample::new(action, resource))).collect()
}

fn start(principal: &Principal, context: &Context) -> Request {
    let account = principal.account().unwrap_or_default();
    // What is sampled exists, if it does, with tags of which nothing is known.
    Request::new(principal.clone(), "", "*", tags::open(context.clone())).owned_by(account)
}

fn among(
    start: &Request,
    context: &Context,
    layers: &Layers<'_>,
    samples: impl FnOnce() -> Vec<Arc<Sample>>,
    numbers: &Numbers<'_>,
) -> Powers {
    let administrator_if = match numbers.standing(start.principal(), context, layers) {
        Standing::Administrator => return Powers { administrator: true, ..Powers::default() },
        Standing::If(residuals) => residuals,
        Standing::Other => Vec::new(),
    };
    Powers { administrator_if, ..Powers::of(start.clone(), samples(), numbers.prunes) }
}

/// The owner of a role or of a key leaves it to an account whom it lets in: what a principal may do is what its own side
/// allows.
#[derive(Debug, Default)]
pub(super) struct DelegatingOwner {
    account: String,
    policy: OnceLock<Option<Attached>>,
}

impl DelegatingOwner {
    pub(super) fn new(account: &str) -> Self {
        Self { account: account.to_owned(), policy: OnceLock::new() }
    }

    pub(super) fn policy(&self) -> Option<&Attached> {
        let find = || {
            let document = serde_json::json!({
                "Statement": {"Effect": "Allow", "Principal": {"AWS": self.account}, "Action": "*", "Resource": "*"}
            });
            let policy = Policy::parse(&document.to_string()).ok()?;
            Some(Attached::new("the owner's policy", Arc::new(policy)))
        };
        self.policy.get_or_init(find).as_ref()
    }

    /// With it where a request needs it.
    pub(super) fn beside<'l>(&'l self, request: &Request, layers: &Layers<'l>) -> Layers<'l> {
        let needs = request.resource_kind() != ResourceKind::Ordinary;
        let policy = if needs { self.policy() } else { None };
        let resource = policy.map_or(&[][..], std::slice::from_ref);
        Layers { resource, ..*layers }
    }
}

/// Statements that may allow anything, or nothing.
fn in_layer(policies: &[Attached], layer: Layer) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    for attached in policies {
        for (index, statement) in attached.policy.statements().iter().enumerate() {
            if statement.effect() == Effect::Unknown {
                let reason = statement.doubts().collect::<Vec<_>>().join("; ");
                doubts
                    .push(Doubt { citation: Citation { layer, attached: attached.clone(), index }, reason });
            }
        }
    }
    doubts
}
