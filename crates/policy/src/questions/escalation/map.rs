//! What the questions about an account's principals have in common: who trusts which service, what each target may do.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::attempt::Attempt;
use super::chain::{Admitting, Hop, Kind, Member, Reached};
use super::index::Index;
use super::inventory::{Actor, Inventory, PolicyFacts, RoleFacts, UserFacts};
use super::named::{NamedPattern, Patterns, may_be_named, may_have, of_statement};
use super::objects::Object;
use super::powers::{self, Numbers, Powers, REWRITTEN};
use super::rules::{RULES, Rule, TrustedService};
use super::tags;
use crate::answer::Decision;
use crate::arn::Arn;
use crate::context::{Context, RequestFacts};
use crate::evaluate::{decide, evaluate_resource_side};
use crate::layers::{Attached, Layers};
use crate::questions::administrator::Administrator;
use crate::questions::kind::Kinds;
use crate::questions::requests::{self, Place};
use crate::request::{Principal, Request};
use crate::statement::{PrincipalEntry, Principals, Statement};
use crate::truth::Truth;

/// An account, prepared for asking which rules of escalation hold for its principals. What is found about targets is kept,
/// so that the second principal costs less than the first.
#[derive(Debug)]
pub struct EscalationMap<'a> {
    pub(super) inventory: Inventory<'a>,
    pub(super) roles: Vec<Role<'a>>,
    pub(super) users: Vec<User<'a>>,
    /// A number for each account of which there are roles.
    accounts: HashMap<&'a str, usize, ahash::RandomState>,
    pub(super) policies: HashMap<&'a str, PolicyFacts<'a>>,
    /// For each service, by its place among those of the rules: see [`EscalationMap::trusting`].
    trusting: Vec<OnceLock<Vec<Trusting>>>,
    /// For each rule, the roles that it may be aimed at by the service that they trust: see [`EscalationMap::carried`].
    carried: Vec<OnceLock<Box<[Carried]>>>,
    /// For each service: see [`EscalationMap::carriers`].
    carriers: Vec<OnceLock<Vec<usize>>>,
    /// The roles by the identities that they may admit.
    pub(super) admitting: Admitting<'a>,
    /// The tags of resources, by their ARNs.
    pub(super) tags: HashMap<&'a str, &'a [(&'a str, &'a str)]>,
    /// Policies of roles, and RCPs, that speak of tags.
    pub(super) with_tags: Vec<&'a Attached>,
    /// What policies say, by partition and account of who asks.
    indices: Mutex<HashMap<String, Arc<Index>>>,
    pub(super) numbers: Numbers<'a>,
    /// Users and roles by the last segment of their ARNs, such as `user/ann`.
    by_resource: HashMap<&'a str, Vec<usize>, ahash::RandomState>,
    /// Whether what is found for one principal is remembered for others. A test holds that this changes nothing.
    pub(super) shares: bool,
}

/// A role that trusts a service, or may.
#[derive(Debug)]
pub(super) struct Trusting {
    pub(super) role: usize,
    pub(super) trust: Truth,
    /// The service's request to take it on.
    pub(super) visit: Request,
    /// The same as a step of a way, which is that of every actor.
    pub(super) attempt: OnceLock<Arc<Attempt>>,
}

/// A role that a rule may be aimed at by a service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carried {
    pub(super) role: usize,
    /// The service of those of the rule that it trusts the most surely.
    pub(super) service: usize,
    pub(super) trust: Truth,
}

/// A role as a target.
#[derive(Debug)]
pub(super) struct Role<'a> {
    pub(super) facts: RoleFacts<'a>,
    pub(super) place: Place<'a>,
    /// The number of its account: see [`EscalationMap::number_of`].
    pub(super) account: usize,
    /// ARNs of providers that its trust policy names.
    pub(super) providers: Vec<&'a str>,
    /// Its trust policy names everyone.
    pub(super) everyone: bool,
    /// Accounts that its trust policy names as a whole.
    pub(super) accounts: Vec<&'a str>,
    requests: RequestFacts<'a>,
    subject: OnceLock<Subject>,
    /// Whether the tags of its sessions are open though its own are known.
    pub(super) tags_are_open: bool,
    /// The same in a session of which no principal may have set the tags.
    untagged: OnceLock<Subject>,
    objects_read: OnceLock<Vec<Object>>,
    /// Where it may read objects at all.
    readable: OnceLock<Option<Box<[NamedPattern<'static>]>>>,
    /// It, as one that asks for something.
    reader: OnceLock<Option<Request>>,
    reading: Mutex<HashMap<Box<str>, bool, ahash::RandomState>>,
}

