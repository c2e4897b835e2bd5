//! `cargo xtask new-check PACK ID`: one file, one `mod` line, one line in the pack's list.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::root;

/// Scaffolds a check. It compiles at once and fails its own test until it is written.
pub fn new_check(pack: &str, id: &str) -> Result<(), String> {
    let (file, package) = new_check_in(&root(), pack, id)?;
    let file = file.strip_prefix(root()).unwrap_or(&file);
    println!(
        "write {} and show its fault in the pack's src/fixtures.rs; then `cargo test -p {package}`",
        file.display()
    );
    Ok(())
}

/// The same in a workspace that may be elsewhere; the file, and the package that it belongs to.
pub fn new_check_in(root: &Path, pack: &str, id: &str) -> Result<(PathBuf, String), String> {
    check_id(id)?;
    let packs_folder = root.join("plugins");
    let folder = packs_folder.join(pack).join("src");
    let list = folder.join("lib.rs");
    if !list.exists() {
        return Err(format!("no pack {pack:?}: expected one of {}", packs(&packs_folder).join(", ")));
    }
    let package = package(&packs_folder.join(pack).join("Cargo.toml"))?;
    let module = id.replace('-', "_");
    let file = folder.join(format!("{module}.rs"));
    if file.exists() {
        return Err(format!("{} is already there", file.display()));
    }
    let text = fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let listed = with_entry(&text, &module, &type_name(id))?;
    write(&file, &template(id))?;
    write(&list, &listed)?;
    Ok((file, package))
}

