//! What is wrong with policy files, said so that its author can mend it at once: file, line, column, the line itself, a caret.

use std::fmt;

/// Where something stands in the files. Lines and columns count from 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Which file, as an index into [`super::PolicySet::files`].
    pub file: usize,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// The line, from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong, and where it is known what to write instead. Lower case, no final period.
    pub message: String,
    /// The line that it is about, as written.
    pub source_line: String,
}

/// Everything that is wrong with a set of policy files, in the order of the files. Nothing of them is in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LoadError {
    /// At least one problem, at most [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub more: usize,
}

impl LoadError {
    /// Takes as many problems as are told, and counts the others.
    pub(super) fn new(mut problems: Vec<Problem>) -> LoadError {
        let more = problems.len().saturating_sub(PROBLEMS_MAX);
        problems.truncate(PROBLEMS_MAX);
        LoadError { problems, more }
    }
}

/// The most problems that are told at once: past it, one mistake is probably the cause of many.
pub const PROBLEMS_MAX: usize = 100;

/// The longest part of a source line that is shown, in characters.
const SOURCE_CHARS_MAX: usize = 160;

impl Problem {
    /// What could stand there instead, where the message says so: the words after "did you mean", or what a reference must
    /// be written as. Not an example of a form, such as that of a date.
    pub fn suggestion(&self) -> Option<&str> {
        let starts = ["did you mean `", ": write `"];
        // What was written comes before what is suggested, and may hold anything.
        let after = starts.iter().filter_map(|start| self.message.rfind(start).map(|at| at + start.len())).max()?;
        self.message.get(after..)?.split('`').next().filter(|words| !words.is_empty())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return write!(f, "{}: {}", self.file, self.message);
        }
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        if self.source_line.is_empty() {
            return Ok(());
        }
        let number = self.line.to_string();
        let shown: String = self.source_line.chars().take(SOURCE_CHARS_MAX).map(visible).collect();
        write!(f, "\n {number} | {shown}")?;
        if self.column <= SOURCE_CHARS_MAX {
            let gutter = " ".repeat(number.len());
            let before = " ".repeat(self.column.saturating_sub(1));
            write!(f, "\n {gutter} | {before}^")?;
        }
        Ok(())
    }
}

/// A tab or control character would move the caret off its place, or act on the terminal.
fn visible(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

/// The known word nearest to `word`, if one is near enough to be what was meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (word.len().max(candidate.len()) / 3).max(1) && *distance < word.len())
        .min()
        .map(|(_, candidate)| candidate)
}
