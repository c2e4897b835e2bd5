//! An account's roles: the audit role, those that every account has, and those of its applications.

use serde_json::json;

use crate::account::{Account, Attached, AuditRole, Inline, Policy, Role};
use crate::generate::parts::{aws, id, trust_service};
use crate::generate::shapes;
use crate::names::ROLE_NAME;
use crate::random::Random;
use crate::world::World;

const DAY: i64 = 86_400;

/// What the audit role may read; the roles of the shipped templates grant the like.
const AUDIT_ACTIONS: [&str; 24] = [
    "iam:GetAccountAuthorizationDetails",
    "iam:GenerateCredentialReport",
    "iam:GetCredentialReport",
    "iam:GetAccountSummary",
    "iam:GetAccountPasswordPolicy",
    "iam:ListAccountAliases",
    "iam:ListVirtualMFADevices",
    "iam:ListServerCertificates",
    "iam:ListSAMLProviders",
    "iam:ListOpenIDConnectProviders",
    "iam:ListRoles",
    "iam:ListUsers",
    "iam:ListGroups",
    "iam:ListPolicies",
    "iam:ListAccessKeys",
    "iam:GetAccessKeyLastUsed",
    "iam:ListMFADevices",
    "iam:ListServiceSpecificCredentials",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:GetUser",
    "iam:GetSAMLProvider",
    "iam:GetOpenIDConnectProvider",
];

fn audit_policy(missing: &[&str]) -> String {
    let actions: Vec<&str> = AUDIT_ACTIONS.into_iter().filter(|action| !missing.contains(action)).collect();
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// The hub role assumes the audit roles and lists the organization.
fn hub_policy(world: &World) -> String {
    let audit_roles = format!("arn:{}:iam::*:role/{}", world.options.partition, ROLE_NAME);
    let assume = json!({"Effect": "Allow", "Action": ENTERING, "Resource": audit_roles});
    let list = json!({
        "Effect": "Allow",
        "Action": ["organizations:Describe*", "organizations:List*"],
        "Resource": "*",
    });
    json!({"Version": "2012-10-17", "Statement": [assume, list]}).to_string()
}

/// What it takes to enter a role with tags and a source identity.
const ENTERING: [&str; 3] = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];

/// Trust in one principal, who may do so much.
fn trust(principal: &str, actions: &[&str], external_id: Option<&str>) -> String {
    // One action stands for itself, as consoles write it.
    let action = if let [one] = actions { json!(one) } else { json!(actions) };
    let mut statement = json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action});
    if let Some(external_id) = external_id {
        statement["Condition"] = json!({"StringEquals": {"sts:ExternalId": external_id}});
    }
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// Whom the audit role trusts.
fn audit_trust(world: &World, account: &Account) -> String {
    let root_of = |account: &str| format!("arn:{}:iam::{account}:root", world.options.partition);
    if let (Some(given), false) = (&world.options.member_trust, account.role == AuditRole::Untrusting) {
        return given.clone();
    }
    let principal = match (&account.role, world.hub_role_arn()) {
        (AuditRole::Untrusting, _) => root_of("210987654321"),
        (_, Some(hub_role)) => hub_role,
        (_, None) => world.management().root_arn(),
    };
    let actions: &[&str] = if world.options.trust_assume_only { &ENTERING[..1] } else { &ENTERING };
    trust(&principal, actions, world.options.external_id.as_deref())
}

