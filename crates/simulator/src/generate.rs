//! Makes an account's identities up, in the shapes that real ones have.

use crate::account::{
    AccountState, Attached, Group, Inline, Key, Password, PasswordPolicy, Policy, Role, Root,
    ServiceCredential, User, arn,
};
use crate::managed;
use crate::random::Random;
use crate::world::{Account, AuditRole, World};

const DAY: i64 = 86_400;
const GROUPS: [&str; 4] = ["administrators", "developers", "readers", "leftover"];
const NAMES: [&str; 24] = [
    "alice", "bruno", "carla", "deniz", "elif", "farid", "grace", "hiro", "ines", "jonas", "kaya", "liam",
    "mira", "noah", "olga", "pavel", "quinn", "rosa", "samir", "tessa", "umar", "vera", "wen", "yara",
];

/// An account's identities: follows from the seed, the account's id and `now` alone.
pub fn account(world: &World, account: &Account) -> AccountState {
    let random = &mut Random::new(world.options.seed, &account.id);
    let now = world.options.now.as_second();
    let everything = world.options.with_everything;
    let count = world.options.users.unwrap_or_else(|| match random.below(10) {
        0 => 0,
        1..=7 => random.between(3, 14) as usize,
        _ => random.between(15, 40) as usize,
    });
    let users: Vec<User> = (0..count).map(|index| user(random, account, now, index)).collect();
    let policies = policies(random, now);
    let service_credentials = users
        .first()
        .filter(|_| everything || random.percent(20))
        .map(|user| ServiceCredential {
            id: id(random, "ACCA"),
            user: user.name.clone(),
            service: "bedrock.amazonaws.com",
            created: now - 30 * DAY,
            expires: random.percent(50).then_some(now + 60 * DAY),
        })
        .into_iter()
        .collect();
    AccountState {
        root: root(random, now),
        groups: groups(random, now),
        roles: roles(world, account, random, now, &policies),
        password_policy: password_policy(random),
        saml: if everything || random.percent(15) {
            vec![("corporate".to_owned(), now - 300 * DAY)]
        } else {
            vec![]
        },
        oidc: if everything || random.percent(25) {
            vec!["token.actions.githubusercontent.com".to_owned()]
        } else {
            vec![]
        },
        certificates: if everything || random.percent(10) {
            vec![("legacy-lb".to_owned(), now - 500 * DAY, now - random.between(-100, 100) * DAY)]
        } else {
            vec![]
        },
        service_credentials,
        report_delay: random.below(3) as u32,
        users,
        policies,
    }
}

fn id(random: &mut Random, prefix: &str) -> String {
    format!("{prefix}{}", random.word(16).to_ascii_uppercase())
}

fn aws(name: &str) -> Attached {
    Attached { name: name.rsplit('/').next().unwrap_or(name).to_owned(), arn: managed::arn(name) }
}

fn root(random: &mut Random, now: i64) -> Root {
    // Central root management: a member without any root credential.
    if random.percent(25) {
        return Root { password: false, password_last_used: None, mfa: None, keys: Vec::new() };
    }
    let mfa = *random.pick(&[None, Some("virtual"), Some("virtual"), Some("hardware")]);
    let keys = if random.percent(8) {
        let created = now - random.between(400, 1500) * DAY;
        vec![Key {
            id: id(random, "AKIA"),
            active: random.percent(60),
            created,
            last_used: random.percent(50).then_some((now - random.between(1, 300) * DAY, "us-east-1", "iam")),
        }]
    } else {
        Vec::new()
    };
    let last_used = random.percent(70).then(|| now - random.between(5, 900) * DAY);
    Root { password: true, password_last_used: last_used, mfa, keys }
}

