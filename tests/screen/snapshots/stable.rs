//! Texts without what differs from run to run.

use jiff::{Timestamp, ToSpan as _};

/// Texts between which a number differs from run to run.
const BETWEEN: [(&str, &str); 8] = [
    ("took ", " s"),
    ("127.0.0.1:", ""),
    (" accounts, ", " calls to AWS"),
    (" account, ", " calls to AWS"),
    (" calls to AWS (", " for the organization"),
    ("\"api_calls\":", ","),
    ("\"api_attempts\":", ","),
    ("\"response_bytes\":", ","),
];

/// What is replaced in one record.
pub struct Stable {
    replaced: Vec<(String, String)>,
    dates: [String; 2],
}

impl Stable {
    /// Replaces these texts, the program's version, ids of scans in the order in which they come, durations and today's date.
    pub fn new(replaced: &[(&str, &str)]) -> Self {
        let mut replaced: Vec<_> =
            replaced.iter().map(|(text, word)| ((*text).to_owned(), (*word).to_owned())).collect();
        replaced.push((env!("CARGO_PKG_VERSION").to_owned(), "VERSION".to_owned()));
        let today = Timestamp::now();
        // A record may be made across midnight.
        let dates = [today, today - 5.minutes()].map(|moment| moment.to_string()[..10].to_owned());
        Self { replaced, dates }
    }

    /// The same text in every run.
    pub fn of(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (found, word) in &self.replaced {
            text = text.replace(found, word);
        }
        let mut scans: Vec<String> = Vec::new();
        let mut stable = String::new();
        for piece in pieces(&text) {
            if is_scan_id(piece) {
                let known = scans.iter().position(|scan| scan == piece);
                let number = known.unwrap_or_else(|| {
                    scans.push(piece.to_owned());
                    scans.len() - 1
                });
                stable.push_str(&format!("SCAN_{}", number + 1));
            } else {
                stable.push_str(piece);
            }
        }
        let mut lines: Vec<String> = Vec::new();
        for line in stable.lines() {
            let mut line = without_moments(line, &self.dates);
            // Two clocks are read at two moments.
            if line.starts_with("Clock ") && line.contains(": 1 s ") {
                line = "Clock          right: the same as AWS's".to_owned();
            }
            line = without_number(&line, "\"ahead_seconds\":", ",");
            for (before, after) in BETWEEN {
                line = without_number(&line, before, after);
            }
            lines.push(line.trim_end().to_owned());
        }
        lines.join("\n") + "\n"
    }
}

/// Standard error without the lines that tell progress, and with the losses, which come in any order, in one.
pub fn errors(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.contains("s elapsed")).collect();
    let is_loss = |line: &str| line.starts_with("not scanned: ") || line.starts_with("partial: ");
    let mut losses: Vec<&str> = lines.iter().copied().filter(|line| is_loss(line)).collect();
    losses.sort_unstable();
    if let Some(first) = lines.iter().position(|line| is_loss(line)) {
        lines.retain(|line| !is_loss(line));
        lines.splice(first..first, losses);
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Words of letters and digits, and what is between them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let alike = |character: char| character.is_ascii_alphanumeric() == first.is_ascii_alphanumeric();
        let end = rest.find(|character| !alike(character)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// Whether a word has the form of a scan's id; that of the tests for wrong inputs is always the same.
fn is_scan_id(word: &str) -> bool {
    word.len() == 26
        && word.starts_with("01")
        && word != "01ARZ3NDEKTSV4RRFFQ69G5FAV"
        && word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// `MOMENT` for a moment of today, and `TODAY` for its date.
fn without_moments(line: &str, dates: &[String]) -> String {
    let mut line = line.to_owned();
    for date in dates {
        while let Some(start) = line.find(date.as_str()) {
            let rest = &line[start + date.len()..];
            let is_time = |character: char| character.is_ascii_digit() || ":.T".contains(character);
            let end = rest.find(|character| !is_time(character)).unwrap_or(rest.len());
            let (word, taken) = if rest[end..].starts_with('Z') && rest.starts_with('T') {
                ("MOMENT", end + 1)
            } else {
                ("TODAY", 0)
            };
            line.replace_range(start..start + date.len() + taken, word);
        }
    }
    line
}

/// `N` for a number that stands between two texts.
fn without_number(line: &str, before: &str, after: &str) -> String {
    let mut pieces = line.split(before);
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        text.push_str(before);
        let end = piece.find(|character: char| !character.is_ascii_digit() && character != '.');
        let end = end.unwrap_or(piece.len());
        if end > 0 && piece[end..].starts_with(after) {
            text.push('N');
            text.push_str(&piece[end..]);
        } else {
            text.push_str(piece);
        }
    }
    text
}

#[test]
fn what_differs_from_run_to_run_is_replaced_and_nothing_else() {
    let stable = Stable {
        replaced: vec![("/a/folder".into(), "FOLDER".into())],
        dates: ["2026-11-30".into(), "2026-11-29".into()],
    };
    for (text, wanted) in [
        (
            "Scan 01KT07NV00CSCZ6ZA7YPNSD66R of o-1 took 8.9 s: 60 accounts, 552 calls to AWS (46 for the organization)",
            "Scan SCAN_1 of o-1 took N s: 60 accounts, N calls to AWS (N for the organization)",
        ),
        (
            "at 2026-11-30T12:26:14.123Z, 2026-11-29; 2026-06-01T00:00:00Z",
            "at MOMENT, TODAY; 2026-06-01T00:00:00Z",
        ),
        ("http://127.0.0.1:4567/ in /a/folder/lake  ", "http://127.0.0.1:N/ in FOLDER/lake"),
        ("it took long", "it took long"),
        (
            "01KT07NV00CSCZ6ZA7YPNSD66R 01KT07NV00CSCZ6ZA7YPNSD66S 01KT07NV00CSCZ6ZA7YPNSD66R",
            "SCAN_1 SCAN_2 SCAN_1",
        ),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ] {
        assert_eq!(stable.of(text), format!("{wanted}\n"));
    }
    assert_eq!(
        errors("60 listed\npartial: 2\n1 of 2, 3s elapsed\nnot scanned: 1\nend\n"),
        "60 listed\nnot scanned: 1\npartial: 2\nend\n"
    );
}
