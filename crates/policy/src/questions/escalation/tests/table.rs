//! Every rule, in an account in which it holds; without any of its actions it does not.

use super::*;
use crate::questions::escalation::rules::{Bind, Effect, Fact, RULES, Rule};

/// Of support, and of what only a proviso can say.
const CONDITIONAL: &str = "batch-001 cloudformation-003 cognitoidentity-001 ecs-003 ecs-004 ecs-005 glue-005 glue-006 lambda-002 \
    x-iam-002 x-iam-003 x-iam-004 x-iam-005 x-iam-006 x-iam-009 x-ec2-001 x-ec2-002 x-autoscaling-002 \
    x-cloudformation-002 x-ecs-001 x-ecs-003 x-elasticbeanstalk-001 x-cognito-001";
/// Of workloads that exist, of Identity Center, and of what no source confirms.
const POTENTIAL: &str = "apprunner-002 batch-002 bedrock-002 cloudformation-002 cloudformation-004 cloudformation-005 codebuild-002 \
    codebuild-003 codedeploy-001 ec2-002 ec2-004 ec2instanceconnect-003 ecs-006 ecs-009 glue-002 lambda-003 \
    lambda-004 lambda-005 sagemaker-004 sagemaker-005 ssm-001 ssm-002 sso-001 sso-002 sso-003 stepfunctions-002 \
    x-iam-010 x-iam-011 x-iam-016 x-lambda-001 x-codestar-001 x-codestar-002 x-codestar-003 x-ecs-002 x-ecs-004 \
    x-elasticbeanstalk-002 x-cognito-002 x-apigateway-001 x-iot-001 x-datasync-001 x-gamelift-001 x-eks-001 \
    x-eks-002 x-rolesanywhere-001 x-bedrock-001 x-bedrock-002 x-sso-001 x-sso-002 x-sso-003 x-sso-004 x-sso-005 \
    x-s3-001 x-org-002 x-org-003 x-org-004 x-org-005 x-org-006";
/// Of what no account has a sign of.
const SPECULATIVE: &str = "x-kms-001 x-kms-002 x-secrets-001";

fn wanted(id: &str) -> EscalationVerdict {
    let is_in = |list: &str| list.split_whitespace().any(|one| one == id);
    match (is_in(CONDITIONAL), is_in(POTENTIAL)) {
        (true, _) => EscalationVerdict::Conditional,
        (_, true) => EscalationVerdict::Potential,
        _ if is_in(SPECULATIVE) => EscalationVerdict::Speculative,
        _ => EscalationVerdict::Yes,
    }
}