fn user(random: &mut Random, account: &Account, now: i64, index: usize) -> User {
    let machine = random.percent(30);
    let name = if machine {
        format!("svc-{}-{index}", random.pick(&["deploy", "backup", "metrics", "etl", "ci"]))
    } else {
        let name = NAMES[index % NAMES.len()];
        if index < NAMES.len() { name.to_owned() } else { format!("{name}-{}", index / NAMES.len()) }
    };
    let created = now - random.between(1, 1400) * DAY - random.between(0, DAY - 1);
    let age = (now - created) / DAY;
    let password = (!machine && random.percent(75)).then(|| {
        let changed = now - random.between(0, age) * DAY;
        let last_used =
            random.percent(80).then(|| now - random.between(0, ((now - changed) / DAY).min(400)) * DAY);
        Password { changed: changed.max(created), last_used }
    });
    let mfa = match (&password, random.below(100)) {
        (Some(_), 0..45) | (None, 0..5) => Some("virtual"),
        (Some(_), 45..65) => Some("hardware"),
        _ => None,
    };
    let wanted = if machine { random.between(1, 2) } else { *random.pick(&[0, 0, 0, 1, 1, 2]) };
    let mut keys: Vec<Key> = (0..wanted).map(|_| key(random, now, created, password.is_some())).collect();
    // Slots are ordered by key id, not by age.
    keys.sort_by(|left, right| left.id.cmp(&right.id));
    let mut groups = Vec::new();
    if random.percent(70) {
        groups.push((*random.pick(&GROUPS[..3])).to_owned());
    }
    let mut attached = Vec::new();
    if random.percent(20) {
        let policies = ["ReadOnlyAccess", "AmazonS3ReadOnlyAccess", "AdministratorAccess"];
        attached.push(aws(random.pick::<&str>(&policies)));
    }
    let inline = if random.percent(12) {
        let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket+one/*"}}"#;
        vec![Inline { name: "bucket-access".to_owned(), document: document.to_owned() }]
    } else {
        Vec::new()
    };
    let boundary = random.percent(5).then(|| arn(&account.id, "policy", "team-edge"));
    User {
        id: id(random, "AIDA"),
        path: if machine { "/service/".to_owned() } else { "/".to_owned() },
        tags: if random.percent(50) {
            vec![("owner".to_owned(), "team+blue <b>".to_owned())]
        } else {
            Vec::new()
        },
        name,
        created,
        password,
        mfa,
        keys,
        groups,
        attached,
        inline,
        boundary,
    }
}

fn key(random: &mut Random, now: i64, user_created: i64, console: bool) -> Key {
    // Some console users were given a key in the same minute.
    let created = if console && random.percent(25) {
        user_created + random.between(1, 50)
    } else {
        let age = (now - user_created) / DAY;
        (now - random.between(0, age) * DAY - random.between(0, 3000)).max(user_created + 300)
    };
    let age = ((now - created) / DAY).max(0);
    let last_used = random.percent(75).then(|| {
        let service = *random.pick(&["sts", "sts", "s3", "ec2", "iam", "dynamodb"]);
        (now - random.between(0, age) * DAY, "eu-west-1", service)
    });
    Key { id: id(random, "AKIA"), active: random.percent(80), created, last_used }
}

fn groups(random: &mut Random, now: i64) -> Vec<Group> {
    let attached =
        ["AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "job-function/ViewOnlyAccess"];
    GROUPS
        .iter()
        .zip(attached)
        .map(|(name, policy)| Group {
            name: (*name).to_owned(),
            id: id(random, "AGPA"),
            created: now - 1500 * DAY,
            attached: vec![aws(policy)],
            inline: Vec::new(),
        })
        .collect()
}

fn policies(random: &mut Random, now: i64) -> Vec<Policy> {
    const DOCUMENTS: [&str; 4] = [
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::data-*/*"}]}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"Über 100%","Effect":"Allow","Action":["dynamodb:Get*"],"Resource":"*"}]}"#,
    ];
    let names = ["data-access", "platform-admin", "team-edge", "table-reader", "queue-writer", "build-cache"];
    let count = random.between(2, 6) as usize;
    let edge = "team-edge";
    let mut policies: Vec<Policy> = names[..count.max(3)]
        .iter()
        .enumerate()
        .map(|(index, name)| Policy {
            name: (*name).to_owned(),
            id: id(random, "ANPA"),
            created: now - random.between(30, 1000) * DAY,
            versions: (0..random.between(1, 5))
                .map(|_| DOCUMENTS[index % DOCUMENTS.len()].to_owned())
                .collect(),
        })
        .collect();
    policies.sort_by_key(|policy| policy.name == edge);
    policies
}

