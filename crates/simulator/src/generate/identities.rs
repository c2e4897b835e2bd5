//! Makes an account's identities up, in the shapes that real ones have.

use crate::account::{
    Account, AccountState, Group, Inline, Key, Password, PasswordPolicy, Policy, Root, ServiceCredential,
    User,
};
use crate::generate::parts::{aws, id, local};
use crate::generate::roles::{give_roles, roles};
use crate::generate::{hostile, shapes, situations};
use crate::random::Random;
use crate::world::World;

const DAY: i64 = 86_400;
const GROUPS: [&str; 4] = ["administrators", "developers", "readers", "leftover"];
const NAMES: [&str; 24] = [
    "alice", "bruno", "carla", "deniz", "elif", "farid", "grace", "hiro", "ines", "jonas", "kaya", "liam",
    "mira", "noah", "olga", "pavel", "quinn", "rosa", "samir", "tessa", "umar", "vera", "wen", "yara",
];

/// An account's identities: follows from the seed, the account's id and `now` alone.
pub fn identities(world: &World, account: &Account) -> AccountState {
    let random = &mut Random::new(world.options.seed, &account.id);
    let now = world.options.now.as_second();
    let everything = world.options.with_everything;
    let count = world.options.users.unwrap_or_else(|| match random.below(10) {
        0 => 0,
        1..=7 => random.between(3, 14) as usize,
        _ => random.between(15, 40) as usize,
    });
    let mut users: Vec<User> = (0..count).map(|index| user(random, account, now, index)).collect();
    if world.options.twin_keys {
        for user in &mut users {
            let first = user.keys.first().map(|key| key.created);
            user.keys.iter_mut().for_each(|key| key.created = first.unwrap_or(key.created));
        }
    }
    let mut policies = policies(random, account, now);
    if let Some(count) = world.options.policies {
        shapes::policies(&mut policies, count, world, account);
    }
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
    let mut content = AccountState {
        root: root(random, now),
        groups: groups(random, account, now),
        roles: roles(world, account, random, now, &policies),
        password_policy: password_policy(random),
        alias: account.name.to_lowercase().replace(|character: char| !character.is_ascii_alphanumeric(), "-"),
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
    };
    situations::add(&mut content, world, account);
    if world.options.hostile_names {
        hostile::add(&mut content, &account.id, now - 100 * DAY);
    }
    give_roles(&mut content.roles, world, account);
    content
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
        attached.push(aws(account, random.pick::<&str>(&policies)));
    }
    let inline = if random.percent(12) {
        let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket+one/*"}}"#;
        vec![Inline { name: "bucket-access".to_owned(), document: local(account, document) }]
    } else {
        Vec::new()
    };
    let boundary = random.percent(5).then(|| account.arn("policy", "team-edge"));
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

fn groups(random: &mut Random, account: &Account, now: i64) -> Vec<Group> {
    let attached =
        ["AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "job-function/ViewOnlyAccess"];
    GROUPS
        .iter()
        .zip(attached)
        .map(|(name, policy)| Group {
            name: (*name).to_owned(),
            id: id(random, "AGPA"),
            created: now - 1500 * DAY,
            attached: vec![aws(account, policy)],
            inline: Vec::new(),
        })
        .collect()
}

fn policies(random: &mut Random, account: &Account, now: i64) -> Vec<Policy> {
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
                .map(|_| local(account, DOCUMENTS[index % DOCUMENTS.len()]))
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
