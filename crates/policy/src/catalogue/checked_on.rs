//! The ARNs on which AWS checks actions without a listed resource type.

use std::sync::LazyLock;

/// An action in lower case, or all of a service, with the ARN that AWS checks it on, or `*`; sorted. Each line is from refusals
/// that were published; `${Path}` is what the caller may ask about, and is empty by itself. Those of `ec2` and `s3` are also in AWS's documentation:
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-policies-for-amazon-ec2.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-policies-s3.html>.
static CHECKED_ON: LazyLock<Vec<(String, &str)>> = LazyLock::new(|| {
    let lines = include_str!("../../data/checked-on.txt").lines();
    let pairs = lines.filter_map(|line| line.split_once(' '));
    let mut listed: Vec<_> = pairs.map(|(action, arn)| (action.to_ascii_lowercase(), arn)).collect();
    listed.sort_unstable();
    listed
});

/// What AWS checks an action on, if that is known.
pub(crate) fn checked_on(action_lower: &str) -> Option<&'static str> {
    let named = |name: &str| {
        let place = CHECKED_ON.binary_search_by(|(action, _)| action.as_str().cmp(name)).ok()?;
        CHECKED_ON.get(place).map(|(_, arn)| *arn)
    };
    let of_service = || {
        let (service, _) = action_lower.split_once(':')?;
        let all = CHECKED_ON.iter().find(|(action, _)| action.strip_suffix(":*") == Some(service));
        all.map(|(_, arn)| *arn)
    };
    named(action_lower).or_else(of_service)
}
