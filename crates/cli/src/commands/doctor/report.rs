//! What the doctor found: as a table for people, and as an exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use orgsweep_aws::LONGEST_SESSION_POLICY;
use orgsweep_model::text::{bounded, printable};
use orgsweep_model::{Gap, Organization, Reason};

use super::advice::{Advice, Commands};
use super::clock::ClockVerdict;
use super::inspection::{AccountCheck, Loss};
use crate::exit::Exit;
use crate::terminal::Layout;
use crate::terminal::Screen;
use crate::terminal::plural;

/// Accounts with losses that have a line of their own; the object has them all.
const MOST_LOST: usize = 40;
/// The same of accounts without.
const MOST_RIGHT: usize = 10;
/// Columns from which on names and roles have room.
const WIDE: usize = 110;
/// Characters of AWS's words.
const LONGEST_MESSAGE: usize = 300;

/// Everything that was found.
pub struct Report {
    /// The caller.
    pub caller_arn: String,
    /// Where.
    pub organization: Organization,
    /// Accounts of the roster.
    pub listed: usize,
    /// Accounts that are chosen and active.
    pub candidates: usize,
    /// The clock.
    pub clock: ClockVerdict,
    /// How many units have names, or why none has.
    pub names: Result<usize, Gap>,
    /// Whether the organization's policies could be read; `None`: no scan with these options reads them.
    pub policies: Option<Result<(), Gap>>,
    /// Other tables of the organization that cannot be read.
    pub other_tables: Vec<(&'static str, Gap)>,
    /// Warnings of the inspection; for people they are printed meanwhile.
    pub warnings: Vec<String>,
    /// What limits sessions; `None`: nothing does.
    pub session_policy: Option<String>,
    /// Actions that the checks need.
    pub actions: usize,
    /// Enabled checks.
    pub checks: usize,
    /// Accounts that were inspected, the ones with losses first.
    pub accounts: Vec<AccountCheck>,
    /// The commands that are suggested.
    pub commands: Commands,
}

/// One cause over all accounts.
pub struct Cause<'a> {
    /// One of its losses.
    pub example: &'a Loss,
    /// Whether it is in the caller's own account.
    pub own: bool,
    /// How many accounts.
    pub accounts: usize,
    /// Checks that have no verdict in one of them.
    pub checks: BTreeSet<&'a str>,
    /// Checks that decide less in one of them.
    pub lessened: BTreeSet<&'a str>,
}

impl Report {
    /// Incomplete: a scan would be, or the clock is wrong.
    pub fn exit(&self) -> Exit {
        let right = self.names.is_ok()
            && self.policies.as_ref().is_none_or(Result::is_ok)
            && self.other_tables.is_empty()
            && !matches!(self.clock, ClockVerdict::Wrong(_))
            && self.accounts.iter().all(AccountCheck::is_right);
        if right { Exit::Complete } else { Exit::Incomplete }
    }

    /// For people.
    pub fn text(&self, layout: Layout) -> String {
        let mut screen = Screen { text: String::new(), layout };
        self.head(&mut screen);
        self.table(&mut screen);
        self.what_to_do(&mut screen);
        screen.text
    }

    fn head(&self, screen: &mut Screen) {
        let mut line = |name: &str, value: &str| {
            screen.paragraph(&format!("{name:<14} "), 15, &printable(value));
        };
        line("Caller", &self.caller_arn);
        line("Clock", &self.clock.to_string());
        if self.has_organization() {
            let names = match &self.names {
                Ok(count) => format!("{} with their names", plural(*count, "unit")),
                Err(gap) => format!("no OU names: {}", gap.headline()),
            };
            let listed = plural(self.listed, "account");
            line("Organization", &format!("{}: {listed} listed, {names}", self.organization.id));
            match &self.policies {
                Some(Ok(())) => line("Policies", "of the organization can be read"),
                Some(Err(gap)) => {
                    line("Policies", &format!("of the organization cannot be read: {}", gap.headline()));
                }
                None => {}
            }
        } else {
            line("Organization", "not used: the accounts are given");
        }
        match &self.session_policy {
            Some(policy) => line(
                "Session policy",
                &format!(
                    "{} of {LONGEST_SESSION_POLICY} characters, {}",
                    policy.chars().count(),
                    plural(self.actions, "action")
                ),
            ),
            None => line("Session policy", "none: roles are used with all their permissions"),
        }
    }

