//! What is privileged, and what is not known to be.

use super::*;
use orgsweep_model::Outcome;
use orgsweep_model::Row;
use orgsweep_model::facts::{
    AWS_MANAGED_POLICIES, BOUNDARY_POLICIES, Group, GroupMember, OWN_POLICIES, PolicyAttachment,
    PrincipalTag, User,
};
use orgsweep_testkit::{
    Case, attachment, aws_managed, aws_managed_arn, customer_policy, group, group_arn, group_member,
    inline_policy, role, role_arn, session_limit, tag, trust_policy, trusts_ec2, user, user_arn,
};

const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const SOMETHING: &str = r#"{"Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#;
const MAYBE: &str = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*",
    "Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}]}"#;
const ALMOST: &str = r#"{"Statement":[{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}]}"#;
const DENY: &str = r#"{"Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;
const GUARD: &str = r#"{"Statement":[{"Effect":"Deny","Action":"iam:CreateAccessKey","Resource":"*"}]}"#;
const BOTH: &str = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
    {"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;

/// One role with a limit and no rights.
fn case(seconds: i32) -> Case {
    Case::new()
        .rows(vec![role("app")])
        .rows(vec![session_limit("app", seconds)])
        .none::<PolicyAttachment>()
        .policies(vec![trusts_ec2("app")])
        .none::<User>()
        .none::<Group>()
        .none::<GroupMember>()
        .none::<PrincipalTag>()
}

/// The same with these statements in its inline policy.
fn inline(statements: &str) -> Case {
    case(7200).policies(vec![inline_policy(&role_arn("app"), "p", &document(statements))])
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

fn attached(case: Case, policy_arn: &str) -> Case {
    case.rows(vec![attachment(&role_arn("app"), policy_arn)])
}

fn check() -> RoleMaxSessionDurationExcessive {
    RoleMaxSessionDurationExcessive::default()
}

#[test]
fn the_boundary_of_any_role() {
    case(14_400).passes(&check());
    assert_eq!(case(14_401).flags(&check(), "app").evidence["threshold_seconds"], 14_400);
}

#[test]
fn of_a_role_that_is_listed_twice_the_first_counts() {
    let listed =
        |first, second| case(3600).rows(vec![session_limit("app", first), session_limit("app", second)]);
    listed(3600, 20_000).passes(&check());
    listed(20_000, 3600).flags(&check(), "app");
}

#[test]
fn the_boundary_of_an_administrator() {
    let administrator = aws_managed_arn("AdministratorAccess");
    attached(case(3600), &administrator).passes(&check());
    assert_eq!(
        attached(case(3601), &administrator).flags(&check(), "app").evidence["threshold_seconds"],
        3600
    );
}

#[test]
fn privileged_by_document_and_not_by_name() {
    let inline = |document| case(7200).policies(vec![inline_policy(&role_arn("app"), "p", document)]);
    inline(EVERYTHING).flags(&check(), "app");
    inline(ALMOST).flags(&check(), "app");
    inline(SOMETHING).passes(&check());
    let named_alike = customer_policy("AdministratorAccess", SOMETHING);
    let arn = named_alike.arn().to_owned();
    attached(case(7200), &arn).policies(vec![named_alike]).passes(&check());
    let broad = customer_policy("harmless", EVERYTHING);
    let arn = broad.arn().to_owned();
    attached(case(7200), &arn).policies(vec![broad]).flags(&check(), "app");
}

#[test]
fn doubt_is_unknown_only_where_it_matters() {
    let doubtful = |seconds| case(seconds).policies(vec![inline_policy(&role_arn("app"), "p", MAYBE)]);
    doubtful(7200).unknown(&check());
    doubtful(3600).passes(&check());
    doubtful(20_000).flags(&check(), "app");
    let both =
        vec![inline_policy(&role_arn("app"), "a", MAYBE), inline_policy(&role_arn("app"), "b", EVERYTHING)];
    case(7200).policies(both).flags(&check(), "app");
}

#[test]
fn what_takes_back_counts() {
    let administrator = || attached(case(7200), &aws_managed_arn("AdministratorAccess"));
    // Of a Deny it does not matter in which policy it stands.
    administrator().policies(vec![inline_policy(&role_arn("app"), "stop", DENY)]).passes(&check());
    case(7200).policies(vec![inline_policy(&role_arn("app"), "both", BOTH)]).passes(&check());
    // A guardrail against one action makes it no less of an administrator.
    administrator().policies(vec![inline_policy(&role_arn("app"), "guard", GUARD)]).flags(&check(), "app");
    let bounded = |arn: &str| Role { permissions_boundary_arn: Some(arn.to_owned()), ..role("app") };
    let edge = customer_policy("edge", SOMETHING);
    let limited = administrator().rows(vec![bounded(edge.arn())]);
    limited.policies(vec![edge.clone()]).passes(&check());
    let apart = edge.clone().only_a_boundary();
    let limited = || administrator().rows(vec![bounded(edge.arn())]);
    limited().policies(vec![apart]).passes(&check());
    limited().unknown(&check());
    limited().lost_part(BOUNDARY_POLICIES).unknown(&check());
    let all = customer_policy("all", EVERYTHING);
    administrator().rows(vec![bounded(all.arn())]).policies(vec![all]).flags(&check(), "app");
}

#[test]
fn administrators_are_known_in_every_partition() {
    for partition in ["aws", "aws-cn", "aws-us-gov"] {
        let holding = |of: &str| {
            let arn = format!("arn:{of}:iam::aws:policy/AdministratorAccess");
            let own = role_arn("app").replacen("arn:aws:", &format!("arn:{partition}:"), 1);
            let limit = RoleSessionLimit { role_arn: own.clone(), ..session_limit("app", 7200) };
            case(7200)
                .partition(partition)
                .rows(vec![Role { role_arn: own.clone(), ..role("app") }])
                .rows(vec![limit])
                .rows(vec![attachment(&own, &arn)])
        };
        holding(partition).flags(&check(), "app");
        // No such policy can be attached here; what it is cannot be told.
        holding("aws-iso").unknown(&check());
    }
}

#[test]
fn aws_managed_documents_that_were_lost_matter_to_those_who_have_them() {
    let power = aws_managed_arn("PowerUserAccess");
    let lost = |case: Case| case.lost_part(AWS_MANAGED_POLICIES);
    lost(attached(case(7200), &power)).unknown(&check());
    lost(case(7200)).passes(&check());
    lost(attached(case(7200), &aws_managed_arn("AdministratorAccess"))).flags(&check(), "app");
    attached(case(7200), &power).unknown(&check());
    attached(case(7200), &power).policies(vec![aws_managed("PowerUserAccess", "")]).unknown(&check());
    attached(case(7200), &power).policies(vec![aws_managed("PowerUserAccess", SOMETHING)]).passes(&check());
}

#[test]
fn roles_of_aws_are_not_judged() {
    let linked = Role { path: "/aws-service-role/x/".to_owned(), ..role("app") };
    case(43_200).rows(vec![linked]).not_applicable(&check());
}

#[test]
fn a_role_without_limit_and_lost_tables_are_unknown() {
    case(3600).none::<RoleSessionLimit>().unknown(&check());
    case(3600).lost::<RoleSessionLimit>().unknown(&check());
    case(3600).lost_part(OWN_POLICIES).unknown(&check());
    assert_eq!(RoleSessionLimit::SCHEMA.name, "role_session_limits");
}

#[test]
fn thresholds_must_make_sense() {
    assert!(check().validate().is_ok());
    assert!(RoleMaxSessionDurationExcessive { max_seconds: 900, ..check() }.validate().is_err());
    assert!(
        RoleMaxSessionDurationExcessive { privileged_max_seconds: 20_000, ..check() }.validate().is_err()
    );
}

/// Each of them makes the role an administrator without anybody's help.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
#[test]
fn role_that_can_make_itself_an_administrator_is_privileged() {
    let own = role_arn("app");
    for (statements, step) in [
        (
            r#"{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*"}"#.to_owned(),
            "iam:AttachRolePolicy",
        ),
        (
            format!(r#"{{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"{own}"}}"#),
            "iam:PutRolePolicy",
        ),
        (
            format!(r#"{{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"{own}"}}"#),
            "iam:AttachRolePolicy",
        ),
    ] {
        let flagged = inline(&statements).flags(&check(), "app");
        assert!(flagged.message.contains(step), "{}", flagged.message);
        assert_eq!(flagged.evidence["threshold_seconds"], 3600);
        // The length decides first.
        let at = |seconds| case(seconds).policies(vec![inline_policy(&own, "p", &document(&statements))]);
        at(3600).passes(&check());
        assert!(at(20_000).flags(&check(), "app").evidence.get("escalation_rule").is_none());
    }
    // Others' policies are none of its own, and a boundary takes the action back.
    inline(&format!(
        r#"{{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"{}"}}"#,
        role_arn("other")
    ))
    .passes(&check());
    let edge = customer_policy("edge", SOMETHING);
    let bounded = Role { permissions_boundary_arn: Some(edge.arn().to_owned()), ..role("app") };
    let may_put = r#"{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"*"}"#;
    inline(may_put).rows(vec![bounded]).policies(vec![edge]).passes(&check());
}

/// A policy that is as good as AdministratorAccess does as well.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html>
#[test]
fn role_that_may_attach_anything_but_administrator_access_is_privileged() {
    let but = r#"{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*",
        "Condition":{"ArnNotEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/AdministratorAccess"}}}"#;
    inline(but).flags(&check(), "app");
    let denied = r#"{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*"},
        {"Effect":"Deny","Action":"iam:AttachRolePolicy","Resource":"*",
         "Condition":{"ArnLike":{"iam:PolicyARN":"arn:aws:iam::aws:policy/AdministratorAccess"}}}"#;
    inline(denied).flags(&check(), "app");
    // Those that make an administrator are both denied.
    let neither = r#"{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*",
        "Condition":{"ArnNotLike":{"iam:PolicyARN":"arn:aws:iam::aws:policy/*"}}}"#;
    inline(neither).passes(&check());
    // Of one harmless policy it is none.
    let only = r#"{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*",
        "Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}}}"#;
    inline(only).passes(&check());
}

/// Whom it can become counts, over as many roles as it takes.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>
#[test]
fn role_that_leads_to_an_administrator_is_privileged() {
    let trusting = |name: &str, trusted: &str| {
        let statement = r#"{"Effect":"Allow","Principal":{"AWS":"TRUSTED"},"Action":"sts:AssumeRole"}"#;
        trust_policy(name, &document(&statement.replace("TRUSTED", &role_arn(trusted))))
    };
    let limits = || vec![session_limit("app", 7200), session_limit("mid", 3600), session_limit("top", 3600)];
    let chain = |top: &str| {
        case(7200)
            .rows(vec![role("app"), role("mid"), role("top")])
            .policies(vec![trusting("mid", "app"), trusting("top", "mid")])
            .rows(limits())
            .policies(vec![inline_policy(&role_arn("top"), "p", top)])
    };
    let flagged = chain(EVERYTHING).flags(&check(), "app");
    assert!(flagged.message.contains(&role_arn("top")), "{}", flagged.message);
    chain(SOMETHING).passes(&check());
    // The key of an administrator does too: how many it has is not read.
    let ann = r#"{"Effect":"Allow","Action":"iam:UpdateLoginProfile","Resource":"*"}"#;
    let with_ann = |document: &str| {
        inline(ann)
            .rows(vec![user("ann")])
            .rows(vec![group("staff")])
            .rows(vec![group_member("staff", "ann")])
            .policies(vec![
                inline_policy(&role_arn("app"), "p", &self::document(ann)),
                inline_policy(&group_arn("staff"), "g", document),
            ])
    };
    with_ann(EVERYTHING).unknown(&check());
    with_ann(SOMETHING).passes(&check());
    let direct = inline(ann).rows(vec![user("ann")]).policies(vec![
        inline_policy(&role_arn("app"), "p", &document(ann)),
        inline_policy(&user_arn("ann"), "own", EVERYTHING),
    ]);
    direct.unknown(&check());
}

fn only_outcome(case: &Case) -> Outcome {
    let mut outcomes = case.outcomes(&check());
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    outcomes.remove(0)
}

/// What a scan knows of a request is known here too: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
#[test]
fn every_key_that_the_scan_knows_is_handed() {
    let everything_if = |condition: &str| {
        inline(&format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#))
    };
    let now = orgsweep_testkit::now();
    let (before, after) = (now.as_second() - 1, now.as_second() + 1);
    for (fits, fits_not) in [
        (
            r#""DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}"#.to_owned(),
            r#""DateGreaterThan":{"aws:CurrentTime":"2026-02-01T00:00:00Z"}"#.to_owned(),
        ),
        (
            format!(r#""NumericLessThan":{{"aws:EpochTime":"{after}"}}"#),
            format!(r#""NumericLessThan":{{"aws:EpochTime":"{before}"}}"#),
        ),
        (
            r#""DateGreaterThan":{"aws:TokenIssueTime":"2020-01-01T00:00:00Z"}"#.to_owned(),
            r#""DateLessThan":{"aws:TokenIssueTime":"2020-01-01T00:00:00Z"}"#.to_owned(),
        ),
        (
            r#""StringEquals":{"aws:PrincipalOrgID":"o-exampleorgid"}"#.to_owned(),
            r#""StringEquals":{"aws:PrincipalOrgID":"o-other"}"#.to_owned(),
        ),
        (
            r#""StringEquals":{"aws:ResourceOrgID":"o-exampleorgid"}"#.to_owned(),
            r#""StringEquals":{"aws:ResourceOrgID":"o-other"}"#.to_owned(),
        ),
        (
            r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-exampleorgid/r-ab12/*"}"#.to_owned(),
            r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-exampleorgid/r-zz99/*"}"#.to_owned(),
        ),
        (
            r#""ForAnyValue:StringLike":{"aws:ResourceOrgPaths":"o-exampleorgid/r-ab12/*"}"#.to_owned(),
            r#""ForAnyValue:StringLike":{"aws:ResourceOrgPaths":"o-exampleorgid/r-zz99/*"}"#.to_owned(),
        ),
        (
            r#""StringEquals":{"aws:ResourceAccount":"111122223333"}"#.to_owned(),
            r#""StringEquals":{"aws:ResourceAccount":"444455556666"}"#.to_owned(),
        ),
        (
            r#""StringEquals":{"aws:PrincipalTag/team":"blue"}"#.to_owned(),
            r#""StringEquals":{"aws:PrincipalTag/team":"red"}"#.to_owned(),
        ),
        (
            r#""Null":{"aws:PrincipalTag/project":"true"}"#.to_owned(),
            r#""Null":{"aws:PrincipalTag/project":"false"}"#.to_owned(),
        ),
        (
            r#""StringLike":{"aws:userid":"AROAAPP:*"}"#.to_owned(),
            r#""Null":{"aws:userid":"true"}"#.to_owned(),
        ),
    ] {
        let with = |condition: &str| {
            let case = everything_if(condition).units(&["r-ab12", "ou-ab12-11111111"]);
            case.rows(vec![tag(&role_arn("app"), "team", "blue")])
        };
        // In which session it asks is not known.
        if !fits.contains("userid") {
            with(&fits).flags(&check(), "app");
        }
        with(&fits_not).passes(&check());
    }
}

/// What was not read is open, and not absent.
#[test]
fn what_was_not_read_is_unknown() {
    let of = |condition: &str| {
        inline(&format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#))
    };
    let team = r#""StringEquals":{"aws:PrincipalTag/team":"blue"}"#;
    of(team).passes(&check());
    let lost = of(team).lost::<PrincipalTag>();
    lost.unknown(&check());
    assert!(only_outcome(&lost).message.contains("aws:PrincipalTag/team"), "{:?}", only_outcome(&lost));
    // Accounts from a file: nobody was asked which organization they are in.
    for key in ["aws:PrincipalOrgID", "aws:ResourceOrgID"] {
        let ours = of(&format!(r#""StringEquals":{{"{key}":"o-exampleorgid"}}"#));
        ours.organization("none").unknown(&check());
    }
    // Organizations did not say where in it the account is.
    of(r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-exampleorgid/*"}"#).unknown(&check());
    // The policies of somebody that it may become.
    let may_set = r#"{"Effect":"Allow","Action":"iam:UpdateLoginProfile","Resource":"*"}"#;
    inline(may_set).lost::<User>().unknown(&check());
    inline(may_set).passes(&check());
    let own = customer_policy(
        "own",
        r#"{"Statement":{"Effect":"Allow","Action":"iam:SetDefaultPolicyVersion","Resource":"*"}}"#,
    );
    let versions = || attached(case(7200), own.arn()).policies(vec![own.clone()]);
    versions().passes(&check());
    let wider = own.other_version("v0", EVERYTHING);
    versions().policies(vec![wider]).flags(&check(), "app");
    let lost_policy = case(7200)
        .rows(vec![role("app"), role("top")])
        .policies(vec![trust_policy(
            "top",
            &document(&format!(
                r#"{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"sts:AssumeRole"}}"#,
                role_arn("app")
            )),
        )])
        .rows(vec![session_limit("app", 7200), session_limit("top", 3600)])
        .rows(vec![attachment(&role_arn("top"), &aws_managed_arn("PowerUserAccess"))]);
    let outcomes = lost_policy.outcomes(&check());
    let of_app = outcomes.iter().find(|outcome| outcome.resource.uid == role_arn("app")).unwrap();
    assert_eq!(of_app.status, orgsweep_model::Status::Unknown, "{outcomes:?}");
    assert!(of_app.message.contains("PowerUserAccess"), "{of_app:?}");
}

/// Tags that a session may bring decide whether it is an administrator; those of the role do not.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
#[test]
fn tags_of_a_session_win_over_those_of_the_role() {
    let beta = r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/project":"beta"}}}"#;
    let with = |actions: &str| {
        let trust = document(&format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":{actions}}}"#,
            user_arn("ann")
        ));
        inline(beta).policies(vec![trust_policy("app", &trust)]).rows(vec![tag(
            &role_arn("app"),
            "Project",
            "alpha",
        )])
    };
    with(r#""sts:AssumeRole""#).passes(&check());
    with(r#"["sts:AssumeRole","sts:TagSession"]"#).unknown(&check());
}

/// A workload that runs with an administrator is none of what policies say: whether there is one, no scan reads.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-instance-permissions.html>
#[test]
fn way_over_a_workload_makes_no_role_privileged() {
    let power = r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#;
    let beside = |trusted: &str| {
        let trust =
            document(&format!(r#"{{"Effect":"Allow","Principal":{{{trusted}}},"Action":"sts:AssumeRole"}}"#));
        inline(power)
            .rows(vec![role("app"), role("top")])
            .policies(vec![trust_policy("top", &trust)])
            .rows(vec![session_limit("app", 7200), session_limit("top", 3600)])
            .policies(vec![
                inline_policy(&role_arn("app"), "p", &document(power)),
                inline_policy(&role_arn("top"), "p", EVERYTHING),
            ])
    };
    for service in ["ec2", "lambda", "ecs-tasks", "codebuild", "glue"] {
        beside(&format!(r#""Service":"{service}.amazonaws.com""#)).passes(&check());
    }
    beside(r#""AWS":"arn:aws:iam::111122223333:root""#).flags(&check(), "app");
}
