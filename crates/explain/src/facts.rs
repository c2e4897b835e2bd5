//! What a scan knows about a few accounts, read back from the lake.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use orgsweep_lake::{LakeError, ScanId, ScanSelector, lookup, read};
use orgsweep_model::facts::{
    AwsManagedPolicy, BoundaryPolicy, Document, GroupMember, IdentityProvider, ManagedPolicy,
    OrganizationPolicy, Policy, PolicyAttachment, PolicyKind, Principal, PrincipalKind, PrincipalTag,
};
use orgsweep_model::records::{ScanAccountRecord, ScanRecord, TableRead, TableReadOutcome};
use orgsweep_model::{AccountId, Row};
use orgsweep_policy::{Attached, Policy as Compiled};

use crate::error::ExplainError;
use crate::nearest::unknown;

/// The facts that evaluation stands on.
pub struct Facts {
    /// The scan.
    pub scan_id: ScanId,
    pub scan: ScanRecord,
    /// Those of the wanted accounts that are on the scan's roster.
    pub accounts: BTreeMap<AccountId, ScanAccountRecord>,
    pub principals: Vec<Principal>,
    pub tags: Vec<PrincipalTag>,
    pub members: Vec<GroupMember>,
    pub attachments: Vec<PolicyAttachment>,
    pub providers: Vec<IdentityProvider>,
    /// All of the organization.
    pub organization: Vec<OrganizationPolicy>,
    /// Only versions in force.
    policies: Vec<Policy>,
    reads: Vec<TableRead>,
    texts: HashMap<Arc<str>, Arc<str>>,
    /// What the program is called.
    program: String,
}

impl Facts {
    /// Reads what concerns these accounts.
    pub fn read(
        root: &Path,
        scan_id: ScanId,
        mut wanted: BTreeSet<AccountId>,
        program: &str,
    ) -> Result<Self, ExplainError> {
        let failed = |source: LakeError| ExplainError::Lake { root: root.to_owned(), source };
        let selector = ScanSelector::Id(scan_id.clone());
        let scans: Vec<ScanRecord> = read(root, &selector).map_err(failed)?;
        let scan = scans.into_iter().next().ok_or(ExplainError::NoRecord)?;
        // The organization's own line in the ledger is among its management account's.
        wanted.insert(scan.management_account_id);
        let ids: BTreeSet<&str> = wanted.iter().map(AccountId::as_str).collect();
        let source = Source { root, selector: &selector };
        let accounts: Vec<ScanAccountRecord> = source.rows("account_id", &ids)?;
        let mut policies: Vec<Policy> = source.rows("account_id", &ids)?;
        policies.retain(|policy| policy.is_default);
        let organization =
            if orgsweep_lake::has_table(root, &scan_id, OrganizationPolicy::SCHEMA).map_err(failed)? {
                read(root, &selector).map_err(failed)?
            } else {
                Vec::new()
            };
        // Older scans did not store them; the ledger says then that they were not collected.
        let providers =
            if orgsweep_lake::has_table(root, &scan_id, IdentityProvider::SCHEMA).map_err(failed)? {
                source.rows("account_id", &ids)?
            } else {
                Vec::new()
            };
        let mut facts = Self {
            accounts: accounts.into_iter().map(|account| (account.account_id, account)).collect(),
            principals: source.rows("account_id", &ids)?,
            tags: source.rows("account_id", &ids)?,
            members: source.rows("account_id", &ids)?,
            attachments: source.rows("account_id", &ids)?,
            reads: source.rows("account_id", &ids)?,
            providers,
            organization,
            policies,
            texts: HashMap::new(),
            program: program.to_owned(),
            scan,
            scan_id,
        };
        let mut names: BTreeSet<&str> =
            facts.policies.iter().filter_map(|policy| policy.document_sha256.as_deref()).collect();
        names.extend(facts.organization.iter().map(|policy| &*policy.document_sha256));
        let documents: Vec<Document> = source.rows("document_sha256", &names)?;
        facts.texts = documents.into_iter().map(|row| (row.document_sha256, row.document_json)).collect();
        Ok(facts)
    }

    /// How to collect what is missing.
    fn collect(&self, table: &str) -> String {
        // Whatever explains policies needs the others.
        let collected = if table == IdentityProvider::SCHEMA.name { table } else { "policies" };
        format!("`{} scan --collect {collected}` reads it", self.program)
    }

    /// Why a table of an account is not whole; `None`: it was read.
    pub fn lost(&self, account: AccountId, tables: &[&str]) -> Option<String> {
        tables.iter().find_map(|table| {
            let is_meant = |read: &&TableRead| read.account_id == account && read.table_name == *table;
            match self.reads.iter().find(is_meant) {
                None => Some(format!("{table} of {account} was not collected: {}", self.collect(table))),
                Some(read) if read.outcome == TableReadOutcome::Read => None,
                Some(read) => Some(format!("{table} of {account} was lost: {}", why(read))),
            }
        })
    }

    /// A user, group or role.
    pub fn principal(&self, account: AccountId, is_meant: impl Fn(&Principal) -> bool) -> Option<&Principal> {
        self.principals.iter().find(|one| one.account_id == account && is_meant(one))
    }

