//! What is gained: something that the target may do, as it is or after the step, and the actor may not.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::rules::RULES;
use super::strength::{self, Strength};
use super::tags;
use crate::answer::{Citation, Decision, Doubt, Layer, Residual};
use crate::context::Context;
use crate::evaluate::{decide, evaluate};
use crate::layers::{Attached, Guardrails, Layers};
use crate::policy::Policy;
use crate::questions::administrator::{Administrator, administrator_beside, unique_name};
use crate::questions::kind::Kinds;
use crate::questions::requests::{self, Place};
use crate::request::{Principal, Request, ResourceKind};
use crate::statement::Effect;
use crate::truth::Truth;

/// What a principal may do, as far as its policies name it.
#[derive(Clone, Debug, Default)]
pub(super) struct Powers {
    pub(super) administrator: bool,
    /// If these hold, it is an administrator.
    pub(super) administrator_if: Vec<Residual>,
    /// What it may do, or may do if a residual holds; the strongest first.
    pub(super) requests: Vec<Power>,
    /// Why there may be more.
    pub(super) doubts: Vec<Doubt>,
}

/// Something that a principal may do.
#[derive(Clone, Debug)]
pub(super) struct Power {
    pub(super) request: Request,
    pub(super) truth: Truth,
    /// What must hold for it, where that is open.
    pub(super) residual: Option<Residual>,
    /// Its number among those of the account.
    pub(super) number: usize,
    pub(super) strength: Strength,
}

/// Numbers for what principals may do: the same for the same action on the same resource, asked for from the same account;
/// and which names are taken.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    known: Mutex<HashMap<String, usize>>,
    /// Of the users and roles of the inventory.
    taken: HashSet<String>,
}

impl Numbers {
    pub(super) fn beside<'a>(identities: impl Iterator<Item = &'a str>) -> Self {
        Self { known: Mutex::default(), taken: identities.filter_map(unique_name).collect() }
    }

    /// Whether a principal is an administrator, where no identity is made that exists.
    pub(super) fn administrator(
        &self,
        principal: &Principal,
        context: Context,
        layers: &Layers<'_>,
    ) -> Administrator {
        let is_taken = |arn: &str| unique_name(arn).is_some_and(|name| self.taken.contains(&name));
        administrator_beside(principal, context, layers, &is_taken)
    }

    fn of(&self, request: &Request) -> usize {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let account = request.principal().account().unwrap_or_default();
        let next = known.len();
        let (action, resource) = (request.action(), request.resource());
        // The length tells where the action ends.
        let key = format!("{account}:{}:{action}{resource}", action.len());
        *known.entry(key).or_insert(next)
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

/// A trust policy that admits whoever rewrote it.
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
    numbers: &Numbers,
) -> Powers {
    let start = start(principal, context);
    let place = Place::of(principal.name());
    among(&start, context, layers, requests::powers(layers.identity, place, start.context()), numbers)
}

/// What a principal may do of some actions.
pub(super) fn powers_within(
    principal: &Principal,
    context: &Context,
    layers: &Layers<'_>,
    actions: &[String],
    numbers: &Numbers,
) -> Powers {
    let start = start(principal, context);
    let place = Place::of(principal.name());
    let of = |action: &String| -> Vec<(String, String)> {
        let lower = action.to_ascii_lowercase();
        let Some(kinds) = Kinds::of(action) else { return Vec::new() };
        let places = requests::places(requests::policies(layers), &lower, &kinds, place, start.context());
        places.into_iter().flatten().map(|place| (action.clone(), place.into())).collect()
    };
    filled(Powers::default(), &start, layers, actions.iter().flat_map(of).collect(), numbers)
}

/// What a principal may do with these layers, asked also where `without`, which it has no more, may have denied.
pub(super) fn powers_without(
    principal: &Principal,
    context: &Context,
    layers: &Layers<'_>,
    without: &Attached,
    numbers: &Numbers,
) -> Powers {
    let start = start(principal, context);
    let place = Place::of(principal.name());
    let mut requests = requests::powers(layers.identity, place, start.context());
    requests.extend(requests::held_back(layers.identity.iter().chain([without]), place, start.context()));
    among(&start, context, layers, requests, numbers)
}

