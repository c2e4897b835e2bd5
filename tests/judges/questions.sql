-- name: worst ten accounts
SELECT account_id, account_name, ou_path, count(*) AS open_findings, sum(severity_rank * severity_rank) AS score
FROM findings_latest WHERE status = 'FAIL'
GROUP BY account_id, account_name, ou_path ORDER BY score DESC, account_id LIMIT 10;

-- name: accounts not scanned and why
SELECT account_id, account_name, scan_state, reason_code
FROM scan_accounts_latest WHERE scan_state <> 'SCANNED' ORDER BY scan_state, reason_code, account_id;

-- name: keys older than a year, by account
SELECT account_id, count(*) AS old_keys, max(age_days) AS oldest_days
FROM access_keys_latest WHERE status = 'Active' AND age_days > 365
GROUP BY account_id ORDER BY old_keys DESC, account_id LIMIT 10;
