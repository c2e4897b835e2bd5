//! Issuers of tokens that many share, and the claims that distinguish their tenants.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html>
//!
//! Issuers and the form of the first claim of each are facts after AWS's
//! [examples of RCPs](https://github.com/aws-samples/resource-control-policy-examples) (MIT-0); further claims are those of the
//! [condition keys of STS](https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html)
//! that name an organization, a repository, a project or a person. What every tenant may name as it likes (an environment,
//! a branch, a workflow) distinguishes no tenants, and no more does the audience where it is that of AWS.

/// Claims of an issuer with the forms of values that bind a tenant: `<>` is its name, which has no wildcard, and what
/// stands behind the character that ends it may be anything. `*` before it is a part that may be anything too.
type Claims = &'static [(&'static str, &'static [&'static str])];

const NAME: &[&str] = &["<>"];

const GITHUB: Claims = &[
    (
        "sub",
        // The second and later ones where an organization has chosen other claims for its subjects.
        &[
            "repo:<>/",
            "repository:<>/",
            "repository_id:<>",
            "repository_owner:<>",
            "repository_owner_id:<>",
            "enterprise:<>",
            "enterprise_id:<>",
            "job_workflow_ref:<>/",
        ],
    ),
    ("actor", NAME),
    ("actor_id", NAME),
    ("enterprise_id", NAME),
    ("job_workflow_ref", &["<>/"]),
    ("repository", &["<>/"]),
    ("repository_id", NAME),
    ("repository_owner_id", NAME),
];

const SERVICE_ACCOUNT: Claims = &[("sub", &["system:serviceaccount:<>:"])];

const ISSUERS: [(&str, Claims); 26] = [
    (
        "accounts.google.com",
        &[("aud", NAME), ("oaud", NAME), ("sub", NAME), ("google/organization_number", NAME)],
    ),
    (
        "agent.buildkite.com",
        &[
            ("sub", &["organization:<>:"]),
            ("cluster_id", NAME),
            ("organization_id", NAME),
            ("organization_slug", NAME),
            ("pipeline_id", NAME),
        ],
    ),
    ("api.pulumi.com", &[("sub", &["pulumi:*:org:<>:"]), ("aud", NAME)]),
    ("api.pulumi.com/oidc", &[("sub", &["pulumi:*:org:<>:"]), ("aud", NAME)]),
    ("app.terraform.io", &[("sub", &["organization:<>:"])]),
    ("cognito-identity.amazonaws.com", &[("aud", NAME), ("sub", NAME)]),
    (
        "gitlab.com",
        &[
            ("sub", &["project_path:<>/"]),
            ("namespace_id", NAME),
            ("project_id", NAME),
            ("user_email", NAME),
            ("user_id", NAME),
            ("user_login", NAME),
        ],
    ),
    ("graph.facebook.com", &[("app_id", NAME), ("id", NAME)]),
    ("oidc-configuration.audit-log.githubusercontent.com", &[("sub", &["https://github.com/<>"])]),
    ("oidc.codefresh.io", &[("sub", &["account:<>:"])]),
    ("oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu", SERVICE_ACCOUNT),
    ("oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb", SERVICE_ACCOUNT),
    ("oidc.vercel.com", &[("sub", &["owner:<>:"])]),
    ("proidc.upbound.io", &[("sub", &["mcp:<>:"])]),
    ("rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7", SERVICE_ACCOUNT),
    ("rh-oidc.s3.us-east-1.amazonaws.com/23e3sd27sju1hoou6ohfs68vbno607tr", SERVICE_ACCOUNT),
    ("rh-oidc.s3.us-east-1.amazonaws.com/23ne21h005qjl3n33d8dui5dlrmv2tmg", SERVICE_ACCOUNT),
    ("rh-oidc.s3.us-east-1.amazonaws.com/24jrf12m5dj7ljlfb4ta2frhrcoadm26", SERVICE_ACCOUNT),
    ("sandboxes.cloud", &[("aud", NAME)]),
    ("scalr.io", &[("sub", &["account:<>:"])]),
    // Microsoft Sentinel asks for all of its customers as one: only the name of the session distinguishes them.
    // https://learn.microsoft.com/azure/sentinel/connect-aws
    ("sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d", &[]),
    ("studio.datachain.ai/api", &[("sub", &["credentials:<>/"])]),
    ("token.actions.githubusercontent.com", GITHUB),
    ("tokens.cloud.shisho.dev", &[("sub", &["job:<>:"])]),
    ("vstoken.actions.githubusercontent.com", GITHUB),
    ("www.amazon.com", &[("app_id", NAME), ("user_id", NAME)]),
];

