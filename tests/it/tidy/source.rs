//! A source file as the rules see it: its code without comments, strings and test modules, line by line where it was.
//!
//! It reads Rust's tokens, not its grammar; what it cannot tell apart, the rules do not ask.

use std::path::{Path, PathBuf};

/// Directories that hold no sources.
const SKIPPED: [&str; 4] = [".git", "target", "data", "node_modules"];

/// A file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path in the repository, with slashes.
    pub path: String,
    /// All of it.
    pub text: String,
    /// Its code: the same lines; what is no code, or belongs to a test module, is spaces.
    code: String,
    /// Whether all of it is part of a test module.
    pub is_test: bool,
}

/// Every text file below a directory of the repository (`src/`; all of them for an empty one), in order.
pub fn below(dir: &str) -> impl Iterator<Item = &'static Source> {
    static ALL: std::sync::OnceLock<Vec<Source>> = std::sync::OnceLock::new();
    ALL.get_or_init(all).iter().filter(move |source| source.path.starts_with(dir))
}

/// Every Rust file, of the program, of the tests and of the benches.
pub fn rust() -> impl Iterator<Item = &'static Source> {
    below("").filter(|source| source.path.ends_with(".rs"))
}

fn all() -> Vec<Source> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    let mut sources: Vec<Source> = paths.iter().filter_map(|path| Source::read(&root, path)).collect();
    // What is declared for tests is of the test, and so is everything below it.
    let tests: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        source.is_test |= source.path.starts_with("tests/") || source.path.starts_with("benches/");
        source.is_test |=
            tests.iter().any(|test| source.path == format!("{test}.rs") || source.path.starts_with(&format!("{test}/")));
    }
    sources
}

fn walk(dir: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match path.is_dir() {
            true if !SKIPPED.contains(&name) => walk(&path, into),
            // A worktree's `.git` is a file; `.env` is whoever's.
            false if ![".git", ".env"].contains(&name) => into.push(path),
            true | false => {}
        }
    }
}

impl Source {
    fn read(root: &Path, path: &Path) -> Option<Source> {
        let text = std::fs::read_to_string(path).ok()?;
        let path = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let code = if path.ends_with(".rs") { without_test_modules(&only_code(&text)) } else { String::new() };
        Some(Source { path, text, code, is_test: false })
    }

    /// Where the modules live, without `.rs`, that it declares for tests only.
    fn test_modules(&self) -> Vec<String> {
        let inside = self.path.trim_end_matches(".rs");
        let dir = ["/mod", "/lib", "/main"].iter().find_map(|end| inside.strip_suffix(end)).unwrap_or(inside);
        let declared = test_attributes(&self.code).filter_map(|(_, item)| {
            let item = without_visibility(item);
            let name = first_word(item.strip_prefix("mod ")?);
            item[4 + name.len()..].starts_with(';').then(|| format!("{dir}/{name}"))
        });
        declared.collect()
    }

    /// The top-level module that it is part of: `access` of `src/access/time.rs`.
    pub fn module(&self) -> String {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inner.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned()
    }

    /// The lines, counted from 1, whose code has this name or path as whole words.
    pub fn lines_with<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.code.lines().enumerate().filter(move |(_, line)| has_word(line, name)).map(|(index, _)| index + 1)
    }

    /// The top-level modules that it names by `crate::…` or, in `main.rs`, by the crate's name, with the line.
    pub fn modules_named(&self) -> Vec<(usize, String)> {
        let from = if self.path == "src/main.rs" { "daypass::" } else { "crate::" };
        let mut named = Vec::new();
        for (start, _) in self.code.match_indices(from) {
            if self.code[..start].ends_with(is_of_word) {
                continue;
            }
            let line = self.line_of(start);
            let rest = &self.code[start + from.len()..];
            match rest.strip_prefix('{') {
                // `use crate::{a::b, c::{d, e}};`
                Some(group) => parts(group).into_iter().for_each(|part| named.push((line, first_word(part)))),
                None => named.push((line, first_word(rest))),
            }
        }
        named.retain(|(_, name)| !name.is_empty());
        named
    }

    /// Lines on which so many `super::` stand in a row that they leave the top-level module.
    pub fn supers_out_of_the_module(&self) -> Vec<usize> {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path).trim_end_matches(".rs").trim_end_matches("/mod");
        let depth = inner.split('/').count();
        let out = "super::".repeat(depth);
        self.code.match_indices(&out).map(|(start, _)| self.line_of(start)).collect()
    }

    /// Lines on which what is compiled depends on whether it is for tests, other than by a test module.
    ///
    /// Test modules are gone from the code already; a declaration (`mod tests;`) and a `use` for them are what may be left.
    pub fn test_switches(&self) -> Vec<usize> {
        let plain: Vec<usize> = test_attributes(&self.code)
            .filter(|(_, item)| ["mod ", "use "].iter().any(|word| without_visibility(item).starts_with(word)))
            .map(|(start, _)| start + 2)
            .collect();
        let switches = self.code.match_indices("cfg").map(|(start, _)| start).filter(|start| {
            let rest = &self.code[*start..];
            let condition = rest.lines().next().unwrap_or_default();
            !self.code[..*start].ends_with(is_of_word) && has_word(condition, "test") && !plain.contains(start)
        });
        switches.map(|start| self.line_of(start)).collect()
    }

    fn line_of(&self, offset: usize) -> usize {
        self.code[..offset].matches('\n').count() + 1
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether the text has the name with no part of a word on either side.
pub fn has_word(text: &str, name: &str) -> bool {
    text.match_indices(name)
        .any(|(start, _)| !text[..start].ends_with(is_of_word) && !text[start + name.len()..].starts_with(is_of_word))
}

/// An item without `pub` or `pub(…)` before it.
fn without_visibility(item: &str) -> &str {
    let item = item.trim_start();
    let Some(rest) = item.strip_prefix("pub") else { return item };
    let rest = match rest.strip_prefix('(') {
        Some(inside) => inside.split_once(')').map_or("", |(_, rest)| rest),
        None => rest,
    };
    rest.trim_start()
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| is_of_word(*c)).collect()
}