fn password_policy(random: &mut Random) -> Option<PasswordPolicy> {
    match random.below(3) {
        0 => None,
        1 => Some(PasswordPolicy { minimum_length: 8, complex: false, reuse: None, max_age: None }),
        _ => Some(PasswordPolicy { minimum_length: 14, complex: true, reuse: Some(24), max_age: Some(365) }),
    }
}

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
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
    })
    .to_string()
}

fn trust_account(account: &str, external_id: Option<&str>) -> String {
    let mut statement = serde_json::json!({
        "Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
        "Action": "sts:AssumeRole",
    });
    if let Some(external_id) = external_id {
        statement["Condition"] = serde_json::json!({"StringEquals": {"sts:ExternalId": external_id}});
    }
    serde_json::json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

fn trust_service(service: &str) -> String {
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    })
    .to_string()
}

fn roles(world: &World, account: &Account, random: &mut Random, now: i64, policies: &[Policy]) -> Vec<Role> {
    let hub = &world.management().id;
    let mut roles = Vec::new();
    let mut add = |random: &mut Random, path: &str, name: &str, trust: String| {
        roles.push(Role {
            name: name.to_owned(),
            id: id(random, "AROA"),
            path: path.to_owned(),
            created: now - random.between(30, 1200) * DAY,
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
        let missing = if let AuditRole::Broken(actions) = &account.role { *actions } else { &[] };
        let trusted = if account.role == AuditRole::Untrusting { "210987654321" } else { hub.as_str() };
        let trust = trust_account(trusted, world.options.external_id.as_deref());
        let index = add(random, "/orgsweep/", "OrgsweepAudit", trust);
        indexed.push((index, vec![], inline("audit", audit_policy(missing)), 3600));
    }
    let index = add(random, "/", "OrganizationAccountAccessRole", trust_account(hub, None));
    indexed.push((index, vec![aws("AdministratorAccess")], vec![], 3600));
    let index = add(
        random,
        "/aws-service-role/support.amazonaws.com/",
        "AWSServiceRoleForSupport",
        trust_service("support.amazonaws.com"),
    );
    indexed.push((index, vec![aws("aws-service-role/AWSSupportServiceRolePolicy")], vec![], 43_200));
    if random.percent(60) {
        let index = add(random, "/", "Admin", trust_account(&account.id, None));
        indexed.push((
            index,
            vec![aws("AdministratorAccess")],
            vec![],
            *random.pick(&[3600, 7200, 14_400, 43_200]),
        ));
    }
    if random.percent(40) {
        let index = add(random, "/", "BreakGlass", trust_account(&account.id, None));
        let document =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        indexed.push((index, vec![], inline("everything", document.to_owned()), 7200));
    }
    if random.percent(30) {
        let index = add(random, "/", "AdminFromOffice", trust_account(&account.id, None));
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}]}"#;
        indexed.push((index, vec![], inline("office-only", document.to_owned()), 7200));
    }
    if random.percent(60) {
        let index = add(random, "/", "SecurityAuditor", trust_account(hub, None));
        indexed.push((index, vec![aws("SecurityAudit")], vec![], 3600));
    }
    if random.percent(35) {
        let index = add(random, "/", "SupportCases", trust_account(&account.id, None));
        indexed.push((index, vec![aws("AWSSupportAccess")], vec![], 3600));
    }
    for number in 0..random.between(4, 14) {
        let service = *random.pick(&["lambda.amazonaws.com", "ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]);
        let system = random.pick(&["orders", "stock", "mail", "index", "export", "thumbs"]);
        let index = add(random, "/app/", &format!("{system}-{number}"), trust_service(service));
        let policy = random.pick(policies);
        let attached = vec![
            aws("service-role/AWSLambdaBasicExecutionRole"),
            Attached { name: policy.name.clone(), arn: arn(&account.id, "policy", &policy.name) },
        ];
        indexed.push((index, attached, vec![], *random.pick(&[3600, 3600, 3600, 7200, 28_800])));
    }
    for (index, attached, inline, max_session) in indexed {
        let role: &mut Role = &mut roles[index];
        role.attached = attached;
        role.inline = inline;
        role.max_session = max_session;
    }
    roles
}