/// Whether the values of a claim bind a tenant; `None`: the issuer is not one that is known to be shared. All in lower case
/// but the values.
pub(super) fn binds<'v>(
    issuer: &str,
    claim: &str,
    mut values: impl Iterator<Item = &'v str>,
) -> Option<bool> {
    let (_, claims) = ISSUERS.iter().find(|(name, _)| *name == issuer.trim_end_matches('/'))?;
    let forms = claims.iter().find(|(name, _)| *name == claim).map(|(_, forms)| *forms);
    Some(forms.is_some_and(|forms| values.all(|value| forms.iter().any(|form| has_form(value, form)))))
}

/// Whether no claim of an issuer, of whatever case, distinguishes its tenants, but the name of the session does.
pub(super) fn is_told_by_session_name(issuer: &str) -> bool {
    let issuer = issuer.trim_end_matches('/');
    ISSUERS.iter().any(|(name, claims)| claims.is_empty() && name.eq_ignore_ascii_case(issuer))
}

fn has_form(value: &str, form: &str) -> bool {
    let Some((before, end)) = form.split_once("<>") else { return false };
    let named = match before.split_once('*') {
        None => value.strip_prefix(before),
        Some((start, mark)) => {
            value.strip_prefix(start).and_then(|rest| rest.split_once(mark)).map(|(_, named)| named)
        }
    };
    let Some(named) = named else { return false };
    let name = match end {
        // To the end, or to a part behind it.
        "" => Some(named.split_once(':').map_or(named, |(name, _)| name)),
        end => named.split_once(end).map(|(name, _)| name),
    };
    name.is_some_and(|name| !name.is_empty() && !name.contains(['*', '?']))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html>
    #[test]
    fn values_bind_a_tenant_where_its_name_is_whole() {
        let github = "token.actions.githubusercontent.com";
        for (issuer, claim, value, wanted) in [
            (github, "sub", "repo:org/repo:ref:refs/heads/main", true),
            (github, "sub", "repo:org/*", true),
            (github, "sub", "repo:org@123456/repo@456789:*", true),
            (github, "sub", "repository_owner_id:65:*", true),
            (github, "sub", "repo:*", false),
            (github, "sub", "repo:org*", false),
            (github, "sub", "repo:o?g/repo:*", false),
            (github, "sub", "repo:*/repo:*", false),
            (github, "sub", "*", false),
            (github, "sub", "?*", false),
            (github, "sub", "", false),
            (github, "sub", "environment:production", false),
            (github, "aud", "sts.amazonaws.com", false),
            (github, "environment", "production", false),
            (github, "ref", "refs/heads/main", false),
            (github, "repository_owner_id", "65", true),
            (github, "repository_owner_id", "6*", false),
            (github, "repository", "org/repo", true),
            (github, "job_workflow_ref", "org/repo/.github/workflows/x.yml@*", true),
            ("gitlab.com", "sub", "project_path:group/*", true),
            ("gitlab.com", "sub", "project_path:*:ref_type:branch:ref:main", false),
            ("gitlab.com", "aud", "https://gitlab.com", false),
            ("gitlab.com", "ref_protected", "true", false),
            ("app.terraform.io", "sub", "organization:acme:project:*:workspace:*:run_phase:*", true),
            ("app.terraform.io", "sub", "organization:*:project:x:*", false),
            ("app.terraform.io", "aud", "aws.workload.identity", false),
            ("api.pulumi.com/oidc", "sub", "pulumi:*:org:acme:*", true),
            ("api.pulumi.com/oidc", "sub", "pulumi:deploy:org:*:project:x", false),
            ("api.pulumi.com", "aud", "acme", true),
            ("cognito-identity.amazonaws.com", "aud", "us-east-1:12345678-ffff", true),
            ("cognito-identity.amazonaws.com", "amr", "authenticated", false),
            ("oidc-configuration.audit-log.githubusercontent.com", "sub", "https://github.com/acme", true),
            ("www.amazon.com", "app_id", "amzn1.application-oa2-client.1", true),
        ] {
            assert_eq!(binds(issuer, claim, [value].into_iter()), Some(wanted), "{issuer}:{claim} {value}");
        }
        assert_eq!(
            binds("token.actions.githubusercontent.com", "sub", ["repo:org/*", "repo:*"].into_iter()),
            Some(false)
        );
        assert_eq!(binds("oidc.eks.eu-west-1.amazonaws.com/id/1a", "sub", ["x"].into_iter()), None);
    }
}
