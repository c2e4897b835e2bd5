//! As much of JSON Schema as the schema of the log uses. A word that it does not know is an error, so that nothing is passed over.

use serde_json::Value as Json;

/// Why a value does not fit a schema; `root` holds the definitions.
#[expect(clippy::too_many_lines, reason = "one arm for each keyword")]
pub fn validate(value: &Json, schema: &Json, root: &Json) -> Result<(), String> {
    let wrong = |why: String| Err(format!("{value}: {why}"));
    for (word, rule) in schema.as_object().unwrap() {
        match word.as_str() {
            "$ref" => {
                let path = rule.as_str().unwrap().strip_prefix('#').unwrap();
                validate(value, root.pointer(path).unwrap(), root)?;
            }
            "const" if rule != value => return wrong(format!("is not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => {
                return wrong(format!("is none of {rule}"));
            }
            "$schema" | "$id" | "$defs" | "title" | "description" | "required" | "const" | "enum" => {}
            "type" => {
                let kinds = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                let is = |kind: &Json| match kind.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "null" => value.is_null(),
                    other => panic!("type {other}"),
                };
                if !kinds.iter().any(is) {
                    return wrong(format!("is not of type {rule}"));
                }
            }
            "minimum" => {
                if value.as_i64().is_some_and(|number| number < rule.as_i64().unwrap()) {
                    return wrong(format!("is below {rule}"));
                }
            }
            // Two patterns: a moment, and an account id.
            "pattern" => {
                let text = value.as_str().unwrap_or_default();
                let fits = if rule.as_str().unwrap().contains('T') {
                    text.ends_with('Z') && text.parse::<orgsweep_model::Timestamp>().is_ok()
                } else {
                    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
                };
                if !fits {
                    return wrong(format!("does not match {rule}"));
                }
            }
            "properties" => {
                let Some(object) = value.as_object() else { continue };
                for (name, inner) in rule.as_object().unwrap() {
                    match object.get(name) {
                        Some(value) => {
                            validate(value, inner, root).map_err(|why| format!("{name}: {why}"))?;
                        }
                        None if schema["required"]
                            .as_array()
                            .is_some_and(|list| list.iter().any(|one| one == name)) =>
                        {
                            return wrong(format!("has no {name}"));
                        }
                        None => {}
                    }
                }
            }
            "additionalProperties" => {
                assert_eq!(rule, &Json::Bool(false));
                if let Some(name) = value.as_object().and_then(|object| {
                    object.keys().find(|name| schema["properties"].get(name.as_str()).is_none())
                }) {
                    return wrong(format!("{name} is not in the schema"));
                }
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    validate(item, rule, root)?;
                }
            }
            "minItems" => {
                if value.as_array().is_some_and(|list| (list.len() as u64) < rule.as_u64().unwrap()) {
                    return wrong("has too few items".to_owned());
                }
            }
            "oneOf" => {
                let results: Vec<_> =
                    rule.as_array().unwrap().iter().map(|inner| validate(value, inner, root)).collect();
                match results.iter().filter(|result| result.is_ok()).count() {
                    1 => {}
                    0 => {
                        // The one that is about the same event says most.
                        let why =
                            rule.as_array().unwrap().iter().zip(&results).find_map(|(inner, result)| {
                                let event = &inner["properties"]["event"];
                                let is_about = validate(&value["event"], event, root).is_ok();
                                if is_about { result.as_ref().err() } else { None }
                            });
                        return wrong(why.map_or_else(|| "no such event".to_owned(), Clone::clone));
                    }
                    several => return wrong(format!("fits {several} of oneOf")),
                }
            }
            other => panic!("the validator of this test does not know {other:?}"),
        }
    }
    Ok(())
}
