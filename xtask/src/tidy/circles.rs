//! Files of one crate that import each other in a circle. What is imported through the re-export of a folder or of the crate
//! is an import of no file, and a re-export is none either: both are a room's door, and not a dependence.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use super::tokens::{Kind, Token, end_of_item, tokens};

/// Crates that still have circles. An entry goes when its crate has none.
pub const ALLOWED: &[&str] = &[];

/// A module's path below its crate: `["explain", "question"]`.
type Module = Vec<String>;

/// What one file has.
#[derive(Default)]
struct File {
    /// Modules that it declares and that are in files of their own.
    children: BTreeSet<String>,
    /// Names that it re-exports.
    doors: BTreeSet<String>,
    /// Names that are defined in it.
    defined: BTreeSet<String>,
    /// Names that are modules elsewhere.
    aliases: BTreeMap<String, Module>,
    /// Paths that are imported or written out, but for re-exports.
    paths: Vec<Module>,
}

/// Every circle of a crate, as the files in their order. `files` are paths below the crate's `src`, with their texts.
pub fn circles(files: &[(String, String)]) -> Vec<Vec<String>> {
    let texts: BTreeMap<Module, (&str, &str)> =
        files.iter().map(|(path, text)| (module_of(path), (path.as_str(), text.as_str()))).collect();
    let crate_of_tests: BTreeSet<Module> = texts
        .iter()
        .flat_map(|(module, (_, text))| test_modules(text).into_iter().map(|name| child(module, &name)))
        .collect();
    let is_test = |module: &Module| (1..=module.len()).any(|end| crate_of_tests.contains(&module[..end]));
    let mut read: BTreeMap<Module, File> = BTreeMap::new();
    for (module, (_, text)) in texts.iter().filter(|(module, _)| !is_test(module)) {
        read.insert(module.clone(), file(&tokens(text)));
    }
    let known: BTreeSet<&Module> = read.keys().collect();
    let mut edges: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for (module, file) in &read {
        for path in &file.paths {
            if let Some(to) = target(module, path, file, &read)
                && to != *module
                && let Some(to) = known.get(&to)
            {
                edges.entry(module).or_default().insert(to);
            }
        }
    }
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut seen: BTreeSet<&Module> = BTreeSet::new();
    for module in read.keys() {
        if seen.contains(module) {
            continue;
        }
        if let Some(circle) = shortest_circle(module, &edges) {
            seen.extend(circle.iter().copied());
            found.push(circle.iter().map(|module| texts[*module].0.to_owned()).collect());
        }
    }
    found
}

/// The shortest way from a module back to itself.
fn shortest_circle<'a>(
    start: &'a Module,
    edges: &BTreeMap<&'a Module, BTreeSet<&'a Module>>,
) -> Option<Vec<&'a Module>> {
    let mut before: BTreeMap<&Module, &'a Module> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(module) = queue.pop_front() {
        for next in edges.get(module).into_iter().flatten() {
            if *next == start {
                let mut circle = vec![module];
                while circle.last() != Some(&start) {
                    circle.push(before.get(circle.last()?)?);
                }
                circle.reverse();
                return Some(circle);
            }
            if !before.contains_key(*next) {
                before.insert(next, module);
                queue.push_back(next);
            }
        }
    }
    None
}

fn child(module: &Module, name: &str) -> Module {
    let mut module = module.clone();
    module.push(name.to_owned());
    module
}

/// `explain/question.rs` → `explain::question`; `explain/mod.rs` → `explain`; `lib.rs` → the crate.
fn module_of(path: &str) -> Module {
    let path = Path::new(path).with_extension("");
    let mut module: Module = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|name| ["mod", "lib", "main"].contains(&name.as_str())) {
        module.pop();
    }
    module
}

