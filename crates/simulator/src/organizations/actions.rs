//! AWS Organizations, JSON 1.1: pages of at most 20, some of them empty, opaque tokens.

use serde_json::{Value as Json, json};

use crate::guardrails::KINDS;
use crate::organizations::policies;
use crate::parameters::EMPTY_PAGE;
use crate::server::Server;
use crate::session::Identity;
use crate::wire::Refusal;
use crate::world::{Account, Unit};

/// The largest page.
const PAGE: usize = 20;

/// What is asked for.
pub struct Asked<'a> {
    pub input: &'a Json,
    /// The page that is asked for comes behind an empty one.
    pub empty_page: bool,
}

/// Answers one action.
#[expect(clippy::too_many_lines, reason = "one arm for each operation")]
pub fn handle(
    server: &Server,
    identity: &Identity,
    action: &str,
    asked: &Asked<'_>,
) -> Result<Json, Refusal> {
    let world = &server.world;
    let input = asked.input;
    if action == "DescribeOrganization" {
        let management = &world.management().id;
        let arn = organizations_arn(server, "organization", None);
        return Ok(json!({"Organization": {
            "Id": world.organization_id,
            "Arn": arn,
            "FeatureSet": "ALL",
            "MasterAccountId": management,
            "MasterAccountArn": account_arn(server, world.management()),
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
            let page = page(server, asked, "ListAccounts", world.accounts.len())?;
            if world.options.refused_list_page == Some(page.number) {
                return Err(Refusal::new(400, "AccessDeniedException", "You don't have permissions."));
            }
            let accounts: Vec<Json> =
                world.accounts[page.range()].iter().map(|one| account(server, one)).collect();
            Ok(page.answer("Accounts", accounts))
        }
        "ListAccountsForParent" => {
            let parent = unit(server, input, "ParentId")?;
            let below: Vec<&Account> =
                world.accounts.iter().filter(|account| account.unit == parent).collect();
            let page = page(server, asked, &world.units[parent].id, below.len())?;
            let accounts = below[page.range()].iter().map(|one| account(server, one)).collect();
            Ok(page.answer("Accounts", accounts))
        }
        "ListRoots" => {
            let root = &world.units[0];
            let page = page(server, asked, "ListRoots", 1)?;
            let all = [root];
            let enabled: Vec<Json> =
                KINDS.iter().map(|kind| json!({"Type": kind.word(), "Status": "ENABLED"})).collect();
            let roots = all[page.range()]
                .iter()
                .map(|root| json!({"Id": root.id, "Arn": unit_arn(server, root), "Name": root.name, "PolicyTypes": enabled}));
            Ok(page.answer("Roots", roots.collect()))
        }
        "ListOrganizationalUnitsForParent" => {
            let parent = unit(server, input, "ParentId")?;
            let below: Vec<&Unit> = world.units.iter().filter(|unit| unit.parent == Some(parent)).collect();
            let page = page(server, asked, &world.units[parent].id, below.len())?;
            let units = below[page.range()]
                .iter()
                .map(|unit| json!({"Id": unit.id, "Arn": unit_arn(server, unit), "Name": unit.name}));
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
            Ok(json!({"Account": account(server, found)}))
        }
        "DescribeOrganizationalUnit" => {
            let unit = &world.units[unit(server, input, "OrganizationalUnitId")?];
            Ok(
                json!({"OrganizationalUnit": {"Id": unit.id, "Arn": unit_arn(server, unit), "Name": unit.name}}),
            )
        }
        "ListTagsForResource" => {
            let found = world.account(input["ResourceId"].as_str().unwrap_or_default());
            let found = found.ok_or_else(|| missing("TargetNotFoundException"))?;
            let tags: Vec<Json> =
                found.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            Ok(json!({"Tags": tags}))
        }
        other => policies::handle(server, other, asked).unwrap_or_else(|| {
            Err(Refusal::new(400, "UnknownOperationException", format!("no operation {other}")))
        }),
    }
}

/// A refusal of what is about nothing.
pub fn missing(code: &str) -> Refusal {
    Refusal::new(400, code, "You specified something that doesn't exist.")
}

fn unit(server: &Server, input: &Json, field: &str) -> Result<usize, Refusal> {
    let id = input[field].as_str().unwrap_or_default();
    server.world.units.iter().position(|unit| unit.id == id).ok_or_else(|| missing("ParentNotFoundException"))
}

/// The ARN of something of the organization.
pub fn organizations_arn(server: &Server, kind: &str, id: Option<&str>) -> String {
    let world = &server.world;
    let (partition, management) = (&world.options.partition, &world.management().id);
    let of = format!("arn:{partition}:organizations::{management}:{kind}/{}", world.organization_id);
    id.map_or(of.clone(), |id| format!("{of}/{id}"))
}

/// An account's.
pub fn account_arn(server: &Server, account: &Account) -> String {
    organizations_arn(server, "account", Some(&account.id))
}

/// A unit's, or the root's.
pub fn unit_arn(server: &Server, unit: &Unit) -> String {
    organizations_arn(server, if unit.parent.is_none() { "root" } else { "ou" }, Some(&unit.id))
}

fn account(server: &Server, account: &Account) -> Json {
    let options = &server.world.options;
    let mut fields = json!({
        "Id": account.id,
        "Arn": account_arn(server, account),
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
        fields["Paths"] = json!([format!("{}{}/", server.world.path(account.unit), account.id)]);
    }
    fields
}

/// One page of a listing.
pub struct Page {
    /// Counted from 1.
    number: usize,
    start: usize,
    end: usize,
    next: Option<String>,
}

impl Page {
    /// Which items are on it.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.start..self.end
    }

    /// With these items.
    pub fn answer(&self, name: &str, items: Vec<Json>) -> Json {
        let items = Json::Array(items);
        match &self.next {
            Some(token) => json!({name: items, "NextToken": token}),
            None => json!({name: items}),
        }
    }
}

/// Every listing of more than one page has an empty one behind its first. The token says which listing it is for.
pub fn page(server: &Server, asked: &Asked<'_>, listing: &str, total: usize) -> Result<Page, Refusal> {
    let input = asked.input;
    let size = match &input["MaxResults"] {
        Json::Null => PAGE,
        value => match value.as_u64() {
            Some(size @ 1..=20) => size as usize,
            _ => return Err(invalid("MaxResults must be from 1 to 20")),
        },
    };
    let secret = &server.world.organization_id;
    let (number, start) = match &input["NextToken"] {
        Json::Null => (1, 0),
        token => parse_token(token.as_str().unwrap_or_default(), secret, listing)
            .ok_or_else(|| invalid("INVALID_NEXT_TOKEN: You provided an invalid value for NextToken."))?,
    };
    if asked.empty_page {
        let next = format!("{EMPTY_PAGE}{secret}|{listing}|{number}|{start}");
        return Ok(Page { number, start: 0, end: 0, next: Some(next) });
    }
    let end = if number == 2 { start } else { (start + size).min(total) };
    let next = (end < total).then(|| format!("{secret}|{listing}|{}|{end}", number + 1));
    Ok(Page { number, start: start.min(total), end: end.min(total), next })
}

/// The number of the page that a token leads to; 1 if it is none of ours.
pub fn page_number(token: &str) -> u64 {
    token.rsplit('|').nth(1).and_then(|number| number.parse().ok()).unwrap_or(1)
}

fn parse_token(token: &str, secret: &str, listing: &str) -> Option<(usize, usize)> {
    let token = token.strip_prefix(EMPTY_PAGE).unwrap_or(token);
    let rest = token.strip_prefix(secret)?.strip_prefix('|')?.strip_prefix(listing)?.strip_prefix('|')?;
    let (number, start) = rest.split_once('|')?;
    Some((number.parse().ok()?, start.parse().ok()?))
}

/// A refusal of what is asked for.
pub fn invalid(message: &str) -> Refusal {
    Refusal::new(400, "InvalidInputException", message)
}
