//! Which access keys an outcome is about: by their ids, where those were read.

use orgsweep_model::Outcome;
use orgsweep_model::facts::AccessKey;

/// Says which key it is, where its id was read.
pub fn add<'o>(key: &AccessKey, outcome: &'o mut Outcome) -> &'o mut Outcome {
    match &key.access_key_id {
        Some(id) => outcome.evidence("access_key_id", id.as_str()),
        None => outcome,
    }
}

/// The same of all keys that an outcome is about: by slot, null where an id was not read.
pub fn add_all<'o>(keys: &[&AccessKey], outcome: &'o mut Outcome) -> &'o mut Outcome {
    if keys.iter().all(|key| key.access_key_id.is_none()) {
        return outcome;
    }
    let ids: Vec<Option<&str>> = keys.iter().map(|key| key.access_key_id.as_deref()).collect();
    outcome.evidence("access_key_ids", ids)
}