/// All of them.
#[expect(clippy::too_many_lines, reason = "one entry for each role")]
pub fn roles(
    world: &World,
    account: &Account,
    random: &mut Random,
    now: i64,
    policies: &[Policy],
) -> Vec<Role> {
    let own = || trust(&account.root_arn(), &ENTERING[..1], None);
    let hub = || trust(&world.management().root_arn(), &ENTERING[..1], None);
    let mut roles = Vec::new();
    let mut add = |random: &mut Random, path: &str, name: &str, trust: String| {
        roles.push(Role {
            name: name.to_owned(),
            id: id(random, "AROA"),
            path: path.to_owned(),
            created: now - random.between(30, 1200) * DAY,
            description: None,
            trust,
            max_session: 3600,
            last_used: random.percent(65).then(|| now - random.between(0, 380) * DAY),
            attached: Vec::new(),
            inline: Vec::new(),
            boundary: None,
            tags: Vec::new(),
        });
        roles.len() - 1
    };
    let mut indexed: Vec<(usize, Vec<Attached>, Vec<Inline>, i64)> = Vec::new();
    let inline = |name: &str, document: String| vec![Inline { name: name.to_owned(), document }];

    if account.role != AuditRole::Missing {
        let policy = match (&account.role, &world.options.member_policy) {
            (AuditRole::Broken(missing), _) => audit_policy(missing),
            (_, Some(given)) => given.clone(),
            (_, None) => audit_policy(&[]),
        };
        let longest = world.options.audit_role_session_seconds as i64;
        let index = add(random, "/orgsweep/", "OrgsweepAudit", audit_trust(world, account));
        indexed.push((index, vec![], inline("audit", policy), longest));
    }
    let index = add(random, "/", "OrganizationAccountAccessRole", hub());
    indexed.push((index, vec![aws(account, "AdministratorAccess")], vec![], 3600));
    let index = add(
        random,
        "/aws-service-role/support.amazonaws.com/",
        "AWSServiceRoleForSupport",
        trust_service("support.amazonaws.com"),
    );
    indexed.push((index, vec![aws(account, "aws-service-role/AWSSupportServiceRolePolicy")], vec![], 43_200));
    if random.percent(60) {
        let index = add(random, "/", "Admin", own());
        indexed.push((
            index,
            vec![aws(account, "AdministratorAccess")],
            vec![],
            *random.pick(&[3600, 7200, 14_400, 43_200]),
        ));
    }
    if random.percent(40) {
        let index = add(random, "/", "BreakGlass", own());
        let document =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        indexed.push((index, vec![], inline("everything", document.to_owned()), 7200));
    }
    if random.percent(30) {
        let index = add(random, "/", "AdminFromOffice", own());
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}]}"#;
        indexed.push((index, vec![], inline("office-only", document.to_owned()), 7200));
    }
    if random.percent(60) {
        let index = add(random, "/", "SecurityAuditor", hub());
        indexed.push((index, vec![aws(account, "SecurityAudit")], vec![], 3600));
    }
    if random.percent(35) {
        let index = add(random, "/", "SupportCases", own());
        indexed.push((index, vec![aws(account, "AWSSupportAccess")], vec![], 3600));
    }
    for number in 0..random.between(4, 14) {
        let service = *random.pick(&["lambda.amazonaws.com", "ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]);
        let system = random.pick(&["orders", "stock", "mail", "index", "export", "thumbs"]);
        let index = add(random, "/app/", &format!("{system}-{number}"), trust_service(service));
        let mut attached = vec![aws(account, "service-role/AWSLambdaBasicExecutionRole")];
        if !policies.is_empty() {
            let policy = random.pick(policies);
            attached.push(Attached { name: policy.name.clone(), arn: account.arn("policy", &policy.name) });
        }
        indexed.push((index, attached, vec![], *random.pick(&[3600, 3600, 3600, 7200, 28_800])));
    }
    for (index, attached, inline, max_session) in indexed {
        let role: &mut Role = &mut roles[index];
        role.attached = attached;
        role.inline = inline;
        role.max_session = max_session;
    }
    if let Some(count) = world.options.roles {
        shapes::roles(&mut roles, count, world, account, policies);
    }
    if world.audit_account().is_some_and(|audit| audit.id == account.id) {
        roles.push(hub_role(world, now));
    }
    roles
}

/// Adds the roles that were given, in place of those of the same name.
pub fn give_roles(roles: &mut Vec<Role>, world: &World, account: &Account) {
    for given in world.options.given_roles.iter().filter(|given| given.account == account.id) {
        let (path, name) = given.name.rsplit_once('/').unwrap_or(("", &given.name));
        roles.retain(|role| role.full_name() != given.name);
        roles.push(Role {
            name: name.to_owned(),
            id: id(
                &mut Random::new(world.options.seed, &format!("given {} {}", account.id, given.name)),
                "AROA",
            ),
            path: if path.is_empty() { "/".to_owned() } else { format!("/{path}/") },
            created: world.options.now.as_second() - 400 * DAY,
            description: None,
            trust: given.trust.clone(),
            max_session: given.session_seconds as i64,
            last_used: None,
            attached: Vec::new(),
            inline: vec![Inline { name: "given".to_owned(), document: given.policy.clone() }],
            boundary: None,
            tags: given.tags.clone(),
        });
    }
}

/// Trusts the hub user and nobody else.
fn hub_role(world: &World, now: i64) -> Role {
    let random = &mut Random::new(world.options.seed, "hub role");
    Role {
        name: "OrgsweepHub".to_owned(),
        id: id(random, "AROA"),
        path: "/orgsweep/".to_owned(),
        created: now - 400 * DAY,
        description: None,
        trust: trust(&world.hub_user_arn(), &ENTERING, None),
        max_session: 43_200,
        last_used: Some(now - DAY),
        attached: Vec::new(),
        inline: vec![Inline { name: "hub".to_owned(), document: hub_policy(world) }],
        boundary: None,
        tags: Vec::new(),
    }
}
