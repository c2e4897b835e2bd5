//! Condition keys that certain services bring along when they take on a role: what no other service's request has.

use crate::context::{Context, Key};

/// A service with what its requests have besides the keys of every service's.
struct Bringer {
    service: &'static str,
    /// What a key begins with, of which the circumstances decide whether it is there, and with which value.
    families: &'static [&'static str],
    /// Keys, in lower case and as they are written, that are there, with values that the circumstances decide.
    present: &'static [(&'static str, &'static str)],
    /// Keys that may be there.
    open: &'static [(&'static str, &'static str)],
}

const BRINGERS: [Bringer; 3] = [
    // From the certificate with which a session is opened. The profile's mapping decides which parts of it become tags, and the
    // source identity is the subject's common name.
    // <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
    // <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html>
    Bringer {
        service: "rolesanywhere.amazonaws.com",
        families: &[
            "aws:PrincipalTag/x509Subject/",
            "aws:PrincipalTag/x509Issuer/",
            "aws:PrincipalTag/x509SAN/",
            "aws:RequestTag/x509Subject/",
            "aws:RequestTag/x509Issuer/",
            "aws:RequestTag/x509SAN/",
        ],
        present: &[("sts:sourceidentity", "sts:SourceIdentity")],
        open: &[("aws:tagkeys", "aws:TagKeys")],
    },
    // The cluster, namespace, service account and pod, unless the association turns the tags off.
    // <https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html>
    Bringer {
        service: "pods.eks.amazonaws.com",
        families: &["aws:RequestTag/eks-", "aws:RequestTag/kubernetes-"],
        present: &[],
        open: &[("aws:tagkeys", "aws:TagKeys"), ("sts:externalid", "sts:ExternalId")],
    },
    // The role that a domain is run with allows no other tags.
    // <https://docs.aws.amazon.com/datazone/latest/userguide/AmazonDataZoneDomainExecutionRole.html>
    Bringer {
        service: "datazone.amazonaws.com",
        families: &["aws:RequestTag/datazone"],
        present: &[],
        open: &[("aws:tagkeys", "aws:TagKeys")],
    },
];

/// What a service brings is added, unless the context says something of the key.
pub(super) fn brought_by(service: &str, mut context: Context) -> Context {
    let Some(bringer) = BRINGERS.iter().find(|bringer| bringer.service == service) else { return context };
    for family in bringer.families {
        context = context.with_family_unless_said(family, Key::Environment);
    }
    // No other tags.
    context = context.with_family_unless_said("aws:RequestTag/", Key::Absent);
    for key in bringer.present {
        context = context.with_state_unless_said(*key, Key::Present);
    }
    for key in bringer.open {
        context = context.with_state_unless_said(*key, Key::Environment);
    }
    context
}