/// The parts of a group, up to its closing brace: what commas outside of inner braces divide.
fn parts(group: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut found) = (0_usize, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(&group[begin..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&group[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// The code with spaces for comments and for what is inside of strings and characters.
fn only_code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let opaque = opaque_len(rest, code.chars().last());
        let len = if opaque > 0 { opaque } else { c.len_utf8() };
        let (taken, left) = rest.split_at(len);
        match opaque {
            0 => code.push(c),
            _ => code.extend(taken.chars().map(|c| if c == '\n' { '\n' } else { ' ' })),
        }
        rest = left;
    }
    code
}

/// How many bytes from here on are a comment, a string or a character; 0 for code.
fn opaque_len(rest: &str, before: Option<char>) -> usize {
    let until = |mark: &str, from: usize| rest[from..].find(mark).map_or(rest.len(), |at| from + at + mark.len());
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return until("*/", 2);
    }
    if rest.starts_with('"') {
        return quoted_len(rest, '"');
    }
    if rest.starts_with('r') && !before.is_some_and(|c| is_of_word(c) && c != 'b') {
        let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
        if rest[1 + hashes..].starts_with('"') {
            return until(&format!("\"{}", "#".repeat(hashes)), 2 + hashes);
        }
    }
    // A lifetime has no closing quote where a character has one.
    let mut chars = rest.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('\''), Some('\\'), _) => quoted_len(rest, '\''),
        (Some('\''), Some(c), Some('\'')) => 2 + c.len_utf8(),
        _ => 0,
    }
}

fn quoted_len(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Where something is compiled for tests only, by `cfg(test)` or `cfg(all(test, …))`, and what follows.
fn test_attributes(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.match_indices("#[cfg(").filter_map(|(start, mark)| {
        let (condition, item) = code[start + mark.len()..].split_once(")]")?;
        (condition == "test" || condition.starts_with("all(test,")).then_some((start, item))
    })
}

/// The code with spaces for `#[cfg(test)] mod … { … }`.
fn without_test_modules(code: &str) -> String {
    let mut left = code.to_owned();
    for (start, _) in test_attributes(code) {
        let after = &code[start..];
        let Some(open) = after.find(['{', ';']).filter(|at| after[*at..].starts_with('{')) else { continue };
        if !has_word(&after[..open], "mod") {
            continue;
        }
        let mut depth = 0_usize;
        let end = after.char_indices().find_map(|(at, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            (c == '}' && depth == 0).then_some(at + 1)
        });
        let range = start..start + end.unwrap_or(after.len());
        let blank: String = code[range.clone()].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        // Characters of several bytes would shift what follows; the code has none outside of strings and comments.
        assert_eq!(blank.len(), range.len(), "a test module holds code that is not ASCII");
        left.replace_range(range, &blank);
    }
    left
}

#[test]
fn what_is_no_code_is_not_seen() {
    let text = "use crate::{a::b, c};\n// crate::d\nlet x = \"crate::e \\\" \"; let y = r#\"crate::f\"#; let z = '\"'; crate::g::h::<'a>();\n\
                #[cfg(test)]\nmod tests {\n  use crate::i;\n}\n";
    let source =
        Source { path: "src/m/n.rs".into(), text: text.into(), code: without_test_modules(&only_code(text)), is_test: false };
    let named: Vec<(usize, String)> = source.modules_named();
    let named: Vec<(usize, &str)> = named.iter().map(|(line, name)| (*line, name.as_str())).collect();
    assert_eq!(named, [(1, "a"), (1, "c"), (3, "g")]);
    assert_eq!(source.module(), "m");
}

#[test]
fn a_switch_for_tests_is_told_from_a_test_module() {
    let switches = |text: &str| {
        let code = without_test_modules(&only_code(text));
        Source { path: "src/m.rs".into(), text: text.into(), code, is_test: false }.test_switches()
    };
    assert_eq!(switches("#[cfg(test)]\npub mod tests;\n#[cfg(test)]\npub(in crate::x) use a::b;\n"), [0_usize; 0]);
    assert_eq!(switches("#[cfg(test)]\nfn now() {}\n"), [1]);
    assert_eq!(switches("if cfg!(test) {}\n#[cfg(not(test))]\nfn f() {}\n#[cfg_attr(test, x)]\n"), [1, 2, 4]);
}

#[test]
fn leaving_by_super_is_told_from_staying() {
    let out = |path: &str, code: &str| {
        Source { path: path.into(), text: code.into(), code: code.into(), is_test: false }.supers_out_of_the_module().len()
    };
    assert_eq!((out("src/a/b.rs", "super::c"), out("src/a/b.rs", "super::super::c")), (0, 1));
    assert_eq!((out("src/a.rs", "super::c"), out("src/a/mod.rs", "super::c")), (1, 1));
}
