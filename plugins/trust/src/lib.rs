//! Who may become whom, and for how long.

mod account;
mod iam_role_max_session_duration_excessive;
mod privileged;

#[cfg(test)]
mod fixtures;

orgsweep_model::pack!["trust":
    iam_role_max_session_duration_excessive::RoleMaxSessionDurationExcessive,
];
