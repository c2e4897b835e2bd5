//! Preview, retired, renamed: what the same organization is to two releases of one distribution.

use std::collections::BTreeMap;

use orgsweep_model::facts::Role;
use orgsweep_model::records::{CheckRecord, CoverageRecord, FindingRecord};
use orgsweep_model::{Check, Context, DynCheck, Pack, Report, Resource, Severity, check};
use orgsweep_simulator::Options;

use crate::support::{NOW, Said, World, as_distribution, options, run};

/// A check that flags every role whose path is not the setting's.
macro_rules! role_check {
    ($name:ident, $id:literal $(, status: $status:expr)? $(, former: [$($former:literal),*])?) => {
        check! {
            /// A role.
            pub $name {
                id: $id,
                title: "A role",
                severity: Severity::Low,
                version: 1,
                since: "0.1.0",
                $(status: $status,)?
                $(former: [$($former),*],)?
                resource: "AWS::IAM::Role",
                controls: [],
                pages: [],
                settings: {
                    /// The one path that passes.
                    path: String = "/nowhere/".to_owned(),
                },
            }
        }

        orgsweep_model::manual! { $name }

        impl Check for $name {
            type Reads<'a> = &'a [Role];

            fn evaluate(&self, roles: Self::Reads<'_>, _: &Context<'_>, report: &mut Report) {
                for role in roles {
                    report.fail(Resource::role(&role.role_arn), format!("is not in {}", self.path));
                }
            }
        }
    };
}

role_check!(FirstRelease, "house-role-somewhere");
role_check!(
    Renamed,
    "house-role-outside-path",
    former: ["house-role-somewhere", "house-role-elsewhere"]
);
role_check!(Previewed, "house-role-previewed", status: preview());
role_check!(Gone, "house-role-gone", status: replaced_by("house-role-outside-path"));

fn house(checks: Vec<Box<dyn DynCheck>>) -> Vec<Pack> {
    vec![Pack { name: "house", checks, ..Pack::default() }]
}

/// No test by itself: a release of the distribution.
#[test]
fn first_release() {
    as_distribution(|| house(vec![Box::new(FirstRelease::default())]));
}

/// No test by itself: the release after it.
#[test]
fn second_release() {
    as_distribution(|| {
        house(vec![Box::new(Renamed::default()), Box::new(Previewed::default()), Box::new(Gone::default())])
    });
}

struct Releases(World);

impl Releases {
    fn start() -> Self {
        Self(World::start(Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(2) }))
    }

    fn scan(&self, release: &str, more: &[&str]) -> Said {
        let lake = self.0.lake().display().to_string();
        let arguments = [&["scan", "--unlimited", "--now", NOW, "--out", &lake], more].concat();
        run(&mut self.0.distribution(&format!("check_life::{release}"), &arguments))
    }

    fn ask(&self, arguments: &[&str]) -> Said {
        run(&mut self.0.distribution("check_life::second_release", arguments))
    }

    /// Which checks ran, as the last scan has it.
    fn ran(&self) -> Vec<String> {
        let mut ran: Vec<String> =
            self.0.rows::<CoverageRecord>().into_iter().map(|row| row.check_id).collect();
        ran.sort();
        ran.dedup();
        ran
    }

    /// Check and message of every finding by its id.
    fn findings(&self) -> BTreeMap<String, (String, String)> {
        let rows: Vec<FindingRecord> = self.0.rows();
        let named = |row: FindingRecord| {
            Some((row.finding_id?, (row.check_id.into_owned(), row.message.unwrap_or_default())))
        };
        rows.into_iter().filter_map(named).collect()
    }
}

fn warnings(said: &Said) -> Vec<&str> {
    said.errors.lines().filter(|line| line.starts_with("warning: ")).collect()
}

#[test]
fn a_new_name_reopens_no_finding() {
    let releases = Releases::start();
    assert_eq!(releases.scan("first_release", &[]).code, 0);
    let before = releases.findings();
    let said = releases.scan("second_release", &[]);
    assert_eq!((said.code, warnings(&said).len()), (0, 0), "{}", said.errors);
    let after = releases.findings();
    assert!(!before.is_empty());
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    assert!(before.values().all(|(check, _)| check == "house-role-somewhere"));
    assert!(after.values().all(|(check, _)| check == "house-role-outside-path"));

    let catalog: Vec<CheckRecord> = releases.0.rows();
    let lives: Vec<_> = catalog
        .iter()
        .map(|row| (row.check_id.as_str(), row.status.as_deref(), row.former_ids.as_deref(), row.enabled))
        .collect();
    assert_eq!(
        lives,
        [
            ("house-role-gone", Some("retired"), None, false),
            (
                "house-role-outside-path",
                Some("stable"),
                Some("house-role-somewhere,house-role-elsewhere"),
                true
            ),
            ("house-role-previewed", Some("preview"), None, false),
        ]
    );
}