    fn table(&self, screen: &mut Screen) {
        let (names, roles) = if screen.layout.prose < WIDE { (12, 22) } else { (24, 28) };
        let indent = 12 + 2 + names + 2 + roles + 2;
        let line = |screen: &mut Screen, id: &str, name: &str, role: &str, unknown: &str| {
            let (name, role) = (bounded(&printable(name), names), bounded(&printable(role), roles));
            screen.paragraph(
                &format!("{id:<12}  {name:<names$}  {role:<roles$}  "),
                indent,
                &printable(unknown),
            );
        };
        screen.text.push('\n');
        line(screen, "Account", "Name", "Role", "Would be UNKNOWN");
        for (right, most, what) in [(false, MOST_LOST, "with losses"), (true, MOST_RIGHT, "ok")] {
            let accounts: Vec<&AccountCheck> =
                self.accounts.iter().filter(|account| account.is_right() == right).collect();
            for account in accounts.iter().take(most) {
                let name = account.name.as_deref().unwrap_or("-");
                line(screen, account.id.as_str(), name, &self.role(account), &unknown(account));
            }
            if accounts.len() > most {
                let more = accounts.len() - most;
                screen.paragraph("", 2, &format!("… and {more} more {what}; --log-format json has them"));
            }
        }
        let (right, in_part, lost) = self.counts();
        let mut sum = format!(
            "{} of {} inspected with {}: {right} ok",
            self.accounts.len(),
            plural(self.candidates, "active account"),
            plural(self.checks, "check")
        );
        if in_part > 0 {
            let _ = write!(sum, ", {in_part} partial");
        }
        if lost > 0 {
            let _ = write!(sum, ", {lost} no access");
        }
        screen.text.push('\n');
        screen.paragraph("", 2, &sum);
    }

    fn what_to_do(&self, screen: &mut Screen) {
        if self.exit() == Exit::Complete && matches!(self.clock, ClockVerdict::Right(_)) {
            return;
        }
        screen.text.push_str("\nWhat to do\n");
        for cause in self.causes().values() {
            let headline = cause.example.headline();
            screen.paragraph(
                "  ",
                4,
                &format!("{} in {}", printable(&headline), plural(cause.accounts, "account")),
            );
            if let Some(message) = &cause.example.message {
                screen.paragraph("    AWS: ", 6, &printable(&bounded(message, LONGEST_MESSAGE)));
            }
            let Advice { sentence, commands } = self.advice(cause);
            screen.paragraph("    ", 4, &sentence);
            for command in &commands {
                to_type(screen, command);
            }
            if !cause.checks.is_empty() && cause.checks.len() < self.checks.div_ceil(2) {
                screen.text.push_str("    UNKNOWN without it\n");
                screen.list(cause.checks.iter().map(ToString::to_string));
            }
            if !cause.lessened.is_empty() {
                screen.text.push_str("    reduced evidence without it\n");
                screen.list(cause.lessened.iter().map(ToString::to_string));
            }
        }
        let failed: BTreeSet<&String> =
            self.accounts.iter().flat_map(|account| &account.failed_checks).collect();
        for check in failed {
            screen.paragraph("  ", 4, &format!("{check} crashed: this is a bug, please report it"));
        }
        if let Err(gap) = &self.names {
            screen.paragraph("  ", 4, &format!("no OU names: {}", printable(&gap.headline())));
            screen.paragraph(
                "    ",
                4,
                "paths are unknown then, and --ou accepts only IDs; the caller needs:",
            );
            to_type(screen, &self.commands.hub());
        }
        if let Some(Err(gap)) = &self.policies {
            let why = format!("no service and resource control policies: {}", printable(&gap.headline()));
            screen.paragraph("  ", 4, &why);
            let then = "a scan ends with 2 then, and explain does not know what they deny; the caller needs:";
            screen.paragraph("    ", 4, then);
            to_type(screen, &self.commands.hub());
        }
        for (table, gap) in &self.other_tables {
            let why =
                format!("the organization's table {table} cannot be read: {}", printable(&gap.headline()));
            screen.paragraph("  ", 4, &why);
            screen.paragraph("    ", 4, "checks that read it are UNKNOWN; what the caller needs:");
            to_type(screen, &self.commands.hub());
        }
        match self.clock {
            ClockVerdict::Off(_) => {
                screen.paragraph("  ", 4, &format!("the clock is {}: set it (NTP)", self.clock));
            }
            ClockVerdict::Wrong(_) => {
                let then = "set it (NTP); sessions may expire early and ages will be wrong";
                screen.paragraph("  ", 4, &format!("the clock is {}: {then}", self.clock));
            }
            ClockVerdict::Right(_) | ClockVerdict::Unknown => {}
        }
    }

