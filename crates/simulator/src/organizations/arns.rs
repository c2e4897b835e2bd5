//! ARNs of Organizations: they name the management account and the organization.

use crate::account::Account;
use crate::world::{Unit, World};

/// The ARN of something of the organization.
pub fn organizations_arn(world: &World, kind: &str, id: Option<&str>) -> String {
    let (partition, management) = (&world.options.partition, &world.management().id);
    let of = format!("arn:{partition}:organizations::{management}:{kind}/{}", world.organization_id);
    id.map_or(of.clone(), |id| format!("{of}/{id}"))
}

/// An account's.
pub fn account_arn(world: &World, account: &Account) -> String {
    organizations_arn(world, "account", Some(&account.id))
}

/// A unit's, or the root's.
pub fn unit_arn(world: &World, unit: &Unit) -> String {
    organizations_arn(world, if unit.parent.is_none() { "root" } else { "ou" }, Some(&unit.id))
}
