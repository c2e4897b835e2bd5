//! Resources of other accounts, of whose own policies nothing is known.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::catalogue::{AccessLevel, Catalogue};
use crate::layers::Attached;

/// In the place of the policy that a resource of another account may have.
pub(super) static OF_ANOTHER_ACCOUNT: LazyLock<[Attached; 1]> = LazyLock::new(|| {
    [Attached::unreadable("the resource's policy", "it belongs to another account and is not known")]
});

/// Services with an action that writes permissions on their resources. IAM's writes those of identities, and trust policies,
/// which are known.
static WITH_POLICIES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let writes = Catalogue::get().actions().filter(|action| {
        action.is(AccessLevel::PermissionsManagement)
            && ["Policy", "Permission", "Grant"].iter().any(|word| action.name().contains(word))
    });
    writes.map(|action| action.service()).filter(|service| *service != "iam").collect()
});

/// Whether resources of a service may have policies of their own.
pub(super) fn may_have_policies(service: &str) -> bool {
    WITH_POLICIES.contains(service)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>
    #[test]
    fn services_with_policies_of_resources() {
        for service in ["s3", "sqs", "sns", "lambda", "kms", "secretsmanager", "ecr", "events", "glue"] {
            assert!(may_have_policies(service), "{service}");
        }
        for service in ["iam", "config", "account", "athena", "autoscaling"] {
            assert!(!may_have_policies(service), "{service}");
        }
    }
}
