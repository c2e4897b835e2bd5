//! What kind of organization to make up, and how its AWS misbehaves.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use crate::faults::script::Fault;

/// One action that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Where; `None`: everywhere.
    pub account: Option<String>,
    /// `iam:ListRoles`.
    pub action: String,
    /// By a service control policy, as AWS's message then says.
    pub by_scp: bool,
}

/// A role that somebody made by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenRole {
    /// The account that it is in.
    pub account: String,
    /// Its path and name, without the first slash.
    pub name: String,
    /// Who may assume it: a trust policy.
    pub trust: String,
    /// What it may do: a policy document.
    pub policy: String,
    /// `MaxSessionDuration`, seconds.
    pub session_seconds: u64,
    /// Names and values.
    pub tags: Vec<(String, String)>,
}

/// Settings of a simulator.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many accounts, the management account included.
    pub accounts: usize,
    /// Another number, another organization.
    pub seed: u64,
    /// The moment that dates follow.
    pub now: Timestamp,
    /// Wait before every answer.
    pub latency: Duration,
    /// `aws`, `aws-us-gov` or `aws-cn`: in every ARN.
    pub partition: String,

    /// Accounts that are suspended; `None`: one in sixty.
    pub suspended: Option<usize>,
    /// Accounts that refuse the audit role; `None`: one in thirty.
    pub refusing: Option<usize>,
    /// Accounts whose audit role may not read everything; `None`: one in sixty.
    pub broken: Option<usize>,

    /// What the audit roles' trust policies ask for.
    pub external_id: Option<String>,
    /// The audit roles' trust policies allow sts:AssumeRole and neither tags nor a source identity.
    pub trust_assume_only: bool,
    /// MaxSessionDuration of the audit roles, seconds.
    pub audit_role_session_seconds: u64,
    /// Sessions end after so many seconds, whatever was asked for.
    pub session_seconds: Option<u64>,
    /// AWS's packed form of any session policy or tag is too large.
    pub packed_policy_too_large: bool,
    /// The audit roles trust a role in the audit account and nobody else; that role trusts the hub user. Needs three
    /// accounts; fewer become three.
    pub chain: bool,
    /// The permissions of every audit role that is not planted as broken, instead of the usual ones: a policy document.
    pub member_policy: Option<String>,
    /// Whom every audit role trusts that was not planted as untrusting, instead of the usual ones: a trust policy.
    pub member_trust: Option<String>,
    /// The hub user's permissions: a policy document. `None`: it is an administrator.
    pub hub_policy: Option<String>,
    /// Roles beside those that are made up; one of the same name in the account gives way.
    pub given_roles: Vec<GivenRole>,

    /// Users in every account, instead of a made-up number.
    pub users: Option<usize>,
    /// Roles in every account, the audit role included, instead of a made-up number.
    pub roles: Option<usize>,
    /// Customer policies in every account, instead of a made-up number.
    pub policies: Option<usize>,
    /// A service control policy that is attached to the root besides: a policy document.
    pub service_control_policy: Option<String>,
    /// Every account has identity providers, certificates and service credentials.
    pub with_everything: bool,
    /// iam:GetAccountAuthorizationDetails leaves out policies that are boundaries and attached to nobody.
    pub boundaries_apart: bool,
    /// IAM gives no more items a page, however many are asked for, as AWS may; `None`: as many as are asked for.
    pub largest_page: Option<usize>,
    /// An AWS-managed policy, by name with path, that AWS has withdrawn: only an account where it is attached still lists it and
    /// gives its document.
    pub withdrawn_policy: Option<String>,
    /// Every account has a credential report of this age, which is given out whether a new one was asked for or not.
    pub report_age: Option<Duration>,
    /// The access keys of a user were made in the same second.
    pub twin_keys: bool,
    /// Every answer waits for up to 30 ms more, drawn from this number, the session and the request: another number, another
    /// order of the answers.
    pub shuffled: Option<u64>,
    /// Organizations leaves out `State`.
    pub without_state: bool,
    /// Organizations leaves out `Status`.
    pub without_status: bool,
    /// Organizations leaves out `Paths`.
    pub without_paths: bool,
    /// Names, tags, descriptions, aliases and documents that try to break whoever prints, parses or stores them.
    pub hostile_names: bool,
    /// Units that have another name than usual: `Workloads` → `CI/CD`. The accounts are the same ones.
    pub unit_names: BTreeMap<String, String>,

    /// The n-th page of ListAccounts, counted from 1, is refused.
    pub refused_list_page: Option<usize>,
    /// Refused actions.
    pub denied: Vec<Denial>,
    /// `service:Action` → every n-th request is throttled.
    pub throttled: BTreeMap<String, u64>,
    /// `service` or `service:Action` → requests a second, over all accounts, beyond which they are throttled.
    pub rates: BTreeMap<String, f64>,
    /// What goes wrong, and when; the first that applies to a request decides.
    pub faults: Vec<Fault>,
    /// Where every request is written down, one JSON line each.
    pub record: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            accounts: 60,
            seed: 7,
            now: Timestamp::now(),
            latency: Duration::ZERO,
            partition: "aws".to_owned(),
            suspended: None,
            refusing: None,
            broken: None,
            external_id: None,
            trust_assume_only: false,
            audit_role_session_seconds: 3600,
            session_seconds: None,
            packed_policy_too_large: false,
            chain: false,
            member_policy: None,
            member_trust: None,
            hub_policy: None,
            given_roles: Vec::new(),
            users: None,
            roles: None,
            policies: None,
            service_control_policy: None,
            with_everything: false,
            boundaries_apart: false,
            largest_page: None,
            withdrawn_policy: None,
            report_age: None,
            twin_keys: false,
            shuffled: None,
            without_state: false,
            without_status: false,
            without_paths: false,
            hostile_names: false,
            unit_names: BTreeMap::new(),
            refused_list_page: None,
            denied: Vec::new(),
            throttled: BTreeMap::new(),
            rates: BTreeMap::new(),
            faults: Vec::new(),
            record: None,
        }
    }
}

