//! What the policy engine costs: documents read and compiled, requests decided, an auditor's questions.
//!
//! `cargo bench -p orgsweep-policy`; figures and machine in `benches/README.md`.
#![expect(clippy::unwrap_used, reason = "a bench ends where something is not as expected")]

use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use orgsweep_policy::{
    AccessLevel, Administrator, Attached, Catalogue, Context, Guardrails, Layers, Level, Policy, Principal,
    Request, Truth, administrator, capabilities, decide, evaluate,
};

fn main() {
    divan::main();
}

fn attached(text: &str) -> Attached {
    Attached::new("p", Arc::new(Policy::parse(text).unwrap()))
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

const EVERYTHING: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;

/// As customers write them: 0.9 kB, five statements, two of them with conditions.
fn customer_policy(number: usize) -> String {
    document(&format!(
        r#"{{"Sid":"Objects","Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:ListBucket"],
  "Resource":["arn:aws:s3:::data-{number}","arn:aws:s3:::data-{number}/*"]}},
{{"Sid":"Queues","Effect":"Allow","Action":["sqs:SendMessage","sqs:ReceiveMessage","sqs:DeleteMessage"],
  "Resource":"arn:aws:sqs:eu-west-1:111122223333:app-{number}-*"}},
{{"Sid":"Table","Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem","dynamodb:Query"],
  "Resource":"arn:aws:dynamodb:eu-west-1:111122223333:table/app-{number}"}},
{{"Sid":"Pass","Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/app-{number}-*",
  "Condition":{{"StringEquals":{{"iam:PassedToService":"lambda.amazonaws.com"}}}}}},
{{"Sid":"Home","Effect":"Deny","Action":"*","Resource":"*",
  "Condition":{{"NotIpAddress":{{"aws:SourceIp":["10.0.0.0/8","203.0.113.0/24"]}},
               "Bool":{{"aws:ViaAWSService":"false"}}}}}}"#
    ))
}

/// As AWS's largest: one statement that names every action that lists, 3,700 of them, 130 kB.
fn managed_policy() -> String {
    let reads = Catalogue::get().actions().filter(|action| action.is(AccessLevel::List));
    let names: Vec<String> = reads.map(|action| format!("\"{action}\"")).collect();
    document(&format!(r#"{{"Effect":"Allow","Action":[{}],"Resource":"*"}}"#, names.join(",\n")))
}

/// From text to a compiled policy.
#[divan::bench]
fn parse_and_compile_a_customer_policy(bencher: Bencher<'_, '_>) {
    let text = customer_policy(7);
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| Policy::parse(&text).unwrap());
}

#[divan::bench]
fn parse_and_compile_a_list_of_thousands_of_actions(bencher: Bencher<'_, '_>) {
    let text = managed_policy();
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| Policy::parse(&text).unwrap());
}

fn ann() -> Principal {
    Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap()
}

const OBJECT: &str = "arn:aws:s3:::data-7/folder/key";

/// One principal, one policy of three statements without conditions.
#[divan::bench]
fn decide_a_simple_request(bencher: Bencher<'_, '_>) {
    let identity = [attached(&document(
        r#"{"Effect":"Allow","Action":["sqs:Send*","sqs:Receive*"],"Resource":"arn:aws:sqs:*:111122223333:*"},
           {"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::data-7/*"},
           {"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::data-7/secret/*"}"#,
    ))];
    let layers = Layers { identity: &identity, ..Layers::default() };
    let request = Request::new(ann(), "s3:GetObject", OBJECT, Context::auditor());
    assert_eq!(decide(&request, &layers), Truth::True);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| decide(&request, &layers));
}

/// What a principal of a well-kept organization meets.
struct World {
    identity: Vec<Attached>,
    boundary: Attached,
    levels: Vec<Level>,
}

impl World {
    fn new() -> Self {
        let region = r#"{"Effect":"Deny","NotAction":["iam:*","sts:*","organizations:*"],"Resource":"*",
            "Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1","eu-central-1"]}}}"#;
        let level = |id: &str| Level {
            id: id.into(),
            policies: vec![attached(&document(EVERYTHING)), attached(&document(region))],
        };
        Self {
            identity: (0..8).map(|number| attached(&customer_policy(number))).collect(),
            boundary: attached(&document(
                r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#,
            )),
            levels: vec![level("r-1"), level("ou-1"), level("111122223333")],
        }
    }

    fn layers(&self) -> Layers<'_> {
        Layers {
            identity: &self.identity,
            boundary: Some(&self.boundary),
            service_control: Guardrails::InForce(&self.levels),
            ..Layers::default()
        }
    }
}

fn request_in_world() -> Request {
    let context =
        Context::auditor().with("aws:SourceIp", "203.0.113.9").with("aws:RequestedRegion", "eu-west-1");
    Request::new(ann(), "s3:GetObject", OBJECT, context)
}

/// Eight policies of five statements, a boundary, three levels of two SCPs.
#[divan::bench]
fn decide_through_all_layers(bencher: Bencher<'_, '_>) {
    let world = World::new();
    let (request, layers) = (request_in_world(), world.layers());
    assert_eq!(decide(&request, &layers), Truth::True);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| decide(&request, &layers));
}

/// The same with the reasons.
#[divan::bench]
fn evaluate_through_all_layers(bencher: Bencher<'_, '_>) {
    let world = World::new();
    let (request, layers) = (request_in_world(), world.layers());
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| evaluate(&request, &layers));
}

/// 60 roles, 30 policies: each role has five of them, every tenth is an administrator.
fn account() -> Vec<(Principal, Vec<Attached>)> {
    let policies: Vec<Attached> = (0..30).map(|number| attached(&customer_policy(number))).collect();
    let all = attached(&document(EVERYTHING));
    let role = |number: usize| {
        let principal = Principal::iam(&format!("arn:aws:iam::111122223333:role/app/role-{number}")).unwrap();
        let mut own: Vec<Attached> =
            (0..5).map(|place| policies[(number * 7 + place) % 30].clone()).collect();
        own.extend(number.is_multiple_of(10).then(|| all.clone()));
        (principal, own)
    };
    (0..60).map(role).collect()
}

/// Whether each of 60 roles is an administrator: the account's answer.
#[divan::bench]
fn administrators_of_an_account(bencher: Bencher<'_, '_>) {
    let account = account();
    let world = World::new();
    bencher.counter(ItemsCount::new(account.len())).bench_local(|| {
        let ask = |(principal, identity): &(Principal, Vec<Attached>)| {
            let layers = Layers { identity, boundary: None, ..world.layers() };
            administrator(principal, Context::auditor(), &layers)
        };
        let no = account.iter().map(ask).filter(|answer| matches!(answer, Administrator::No { .. })).count();
        assert_eq!(no, 54);
    });
}

/// Which of IAM's actions one role can do, and on what.
#[divan::bench]
fn capabilities_of_a_role(bencher: Bencher<'_, '_>) {
    let account = account();
    let (principal, identity) = &account[0];
    let layers = Layers { identity, ..Layers::default() };
    let ask = || capabilities(principal, Context::auditor(), &layers, &["iam:*"]);
    bencher.counter(ItemsCount::new(ask().len())).bench_local(ask);
}

/// One pattern against every action that AWS has.
#[divan::bench]
fn expand_a_pattern(bencher: Bencher<'_, '_>) {
    let catalogue = Catalogue::get();
    bencher
        .counter(ItemsCount::new(catalogue.actions().count()))
        .bench_local(|| catalogue.matching("*:*Tag*"));
}