#[test]
fn a_former_id_works_everywhere_and_says_where_it_went() {
    let releases = Releases::start();
    for old in ["house-role-somewhere", "house-role-elsewhere"] {
        let said = releases.scan("second_release", &["--check", old]);
        assert_eq!(said.code, 0, "{}", said.errors);
        let wanted = format!("warning: --check: check {old} is now called house-role-outside-path");
        assert_eq!(warnings(&said), [wanted]);
        assert_eq!(releases.ran(), ["house-role-outside-path"]);
    }
    let said = releases.scan("second_release", &["--preview", "--exclude-check", "house-role-somewhere"]);
    assert_eq!((said.code, warnings(&said).len()), (0, 1), "{}", said.errors);
    assert_eq!(releases.ran(), ["house-role-previewed"]);

    let config = releases.0.file("orgsweep.toml");
    let account = releases.0.rows::<CoverageRecord>()[0].account_id;
    let text = format!(
        "check = ['house-role-elsewhere']\n[checks.house-role-somewhere]\npath = '/a/'\n\
         [[override]]\naccount = '{account}'\n[override.checks.house-role-somewhere]\npath = '/b/'\n"
    );
    std::fs::write(&config, text).unwrap();
    let config = config.display().to_string();
    let said = releases.scan("second_release", &["--config", &config]);
    assert_eq!((said.code, warnings(&said).len()), (0, 3), "{}", said.errors);
    let messages: Vec<String> = releases.findings().into_values().map(|(_, message)| message).collect();
    for path in ["is not in /a/", "is not in /b/"] {
        assert!(messages.iter().any(|message| message == path), "{path}: {messages:?}");
    }

    let both =
        "[checks.house-role-somewhere]\npath = '/a/'\n[checks.house-role-outside-path]\npath = '/b/'\n";
    std::fs::write(releases.0.file("orgsweep.toml"), both).unwrap();
    let said = releases.scan("second_release", &["--config", &config]);
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(
        said.errors.contains("are the same check, now called house-role-outside-path"),
        "{}",
        said.errors
    );

    let said = releases.ask(&["checks", "show", "house-role-somewhere"]);
    assert!(
        said.output.contains("former ids  house-role-somewhere, house-role-elsewhere"),
        "{}",
        said.output
    );
    assert_eq!(warnings(&said).len(), 1, "{}", said.errors);
}

#[test]
fn a_preview_runs_only_where_it_is_named_or_wanted() {
    let releases = Releases::start();
    let old = "house-role-outside-path";
    let preview = "house-role-previewed";
    for (more, wanted) in [
        (&[][..], &[old][..]),
        (&["--preview"], &[old, preview]),
        (&["--check", preview], &[preview]),
        (&["--check", "house-*"], &[old]),
        (&["--check", "house-*", "--preview"], &[old, preview]),
        (&["--preview", "--exclude-check", preview], &[old]),
    ] {
        let said = releases.scan("second_release", more);
        assert_eq!(said.code, 0, "{more:?}: {}", said.errors);
        assert_eq!(releases.ran(), wanted, "{more:?}");
    }
    let said = releases.scan("second_release", &["--check", "*-previewed"]);
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains("--preview"), "{}", said.errors);
    let listed = releases.ask(&["checks", "list"]).output;
    let of = |id: &str| listed.lines().find(|line| line.starts_with(id)).unwrap_or_default().to_owned();
    assert!(of(preview).contains("preview"), "{listed}");
    assert!(of("house-role-gone").contains("retired"), "{listed}");
    assert!(!of(old).contains("stable"), "{listed}");
}

#[test]
fn a_retired_check_never_runs_and_says_what_replaced_it() {
    let releases = Releases::start();
    let why = "check house-role-gone is retired and never runs; house-role-outside-path replaces it";
    let said = releases.scan("second_release", &["--check", "house-role-gone,house-role-outside-path"]);
    assert_eq!((said.code, warnings(&said)), (0, vec![format!("warning: --check: {why}").as_str()]));
    assert_eq!(releases.ran(), ["house-role-outside-path"]);
    let said = releases.scan("second_release", &["--check", "house-role-gone"]);
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains(why), "{}", said.errors);
    // Its settings may be gone with it: what a file still says of them is no mistake.
    let config = releases.0.file("orgsweep.toml");
    std::fs::write(&config, "[checks.house-role-gone]\nwhatever = 1\n").unwrap();
    let said = releases.scan("second_release", &["--config", &config.display().to_string()]);
    assert_eq!((said.code, warnings(&said).len()), (0, 1), "{}", said.errors);
    assert!(releases.ask(&["checks", "show", "house-role-gone"]).output.contains("house-role-outside-path"));
}
