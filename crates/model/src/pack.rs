//! A pack: checks, and whatever tables and collectors they bring along.

use std::sync::Arc;

use crate::check::DynCheck;
use crate::collector::Collector;
use crate::computed::DynComputed;
use crate::table::TableSchema;

/// What one crate under `plugins/`, or anybody's own, contributes.
#[derive(Default)]
pub struct Pack {
    /// Its name.
    pub name: &'static str,
    /// Its checks, with default settings.
    pub checks: Vec<Box<dyn DynCheck>>,
    /// Tables of the pack that the lake should store.
    pub tables: Vec<&'static TableSchema>,
    /// Tables of the pack that are computed from others.
    pub computed: Vec<Box<dyn DynComputed>>,
    /// Collectors of the pack.
    pub collectors: Vec<Arc<dyn Collector>>,
}

/// Lists a pack's checks: makes `pub fn pack()` and the tests that hold for every check of it, on the accounts that the pack's
/// `fixtures.rs` shows. `mod` lines stay outside, where rustfmt sees them.
///
/// ```text
/// #[cfg(test)]
/// mod fixtures;
/// mod iam_root_mfa_missing;
///
/// orgsweep_model::pack!["credentials":
///     iam_root_mfa_missing::RootMfaMissing,
/// ];
/// ```
///
/// Tables that the pack computes follow the checks: `; computed table_file::Row`.
#[macro_export]
macro_rules! pack {
    [$name:literal : $( $module:ident :: $check:ident ),* $(,)? $(; computed $( $table:ty ),+ $(,)? )?] => {
        /// The checks of this pack, with their default settings, and the tables that it computes.
        pub fn pack() -> $crate::Pack {
            $crate::Pack {
                name: $name,
                checks: vec![ $( Box::new($module::$check::default()) ),* ],
                tables: Vec::new(),
                computed: vec![ $( $( $crate::computed::computed::<$table>() ),+ )? ],
                collectors: Vec::new(),
            }
        }

        #[cfg(test)]
        mod pack_tests {
            #[test]
            fn every_id_matches_its_file() {
                orgsweep_testkit::pack::every_id_matches_its_file(&super::pack());
            }

            #[test]
            fn every_check_file_is_listed() {
                let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
                orgsweep_testkit::pack::every_check_file_is_listed(&super::pack(), source);
            }

            #[test]
            fn every_manual_page_is_whole() {
                orgsweep_testkit::pack::every_manual_page_is_whole(&super::pack());
            }

            #[test]
            fn every_cited_control_exists() {
                orgsweep_testkit::pack::every_cited_control_exists(&super::pack());
            }

            #[test]
            fn the_clean_account_is_clean() {
                orgsweep_testkit::pack::the_clean_account_is_clean(&super::pack(), super::fixtures::fixtures);
            }

            #[test]
            fn every_check_flags_a_bad_account() {
                orgsweep_testkit::pack::every_check_flags_a_bad_account(&super::pack(), super::fixtures::fixtures);
            }

            #[test]
            fn a_lost_required_table_is_unknown() {
                orgsweep_testkit::pack::a_lost_required_table_is_unknown(&super::pack(), super::fixtures::fixtures);
            }
        }
    };
}
