//! What Organizations answers about the organization, its units and its accounts; the rest is policies.

use serde_json::{Value as Json, json};

use crate::account::Account;
use crate::guardrails::KINDS;
use crate::identity::Identity;
use crate::organizations::arns::{account_arn, organizations_arn, unit_arn};
use crate::organizations::pages::{Asked, page};
use crate::organizations::policies;
use crate::organizations::refusals::missing;
use crate::wire::Refusal;
use crate::world::{Unit, World};

/// Answers one action.
#[expect(clippy::too_many_lines, reason = "one arm for each operation")]
pub fn handle(world: &World, identity: &Identity, action: &str, asked: &Asked<'_>) -> Result<Json, Refusal> {
    let input = asked.input;
    if action == "DescribeOrganization" {
        let management = &world.management().id;
        let arn = organizations_arn(world, "organization", None);
        return Ok(json!({"Organization": {
            "Id": world.organization_id,
            "Arn": arn,
            "FeatureSet": "ALL",
            "MasterAccountId": management,
            "MasterAccountArn": account_arn(world, world.management()),
            "MasterAccountEmail": "root+management@example.com",
            "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }}));
    }
    if !world.may_list(&identity.account) {
        return Err(Refusal::new(
            400,
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
        ));
    }
    match action {
        "ListAccounts" => {
            let page = page(world, asked, "ListAccounts", world.accounts.len())?;
            if world.options.refused_list_page == Some(page.number) {
                return Err(Refusal::new(400, "AccessDeniedException", "You don't have permissions."));
            }
            let accounts: Vec<Json> =
                world.accounts[page.range()].iter().map(|one| account(world, one)).collect();
            Ok(page.answer("Accounts", accounts))
        }
        "ListAccountsForParent" => {
            let parent = unit(world, input, "ParentId")?;
            let below: Vec<&Account> =
                world.accounts.iter().filter(|account| account.unit == parent).collect();
            let page = page(world, asked, &world.units[parent].id, below.len())?;
            let accounts = below[page.range()].iter().map(|one| account(world, one)).collect();
            Ok(page.answer("Accounts", accounts))
        }
        "ListRoots" => {
            let root = &world.units[0];
            let page = page(world, asked, "ListRoots", 1)?;
            let all = [root];
            let enabled: Vec<Json> =
                KINDS.iter().map(|kind| json!({"Type": kind.word(), "Status": "ENABLED"})).collect();
            let roots = all[page.range()]
                .iter()
                .map(|root| json!({"Id": root.id, "Arn": unit_arn(world, root), "Name": root.name, "PolicyTypes": enabled}));
            Ok(page.answer("Roots", roots.collect()))
        }
        "ListOrganizationalUnitsForParent" => {
            let parent = unit(world, input, "ParentId")?;
            let below: Vec<&Unit> = world.units.iter().filter(|unit| unit.parent == Some(parent)).collect();
            let page = page(world, asked, &world.units[parent].id, below.len())?;
            let units = below[page.range()]
                .iter()
                .map(|unit| json!({"Id": unit.id, "Arn": unit_arn(world, unit), "Name": unit.name}));
            Ok(page.answer("OrganizationalUnits", units.collect()))
        }
        "ListParents" => {
            let child = input["ChildId"].as_str().unwrap_or_default();
            let parent = match world.account(child) {
                Some(account) => Some(account.unit),
                None => world.units.iter().find(|unit| unit.id == child).and_then(|unit| unit.parent),
            };
            let parent = parent.ok_or_else(|| missing("ChildNotFoundException"))?;
            let kind = if parent == 0 { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
            Ok(json!({"Parents": [{"Id": world.units[parent].id, "Type": kind}]}))
        }
        "DescribeAccount" => {
            let found = world.account(input["AccountId"].as_str().unwrap_or_default());
            let found = found.ok_or_else(|| missing("AccountNotFoundException"))?;
            Ok(json!({"Account": account(world, found)}))
        }
        "DescribeOrganizationalUnit" => {
            let unit = &world.units[unit(world, input, "OrganizationalUnitId")?];
            Ok(
                json!({"OrganizationalUnit": {"Id": unit.id, "Arn": unit_arn(world, unit), "Name": unit.name}}),
            )
        }
        "ListTagsForResource" => {
            let found = world.account(input["ResourceId"].as_str().unwrap_or_default());
            let found = found.ok_or_else(|| missing("TargetNotFoundException"))?;
            let tags: Vec<Json> =
                found.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            Ok(json!({"Tags": tags}))
        }
        other => policies::handle(world, other, asked).unwrap_or_else(|| {
            Err(Refusal::new(400, "UnknownOperationException", format!("no operation {other}")))
        }),
    }
}

fn unit(world: &World, input: &Json, field: &str) -> Result<usize, Refusal> {
    let id = input[field].as_str().unwrap_or_default();
    world.units.iter().position(|unit| unit.id == id).ok_or_else(|| missing("ParentNotFoundException"))
}

fn account(world: &World, account: &Account) -> Json {
    let options = &world.options;
    let mut fields = json!({
        "Id": account.id,
        "Arn": account_arn(world, account),
        "Email": format!("aws+{}@example.com", account.id),
        "Name": account.name,
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": account.joined,
    });
    if !options.without_state {
        fields["State"] = json!(account.state);
    }
    if !options.without_status {
        // The old field knows fewer words.
        let status = if account.state == "CLOSED" { "SUSPENDED" } else { account.state };
        fields["Status"] = json!(status);
    }
    if !options.without_paths {
        fields["Paths"] = json!([format!("{}{}/", world.path(account.unit), account.id)]);
    }
    fields
}
