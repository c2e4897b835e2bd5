//! Who may become whom, and for how long.

mod iam_role_max_session_duration_excessive;

orgsweep_model::pack!["trust":
    iam_role_max_session_duration_excessive::RoleMaxSessionDurationExcessive,
];
