//! Which of several gains is the strongest, so that it is the one that is reported.

use crate::catalogue::{AccessLevel, Catalogue};
use crate::pattern::MADE_UP;
use crate::questions::sample::NOBODY;

/// How much an action helps someone who wants more permissions, more being more.
pub(super) type Strength = u8;

/// Control of everything.
pub(super) const ADMINISTRATOR: Strength = 9;
/// It is not known what.
pub(super) const NOT_KNOWN: Strength = 0;

/// Services that decide who may do what, everywhere.
const OF_IDENTITY: [&str; 4] = ["iam", "organizations", "sso", "sts"];

/// Of an action, by AWS's access levels: an action of everything, of a service, or one that sets permissions is worth more
/// than one that writes, and that more than one that reads.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html>
pub(super) fn of_action(action: &str) -> Strength {
    let (service, name) = action.split_once(':').unwrap_or((action, ""));
    let is_any = |text: &str| text.contains(MADE_UP) || text.contains(NOBODY);
    if is_any(service) {
        return 8;
    }
    let of_identity = OF_IDENTITY.contains(&service);
    if name == MADE_UP {
        return if of_identity { 7 } else { 5 };
    }
    if service == "sts" && name.to_ascii_lowercase().starts_with("assume") {
        return 6;
    }
    let level = Catalogue::get().action(action).and_then(|listed| listed.levels().last());
    match level {
        Some(AccessLevel::PermissionsManagement) if of_identity => 6,
        Some(AccessLevel::PermissionsManagement) => 4,
        Some(AccessLevel::Read | AccessLevel::Tagging) => 2,
        Some(AccessLevel::List) => 1,
        // What is not listed may be anything.
        Some(AccessLevel::Write) | None => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sets_permissions_is_worth_more_than_what_writes_and_that_more_than_what_reads() {
        let order = [
            "any-7c1f0d52:any-7c1f0d52",
            "iam:any-7c1f0d52",
            "iam:AttachUserPolicy",
            "s3:any-7c1f0d52",
            "s3:PutBucketPolicy",
            "s3:PutObject",
            "s3:GetObject",
            "s3:ListBucket",
        ];
        for pair in order.windows(2) {
            assert!(of_action(pair[0]) > of_action(pair[1]), "{pair:?}");
        }
        assert_eq!(of_action("sts:assumerole"), of_action("iam:putrolepolicy"));
    }
}
