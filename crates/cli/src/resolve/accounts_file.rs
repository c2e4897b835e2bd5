//! Accounts from a file.

use std::collections::BTreeMap;
use std::path::Path;

use orgsweep_model::finding_id::sha256_hex;
use orgsweep_model::{Account, AccountId};

use crate::exit::Failure;

/// Accounts from a file: an id a line, a name behind a comma; `#` begins a comment.
pub fn read_accounts_file(path: &Path) -> Result<Vec<Account>, Failure> {
    let place = |message: String| Failure::new(format!("--accounts-file {}: {message}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| place(error.to_string()))?;
    parse_accounts(&text).map_err(place)
}

/// Names what is in such a file, in whatever order it is.
pub fn digest_of(accounts: &[Account]) -> String {
    let by_id: BTreeMap<&AccountId, &Option<String>> =
        accounts.iter().map(|account| (&account.id, &account.name)).collect();
    let pairs: Vec<_> = by_id.into_iter().map(|(id, name)| (id.as_str(), name.as_deref())).collect();
    sha256_hex(&serde_json::to_vec(&pairs).unwrap_or_default())
}

fn parse_accounts(text: &str) -> Result<Vec<Account>, String> {
    let mut accounts: Vec<Account> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start_matches('\u{feff}');
        // A name may hold a #, an id cannot: there it begins a comment.
        let (id, name) = line.split_once(',').unwrap_or((line, ""));
        let (id, name) = id.split_once('#').map_or((id, name), |(id, _)| (id, ""));
        if id.trim().is_empty() {
            continue;
        }
        let id: AccountId = id.trim().parse().map_err(|message| format!("line {}: {message}", number + 1))?;
        if accounts.iter().any(|account| account.id == id) {
            return Err(format!("line {}: account {id} is listed twice", number + 1));
        }
        let mut account = Account::new(id);
        account.name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        accounts.push(account);
    }
    if accounts.is_empty() {
        return Err("no account in it: expected a 12-digit id a line".to_owned());
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accounts_file() {
        let accounts =
            parse_accounts("# ours, and theirs\n111122223333, payments, prod\n\n 222233334444 # dev, x\n333344445555, Team #1")
                .unwrap();
        assert_eq!(accounts.len(), 3);
        assert_eq!(accounts[2].name.as_deref(), Some("Team #1"));
        assert_eq!(accounts[0].name.as_deref(), Some("payments, prod"));
        assert_eq!(accounts[1].name, None);
    }

    /// A scan that was started earlier is resumed only with the same digest.
    #[test]
    fn the_digest_of_accounts_stays() {
        let accounts = parse_accounts("222233334444\n111122223333, \u{201e}one\u{201c}").unwrap();
        let text = "[[\"111122223333\",\"\u{201e}one\u{201c}\"],[\"222233334444\",null]]";
        assert_eq!(digest_of(&accounts), sha256_hex(text.as_bytes()));
    }

    #[test]
    fn mistakes_in_an_accounts_file_are_named() {
        for (text, wanted) in [
            ("111122223333\n1234\n", "line 2"),
            ("111122223333\n111122223333\n", "listed twice"),
            ("# nothing\n", "no account"),
        ] {
            let message = parse_accounts(text).unwrap_err();
            assert!(message.contains(wanted), "{message}");
        }
    }
}
