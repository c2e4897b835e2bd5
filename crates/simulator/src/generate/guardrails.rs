//! Makes up the service and resource control policies of the organization.

use crate::generate::hostile;
use crate::guardrails::{Attached, Guardrail, GuardrailKind};
use crate::options::Options;
use crate::random::Random;
use crate::world::Unit;

/// AWS's two, and what an organization has of its own.
pub fn make(options: &Options, organization_id: &str, units: &[Unit]) -> Vec<Guardrail> {
    let partition = &options.partition;
    // A stream of its own, so that accounts and units are what they were before there were policies.
    let mut random = Random::new(options.seed, "guardrails");
    let unit = |name: &str| {
        let found = units.iter().position(|unit| unit.name == name);
        found.map_or(Attached::Nowhere, Attached::Unit)
    };
    let [home, other] = regions(&mut random, partition);
    let deny = |statement: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny",{statement}}}]}}"#)
    };
    let mut all = vec![
        managed(GuardrailKind::Service, "FullAWSAccess", "operation", ""),
        managed(GuardrailKind::Resource, "RCPFullAWSAccess", "resource", r#""Principal":"*","#),
    ];
    let mut add = |kind: GuardrailKind, name: &str, attached: Attached, document: String| {
        all.push(Guardrail {
            id: format!("p-{}", random.word(8)),
            kind,
            name: name.to_owned(),
            description: String::new(),
            aws_managed: false,
            document,
            attached,
        });
    };
    add(
        GuardrailKind::Service,
        "deny-leaving-the-organization",
        Attached::Unit(0),
        deny(r#""Sid":"Leave","Action":"organizations:LeaveOrganization","Resource":"*""#),
    );
    add(
        GuardrailKind::Service,
        "deny-other-regions",
        unit("Workloads"),
        deny(&format!(
            r#""Sid":"Regions","NotAction":["iam:*","organizations:*","sts:*","support:*"],"Resource":"*","Condition":{{"StringNotEquals":{{"aws:RequestedRegion":["{home}","{other}"]}}}}"#
        )),
    );
    add(
        GuardrailKind::Service,
        "deny-access-keys",
        unit("Prod"),
        deny(&format!(
            r#""Sid":"Keys","Action":"iam:CreateAccessKey","Resource":"*","Condition":{{"ArnNotLike":{{"aws:PrincipalArn":"arn:{partition}:iam::*:role/platform/KeyBroker"}}}}"#
        )),
    );
    add(
        GuardrailKind::Service,
        "deny-root-user",
        Attached::Nowhere,
        deny(&format!(
            r#""Sid":"Root","Action":"*","Resource":"*","Condition":{{"ArnLike":{{"aws:PrincipalArn":"arn:{partition}:iam::*:root"}}}}"#
        )),
    );
    add(
        GuardrailKind::Resource,
        "deny-roles-to-strangers",
        Attached::Unit(0),
        deny(&format!(
            r#""Sid":"Strangers","Principal":"*","Action":"sts:AssumeRole","Resource":"*","Condition":{{"StringNotEqualsIfExists":{{"aws:PrincipalOrgID":"{organization_id}"}},"BoolIfExists":{{"aws:PrincipalIsAWSService":"false"}}}}"#
        )),
    );
    if let Some(document) = &options.service_control_policy {
        add(GuardrailKind::Service, "asked-for", Attached::Unit(0), document.clone());
    }
    if options.hostile_names {
        add(
            GuardrailKind::Service,
            &hostile::NAMES.join(" "),
            unit(hostile::NAMES[0]),
            hostile::NO_JSON.to_owned(),
        );
    }
    all
}

fn managed(kind: GuardrailKind, name: &str, what: &str, principal: &str) -> Guardrail {
    Guardrail {
        id: format!("p-{name}"),
        kind,
        name: name.to_owned(),
        description: format!("Allows access to every {what}"),
        aws_managed: true,
        document: format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{principal}"Action":"*","Resource":"*"}}]}}"#
        ),
        attached: Attached::Everywhere,
    }
}

/// Where the organization works.
fn regions(random: &mut Random, partition: &str) -> [&'static str; 2] {
    let choices: &[[&str; 2]] = match partition {
        "aws-us-gov" => &[["us-gov-west-1", "us-gov-east-1"]],
        "aws-cn" => &[["cn-north-1", "cn-northwest-1"]],
        _ => &[["us-east-1", "us-west-2"], ["us-east-1", "eu-central-1"], ["us-east-1", "ap-southeast-2"]],
    };
    *random.pick(choices)
}
