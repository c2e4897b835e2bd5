//! What the engine allocates: nothing to decide, and little for what is large.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as expected")]

use std::hint::black_box;
use std::sync::Arc;

use orgsweep_policy::{
    Attached, Context, Guardrails, Layers, Level, Policy, Principal, Request, Truth, decide, evaluate,
};

/// Larger than any document that a service accepts.
const LARGE: usize = 128 * 1024;

fn attached(statements: &str) -> Attached {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Attached::new("p", Arc::new(Policy::parse(&text).unwrap()))
}

#[test]
fn deciding_allocates_nothing() {
    let conditions = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{
        "NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.0/24"]},
        "StringNotLike":{"aws:UserAgent":["a*b","*x?"]},
        "NumericGreaterThan":{"aws:MultiFactorAuthAge":"3600"},
        "ForAnyValue:StringEquals":{"aws:TagKeys":["team","env"]},
        "ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/admin-*"},
        "Bool":{"aws:SecureTransport":"false"},"Null":{"aws:TokenIssueTime":"true"}}}"#;
    let reads = r#"{"Effect":"Allow","Action":["sqs:Send*","s3:Get*","s3:List*"],
        "Resource":["arn:aws:s3:::bucket/*/key-?","arn:aws:sqs:*:111122223333:q*"]}"#;
    let identity = [attached(conditions), attached(reads), attached(reads).through_group("staff")];
    let boundary = attached(r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#);
    let everything = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let levels = [Level { id: "r-1".into(), policies: vec![attached(everything), attached(conditions)] }];
    let layers = Layers {
        identity: &identity,
        boundary: Some(&boundary),
        service_control: Guardrails::InForce(&levels),
        ..Layers::default()
    };
    let context = Context::complete()
        .with("aws:SourceIp", "203.0.113.9")
        .with("aws:UserAgent", "aws-cli")
        .with("aws:SecureTransport", "true")
        .with_list("aws:TagKeys", &["team"]);
    let ann = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
    let queue = "arn:aws:sqs:eu-west-1:111122223333:queue";
    let mut requests = vec![Request::new(ann, "sqs:SendMessage", queue, context)];
    requests.push(requests[0].instead("s3:GetObject", "arn:aws:s3:::bucket/a/b/key-1"));
    requests.push(requests[0].instead("iam:PassRole", "arn:aws:iam::111122223333:role/app"));
    let decided: Vec<Truth> = requests.iter().map(|request| decide(request, &layers)).collect();
    assert_eq!(decided, [Truth::True, Truth::True, Truth::False]);
    let counted = allocation_counter::measure(|| {
        for request in &requests {
            black_box(decide(request, &layers));
        }
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
    // So that it is known to count.
    assert!(allocation_counter::measure(|| drop(black_box(evaluate(&requests[0], &layers)))).count_total > 0);
}

/// Documents of 128 kB, most of them what a parser or a matcher may stumble over. The most costly are made of the smallest
/// things that there are, a value or an empty statement each few bytes.
#[test]
fn large_documents_take_bounded_memory() {
    let statement = |inside: &str| format!(r#"{{"Statement":{{"Effect":"Allow",{inside}}}}}"#);
    let documents = [
        format!(r#"{{"Statement":[{}{{}}]}}"#, "{},".repeat(LARGE / 3)),
        statement(&format!(r#""Action":[{}"*"],"Resource":"*""#, r#""","#.repeat(LARGE / 3))),
        statement(&format!(r#""Action":"*","Resource":[{}"*"]"#, r#""","#.repeat(LARGE / 3))),
        statement(&format!(r#""Action":"*","Resource":"arn:aws:sqs:*:*:{}b""#, "a*".repeat(LARGE / 2))),
        statement(&format!(
            r#""Action":"*","Resource":"*","Condition":{{"StringLike":{{"aws:UserAgent":[{}"*"]}}}}"#,
            "1,".repeat(LARGE / 2)
        )),
        format!(
            r#"{{"Version":"2012-10-17",{}"#,
            &statement(&format!(r#""Action":"*","Resource":"arn:aws:s3:::{}""#, "${a}".repeat(LARGE / 4)))
                [1..]
        ),
        format!(r#"{{{}"Statement":[]}}"#, r#""":0,"#.repeat(LARGE / 5)),
        "[".repeat(LARGE),
        format!(r#"{{"Statement":{{"Sid":"{}"}}}}"#, "\\ud83d\\ude00".repeat(LARGE / 12)),
    ];
    let ann = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
    let long = format!("arn:aws:sqs:eu-west-1:111122223333:{}", "a".repeat(2000));
    let request = Request::new(ann, "sqs:SendMessage", &long, Context::auditor());
    for document in documents {
        let counted = allocation_counter::measure(|| {
            if let Ok(policy) = Policy::parse(&document) {
                let identity = [Attached::new("large", Arc::new(policy))];
                black_box(evaluate(&request, &Layers { identity: &identity, ..Layers::default() }));
            }
        });
        let start: String = document.chars().take(60).collect();
        assert!(counted.bytes_max < 64 << 20, "{} MB: {start}", counted.bytes_max >> 20);
    }
}
