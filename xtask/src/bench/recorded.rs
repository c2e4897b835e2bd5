//! What a scan asked for, as the simulator wrote it down: calls and bytes by account, counted by the other side.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde_json::Value as Json;

/// The sums of a recording.
#[derive(Debug, Default, PartialEq)]
pub struct Recorded {
    /// All requests.
    pub requests: u64,
    /// For the organization as a whole: the roster, the units, AWS-managed policies.
    pub once: u64,
    /// Accounts that were asked for anything.
    pub accounts: u64,
    /// Calls for accounts, without polls and without repeats of throttled ones.
    pub calls: u64,
    /// The most of any account.
    pub most_calls: u64,
    /// Questions whether a credential report is ready, beyond the first.
    pub polls: u64,
    /// Bodies of all answers about accounts.
    pub bytes: u64,
    /// Throttled requests.
    pub throttled: u64,
    /// Accounts whose role could not be assumed.
    pub refused: u64,
}

#[derive(Default)]
struct Account {
    calls: u64,
    reports: u64,
    assumed: bool,
    refused: bool,
}

impl Recorded {
    /// Reads a recording.
    pub fn read(path: &Path) -> Result<Self, String> {
        let place = |problem: String| format!("{}: {problem}", path.display());
        let file = File::open(path).map_err(|error| place(error.to_string()))?;
        let mut lines = Vec::new();
        for line in BufReader::new(file).lines() {
            let line = line.map_err(|error| place(error.to_string()))?;
            lines.push(serde_json::from_str(&line).map_err(|error| place(error.to_string()))?);
        }
        Ok(Self::of(lines))
    }

    fn of(lines: impl IntoIterator<Item = Json>) -> Self {
        let mut whole = Self::default();
        let mut accounts: BTreeMap<String, Account> = BTreeMap::new();
        for line in lines {
            whole.requests += 1;
            let action = line["action"].as_str().unwrap_or_default();
            let status = line["status"].as_u64().unwrap_or_default();
            let answer_bytes = line["answer_bytes"].as_u64().unwrap_or_default();
            if ["Throttling", "TooManyRequestsException"]
                .contains(&line["error"].as_str().unwrap_or_default())
            {
                whole.throttled += 1;
                continue;
            }
            let Some(id) = line["account"].as_str().filter(|_| !is_once_a_scan(action, &line["body"])) else {
                whole.once += 1;
                continue;
            };
            let account = accounts.entry(id.to_owned()).or_default();
            whole.bytes += answer_bytes;
            match action {
                "sts:AssumeRole" if status == 200 => account.assumed = true,
                "sts:AssumeRole" => account.refused = true,
                "iam:GetCredentialReport" => account.reports += 1,
                _ => {}
            }
            account.calls += 1;
        }
        for account in accounts.values_mut() {
            let polls = account.reports.saturating_sub(1);
            account.calls -= polls;
            whole.polls += polls;
            whole.calls += account.calls;
            whole.most_calls = whole.most_calls.max(account.calls);
            whole.refused += u64::from(account.refused && !account.assumed);
        }
        whole.accounts = accounts.len() as u64;
        whole
    }
}

/// What is the same in every account is read through one of them: it is not that account's call.
fn is_once_a_scan(action: &str, body: &Json) -> bool {
    let body = body.as_str().unwrap_or_default();
    match action {
        "iam:ListPolicies" => body.contains("Scope=AWS"),
        "iam:GetPolicyVersion" => body.contains("%3Aiam%3A%3Aaws%3Apolicy%2F"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn polls_shared_reads_and_refusals_are_told_apart() {
        let line = |account: Option<&str>, action: &str, status: u64, body: &str| json!({"account": account, "action": action, "status": status, "body": body, "answer_bytes": 10});
        let mut throttled = line(Some("1"), "iam:GetAccountSummary", 400, "");
        throttled["error"] = json!("Throttling");
        let recorded = Recorded::of([
            line(None, "organizations:ListAccounts", 200, ""),
            line(Some("1"), "sts:AssumeRole", 200, ""),
            throttled,
            line(Some("1"), "iam:GetAccountSummary", 200, ""),
            line(Some("1"), "iam:GetCredentialReport", 404, ""),
            line(Some("1"), "iam:GetCredentialReport", 200, ""),
            line(Some("1"), "iam:GetPolicyVersion", 200, "PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FX"),
            line(Some("2"), "sts:AssumeRole", 403, ""),
        ]);
        let wanted = Recorded {
            requests: 8,
            once: 2,
            accounts: 2,
            calls: 4,
            most_calls: 3,
            polls: 1,
            bytes: 50,
            throttled: 1,
            refused: 1,
        };
        assert_eq!(recorded, wanted);
    }
}
