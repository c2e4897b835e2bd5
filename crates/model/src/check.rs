//! The second contract: a check is a pure, synchronous function over rows.
//!
//! [`check!`](crate::check!) lifts the manual page (the doc comment), the metadata and the thresholds into a
//! struct; `impl Check` adds the logic. [`DynCheck`] is the same without its type, for the registry.

use std::borrow::Cow;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::account::{Account, Organization};
use crate::control::Control;
use crate::dependency::{Dependency, merged};
use crate::gap::Gap;
use crate::life::CheckStatus;
use crate::reads::Reads;
use crate::report::{Report, Resource};
use crate::severity::Severity;
use crate::tables::Tables;
use crate::time::Timestamp;

/// What a check may know besides its rows. There is no clock but `now`.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The scan's moment; ages count to it.
    pub now: Timestamp,
    /// The account whose rows these are.
    pub account: &'a Account,
    /// The organization that it belongs to.
    pub organization: &'a Organization,
}

impl Context<'_> {
    /// The account as a whole, for outcomes about its settings.
    pub fn account_resource(&self) -> Resource {
        let arn = self.organization.root_arn(self.account.id);
        Resource::new("AWS::::Account", &arn, self.account.name.as_deref())
    }

    /// The organization as a whole.
    pub fn organization_resource(&self) -> Resource {
        let arn = self.organization.arn();
        Resource::new("AWS::Organizations::Organization", &arn, Some(&self.organization.id))
    }

    /// The account's root user.
    pub fn root_resource(&self) -> Resource {
        let arn = self.organization.root_arn(self.account.id);
        Resource::new("AWS::IAM::RootUser", &arn, Some("<root_account>"))
    }
}

/// One threshold or list that a user may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingMetadata {
    /// The key in the configuration file.
    pub name: Cow<'static, str>,
    /// The Rust type, as a reader understands it.
    pub kind: Cow<'static, str>,
    /// What it means, with its unit.
    pub doc: Cow<'static, str>,
}

/// Everything about a check but its logic. A check that is compiled in borrows all of it; one that is made at run time owns it.
#[derive(Clone, Debug)]
pub struct CheckMetadata {
    /// Named after the fault: `allow <id>` reads right.
    pub id: Cow<'static, str>,
    /// One line.
    pub title: Cow<'static, str>,
    /// Default severity.
    pub severity: Severity,
    /// Grows when the logic changes.
    pub version: i32,
    /// The version of orgsweep that brought it.
    pub since: Cow<'static, str>,
    /// Whether it runs by default.
    pub status: CheckStatus,
    /// The ids that it had before, the first of all first.
    pub former: Cow<'static, [Cow<'static, str>]>,
    /// `AWS::IAM::User` style: what its outcomes are mostly about.
    pub resource_type: Cow<'static, str>,
    /// The service, where it does not follow from the resource type.
    pub service: Option<Cow<'static, str>>,
    /// Controls that it answers.
    pub controls: Cow<'static, [Control]>,
    /// Pages that its rule rests on.
    pub pages: Cow<'static, [Cow<'static, str>]>,
    /// The first half of the manual page, Markdown: what is wrong, why it matters, what the check cannot see.
    pub manual: Cow<'static, str>,
    /// The second half: how to verify a finding, how to fix it, how to back out.
    pub steps: Cow<'static, str>,
    /// Thresholds and lists.
    pub settings: Cow<'static, [SettingMetadata]>,
    /// The file it stands in; empty where it was made at run time.
    pub file: Cow<'static, str>,
}

impl CheckMetadata {
    /// The service that the check is about: `iam` for `AWS::IAM::User`, `account` for `AWS::::Account`. A check of an account's
    /// password policy says for itself that it is about `iam`.
    pub fn service(&self) -> Cow<'static, str> {
        self.service.clone().unwrap_or_else(|| service_of(&self.resource_type))
    }

    /// The id that it had first. Findings are named after it, so that a new name reopens none.
    pub fn first_id(&self) -> &str {
        self.former.first().unwrap_or(&self.id)
    }

    /// The manual page without the one-space indentation of doc comments, split at `## How to fix`.
    pub fn manual_parts(&self) -> (String, String) {
        let page = self.manual_page();
        match page.split_once("## How to fix") {
            None => (page.trim().to_owned(), String::new()),
            Some((before, rest)) => {
                let (fix, after) = match rest.find("\n## ") {
                    None => (rest, ""),
                    Some(at) => rest.split_at(at),
                };
                (format!("{}\n{}", before.trim(), after).trim().to_owned(), fix.trim().to_owned())
            }
        }
    }

    /// The manual page as Markdown.
    pub fn manual_page(&self) -> String {
        let plain = |text: &str| {
            let lines = text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
            lines.collect::<Vec<_>>().join("\n").trim().to_owned()
        };
        format!("{}\n\n{}", plain(&self.manual), plain(&self.steps)).trim().to_owned()
    }
}

