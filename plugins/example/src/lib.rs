//! An in-house pack: two checks that only make sense at acme. Copy it, rename it, write your own.

mod acme_role_outside_team_paths;
mod acme_user_name_unconventional;

#[cfg(test)]
mod fixtures;

orgsweep_model::pack!["acme":
    acme_role_outside_team_paths::RoleOutsideTeamPaths,
    acme_user_name_unconventional::UserNameUnconventional,
];
