//! How principals prove who they are: root, passwords, MFA, keys, rotation.

mod iam_user_initial_access_key;

orgsweep_model::pack!["credentials":
    iam_user_initial_access_key::UserInitialAccessKey,
];
