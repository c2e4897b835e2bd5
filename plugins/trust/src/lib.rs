//! Who may become whom, and for how long.

mod account;
mod iam_role_max_session_duration_excessive;
mod privileged;

orgsweep_model::pack!["trust":
    iam_role_max_session_duration_excessive::RoleMaxSessionDurationExcessive,
];