/// `ec2` for `AWS::EC2::Instance`. What belongs to no service is the account's.
fn service_of(resource_type: &str) -> Cow<'static, str> {
    match resource_type.split("::").nth(1).unwrap_or_default() {
        "" => Cow::Borrowed("account"),
        "IAM" => Cow::Borrowed("iam"),
        "Organizations" => Cow::Borrowed("organizations"),
        other => Cow::Owned(other.to_ascii_lowercase()),
    }
}

/// A status that `check!` may leave out.
#[doc(hidden)]
pub const fn declared_status(statuses: &[CheckStatus]) -> CheckStatus {
    match statuses {
        [] | [CheckStatus::Stable, ..] => CheckStatus::Stable,
        [CheckStatus::Preview, ..] => CheckStatus::Preview,
        [CheckStatus::Retired { replaced_by: Some(Cow::Borrowed(id)) }, ..] => crate::life::replaced_by(id),
        [CheckStatus::Retired { .. }, ..] => crate::life::retired(),
    }
}

/// A text that `check!` may leave out.
#[doc(hidden)]
pub const fn declared(parts: &[&'static str]) -> Option<Cow<'static, str>> {
    match parts {
        [] => None,
        [part, ..] => Some(Cow::Borrowed(*part)),
    }
}

/// The metadata and the settings of a check. Written by [`check!`](crate::check!).
pub trait Describe: Clone + Debug + Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Everything but the logic.
    const METADATA: CheckMetadata;
}

/// How to verify what a check flags, fix it and back out. Written by [`manual!`](crate::manual!), below the logic.
#[diagnostic::on_unimplemented(
    message = "the check has no `manual!` block",
    note = "write `manual! {{ /// ## How to verify … Name }}` below the logic"
)]
pub trait Manual {
    /// Markdown, as doc comments have it.
    const STEPS: &'static str;
}

/// The logic of a check.
pub trait Check: Describe {
    /// The tables: the type of the argument.
    type Reads<'a>: Reads<'a>;

    /// Looks at the rows and reports one outcome per resource. Pure: the same rows and the same context give the
    /// same outcomes.
    fn evaluate(&self, rows: Self::Reads<'_>, context: &Context<'_>, report: &mut Report);

    /// Whether the settings make sense; the message names the setting and says what was expected.
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A check without its type.
pub trait DynCheck: Send + Sync {
    /// Everything but the logic.
    fn metadata(&self) -> &CheckMetadata;
    /// Its id.
    fn id(&self) -> &str {
        &self.metadata().id
    }
    /// The tables it reads.
    fn dependencies(&self) -> Vec<Dependency>;
    /// Runs it, or says which gap keeps it from running.
    fn run(&self, tables: &Tables, context: &Context<'_>, report: &mut Report) -> Result<(), Gap>;
    /// The settings in force.
    fn settings(&self) -> Json;
    /// The same check with some settings replaced. Errors name the setting.
    fn with_settings(&self, changes: &Json) -> Result<Box<dyn DynCheck>, String>;
}

impl<C: Check> DynCheck for C {
    fn metadata(&self) -> &CheckMetadata {
        const { &C::METADATA }
    }

    fn dependencies(&self) -> Vec<Dependency> {
        merged(<C::Reads<'static> as Reads<'static>>::dependencies())
    }

    fn run(&self, tables: &Tables, context: &Context<'_>, report: &mut Report) -> Result<(), Gap> {
        let rows = C::Reads::fetch(tables).map_err(Clone::clone)?;
        self.evaluate(rows, context, report);
        Ok(())
    }

