//! iam:ListAccessKeys: which key it is that a check flags. One call a user, so only flagged users are queried, and
//! only where a scan wants it.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html>

use orgsweep_model::facts::AccessKey;
use orgsweep_model::{Gap, Row, Session, Tables, Timestamp};

use super::{decode, member};
use crate::member::Member;
use crate::pages::next_marker;

pub const API: &str = "iam:ListAccessKeys";

/// Users that a note names; the others are counted.
const NAMED: usize = 5;

/// A key as it is listed.
struct Listed {
    id: String,
    created_at: Timestamp,
}

/// What became of the keys of users.
#[derive(Default)]
struct Unmatched {
    /// Users that the listing does not know any more.
    gone: Vec<String>,
    /// Users with keys of the same second.
    alike: Vec<String>,
    /// Users with a key of the report that is not listed any more.
    unlisted: Vec<String>,
}

/// Fills in the ids of the keys of flagged users, as far as `most` calls go, and notes what is left without one.
pub async fn read(
    session: &Session,
    flagged: &[String],
    most: usize,
    tables: &mut Tables,
) -> Result<(), Gap> {
    let member = member(session)?;
    let Ok(keys) = tables.get::<AccessKey>() else {
        return Ok(());
    };
    let mut keys = keys.to_vec();
    // ListAccessKeys gives keys of users, and root's to root alone.
    let has_keys = |arn: &&String| keys.iter().any(|key| key.user_arn == **arn && !key.is_root());
    let users: Vec<&String> = flagged.iter().filter(has_keys).collect();
    let mut unmatched = Unmatched::default();
    let mut lost = None;
    let mut read = 0;
    for arn in users.iter().take(most) {
        let mut own: Vec<&mut AccessKey> = keys.iter_mut().filter(|key| key.user_arn == **arn).collect();
        let Some(name) = own.first().map(|key| key.user_name().to_owned()) else {
            continue;
        };
        match list(member, &name).await {
            Ok(listed) => unmatched.attach(&name, &mut own, &listed),
            Err(gap) if gap.code.as_deref() == Some("NoSuchEntity") => unmatched.gone.push(name),
            Err(gap) => {
                // What is refused for one is refused for all, and trouble is not added to.
                lost = Some(gap);
                break;
            }
        }
        read += 1;
    }
    if let Some(gap) = &lost {
        let left = users.len() - read;
        tables.note(format!("flagged users whose access key IDs were not read: {left} ({})", gap.headline()));
    } else if users.len() > most {
        let left = users.len() - most;
        tables.note(format!("flagged users whose access key IDs were not read: {left} (--key-ids {most})"));
    }
    unmatched.note(tables);
    let observed_at = tables.observed_at(AccessKey::SCHEMA.name).unwrap_or_else(|| session.clock.now());
    tables.insert(keys, observed_at);
    lost.map_or(Ok(()), Err)
}

async fn list(member: &Member, user_name: &str) -> Result<Vec<Listed>, Gap> {
    let mut keys = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let request =
            member.iam.list_access_keys().user_name(user_name).max_items(1000).set_marker(marker.clone());
        let page = member.call(API, || request.clone().send()).await?;
        for key in page.access_key_metadata() {
            keys.push(Listed {
                id: decode::required(key.access_key_id(), "the id of an access key")
                    .map_err(|gap| gap.during(API))?,
                created_at: decode::required_moment(key.create_date(), "the creation date of an access key")
                    .map_err(|gap| gap.during(API))?,
            });
        }
        marker = next_marker(API, page.is_truncated(), page.marker(), marker.as_deref())?;
        if marker.is_none() {
            return Ok(keys);
        }
    }
}

impl Unmatched {
    /// Gives each key of one user the id of the key that was made in the same second. Where two were, on either side, which
    /// is which would be a guess, and an id that is wrong switches the wrong key off.
    fn attach(&mut self, user_name: &str, own: &mut [&mut AccessKey], listed: &[Listed]) {
        let seconds: Vec<i64> = own.iter().map(|key| key.created_at.as_second()).collect();
        let (mut alike, mut unlisted) = (false, false);
        for key in own {
            let second = key.created_at.as_second();
            let same: Vec<&Listed> =
                listed.iter().filter(|one| one.created_at.as_second() == second).collect();
            let reported = seconds.iter().filter(|other| **other == second).count();
            match same[..] {
                [] => unlisted = true,
                [one] if reported == 1 => key.access_key_id = Some(one.id.clone()),
                _ => alike = true,
            }
        }
        if alike {
            self.alike.push(user_name.to_owned());
        }
        if unlisted {
            self.unlisted.push(user_name.to_owned());
        }
    }