pub(super) fn world(rule: &Rule, alternative: usize, actions: &[&str]) -> World {
    let needs = &rule.alternatives[alternative].needs;
    let has = |bind| needs.iter().any(|need| need.bind == bind);
    let assumes = needs.iter().any(|need| RULES.actions[need.action] == "sts:AssumeRole");
    let elsewhere = [Fact::TrustsOtherAccount, Fact::TrustsEveryone, Fact::OrganizationRole]
        .iter()
        .any(|fact| rule.has(*fact));
    let own_policy = "arn:aws:iam::111122223333:policy/own";
    let mut actor = Someone::new(if rule.user { ANN } else { CI }, &allow(actions, "*"));
    let denies = r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#;
    let mut target = Someone::new(TARGET, EVERYTHING);
    if elsewhere {
        target.arn = "arn:aws:iam::444455556666:role/OrganizationAccountAccessRole".to_owned();
    }
    let service = rule.trust.first().map(|index| &RULES.services[*index]);
    let provider = if needs.iter().any(|need| RULES.lower[need.action].contains("saml")) {
        "arn:aws:iam::111122223333:saml-provider/corp"
    } else {
        "arn:aws:iam::111122223333:oidc-provider/example.com"
    };
    let admitted = match service {
        Some(service) if service.federated => format!(r#"{{"Federated":"{}"}}"#, service.name),
        Some(service) => format!(r#"{{"Service":"{}"}}"#, service.name),
        None if has(Bind::Provider) => format!(r#"{{"Federated":"{provider}"}}"#),
        None if rule.has(Fact::TrustsEveryone) => r#""*""#.to_owned(),
        None if assumes => r#"{"AWS":"111122223333"}"#.to_owned(),
        None if rule.has(Fact::SelfOrAssumed) => format!(r#"{{"AWS":"{}"}}"#, actor.arn),
        None => r#"{"AWS":"777788889999"}"#.to_owned(),
    };
    target = target.trusting(&admitted);
    match rule.effect {
        Effect::NoBoundary if has(Bind::TargetRole) => {
            target.boundary = Some(attached("arn:aws:iam::111122223333:policy/b", &allow(&["s3:*"], "*")));
        }
        Effect::NoBoundary => {
            actor.identity.push(attached("more", &allow(&["s3:*"], "*")));
            actor.boundary = Some(attached("arn:aws:iam::111122223333:policy/b", &allow(actions, "*")));
        }
        Effect::NoPolicy => {
            let changed = if has(Bind::TargetRole) { &mut target } else { &mut actor };
            if has(Bind::TargetRole) {
                changed.identity.clear();
            }
            changed.identity.push(attached("more", &allow(&["s3:*"], "*")));
            changed.identity.push(attached("denies", denies));
            changed.identity.push(attached("arn:aws:iam::111122223333:policy/denies", denies));
            // Either of the two holds it back: without the other kind, taking one away is enough.
            let detaches = RULES.lower[needs[0].action].contains("detach");
            changed
                .identity
                .retain(|one| !one.name.ends_with("denies") || one.name.starts_with("arn:") == detaches);
        }
        _ => {}
    }
    if has(Bind::OwnPolicy) {
        actor.identity = vec![attached(own_policy, &allow(actions, "*"))];
    }
    if has(Bind::TargetPolicy) {
        target.identity.push(attached(own_policy, &allow(&["s3:*"], "*")));
    }
    let mut world = World::of(actor).role(target).user(Someone::new(BOB, EVERYTHING));
    if rule.has(Fact::EmrServiceRole) {
        let emr = Someone::new("arn:aws:iam::111122223333:role/emr", "");
        world = world.role(emr.trusting(r#"{"Service":"elasticmapreduce.amazonaws.com"}"#));
    }
    if let Some(sign) = rule.signs.as_ref().and_then(|signs| signs.first()) {
        let service = &RULES.services[*sign].name;
        let sign = Someone::new("arn:aws:iam::111122223333:role/sign", "");
        world = world.role(sign.trusting(&format!(r#"{{"Service":"{service}"}}"#)));
    }
    let versions = vec![("v1".into(), policy(&allow(actions, "*"))), ("v2".into(), policy(EVERYTHING))];
    world.policies = vec![(own_policy.to_owned(), Some(versions))];
    world.groups = Some(vec!["arn:aws:iam::111122223333:group/team".to_owned()]);
    world.all_groups = Some(vec![Someone::new("arn:aws:iam::111122223333:group/admins", EVERYTHING)]);
    world.access_keys = Some(if rule.has(Fact::FullKeys) { 2 } else { 1 });
    world.password = Some(!rule.has(Fact::NoPassword));
    world.providers = Some(if rule.has(Fact::Dangling) { Vec::new() } else { vec![provider.to_owned()] });
    world
}

#[test]
fn every_rule_holds_with_all_of_its_actions_and_with_none_of_them_taken_away() {
    let mut wrong = Vec::new();
    for rule in &RULES.rules {
        for (alternative, one) in rule.alternatives.iter().enumerate() {
            let needs = &one.needs;
            let actions: Vec<&str> = needs.iter().map(|need| RULES.actions[need.action].as_str()).collect();
            let found = world(rule, alternative, &actions).rule(&rule.id);
            let wanted = wanted(&rule.id).min(one.at_most);
            if found.as_ref().map(|found| found.verdict) != Some(wanted) {
                wrong.push(format!("{} {actions:?}: {found:?}", rule.id));
                continue;
            }
            let way = &found.unwrap().ways[0];
            let asked =
                |action: &&str| way.steps.iter().any(|step| step.by.is_none() && step.action == *action);
            let rather = rule.alternatives[..alternative].iter().any(|one| {
                one.needs.iter().all(|need| actions.contains(&RULES.actions[need.action].as_str()))
            });
            assert!(rather || actions.iter().all(asked), "{}: {:?}", rule.id, way.steps);
            // The trust policy decides where it names everyone.
            assert!(way.steps.iter().all(|step| !step.evidence.is_empty()), "{}: {:?}", rule.id, way.steps);
            for left_out in &actions {
                let rest: Vec<&str> = actions.iter().copied().filter(|one| one != left_out).collect();
                let other_way = rule.alternatives.iter().any(|one| {
                    one.needs.iter().all(|need| rest.contains(&RULES.actions[need.action].as_str()))
                });
                let left = if rest.is_empty() { vec!["none:None"] } else { rest };
                let verdict = world(rule, alternative, &left).verdict(&rule.id);
                if verdict.is_some() != other_way {
                    wrong.push(format!("{} without {left_out}: {verdict:?}", rule.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `iam:PassedToService` "applies only to the iam:PassRole action in a policy. It can't be used to limit any other action": where
/// one statement has it for all actions of a rule, the others are not allowed.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_passedtoservice>
#[test]
fn passed_to_service_in_one_statement_with_other_actions_leaves_those_not_granted() {
    let mut asked = 0;
    for rule in &RULES.rules {
        for (alternative, one) in rule.alternatives.iter().enumerate() {
            let actions: Vec<&str> =
                one.needs.iter().map(|need| RULES.actions[need.action].as_str()).collect();
            let (passing, others): (Vec<&str>, Vec<&str>) =
                actions.iter().partition(|action| **action == "iam:PassRole");
            let is_listed = |action: &&str| crate::Catalogue::get().action(action).is_some();
            if passing.is_empty() || !others.iter().any(is_listed) {
                continue;
            }
            asked += 1;
            let trusted =
                rule.passed_to.iter().chain(&rule.trust).map(|service| &RULES.services[*service].name);
            let mut services: Vec<&str> = trusted.map(String::as_str).collect();
            services.push("elasticmapreduce.amazonaws.com");
            let limited = |actions: &[&str]| {
                format!(
                    r#"{{"Effect":"Allow","Action":{actions:?},"Resource":"*",
                        "Condition":{{"StringEquals":{{"iam:PassedToService":{services:?}}}}}}}"#
                )
            };
            let verdict = |statements: &str| {
                let mut world = world(rule, alternative, &actions);
                world.actor.identity = vec![attached("inline", statements)];
                world.verdict(&rule.id)
            };
            assert_eq!(verdict(&limited(&actions)), None, "{} {actions:?}", rule.id);
            let apart = verdict(&format!("{},{}", limited(&passing), allow(&others, "*")));
            assert!(apart.is_some(), "{} {actions:?}", rule.id);
        }
    }
    assert!(asked > 60, "{asked}");
}

#[test]
fn provisos_are_told() {
    for rule in &RULES.rules {
        let Some(proviso) = &rule.alternatives[0].proviso else { continue };
        let needs = &rule.alternatives[0].needs;
        let actions: Vec<&str> = needs.iter().map(|need| RULES.actions[need.action].as_str()).collect();
        let found = world(rule, 0, &actions).rule(&rule.id).unwrap();
        assert_eq!(found.ways[0].proviso, Some(proviso.as_str()), "{}", rule.id);
    }
}