impl Options {
    /// Says what could never come true, before anybody waits for it.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !["aws", "aws-us-gov", "aws-cn"].contains(&self.partition.as_str()) {
            return Err(format!("partition {:?}: known are aws, aws-us-gov and aws-cn", self.partition));
        }
        let given = self.given_roles.iter().map(|role| (role.name.as_str(), role.session_seconds));
        for (role, seconds) in given.chain([("the audit role", self.audit_role_session_seconds)]) {
            if !(3600..=43_200).contains(&seconds) {
                return Err(format!(
                    "MaxSessionDuration of {role}: AWS takes 3600 to 43200 seconds, not {seconds}"
                ));
            }
        }
        if self.largest_page == Some(0) {
            return Err("largest page: a page has an item at least".to_owned());
        }
        let alone = [
            ("member policy", &self.member_policy),
            ("member trust", &self.member_trust),
            ("hub policy", &self.hub_policy),
            ("service control policy", &self.service_control_policy),
        ];
        let alone = alone.into_iter().filter_map(|(what, policy)| Some((what, policy.as_ref()?)));
        let given = self.given_roles.iter().flat_map(|role| {
            [("trust of a given role", &role.trust), ("policy of a given role", &role.policy)]
        });
        for (what, policy) in alone.chain(given) {
            let parsed: serde_json::Value =
                serde_json::from_str(policy).map_err(|error| format!("the {what}: {error}"))?;
            if parsed.get("Statement").is_none() {
                return Err(format!("the {what}: a policy document has a \"Statement\""));
            }
        }
        for (key, rate) in &self.rates {
            let known = match key.split_once(':') {
                Some(_) => crate::api::is_served(key),
                None => crate::api::SERVICES.iter().any(|service| service.word() == key),
            };
            if !known {
                return Err(format!(
                    "rate of {key:?}: expected iam, sts, organizations or an action of theirs"
                ));
            }
            if !(rate.is_finite() && *rate > 0.0) {
                return Err(format!("rate of {key}: expected a number above 0, not {rate}"));
            }
        }
        for (index, fault) in self.faults.iter().enumerate() {
            fault.check().map_err(|message| format!("fault {}: {message}", index + 1))?;
        }
        Ok(())
    }
}
