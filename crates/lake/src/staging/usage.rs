//! Calls that belong to no account, kept with the finished accounts: a scan that is resumed, or assembled from shards, counts
//! the calls of every process that took part, including killed ones.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use orgsweep_model::Usage;
use orgsweep_model::collector::CallCounts;
use serde::{Deserialize, Serialize};

use crate::error::LakeError;
use crate::layout::USAGE;

/// One kind of call since the last line.
#[derive(Serialize, Deserialize)]
struct Entry {
    service: String,
    action: String,
    counts: CallCounts,
}

/// The file, and how far it is.
pub struct SharedUsage {
    path: PathBuf,
    file: File,
    /// Of the processes before this one.
    earlier: Usage,
    /// What this process has written.
    written: BTreeMap<(String, String), CallCounts>,
}

impl SharedUsage {
    /// Nothing, or what earlier processes left in the folder. The caller holds the folder's lock.
    pub fn open(folder: &Path) -> Result<Self, LakeError> {
        let path = folder.join(USAGE);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(LakeError::io("opening", &path))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(LakeError::io("reading", &path))?;
        // A process that was killed leaves half a line at most.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(LakeError::io("writing", &path))?;
        let earlier = Usage::default();
        for (index, line) in text[..whole].split(|byte| *byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let entries: Vec<Entry> = serde_json::from_slice(line).map_err(|_| {
                let problem = format!("line {} is not a record of API calls", index + 1);
                LakeError::damaged(folder, USAGE, problem)
            })?;
            for entry in entries {
                earlier.count(&entry.service, &entry.action, |counts| counts.add(&entry.counts));
            }
        }
        Ok(Self { path, file, earlier, written: BTreeMap::new() })
    }

    /// Records this process's calls since they were last recorded.
    pub fn keep(&mut self, usage: &Usage) -> Result<(), LakeError> {
        let now = usage.by_action();
        let entries: Vec<Entry> = now
            .iter()
            .filter(|(kind, counts)| self.written.get(*kind) != Some(counts))
            .map(|((service, action), counts)| {
                let written = self.written.get(&(service.clone(), action.clone()));
                let counts = counts.since(&written.copied().unwrap_or_default());
                Entry { service: service.clone(), action: action.clone(), counts }
            })
            .collect();
        if entries.is_empty() {
            return Ok(());
        }
        let mut line = serde_json::to_vec(&entries).map_err(LakeError::format("writing", &self.path))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(LakeError::io("writing", &self.path))?;
        self.written = now;
        Ok(())
    }

    /// Of the processes before this one.
    pub fn earlier(&self) -> &Usage {
        &self.earlier
    }
}
