//! Resources of other accounts, of whose own policies nothing is known.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>

use std::sync::LazyLock;

use crate::catalogue::Catalogue;
use crate::layers::Attached;

/// In the place of the policy that a resource of another account may have.
pub(super) static OF_ANOTHER_ACCOUNT: LazyLock<[Attached; 1]> = LazyLock::new(|| {
    [Attached::unreadable("the resource's policy", "it belongs to another account and is not known")]
});

/// Whether resources of a service may have policies of their own, by AWS's table. IAM's are trust policies, which are known.
pub(super) fn may_have_policies(service: &str) -> bool {
    service != "iam" && Catalogue::get().has_resource_policies(service) != Some(false)
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