/// A user as a target.
#[derive(Debug)]
pub(super) struct User<'a> {
    pub(super) facts: UserFacts<'a>,
    requests: RequestFacts<'a>,
    subject: OnceLock<Subject>,
}

impl User<'_> {
    /// What it may do, found when it is first needed: of most nobody asks.
    pub(super) fn subject(&self) -> &Subject {
        self.subject.get_or_init(|| Subject::new(self.facts.arn, self.requests))
    }
}

/// What a target may do, found once.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) principal: Option<Principal>,
    /// What is known of its requests.
    pub(super) context: Context,
    as_is: OnceLock<Powers>,
    as_administrator: OnceLock<Powers>,
    /// The roles that it may assume, and those to which it leads.
    pub(super) hops: OnceLock<Vec<Hop>>,
    pub(super) reached: OnceLock<Vec<Reached>>,
}

impl Subject {
    fn new(arn: &str, requests: RequestFacts<'_>) -> Self {
        let principal = Principal::iam(arn).ok();
        let context = Context::auditor();
        Self {
            context: match &principal {
                Some(principal) => requests.keys(principal).over(context),
                None => context,
            },
            principal,
            as_is: OnceLock::new(),
            as_administrator: OnceLock::new(),
            hops: OnceLock::new(),
            reached: OnceLock::new(),
        }
    }

    pub(super) fn powers(&self, layers: &Layers<'_>, numbers: &Numbers<'_>) -> &Powers {
        self.as_is.get_or_init(|| self.found(layers, numbers, powers::powers))
    }

    pub(super) fn powers_of_administrator(&self, layers: &Layers<'_>, numbers: &Numbers<'_>) -> &Powers {
        self.as_administrator.get_or_init(|| self.found(layers, numbers, powers::powers_of_administrator))
    }

    /// What it may do of some actions.
    pub(super) fn powers_within(
        &self,
        layers: &Layers<'_>,
        actions: &[String],
        numbers: &Numbers<'_>,
    ) -> Powers {
        let principal = self.principal.as_ref();
        principal
            .map(|principal| powers::powers_within(principal, &self.context, layers, actions, numbers))
            .unwrap_or_default()
    }

    fn found(
        &self,
        layers: &Layers<'_>,
        numbers: &Numbers<'_>,
        powers: impl Fn(&Principal, &Context, &Layers<'_>, &Numbers<'_>) -> Powers,
    ) -> Powers {
        self.principal
            .as_ref()
            .map(|principal| powers(principal, &self.context, layers, numbers))
            .unwrap_or_default()
    }
}