/// The file that a path leads to; `None` for other crates, and for names that came through a door.
fn target(module: &Module, path: &Module, file: &File, read: &BTreeMap<Module, File>) -> Option<Module> {
    let mut here = module.clone();
    let mut names = path.iter().peekable();
    match path.first()?.as_str() {
        "crate" => {
            here.clear();
            names.next();
        }
        "self" => {
            names.next();
        }
        "super" => {
            while names.next_if(|name| *name == "super").is_some() {
                here.pop()?;
            }
        }
        first if file.children.contains(first) => {}
        first => {
            here = file.aliases.get(first)?.clone();
            names.next();
        }
    }
    for name in names {
        let below = child(&here, name);
        if read.contains_key(&below) {
            here = below;
            continue;
        }
        let at = read.get(&here)?;
        let has_children = here.is_empty() || !at.children.is_empty();
        if !has_children || at.defined.contains(name) || name == "*" {
            return Some(here);
        }
        // Through a door, or a macro, which is everywhere.
        return None;
    }
    // A module itself: what is taken from it stands where its name is used.
    read.get(&here).is_some_and(|at| at.children.is_empty() && !here.is_empty()).then_some(here)
}

/// Names of modules in files that are compiled for tests only.
fn test_modules(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_attribute = |line: &str| line.starts_with("#[");
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("#[cfg(test)]")) {
        let next = lines[index..].iter().find(|line| !is_attribute(line)).unwrap_or(line);
        let name = next.trim_start_matches("pub(crate) ").strip_prefix("mod ");
        if let Some(name) = name.and_then(|name| name.strip_suffix(';')) {
            found.push(name.to_owned());
        }
    }
    found
}

const DEFINING: [&str; 9] =
    ["fn", "struct", "enum", "trait", "type", "const", "static", "union", "macro_rules"];

fn file(tokens: &[Token]) -> File {
    let mut file = File::default();
    let mut is_public = false;
    let mut depth = 0usize;
    let mut index = 0;
    while index < tokens.len() {
        let next = tokens.get(index + 1);
        match &tokens[index].kind {
            Kind::Mark('{') => depth += 1,
            Kind::Mark('}') => depth = depth.saturating_sub(1),
            Kind::Mark(';' | ']') => is_public = false,
            Kind::Word(word) if word == "pub" => is_public = true,
            Kind::Word(word) if word == "use" && !is_precise_capture(next) => {
                let end = end_of_use(tokens, index);
                let mut leaves = Vec::new();
                tree(&tokens[index + 1..end], &mut 0, &Vec::new(), &mut leaves);
                for (path, name) in leaves {
                    if is_public && depth == 0 {
                        file.doors.insert(name);
                        // A file without a folder has no rooms to be the door of.
                        file.paths.push([&["pub use".to_owned()][..], &path].concat());
                    } else {
                        file.aliases.insert(name, path.clone());
                        file.paths.push(path);
                    }
                }
                is_public = false;
                index = end;
                continue;
            }
            Kind::Word(word) if word == "mod" && depth == 0 => {
                if let (Some(name), Some(mark)) = (next.and_then(Token::word), tokens.get(index + 2))
                    && mark.is(';')
                {
                    file.children.insert(name.to_owned());
                }
            }
            Kind::Word(word) if DEFINING.contains(&word.as_str()) && depth == 0 => {
                let name = tokens[index + 1..].iter().find_map(Token::word);
                file.defined.extend(name.map(ToOwned::to_owned));
                is_public = false;
            }
            Kind::Word(_) if !follows_path(tokens, index) => {
                let path = path_at(tokens, index);
                if path.len() > 1 {
                    file.paths.push(path);
                }
            }
            _ => {}
        }
        index += 1;
    }
    let is_door = !file.children.is_empty();
    file.paths.retain_mut(|path| {
        if path[0] == "pub use" {
            path.remove(0);
            return !is_door;
        }
        true
    });
    file.resolved()
}

impl File {
    /// Aliases are kept where they may be modules: names of other things resolve to no module later.
    fn resolved(mut self) -> Self {
        self.aliases.retain(|_, path| path.first().is_some_and(|first| first != "std"));
        self
    }
}

/// `impl Trait + use<'a>` imports nothing.
fn is_precise_capture(next: Option<&Token>) -> bool {
    next.is_some_and(|token| token.is('<'))
}

fn end_of_use(tokens: &[Token], from: usize) -> usize {
    let semicolon = tokens[from..].iter().position(|token| token.is(';'));
    semicolon.map_or_else(|| end_of_item(tokens, from), |length| from + length)
}

