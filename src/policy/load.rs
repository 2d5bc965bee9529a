//! Reads the policy directory: the only I/O of the policy. What the text means is `parse`'s business.

use std::path::Path;

use super::parse::{Shapes, Source};
use super::problem::{LoadError, Problem};
use super::set::PolicySet;

/// The largest policy file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The most bytes that all policy files may have together: several times those of a house with ten thousand people.
pub const FILES_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The most policy files that are read.
pub const FILES_MAX: usize = 200;

/// Loads every `*.yaml` of this directory (not of directories in it) as one set.
///
/// # Errors
/// Everything that is wrong, at once: what cannot be read, and what the files say. Nothing of it is then in force.
pub fn load(dir: &Path, shapes: Shapes<'_>) -> Result<PolicySet, LoadError> {
    PolicySet::parse(read_sources(dir)?, shapes)
}

/// Reads the files without understanding them.
///
/// # Errors
/// Every file that cannot be read, is too large or is not text.
pub fn read_sources(dir: &Path) -> Result<Vec<Source>, LoadError> {
    let shown = dir.display().to_string();
    let entries = std::fs::read_dir(dir)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| whole(vec![about(&shown, format!("the policy directory cannot be read: {error}"))]))?;
    let (mut sources, mut problems, mut bytes) = (Vec::new(), Vec::new(), 0);
    for path in entries.into_iter().map(|entry| entry.path()) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        match path.extension().and_then(|end| end.to_str()) {
            Some("yaml") if name.contains(char::is_control) => {
                problems
                    .push(about(&name.replace(char::is_control, "?"), "its name has a control character: rename it".to_owned()));
            }
            Some("yaml") => match read_one(&path) {
                Ok(text) => {
                    bytes += text.len();
                    sources.push(Source { name, text });
                }
                Err(problem) => problems.push(about(&name, problem)),
            },
            // A file that its author believes to be in force, and is not, would be worse than an error.
            Some("yml") => problems.push(about(&name, "policy files end in `.yaml`: rename it".to_owned())),
            Some(_) | None => {}
        }
        if bytes > FILES_BYTES_MAX {
            problems.push(about(&shown, format!("the policy files are larger than {FILES_BYTES_MAX} bytes together")));
            break;
        }
    }
    if sources.is_empty() && problems.is_empty() {
        problems.push(about(&shown, "there is no `*.yaml` in the policy directory".to_owned()));
    }
    if sources.len() > FILES_MAX {
        problems.push(about(&shown, format!("there are more than {FILES_MAX} policy files")));
    }
    if !problems.is_empty() {
        problems.sort_by(|a, b| a.file.cmp(&b.file));
        return Err(whole(problems));
    }
    Ok(sources)
}

fn read_one(path: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("it cannot be read: {error}");
    let file = std::fs::File::open(path).map_err(cannot)?;
    if file.metadata().map_err(cannot)?.is_dir() {
        return Err("it is a directory, not a policy file".to_owned());
    }
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a file that grows meanwhile is noticed too.
    std::io::Read::read_to_end(&mut std::io::Read::take(file, FILE_BYTES_MAX + 1), &mut bytes).map_err(cannot)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(format!("it is larger than {FILE_BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}

fn about(file: &str, message: String) -> Problem {
    Problem { file: file.to_owned(), line: 0, column: 0, message, source_line: String::new() }
}

fn whole(problems: Vec<Problem>) -> LoadError {
    LoadError::new(problems)
}
