//! What a parser says about types, in words for people who write configuration.

/// `expected a whole number, not string "many"` for what a parser says about types.
pub fn without_type_words(message: &str) -> String {
    let split = message.split_once("invalid type: ").or_else(|| message.split_once("invalid value: "));
    let Some((place, rest)) = split else {
        return message.to_owned();
    };
    let Some((found, expected)) = rest.split_once(", expected ") else {
        return message.to_owned();
    };
    let (expected, more) = expected.split_once('\n').unwrap_or((expected, ""));
    let expected = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a string" => "a text",
        "any valid TOML value" => "a number of at most 64 bits",
        other => other,
    };
    let found = match found.strip_suffix(" as i128").unwrap_or(found) {
        "sequence" => "a list",
        "map" => "a table",
        other => other,
    };
    let more = if more.is_empty() { String::new() } else { format!(" {}", more.trim()) };
    format!("{place}expected {expected}, not {found}{more}")
}
