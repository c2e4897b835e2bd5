//! The users of an account: the credential report joined with the list of users.
//!
//! The report may be four hours old. Users that were created since are missing in it, and users that were deleted since are still
//! there. A gap is never a pass: [`Users::reported`] hands over the users to judge and gives the others their outcome, so that no
//! check can forget them.

use std::collections::HashSet;

use orgsweep_model::facts::{AccessKey, Credential, User};
use orgsweep_model::{Context, Gap, Report, Resource};

use crate::rows::Rows;

/// A user of an account.
#[derive(Clone, Copy, Debug)]
pub enum UserEntry<'a> {
    /// The credential report shows it, and it is still there as far as is known.
    Reported(&'a Credential),
    /// It was deleted since the report was generated, and can do nothing any more.
    Deleted(&'a Credential),
    /// It is there, and the report does not show it.
    Unreported(&'a User),
}

/// The users of an account, root apart. A view: computed once an account.
#[derive(Debug)]
pub struct Users {
    credentials: Rows<Credential>,
    /// Those that iam:GetAccountAuthorizationDetails lists.
    listed: Result<Rows<User>, Gap>,
    /// Places of users in `credentials`, with whether they are still there.
    reported: Vec<(usize, bool)>,
    /// Places in `listed` of those that are not in `credentials`.
    unreported: Vec<usize>,
}

impl Users {
    /// Joins the rows of the report with the users that are listed, or the reason why they are not known.
    pub fn join(credentials: Rows<Credential>, listed: Result<Rows<User>, Gap>) -> Self {
        let users = listed.as_ref().map(Rows::as_slice).ok();
        let there: Option<HashSet<&str>> =
            users.map(|users| users.iter().map(|user| &*user.user_arn).collect());
        let rows = credentials.as_slice();
        let is_there = |arn: &str| there.as_ref().is_none_or(|there| there.contains(arn));
        let of_users = rows.iter().enumerate().filter(|(_, row)| !row.is_root);
        let reported = of_users.map(|(place, row)| (place, is_there(&row.user_arn))).collect();
        let shown: HashSet<&str> = rows.iter().map(|row| &*row.user_arn).collect();
        let users = users.unwrap_or_default().iter().enumerate();
        let unreported = users.filter(|(_, user)| !shown.contains(&*user.user_arn)).map(|(place, _)| place);
        let unreported = unreported.collect();
        Self { credentials, listed, reported, unreported }
    }

    /// Every user: those of the report that are there, those that were deleted since, those that it leaves out. Where the users
    /// could not be listed ([`Users::gap`]), none is known to be deleted or left out.
    pub fn entries(&self) -> impl Iterator<Item = UserEntry<'_>> {
        let of_report = self.there().map(UserEntry::Reported).chain(self.deleted().map(UserEntry::Deleted));
        of_report.chain(self.unreported().map(UserEntry::Unreported))
    }

    /// Why it is not known which users the report leaves out.
    pub fn gap(&self) -> Option<&Gap> {
        self.listed.as_ref().err()
    }

    /// The users to judge: those that the report shows and that are still there as far as is known. The others get their outcome
    /// at once: UNKNOWN those that the report leaves out, NOT_APPLICABLE those that were deleted since. Where the users could
    /// not be listed, it is not known whether the report leaves out any, and that is an outcome of the account.
    pub fn reported<'a>(
        &'a self,
        context: &Context<'_>,
        report: &mut Report,
    ) -> impl Iterator<Item = &'a Credential> + use<'a> {
        self.report_others(context, report);
        self.there()
    }

    /// The access keys to judge: those of the same users. Keys that have no row get their outcome at once: one that shows only by
    /// its last use is inactive, and passes what only an active key can break; those beyond the second are UNKNOWN.
    pub fn reported_keys<'a>(
        &'a self,
        keys: &'a [AccessKey],
        context: &Context<'_>,
        report: &mut Report,
    ) -> impl Iterator<Item = &'a AccessKey> + use<'a> {
        self.report_others(context, report);
        for user in self.there() {
            for slot in user.undated_keys(keys) {
                report.pass(Resource::user(&user.user_arn).part(format!("access-key-{slot}")));
            }
            if user.additional_credentials.is_some() {
                let resource = Resource::user(&user.user_arn).part("additional-credentials");
                additional_credentials(user, resource, report);
            }
        }
        let deleted: HashSet<&str> = self.deleted().map(|user| &*user.user_arn).collect();
        keys.iter().filter(move |key| !key.is_root() && !deleted.contains(&*key.user_arn))
    }

    fn there(&self) -> impl Iterator<Item = &Credential> {
        self.of_report(true)
    }

    fn deleted(&self) -> impl Iterator<Item = &Credential> {
        self.of_report(false)
    }

    fn of_report(&self, is_there: bool) -> impl Iterator<Item = &Credential> {
        let rows = self.credentials.as_slice();
        let meant = self.reported.iter().filter(move |(_, there)| *there == is_there);
        meant.map(|(place, _)| &rows[*place])
    }

    fn unreported(&self) -> impl Iterator<Item = &User> {
        let users = self.listed.as_ref().map_or(&[][..], Rows::as_slice);
        self.unreported.iter().map(|place| &users[*place])
    }

    fn report_others(&self, context: &Context<'_>, report: &mut Report) {
        if let Some(gap) = self.gap() {
            let message = "users that the credential report leaves out are not known";
            report.lost(context.account_resource(), gap, message);
            return;
        }
        let generated_at = self.credentials.as_slice().first().map(|row| row.report_generated_at);
        for user in self.deleted() {
            let message = format!("was deleted since the credential report of {}", user.report_generated_at);
            report.not_applicable(Resource::user(&user.user_arn), message);
        }
        for user in self.unreported() {
            let message = match generated_at {
                Some(moment) if user.created_at > moment => {
                    format!("was created after the credential report (generated {moment})")
                }
                Some(moment) => format!("is not in the credential report of {moment}"),
                None => "is not in the credential report, which has no row".to_owned(),
            };
            let created_at = user.created_at.to_string();
            report.unknown(Resource::user(&user.user_arn), message).evidence("created_at", created_at);
        }
    }
}