/// The package's name: an in-house pack may call itself as it likes.
fn package(manifest: &Path) -> Result<String, String> {
    let text = fs::read_to_string(manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
    let section = text.split_once("[package]").map_or("", |(_, rest)| rest);
    let name = section.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    name.map(str::to_owned).ok_or_else(|| format!("{}: [package] has no name", manifest.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn packs(folder: &Path) -> Vec<String> {
    let mut packs: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("src/lib.rs").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    packs.sort();
    packs
}

fn check_id(id: &str) -> Result<(), String> {
    let words = id.split('-').collect::<Vec<_>>();
    let fine = words.len() >= 2
        && words.iter().all(|word| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
        && id.as_bytes()[0].is_ascii_lowercase();
    if fine {
        return Ok(());
    }
    Err(format!(
        "{id:?} is not a check id: lower-case words with hyphens, named after the fault, such as \
         iam-user-console-mfa-missing"
    ))
}

/// `iam-user-inline-policy` gives `UserInlinePolicy`: the first word is the service or the company.
fn type_name(id: &str) -> String {
    id.split('-').skip(1).map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}

/// The pack's `lib.rs` with the module and the check, in alphabetical order.
fn with_entry(text: &str, module: &str, check: &str) -> Result<String, String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let list = lines
        .iter()
        .position(|line| line.contains("pack!["))
        .ok_or("the pack's lib.rs has no pack![…] list")?;
    let end = (list..lines.len())
        .find(|index| lines[*index].trim() == "];")
        .ok_or("the pack![…] list does not end with a line `];`")?;
    let entry = format!("    {module}::{check},");
    let at = (list + 1..end).find(|index| lines[*index] > entry).unwrap_or(end);
    lines.insert(at, entry);

    let declaration = format!("mod {module};");
    // `#[cfg(test)]` and the module below it stay together, behind the others.
    let is_module =
        |index: usize| lines[index].starts_with("mod ") && !(index > 0 && lines[index - 1].starts_with("#["));
    let first = (0..list).find(|index| is_module(*index)).unwrap_or(list);
    let newest = (first..list).take_while(|index| is_module(*index)).last();
    let at = match newest {
        None => first,
        Some(end) => (first..=end).find(|index| lines[*index] > declaration).unwrap_or(end + 1),
    };
    lines.insert(at, declaration);
    if newest.is_none() {
        lines.insert(at + 1, String::new());
    }
    Ok(lines.join("\n") + "\n")
}

fn template(id: &str) -> String {
    TEMPLATE.replace("@ID@", id).replace("@TYPE@", &type_name(id))
}

const TEMPLATE: &str = r#"//! @ID@.

use orgsweep_model::facts::User;
use orgsweep_model::{Check, Context, Report, Resource, Severity, check, manual};

check! {
    /// One sentence: the fault, in the present tense.
    ///
    /// ## Why it matters
    /// What an attacker could do because of it.
    ///
    /// ## What it cannot see
    /// What the rule misses.
    pub @TYPE@ {
        id: "@ID@",
        title: "One line that names the fault",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/"],
        settings: {},
    }
}

impl Check for @TYPE@ {
    type Reads<'a> = &'a [User];

    fn evaluate(&self, users: Self::Reads<'_>, _context: &Context<'_>, report: &mut Report) {
        for user in users {
            // The rule goes here: `report.fail(…)` with a message, or `report.pass(…)`.
            report.pass(Resource::user(&user.user_arn));
        }
    }
}

manual! {
    /// ## How to verify
    /// The call that shows the fault: `aws iam …`.
    ///
    /// ## How to fix
    /// In a sentence; then, where they differ:
    ///
    /// - Console: …
    /// - CLI: `aws iam …`
    /// - Terraform: …
    ///
    /// ## How to back out
    /// What to do if the fix breaks something.
    @TYPE@
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, user};

    #[test]
    fn the_fault_is_flagged() {
        // Change the row so that it shows the fault, and write the rule that sees it.
        Case::new().rows(vec![user("ann")]).flags(&@TYPE@::default(), "ann");
    }
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_words_with_hyphens() {
        assert!(check_id("iam-user-inline-policy").is_ok());
        for id in ["", "iam", "IAM-user", "iam--user", "iam-user_x", "1am-user", "../etc-passwd"] {
            assert!(check_id(id).is_err(), "{id}");
        }
        assert_eq!(type_name("acme-user-name-convention"), "UserNameConvention");
    }

    #[test]
    fn entries_are_put_in_order() {
        let text = "//! Pack.\n\nmod a_one;\nmod c_three;\n\norgsweep_model::pack![\"p\":\n    a_one::One,\n    c_three::Three,\n];\n";
        let listed = with_entry(text, "b_two", "Two").unwrap();
        assert!(listed.contains("mod a_one;\nmod b_two;\nmod c_three;\n"), "{listed}");
        assert!(listed.contains("    a_one::One,\n    b_two::Two,\n    c_three::Three,\n];"), "{listed}");
        let last = with_entry(text, "d_four", "Four").unwrap();
        assert!(last.contains("mod c_three;\nmod d_four;\n\n"), "{last}");
        let fixtures = "#[cfg(test)]\nmod fixtures;\n";
        let tested =
            with_entry(&text.replace("\n\norg", &format!("\n\n{fixtures}\norg")), "d_four", "Four").unwrap();
        assert!(tested.contains(&format!("mod c_three;\nmod d_four;\n\n{fixtures}")), "{tested}");
        let only = format!("//! Pack.\n\n{fixtures}\norgsweep_model::pack![\"p\":\n];\n");
        let only = with_entry(&only, "a_one", "One").unwrap();
        assert!(only.contains(&format!("{fixtures}\nmod a_one;\n\norg")), "{only}");
        let empty = with_entry("//! Pack.\n\norgsweep_model::pack![\"p\":\n];\n", "a_one", "One").unwrap();
        assert!(empty.contains("mod a_one;\n\norgsweep_model::pack![\"p\":\n    a_one::One,\n];"), "{empty}");
    }

    #[test]
    fn the_template_is_filled_in() {
        let text = template("acme-user-without-owner");
        assert!(text.contains("pub UserWithoutOwner {") && !text.contains('@'), "{text}");
    }
}
