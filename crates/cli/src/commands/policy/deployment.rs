//! Which roles there are, who assumes them and what each may do, as a configuration has it. A scan walks them in
//! `orgsweep_aws` (`chain.rs`, `session.rs`); this is the same walk, written down as documents.

use orgsweep_aws::{Access, CALLER_READS, LONGEST_CHAINED, RoleTemplate};
use orgsweep_model::AccountId;
use orgsweep_model::selection::Scope;

use super::documents::{self, Caller, Entrance, SessionExtras};
use super::json_tree::Node;
use super::placeholders::Blank;
use crate::options::PrincipalArn;

/// The shortest MaxSessionDuration of a role, seconds, and what it is by default.
const SHORTEST_MAXIMUM: u32 = 3600;

/// Where the accounts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accounts {
    /// Organizations says.
    Organization,
    /// Those of a file; Organizations is not called.
    File(Vec<AccountId>),
    /// Only the caller's own, with the caller's own credentials.
    CallerOnly,
}

/// How the accounts of one scope are entered. The last one of the file that holds for an account is the one that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Where; `None`: wherever no other holds.
    pub scope: Option<Scope>,
    /// Tried in order.
    pub roles: Vec<RoleTemplate>,
    /// What the roles ask for.
    pub external_id: Option<String>,
}

/// A role with its two documents.
#[derive(Clone, Debug)]
pub struct RoleDocument {
    /// Which kind of role, in the words of templates.
    pub purpose: Purpose,
    /// `/orgsweep/`.
    pub path: String,
    /// `OrgsweepAudit`.
    pub name: String,
    /// MaxSessionDuration, seconds.
    pub longest_session: u32,
    /// Who may assume it.
    pub trust: Node,
    /// What it may do.
    pub permissions: Node,
}

/// What a kind of document comes to.
pub enum Document {
    /// A role: its permissions and its trust policy.
    Role(RoleDocument),
    /// One document of its own.
    Alone(Node),
}

/// What a role is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reads an account.
    Audit,
    /// Leads on to other roles.
    Chain,
    /// Lists the organization.
    Discovery,
}

impl Purpose {
    /// Of the role, in templates.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Audit => "Lets orgsweep read the account's identities",
            Self::Chain => "Leads orgsweep on to the audit roles",
            Self::Discovery => "Lets orgsweep list the organization",
        }
    }
}

/// Everything that a configuration says about roles.
pub struct Deployment<'a> {
    /// The configuration.
    pub access: &'a Access,
    /// Which accounts are entered.
    pub accounts: Accounts,
    /// What is read in each.
    pub actions: Vec<&'a str>,
    /// What collectors read of the organization.
    pub organization_actions: Vec<&'static str>,
    /// What sessions carry.
    pub extras: SessionExtras,
    /// Whether trust policies ask for the caller's organization.
    pub in_organization: bool,
    /// The role or user that scans, as far as it is known.
    pub hub: Option<&'a PrincipalArn>,
}

