//! Which rules of escalation hold: for one principal, and for all of an account.
//!
//! `cargo bench -p orgsweep-policy --bench escalation`; figures and machine in `benches/README.md`.
#![expect(clippy::unwrap_used, reason = "a bench ends where something is not as expected")]

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use orgsweep_policy::{
    Actor, Attached, Context, EscalationMap, Escalations, Guardrails, Inventory, Layers, Level, Policy,
    PolicyFacts, Principal, RequestFacts, RoleFacts, StoredVersion, UserFacts,
};

fn main() {
    divan::main();
}

const SERVICES: [&str; 10] = [
    "lambda.amazonaws.com",
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "glue.amazonaws.com",
    "codebuild.amazonaws.com",
    "cloudformation.amazonaws.com",
    "states.amazonaws.com",
    "sagemaker.amazonaws.com",
    "ssm.amazonaws.com",
    "events.amazonaws.com",
];

fn attached(name: &str, statements: &str) -> Attached {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Attached::new(name, Arc::new(Policy::parse(&text).unwrap()))
}

/// Like those of a real account: a service each, some wildcards, a condition, a Deny.
fn customer_policy(number: usize) -> String {
    let service = SERVICES[number % SERVICES.len()].split('.').next().unwrap();
    format!(
        r#"{{"Effect":"Allow","Action":["{service}:Describe*","{service}:List*","{service}:Get*"],"Resource":"*"}},
           {{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::data-{number}-*/*"}},
           {{"Effect":"Allow","Action":["{service}:Create*","{service}:Update*"],
             "Resource":"arn:aws:{service}:*:111122223333:*/team-{number}-*"}},
           {{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:*:queue-{number}",
             "Condition":{{"StringEquals":{{"aws:RequestedRegion":"eu-west-1"}}}}}},
           {{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}}"#
    )
}

/// What changes nothing but an application's data.
fn reading(number: usize) -> String {
    let service = SERVICES[number % SERVICES.len()].split('.').next().unwrap();
    format!(
        r#"{{"Effect":"Allow","Action":["{service}:Describe*","{service}:List*"],"Resource":"*"}},
           {{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"arn:aws:s3:::data-{number}-*"}},
           {{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:*:queue-{number}"}},
           {{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}}"#
    )
}

/// One in ten may pass roles of its team, one in twenty is a power user with IAM leftovers, one in fifty an administrator.
fn inline(number: usize) -> String {
    let team = number % 30;
    let own = r#"{"Effect":"Allow","Action":["iam:*AccessKey*","iam:ChangePassword"],
        "Resource":"arn:aws:iam::*:user/${aws:username}"}"#;
    let more = match number {
        n if n % 50 == 7 => r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#.to_owned(),
        n if n % 20 == 3 => r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*"],"Resource":"*"},
            {"Effect":"Allow","Action":["iam:PassRole","iam:CreateAccessKey"],"Resource":"*"}"#
            .to_owned(),
        n if n % 10 == 4 => format!(
            r#"{{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/team-{team}-*"}},
               {{"Effect":"Allow","Action":["lambda:*","ecs:*","glue:*"],"Resource":"*"}}"#
        ),
        _ => format!(
            r#"{{"Effect":"Allow","Action":"dynamodb:*","Resource":"arn:aws:dynamodb:*:*:table/{number}"}}"#
        ),
    };
    format!("{own},{more}")
}

struct Somebody {
    arn: String,
    principal: Principal,
    identity: Vec<Attached>,
    trust: Vec<Attached>,
}

struct Account {
    users: Vec<Somebody>,
    roles: Vec<Somebody>,
    policies: Vec<(String, Vec<StoredVersion>)>,
    levels: Vec<Level>,
}

impl Account {
    fn new(users: usize, roles: usize) -> Self {
        let customer: Vec<Attached> = (0..30)
            .map(|number| {
                attached(&format!("arn:aws:iam::111122223333:policy/p{number}"), &customer_policy(number))
            })
            .collect();
        let somebody = |arn: String, number: usize| {
            let service = SERVICES[number % SERVICES.len()];
            let trust = format!(
                r#"{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}"#
            );
            let mut identity = vec![attached("inline", &inline(number))];
            identity.extend((0..3).map(|step| customer[(number + step * 7) % customer.len()].clone()));
            let principal = Principal::iam(&arn).unwrap();
            Somebody { arn, principal, identity, trust: vec![attached("trust", &trust)] }
        };
        let guard = r#"{"Effect":"Allow","Action":"*","Resource":"*"},
            {"Effect":"Deny","Action":["organizations:LeaveOrganization","cloudtrail:StopLogging"],"Resource":"*"}"#;
        let level = |id: &str| Level { id: id.into(), policies: vec![attached("guard", guard)] };
        Self {
            users: (0..users)
                .map(|n| somebody(format!("arn:aws:iam::111122223333:user/user-{n}"), n))
                .collect(),
            roles: (0..roles)
                .map(|n| somebody(format!("arn:aws:iam::111122223333:role/team-{}-{n}", n % 30), n))
                .collect(),
            policies: customer
                .iter()
                .map(|one| (one.name.to_string(), vec![("v1".into(), one.policy.clone())]))
                .collect(),
            levels: vec![level("r-1"), level("ou-1"), level("111122223333")],
        }
    }

    fn layers<'a>(&'a self, of: &'a Somebody) -> Layers<'a> {
        let service_control = Guardrails::InForce(&self.levels);
        Layers { identity: &of.identity, resource: &of.trust, service_control, ..Layers::default() }
    }

    fn with_inventory<R>(&self, ask: impl FnOnce(&Inventory<'_>) -> R) -> R {
        let roles = self.roles.iter().map(|role| RoleFacts {
            arn: &role.arn,
            layers: self.layers(role),
            instance_profile: Some(true),
        });
        let users = self.users.iter().map(|user| UserFacts {
            arn: &user.arn,
            layers: self.layers(user),
            access_keys: Some(1),
            inactive_access_keys: Some(0),
            password: Some(true),
        });
        let policies = self.policies.iter().map(|(arn, versions)| PolicyFacts {
            arn,
            default_version: "v1",
            versions: Some(versions),
        });
        let (roles, users, policies): (Vec<_>, Vec<_>, Vec<_>) =
            (roles.collect(), users.collect(), policies.collect());
        ask(&Inventory {
            roles: Some(&roles),
            users: Some(&users),
            groups: Some(&[]),
            policies: Some(&policies),
            providers: Some(&[]),
            tags: None,
            management_account: Some(false),
            requests: RequestFacts::default(),
        })
    }

    fn ask(&self, map: &EscalationMap<'_>, of: &Somebody) -> Escalations {
        let context = Context::auditor();
        let layers = Layers { resource: &[], ..self.layers(of) };
        map.escalations(&Actor { principal: &of.principal, context, layers, groups: Some(&[]) })
    }
}

/// 40 users, 60 roles, 30 customer policies, targets seen before: one whose policies may allow no rule, one who writes some
/// resources of three services, one who passes roles of its team, and a power user who passes every role.
#[divan::bench(args = [("reader", 2), ("ordinary", 1), ("team", 4), ("power", 3)])]
fn one_principal(bencher: Bencher<'_, '_>, (kind, number): (&str, usize)) {
    let mut account = Account::new(40, 60);
    if kind == "reader" {
        let user = &mut account.users[number];
        user.identity = (0..4).map(|service| attached("reader", &reading(number + service))).collect();
    }
    account.with_inventory(|inventory| {
        let map = EscalationMap::new(inventory);
        let somebody = &account.users[number];
        account.ask(&map, somebody);
        bencher.bench_local(|| account.ask(&map, somebody));
    });
}

/// 440 users and 60 roles, the preparation of the account included.
#[divan::bench(sample_count = 10)]
fn all_of_500_principals(bencher: Bencher<'_, '_>) {
    let account = Account::new(440, 60);
    account.with_inventory(|inventory| {
        bencher.counter(ItemsCount::new(500_usize)).bench_local(|| {
            let map = EscalationMap::new(inventory);
            let everybody = account.users.iter().chain(&account.roles);
            everybody.map(|somebody| account.ask(&map, somebody).rules().len()).sum::<usize>()
        });
    });
}
