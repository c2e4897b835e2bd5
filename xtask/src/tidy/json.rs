//! What the command line prints for programs is written with structs (`crates/cli/src/terminal/json`): `json!` would let a name or
//! a type change without a version.

use super::tokens::tokens;

/// Where nothing is put together by hand.
const FOLDER: &str = "crates/cli/src/";

/// The lines of a file that use `json!`; tests may.
pub fn by_hand(path: &str, text: &str) -> Vec<usize> {
    if !path.starts_with(FOLDER) {
        return Vec::new();
    }
    let tokens = tokens(text);
    let pairs = tokens.windows(2).filter(|pair| pair[0].word() == Some("json") && pair[1].is('!'));
    pairs.map(|pair| pair[0].line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_by_hand_is_found_outside_of_tests() {
        let text = "//! json!\nfn f() {\n    serde_json::json!({});\n    json ! ([]);\n    let json = !true;\n}\n\
                    #[cfg(test)]\nmod tests { fn g() { json!(1); } }";
        assert_eq!(by_hand("crates/cli/src/a/b.rs", text), [3, 4]);
        assert_eq!(by_hand("crates/lake/src/a.rs", text), [0; 0]);
    }
}