/// What a principal may do once it may do everything within its limits.
pub(super) fn powers_of_administrator(
    principal: &Principal,
    context: &Context,
    layers: &Layers<'_>,
    numbers: &Numbers,
) -> Powers {
    let start = start(principal, context);
    let place = Place::of(principal.name());
    let identity: Vec<Attached> = layers.identity.iter().chain(EVERYTHING.as_ref()).cloned().collect();
    let layers = Layers { identity: &identity, ..*layers };
    let mut limits: Vec<&Attached> = layers.boundary.into_iter().collect();
    if let Guardrails::InForce(levels) = layers.service_control {
        limits.extend(levels.iter().flat_map(|level| &level.policies));
    }
    let mut requests = requests::powers(limits, place, start.context());
    let of_rules = RULES.lower.iter();
    requests
        .extend(of_rules.flat_map(|action| place.typical(action).into_iter().map(|on| (action.clone(), on))));
    among(&start, context, &layers, requests, numbers)
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
    requests: Vec<(String, String)>,
    numbers: &Numbers,
) -> Powers {
    let mut powers = Powers::default();
    match numbers.administrator(start.principal(), context.clone(), layers) {
        Administrator::Yes => return Powers { administrator: true, ..powers },
        Administrator::If(residuals) => powers.administrator_if = residuals,
        Administrator::No { .. } | Administrator::Unknown(_) => {}
    }
    filled(powers, start, layers, requests, numbers)
}

/// With those of some requests that are allowed.
fn filled(
    mut powers: Powers,
    start: &Request,
    layers: &Layers<'_>,
    requests: Vec<(String, String)>,
    numbers: &Numbers,
) -> Powers {
    let account = start.principal().account().unwrap_or_default();
    let owner = DelegatingOwner::new(account);
    for (action, resource) in requests {
        let mut request = start.instead(&action, &resource);
        // A resource whose ARN names no account is one of the account in which it is sampled.
        if Place::of(&resource).account.is_empty() {
            request = request.owned_by(account);
        }
        let layers = &owner.beside(&request, layers);
        match decide(&request, layers) {
            // On what AWS checks an action without a listed resource type may not be known; that alone is no gain.
            Truth::Unknown if powers.doubts.is_empty() && request.resource() != "*" => {
                if let Decision::Unknown(doubts) = evaluate(&request, layers).decision {
                    powers.doubts = doubts;
                }
            }
            Truth::False | Truth::Unknown => {}
            truth => {
                let decision = (truth == Truth::Depends).then(|| evaluate(&request, layers).decision);
                let residual = match decision {
                    Some(Decision::AllowedIf(residual)) => Some(residual),
                    _ => None,
                };
                let (number, strength) = (numbers.of(&request), strength::of_action(&action));
                powers.requests.push(Power { request, truth, residual, number, strength });
            }
        }
    }
    whole(&mut powers.requests);
    powers.requests.sort_by_key(|power| Reverse(power.strength));
    if powers.doubts.is_empty() {
        powers.doubts = in_layer(layers.identity, Layer::Identity);
    }
    powers
}

/// Without what may be done on some of the resources only that it takes together.
fn whole(powers: &mut Vec<Power>) {
    let mut asked: HashMap<String, bool> = HashMap::new();
    for Power { request, .. } in &*powers {
        asked.entry(request.action().to_owned()).or_insert_with(|| {
            let Some(kinds) = Kinds::of(request.action()).filter(|kinds| kinds.groups.len() > 1) else {
                return true;
            };
            let on = || powers.iter().filter(|other| other.request.action() == request.action());
            kinds.groups.iter().all(|group| on().any(|other| group.has(other.request.resource())))
        });
    }
    powers.retain(|power| asked.get(power.request.action()) == Some(&true));
}

/// The owner of a role or of a key leaves it to an account whom it lets in: what a principal may do is what its own side
/// allows.
pub(super) struct DelegatingOwner {
    account: String,
    policy: OnceCell<Option<Attached>>,
}

impl DelegatingOwner {
    pub(super) fn new(account: &str) -> Self {
        Self { account: account.to_owned(), policy: OnceCell::new() }
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
