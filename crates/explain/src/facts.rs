//! What a scan knows about a few accounts, read back from the lake.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use orgsweep_identity::{
    Absence, CompiledDocuments, Documents, Guard, Identities, IdentityFacts, Kind, Member,
    OrganizationGuardrails, Place, Rows, Trust,
};

use orgsweep_lake::{LakeError, Scan, ScanId};
use orgsweep_model::facts::{
    AWS_MANAGED_POLICIES, BOUNDARY_POLICIES, Document, Group, GroupMember, IdentityProvider, OWN_POLICIES,
    OrganizationPolicy, Policy, PolicyAttachment, Principal, PrincipalKind, PrincipalTag,
};
use orgsweep_model::records::{ScanAccountRecord, ScanRecord, TableRead, TableReadOutcome};
use orgsweep_model::{AccountId, Row};
use orgsweep_policy::Attached;

use crate::error::ExplainError;
use orgsweep_model::nearest::unknown;

/// The facts that evaluation stands on.
pub struct Facts {
    /// The scan.
    pub scan_id: ScanId,
    pub scan: ScanRecord,
    /// Those of the wanted accounts that are on the scan's roster.
    pub accounts: BTreeMap<AccountId, ScanAccountRecord>,
    pub principals: Vec<Principal>,
    providers: Vec<IdentityProvider>,
    /// Only versions in force.
    identities: BTreeMap<AccountId, Identities>,
    /// All of the organization.
    organization: Vec<OrganizationPolicy>,
    reads: Vec<TableRead>,
    documents: Documents,
    /// What the program is called.
    program: String,
}

impl Facts {
    /// Reads what concerns these accounts.
    pub fn read(
        root: &Path,
        from: &Scan,
        mut wanted: BTreeSet<AccountId>,
        program: &str,
    ) -> Result<Self, ExplainError> {
        let failed = |source: LakeError| ExplainError::Lake { root: root.to_owned(), source };
        let scans: Vec<ScanRecord> = from.rows().map_err(failed)?;
        let scan = scans.into_iter().next().ok_or(ExplainError::NoRecord)?;
        // The organization's own line in the ledger is among its management account's.
        wanted.insert(scan.management_account_id);
        let ids: BTreeSet<&str> = wanted.iter().map(AccountId::as_str).collect();
        let source = Source { root, scan: from };
        let accounts: Vec<ScanAccountRecord> = source.rows("account_id", &ids)?;
        let mut policies: Vec<Policy> = source.rows("account_id", &ids)?;
        policies.retain(|policy| policy.is_default);
        let organization: Vec<OrganizationPolicy> =
            if from.has_table(OrganizationPolicy::SCHEMA).map_err(failed)? {
                from.rows().map_err(failed)?
            } else {
                Vec::new()
            };
        // Older scans did not store them; the ledger says then that they were not collected.
        let providers = if from.has_table(IdentityProvider::SCHEMA).map_err(failed)? {
            source.rows("account_id", &ids)?
        } else {
            Vec::new()
        };
        let mut names: BTreeSet<&str> =
            policies.iter().filter_map(|policy| policy.document_sha256.as_deref()).collect();
        names.extend(organization.iter().map(|policy| &*policy.document_sha256));
        let documents: Vec<Document> = source.rows("document_sha256", &names)?;
        let texts = documents.into_iter().map(|row| (row.document_sha256, row.document_json));
        let documents = Documents::new(texts, Arc::new(CompiledDocuments::default()));
        let attachments: Vec<PolicyAttachment> = source.rows("account_id", &ids)?;
        let mut facts = Self {
            accounts: accounts.into_iter().map(|account| (account.account_id, account)).collect(),
            principals: source.rows("account_id", &ids)?,
            reads: source.rows("account_id", &ids)?,
            providers,
            identities: BTreeMap::new(),
            organization,
            documents,
            scan,
            scan_id: from.id().clone(),
            program: program.to_owned(),
        };
        let rows = AccountRows {
            policies,
            attachments,
            members: source.rows("account_id", &ids)?,
            tags: source.rows("account_id", &ids)?,
        };
        let identities = wanted.iter().map(|account| (*account, facts.identities_of(*account, &rows)));
        facts.identities = identities.collect();
        Ok(facts)
    }

