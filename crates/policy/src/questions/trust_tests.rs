//! Doors of made-up trust policies.

use std::sync::Arc;

use super::*;
use crate::layers::Level;
use crate::policy::Policy;

const ROLE: &str = "arn:aws:iam::111122223333:role/target";
const ORGANIZATION: Organization<'static> = Organization {
    id: "o-a1b2c3d4e5",
    has_account: &|account| matches!(account, "111122223333" | "222233334444"),
};

fn attached(statements: &str) -> Attached {
    let policy = Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap();
    Attached::new("trust", Arc::new(policy))
}

fn of(statements: &str) -> Vec<Door> {
    doors(ROLE, &attached(statements), Guardrails::NoOrganization, Some(&ORGANIZATION))
}

fn trust(principal: &str, condition: &str) -> String {
    let condition =
        if condition.is_empty() { String::new() } else { format!(r#","Condition":{{{condition}}}"#) };
    format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"{condition}}}"#)
}

/// What the one door says.
fn told(statements: &str) -> (String, Option<Outsider>) {
    let doors = of(statements);
    let [door] = doors.as_slice() else { panic!("{doors:?}") };
    (decision(door), door.outsider)
}

fn decision(door: &Door) -> String {
    match &door.decision {
        Decision::Allowed => "allowed".to_owned(),
        Decision::AllowedIf(residual) => residual.to_string(),
        Decision::Denied(denial) => format!("{denial:?}"),
        Decision::Unknown(doubts) => doubts[0].reason.clone(),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[test]
fn everyone_is_open_unless_guarded() {
    let everyone = |condition| told(&trust(r#""*""#, condition));
    assert_eq!(everyone(""), ("allowed".to_owned(), Some(Outsider::Open)));
    for (condition, wanted) in [
        (r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#, Outsider::Shut),
        (r#""StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}"#, Outsider::Shut),
        (r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a1b2c3d4e5/*"}"#, Outsider::Shut),
        // An account in no organization has no such key.
        (r#""StringEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#, Outsider::Open),
        (r#""StringNotEquals":{"aws:PrincipalOrgID":"o-ffffffffff"}"#, Outsider::Open),
        (r#""StringEquals":{"aws:PrincipalAccount":"222233334444"}"#, Outsider::Guarded),
        (r#""StringLike":{"aws:PrincipalAccount":"2*"}"#, Outsider::Open),
        (r#""StringLike":{"aws:userid":"AROAEXAMPLE:*"}"#, Outsider::Guarded),
        (r#""IpAddress":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1"]}"#, Outsider::Open),
        // What the caller can send, or sets for its own principals.
        (r#""StringEquals":{"sts:ExternalId":"f3a9c1"}"#, Outsider::Open),
        (r#""StringLike":{"sts:ExternalId":"*"}"#, Outsider::Open),
        (r#""StringEquals":{"sts:RoleSessionName":"ci"}"#, Outsider::Open),
        (r#""StringEquals":{"sts:SourceIdentity":"ann"}"#, Outsider::Open),
        (r#""StringEquals":{"aws:PrincipalTag/team":"a"}"#, Outsider::Open),
        (r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#, Outsider::Open),
        (r#""NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}"#, Outsider::Open),
        (
            r#""Bool":{"aws:MultiFactorAuthPresent":"true"},"StringEquals":{"aws:PrincipalAccount":"222233334444"}"#,
            Outsider::Guarded,
        ),
        (
            r#""ArnEquals":{"aws:FederatedProvider":"arn:aws:iam::111122223333:saml-provider/idp"}"#,
            Outsider::Guarded,
        ),
        (r#""Bool":{"aws:SecureTransport":"true"}"#, Outsider::Open),
        (r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#, Outsider::Guarded),
        (r#""StringResembles":{"sts:ExternalId":"f3a9c1"}"#, Outsider::Unknown),
    ] {
        assert_eq!(everyone(condition).1, Some(wanted), "{condition}");
    }
    let others = r#"{"Effect":"Allow","NotPrincipal":{"AWS":"222233334444"},"Action":"sts:*"}"#;
    assert_eq!(of(others).iter().map(|door| door.outsider).max(), Some(Some(Outsider::Open)));
}

/// A key of the endpoint that AWS never sends to STS: who asks for it admits no principal, and that is a mistake.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-vpceaccount>
#[test]
fn a_condition_on_a_key_that_sts_is_never_sent_is_a_mistake() {
    let told = |statements: &str| {
        let doors = of(statements);
        let [door] = doors.as_slice() else { panic!("{doors:?}") };
        let mistakes: Vec<String> = door.never_sent.iter().map(ToString::to_string).collect();
        (door.outsider, matches!(door.decision, Decision::Denied(_)), mistakes)
    };
    for condition in [
        r#""StringEquals":{"aws:VpceAccount":"111122223333"}"#,
        r#""StringEquals":{"AWS:vpceorgid":"o-a1b2c3d4e5"}"#,
        r#""ForAnyValue:StringLike":{"aws:VpceOrgPaths":"o-a1b2c3d4e5/*"}"#,
        r#""ArnLike":{"aws:SourceVpcArn":"arn:aws:ec2:*:111122223333:vpc/*"}"#,
    ] {
        for principal in [r#""*""#, r#"{"AWS":"444455556666"}"#, r#"{"Service":"config.amazonaws.com"}"#] {
            let (outsider, is_denied, mistakes) = told(&trust(principal, condition));
            assert_eq!((outsider, is_denied, mistakes.len()), (Some(Outsider::Shut), true, 1), "{condition}");
            assert!(mistakes[0].contains("never sends with sts:AssumeRole"), "{mistakes:?}");
            assert!(mistakes[0].ends_with("the statement never allows it"), "{mistakes:?}");
        }
    }
    let deny = |condition: &str| {
        let deny =
            format!(r#"{{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{{{condition}}}}}"#);
        told(&format!("{},{deny}", trust(r#""*""#, "")))
    };
    let (outsider, is_denied, mistakes) =
        deny(r#""StringNotEqualsIfExists":{"aws:VpceOrgID":"o-a1b2c3d4e5"}"#);
    assert_eq!((outsider, is_denied), (Some(Outsider::Shut), true));
    assert!(mistakes[0].ends_with("the condition exempts nothing from the Deny"), "{mistakes:?}");
    let (outsider, _, mistakes) = deny(r#""StringEquals":{"aws:VpceOrgID":"o-ffffffffff"}"#);
    assert_eq!(outsider, Some(Outsider::Open));
    assert!(mistakes[0].ends_with("the statement never denies it"), "{mistakes:?}");
    let (outsider, _, mistakes) =
        told(&trust(r#""*""#, r#""StringEqualsIfExists":{"aws:VpceAccount":"111122223333"}"#));
    assert_eq!(outsider, Some(Outsider::Open));
    assert!(mistakes[0].ends_with("the condition does not limit the Allow"), "{mistakes:?}");
    // STS is sent these.
    for condition in
        [r#""StringEquals":{"aws:SourceVpce":"vpce-1"}"#, r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#]
    {
        assert_eq!(told(&trust(r#""*""#, condition)), (Some(Outsider::Guarded), false, Vec::new()));
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html>
#[test]
fn other_accounts_are_outside_unless_they_belong_to_the_organization() {
    let account = |account: &str, condition| told(&trust(&format!(r#"{{"AWS":"{account}"}}"#), condition));
    assert_eq!(account("444455556666", "").1, Some(Outsider::Open));
    assert_eq!(account("222233334444", "").1, None);
    assert_eq!(account("111122223333", "").1, None);
    assert_eq!(account("arn:aws:iam::444455556666:role/vendor", "").1, Some(Outsider::Open));
    assert_eq!(account("arn:aws:iam::222233334444:user/ann", "").1, None);
    let external = r#""StringEquals":{"sts:ExternalId":"f3a9c1"}"#;
    assert_eq!(
        account("444455556666", external),
        ("StringEquals sts:ExternalId [\"f3a9c1\"]".to_owned(), Some(Outsider::Guarded))
    );
    // It tags its own principals and registers its own devices.
    for condition in [
        r#""StringEquals":{"aws:PrincipalTag/team":"a"}"#,
        r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#,
        r#""StringEquals":{"sts:RoleSessionName":"ci"}"#,
        r#""StringLike":{"sts:ExternalId":"f3*"}"#,
    ] {
        assert_eq!(account("444455556666", condition).1, Some(Outsider::Open), "{condition}");
        let named = account("arn:aws:iam::444455556666:role/vendor", condition);
        assert_eq!(named.1, Some(Outsider::Open), "{condition}");
    }
    let organization = r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#;
    assert_eq!(account("222233334444", organization).0, "allowed");
    assert_eq!(account("444455556666", organization).1, Some(Outsider::Shut));
    let alone =
        doors(ROLE, &attached(&trust(r#"{"AWS":"222233334444"}"#, "")), Guardrails::NoOrganization, None);
    assert_eq!(alone[0].outsider, Some(Outsider::Open));
}

#[test]
fn conditions_on_the_principal_are_decided_where_it_is_named_and_open_where_its_account_is() {
    let tagged = r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::222233334444:role/ci"}"#;
    let by_account = told(&trust(r#"{"AWS":"222233334444"}"#, tagged)).0;
    assert_eq!(by_account, r#"ArnLike aws:PrincipalArn ["arn:aws:iam::222233334444:role/ci"]"#);
    let named = |arn: &str| told(&trust(&format!(r#"{{"AWS":"{arn}"}}"#), tagged)).0;
    assert_eq!(named("arn:aws:iam::222233334444:role/ci"), "allowed");
    assert_eq!(named("arn:aws:iam::222233334444:role/other"), "Implicit(Resource)");
    // Its session's ARN does not show the role's path.
    let session = named("arn:aws:sts::222233334444:assumed-role/ci/s");
    assert_eq!(session, r#"ArnLike aws:PrincipalArn ["arn:aws:iam::222233334444:role/ci"]"#);
}

#[test]
fn denies_and_resource_control_policies_shut_doors() {
    let outside = r#""Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}"#;
    let deny = format!(r#"{{"Effect":"Deny","Principal":"*","Action":"sts:*",{outside}}}"#);
    assert_eq!(told(&format!("{},{deny}", trust(r#""*""#, ""))).1, Some(Outsider::Shut));
    let address = r#"{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}"#;
    assert_eq!(told(&format!("{},{address}", trust(r#""*""#, ""))).1, Some(Outsider::Guarded));
    // One that spares the caller for itself.
    let null = r#"{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}"#;
    assert_eq!(told(&format!("{},{null}", trust(r#""*""#, ""))).1, Some(Outsider::Open));
    let control =
        attached(&deny.replace(r#""Action":"sts:*""#, r#""Action":"sts:AssumeRole","Resource":"*""#));
    let levels = [Level { id: "r-1".into(), policies: vec![control] }];
    let doors =
        doors(ROLE, &attached(&trust(r#""*""#, "")), Guardrails::InForce(&levels), Some(&ORGANIZATION));
    assert_eq!(doors[0].outsider, Some(Outsider::Shut));
    assert!(matches!(doors[0].decision, Decision::AllowedIf(_)), "{doors:?}");
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html>
#[test]
fn providers_come_by_their_own_actions() {
    let oidc = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    let statement = |provider: &str, condition: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},"Action":"sts:*","Condition":{{{condition}}}}}"#
        )
    };
    let sub = r#""StringLike":{"token.actions.githubusercontent.com:sub":"repo:org/repo:*"}"#;
    let doors = of(&statement(oidc, sub));
    assert_eq!((doors.len(), doors[0].action), (1, "sts:AssumeRoleWithWebIdentity"));
    assert_eq!(doors[0].outsider, Some(Outsider::Guarded));
    for (condition, wanted) in [
        (r#""StringLike":{"token.actions.githubusercontent.com:sub":"*"}"#, Outsider::Open),
        (r#""StringLike":{"token.actions.githubusercontent.com:sub":"repo:*"}"#, Outsider::Open),
        (r#""StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}"#, Outsider::Open),
        (
            r#""StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"},
               "StringLike":{"token.actions.githubusercontent.com:sub":"repo:org/*"}"#,
            Outsider::Guarded,
        ),
        (
            r#""StringEquals":{"token.actions.githubusercontent.com:repository_owner_id":"65"}"#,
            Outsider::Guarded,
        ),
    ] {
        assert_eq!(told(&statement(oidc, condition)).1, Some(wanted), "{condition}");
    }
    // All customers of the vendor are one to this issuer but for the name of the session.
    let shared = "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/";
    let provider = format!("arn:aws:iam::111122223333:oidc-provider/{shared}");
    let audience =
        format!(r#""StringEquals":{{"{shared}:aud":"api://1462b192-27f7-4cb9-8523-0f4ecb54b47e"}}"#);
    assert_eq!(told(&statement(&provider, &audience)).1, Some(Outsider::Open));
    let named = audience.replace('}', r#","sts:RoleSessionName":"MicrosoftSentinel_1"}"#);
    assert_eq!(told(&statement(&provider, &named)).1, Some(Outsider::WeaklyGuarded));
    let any_name = named.replace("StringEquals", "StringLike").replace("MicrosoftSentinel_1", "*");
    assert_eq!(told(&statement(&provider, &any_name)).1, Some(Outsider::Open));
    // What the provider lists.
    let listed = r#""Bool":{"sts:RoleAuthorizedByIdp":"true"}"#;
    assert_eq!(told(&statement(oidc, listed)).1, Some(Outsider::Guarded));
    let doors =
        of(&statement("arn:aws:iam::111122223333:saml-provider/idp", r#""StringEquals":{"SAML:aud":"x"}"#));
    assert_eq!((doors.len(), doors[0].action), (1, "sts:AssumeRoleWithSAML"));
    assert_eq!(told(&statement("cognito-identity.amazonaws.com", "")).1, Some(Outsider::Open));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>
#[test]
fn services_are_guarded_by_the_source() {
    let service = |name: &str, condition| {
        told(&trust(&format!(r#"{{"Service":"{name}.amazonaws.com"}}"#), condition)).1
    };
    // Whether it can be put up to it is on no list.
    assert_eq!(service("config", ""), Some(Outsider::Unknown));
    let account = r#""StringEquals":{"aws:SourceAccount":"111122223333"}"#;
    assert_eq!(service("config", account), Some(Outsider::Guarded));
    // Which the certificate says.
    let certificate = r#""StringEquals":{"aws:PrincipalTag/x509Subject/OU":"payments"}"#;
    assert_eq!(service("rolesanywhere", certificate), Some(Outsider::Guarded));
    // "Sessions issued by IAM Roles Anywhere have the source identity set to the common name of the subject"; the caller cannot
    // set the identity that is propagated either.
    // <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
    // <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trusted-identity-propagation.html>
    for condition in [
        r#""StringEquals":{"sts:SourceIdentity":"host-1.example.com"}"#,
        r#""StringLike":{"sts:SourceIdentity":"host-*"}"#,
        r#""StringEquals":{"aws:OriginIdentity/Subject":"host-1.example.com"}"#,
    ] {
        assert_eq!(service("rolesanywhere", condition), Some(Outsider::Guarded), "{condition}");
        assert_eq!(service("config", condition), Some(Outsider::Unknown), "{condition}");
    }
    let any = r#""StringLike":{"sts:SourceIdentity":"*"}"#;
    assert_eq!(service("rolesanywhere", any), service("rolesanywhere", ""));
    // The caller chooses the name of the session.
    let session = r#""StringEquals":{"sts:RoleSessionName":"host-1"}"#;
    assert_eq!(service("rolesanywhere", session), service("rolesanywhere", ""));
    let if_exists = r#""StringEqualsIfExists":{"aws:SourceAccount":"111122223333"}"#;
    assert_eq!(service("config", if_exists), Some(Outsider::Unknown));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/aam-prepare-roles.html>: it is asked from another account.
#[test]
fn account_access_needs_the_account_and_the_application() {
    let service = |condition| told(&trust(r#"{"Service":"account-access.amazonaws.com"}"#, condition)).1;
    let account = r#""StringEquals":{"aws:SourceAccount":"111122223333"}"#;
    let application =
        r#""ArnEquals":{"aws:SourceArn":"arn:aws:sso::111122223333:application/ssoins-1/apl-1"}"#;
    for (condition, wanted) in [
        ("", Outsider::Open),
        (account, Outsider::Open),
        (application, Outsider::Open),
        (&format!("{account},{application}"), Outsider::Guarded),
    ] {
        assert_eq!(service(condition), Some(wanted), "{condition}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>: a role is passed within its account.
#[test]
fn roles_that_are_passed_to_a_service_are_shut_to_outsiders() {
    for name in
        ["ec2.amazonaws.com", "lambda.amazonaws.com", "ecs-tasks.amazonaws.com", "ec2.amazonaws.com.cn"]
    {
        assert_eq!(told(&trust(&format!(r#"{{"Service":"{name}"}}"#), "")).1, Some(Outsider::Shut), "{name}");
    }
    // Everyone else is not one of them.
    let both = of(&trust(r#"{"Service":"ec2.amazonaws.com","AWS":"*"}"#, ""));
    assert_eq!(both.iter().map(|door| door.outsider).max(), Some(Some(Outsider::Open)));
}

/// <https://github.com/aws-samples/data-perimeter-policy-examples>, `EnforceConfusedDeputyProtection`
#[test]
fn a_resource_control_policy_against_confused_deputies_guards() {
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Resource":"*","Condition":{
        "StringNotEqualsIfExists":{"aws:SourceOrgID":"o-a1b2c3d4e5"},"Null":{"aws:SourceAccount":"false"},
        "Bool":{"aws:PrincipalIsAWSService":"true"}}}"#;
    let levels = [Level { id: "r-1".into(), policies: vec![attached(deny)] }];
    let trust = attached(&trust(r#"{"Service":"config.amazonaws.com"}"#, ""));
    let doors = doors(ROLE, &trust, Guardrails::InForce(&levels), Some(&ORGANIZATION));
    assert_eq!(doors[0].outsider, Some(Outsider::Guarded));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
#[test]
fn deleted_principals_and_what_is_not_documented() {
    let deleted = told(&trust(r#"{"AWS":"AROADBQP57FF2AEXAMPLE"}"#, ""));
    assert_eq!(deleted.1, Some(Outsider::Shut));
    assert!(deleted.0.contains("deleted"));
    let unheard = told(&trust(r#"{"Robot":"r2"}"#, ""));
    assert_eq!(
        unheard,
        ("which principals it matches is not documented".to_owned(), Some(Outsider::Unknown))
    );
    let pattern = told(&trust(r#"{"AWS":"arn:aws:iam::444455556666:role/*"}"#, ""));
    assert_eq!(pattern.1, Some(Outsider::Unknown));
    let unread = Attached::unreadable("trust", "access denied");
    let doors = doors(ROLE, &unread, Guardrails::NoOrganization, None);
    assert!(
        !doors.is_empty() && doors.iter().all(|door| door.outsider == Some(Outsider::Unknown)),
        "{doors:?}"
    );
}

#[test]
fn a_door_for_each_entry_and_action_and_none_for_a_deny_or_another_action() {
    let two = trust(r#"{"AWS":["222233334444","444455556666"],"Service":"ec2.amazonaws.com"}"#, "");
    assert_eq!(of(&two).len(), 3);
    assert_eq!(of(r#"{"Effect":"Allow","Principal":"*","Action":"sts:*"}"#).len(), 3);
    assert_eq!(of(r#"{"Effect":"Allow","Principal":"*","Action":"sts:TagSession"}"#).len(), 0);
    assert_eq!(of(r#"{"Effect":"Deny","Principal":"*","Action":"sts:*"}"#).len(), 0);
    let second = of(&format!("{},{}", trust(r#"{"AWS":"222233334444"}"#, ""), trust(r#""*""#, "")));
    assert_eq!(second.iter().map(|door| door.statement).collect::<Vec<_>>(), [0, 1]);
}
