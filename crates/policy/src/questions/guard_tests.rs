//! Conditions that guard, and whom they keep away.

use super::*;
use crate::policy::Policy;

/// Whether a condition guards against anybody at all.
fn guards(condition: &str, must_hold: bool) -> bool {
    !against(condition, must_hold).is_empty()
}

/// Against whom a condition guards.
fn against(condition: &str, must_hold: bool) -> Vec<Caller> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":{{"Condition":{{{condition}}}}}}}"#);
    let policy = Policy::parse(&text).unwrap();
    let condition = &policy.statements()[0].conditions()[0];
    EVERYBODY.iter().copied().filter(|caller| is_guard(condition, must_hold, *caller)).collect()
}

#[test]
fn positive_operators_on_telling_keys_guard_an_allow() {
    for condition in [
        r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#,
        r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a1b2c3d4e5/*"}"#,
        r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/ci-*"}"#,
        r#""StringEquals":{"aws:PrincipalAccount":["111122223333","444455556666"]}"#,
        r#""StringEquals":{"aws:PrincipalTag/team":"a"}"#,
        r#""StringEquals":{"sts:ExternalId":"f3a9"}"#,
        r#""ArnLike":{"aws:SourceArn":"arn:aws:s3:::bucket"}"#,
        r#""StringEquals":{"aws:SourceAccount":"111122223333"}"#,
        r#""StringEquals":{"aws:SourceOrgID":"o-a1b2c3d4e5"}"#,
        r#""ForAnyValue:StringEquals":{"aws:SourceOrgPaths":"o-1/r-1/"}"#,
        r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#,
        r#""StringEquals":{"aws:SourceVpc":"vpc-1"}"#,
        r#""StringEqualsIgnoreCase":{"aws:SourceVpce":"vpce-1"}"#,
        r#""Bool":{"aws:MultiFactorAuthPresent":true}"#,
        r#""NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}"#,
        r#""StringLike":{"token.actions.githubusercontent.com:sub":"repo:org/repo:*"}"#,
        r#""StringEquals":{"token.actions.githubusercontent.com:repository_owner_id":"65"}"#,
        r#""StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/1A:aud":"sts.amazonaws.com"}"#,
        r#""StringLike":{"aws:userid":"AROAEXAMPLE:*"}"#,
        r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111122223333:*"}"#,
        r#""IpAddress":{"aws:SourceIp":["0.0.0.0/1","203.0.113.0/24"]}"#,
        r#""StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}"#,
    ] {
        assert!(guards(condition, true), "{condition}");
        assert!(!guards(condition, false), "in a Deny: {condition}");
    }
}

#[test]
fn what_does_not_count_as_a_guard() {
    for condition in [
        r#""StringEqualsIfExists":{"sts:ExternalId":"f3a9"}"#,
        r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}"#,
        r#""ForAllValues:StringEquals":{"aws:PrincipalOrgPaths":"o-1/*"}"#,
        r#""StringLike":{"sts:RoleSessionName":"ci-*"}"#,
        r#""StringLike":{"sts:ExternalId":"*"}"#,
        r#""StringLike":{"sts:ExternalId":"f3a9*"}"#,
        r#""StringEquals":{"aws:FederatedProvider":"cognito-identity.amazonaws.com"}"#,
        r#""ArnLike":{"aws:FederatedProvider":"arn:aws:iam::*:saml-provider/idp"}"#,
        r#""ArnLike":{"aws:SourceVpcArn":"arn:aws:ec2:us-east-1:*:vpc/vpc-1"}"#,
        r#""StringLike":{"aws:VpceAccount":"1*"}"#,
        r#""StringEquals":{"aws:PrincipalTag/":"a"}"#,
        r#""StringEquals":{"aws:MultiFactorAuthPresent":"false"}"#,
        r#""BoolIfExists":{"sts:RoleAuthorizedByIdp":"true"}"#,
        r#""StringLike":{"sts:ExternalId":"?*"}"#,
        r#""StringLike":{"sts:ExternalId":"**"}"#,
        r#""StringEquals":{"sts:ExternalId":""}"#,
        r#""StringEquals":{"sts:ExternalId":[]}"#,
        r#""StringEquals":{"sts:ExternalId":["f3a9","*"]}"#,
        r#""StringLike":{"token.actions.githubusercontent.com:sub":"*:ref:refs/heads/main"}"#,
        r#""StringNotEquals":{"sts:ExternalId":"f3a9"}"#,
        r#""NumericLessThan":{"sts:DurationSeconds":"3600"}"#,
        r#""Null":{"sts:ExternalId":"false"}"#,
        r#""IpAddress":{"aws:SourceIp":["203.0.113.0/24","0.0.0.0/0"]}"#,
        r#""IpAddress":{"aws:SourceIp":"::/0"}"#,
        r#""IpAddress":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1"]}"#,
        r#""IpAddress":{"aws:SourceIp":["128.0.0.0/1","10.0.0.0/8","0.0.0.0/2","64.0.0.0/2"]}"#,
        r#""IpAddress":{"aws:SourceIp":["::/1","8000::/1"]}"#,
        r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/ci"}"#,
        r#""ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"}"#,
        r#""StringLike":{"aws:PrincipalAccount":"1*"}"#,
        r#""StringLike":{"aws:PrincipalOrgID":"o-*"}"#,
        r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-*/r-1/*"}"#,
        r#""StringLike":{"aws:SourceVpc":"vpc-*"}"#,
        r#""StringLike":{"aws:userid":"AROA*"}"#,
        r#""StringEquals":{"aws:username":"ann"}"#,
        r#""StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}"#,
        r#""StringLike":{"token.actions.githubusercontent.com:sub":"repo:*"}"#,
        r#""StringEquals":{"app.terraform.io:aud":"aws.workload.identity"}"#,
        r#""StringEquals":{"aws:RequestTag/team":"a"}"#,
        r#""Bool":{"aws:MultiFactorAuthPresent":"false"}"#,
        r#""Bool":{"aws:SecureTransport":"true"}"#,
        r#""StringResembles":{"sts:ExternalId":"f3a9"}"#,
        r#""StringEquals":{"ExternalId":"f3a9"}"#,
    ] {
        assert!(!guards(condition, true), "{condition}");
    }
}

#[test]
fn in_a_deny_the_negated_operators_guard() {
    for condition in [
        r#""StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#,
        r#""StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#,
        r#""NotIpAddressIfExists":{"aws:SourceIp":"203.0.113.0/24"}"#,
        r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}"#,
        r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}"#,
        r#""StringNotLike":{"gitlab.com:sub":"project_path:group/*"}"#,
        r#""Null":{"aws:SourceAccount":"false"}"#,
    ] {
        assert!(guards(condition, false), "{condition}");
        assert!(!guards(condition, true), "in an Allow: {condition}");
    }
    assert!(!guards(r#""StringNotLike":{"gitlab.com:sub":"project_path:*"}"#, false));
    assert!(!guards(r#""Null":{"aws:SourceAccount":"true"}"#, false));
    // Without the key the Deny does not apply.
    assert!(!guards(r#""Bool":{"aws:MultiFactorAuthPresent":"false"}"#, false));
    assert!(!guards(r#""ForAnyValue:StringNotLike":{"aws:PrincipalOrgPaths":"o-1/*"}"#, false));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>: who sets a key.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>: `sts:SourceIdentity`,
/// `sts:RoleSessionName`, `sts:RoleAuthorizedByIdp`.
#[test]
fn a_key_guards_against_those_who_cannot_set_it() {
    let all = EVERYBODY;
    let x509 = r#""StringEquals":{"aws:PrincipalTag/x509Subject/OU":"payments"}"#;
    for (condition, wanted) in [
        // The caller chooses them.
        (r#""StringEquals":{"sts:RoleSessionName":"ci"}"#, &[][..]),
        // But that of a certificate is its subject's common name.
        // <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
        (r#""StringEquals":{"sts:SourceIdentity":"ann"}"#, &[RolesAnywhere]),
        // An account sets them for its own principals.
        (r#""StringEquals":{"aws:PrincipalTag/team":"a"}"#, &[Member]),
        (r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#, &[Member]),
        (r#""StringEquals":{"aws:MultiFactorAuthPresent":"true"}"#, &[Member]),
        (r#""NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}"#, &[Member]),
        // <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trusted-identity-propagation.html>
        (r#""StringEquals":{"aws:OriginIdentity/department":"payments"}"#, &[RolesAnywhere, Member]),
        (x509, &[RolesAnywhere, Member]),
        // A secret between two accounts.
        (r#""StringEquals":{"sts:ExternalId":"f3a9"}"#, &[ForeignAccount]),
        (r#""StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}"#, &[ProviderUser]),
        (r#""Bool":{"sts:RoleAuthorizedByIdp":"true"}"#, &[ProviderUser]),
        (r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#, all),
        (r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#, all),
        (r#""StringLike":{"token.actions.githubusercontent.com:sub":"repo:org/repo:*"}"#, all),
        (r#""ArnEquals":{"aws:FederatedProvider":"arn:aws:iam::111122223333:saml-provider/idp"}"#, all),
        (r#""StringEquals":{"aws:VpceAccount":"111122223333"}"#, all),
        (r#""StringEquals":{"aws:VpceOrgID":"o-a1b2c3d4e5"}"#, all),
        (r#""ForAnyValue:StringLike":{"aws:VpceOrgPaths":"o-a1b2c3d4e5/*"}"#, all),
        (r#""ArnLike":{"aws:SourceVpcArn":"arn:aws:ec2:*:111122223333:vpc/*"}"#, all),
    ] {
        assert_eq!(against(condition, true), wanted, "{condition}");
    }
    for (condition, wanted) in [
        (r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}"#, &[Member][..]),
        (r#""StringNotEquals":{"aws:PrincipalTag/team":"a"}"#, &[Member]),
        (r#""StringNotEqualsIfExists":{"sts:ExternalId":"f3a9"}"#, &[ForeignAccount]),
        // It spares every other principal.
        (r#""Null":{"aws:SourceAccount":"false"}"#, &[Service, RolesAnywhere]),
        (r#""StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#, all),
    ] {
        assert_eq!(against(condition, false), wanted, "in a Deny: {condition}");
    }
}