    fn identities_of(&self, account: AccountId, rows: &AccountRows) -> Identities {
        let principals = self.principals.iter().filter(|one| one.account_id == account);
        let tags = of_account(&rows.tags, |tag| tag.account_id == account);
        let are_tags_lost = self.lost(account, &[PrincipalTag::SCHEMA.name]).is_some();
        Identities::new(IdentityFacts {
            members: principals.map(Member::from).collect(),
            policies: of_account(&rows.policies, |policy| policy.account_id == account),
            attachments: of_account(&rows.attachments, |one| one.account_id == account),
            group_members: of_account(&rows.members, |one| one.account_id == account),
            tags: (!are_tags_lost).then_some(tags),
            documents: self.documents.clone(),
            groups_lost: self.lost(account, &[GroupMember::SCHEMA.name, Group::SCHEMA.name]),
            aws_managed_lost: self.lost(account, &[AWS_MANAGED_POLICIES.name]),
            managed_lost: self.lost(account, &[OWN_POLICIES.name, BOUNDARY_POLICIES.name]),
        })
    }

    /// How to collect what is missing.
    fn collect(&self, table: &str) -> String {
        // Whatever explains policies needs the others.
        let collected = if table == IdentityProvider::SCHEMA.name { table } else { "policies" };
        format!("collect it with `{} scan --collect {collected}`", self.program)
    }

    /// Why a table of an account is not whole; `None`: it was read.
    pub fn lost(&self, account: AccountId, tables: &[&str]) -> Option<String> {
        tables.iter().find_map(|table| {
            let is_meant = |read: &&TableRead| read.account_id == account && read.table_name == *table;
            match self.reads.iter().find(is_meant) {
                None => Some(format!("{table} of {account} was not collected: {}", self.collect(table))),
                Some(read) if read.outcome == TableReadOutcome::Read => None,
                Some(read) => Some(format!("{table} of {account} could not be read: {}", why(read))),
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

    /// The principals of an account with the policies that bind them; `None`: it is not one of those that were read.
    pub fn identities(&self, account: AccountId) -> Option<&Identities> {
        self.identities.get(&account)
    }

    /// The trust policy of a role; none where it was not read.
    pub fn trust(&self, account: AccountId, role_arn: &str) -> Vec<Attached> {
        let trust = self.identities(account).and_then(|identities| identities.trusts().of(role_arn));
        trust.iter().map(Trust::attached).collect()
    }

    /// The organization's policies that apply to an account, or to a caller that has none.
    pub fn guard(&self, kind: Kind, account: Option<AccountId>) -> Guard {
        let Some(account) = account else {
            return Guard::None(Absence::Outside);
        };
        let management = self.scan.management_account_id;
        let lost = self.lost(management, &[OrganizationPolicy::SCHEMA.name]);
        let guardrails = OrganizationGuardrails {
            organization: &self.scan.org_id,
            management_account: management,
            policies: lost.as_deref().map_or(Ok(&self.organization), Err),
            documents: &self.documents,
        };
        let row = self.accounts.get(&account);
        guardrails.of(kind, account, row.map_or(Place::Elsewhere, |row| Place::Units(row.ou_ids.as_deref())))
    }

    /// The documents of all of these policies.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.documents.texts()
    }

    /// The documents of the roles' trust policies.
    pub fn trust_texts(&self) -> impl Iterator<Item = &str> {
        let trusts = self.identities.values().flat_map(|identities| identities.trusts().iter());
        trusts.filter_map(|trust| trust.text())
    }

    /// The partition that was scanned; `None`: nothing that was read says it.
    pub fn partition(&self) -> Option<&str> {
        let own = self
            .identities
            .values()
            .flat_map(Identities::policies)
            .filter_map(|policy| policy.policy_arn.as_deref());
        let mut arns = self.principals.iter().map(|one| one.principal_arn.as_str()).chain(own);
        arns.next()?.split(':').nth(1)
    }
}

/// The rows of the wanted accounts that say which policies bind whom.
struct AccountRows {
    policies: Vec<Policy>,
    attachments: Vec<PolicyAttachment>,
    members: Vec<GroupMember>,
    tags: Vec<PrincipalTag>,
}

fn of_account<R: Row>(rows: &[R], is_of: impl Fn(&R) -> bool) -> Rows<R> {
    rows.iter().filter(|row| is_of(row)).cloned().collect::<Vec<R>>().into()
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
    scan: &'a Scan,
}

impl Source<'_> {
    fn rows<R: Row>(&self, column: &'static str, wanted: &BTreeSet<&str>) -> Result<Vec<R>, ExplainError> {
        let found = self
            .scan
            .lookup(column, wanted)
            .map_err(|source| ExplainError::Lake { root: self.root.to_owned(), source })?;
        found.ok_or(ExplainError::NotStored { table: R::SCHEMA.name })
    }
}