impl Deployment<'_> {
    /// How accounts are entered: everywhere first, then each scope once, the later one of the same scope.
    pub fn variants(&self) -> Vec<Variant> {
        let Access { roles, external_id, .. } = self.access;
        let mut variants =
            vec![Variant { scope: None, roles: roles.clone(), external_id: external_id.clone() }];
        for (scope, special) in &self.access.overrides {
            variants.retain(|variant| variant.scope.as_ref() != Some(scope));
            let own = if special.roles.is_empty() { roles } else { &special.roles };
            variants.push(Variant {
                scope: Some(scope.clone()),
                roles: own.clone(),
                external_id: special.external_id.clone().or_else(|| external_id.clone()),
            });
        }
        variants
    }

    /// What the role or user that scans may do.
    pub fn hub(&self) -> Node {
        let mut statements = Vec::new();
        if self.accounts != Accounts::CallerOnly {
            statements.push(match self.access.chain.first() {
                Some(first) => self.assume_links(std::slice::from_ref(first)),
                None => self.assume_audit_roles(),
            });
        }
        match self.discovery_role() {
            // The first of the chain may be assumed already.
            Some(role) if self.access.chain.first().map(String::as_str) == Some(role) => {}
            Some(role) => {
                statements.push(documents::assume(
                    "AssumeDiscoveryRole",
                    self.extras,
                    &[role.to_owned()],
                    None,
                ));
            }
            None if self.accounts == Accounts::Organization => {
                statements.push(documents::organization_reads(&self.organization_actions));
            }
            None => {}
        }
        // The caller's own account is scanned with the caller's own credentials.
        statements.push(documents::reads("ReadOwnAccount", &self.actions));
        documents::document(statements)
    }

    /// The role that makes the calls to Organizations, where they are made.
    pub fn discovery_role(&self) -> Option<&str> {
        self.access.discovery_role.as_deref().filter(|_| self.accounts == Accounts::Organization)
    }

    /// An audit role.
    pub fn audit_role(&self, role: &RoleTemplate, external_id: Option<&str>) -> RoleDocument {
        let entrance = self.audit_entrance(external_id, external_id);
        let chained = !self.access.chain.is_empty();
        self.document(
            Purpose::Audit,
            role.name(),
            self.longest_session(chained),
            &[entrance],
            vec![documents::reads("OrgsweepReads", &self.actions)],
        )
    }

    /// A role of the chain or for discovery: both, where it is both, and an audit role, where it has the name of one.
    pub fn own_role(&self, purpose: Purpose, arn: &PrincipalArn) -> RoleDocument {
        let chain = &self.access.chain;
        let external_id = self.access.external_id.as_deref();
        let entrance = |caller| Entrance { caller, external_id: marked(external_id, external_id) };
        let mut entrances = Vec::new();
        let mut next_links = Vec::new();
        let mut statements = Vec::new();
        let mut longest_session = SHORTEST_MAXIMUM;
        for (index, _) in chain.iter().enumerate().filter(|(_, link)| **link == arn.arn) {
            let before = index.checked_sub(1).map(|before| &chain[before]);
            entrances.push(entrance(before.map_or(Caller::Hub, |before| Caller::Role(before))));
            longest_session = longest_session.max(self.longest_session(index > 0));
            match chain.get(index + 1) {
                Some(next) if next_links.contains(next) => {}
                Some(next) => next_links.push(next.clone()),
                None => statements.push(self.assume_audit_roles()),
            }
        }
        if !next_links.is_empty() {
            statements.insert(0, self.assume_links(&next_links));
        }
        if self.discovery_role() == Some(arn.arn.as_str()) {
            entrances.push(entrance(Caller::Hub));
            longest_session = longest_session.max(self.longest_session(false));
            statements.push(documents::organization_reads(&self.organization_actions));
        }
        let as_audit_role = self.as_audit_role(arn);
        if as_audit_role.is_empty() && chain.last() == Some(&arn.arn) {
            statements.extend(self.shared_reads());
        }
        if !as_audit_role.is_empty() {
            longest_session = longest_session.max(self.longest_session(!chain.is_empty()));
            statements.push(documents::reads("OrgsweepReads", &self.actions));
        }
        for variant in as_audit_role {
            entrances.push(self.audit_entrance(variant.external_id.as_deref(), external_id));
        }
        let mut different: Vec<Entrance<'_>> = Vec::new();
        for entrance in entrances {
            if !different.contains(&entrance) {
                different.push(entrance);
            }
        }
        let name = arn.arn.split_once(":role/").map_or("", |(_, name)| name);
        self.document(purpose, name, longest_session, &different, statements)
    }

    /// What the role that enters the accounts reads once a scan, with its own session.
    fn shared_reads(&self) -> Option<Node> {
        let reads: Vec<&str> =
            CALLER_READS.into_iter().filter(|action| self.actions.contains(action)).collect();
        (!reads.is_empty()).then(|| documents::reads("ReadAwsManagedPolicies", &reads))
    }

    /// The variants in which a role is the audit role of the account that it is in. Whether that account is in a unit is not known here.
    pub fn as_audit_role(&self, arn: &PrincipalArn) -> Vec<Variant> {
        let variants = self.variants();
        let own = variants.iter().position(
            |variant| matches!(&variant.scope, Some(Scope::Account(id)) if id.as_str() == arn.account),
        );
        let suffix = |role: &RoleTemplate| format!(":role/{}", role.name());
        let may_hold = variants.into_iter().enumerate().filter(|(index, variant)| match &variant.scope {
            Some(Scope::Account(_)) => own == Some(*index),
            // What holds for the account and stands later wins.
            Some(Scope::Unit(_)) | None => own.is_none_or(|own| *index > own),
        });
        may_hold
            .map(|(_, variant)| variant)
            .filter(|variant| variant.roles.iter().any(|role| arn.arn.ends_with(&suffix(role))))
            .collect()
    }

    /// Every role, as resources of a policy.
    pub fn all_roles(&self) -> Vec<String> {
        let mut roles = self.audit_roles();
        for arn in self.access.chain.iter().map(String::as_str).chain(self.discovery_role()) {
            if !roles.iter().any(|role| role == arn) {
                roles.push(arn.to_owned());
            }
        }
        roles
    }

    /// What MaxSessionDuration has to be for the requested sessions.
    fn longest_session(&self, chained: bool) -> u32 {
        // A principal that uses a role is a session.
        let by_a_session = chained || self.hub.is_some_and(PrincipalArn::is_role);
        let wanted = self.access.session_duration.unwrap_or(SHORTEST_MAXIMUM);
        let wanted = if by_a_session { wanted.min(LONGEST_CHAINED) } else { wanted };
        wanted.max(SHORTEST_MAXIMUM)
    }

    fn assume_links(&self, arns: &[String]) -> Node {
        documents::assume("AssumeChainRole", self.extras, arns, None)
    }

    fn assume_audit_roles(&self) -> Node {
        let condition = match &self.accounts {
            Accounts::File(accounts) => documents::in_accounts(accounts),
            Accounts::Organization | Accounts::CallerOnly => documents::in_own_organization(),
        };
        documents::assume("AssumeAuditRole", self.extras, &self.audit_roles(), Some(condition))
    }

    /// Of every variant, those of one account only there.
    fn audit_roles(&self) -> Vec<String> {
        let variants = self.variants();
        let (alone, wide): (Vec<&Variant>, Vec<&Variant>) =
            variants.iter().partition(|variant| matches!(variant.scope, Some(Scope::Account(_))));
        let mut roles: Vec<String> = Vec::new();
        for role in wide.iter().flat_map(|variant| &variant.roles) {
            let everywhere = documents::role_in("*", role.name());
            if !roles.contains(&everywhere) {
                roles.push(everywhere);
            }
        }
        for variant in alone {
            let Some(Scope::Account(account)) = &variant.scope else { continue };
            for role in &variant.roles {
                let there = documents::role_in(account.as_str(), role.name());
                if !roles.contains(&documents::role_in("*", role.name())) && !roles.contains(&there) {
                    roles.push(there);
                }
            }
        }
        roles
    }

    fn audit_entrance(&self, external_id: Option<&str>, blank: Option<&str>) -> Entrance<'_> {
        let caller = self.access.chain.last().map_or(Caller::Hub, |last| Caller::Role(last));
        Entrance { caller, external_id: marked(external_id, blank) }
    }

    fn document(
        &self,
        purpose: Purpose,
        role: &str,
        longest_session: u32,
        entrances: &[Entrance<'_>],
        statements: Vec<Node>,
    ) -> RoleDocument {
        let (path, name) = role
            .rsplit_once('/')
            .map_or_else(|| ("/".to_owned(), role), |(path, name)| (format!("/{path}/"), name));
        RoleDocument {
            purpose,
            path,
            name: name.to_owned(),
            longest_session,
            trust: documents::trust(entrances, self.extras, self.in_organization),
            permissions: documents::document(statements),
        }
    }
}

/// The external id that a document leaves open stands there as a blank.
fn marked(external_id: Option<&str>, blank: Option<&str>) -> Option<String> {
    external_id.map(|id| if Some(id) == blank { Blank::ExternalId.mark().to_owned() } else { id.to_owned() })
}