    fn settings(&self) -> Json {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn with_settings(&self, changes: &Json) -> Result<Box<dyn DynCheck>, String> {
        let mut merged = self.settings();
        let (Some(all), Some(wanted)) = (merged.as_object_mut(), changes.as_object()) else {
            return Err(format!("settings of {} must be a table of names and values", C::METADATA.id));
        };
        for (name, value) in wanted {
            all.insert(name.clone(), value.clone());
        }
        let check: C = serde_path_to_error::deserialize(merged).map_err(|error| {
            let path = error.path().to_string();
            let inner = error.into_inner();
            if path == "." { inner.to_string() } else { format!("{path}: {inner}") }
        })?;
        check.validate()?;
        Ok(Box::new(check))
    }
}

/// Declares a check: manual page, metadata and settings, top to bottom. See any file under `plugins/`.
#[macro_export]
macro_rules! check {
    (
        $(#[doc = $doc:literal])*
        pub $name:ident {
            id: $id:literal,
            title: $title:literal,
            severity: $severity:expr,
            version: $version:literal,
            since: $since:literal,
            $(status: $status:expr,)?
            $(former: [$($former:literal),* $(,)?],)?
            resource: $resource:literal,
            $(service: $service:literal,)?
            controls: [$($controls:tt)*],
            pages: [$($page:literal),* $(,)?],
            settings: {
                $( $(#[doc = $setting_doc:literal])* $setting:ident : $type:ty = $default:expr ),* $(,)?
            } $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, $crate::serde::Serialize, $crate::serde::Deserialize)]
        #[serde(crate = "::orgsweep_model::serde", default, deny_unknown_fields)]
        pub struct $name {
            $( $(#[doc = $setting_doc])* pub $setting: $type, )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $setting: $default, )* }
            }
        }

        impl $crate::Describe for $name {
            const METADATA: $crate::CheckMetadata = {
                use ::std::borrow::Cow;
                // Constants of their own live as long as the program.
                const CONTROLS: &[$crate::Control] = {
                    use $crate::control::*;
                    $crate::controls![@ [] $($controls)*]
                };
                const STATUS: &[$crate::CheckStatus] = &[$({
                    use $crate::life::*;
                    $status
                })?];
                const FORMER: &[Cow<'static, str>] = &[$($(Cow::Borrowed($former)),*)?];
                const PAGES: &[Cow<'static, str>] = &[$(Cow::Borrowed($page)),*];
                const SETTINGS: &[$crate::SettingMetadata] = &[ $( $crate::SettingMetadata {
                    name: Cow::Borrowed(stringify!($setting)),
                    kind: Cow::Borrowed(stringify!($type)),
                    doc: Cow::Borrowed(concat!($($setting_doc, "\n"),*)),
                }, )* ];
                $crate::CheckMetadata {
                    id: Cow::Borrowed($id),
                    title: Cow::Borrowed($title),
                    severity: $severity,
                    version: $version,
                    since: Cow::Borrowed($since),
                    status: $crate::check::declared_status(STATUS),
                    former: Cow::Borrowed(FORMER),
                    resource_type: Cow::Borrowed($resource),
                    service: $crate::check::declared(&[$($service)?]),
                    controls: Cow::Borrowed(CONTROLS),
                    pages: Cow::Borrowed(PAGES),
                    manual: Cow::Borrowed(concat!($($doc, "\n"),*)),
                    steps: Cow::Borrowed(<$name as $crate::check::Manual>::STEPS),
                    settings: Cow::Borrowed(SETTINGS),
                    file: Cow::Borrowed(file!()),
                }
            };
        }
    };
}

/// The second half of a check's manual page, below its logic: how to verify, fix and back out.
///
/// ```text
/// manual! {
///     /// ## How to verify
///     /// `aws iam list-users`
///     UserInlinePolicy
/// }
/// ```
#[macro_export]
macro_rules! manual {
    ($(#[doc = $doc:literal])* $check:ident) => {
        impl $crate::check::Manual for $check {
            const STEPS: &'static str = concat!($($doc, "\n"),*);
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_follows_from_the_resource_type() {
        for (resource_type, service) in [
            ("AWS::IAM::User", "iam"),
            ("AWS::Organizations::Account", "organizations"),
            ("AWS::::Account", "account"),
            ("AWS::EC2::Instance", "ec2"),
            ("house", "account"),
        ] {
            assert_eq!(service_of(resource_type), service, "{resource_type}");
        }
    }
}
