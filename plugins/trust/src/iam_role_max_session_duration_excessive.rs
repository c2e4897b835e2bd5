//! iam-role-max-session-duration-excessive.

use std::collections::HashMap;

use orgsweep_model::facts::{
    AwsManagedPolicy, BoundaryPolicy, InlinePolicy, ManagedPolicy, PolicyAttachment, Role, RoleSessionLimit,
};
use orgsweep_model::text::bounded;
use orgsweep_model::{Check, Context, Gap, Report, Resource, Severity, check};
use orgsweep_policy::{Administrator, Attached, Layers, NotAPrincipal, Policy, Principal, administrator};

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
    /// "Privileged" means that the role may have every permission of its account whenever it likes: it can set the
    /// permissions, the trust or the credentials of every user and role, or make an administrator; by whatever policies it
    /// has, Denies and its permissions boundary taken into account. Ways that take a certain user, role or workload do not
    /// make it one. Service control policies are not counted: they come and go without the role's owner. What
    /// hangs on a condition, or on a document that could not be read, is UNKNOWN where it makes a difference: between
    /// `privileged_max_seconds` and `max_seconds`.
    pub RoleMaxSessionDurationExcessive {
        id: "iam-role-max-session-duration-excessive",
        title: "Role allows overlong sessions",
        severity: Severity::Low,
        version: 2,
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

/// Everything but documents that only some roles have must have been read.
type Documents<'a> = (
    &'a [PolicyAttachment],
    &'a [InlinePolicy],
    &'a [ManagedPolicy],
    Result<&'a [AwsManagedPolicy], &'a Gap>,
    Result<&'a [BoundaryPolicy], &'a Gap>,
);

