//! The fault script: what goes wrong, where, and at which request.

use serde::{Deserialize, Serialize};

use crate::api;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Throttling, or TooManyRequestsException of Organizations; 400.
    Throttle,
    /// ServiceFailure of IAM, InternalFailure of the others; 500.
    InternalError,
    /// ServiceUnavailable; 503.
    Unavailable,
    /// No answer, and the connection stays.
    Hang,
    /// The connection is reset before any answer.
    Reset,
    /// The headers promise the whole body, half of it comes, the connection ends.
    Truncated,
    /// 200 with an HTML page, as a proxy answers.
    WrongXml,
    /// 200 with well-formed XML (JSON from Organizations) about something else.
    GarbageXml,
    /// The caller's credentials are said to have expired; 403.
    ExpiredToken,
    /// The caller's clock is said to be 20 minutes slow, and the `Date` of the answer agrees; 403.
    ClockSkew,
    /// No policy allows it.
    Denied,
    /// A service control policy denies it.
    DeniedByScp,
    /// A page without entries whose marker leads to the page that was asked for.
    EmptyPage,
    /// The credential report is in progress for ever.
    ReportNeverReady,
    /// A user that GetAccountAuthorizationDetails shows is in no credential report and has no keys and devices; any
    /// policy version or organization policy that is asked for has gone.
    EntityGone,
    /// The body comes in pieces of 20 bytes, one every 100 ms.
    SlowDrip,
    /// STS is not active for the account in this Region; 403.
    RegionDisabled,
    /// STS answers about another account: the session that is given out is in that one.
    WrongAccount,
}

/// One entry of the script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// `iam:ListRoles`, or `*` for every action that the kind can befall.
    pub action: String,
    /// Where; `None`: everywhere. Of sts:AssumeRole the account of the role that is asked for, of anything else the
    /// account whose credentials sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// From the n-th request of the action in the account on, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// For so many requests; `None`: one if `nth` is given, else without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Of those only this share, from 0 to 1, drawn by the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Only requests for the n-th page; 2 is the first that carries a marker. `nth` then counts requests for that page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u64>,
    /// Sent as `x-amz-retry-after`, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// A file of `[[fault]]` entries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    #[serde(default)]
    fault: Vec<Fault>,
}

/// Reads a fault script.
pub fn parse_faults(text: &str) -> Result<Vec<Fault>, String> {
    let script: Script = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    for (index, fault) in script.fault.iter().enumerate() {
        fault.check().map_err(|message| format!("fault {}: {message}", index + 1))?;
    }
    Ok(script.fault)
}

impl FaultKind {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 18] = [
        Self::Throttle,
        Self::InternalError,
        Self::Unavailable,
        Self::Hang,
        Self::Reset,
        Self::Truncated,
        Self::WrongXml,
        Self::GarbageXml,
        Self::ExpiredToken,
        Self::ClockSkew,
        Self::Denied,
        Self::DeniedByScp,
        Self::EmptyPage,
        Self::ReportNeverReady,
        Self::EntityGone,
        Self::SlowDrip,
        Self::RegionDisabled,
        Self::WrongAccount,
    ];

    /// Whether the kind makes sense for `service:Action`.
    pub fn can_befall(self, action: &str) -> bool {
        match self {
            Self::EmptyPage => api::is_paged(action),
            Self::ReportNeverReady => {
                ["iam:GenerateCredentialReport", "iam:GetCredentialReport"].contains(&action)
            }
            Self::EntityGone => {
                let about_one = [
                    "iam:GetPolicyVersion",
                    "iam:ListAccessKeys",
                    "iam:ListMFADevices",
                    "organizations:DescribePolicy",
                    "organizations:ListTargetsForPolicy",
                ];
                action == "iam:GetCredentialReport" || about_one.contains(&action)
            }
            Self::RegionDisabled => action == "sts:AssumeRole",
            Self::WrongAccount => action.starts_with("sts:"),
            // It needs no permission.
            Self::Denied | Self::DeniedByScp => action != "sts:GetCallerIdentity",
            _ => true,
        }
    }

    fn may_say_when_to_come_again(self) -> bool {
        matches!(self, Self::Throttle | Self::Unavailable)
    }
}

impl Fault {
    /// A fault at every request of an action, in every account.
    pub fn new(kind: FaultKind, action: &str) -> Self {
        Self {
            kind,
            action: action.to_owned(),
            account: None,
            nth: None,
            times: None,
            share: None,
            page: None,
            retry_after_ms: None,
        }
    }

