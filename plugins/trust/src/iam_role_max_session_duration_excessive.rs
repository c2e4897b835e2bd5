//! iam-role-max-session-duration-excessive.

use orgsweep_model::facts::{
    AwsManagedPolicy, InlinePolicy, ManagedPolicy, PolicyAttachment, Role, RoleSessionLimit,
};
use orgsweep_model::{Check, Context, Gap, Report, Resource, Severity, check};
use orgsweep_policy::{Verdict, denies_something, grants_everything};

check! {
    /// Sessions of a role may last longer than they should, and those of an administrator even less.
    ///
    /// ## Why it matters
    /// Stolen temporary credentials work until the session ends. Twelve hours of an administrator is a working day.
    ///
    /// ## How to fix
    /// Lower the role's maximum; clients that need longer renew.
    ///
    /// - Console: IAM, Roles, the role, Edit, Maximum session duration.
    /// - CLI: `aws iam update-role --role-name R --max-session-duration 3600`.
    /// - Terraform: `max_session_duration` of `aws_iam_role`.
    ///
    /// ## How to back out
    /// Set the old number again. Sessions that run keep the length they were given.
    ///
    /// ## What it cannot see
    /// How long sessions really are: the maximum is only a limit, and role chaining caps at one hour anyway.
    /// Roles that AWS manages (service-linked, IAM Identity Center's) cannot be changed here and are NOT_APPLICABLE.
    /// "Privileged" means AdministratorAccess attached, or a plain Allow of `*` on `*` in an attached or inline policy.
    /// What takes some of it back (a Deny in the same policy or in another, a permissions boundary, an SCP) does not
    /// count: the finding names the Denies and the boundary, and a person decides. What the words cannot decide (a
    /// condition, NotAction, NotResource, a pattern of nothing but wildcards, a document that could not be read) is
    /// UNKNOWN where it makes a difference: between `privileged_max_seconds` and `max_seconds`.
    pub RoleMaxSessionDurationExcessive {
        id: "iam-role-max-session-duration-excessive",
        title: "Role allows overlong sessions",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::Role",
        controls: [
            nist_800_53("AC-6"), nist_800_53("CM-8"), pci_dss("2.2"), iso_27001("A.8.9"), soc2("CC8.1"),
            well_architected("SEC03-BP04"),
        ],
        pages: [
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html",
            "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
        ],
        settings: {
            /// The longest session of any role, seconds.
            max_seconds: i32 = 14_400,
            /// The longest session of a privileged role, seconds.
            privileged_max_seconds: i32 = 3600,
        },
    }
}

/// Everything but the AWS-managed documents must have been read; they matter only to some roles.
type Documents<'a> = (
    &'a [PolicyAttachment],
    &'a [InlinePolicy],
    &'a [ManagedPolicy],
    Result<&'a [AwsManagedPolicy], &'a Gap>,
);

impl Check for RoleMaxSessionDurationExcessive {
    type Reads<'a> = (&'a [Role], &'a [RoleSessionLimit], Documents<'a>);

    fn evaluate(
        &self,
        (roles, limits, documents): Self::Reads<'_>,
        context: &Context<'_>,
        report: &mut Report,
    ) {
        for role in roles {
            let resource = Resource::role(&role.role_arn);
            if role.path.starts_with("/aws-service-role/") || role.path.starts_with("/aws-reserved/") {
                report.not_applicable(resource, "AWS manages this role");
                continue;
            }
            let Some(limit) = limits.iter().find(|limit| limit.role_arn == role.role_arn) else {
                report.unknown(
                    resource,
                    "iam:ListRoles did not list the role: made or deleted during the scan",
                );
                continue;
            };
            let seconds = limit.max_session_seconds;
            if seconds > self.max_seconds {
                report
                    .fail(resource, format!("sessions may last {seconds} seconds"))
                    .evidence("max_session_seconds", seconds)
                    .evidence("threshold_seconds", self.max_seconds);
                continue;
            }
            if seconds <= self.privileged_max_seconds {
                report.pass(resource);
                continue;
            }
            let policies = policies(role, &documents);
            match privileged(&policies, context) {
                Verdict::Yes => {
                    report
                        .fail(resource, format!("is privileged, and sessions may last {seconds} seconds"))
                        .evidence("max_session_seconds", seconds)
                        .evidence("threshold_seconds", self.privileged_max_seconds)
                        .evidence("may_be_limited_by", may_be_limited_by(role, &policies));
                }
                Verdict::No => {
                    report.pass(resource);
                }
                Verdict::Unknown(why) => {
                    report
                        .unknown(resource, format!("whether the role is privileged cannot be told: {why}"))
                        .evidence("max_session_seconds", seconds);
                }
            }
        }
    }

    fn validate(&self) -> Result<(), String> {
        if !(3600..=43_200).contains(&self.max_seconds) {
            return Err("max_seconds: AWS takes 3600 to 43200".to_owned());
        }
        if !(3600..=self.max_seconds).contains(&self.privileged_max_seconds) {
            return Err("privileged_max_seconds: expected 3600 to max_seconds".to_owned());
        }
        Ok(())
    }
}

