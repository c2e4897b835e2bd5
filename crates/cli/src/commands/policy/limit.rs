//! How large AWS lets each document be. What is too large is printed all the same, with a note.

use super::{Format, Kind};

/// A quota, in characters. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>,
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    characters: usize,
    what: &'static str,
    /// IAM does not count white space.
    counts_space: bool,
}

const MANAGED: Limit = Limit { characters: 6144, what: "a managed policy", counts_space: false };
const INLINE: Limit = Limit { characters: 10_240, what: "a role's inline policies", counts_space: false };
const TRUST: Limit =
    Limit { characters: 2048, what: "a trust policy, unless the quota was raised", counts_space: false };
const SCP: Limit = Limit { characters: 10_240, what: "a service control policy", counts_space: true };

/// A sentence if the printed text of a document is too large for what it is meant for.
pub fn excess(kind: Kind, format: Format, text: &str) -> Option<String> {
    let limit = match kind {
        Kind::Member | Kind::Chain | Kind::Discovery if format != Format::Json => INLINE,
        Kind::Member | Kind::Chain | Kind::Discovery | Kind::Hub => MANAGED,
        Kind::Trust | Kind::ChainTrust | Kind::DiscoveryTrust => TRUST,
        Kind::Scp => SCP,
        // Refused where it is made, as a scan would.
        Kind::Session => return None,
    };
    let characters =
        text.chars().filter(|character| limit.counts_space || !character.is_whitespace()).count();
    (characters > limit.characters).then(|| {
        format!(
            "the {} policy has {characters} characters and AWS takes {} in {}: choose fewer checks, or split it",
            kind.word(),
            limit.characters,
            limit.what
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_its_own_and_space_counts_where_aws_counts_it() {
        let of = |length: usize| "x".repeat(length);
        for (kind, format, most) in [
            (Kind::Member, Format::Json, 6144),
            (Kind::Member, Format::Cloudformation, 10_240),
            (Kind::Hub, Format::Terraform, 6144),
            (Kind::Chain, Format::Json, 6144),
            (Kind::Discovery, Format::Terraform, 10_240),
            (Kind::ChainTrust, Format::Terraform, 2048),
            (Kind::Trust, Format::Json, 2048),
            (Kind::Scp, Format::Json, 10_240),
        ] {
            assert_eq!(excess(kind, format, &of(most)), None, "{kind:?}");
            let message = excess(kind, format, &of(most + 1)).unwrap();
            assert!(message.contains(&most.to_string()), "{message}");
        }
        let spaced = |length: usize| of(length) + "\n ";
        assert_eq!(excess(Kind::Trust, Format::Json, &spaced(2048)), None);
        assert!(excess(Kind::Scp, Format::Json, &spaced(10_240)).is_some());
    }
}