/// Whether the word continues a path, or is a field or method.
fn follows_path(tokens: &[Token], index: usize) -> bool {
    index > 0
        && (tokens[index - 1].is(':') && index > 1 && tokens[index - 2].is(':') || tokens[index - 1].is('.'))
}

fn path_at(tokens: &[Token], index: usize) -> Module {
    let mut path: Module = tokens[index].word().map(ToOwned::to_owned).into_iter().collect();
    let mut at = index + 1;
    while tokens.get(at).is_some_and(|token| token.is(':'))
        && tokens.get(at + 1).is_some_and(|token| token.is(':'))
    {
        let Some(word) = tokens.get(at + 2).and_then(Token::word) else { break };
        path.push(word.to_owned());
        at += 3;
    }
    path
}

/// The leaves of a `use`: each path, and the name that it has here.
fn tree(tokens: &[Token], at: &mut usize, prefix: &Module, leaves: &mut Vec<(Module, String)>) {
    let mut path = prefix.clone();
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        match &token.kind {
            Kind::Word(word) if word == "as" => {
                let name = tokens.get(*at).and_then(Token::word).unwrap_or("_").to_owned();
                *at += 1;
                leaves.push((std::mem::take(&mut path), name));
            }
            Kind::Word(word) => path.push(word.clone()),
            Kind::Mark('*') => path.push("*".to_owned()),
            Kind::Mark('{') => {
                loop {
                    tree(tokens, at, &path, leaves);
                    if !tokens.get(*at - 1).is_some_and(|token| token.is(',')) {
                        break;
                    }
                }
                path.clear();
            }
            Kind::Mark(',' | '}') => break,
            _ => {}
        }
    }
    if path.len() > prefix.len() {
        if path.last().is_some_and(|name| name == "self") {
            path.pop();
        }
        let name = path.last().cloned().unwrap_or_default();
        leaves.push((path, name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let files: Vec<_> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        circles(&files)
    }

    #[test]
    fn a_circle_is_found_however_it_is_written() {
        let tree = ("lib.rs", "mod a; mod b; pub use a::A;");
        for (a, b) in [
            ("use crate::b::B; pub struct A;", "use crate::a::A; pub struct B;"),
            ("use super::b::{self, B}; pub struct A;", "fn f() -> crate::a::A { todo() } struct B;"),
            ("use crate::b; pub struct A; fn f() { b::f() }", "use crate::{a::A as C}; pub fn f() {}"),
            ("pub use crate::b::*; pub struct A;", "pub fn f(x: super::a::A) {}"),
        ] {
            assert_eq!(found(&[tree, ("a.rs", a), ("b.rs", b)]), [["a.rs", "b.rs"]], "{a} {b}");
        }
    }

    #[test]
    fn doors_tests_and_one_way_are_no_circle() {
        let tree = ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;");
        for (a, b) in [
            ("pub struct A;", "use crate::a::A; pub struct B;"),
            ("use crate::B; pub struct A;", "use crate::A; pub struct B;"),
            ("use crate::b::B; pub struct A;", "pub struct B;\n#[cfg(test)]\nmod tests { use crate::a::A; }"),
            ("use crate::b::B; pub struct A;", "pub struct B; // crate::a::A\n"),
        ] {
            assert_eq!(found(&[tree, ("a.rs", a), ("b.rs", b)]), Vec::<Vec<String>>::new(), "{a} {b}");
        }
    }

    #[test]
    fn a_folder_that_uses_what_uses_it_is_a_circle() {
        let lib = ("lib.rs", "mod room;");
        let inner = ("room/inner.rs", "use super::Shared; pub fn run() {}");
        assert_eq!(
            found(&[lib, ("room/mod.rs", "mod inner; pub struct Shared; fn f() { inner::run() }"), inner]),
            [["room/mod.rs", "room/inner.rs"]]
        );
        // As a door only it is none.
        assert_eq!(
            found(&[lib, ("room/mod.rs", "mod inner; pub struct Shared; pub use inner::run;"), inner]),
            Vec::<Vec<String>>::new()
        );
    }
}