impl<'a> EscalationMap<'a> {
    /// Prepares an account. Nothing is evaluated yet.
    pub fn new(inventory: &Inventory<'a>) -> Self {
        let tags: HashMap<&str, &[(&str, &str)]> =
            inventory.tags.unwrap_or_default().iter().map(|facts| (facts.arn, facts.tags)).collect();
        let of_one = |arn: &str| RequestFacts { tags: tags.get(arn).copied(), ..inventory.requests };
        let roles = inventory.roles.unwrap_or_default().iter();
        let mut accounts: HashMap<&str, usize, ahash::RandomState> = HashMap::default();
        let role = |facts: &RoleFacts<'a>| {
            let next = accounts.len();
            let account = *accounts.entry(Place::of(facts.arn).account).or_insert(next);
            Role::new(facts, of_one(facts.arn), account)
        };
        let roles: Vec<Role<'a>> = roles.map(role).collect();
        Self {
            inventory: *inventory,
            carriers: RULES.services.iter().map(|_| OnceLock::new()).collect(),
            trusting: RULES.services.iter().map(|_| OnceLock::new()).collect(),
            carried: RULES.rules.iter().map(|_| OnceLock::new()).collect(),
            admitting: Admitting::new(roles.iter().map(|role| role.facts.layers.resource)),
            users: inventory
                .users
                .unwrap_or_default()
                .iter()
                .map(|facts| User { facts: *facts, requests: of_one(facts.arn), subject: OnceLock::new() })
                .collect(),
            policies: inventory
                .policies
                .unwrap_or_default()
                .iter()
                .map(|policy| (policy.arn, *policy))
                .collect(),
            tags,
            with_tags: with_tags(inventory.roles.unwrap_or_default()),
            roles,
            accounts,
            by_resource: by_resource(inventory),
            shares: true,
            indices: Mutex::default(),
            numbers: Numbers::beside(inventory),
        }
    }

    /// The roles that trust a service, or may, by the service's place among those of the rules.
    pub(super) fn trusting(&self, service: usize) -> &[Trusting] {
        let (Some(known), Some(service)) = (self.trusting.get(service), RULES.services.get(service)) else {
            return &[];
        };
        let trusts = |(index, role): (usize, &Role<'a>)| {
            let visit = role.visited_by(service, self.inventory.requests)?;
            let trust = role.admits(&visit);
            (trust != Truth::False).then_some(Trusting {
                role: index,
                trust,
                visit,
                attempt: OnceLock::new(),
            })
        };
        known.get_or_init(|| self.roles.iter().enumerate().filter_map(trusts).collect())
    }

    /// One of them for each account.
    pub(super) fn carriers(&self, service: usize) -> &[usize] {
        let find = || {
            let mut accounts = HashSet::new();
            let places = self.trusting(service).iter().map(|trusting| trusting.role);
            let is_first = |index: &usize| {
                self.roles.get(*index).is_some_and(|role| accounts.insert(role.place.account))
            };
            places.filter(is_first).collect()
        };
        self.carriers.get(service).map_or(&[], |known| known.get_or_init(find))
    }

    /// A role at this place, in a session of which the principal that assumes it may not set the tags: its own decide.
    pub(super) fn untagged(&self, index: usize) -> Option<(&Subject, &Layers<'_>)> {
        let role = self.roles.get(index)?;
        let arn = role.facts.arn;
        let tags = self.tags.get(arn).copied();
        let find = || {
            Subject::new(arn, RequestFacts { tags, trust: REWRITTEN.as_slice(), ..self.inventory.requests })
        };
        Some((role.untagged.get_or_init(find), &role.facts.layers))
    }

    pub(super) fn arn_of(&self, member: Member) -> Option<&'a str> {
        match member {
            Member::Role(place) => self.roles.get(place).map(|role| role.facts.arn),
            Member::User(place) => self.users.get(place).map(|user| user.facts.arn),
        }
    }

    pub(super) fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::User => self.users.len(),
            Kind::Role => self.roles.len(),
        }
    }

    /// The places of an ARN among the users, or the roles.
    pub(super) fn places_of(&self, kind: Kind, arn: &str) -> Vec<usize> {
        let is_there = |place: &usize| self.arn_of(kind.at(*place)) == Some(arn);
        match Arn::read(arn) {
            Some(read) => self.by_resource(kind, read.resource).iter().copied().filter(is_there).collect(),
            None => (0..self.count(kind)).filter(is_there).collect(),
        }
    }

    /// A number for an account of which there are roles.
    pub(super) fn number_of(&self, account: &str) -> Option<usize> {
        self.accounts.get(account).copied()
    }

    /// The users, or the roles, whose ARNs end so.
    pub(super) fn by_resource(&self, kind: Kind, resource: &str) -> &[usize] {
        let start = if kind == Kind::User { "user/" } else { "role/" };
        let known = self.by_resource.get(resource).filter(|_| resource.starts_with(start));
        known.map_or(&[], Vec::as_slice)
    }

    /// The roles that trust a service of a rule, or may, each once and in order. Whoever acts by the rule chooses among
    /// the same, so they are put in order for the first.
    pub(super) fn carried(&self, rule: &Rule) -> &[Carried] {
        let find = || {
            let of_service = |service: &usize| {
                let service = *service;
                let of_role = move |one: &Trusting| Carried { role: one.role, service, trust: one.trust };
                self.trusting(service).iter().map(of_role)
            };
            let mut all: Vec<Carried> = rule.trust.iter().flat_map(of_service).collect();
            all.sort_by_key(|one| (one.role, Reverse(one.trust)));
            all.dedup_by_key(|one| one.role);
            all.into()
        };
        self.carried.get(rule.place).map_or(&[], |known| known.get_or_init(find))
    }

    /// What policies say to those of an account.
    pub(super) fn index(&self, place: Place<'_>) -> Arc<Index> {
        let mut known = self.indices.lock().unwrap_or_else(PoisonError::into_inner);
        let key = format!("{}:{}", place.partition, place.account);
        known.entry(key).or_insert_with(|| Arc::new(Index::new())).clone()
    }

    /// Asks whether one user or role is an administrator, as [`administrator`](crate::administrator) does, where the names of
    /// the inventory are taken.
    pub fn administrator(&self, actor: &Actor<'_>) -> Administrator {
        self.numbers.administrator(actor.principal, actor.context.clone(), &actor.layers)
    }
}

