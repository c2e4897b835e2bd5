//! What to do about each kind of loss.

use orgsweep_model::Reason;

use crate::summary;

/// A sentence for a cause; `own`: in the caller's own account, where there is no role.
pub fn advice(reason: Reason, own: bool, caller_arn: &str, program: &str) -> String {
    match reason {
        Reason::Denied if own => format!(
            "the caller's own credentials lack it in the caller's own account: `{program} policy --for hub` grants it"
        ),
        Reason::Denied => format!(
            "the audit role lacks it, or a boundary takes it: `{program} policy --for member` is all that the role needs"
        ),
        Reason::DeniedByScp => {
            "a service control policy refuses it: exempt the audit role there, by a condition \
                                ArnNotLike on aws:PrincipalArn"
                .to_owned()
        }
        Reason::RoleMissingOrUntrusted => {
            // A session's own ARN names no role with its path.
            let caller = if caller_arn.contains(":iam:") { caller_arn } else { "ARN-OF-THE-HUB-ROLE" };
            format!(
                "where the role is missing, roll it out: `{program} policy --for member --format cloudformation`; where \
                 it is there, its trust should be `{program} policy --for trust --trusted-principal {caller}`, with \
                 the external id if it asks for one"
            )
        }
        Reason::ReportNotReady => {
            "AWS was still making the credential report: look again in some minutes".to_owned()
        }
        Reason::RegionDisabled => {
            "the account has STS off in the caller's Region: turn it on there, or use another --region"
                .to_owned()
        }
        Reason::TimedOut | Reason::Network => {
            "look at the way from here to AWS: network, proxy, endpoint".to_owned()
        }
        other => summary::hint(other).unwrap_or("look at AWS's words above").to_owned(),
    }
}
