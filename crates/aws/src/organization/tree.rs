//! The organization's tree: names of units, and which units an account is in.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_organizations::Client;
use orgsweep_model::Gap;
use tokio::sync::OnceCell;

use super::PAGE;
use crate::failure;
use crate::pages::present;

/// The organization's tree, walked at most once.
#[derive(Debug, Default)]
pub struct Tree {
    walked: OnceCell<Walked>,
}

/// Units by id.
#[derive(Clone, Debug, Default)]
struct Walked {
    names: BTreeMap<String, String>,
    /// Unit → the units above it and itself, from the root.
    lineage: HashMap<String, Vec<String>>,
}

impl Tree {
    /// The names of roots and units, by id.
    pub async fn names(&self, client: &Client) -> Result<BTreeMap<String, String>, Gap> {
        self.walked.get_or_try_init(|| walk(client)).await.map(|walked| walked.names.clone())
    }

    /// Which units every account sits in: for partitions whose ListAccounts does not say.
    pub async fn placements(&self, client: &Client) -> Result<HashMap<String, Vec<String>>, Gap> {
        let walked = self.walked.get_or_try_init(|| walk(client)).await?;
        let mut placements = HashMap::new();
        for (unit, lineage) in &walked.lineage {
            let mut token = None;
            loop {
                let page = client
                    .list_accounts_for_parent()
                    .parent_id(unit)
                    .max_results(PAGE)
                    .set_next_token(token)
                    .send()
                    .await
                    .map_err(|error| failure::gap("organizations:ListAccountsForParent", &error))?;
                for account in present(page.accounts.as_deref(), "organizations:ListAccountsForParent")? {
                    placements.insert(account.id().unwrap_or_default().to_owned(), lineage.clone());
                }
                token = page.next_token().map(str::to_owned);
                if token.is_none() {
                    break;
                }
            }
        }
        Ok(placements)
    }
}

/// Breadth first, one call a unit and page.
async fn walk(client: &Client) -> Result<Walked, Gap> {
    let mut walked = Walked::default();
    let mut open: Vec<(String, Vec<String>)> = Vec::new();
    let mut token = None;
    loop {
        let page = client
            .list_roots()
            .max_results(PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| failure::gap("organizations:ListRoots", &error))?;
        for root in present(page.roots.as_deref(), "organizations:ListRoots")? {
            let id = root.id().unwrap_or_default().to_owned();
            walked.names.insert(id.clone(), root.name().unwrap_or("Root").to_owned());
            open.push((id.clone(), vec![id]));
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    while let Some((parent, lineage)) = open.pop() {
        let mut token = None;
        loop {
            let page = client
                .list_organizational_units_for_parent()
                .parent_id(&parent)
                .max_results(PAGE)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| failure::gap("organizations:ListOrganizationalUnitsForParent", &error))?;
            let api = "organizations:ListOrganizationalUnitsForParent";
            for unit in present(page.organizational_units.as_deref(), api)? {
                let id = unit.id().unwrap_or_default().to_owned();
                walked.names.insert(id.clone(), unit.name().unwrap_or_default().to_owned());
                let mut below = lineage.clone();
                below.push(id.clone());
                open.push((id, below));
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        walked.lineage.insert(parent, lineage);
    }
    Ok(walked)
}
