//! The credential report: AWS's columns, order, sentinels and line ends.

use crate::account::{Account, AccountState, Key, User, iso};

const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

/// The CSV: root first, users sorted without regard to case, no line end at the end. One user may be left out.
pub fn csv(account: &Account, content: &AccountState, gone: Option<&User>) -> String {
    let mut lines = vec![HEADER.to_owned(), root(account, content)];
    let is_there = |user: &&User| gone.is_none_or(|gone| gone.name != user.name);
    let mut users: Vec<_> = content.users.iter().filter(is_there).collect();
    users.sort_by_key(|user| user.name.to_lowercase());
    for user in users {
        let max_age = content.password_policy.as_ref().and_then(|policy| policy.max_age);
        let (enabled, used, changed, next) = match &user.password {
            None => ("false", "N/A".to_owned(), "N/A".to_owned(), "N/A".to_owned()),
            Some(password) => (
                "true",
                password.last_used.map_or_else(|| "no_information".to_owned(), iso),
                iso(password.changed),
                max_age.map_or_else(|| "N/A".to_owned(), |days| iso(password.changed + days * 86_400)),
            ),
        };
        let mut fields = vec![
            user.name.clone(),
            user.arn(account),
            iso(user.created),
            enabled.to_owned(),
            used,
            changed,
            next,
        ];
        fields.push(user.mfa.is_some().to_string());
        keys(&user.keys, &mut fields);
        fields.extend(["false", "N/A", "false", "N/A"].map(str::to_owned));
        lines.push(fields.join(","));
    }
    lines.join("\n")
}

fn root(account: &Account, content: &AccountState) -> String {
    let root = &content.root;
    let used = match (root.password, root.password_last_used) {
        (false, _) => "N/A".to_owned(),
        (true, None) => "no_information".to_owned(),
        (true, Some(moment)) => iso(moment),
    };
    let mut fields = vec![
        "<root_account>".to_owned(),
        account.root_arn(),
        iso(account.joined),
        root.password.to_string(),
        used,
        "not_supported".to_owned(),
        "not_supported".to_owned(),
        root.mfa.is_some().to_string(),
    ];
    keys(&root.keys, &mut fields);
    fields.extend(["false", "N/A", "false", "N/A"].map(str::to_owned));
    fields.join(",")
}

fn keys(keys: &[Key], fields: &mut Vec<String>) {
    for slot in 0..2 {
        match keys.get(slot) {
            None => fields.extend(["false", "N/A", "N/A", "N/A", "N/A"].map(str::to_owned)),
            Some(key) => {
                fields.push(key.active.to_string());
                fields.push(iso(key.created));
                match key.last_used {
                    None => fields.extend(["N/A", "N/A", "N/A"].map(str::to_owned)),
                    Some((moment, region, service)) => {
                        fields.extend([iso(moment), region.to_owned(), service.to_owned()]);
                    }
                }
            }
        }
    }
}