    /// Says why the fault could never happen as it is written.
    pub(crate) fn check(&self) -> Result<(), String> {
        let action = &self.action;
        if action != "*" {
            if !api::is_served(action) {
                return Err(format!(
                    "action {action:?}: the simulator does not serve it; {}",
                    nearest(action)
                ));
            }
            if !self.kind.can_befall(action) {
                return Err(format!("{:?} cannot befall {action}", self.kind));
            }
        }
        if let Some(account) = &self.account
            && !(account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(format!("account {account:?}: expected twelve digits"));
        }
        for (name, value) in [("nth", self.nth), ("times", self.times), ("page", self.page)] {
            if value == Some(0) {
                return Err(format!("{name}: counted from 1"));
            }
        }
        if let Some(share) = self.share
            && !(0.0..=1.0).contains(&share)
        {
            return Err(format!("share: expected 0 to 1, not {share}"));
        }
        if self.page.is_some_and(|page| page > 1) && action != "*" && !api::is_paged(action) {
            return Err(format!("page: {action} has no pages"));
        }
        if self.retry_after_ms.is_some() && !self.kind.may_say_when_to_come_again() {
            return Err("retry_after_ms: only for throttle and unavailable".to_owned());
        }
        Ok(())
    }
}

/// The action that a misspelt one may mean, or the services.
fn nearest(action: &str) -> String {
    let asked = action.to_ascii_lowercase();
    let all = api::SERVICES
        .iter()
        .flat_map(|service| service.actions().iter().map(|(name, _)| format!("{}:{name}", service.word())));
    let near = |known: &String| {
        let known = known.to_ascii_lowercase();
        known.starts_with(&asked) || asked.starts_with(&known)
    };
    match all.into_iter().find(near) {
        Some(known) => format!("did you mean {known}?"),
        None => "expected service:Action of iam, sts or organizations, or *".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_about_the_script_is_right() {
        const PAGE: &str = include_str!("../../README.md");
        let script = PAGE.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        assert_eq!(parse_faults(script).unwrap().len(), 3);
        // The reader itself says which kinds and keys there are.
        for wrong in ["kind = \"?\"", "kind = \"hang\"\naction = \"*\"\n\"?\" = 1"] {
            let message = parse_faults(&format!("[[fault]]\n{wrong}\n")).unwrap_err();
            let words = message.split("expected one of").nth(1).unwrap();
            for word in words.split('`').skip(1).step_by(2) {
                assert!(PAGE.contains(&format!("\n| `{word}` |")), "{word} is not in the page");
            }
        }
    }

    #[test]
    fn all_kinds_are_all_that_a_script_may_say() {
        let message = parse_faults("[[fault]]\nkind = \"?\"\naction = \"*\"\n").unwrap_err();
        let words: Vec<&str> =
            message.split("expected one of").nth(1).unwrap().split('`').skip(1).step_by(2).collect();
        let word = |kind| serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned();
        assert_eq!(FaultKind::ALL.map(word).to_vec(), words);
    }

    #[test]
    fn a_script_is_read_and_mistakes_are_named() {
        let script = "[[fault]]\nkind = \"throttle\"\naction = \"iam:ListRoles\"\naccount = \"123456789012\"\n\
                      nth = 2\ntimes = 3\nshare = 0.5\npage = 2\nretry_after_ms = 250\n\
                      [[fault]]\nkind = \"hang\"\naction = \"*\"\n";
        let faults = parse_faults(script).unwrap();
        assert_eq!(faults[1], Fault::new(FaultKind::Hang, "*"));
        assert_eq!(faults[0].retry_after_ms, Some(250));
        assert_eq!(parse_faults("").unwrap(), []);
        for (kind, rest, wanted) in [
            ("throtle", "", "`throtle`"),
            ("hang", "every = 2", "`every`"),
            ("hang", "nth = 0", "fault 1: nth: counted from 1"),
            ("hang", "share = 1.5", "share: expected 0 to 1"),
            ("hang", "account = \"12\"", "twelve digits"),
            ("hang", "retry_after_ms = 1", "only for throttle"),
            ("region_disabled", "", "RegionDisabled cannot befall iam:ListRoles"),
        ] {
            let script = format!("[[fault]]\nkind = \"{kind}\"\naction = \"iam:ListRoles\"\n{rest}\n");
            let message = parse_faults(&script).unwrap_err();
            assert!(message.contains(wanted), "{message}");
        }
        let message = parse_faults("[[fault]]\nkind = \"hang\"\naction = \"iam:ListRole\"").unwrap_err();
        assert!(message.contains("did you mean iam:ListRoles?"), "{message}");
        let message = parse_faults("[[faults]]\n").unwrap_err();
        assert!(message.contains("`faults`") && message.contains("`fault`"), "{message}");
        let paged = "[[fault]]\nkind = \"hang\"\naction = \"sts:AssumeRole\"\npage = 2";
        assert!(parse_faults(paged).unwrap_err().contains("has no pages"));
        let denied = "[[fault]]\nkind = \"denied\"\naction = \"sts:GetCallerIdentity\"";
        assert!(parse_faults(denied).unwrap_err().contains("cannot befall"));
    }
}