/// Places among the users, and among the roles, by the last segment of the ARN, which distinguishes a user from a role.
fn by_resource<'a>(inventory: &Inventory<'a>) -> HashMap<&'a str, Vec<usize>, ahash::RandomState> {
    let mut places: HashMap<&str, Vec<usize>, _> = HashMap::default();
    let users = inventory.users.unwrap_or_default().iter().map(|user| user.arn).enumerate();
    let roles = inventory.roles.unwrap_or_default().iter().map(|role| role.arn).enumerate();
    for (place, arn) in users.chain(roles) {
        if let Some(arn) = Arn::read(arn) {
            places.entry(arn.resource).or_default().push(place);
        }
    }
    places
}

/// Trust policies and RCPs that speak of tags, each once.
fn with_tags<'a>(roles: &'a [RoleFacts<'a>]) -> Vec<&'a Attached> {
    let mut seen = HashSet::new();
    let policies = roles.iter().flat_map(|role| {
        let levels = role.layers.resource_control.levels().unwrap_or_default();
        role.layers.resource.iter().chain(levels.iter().flat_map(|level| &level.policies))
    });
    let new = policies.filter(|attached| seen.insert(Arc::as_ptr(&attached.policy)));
    new.filter(|attached| tags::speaks_of_tags(&attached.policy)).collect()
}

impl<'a> Role<'a> {
    fn new(facts: &RoleFacts<'a>, requests: RequestFacts<'a>, account: usize) -> Self {
        let mut providers = Vec::new();
        let mut accounts = Vec::new();
        let mut everyone = false;
        let facts = *facts;
        let trust: &'a [_] = facts.layers.resource;
        for statement in trust.iter().flat_map(|attached| attached.policy.statements()) {
            for entry in statement.principals().map(Principals::entries).unwrap_or_default() {
                match entry {
                    PrincipalEntry::Federated(name) => providers.push(&**name),
                    PrincipalEntry::Account(id) => accounts.push(&**id),
                    PrincipalEntry::Everyone => everyone = true,
                    _ => {}
                }
            }
        }
        providers.sort_unstable();
        providers.dedup();
        let requests = RequestFacts { trust: facts.layers.resource, ..requests };
        Self {
            place: Place::of(facts.arn),
            account,
            requests,
            subject: OnceLock::new(),
            tags_are_open: requests.tags.is_some() && requests.may_be_tagged(),
            facts,
            providers,
            everyone,
            accounts,
            untagged: OnceLock::new(),
            objects_read: OnceLock::new(),
            readable: OnceLock::new(),
            reader: OnceLock::new(),
            reading: Mutex::default(),
        }
    }

    /// What it may do, found when it is first needed: of most nobody asks.
    pub(super) fn subject(&self) -> &Subject {
        self.subject.get_or_init(|| Subject::new(self.facts.arn, self.requests))
    }

    /// The policies that the request to assume it meets, made by someone with these.
    pub(super) fn assumed_by<'l>(&'l self, layers: &Layers<'l>) -> Layers<'l> {
        let Layers { resource, resource_control, .. } = self.facts.layers;
        Layers { resource_control, resource, ..*layers }
    }

    /// Objects of S3 that it reads, of those that its policies distinguish.
    pub(super) fn objects_read(&self) -> &[Object] {
        self.objects_read.get_or_init(|| {
            let Some(kinds) = Kinds::of(READ) else { return Vec::new() };
            let context = &self.subject().context;
            let places =
                requests::places(requests::policies(&self.facts.layers), READ, &kinds, self.place, context);
            places.into_iter().flatten().filter(|object| self.reads(object)).map(Object::new).collect()
        })
    }

    /// Patterns of which one matches whatever it may read. `None`: it may be anything.
    pub(super) fn readable(&self) -> Patterns<'_> {
        let find = || {
            let of_caller = |statement| of_statement(statement, &self.subject().context);
            let named = may_be_named(self.facts.layers.identity.iter(), READ, of_caller)?;
            Some(named.into_iter().map(NamedPattern::into_owned).collect())
        };
        self.readable.get_or_init(find).as_deref()
    }

    /// Whether it may read an object of S3. Asked for the same objects by many actors.
    pub(super) fn reads(&self, object: &str) -> bool {
        if !may_have(self.readable(), object, &self.subject().context) {
            return false;
        }
        if let Some(known) = self.reading.lock().unwrap_or_else(PoisonError::into_inner).get(object) {
            return *known;
        }
        let start = || {
            let start =
                Request::new(self.subject().principal.clone()?, "", "*", self.subject().context.clone());
            Some(start.owned_by(self.place.account).supposing_own())
        };
        let layers = Layers { resource: &[], ..self.facts.layers };
        let reads =
            self.reader.get_or_init(start).as_ref().is_some_and(|start| {
                decide(&start.instead("s3:GetObject", object), &layers) >= Truth::Depends
            });
        self.reading.lock().unwrap_or_else(PoisonError::into_inner).insert(object.into(), reads);
        reads
    }

    fn visited_by(&self, service: &TrustedService, requests: RequestFacts<'_>) -> Option<Request> {
        let trust = self.facts.layers.resource;
        let mut statements = trust.iter().flat_map(|attached| attached.policy.statements());
        statements.any(|statement| may_name(statement, service)).then(|| self.visit(service, requests))
    }

    /// The request with which a service, or a provider's user, takes on the role.
    pub(super) fn visit(&self, service: &TrustedService, requests: RequestFacts<'_>) -> Request {
        let (principal, action) = if service.federated {
            (Principal::federated(&service.name), "sts:AssumeRoleWithWebIdentity")
        } else {
            (Principal::service(&service.name), "sts:AssumeRole")
        };
        // The workload is one of the role's own account.
        let account = Some(self.place.account);
        let requests = RequestFacts { owner: account, source: account, ..requests };
        let context = requests.keys(&principal).over(Context::stranger());
        Request::new(principal, action, self.facts.arn, context)
    }

    /// Whether trust policy and RCPs admit a visitor.
    pub(super) fn admits(&self, request: &Request) -> Truth {
        match evaluate_resource_side(request, &self.facts.layers).decision {
            Decision::Allowed => Truth::True,
            Decision::AllowedIf(_) => Truth::Depends,
            Decision::Unknown(_) => Truth::Unknown,
            Decision::Denied(_) => Truth::False,
        }
    }
}

const READ: &str = "s3:getobject";

/// Whether a statement may name a service: cheaper than to evaluate it.
fn may_name(statement: &Statement, service: &TrustedService) -> bool {
    let Some(principals) = statement.principals().filter(|principals| !principals.is_negated()) else {
        return true;
    };
    principals.entries().iter().any(|entry| match entry {
        PrincipalEntry::Service(name) => !service.federated && **name == *service.name,
        PrincipalEntry::Federated(name) => service.federated && **name == *service.name,
        PrincipalEntry::Everyone | PrincipalEntry::Unheard(..) => true,
        _ => false,
    })
}
