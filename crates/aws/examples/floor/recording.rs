//! A recording, by account: the lines that `orgsweep simulate --record FILE` wrote.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value as Json;

/// One request as it was recorded.
pub struct Call {
    /// `iam:ListRoles`.
    pub action: String,
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Of the answer.
    pub status: u16,
    /// Of the answer's body.
    pub answer_bytes: u64,
}

/// The calls of every account, handed out an account at a time.
pub struct Queue {
    /// What concerns the organization as a whole first: it is the longest chain.
    accounts: Vec<Vec<Call>>,
    next: AtomicUsize,
}

impl Queue {
    /// Reads a recording whole.
    pub fn read(path: &Path) -> Result<Self, String> {
        let place = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
        let file = File::open(path).map_err(|error| place(&error))?;
        let mut accounts = vec![Vec::new()];
        let mut places: HashMap<String, usize> = HashMap::new();
        for (number, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(|error| place(&error))?;
            let line: Json = serde_json::from_str(&line)
                .map_err(|error| place(&format!("line {}: {error}", number + 1)))?;
            let place = match line["account"].as_str() {
                None => 0,
                Some(account) => *places.entry(account.to_owned()).or_insert_with(|| {
                    accounts.push(Vec::new());
                    accounts.len() - 1
                }),
            };
            accounts[place].push(call(&line));
        }
        if places.is_empty() {
            return Err(place(&"no account's call is in it"));
        }
        Ok(Self { accounts, next: AtomicUsize::new(0) })
    }

    /// The calls of the next account that nobody has taken yet.
    pub fn next(&self) -> Option<&[Call]> {
        self.accounts.get(self.next.fetch_add(1, Ordering::Relaxed)).map(Vec::as_slice)
    }
}

fn call(line: &Json) -> Call {
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let headers = line["headers"].as_array().map(Vec::as_slice).unwrap_or_default().iter().map(|pair| {
        let part = |index: usize| pair[index].as_str().unwrap_or_default().to_owned();
        (part(0), part(1))
    });
    Call {
        action: text("action"),
        method: text("method"),
        path: text("path"),
        headers: headers.collect(),
        body: text("body"),
        status: line["status"].as_u64().unwrap_or_default() as u16,
        answer_bytes: line["answer_bytes"].as_u64().unwrap_or_default(),
    }
}