/// UNKNOWN, because the user has keys or certificates that the report only counts.
pub fn additional_credentials(user: &Credential, resource: Resource, report: &mut Report) {
    report
        .unknown(resource, "has credentials beyond two of a kind, which the credential report does not show")
        .evidence("additional_credentials_info", user.additional_credentials.clone());
}

#[cfg(test)]
mod tests {
    use orgsweep_model::{AccountId, Reason, Timestamp};

    use super::*;

    fn arn(name: &str) -> String {
        format!("arn:aws:iam::111122223333:user/{name}")
    }

    fn account_id() -> AccountId {
        "111122223333".parse().unwrap()
    }

    fn credential(name: &str) -> Credential {
        Credential {
            account_id: account_id(),
            user_arn: arn(name),
            user_name: name.to_owned(),
            is_root: name == "root",
            created_at: None,
            password_enabled: None,
            password_last_used_at: None,
            password_last_changed_at: None,
            password_next_rotation_at: None,
            mfa_active: None,
            cert_1_active: false,
            cert_2_active: false,
            report_generated_at: Timestamp::UNIX_EPOCH,
            access_key_1_last_used_at: None,
            access_key_2_last_used_at: None,
            additional_credentials: None,
        }
    }

    fn user(name: &str) -> User {
        User {
            account_id: account_id(),
            user_arn: arn(name),
            user_name: name.to_owned(),
            user_id: "AIDA".to_owned(),
            path: "/".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
            permissions_boundary_arn: None,
        }
    }

    fn entries(listed: Result<&[&str], Gap>) -> String {
        let report = ["root", "ann", "bob"].map(credential).to_vec();
        let listed = listed.map(|names| names.iter().map(|name| user(name)).collect::<Vec<User>>().into());
        let users = Users::join(report.into(), listed);
        let shown = users.entries().map(|entry| match entry {
            UserEntry::Reported(row) => format!("{} reported", row.user_name),
            UserEntry::Deleted(row) => format!("{} deleted", row.user_name),
            UserEntry::Unreported(user) => format!("{} unreported", user.user_name),
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>: a report is made once in four
    /// hours.
    #[test]
    fn users_are_those_of_the_report_and_those_that_it_leaves_out() {
        assert_eq!(entries(Ok(&["ann", "cleo"])), "ann reported, bob deleted, cleo unreported");
        assert_eq!(entries(Ok(&[])), "ann deleted, bob deleted");
        // Nobody is known to be gone.
        assert_eq!(entries(Err(Gap::new(Reason::Denied))), "ann reported, bob reported");
    }
}