    fn note(self, tables: &mut Tables) {
        for (what, mut users) in [
            ("access keys created in the same second cannot be distinguished and have no ID", self.alike),
            ("access keys in the credential report that are no longer listed", self.unlisted),
            ("users with flagged access keys that no longer exist", self.gone),
        ] {
            if users.is_empty() {
                continue;
            }
            users.sort();
            let more = users.len().saturating_sub(NAMED);
            users.truncate(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            tables.note(format!("{what}: {}{more}", users.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_model::Account;
    use orgsweep_model::Reason;
    use orgsweep_model::collector::Clock;
    use orgsweep_model::facts::KeyStatus;

    const FIRST: &str = "2025-01-01T00:00:01Z";
    const SECOND: &str = "2025-01-01T00:00:02Z";

    fn key(slot: i32, created_at: &str) -> AccessKey {
        AccessKey {
            account_id: "111122223333".parse().unwrap(),
            user_arn: "arn:aws:iam::111122223333:user/team/ann".to_owned(),
            slot,
            access_key_id: None,
            status: KeyStatus::Active,
            created_at: created_at.parse().unwrap(),
            last_used_at: None,
            age_days: 100,
            unused_days: None,
            last_used_service: None,
            last_used_region: None,
            owner: None,
        }
    }

    fn listed(id: &str, created_at: &str) -> Listed {
        Listed { id: id.to_owned(), created_at: created_at.parse().unwrap() }
    }

    fn named(mut keys: Vec<AccessKey>, listed: &[Listed]) -> (Vec<Option<String>>, Vec<String>) {
        let mut unmatched = Unmatched::default();
        unmatched.attach("ann", &mut keys.iter_mut().collect::<Vec<_>>(), listed);
        let mut tables = Tables::new();
        unmatched.note(&mut tables);
        (keys.into_iter().map(|key| key.access_key_id).collect(), tables.notes().to_vec())
    }

    #[test]
    fn keys_are_told_by_the_second_of_their_making() {
        let of = |id: &str| Some(id.to_owned());
        // Listed in another order, and with parts of a second on one side.
        let (ids, notes) = named(
            vec![key(1, SECOND), key(2, "2025-01-01T00:00:01.25Z")],
            &[listed("AKIAFIRST", FIRST), listed("AKIASECOND", "2025-01-01T00:00:02.75Z")],
        );
        assert_eq!(ids, [of("AKIASECOND"), of("AKIAFIRST")]);
        assert_eq!(notes, Vec::<String>::new());
        // A key that was made since is no hindrance.
        let (ids, _) = named(vec![key(1, FIRST)], &[listed("AKIANEW", SECOND), listed("AKIAOLD", FIRST)]);
        assert_eq!(ids, [of("AKIAOLD")]);
    }

    #[test]
    fn what_cannot_be_told_apart_is_not_guessed() {
        let alike = "access keys created in the same second cannot be distinguished and have no ID: ann";
        let two = [listed("AKIAONE", FIRST), listed("AKIATWO", FIRST)];
        assert_eq!(
            named(vec![key(1, FIRST), key(2, FIRST)], &two),
            (vec![None, None], vec![alike.to_owned()])
        );
        // On one side only.
        assert_eq!(named(vec![key(1, FIRST)], &two), (vec![None], vec![alike.to_owned()]));
        let (ids, notes) = named(vec![key(1, FIRST), key(2, FIRST)], &two[..1]);
        assert_eq!((ids, notes), (vec![None, None], vec![alike.to_owned()]));
    }

    #[test]
    fn a_key_that_is_not_listed_any_more_is_told() {
        let (ids, notes) = named(vec![key(1, FIRST)], &[listed("AKIANEW", SECOND)]);
        assert_eq!(ids, [None]);
        assert_eq!(notes, ["access keys in the credential report that are no longer listed: ann"]);
    }

    #[tokio::test]
    async fn a_refusal_is_a_note_and_changes_no_row() {
        let body = "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
            <Code>AccessDenied</Code><Message>not allowed</Message></Error></ErrorResponse>";
        let account = Account::new("111122223333".parse().unwrap());
        let session = crate::canned::answering(&account, Clock::wall(), 403, body.as_bytes());
        let mut tables = Tables::new();
        let moment = FIRST.parse().unwrap();
        tables.insert(vec![key(1, FIRST)], moment);
        let flagged = [key(1, FIRST).user_arn, "arn:aws:iam::111122223333:user/without-key".to_owned()];
        let gap = read(&session, &flagged, 10, &mut tables).await.unwrap_err();
        assert_eq!(gap.reason, Reason::Denied);
        assert_eq!(tables.get::<AccessKey>().unwrap()[0].access_key_id, None);
        assert_eq!(tables.observed_at("access_keys"), Some(moment));
        assert_eq!(tables.notes().len(), 1);
        assert!(
            tables.notes()[0].starts_with("flagged users whose access key IDs were not read: 1 (DENIED at")
        );
    }
}
