//! What an auditor looks for, in the same few accounts of every organization: a role that an outsider may assume, an
//! administrator whom a service control policy limits, a boundary, a condition.

use crate::account::{Account, AccountState, Attached, Inline, Policy, Role, User};
use crate::generate::parts::{aws, id};
use crate::random::Random;
use crate::world::World;

const DAY: i64 = 86_400;
/// What limits contractors.
const EDGE: &str = "contractor-edge";
/// An account that is in nobody's organization.
const VENDOR: &str = "444455556666";

/// Places of the accounts: the organization's first ones have fixed units.
const MANAGEMENT: usize = 0;
const NETWORK: usize = 3;
const DEVELOPMENT: usize = 4;
const PRODUCTION: usize = 6;

/// Adds them, with chances of their own, so that everything else is what it is without them. Accounts whose size is given
/// have none.
pub fn add(content: &mut AccountState, world: &World, account: &Account) {
    if world.options.users.is_some() || world.options.roles.is_some() || world.options.policies.is_some() {
        return;
    }
    let random = &mut Random::new(world.options.seed, &format!("situations {}", account.id));
    let now = world.options.now.as_second();
    let mut role = |name: &str, trust: String| role(random, now, name, trust);
    let root_of = |id: &str| format!("arn:{}:iam::{id}:root", account.partition);
    match account.index {
        // Resource control policies keep strangers from the roles of members; the management account they do not bind.
        MANAGEMENT | NETWORK => {
            let vendor = role("VendorMonitoring", trust(&root_of(VENDOR)));
            content.roles.push(Role { attached: vec![aws(account, "SecurityAudit")], ..vendor });
        }
        DEVELOPMENT => {
            let contractor = role("Contractor", trust(&account.root_arn()));
            content.roles.push(Role {
                attached: vec![aws(account, "AdministratorAccess")],
                boundary: Some(account.arn("policy", EDGE)),
                ..contractor
            });
            let document = r#"{"Version":"2012-10-17","Statement":[{"Sid":"WithMfa","Effect":"Allow","Action":"ec2:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}"#;
            let inline = vec![Inline { name: "servers".to_owned(), document: document.to_owned() }];
            content.roles.push(Role { inline, ..role("OnCall", trust(&account.root_arn())) });
            content.policies.push(edge(random, now));
        }
        PRODUCTION => content.users.push(operator(random, now, vec![aws(account, "AdministratorAccess")])),
        _ => {}
    }
}

/// A boundary and nothing else: attached to nobody. It once was wider.
fn edge(random: &mut Random, now: i64) -> Policy {
    let allowing = |actions: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Work","Effect":"Allow","Action":{actions},"Resource":"*"}}]}}"#
        )
    };
    Policy {
        name: EDGE.to_owned(),
        id: id(random, "ANPA"),
        created: now - 500 * DAY,
        versions: vec![allowing(r#""*""#), allowing(r#"["s3:*","dynamodb:*","logs:*"]"#)],
    }
}

fn role(random: &mut Random, now: i64, name: &str, trust: String) -> Role {
    Role {
        name: name.to_owned(),
        id: id(random, "AROA"),
        path: "/".to_owned(),
        created: now - 500 * DAY,
        description: None,
        trust,
        max_session: 3600,
        last_used: Some(now - 3 * DAY),
        attached: Vec::new(),
        inline: Vec::new(),
        boundary: None,
        tags: Vec::new(),
    }
}

/// An administrator without password and keys.
fn operator(random: &mut Random, now: i64, attached: Vec<Attached>) -> User {
    User {
        name: "operator".to_owned(),
        id: id(random, "AIDA"),
        path: "/".to_owned(),
        created: now - 500 * DAY,
        password: None,
        mfa: None,
        keys: Vec::new(),
        groups: Vec::new(),
        attached,
        inline: Vec::new(),
        boundary: None,
        tags: Vec::new(),
    }
}

fn trust(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}]}}"#
    )
}
