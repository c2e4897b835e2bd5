//! Accounts of a given size: as many roles and customer policies as asked for, with documents of the sizes that real
//! ones have. Customer policies of real accounts are mostly between half a kilobyte and three; trust policies and
//! inline policies a few hundred bytes.

use serde_json::json;

use crate::account::{Account, Attached, Inline, Policy, Role};
use crate::generate::parts::{aws, id, trust_service};
use crate::random::Random;
use crate::world::World;

const DAY: i64 = 86_400;
const SYSTEMS: [&str; 12] = [
    "orders", "stock", "mail", "index", "export", "thumbs", "tariffs", "claims", "search", "ledger", "relay",
    "reports",
];
/// A service and some of its actions.
const SERVICES: [(&str, [&str; 6]); 6] = [
    (
        "s3",
        ["GetObject", "PutObject", "DeleteObject", "ListBucket", "GetBucketLocation", "AbortMultipartUpload"],
    ),
    ("dynamodb", ["GetItem", "PutItem", "UpdateItem", "Query", "BatchGetItem", "DescribeTable"]),
    (
        "sqs",
        [
            "SendMessage",
            "ReceiveMessage",
            "DeleteMessage",
            "GetQueueAttributes",
            "GetQueueUrl",
            "ChangeMessageVisibility",
        ],
    ),
    ("kms", ["Decrypt", "Encrypt", "GenerateDataKey", "DescribeKey", "ReEncryptFrom", "ReEncryptTo"]),
    (
        "logs",
        [
            "CreateLogGroup",
            "CreateLogStream",
            "PutLogEvents",
            "DescribeLogStreams",
            "GetLogEvents",
            "FilterLogEvents",
        ],
    ),
    (
        "secretsmanager",
        [
            "GetSecretValue",
            "DescribeSecret",
            "ListSecretVersionIds",
            "GetResourcePolicy",
            "ListSecrets",
            "TagResource",
        ],
    ),
];

/// Cuts or extends an account's customer policies.
pub fn policies(policies: &mut Vec<Policy>, count: usize, world: &World, account: &Account) {
    let random = &mut Random::new(world.options.seed, &format!("policies {}", account.id));
    let now = world.options.now.as_second();
    policies.truncate(count);
    for number in policies.len()..count {
        let system = random.pick(&SYSTEMS);
        let statements = random.between(2, 6);
        let versions = random.between(1, 3);
        policies.push(Policy {
            name: format!("{system}-access-{number}"),
            id: id(random, "ANPA"),
            created: now - random.between(30, 1000) * DAY,
            versions: (0..versions).map(|_| document(random, account, system, statements)).collect(),
        });
    }
}

/// Cuts or extends an account's roles; the audit role stays.
pub fn roles(roles: &mut Vec<Role>, count: usize, world: &World, account: &Account, policies: &[Policy]) {
    let random = &mut Random::new(world.options.seed, &format!("roles {}", account.id));
    let now = world.options.now.as_second();
    roles.truncate(count.max(1));
    for number in roles.len()..count {
        let system = *random.pick(&SYSTEMS);
        let mut attached = vec![aws(account, "service-role/AWSLambdaBasicExecutionRole")];
        if !policies.is_empty() {
            let policy = random.pick(policies);
            attached.push(Attached { name: policy.name.clone(), arn: account.arn("policy", &policy.name) });
        }
        let inline = if random.percent(50) {
            vec![Inline { name: format!("{system}-inline"), document: document(random, account, system, 2) }]
        } else {
            Vec::new()
        };
        roles.push(Role {
            name: format!("{system}-worker-{number}"),
            id: id(random, "AROA"),
            path: "/app/".to_owned(),
            created: now - random.between(30, 1200) * DAY,
            description: None,
            trust: trust(random, account),
            max_session: *random.pick(&[3600, 3600, 3600, 7200, 28_800]),
            last_used: random.percent(65).then(|| now - random.between(0, 380) * DAY),
            attached,
            inline,
            boundary: None,
            tags: vec![
                ("system".to_owned(), system.to_owned()),
                ("owner".to_owned(), "team-blue".to_owned()),
            ],
        });
    }
}

/// Trust in a service, in a few cases limited to what works for this account.
fn trust(random: &mut Random, account: &Account) -> String {
    let service = *random.pick(&["lambda.amazonaws.com", "ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]);
    if random.percent(50) {
        return trust_service(service);
    }
    let source = format!("arn:{}:ecs:eu-west-1:{}:*", account.partition, account.id);
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "ServiceOfThisAccount",
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account.id},
                "ArnLike": {"aws:SourceArn": source},
            },
        }],
    })
    .to_string()
}

/// A policy that grants an application its own resources. Written as text: of ten thousand accounts these are a
/// million documents.
fn document(random: &mut Random, account: &Account, system: &str, statements: i64) -> String {
    let mut text = String::with_capacity(2048);
    text.push_str(r#"{"Version":"2012-10-17","Statement":["#);
    for number in 0..statements {
        if number > 0 {
            text.push(',');
        }
        statement(&mut text, random, account, system, number);
    }
    text.push_str("]}");
    text
}

fn statement(text: &mut String, random: &mut Random, account: &Account, system: &str, number: i64) {
    let (service, names) = random.pick(&SERVICES);
    let (partition, id) = (&account.partition, &account.id);
    let granted = random.between(2, 6) as usize;
    text.push_str(&format!(r#"{{"Sid":"{system}{service}{number}","Effect":"Allow","Action":["#));
    for (index, name) in names[..granted].iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        text.push_str(&format!(r#"{comma}"{service}:{name}""#));
    }
    text.push_str(r#"],"Resource":["#);
    for index in 0..random.between(1, 3) {
        let comma = if index == 0 { "" } else { "," };
        let name = random.word(8);
        text.push_str(&match *service {
            "s3" => format!(r#"{comma}"arn:{partition}:s3:::{system}-{id}-{name}/*""#),
            other => format!(r#"{comma}"arn:{partition}:{other}:eu-west-1:{id}:{system}/{name}""#),
        });
    }
    text.push_str("]}");
}