/// A policy of a role: the inline one's name or the attached one's ARN, and its document or why there is none.
type Policy<'a> = (&'a str, Result<&'a str, String>);

fn policies<'a>(role: &Role, documents: &Documents<'a>) -> Vec<Policy<'a>> {
    let (attachments, inline, managed, aws_managed) = *documents;
    let of_aws = |arn: &str| match aws_managed {
        Ok(all) => match all.iter().find(|policy| policy.policy_arn == arn) {
            Some(policy) if !policy.document.is_empty() => Ok(policy.document.as_str()),
            Some(_) => Err("AWS has withdrawn the policy".to_owned()),
            None => Err("its document was not read".to_owned()),
        },
        Err(gap) => Err(format!("its document could not be read: {gap}")),
    };
    let own = inline
        .iter()
        .filter(|policy| policy.principal_arn == role.role_arn)
        .map(|policy| (policy.policy_name.as_str(), Ok(policy.document.as_str())));
    let attached = attachments
        .iter()
        .filter(|attachment| attachment.principal_arn == role.role_arn && !attachment.as_boundary)
        .map(|attachment| {
            let arn = attachment.policy_arn.as_str();
            let customers = managed.iter().find(|policy| policy.policy_arn == arn);
            (arn, customers.map_or_else(|| of_aws(arn), |policy| Ok(policy.document.as_str())))
        });
    own.chain(attached).collect()
}

