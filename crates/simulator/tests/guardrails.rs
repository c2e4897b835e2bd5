//! Service and resource control policies, as Organizations lists and describes them.

use orgsweep_simulator::Options;
use serde_json::{Value as Json, json};

use crate::client::{Caller, World, options};

const SERVICE: &str = "SERVICE_CONTROL_POLICY";
const RESOURCE: &str = "RESOURCE_CONTROL_POLICY";

fn policies(hub: &Caller, kind: &str) -> Vec<Json> {
    hub.list_with("ListPolicies", "Policies", json!({"Filter": kind})).0
}

fn described(hub: &Caller, id: &Json) -> Json {
    serde_json::from_str(&hub.organizations("DescribePolicy", &json!({"PolicyId": id})).body).unwrap()
}

fn targets(hub: &Caller, id: &Json) -> (Vec<Json>, usize) {
    hub.list_with("ListTargetsForPolicy", "Targets", json!({"PolicyId": id}))
}

fn ids(policies: &[Json]) -> Vec<&str> {
    let mut ids: Vec<&str> = policies.iter().map(|policy| policy["Id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn the_root_has_both_types_and_each_lists_its_own() {
    let world = World::start(options(30));
    let hub = world.hub();
    let roots = hub.list("ListRoots", "Roots").0;
    let enabled = json!([{"Type": SERVICE, "Status": "ENABLED"}, {"Type": RESOURCE, "Status": "ENABLED"}]);
    assert_eq!(roots[0]["PolicyTypes"], enabled);
    let (service, resource) = (policies(&hub, SERVICE), policies(&hub, RESOURCE));
    assert_eq!((service.len(), resource.len()), (5, 2));
    for (kind, all, managed, word) in [
        (SERVICE, &service, "p-FullAWSAccess", "service_control_policy"),
        (RESOURCE, &resource, "p-RCPFullAWSAccess", "resource_control_policy"),
    ] {
        for policy in all {
            assert_eq!(policy["Type"], kind);
            assert_eq!(policy["AwsManaged"], policy["Id"] == managed);
            let whole = described(&hub, &policy["Id"]);
            assert_eq!(whole["Policy"]["PolicySummary"], *policy);
            let document: Json = serde_json::from_str(whole["Policy"]["Content"].as_str().unwrap()).unwrap();
            let statement = &document["Statement"][0];
            let effect = if policy["Id"] == managed { "Allow" } else { "Deny" };
            assert_eq!(statement["Effect"], effect);
            // Only a resource control policy has a principal, and it must.
            assert_eq!(statement["Principal"].is_null(), kind == SERVICE);
        }
        let arn = format!("arn:aws:organizations::aws:policy/{word}/{managed}");
        assert!(all.iter().any(|policy| policy["Arn"] == arn.as_str()), "{all:?}");
    }
}

#[test]
fn targets_come_in_pages_and_agree_with_the_policies_of_a_target() {
    let world = World::start(options(30));
    let hub = world.hub();
    // 1 root, 9 units, 30 accounts: two pages and an empty one between.
    for id in ["p-FullAWSAccess", "p-RCPFullAWSAccess"] {
        let (everywhere, pages) = targets(&hub, &json!(id));
        assert_eq!((everywhere.len(), pages), (40, 3));
        let count = |kind: &str| everywhere.iter().filter(|target| target["Type"] == kind).count();
        assert_eq!((count("ROOT"), count("ORGANIZATIONAL_UNIT"), count("ACCOUNT")), (1, 9, 30));
    }
    let all = targets(&hub, &json!("p-FullAWSAccess")).0;
    let mut attached = Vec::new();
    for policy in policies(&hub, SERVICE).into_iter().chain(policies(&hub, RESOURCE)) {
        let (places, _) = targets(&hub, &policy["Id"]);
        let names: Vec<&str> = places.iter().map(|place| place["Name"].as_str().unwrap()).collect();
        if policy["AwsManaged"] == false {
            attached.push((policy["Name"].as_str().unwrap().to_owned(), names.join(" ")));
        }
        for target in &all {
            let input = json!({"TargetId": target["TargetId"], "Filter": policy["Type"]});
            let of_target = hub.list_with("ListPoliciesForTarget", "Policies", input).0;
            assert_eq!(of_target.contains(&policy), places.contains(target), "{policy} {target}");
        }
    }
    let attached: Vec<(&str, &str)> =
        attached.iter().map(|(name, places)| (name.as_str(), places.as_str())).collect();
    assert_eq!(
        attached,
        [
            ("deny-leaving-the-organization", "Root"),
            ("deny-other-regions", "Workloads"),
            ("deny-access-keys", "Prod"),
            ("deny-root-user", ""),
            ("deny-roles-to-strangers", "Root"),
        ]
    );
}

#[test]
fn small_pages_have_an_empty_one_between_and_tokens_are_for_one_listing() {
    let world = World::start(options(3));
    let hub = world.hub();
    let input = json!({"Filter": SERVICE, "MaxResults": 2});
    let (small, pages) = hub.list_with("ListPolicies", "Policies", input.clone());
    assert_eq!((ids(&small), pages), (ids(&policies(&hub, SERVICE)), 4));
    let first: Json = serde_json::from_str(&hub.organizations("ListPolicies", &input).body).unwrap();
    let other = json!({"Filter": RESOURCE, "NextToken": first["NextToken"]});
    assert_eq!(hub.organizations("ListPolicies", &other).code(), "InvalidInputException");
    let large = json!({"Filter": SERVICE, "MaxResults": 21});
    assert_eq!(hub.organizations("ListPolicies", &large).code(), "InvalidInputException");
}

#[test]
fn what_is_not_there_is_refused_in_awss_words() {
    let world = World::start(options(3));
    let hub = world.hub();
    for (action, input, code) in [
        ("DescribePolicy", json!({"PolicyId": "p-nothing00"}), "PolicyNotFoundException"),
        ("ListTargetsForPolicy", json!({"PolicyId": "p-nothing00"}), "PolicyNotFoundException"),
        ("ListPolicies", json!({}), "InvalidInputException"),
        ("ListPolicies", json!({"Filter": "NO_POLICY"}), "InvalidInputException"),
        (
            "ListPoliciesForTarget",
            json!({"TargetId": "ou-none-nothing0", "Filter": SERVICE}),
            "TargetNotFoundException",
        ),
    ] {
        let (status, found, _) = hub.organizations(action, &input).error();
        assert_eq!((status, found.as_str()), (400, code), "{action} {input}");
    }
    let member = world.member(1);
    let refused = member.organizations("ListPolicies", &json!({"Filter": SERVICE}));
    assert_eq!(refused.code(), "AccessDeniedException");
    let policy = json!({"Statement": {"Effect": "Allow", "Action": "organizations:List*", "Resource": "*"}});
    let world = World::start(Options { hub_policy: Some(policy.to_string()), ..options(3) });
    let narrow = world.hub();
    assert_eq!(policies(&narrow, SERVICE).len(), 5);
    let refused = narrow.organizations("DescribePolicy", &json!({"PolicyId": "p-FullAWSAccess"}));
    assert_eq!(refused.code(), "AccessDeniedException");
}

#[test]
fn they_follow_from_the_seed_and_the_partition() {
    let told = |options: Options| {
        let world = World::start(options);
        let hub = world.hub();
        let all = [policies(&hub, SERVICE), policies(&hub, RESOURCE)].concat();
        let whole: Vec<String> = all.iter().map(|one| described(&hub, &one["Id"]).to_string()).collect();
        whole.join("\n")
    };
    let one = told(options(3));
    assert_eq!(one, told(options(3)));
    assert_ne!(one, told(Options { seed: 8, ..options(3) }));
    let china = told(Options { partition: "aws-cn".to_owned(), ..options(3) });
    assert!(china.contains("cn-north-1") && china.contains("arn:aws-cn:iam::*:role/"), "{china}");
    assert!(!china.contains("arn:aws:"), "{china}");
}

#[test]
fn a_hostile_one_comes_through_as_it_is() {
    let world = World::start(Options { hostile_names: true, ..options(6) });
    let hub = world.hub();
    let all = policies(&hub, SERVICE);
    let hostile = all.iter().find(|policy| policy["Name"].as_str().unwrap().contains('\u{1b}')).unwrap();
    assert!(hostile["Name"].as_str().unwrap().contains("\u{202e}evil<script>"), "{hostile}");
    let content = described(&hub, &hostile["Id"])["Policy"]["Content"].as_str().unwrap().to_owned();
    assert!(serde_json::from_str::<Json>(&content).is_err() && content.contains('\0'), "{content:?}");
    let places = targets(&hub, &hostile["Id"]).0;
    assert!(places[0]["Name"].as_str().unwrap().contains('\u{7}'), "{places:?}");
}
