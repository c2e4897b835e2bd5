//! Region locks: service control policies that deny what is asked for elsewhere, and services that have one endpoint.

use orgsweep_model::facts::Principal;
use orgsweep_simulator::Options;

use super::{ask, world};
use crate::support::{World, options};

/// What an administrator of a member is told where a service control policy denies requests to other Regions than these.
struct Locked {
    world: World,
    admin: String,
}

impl Locked {
    fn to(partition: &str, regions: &str, spared: &str) -> Self {
        let what = if spared.is_empty() {
            r#""Action":"*""#.to_owned()
        } else {
            format!(r#""NotAction":[{spared}]"#)
        };
        let lock = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Lock","Effect":"Deny",{what},"Resource":"*",
                "Condition":{{"StringNotEquals":{{"aws:RequestedRegion":[{regions}]}}}}}}]}}"#
        );
        let partition = partition.to_owned();
        let world = world(Options { partition, service_control_policy: Some(lock), ..options(3) });
        let said = world.scan(&["--quiet", "--collect", "policies", "--check", "iam-root-mfa-missing"]);
        assert_eq!(said.code, 0, "{}", said.errors);
        let management = world.running.management_account_id();
        let roles: Vec<Principal> = world.rows();
        let of_member = |one: &&Principal| {
            one.name == "OrganizationAccountAccessRole" && one.account_id.as_str() != management
        };
        let admin = roles.iter().find(of_member).unwrap().principal_arn.clone();
        Self { world, admin }
    }

    /// `denied by the lock`, or the decision.
    fn decision(&self, action: &str, resource: &str) -> String {
        let resource = resource.replace("{}", self.admin.split(':').nth(4).unwrap());
        let said = ask(&self.world.lake(), &self.admin, action, &resource, &["--format", "json"]);
        assert_eq!(said.code, 0, "{action}: {}{}", said.output, said.errors);
        let json: serde_json::Value = serde_json::from_str(&said.output).unwrap();
        let reason = json["answer"]["reason"].as_str().unwrap_or_default();
        let by_lock = if reason.contains("statement 1 (Lock)") { " by the lock" } else { "" };
        format!("{}{by_lock}", json["answer"]["decision"].as_str().unwrap())
    }
}

/// Services with one endpoint, an action on something of theirs, and where the endpoint is.
const SINGLE: [(&str, &str, &str); 15] = [
    ("iam:ListUsers", "*", "us-east-1"),
    ("waf:ListRules", "*", "us-east-1"),
    ("globalaccelerator:ListAccelerators", "*", "us-west-2"),
    ("importexport:ListJobs", "*", "us-east-1"),
    ("budgets:ViewBudget", "arn:aws:budgets::{}:budget/monthly", "us-east-1"),
    ("ce:GetCostAndUsage", "*", "us-east-1"),
    ("cur:DescribeReportDefinitions", "*", "us-east-1"),
    ("health:DescribeEvents", "*", "us-east-1"),
    ("shield:ListProtections", "*", "us-east-1"),
    ("route53domains:ListDomains", "*", "us-east-1"),
    // The log of every one of its operations says us-west-2:
    // https://docs.aws.amazon.com/awssupport/latest/user/logging-using-cloudtrail-support-plans.html
    ("supportplans:GetSupportPlan", "*", "us-west-2"),
    ("supportplans:StartSupportPlanUpdate", "*", "us-west-2"),
    ("cloudfront:ListDistributions", "*", "us-east-1"),
    ("route53:ListHostedZones", "*", "us-east-1"),
    ("organizations:DescribeOrganization", "*", "us-east-1"),
];

/// What is called in one Region whatever is said, is denied where that one is not allowed: "as good as allowed" would be wrong.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-requested-region.html>
#[test]
fn services_with_one_endpoint_are_held_by_region_locks() {
    for regions in [&["eu-central-1"][..], &["us-east-1", "eu-central-1"], &["us-west-2"]] {
        let list: Vec<String> = regions.iter().map(|region| format!("{region:?}")).collect();
        let locked = Locked::to("aws", &list.join(","), "");
        for (action, resource, at) in SINGLE {
            let wanted = if regions.contains(&at) { "allowed" } else { "denied by the lock" };
            assert_eq!(locked.decision(action, resource), wanted, "{action} {regions:?}");
        }
        // Amazon Q Developer in chat applications (chatbot) has four endpoints, and a queue is where it is asked for.
        // https://docs.aws.amazon.com/general/latest/gr/chatbot.html
        for action in ["chatbot:DescribeSlackWorkspaces", "sqs:ListQueues"] {
            assert_eq!(locked.decision(action, "*"), "allowed_if", "{action} {regions:?}");
        }
    }
}

/// AWS's own example spares some global services, and not all.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-requested-region.html>
#[test]
fn what_a_region_lock_spares_is_allowed() {
    let spared = r#""cloudfront:*","iam:*","organizations:*","route53:*","support:*""#;
    let locked = Locked::to("aws", r#""eu-central-1""#, spared);
    for (action, resource, _) in SINGLE {
        let service = action.split(':').next().unwrap();
        let is_spared = spared.contains(&format!("\"{service}:*\""));
        let wanted = if is_spared { "allowed" } else { "denied by the lock" };
        assert_eq!(locked.decision(action, resource), wanted, "{action}");
    }
}

/// IAM is in one Region of each partition.
/// <https://docs.aws.amazon.com/general/latest/gr/iam-service.html>
#[test]
fn iam_of_other_partitions_is_held_by_region_locks() {
    for (partition, at, other) in
        [("aws-us-gov", "us-gov-west-1", "us-gov-east-1"), ("aws-cn", "cn-north-1", "cn-northwest-1")]
    {
        for (region, wanted) in [(at, "allowed"), (other, "denied by the lock")] {
            let locked = Locked::to(partition, &format!("{region:?}"), "");
            assert_eq!(locked.decision("iam:ListUsers", "*"), wanted, "{partition} {region}");
            let role = locked.admin.clone();
            assert_eq!(locked.decision("iam:GetRole", &role), wanted, "{partition} {region}");
        }
    }
}
