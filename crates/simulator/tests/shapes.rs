//! Accounts of a given size, other partitions, and what is served at all.

use orgsweep_simulator::Options;
use serde_json::json;

use crate::client::{Caller, World, options};

fn sized() -> World {
    World::start(Options { users: Some(40), roles: Some(60), policies: Some(30), ..options(6) })
}

fn details(caller: &Caller) -> String {
    let answer = caller.iam("GetAccountAuthorizationDetails", &[("MaxItems", "1000")]);
    assert_eq!(answer.status, 200);
    answer.body
}

#[test]
fn every_account_has_exactly_what_was_asked_for() {
    let world = sized();
    for index in 0..6 {
        let member = world.member(index);
        for (action, name, wanted) in
            [("ListUsers", "UserName", 40), ("ListRoles", "RoleName", 60), ("ListPolicies", "PolicyName", 30)]
        {
            let listed = member.iam(action, &[("MaxItems", "1000"), ("Scope", "Local")]).texts(name);
            assert_eq!(listed.len(), wanted, "{action}");
            let distinct: std::collections::BTreeSet<&String> = listed.iter().collect();
            assert_eq!(distinct.len(), wanted, "{action}");
        }
    }
    let few = World::start(Options { users: Some(0), roles: Some(1), policies: Some(0), ..options(2) });
    let member = few.member(1);
    assert_eq!(member.iam("ListRoles", &[]).texts("RoleName"), ["OrgsweepAudit"]);
    assert!(member.iam("ListUsers", &[]).texts("UserName").is_empty());
    assert!(member.iam("ListPolicies", &[("Scope", "Local")]).texts("PolicyName").is_empty());
}

/// What a real account of this size answers: a few hundred kilobytes, mostly documents.
#[test]
fn documents_are_of_real_sizes() {
    let world = sized();
    let member = world.member(1);
    let body = details(&member);
    assert!((150_000..800_000).contains(&body.len()), "{}", body.len());
    let answer = member.iam("GetAccountAuthorizationDetails", &[("Filter.member.1", "LocalManagedPolicy")]);
    let mut sizes: Vec<usize> =
        answer.texts("Document").iter().map(|document| decoded(document).len()).collect();
    sizes.sort_unstable();
    let (median, largest) = (sizes[sizes.len() / 2], sizes[sizes.len() - 1]);
    assert!((500..3000).contains(&median), "{median}");
    assert!((1500..6144).contains(&largest), "{largest}");
    for document in answer.texts("Document") {
        let parsed: serde_json::Value = serde_json::from_str(&decoded(&document)).unwrap();
        assert_eq!(parsed["Version"], "2012-10-17");
    }
}

fn decoded(document: &str) -> String {
    percent_encoding::percent_decode_str(document).decode_utf8().unwrap().into_owned()
}

#[test]
fn the_same_seed_gives_the_same_accounts_in_any_order() {
    let (first, second) = (sized(), sized());
    for index in (0..6).rev() {
        second.member(index).iam("ListRoles", &[]);
    }
    let mut bodies = Vec::new();
    for index in 0..6 {
        let (one, other) = (details(&first.member(index)), details(&second.member(index)));
        let facts = |body: &str| body.split("<ResponseMetadata>").next().unwrap().to_owned();
        assert_eq!(facts(&one), facts(&other));
        bodies.push(facts(&one));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 6, "no two accounts are the same");
}

#[test]
fn another_partition_is_in_every_arn() {
    for partition in ["aws-cn", "aws-us-gov"] {
        let world = World::start(Options {
            partition: partition.to_owned(),
            with_everything: true,
            chain: true,
            users: Some(12),
            roles: Some(30),
            ..options(25)
        });
        let hub = world.hub();
        let between = hub.assume(&world.running.hub_role_arn().unwrap(), &[]).unwrap();
        let role_arn = format!("arn:{partition}:iam::{}:role/orgsweep/OrgsweepAudit", world.account(1));
        let wrong = role_arn.replace(partition, "aws");
        assert_eq!(between.assume(&wrong, &[]).err().unwrap().code(), "AccessDenied");
        let member = between.assume(&role_arn, &[]).unwrap();
        let mut bodies = vec![details(&member)];
        for action in
            ["ListRoles", "ListUsers", "ListPolicies", "ListVirtualMFADevices", "ListServerCertificates"]
        {
            bodies.push(member.iam(action, &[("MaxItems", "1000")]).body);
        }
        bodies.push(member.iam("ListSAMLProviders", &[]).body);
        bodies.push(member.iam("ListOpenIDConnectProviders", &[]).body);
        for _ in 0..4 {
            member.iam("GenerateCredentialReport", &[]);
            bodies.push(member.iam("GetCredentialReport", &[]).body);
        }
        bodies.push(member.sts("GetCallerIdentity", &[]).body);
        bodies.push(hub.sts("GetCallerIdentity", &[]).body);
        for action in ["DescribeOrganization", "ListAccounts", "ListRoots"] {
            bodies.push(hub.organizations(action, &json!({})).body);
        }
        for body in &bodies {
            let text = decoded(body);
            let arns: Vec<&str> =
                text.split("arn:").skip(1).filter_map(|rest| rest.split(':').next()).collect();
            assert!(arns.iter().all(|found| *found == partition), "{text}");
        }
        assert!(bodies[0].contains(partition));
    }
}

#[test]
fn every_action_that_a_fault_may_name_is_served() {
    let world = World::start(options(3));
    let (hub, member) = (world.hub(), world.member(1));
    // The message for a misspelt action names one that is served; here they are all asked.
    for action in [
        "GetAccountAuthorizationDetails",
        "GetAccountSummary",
        "GetAccountPasswordPolicy",
        "GenerateCredentialReport",
        "GetCredentialReport",
        "ListVirtualMFADevices",
        "ListRoles",
        "ListUsers",
        "ListAccessKeys",
        "ListMFADevices",
        "ListServiceSpecificCredentials",
        "ListServerCertificates",
        "ListSAMLProviders",
        "ListOpenIDConnectProviders",
        "ListAccountAliases",
        "ListPolicies",
        "GetPolicyVersion",
    ] {
        assert!(!member.iam(action, &[]).body.contains("InvalidAction"), "{action}");
        let fault = format!("[[fault]]\nkind = \"hang\"\naction = \"iam:{action}\"");
        assert!(orgsweep_simulator::parse_faults(&fault).is_ok(), "{action}");
    }
    for action in [
        "DescribeOrganization",
        "ListAccounts",
        "ListAccountsForParent",
        "ListRoots",
        "ListOrganizationalUnitsForParent",
        "ListParents",
        "DescribeAccount",
        "DescribeOrganizationalUnit",
        "ListTagsForResource",
        "ListPolicies",
        "ListPoliciesForTarget",
        "ListTargetsForPolicy",
        "DescribePolicy",
    ] {
        assert_ne!(hub.organizations(action, &json!({})).code(), "UnknownOperationException", "{action}");
        let fault = format!("[[fault]]\nkind = \"hang\"\naction = \"organizations:{action}\"");
        assert!(orgsweep_simulator::parse_faults(&fault).is_ok(), "{action}");
    }
    assert_eq!(member.iam("ListNothing", &[]).code(), "AccessDenied");
    assert_eq!(hub.iam("ListNothing", &[]).code(), "InvalidAction");
}
