//! What an action may be about, and what its requests say of it.

use super::EscalationVerdict::{Conditional, Potential, Speculative, Yes};
use super::*;

const DATA: &str = r#"["arn:aws:s3:::data","arn:aws:s3:::data/*"]"#;

fn passing(rest: &str, services: &str) -> World {
    let statements = format!("{},{rest}", allow(&["iam:PassRole"], "*"));
    let target = Someone::new(TARGET, EVERYTHING).trusting(&format!(r#"{{"Service":{services}}}"#));
    World::of(Someone::new(ANN, &statements)).role(target)
}

fn found(world: &World) -> Vec<(&'static str, EscalationVerdict)> {
    world.ask().rules().iter().map(|found| (found.rule, found.verdict)).collect()
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html>: of all other actions such a
/// statement reaches those that apply to the resources that it lists.
#[test]
fn an_action_is_asked_about_resources_of_its_own_types_only() {
    for granted in [
        format!(r#"{{"Effect":"Allow","Action":["s3:*","lambda:*"],"Resource":{DATA}}}"#),
        format!(r#"{{"Effect":"Allow","NotAction":"iam:*","Resource":{DATA}}}"#),
        format!(r#"{{"Effect":"Allow","Action":"*","Resource":{DATA}}}"#),
    ] {
        let world = passing(&granted, r#"["lambda.amazonaws.com","ec2.amazonaws.com","glue.amazonaws.com"]"#);
        let likely: Vec<_> =
            found(&world).into_iter().filter(|(_, verdict)| *verdict >= Conditional).collect();
        assert_eq!(likely, [], "{granted}");
    }
    let function =
        r#"{"Effect":"Allow","Action":"lambda:*","Resource":"arn:aws:lambda:*:*:function:data-*"}"#;
    let way = passing(function, r#""lambda.amazonaws.com""#).rule("lambda-001").unwrap().ways.remove(0);
    assert_eq!(way.verdict, Yes);
    let on = |action: &str| way.steps.iter().find(|step| step.action == action).unwrap().resource.clone();
    let function = "arn:aws:lambda:us-east-1:111122223333:function:data-any-7c1f0d52";
    assert_eq!((&*on("lambda:CreateFunction"), &*on("lambda:InvokeFunction")), (function, function));
}

/// `codestar:CreateProject` is not in the catalogue: it is asked about whatever the policies name.
#[test]
fn an_action_that_is_not_listed_is_asked_about_anything() {
    assert!(crate::Catalogue::get().action("codestar:CreateProject").is_none());
    for resource in ["*", "arn:aws:codestar:*:*:project/*", "arn:aws:codestar-next:::*"] {
        let world = passing(&allow(&["codestar:*"], resource), r#""cloudformation.amazonaws.com""#);
        assert!(found(&world).contains(&("x-codestar-002", Potential)), "{resource}: {:?}", found(&world));
    }
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances>
#[test]
fn what_is_taken_together_is_asked_for_together() {
    let ask = |resources: &str| {
        let run = format!(r#"{{"Effect":"Allow","Action":"ec2:RunInstances","Resource":{resources}}}"#);
        passing(&run, r#""ec2.amazonaws.com""#).rule("ec2-001")
    };
    let others = r#""arn:aws:ec2:*:*:network-interface/*","arn:aws:ec2:*:*:security-group/*","arn:aws:ec2:*:*:subnet/*""#;
    let alone = ask(r#""arn:aws:ec2:*:*:instance/*""#).unwrap();
    assert_eq!(alone.verdict, Potential);
    let missing = &alone.ways[0].missing;
    assert!(
        missing.iter().any(|what| what == "whether ec2:RunInstances can do without image"),
        "{missing:?}"
    );
    let all = format!(r#"["arn:aws:ec2:*:*:instance/*","arn:aws:ec2:*::image/*",{others}]"#);
    let all = ask(&all).unwrap();
    assert_eq!((all.verdict, &all.ways[0].missing[..]), (Yes, &[][..]));
    let runs = all.ways[0].steps.iter().filter(|step| step.action == "ec2:RunInstances");
    assert_eq!(runs.count(), 5);
    assert_eq!(ask(r#""arn:aws:ec2:*:*:volume/*""#).map(|found| found.verdict), None);
    assert_eq!(ask(r#""*""#).unwrap().verdict, Yes);
}

/// A Deny on one bucket does not spare the rest, and one on all of a type leaves none.
#[test]
fn what_is_denied_of_a_type_is_not_asked_about_without_one() {
    let ask = |denied: &str| {
        let statements = format!(
            r#"{},{{"Effect":"Deny","Action":"lambda:*","Resource":"{denied}"}}"#,
            allow(&["lambda:*"], "*")
        );
        passing(&statements, r#""lambda.amazonaws.com""#).verdict("lambda-001")
    };
    assert_eq!(ask("arn:aws:lambda:*:*:function:prod"), Some(Yes));
    assert_eq!(ask("arn:aws:lambda:*:*:function:*"), None);
}

/// A target that was granted what no resource takes has nothing to give.
#[test]
fn nothing_is_gained_from_a_grant_on_another_type() {
    let ask = |action: &str, resource: &str| {
        let bob = Someone::new(BOB, &allow(&[action], resource));
        World::ann(&["iam:CreateAccessKey"]).user(bob).verdict("iam-002")
    };
    assert_eq!(ask("iam:ListUsers", "arn:aws:iam::*:role/*"), None);
    assert_eq!(ask("iam:ListUsers", "*"), Some(Yes));
    assert_eq!(ask("ec2:RunInstances", "arn:aws:ec2:*:*:instance/*"), None);
    assert_eq!(ask("iam:NewerThing", "arn:aws:iam::*:role/*"), Some(Yes));
}

/// The owner of a key, or of a role, is taken to let in whom his account lets in.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
#[test]
fn what_the_owner_must_allow_too_is_taken_to_be_allowed() {
    assert_eq!(World::ann(&["kms:PutKeyPolicy"]).verdict("x-kms-001"), Some(Speculative));
    let bob = Someone::new(BOB, &allow(&["kms:Decrypt"], "arn:aws:kms:*:*:key/*"));
    let world = World::ann(&["iam:CreateAccessKey"]).user(bob);
    assert_eq!(world.verdict("iam-002"), Some(Yes));
}

/// Requests about groups, and for keys and passwords, do not have the key.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
#[test]
fn permissions_boundary_is_a_key_of_the_actions_that_have_it() {
    let boundary = "arn:aws:iam::111122223333:policy/b";
    let ask = |statements: &str| {
        let mut world = World::of(Someone::new(ANN, statements));
        world.groups = Some(vec!["arn:aws:iam::111122223333:group/team".to_owned()]);
        world.actor.boundary = Some(attached(boundary, EVERYTHING));
        ["iam-007", "iam-008", "iam-010", "iam-011"].map(|rule| world.verdict(rule))
    };
    let actions =
        r#"["iam:PutUserPolicy","iam:AttachUserPolicy","iam:AttachGroupPolicy","iam:PutGroupPolicy"]"#;
    let only = format!(
        r#"{{"Effect":"Allow","Action":{actions},"Resource":"*",
            "Condition":{{"StringEquals":{{"iam:PermissionsBoundary":"{boundary}"}}}}}}"#
    );
    assert_eq!(ask(&only), [Some(Yes), Some(Yes), None, None]);
    let unless = format!(
        r#"{{"Effect":"Allow","Action":{actions},"Resource":"*"}},
           {{"Effect":"Deny","Action":"iam:*Policy","Resource":"*",
            "Condition":{{"StringNotEquals":{{"iam:PermissionsBoundary":"{boundary}"}}}}}}"#
    );
    assert_eq!(ask(&unless), [Some(Yes), Some(Yes), None, None]);
}

/// Of these actions AWS lists no resource type. Its refusals name `cluster/*` for the one; for the other they are not known.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
#[test]
fn an_action_without_a_resource_type_is_granted_on_arns_of_its_service() {
    let emr = "arn:aws:iam::111122223333:role/emr";
    let ask = |resource: &str| {
        passing(&allow(&["elasticmapreduce:RunJobFlow"], resource), r#""ec2.amazonaws.com""#)
            .role(Someone::new(emr, "").trusting(r#"{"Service":"elasticmapreduce.amazonaws.com"}"#))
            .rule("emr-001")
            .map(|found| found.verdict)
    };
    assert_eq!(ask("*"), Some(Yes));
    assert_eq!(ask("arn:aws:elasticmapreduce:*:*:cluster/*"), Some(Yes));
    assert_eq!(ask("arn:aws:elasticmapreduce:*:*:studio/*"), None);
    assert_eq!(ask("arn:aws:s3:::*"), None);
    let unlisted = |action: &str| {
        crate::Catalogue::get().action(action).is_some_and(|listed| listed.resource_types().next().is_none())
    };
    let pipeline = [
        "datapipeline:CreatePipeline",
        "datapipeline:PutPipelineDefinition",
        "datapipeline:ActivatePipeline",
    ];
    assert!(unlisted(pipeline[0]));
    let found = |resource: &str| {
        let services = r#"["datapipeline.amazonaws.com","ec2.amazonaws.com"]"#;
        let rest = format!("{},{}", allow(&pipeline[..1], resource), allow(&pipeline[1..], "*"));
        passing(&rest, services).rule("datapipeline-001")
    };
    assert_eq!(found("*").unwrap().verdict, Yes);
    let on_arn = found("arn:aws:datapipeline:*:*:pipeline/*").unwrap();
    assert_eq!(on_arn.verdict, Potential);
    assert!(
        on_arn.ways[0].missing[0].contains("datapipeline:CreatePipeline"),
        "{:?}",
        on_arn.ways[0].missing
    );
    assert!(found("arn:aws:s3:::*").is_none());
    // What could not be read stays unknown.
    let mut world = passing(&allow(&["sqs:ListQueues"], "*"), r#""ec2.amazonaws.com""#)
        .role(Someone::new(emr, "").trusting(r#"{"Service":"elasticmapreduce.amazonaws.com"}"#));
    world.actor.identity.push(Attached::unreadable("p", "throttled"));
    assert_eq!(world.verdict("emr-001"), Some(EscalationVerdict::Unknown));
    // A target has what it was granted so.
    let bob =
        Someone::new(BOB, &allow(&["elasticmapreduce:RunJobFlow"], "arn:aws:elasticmapreduce:*:*:cluster/*"));
    assert_eq!(World::ann(&["iam:CreateAccessKey"]).user(bob).verdict("iam-002"), Some(Yes));
}