    pub fn has_organization(&self) -> bool {
        self.organization.id != Organization::NONE
    }

    /// Without losses, with some, without access.
    pub fn counts(&self) -> (usize, usize, usize) {
        let right = self.accounts.iter().filter(|account| account.is_right()).count();
        let lost = self.accounts.iter().filter(|account| account.role_arn.is_none()).count();
        (right, self.accounts.len() - right - lost, lost)
    }

    fn role(&self, account: &AccountCheck) -> String {
        match &account.role_arn {
            None => "none".to_owned(),
            Some(arn) if *arn == self.caller_arn => "the caller itself".to_owned(),
            Some(arn) => arn.split_once(":role/").map_or(arn.as_str(), |(_, name)| name).to_owned(),
        }
    }

    pub fn advice(&self, cause: &Cause<'_>) -> Advice {
        self.commands.about(cause.example.reason, cause.own)
    }

    /// Losses of all accounts by reason, call, and whether it is the caller's own account.
    pub fn causes(&self) -> BTreeMap<(&'static str, Option<&str>, bool), Cause<'_>> {
        let mut causes = BTreeMap::new();
        for account in &self.accounts {
            let own = account.role_arn.as_ref() == Some(&self.caller_arn);
            for loss in &account.losses {
                let key = (loss.reason.as_str(), loss.api.as_deref(), own);
                let cause = causes.entry(key).or_insert_with(|| Cause {
                    example: loss,
                    own,
                    accounts: 0,
                    checks: BTreeSet::new(),
                    lessened: BTreeSet::new(),
                });
                cause.accounts += 1;
                cause.checks.extend(loss.checks.iter().map(String::as_str));
                cause.lessened.extend(loss.lessened.iter().map(String::as_str));
            }
        }
        causes
    }
}

/// `10 checks: DENIED at iam:GetCredentialReport; …`.
/// A command is one line, however long: it is there to be copied.
fn to_type(screen: &mut Screen, command: &str) {
    let _ = writeln!(screen.text, "      {}", printable(command));
}

fn unknown(account: &AccountCheck) -> String {
    if account.is_right() {
        return "nothing".to_owned();
    }
    let mut parts: Vec<String> = account
        .losses
        .iter()
        .map(|loss| format!("{}: {}", plural(loss.checks.len(), "check"), loss.headline()))
        .collect();
    if !account.failed_checks.is_empty() {
        parts.push(format!("{}: {}", plural(account.failed_checks.len(), "check"), Reason::CheckFailed));
    }
    parts.join("; ")
}
