//! The second contract: a check is a pure, synchronous function over rows.
//!
//! [`check!`](crate::check!) lifts the manual page (the doc comment), the metadata and the thresholds into a
//! struct; `impl Check` adds the logic. [`DynCheck`] is the same without its type, for the registry.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::account::{Account, Organization};
use crate::control::Control;
use crate::gap::Gap;
use crate::reads::{Dependency, Reads};
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

    /// The account's root user.
    pub fn root_resource(&self) -> Resource {
        let arn = self.organization.root_arn(self.account.id);
        Resource::new("AWS::IAM::RootUser", &arn, Some("<root_account>"))
    }
}

/// One threshold or list that a user may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingMetadata {
    /// The key in the configuration file.
    pub name: &'static str,
    /// The Rust type, as a reader understands it.
    pub kind: &'static str,
    /// What it means, with its unit.
    pub doc: &'static str,
}

/// Everything about a check but its logic.
#[derive(Clone, Copy, Debug)]
pub struct CheckMetadata {
    /// Named after the fault: `allow <id>` reads right.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// Default severity.
    pub severity: Severity,
    /// Grows when the logic changes.
    pub version: i32,
    /// The version of orgsweep that brought it.
    pub since: &'static str,
    /// `AWS::IAM::User` style: what its outcomes are mostly about.
    pub resource_type: &'static str,
    /// Controls that it answers.
    pub controls: &'static [Control],
    /// Pages that its rule rests on.
    pub pages: &'static [&'static str],
    /// The manual page, Markdown.
    pub manual: &'static str,
    /// Thresholds and lists.
    pub settings: &'static [SettingMetadata],
    /// The file it stands in.
    pub file: &'static str,
}

impl CheckMetadata {
    /// `iam` or `organizations`: the service that the check is about, from the id's first word.
    pub fn service(&self) -> &'static str {
        match self.id.split('-').next() {
            Some("org") => "organizations",
            Some("account") => "account",
            _ => "iam",
        }
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
        let lines = self.manual.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
    }
}

/// The metadata and the settings of a check. Written by [`check!`](crate::check!).
pub trait Describe: Clone + Debug + Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Everything but the logic.
    const METADATA: CheckMetadata;
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
    fn metadata(&self) -> &'static CheckMetadata;
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
    fn metadata(&self) -> &'static CheckMetadata {
        const { &C::METADATA }
    }

    fn dependencies(&self) -> Vec<Dependency> {
        <C::Reads<'static> as Reads<'static>>::dependencies()
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
            resource: $resource:literal,
            controls: [$($control:expr),* $(,)?],
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
            const METADATA: $crate::CheckMetadata = $crate::CheckMetadata {
                id: $id,
                title: $title,
                severity: $severity,
                version: $version,
                since: $since,
                resource_type: $resource,
                controls: { use $crate::control::*; &[$($control),*] },
                pages: &[$($page),*],
                manual: concat!($($doc, "\n"),*),
                settings: &[ $( $crate::SettingMetadata {
                    name: stringify!($setting),
                    kind: stringify!($type),
                    doc: concat!($($setting_doc, "\n"),*),
                }, )* ],
                file: file!(),
            };
        }
    };
}