    /// The names of an account's principals of some kind.
    pub fn known(&self, account: AccountId, kinds: &[PrincipalKind]) -> Vec<&str> {
        let of_account = self.principals.iter().filter(|one| one.account_id == account);
        of_account
            .filter(|one| kinds.contains(&one.principal_kind))
            .map(|one| one.principal_arn.as_str())
            .collect()
    }

    /// What is wrong with an identity provider whose account was read; `None`: it is there.
    pub fn missing_provider(&self, place: &str, arn: &str, account: AccountId) -> Option<String> {
        let own = self.providers.iter().filter(|one| one.account_id == account);
        let known: Vec<&str> = own.map(|one| one.provider_arn.as_str()).collect();
        (!known.contains(&arn)).then(|| unknown(place, "identity provider", arn, &known))
    }

    /// What stands in somebody: inline policies, or the trust policy of a role.
    pub fn within(&self, account: AccountId, kind: PolicyKind, owner_arn: &str) -> Vec<Attached> {
        let meant = self.policies.iter().filter(|policy| {
            policy.account_id == account
                && policy.policy_kind == kind
                && policy.attached_to_arn.as_deref() == Some(owner_arn)
        });
        let name = |policy: &Policy| match kind {
            PolicyKind::Trust => owner_arn.to_owned(),
            _ => policy.policy_name.clone(),
        };
        meant.map(|policy| self.compiled(&name(policy), policy.document_sha256.as_deref())).collect()
    }

    /// The managed policies of somebody.
    pub fn attached(&self, account: AccountId, principal_arn: &str) -> Vec<Attached> {
        let meant = self.attachments.iter().filter(|one| {
            one.account_id == account && one.principal_arn == principal_arn && !one.as_boundary
        });
        meant.map(|one| self.managed(account, &one.policy_arn)).collect()
    }

    /// A managed policy in the version that is in force.
    pub fn managed(&self, account: AccountId, arn: &str) -> Attached {
        let is_meant =
            |policy: &&Policy| policy.account_id == account && policy.policy_arn.as_deref() == Some(arn);
        if let Some(policy) = self.policies.iter().find(is_meant) {
            let attached = match &policy.document_sha256 {
                None => Attached::unreadable(
                    arn,
                    "AWS has withdrawn the policy, and gives its document to nobody",
                ),
                Some(name) => self.compiled(arn, Some(name)),
            };
            return match &policy.version_id {
                Some(version) => attached.in_version(version),
                None => attached,
            };
        }
        let tables: &[&str] = if arn.split(':').nth(4) == Some("aws") {
            &[AwsManagedPolicy::SCHEMA.name]
        } else {
            &[ManagedPolicy::SCHEMA.name, BoundaryPolicy::SCHEMA.name]
        };
        let reason = self.lost(account, tables);
        Attached::unreadable(
            arn,
            reason.as_deref().unwrap_or("its document is not among those that were read"),
        )
    }

    /// A policy of the organization.
    pub fn of_organization(&self, policy: &OrganizationPolicy) -> Attached {
        let name = format!("{} ({})", policy.policy_name, policy.policy_id);
        self.compiled(&name, Some(&policy.document_sha256))
    }

    /// The documents of all of these policies.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.values().map(|text| &**text)
    }

    /// The documents of the roles' trust policies.
    pub fn trust_texts(&self) -> impl Iterator<Item = &str> {
        let trusts = self.policies.iter().filter(|policy| policy.policy_kind == PolicyKind::Trust);
        trusts.filter_map(|policy| self.texts.get(policy.document_sha256.as_deref()?)).map(|text| &**text)
    }

    /// The partition that was scanned; `None`: nothing that was read says it.
    pub fn partition(&self) -> Option<&str> {
        let own = self.policies.iter().filter_map(|policy| policy.policy_arn.as_deref());
        let mut arns = self.principals.iter().map(|one| one.principal_arn.as_str()).chain(own);
        arns.next()?.split(':').nth(1)
    }

    fn compiled(&self, name: &str, sha256: Option<&str>) -> Attached {
        match sha256.and_then(|sha256| self.texts.get(sha256)) {
            Some(text) => Attached::new(name, Compiled::compiled(text)),
            None => Attached::unreadable(name, "its document is not in the lake"),
        }
    }
}

/// `DENIED at iam:ListRoles (AccessDenied)`.
fn why(read: &TableRead) -> String {
    let mut text = read.reason_code.clone().unwrap_or_default();
    if let Some(api) = &read.api {
        text += &format!(" at {api}");
    }
    if let Some(code) = &read.error_code {
        text += &format!(" ({code})");
    }
    text
}

/// One scan of one lake.
struct Source<'a> {
    root: &'a Path,
    selector: &'a ScanSelector,
}

impl Source<'_> {
    fn rows<R: Row>(&self, column: &'static str, wanted: &BTreeSet<&str>) -> Result<Vec<R>, ExplainError> {
        let found = lookup(self.root, self.selector, column, wanted)
            .map_err(|source| ExplainError::Lake { root: self.root.to_owned(), source })?;
        found.ok_or(ExplainError::NotStored { table: R::SCHEMA.name })
    }
}