/// Whether one of the policies plainly grants everything; doubt about one gives way to certainty about another.
fn privileged(policies: &[Policy<'_>], context: &Context<'_>) -> Verdict {
    let administrator = format!("arn:{}:iam::aws:policy/AdministratorAccess", context.organization.partition);
    let mut doubt = None;
    for (name, document) in policies {
        let verdict = match document {
            _ if *name == administrator => Verdict::Yes,
            Ok(document) => grants_everything(document),
            Err(why) => Verdict::Unknown(why.clone()),
        };
        match verdict {
            Verdict::Yes => return Verdict::Yes,
            Verdict::No => {}
            Verdict::Unknown(why) => {
                doubt.get_or_insert(format!("{name}: {why}"));
            }
        }
    }
    doubt.map_or(Verdict::No, Verdict::Unknown)
}

/// What may take back some of what a privileged role is granted, for a person to look at.
fn may_be_limited_by(role: &Role, policies: &[Policy<'_>]) -> Vec<String> {
    let denies = policies
        .iter()
        .filter(|(_, document)| document.as_ref().is_ok_and(|document| denies_something(document)))
        .map(|(name, _)| format!("a Deny in {name}"));
    let boundary = role.permissions_boundary_arn.iter().map(|arn| format!("the permissions boundary {arn}"));
    denies.chain(boundary).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_model::Row;
    use orgsweep_testkit::{
        Case, attachment, aws_managed, aws_managed_arn, customer_policy, inline_policy, role, role_arn,
        session_limit,
    };

    const EVERYTHING: &str = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    const SOMETHING: &str = r#"{"Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#;
    const MAYBE: &str = r#"{"Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}"#;

    const DENY: &str = r#"{"Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;
    const BOTH: &str = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
        {"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;

    /// One role with a limit and no rights.
    fn case(seconds: i32) -> Case {
        Case::new()
            .rows(vec![role("app")])
            .rows(vec![session_limit("app", seconds)])
            .none::<PolicyAttachment>()
            .none::<InlinePolicy>()
            .none::<ManagedPolicy>()
            .none::<AwsManagedPolicy>()
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
        let inline = |document| case(7200).rows(vec![inline_policy(&role_arn("app"), "p", document)]);
        inline(EVERYTHING).flags(&check(), "app");
        inline(SOMETHING).passes(&check());
        let named_alike = customer_policy("AdministratorAccess", SOMETHING);
        let arn = named_alike.policy_arn.clone();
        attached(case(7200), &arn).rows(vec![named_alike]).passes(&check());
        let broad = customer_policy("harmless", EVERYTHING);
        let arn = broad.policy_arn.clone();
        attached(case(7200), &arn).rows(vec![broad]).flags(&check(), "app");
    }

    #[test]
    fn doubt_is_unknown_only_where_it_matters() {
        let doubtful = |seconds| case(seconds).rows(vec![inline_policy(&role_arn("app"), "p", MAYBE)]);
        doubtful(7200).unknown(&check());
        doubtful(3600).passes(&check());
        doubtful(20_000).flags(&check(), "app");
        let both = vec![
            inline_policy(&role_arn("app"), "a", MAYBE),
            inline_policy(&role_arn("app"), "b", EVERYTHING),
        ];
        case(7200).rows(both).flags(&check(), "app");
    }

    #[test]
    fn what_takes_back_does_not_count_and_is_named() {
        let bounded = Role { permissions_boundary_arn: Some("arn:edge".to_owned()), ..role("app") };
        let administrator = || attached(case(7200), &aws_managed_arn("AdministratorAccess"));
        let limits = |case: Case| case.flags(&check(), "app").evidence["may_be_limited_by"].clone();
        assert_eq!(limits(administrator()), serde_json::json!([]));
        assert_eq!(
            limits(administrator().rows(vec![bounded.clone()])),
            serde_json::json!(["the permissions boundary arn:edge"])
        );
        // Of a Deny it does not matter in which policy it stands.
        let beside = inline_policy(&role_arn("app"), "stop", DENY);
        assert_eq!(limits(administrator().rows(vec![beside])), serde_json::json!(["a Deny in stop"]));
        let within = inline_policy(&role_arn("app"), "both", BOTH);
        let within = case(7200).rows(vec![within]).rows(vec![bounded]);
        assert_eq!(
            limits(within),
            serde_json::json!(["a Deny in both", "the permissions boundary arn:edge"])
        );
    }

    #[test]
    fn administrators_are_known_in_every_partition() {
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let holding = |of: &str| {
                let arn = format!("arn:{of}:iam::aws:policy/AdministratorAccess");
                attached(case(7200), &arn).partition(partition)
            };
            holding(partition).flags(&check(), "app");
            // No such policy can be attached here; what it is cannot be told.
            holding("aws-iso").unknown(&check());
        }
    }

    #[test]
    fn aws_managed_documents_that_were_lost_matter_to_those_who_have_them() {
        let power = aws_managed_arn("PowerUserAccess");
        let lost = |case: Case| case.lost::<AwsManagedPolicy>();
        lost(attached(case(7200), &power)).unknown(&check());
        lost(case(7200)).passes(&check());
        lost(attached(case(7200), &aws_managed_arn("AdministratorAccess"))).flags(&check(), "app");
        attached(case(7200), &power).unknown(&check());
        attached(case(7200), &power).rows(vec![aws_managed("PowerUserAccess", "")]).unknown(&check());
        attached(case(7200), &power).rows(vec![aws_managed("PowerUserAccess", SOMETHING)]).passes(&check());
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
        case(3600).lost::<ManagedPolicy>().unknown(&check());
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
}
