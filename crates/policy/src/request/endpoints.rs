//! Services with a single endpoint in a partition: "all requests to these services are made to" its Region.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-requested-region.html>

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// `partition prefix region`, and `* action` for actions of other services with the same prefix, which have endpoints in many
/// Regions. `cargo xtask catalogue` writes it. Its licence is in `data/NOTICE`.
const LISTED: &str = include_str!("../../data/single-endpoints.txt");

/// Partitions with the Region.
type Regions = Vec<(&'static str, &'static str)>;

struct Endpoints {
    of_prefix: HashMap<&'static str, Regions>,
    regional: HashSet<&'static str>,
}

static ENDPOINTS: LazyLock<Endpoints> = LazyLock::new(|| {
    let mut endpoints = Endpoints { of_prefix: HashMap::new(), regional: HashSet::new() };
    for line in LISTED.lines() {
        let mut fields = line.split(' ');
        match (fields.next(), fields.next(), fields.next()) {
            (Some("*"), Some(action), None) => {
                endpoints.regional.insert(action);
            }
            (Some(partition), Some(prefix), Some(region)) => {
                endpoints.of_prefix.entry(prefix).or_default().push((partition, region));
            }
            _ => {}
        }
    }
    endpoints
});

/// Where the single endpoint of a service is, by its prefix in lower case, in the partitions in which it has one.
pub(super) fn of(service: &str) -> Option<&'static [(&'static str, &'static str)]> {
    ENDPOINTS.of_prefix.get(service).map(Vec::as_slice)
}

/// Whether an action, in lower case, is of another service with the same prefix.
pub(super) fn is_regional(action_lower: &str) -> bool {
    ENDPOINTS.regional.contains(action_lower)
}
