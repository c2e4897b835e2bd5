//! What `iam-role-unused` says, row by row.

use super::*;
use orgsweep_model::Timestamp;
use orgsweep_testkit::{Case, days_ago, role};

fn case(created_at: Timestamp, last_used_at: Option<Timestamp>) -> Case {
    Case::new().rows(vec![Role { created_at, last_used_at, ..role("app") }])
}

#[test]
fn the_boundary_day_passes() {
    let check = RoleUnused::default();
    case(days_ago(900), Some(days_ago(89))).passes(&check);
    case(days_ago(900), Some(days_ago(90))).passes(&check);
    case(days_ago(900), Some(days_ago(91))).flags(&check, "app");
}

#[test]
fn a_new_role_has_had_no_time() {
    let check = RoleUnused::default();
    case(days_ago(0), None).passes(&check);
    case(days_ago(90), None).passes(&check);
    case(days_ago(91), None).flags(&check, "app");
}

#[test]
fn roles_of_aws_are_not_judged() {
    for path in ["/aws-service-role/support.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/"] {
        let own = Role { path: path.to_owned(), last_used_at: None, ..role("theirs") };
        Case::new().rows(vec![own]).not_applicable(&RoleUnused::default());
    }
}

#[test]
fn more_than_aws_remembers_is_refused() {
    assert!(RoleUnused { days: 401 }.validate().is_err());
    assert!(RoleUnused { days: 0 }.validate().is_err());
    assert!(RoleUnused { days: 400 }.validate().is_ok());
}