impl Check for RoleMaxSessionDurationExcessive {
    type Reads<'a> = (&'a [Role], &'a [RoleSessionLimit], Documents<'a>);

    fn evaluate(
        &self,
        (roles, limits, documents): Self::Reads<'_>,
        context: &Context<'_>,
        report: &mut Report,
    ) {
        // A role that two pages list while roles come and go: the first counts.
        let limits: HashMap<&str, i32> =
            limits.iter().rev().map(|limit| (limit.role_arn.as_str(), limit.max_session_seconds)).collect();
        let mut policies = Policies::of(&documents, context);
        for role in roles {
            let resource = Resource::role(&role.role_arn);
            if role.path.starts_with("/aws-service-role/") || role.path.starts_with("/aws-reserved/") {
                report.not_applicable(resource, "AWS manages this role");
                continue;
            }
            let Some(&seconds) = limits.get(role.role_arn.as_str()) else {
                report.unknown(
                    resource,
                    "iam:ListRoles did not list the role: made or deleted during the scan",
                );
                continue;
            };
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
            let undecided = match policies.privileged(role) {
                Ok(Administrator::Yes) => {
                    report
                        .fail(resource, format!("is privileged, and sessions may last {seconds} seconds"))
                        .evidence("max_session_seconds", seconds)
                        .evidence("threshold_seconds", self.privileged_max_seconds);
                    continue;
                }
                Ok(Administrator::No { .. }) => {
                    report.pass(resource);
                    continue;
                }
                Ok(Administrator::If(residuals)) => {
                    let first = residuals.first().map(ToString::to_string).unwrap_or_default();
                    format!("the role is privileged if this holds: {first}")
                }
                Ok(Administrator::Unknown(doubts)) => {
                    let first = doubts.first().map(ToString::to_string).unwrap_or_default();
                    format!("whether the role is privileged cannot be told: {first}")
                }
                Err(error) => format!("whether the role is privileged cannot be told: {error}"),
            };
            report.unknown(resource, bounded(&undecided, LONGEST)).evidence("max_session_seconds", seconds);
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

/// Characters of a message: a condition may hold a long list.
const LONGEST: usize = 400;

/// What AWS's policy of this name says, and always will: it is known where its document was not read.
const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The account's policies, by whom they belong to.
struct Policies<'a> {
    context: &'a Context<'a>,
    documents: &'a Documents<'a>,
    inline: HashMap<&'a str, Vec<&'a InlinePolicy>>,
    attached: HashMap<&'a str, Vec<&'a str>>,
    /// Managed policies that were looked up, by ARN: many roles have the same.
    managed: HashMap<&'a str, Attached>,
}

impl<'a> Policies<'a> {
    fn of(documents: &'a Documents<'a>, context: &'a Context<'a>) -> Self {
        let (attachments, inline_policies, ..) = *documents;
        let mut inline: HashMap<&str, Vec<&InlinePolicy>> = HashMap::new();
        for policy in inline_policies {
            inline.entry(&policy.principal_arn).or_default().push(policy);
        }
        let mut attached: HashMap<&str, Vec<&str>> = HashMap::new();
        for attachment in attachments.iter().filter(|attachment| !attachment.as_boundary) {
            attached.entry(&attachment.principal_arn).or_default().push(&attachment.policy_arn);
        }
        Self { context, documents, inline, attached, managed: HashMap::new() }
    }

    /// Asks the policy engine, with the role's own policies and its boundary.
    fn privileged(&mut self, role: &'a Role) -> Result<Administrator, NotAPrincipal> {
        let own = self.inline.get(role.role_arn.as_str()).into_iter().flatten();
        let mut identity: Vec<Attached> = own
            .map(|policy| Attached::new(&policy.policy_name, Policy::compiled(&policy.document)))
            .collect();
        for arn in self.attached.get(role.role_arn.as_str()).cloned().unwrap_or_default() {
            identity.push(self.managed(arn));
        }
        let boundary = role.permissions_boundary_arn.as_deref().map(|arn| self.managed(arn));
        let layers = Layers { identity: &identity, boundary: boundary.as_ref(), ..Layers::default() };
        let circumstances =
            orgsweep_policy::Context::auditor().with("aws:PrincipalOrgID", &self.context.organization.id);
        Ok(administrator(&Principal::iam(&role.role_arn)?, circumstances, &layers))
    }

    fn managed(&mut self, arn: &'a str) -> Attached {
        let (context, documents) = (self.context, self.documents);
        self.managed.entry(arn).or_insert_with(|| managed(arn, documents, context)).clone()
    }
}

/// A managed policy by its ARN, readable or not.
fn managed(arn: &str, documents: &Documents<'_>, context: &Context<'_>) -> Attached {
    let (_, _, managed, aws_managed, boundaries) = *documents;
    if let Some(policy) = managed.iter().find(|policy| policy.policy_arn == arn) {
        return Attached::new(arn, Policy::compiled(&policy.document)).in_version(&policy.default_version_id);
    }
    if let Some(policy) = boundaries.unwrap_or_default().iter().find(|policy| policy.policy_arn == arn) {
        return Attached::new(arn, Policy::compiled(&policy.document)).in_version(&policy.default_version_id);
    }
    if *arn == format!("arn:{}:iam::aws:policy/AdministratorAccess", context.organization.partition) {
        return Attached::new(arn, Policy::compiled(EVERYTHING));
    }
    let is_of_aws = arn.split(':').nth(4) == Some("aws");
    let gap = if is_of_aws { aws_managed.err() } else { boundaries.err() };
    match aws_managed.unwrap_or_default().iter().find(|policy| policy.policy_arn == arn) {
        Some(policy) if !policy.document.is_empty() => {
            Attached::new(arn, Policy::compiled(&policy.document)).in_version(&policy.default_version_id)
        }
        Some(_) => Attached::unreadable(arn, "AWS has withdrawn the policy"),
        None => match gap {
            Some(gap) => Attached::unreadable(arn, &format!("its document could not be read: {gap}")),
            None => Attached::unreadable(arn, "its document was not read"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_model::Row;
    use orgsweep_testkit::{
        Case, attachment, aws_managed, aws_managed_arn, customer_policy, inline_policy, role, role_arn,
        session_limit,
    };

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
            .none::<InlinePolicy>()
            .none::<ManagedPolicy>()
            .none::<AwsManagedPolicy>()
            .none::<BoundaryPolicy>()
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
        let inline = |document| case(7200).rows(vec![inline_policy(&role_arn("app"), "p", document)]);
        inline(EVERYTHING).flags(&check(), "app");
        inline(ALMOST).flags(&check(), "app");
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
    fn what_takes_back_counts() {
        let administrator = || attached(case(7200), &aws_managed_arn("AdministratorAccess"));
        // Of a Deny it does not matter in which policy it stands.
        administrator().rows(vec![inline_policy(&role_arn("app"), "stop", DENY)]).passes(&check());
        case(7200).rows(vec![inline_policy(&role_arn("app"), "both", BOTH)]).passes(&check());
        // A guardrail against one action makes it no less of an administrator.
        administrator().rows(vec![inline_policy(&role_arn("app"), "guard", GUARD)]).flags(&check(), "app");
        let bounded = |arn: &str| Role { permissions_boundary_arn: Some(arn.to_owned()), ..role("app") };
        let edge = customer_policy("edge", SOMETHING);
        let limited = administrator().rows(vec![bounded(&edge.policy_arn)]);
        limited.rows(vec![edge.clone()]).passes(&check());
        let apart = BoundaryPolicy {
            account_id: edge.account_id,
            policy_arn: edge.policy_arn.clone(),
            policy_name: edge.policy_name.clone(),
            default_version_id: "v1".to_owned(),
            document: SOMETHING.to_owned(),
        };
        let limited = || administrator().rows(vec![bounded(&edge.policy_arn)]);
        limited().rows(vec![apart]).passes(&check());
        limited().unknown(&check());
        limited().lost::<BoundaryPolicy>().unknown(&check());
        let all = customer_policy("all", EVERYTHING);
        administrator().rows(vec![bounded(&all.policy_arn)]).rows(vec![all]).flags(&check(), "app");
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
