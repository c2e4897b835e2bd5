//! What is peculiar to some rules.

use super::EscalationVerdict::{Conditional, Potential, Speculative, Yes};
use super::*;

fn trusting(arn: &str, service: &str) -> Someone {
    Someone::new(arn, EVERYTHING).trusting(&format!(r#"{{"Service":"{service}"}}"#))
}

fn steps(way: &EscalationWay) -> Vec<&str> {
    way.steps.iter().filter(|step| step.by.is_none()).map(|step| &*step.action).collect()
}

/// "IAM authorization policies for this API are also enforced for every HTTP request and WebSocket frame that attempts to
/// connect to the notebook instance": to make one is not to get into it.
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePresignedNotebookInstanceUrl.html>
#[test]
fn a_notebook_that_cannot_be_opened_is_no_sure_way() {
    let ask = |more: &[&str]| {
        let actions = [&["iam:PassRole", "sagemaker:CreateNotebookInstance"], more].concat();
        let world = World::ann(&actions).role(trusting(TARGET, "sagemaker.amazonaws.com"));
        world.rule("sagemaker-001").map(|found| (found.verdict, found.ways[0].proviso.is_none()))
    };
    assert_eq!(ask(&[]), Some((Conditional, false)));
    assert_eq!(ask(&["sagemaker:CreatePresignedNotebookInstanceUrl"]), Some((Yes, true)));
    // What it runs when it starts is the actor's.
    assert_eq!(ask(&["sagemaker:CreateNotebookInstanceLifecycleConfig"]), Some((Yes, true)));
}

/// The template is applied by the execution role, which the role that is passed assumes.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html>
#[test]
fn of_a_stack_set_the_execution_role_is_gained() {
    let execution = "arn:aws:iam::111122223333:role/execution";
    let actions = ["iam:PassRole", "cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"];
    let ask = |administration: &str, executions: &[Someone]| {
        let administration = Someone {
            identity: vec![attached("a", administration)],
            ..trusting(TARGET, "cloudformation.amazonaws.com")
        };
        let world = executions.iter().cloned().fold(World::ann(&actions).role(administration), World::role);
        let way = world.rule("cloudformation-003")?.ways.remove(0);
        Some((way.verdict, way.proviso.is_none(), way.gain.clone(), way.gained_from().map(str::to_owned)))
    };
    let assumed =
        |statements: &str| Someone::new(execution, statements).trusting(&format!(r#"{{"AWS":"{TARGET}"}}"#));
    let assume = allow(&["sts:AssumeRole"], execution);
    let found = Some((Yes, true, Gain::Administrator, Some(execution.to_owned())));
    assert_eq!(ask(&assume, &[assumed(EVERYTHING)]), found);
    assert_eq!(ask("", &[assumed(EVERYTHING)]), found);
    // What the administration role may do is not gained, nor is there anything where no principal is assumed.
    assert_eq!(ask(&allow(&["s3:*"], "*"), &[]), None);
    assert_eq!(
        ask(&assume, &[Someone::new(execution, EVERYTHING)]).map(|way| (way.0, way.2)),
        Some((Conditional, Gain::NotKnown))
    );
    let elsewhere = ask(&allow(&["sts:AssumeRole"], "arn:aws:iam::*:role/execution"), &[]).unwrap();
    assert_eq!((elsewhere.0, elsewhere.1, elsewhere.2), (Conditional, false, Gain::NotKnown));
}

/// A role without an instance profile is given one.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html>
#[test]
fn an_instance_profile_that_is_not_there_is_made() {
    let ask = |has: Option<bool>, more: &[&str]| {
        let mut world = World::ann(&[&["iam:PassRole", "ec2:RunInstances"], more].concat())
            .role(trusting(TARGET, "ec2.amazonaws.com"));
        world.instance_profile = has;
        let found = world.rule("ec2-001")?;
        assert_eq!(found.count, 1);
        let made = steps(&found.ways[0]).contains(&"iam:CreateInstanceProfile");
        Some((found.verdict, made))
    };
    let makes = ["iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"];
    assert_eq!(ask(Some(false), &[]), None);
    assert_eq!(ask(Some(false), &makes[..1]), None);
    assert_eq!(ask(Some(false), &makes[1..]), None);
    assert_eq!(ask(Some(false), &makes), Some((Yes, true)));
    assert_eq!(ask(Some(true), &makes), Some((Yes, false)));
    assert_eq!(ask(None, &[]), Some((Potential, false)));
    assert_eq!(ask(None, &makes), Some((Yes, true)));
    let every = crate::questions::escalation::rules::RULES.rules.iter().filter(|rule| rule.instance_profile);
    for rule in every {
        let passes = steps_of(rule).contains(&"iam:PassRole");
        assert_eq!(rule.alternatives.iter().any(|one| one.makes_profile), passes, "{}", rule.id);
    }
}

fn steps_of(rule: &'static crate::questions::escalation::rules::Rule) -> Vec<&'static str> {
    let needs = rule.alternatives.iter().flat_map(|one| &one.needs);
    needs.map(|need| &*crate::questions::escalation::rules::RULES.actions[need.action]).collect()
}

/// An SSH key is good for CodeCommit and nothing else.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_ssh-keys.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_service-specific-creds.html>
#[test]
fn what_is_limited_to_a_service_gives_no_administrator() {
    let ask = |rule: &str, action: &str, own: &str, bobs: &str| {
        let statements = format!("{},{own}", allow(&[action], "*"));
        let world = World::of(Someone::new(ANN, &statements)).user(Someone::new(BOB, bobs));
        world.rule(rule).map(|found| (found.verdict, found.ways[0].gain.clone()))
    };
    let none = allow(&["sqs:ListQueues"], "*");
    for (rule, action) in
        [("x-iam-004", "iam:UploadSSHPublicKey"), ("x-iam-003", "iam:CreateServiceSpecificCredential")]
    {
        let (verdict, gain) = ask(rule, action, &none, EVERYTHING).unwrap();
        assert_eq!(verdict, Conditional);
        assert!(matches!(&gain, Gain::More { action, .. } if action == "codecommit:GitPush"), "{gain:?}");
        assert_eq!(ask(rule, action, &none, &allow(&["s3:*", "iam:PassRole"], "*")), None);
        let repository = allow(&["codecommit:Git*"], "arn:aws:codecommit:*:*:app");
        assert!(ask(rule, action, &none, &repository).is_some());
    }
    assert_eq!(ask("x-iam-004", "iam:UploadSSHPublicKey", &allow(&["codecommit:*"], "*"), EVERYTHING), None);
    let keyspaces = allow(&["cassandra:Select"], "*");
    assert_eq!(ask("x-iam-004", "iam:UploadSSHPublicKey", &none, &keyspaces), None);
    assert!(ask("x-iam-003", "iam:CreateServiceSpecificCredential", &none, &keyspaces).is_some());
}

/// What `iam:PassedToService` names, by AWS's own policies.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSAppRunnerFullAccess.html>,
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEMRFullAccessPolicy_v2.html>
#[test]
fn services_that_roles_are_passed_to_as_awss_policies_name_them() {
    let ask = |rule: &str, action: &str, roles: &[Someone], passed_to: &[(&str, &str)]| {
        let pass = passed_to.iter().map(|(role, service)| {
            format!(
                r#",{{"Effect":"Allow","Action":"iam:PassRole","Resource":"{role}",
                    "Condition":{{"StringEquals":{{"iam:PassedToService":"{service}"}}}}}}"#
            )
        });
        let statements = allow(&[action], "*") + &pass.collect::<String>();
        let world = World::of(Someone::new(ANN, &statements));
        roles.iter().cloned().fold(world, World::role).verdict(rule)
    };
    let runner = [trusting(TARGET, "tasks.apprunner.amazonaws.com")];
    let app_runner = |service| ask("apprunner-001", "apprunner:CreateService", &runner, &[("*", service)]);
    assert_eq!(app_runner("apprunner.amazonaws.com"), Some(Yes));
    assert_eq!(app_runner("tasks.apprunner.amazonaws.com"), None);
    let emr = "arn:aws:iam::111122223333:role/emr";
    let roles = [trusting(TARGET, "ec2.amazonaws.com"), trusting(emr, "elasticmapreduce.amazonaws.com")];
    let cluster = |instances, service| {
        ask("emr-001", "elasticmapreduce:RunJobFlow", &roles, &[(TARGET, instances), (emr, service)])
    };
    assert_eq!(cluster("ec2.amazonaws.com", "elasticmapreduce.amazonaws.com"), Some(Yes));
    assert_eq!(cluster("elasticmapreduce.amazonaws.com", "elasticmapreduce.amazonaws.com"), None);
    assert_eq!(cluster("ec2.amazonaws.com", "ec2.amazonaws.com"), None);
}

/// Who writes to a bucket gains something where a stronger role that runs what is there reads it, and nowhere else.
/// <https://docs.aws.amazon.com/glue/latest/dg/create-an-iam-role.html>
#[test]
fn what_nobody_runs_is_worth_nothing() {
    let data = "arn:aws:s3:::data/*";
    let ask = |written: &str, reader: Option<(&str, &str)>| {
        let world = World::of(Someone::new(ANN, &allow(&["s3:*"], written)));
        let world = match reader {
            Some((service, read)) => {
                let statements = format!("{},{}", allow(&["s3:GetObject"], read), allow(&["sqs:*"], "*"));
                let role =
                    Someone::new(TARGET, &statements).trusting(&format!(r#"{{"Service":"{service}"}}"#));
                world.role(role)
            }
            None => world,
        };
        world.rule("x-s3-001").map(|found| (found.verdict, found.ways[0].target.clone()))
    };
    let gained = Some((Potential, Some(TARGET.to_owned())));
    assert_eq!(ask("*", None), None);
    assert_eq!(ask("*", Some(("lambda.amazonaws.com", data))), None);
    assert_eq!(ask("*", Some(("glue.amazonaws.com", data))), gained);
    assert_eq!(ask("arn:aws:s3:::da*", Some(("glue.amazonaws.com", "arn:aws:s3:::*/scripts/*"))), gained);
    assert_eq!(ask("arn:aws:s3:::other/*", Some(("glue.amazonaws.com", data))), None);
}

/// What no policy shows is reported as such: no finding rests on it.
#[test]
fn what_the_account_has_no_sign_of_is_speculative() {
    let read_only =
        ["s3:*", "secretsmanager:GetSecretValue", "ssm:GetParameter", "kms:PutKeyPolicy", "kms:CreateGrant"];
    let world = World::ann(&read_only);
    let found = world.ask();
    assert!(!found.rules().is_empty());
    assert!(found.rules().iter().all(|rule| rule.verdict == Speculative), "{found:?}");
    let access = ["eks:CreateAccessEntry", "eks:AssociateAccessPolicy"];
    assert_eq!(World::ann(&access).verdict("x-eks-001"), Some(Speculative));
    let cluster = trusting("arn:aws:iam::111122223333:role/cluster", "eks.amazonaws.com");
    assert_eq!(World::ann(&access).role(cluster).verdict("x-eks-001"), Some(Potential));
}

/// "EntityAlreadyExists": a role that exists and trusts another principal is not made.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
#[test]
fn a_role_that_exists_makes_nobody_an_administrator() {
    let actions = allow(&["iam:CreateRole", "iam:PutRolePolicy"], TARGET);
    let world = World::of(Someone::new(ANN, &actions));
    assert!(matches!(world.ask(), Escalations::AlreadyAdministrator(_)));
    let world = world.role(trusting(TARGET, "ec2.amazonaws.com"));
    assert!(matches!(world.ask(), Escalations::Rules(_)));
}
