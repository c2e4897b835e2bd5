//! org-account-not-active.

use orgsweep_model::facts::RosterEntry;
use orgsweep_model::{AccountState, Check, Context, Organization, Report, Resource, Severity, check, manual};

check! {
    /// An account of the organization is suspended, closed or not yet activated, and was not scanned.
    ///
    /// ## Why it matters
    /// The account is easily forgotten. A closed account can be reinstated for 90 days, with all its keys and roles.
    ///
    /// ## What it cannot see
    /// Anything inside the account: it cannot be accessed, and all other checks are UNKNOWN there. With `--accounts-file` or
    /// `--single-account`, AWS Organizations is not called and the result is UNKNOWN.
    pub AccountNotActive {
        id: "org-account-not-active",
        title: "Account is not active",
        severity: Severity::Informational,
        version: 1,
        since: "0.1.0",
        resource: "AWS::Organizations::Account",
        controls: [
            nist_800_53(["AC-6", "CM-8"]), pci_dss(["2.2"]), iso_27001(["A.8.9"]), soc2(["CC8.1"]),
            well_architected(["SEC03-BP04"]),
        ],
        pages: [
            "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html",
            "https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html",
        ],
        settings: {},
    }
}

impl Check for AccountNotActive {
    type Reads<'a> = &'a [RosterEntry];

    fn evaluate(&self, roster: Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        for entry in roster {
            let fallback = context.organization.root_arn(entry.account_id);
            let arn = entry.account_arn.as_deref().unwrap_or(&fallback);
            let resource = Resource::new("AWS::Organizations::Account", arn, entry.account_name.as_deref());
            match entry.account_state {
                AccountState::Active => {
                    report.pass(resource);
                }
                AccountState::Suspended
                | AccountState::PendingClosure
                | AccountState::PendingActivation
                | AccountState::Closed => {
                    report
                        .fail(resource, format!("is {}", entry.account_state))
                        .evidence("account_state", entry.account_state.as_str())
                        .evidence("joined_at", entry.joined_at.map(|moment| moment.to_string()));
                }
                AccountState::Unstated if context.organization.id == Organization::NONE => {
                    report.unknown(
                        resource,
                        "AWS Organizations was not called: --accounts-file or --single-account",
                    );
                }
                AccountState::Unstated => {
                    report.unknown(resource, "AWS Organizations returned neither State nor Status");
                }
                AccountState::Unrecognized => {
                    report.unknown(
                        resource,
                        "AWS Organizations returned a state that this version does not know",
                    );
                }
            }
        }
    }
}

manual! {
    /// ## How to verify
    /// `aws organizations describe-account --account-id ID`: `State` is not ACTIVE.
    ///
    /// ## How to fix
    /// Decide whether to finish its activation, have it reinstated, or let it close and remove it from the organization. Until
    /// then, move it to an OU with an SCP that denies everything.
    ///
    /// - Console: AWS Organizations, AWS accounts.
    /// - CLI: `aws organizations move-account --account-id ID --source-parent-id P --destination-parent-id Q`,
    ///   `aws organizations close-account --account-id ID`.
    /// - Terraform: `aws_organizations_account` with its `parent_id`.
    ///
    /// ## How to back out
    /// Move it back. Within 90 days of closing, AWS Support reinstates an account.
    AccountNotActive
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, root_arn};

    #[test]
    fn every_state_has_its_verdict() {
        let check = AccountNotActive::default();
        Case::new().passes(&check);
        for state in [
            AccountState::Suspended,
            AccountState::PendingClosure,
            AccountState::PendingActivation,
            AccountState::Closed,
        ] {
            let outcome = Case::new().state(state).flags(&check, &root_arn());
            assert_eq!(outcome.evidence["account_state"], state.as_str());
        }
        Case::new().state(AccountState::Unstated).unknown(&check);
        Case::new().state(AccountState::Unrecognized).unknown(&check);
    }

    #[test]
    fn the_account_is_named_by_its_own_arn() {
        let entry = RosterEntry {
            account_id: "111122223333".parse().unwrap(),
            account_arn: Some("arn:aws:organizations::1:account/o-a/111122223333".to_owned()),
            account_name: Some("old".to_owned()),
            account_state: AccountState::Closed,
            joined_at: None,
            is_management: false,
            tags_json: None,
        };
        let case = Case::new().rows(vec![entry]);
        case.flags(&AccountNotActive::default(), "arn:aws:organizations::1:account/o-a/111122223333");
    }
}
