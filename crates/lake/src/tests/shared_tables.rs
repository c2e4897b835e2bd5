//! What belongs to no account, and what was read once for all of them.

use super::*;

fn documents(texts: &[&str]) -> Arc<dyn Rows> {
    Arc::new(texts.iter().map(|text| Document::of(text)).collect::<Vec<_>>())
}

fn texts(root: &Path) -> Vec<String> {
    let rows: Vec<Document> = read(root, &ScanSelector::Latest).unwrap();
    rows.iter().map(|row| row.document_json.to_string()).collect()
}

/// In order of the accounts, whichever finished first; what is shared, once.
#[test]
fn each_document_is_there_once_and_always_in_the_same_place() {
    let of = |account: &str| match account {
        "111111111111" => documents(&["a", "shared"]),
        _ => documents(&["shared", "b", "whole"]),
    };
    for order in [["111111111111", "222222222222"], ["222222222222", "111111111111"]] {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), &scan_id(1));
        for account in order {
            spool(&mut writer, Place::Finished, account.parse().unwrap(), &[of(account)], json!({})).unwrap();
        }
        let whole = [documents(&["whole"])];
        writer.publish(&whole, scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
        assert_eq!(texts(folder.path()), ["whole", "a", "shared", "b"]);
    }
}

/// In its account's place, in the table's order, and once.
#[test]
fn what_was_read_for_all_is_noted_in_one_accounts_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), &scan_id(1));
    let row = |account: &str, table: &str, row_count| TableRead {
        account_id: account.parse().unwrap(),
        table_name: table.to_owned(),
        row_count,
        ..row_of(0)
    };
    for account in ["111111111111", "222222222222"] {
        let rows: Arc<dyn Rows> = Arc::new(vec![
            row(account, "roles", 1),
            row(account, "organization_policies", 2),
            row(account, "a", 3),
        ]);
        spool(&mut writer, Place::Finished, account.parse().unwrap(), &[rows], json!({})).unwrap();
    }
    writer.record_read(row("111111111111", "organization_policies", 7));
    writer.record_read(row("333333333333", "organization_policies", 8));
    writer.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
    let reads: Vec<TableRead> = read(folder.path(), &ScanSelector::Latest).unwrap();
    let told: Vec<_> = reads
        .iter()
        .map(|read| (&read.account_id.as_str()[..1], read.table_name.as_str(), read.row_count))
        .collect();
    assert_eq!(
        told,
        [
            ("1", "a", 3),
            ("1", "organization_policies", 7),
            ("1", "roles", 1),
            ("2", "a", 3),
            ("2", "organization_policies", 2),
            ("2", "roles", 1),
            ("3", "organization_policies", 8),
        ]
    );
}
