//! What commands print: lines and tables on standard output, problems on standard error.

use std::io::Write as _;

use serde_json::Value;

use crate::access::time::Timestamp;

/// Prints a text and a line end. A reader that went away, as `head` does, is no error.
pub fn line(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a problem.
pub fn error_line(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// For people.
    Table,
    /// As the running bot answered.
    Json,
    /// For spreadsheets.
    Csv,
}

impl How {
    /// By the flags of a command, which cannot both be there.
    pub fn of(json: bool, csv: bool) -> How {
        match (json, csv) {
            (true, _) => How::Json,
            (false, true) => How::Csv,
            (false, false) => How::Table,
        }
    }

    /// Prints what the bot answered, of which these are the rows.
    pub fn print(self, answer: &Value, headings: &[&str], rows: &[Vec<String>]) {
        match self {
            How::Table => table(headings, rows),
            How::Json => line(answer),
            How::Csv => super::csv::table(headings, rows),
        }
    }
}

/// Prints rows under headings, each column as wide as its widest cell.
pub fn table(headings: &[&str], rows: &[Vec<String>]) {
    line(lay_out(headings, rows));
}

/// The same as [`table`], as text.
pub fn lay_out(headings: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    let width = |column: usize| {
        std::iter::once(&head).chain(rows).filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let shown = std::iter::once(&head).chain(rows).map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// A moment in UTC, to the second: `2026-11-24T09:00:00Z`.
pub fn time(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.as_millis()) {
        Ok(at) => at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => format!("{} ms", at.as_millis()),
    }
}

/// A field of an answer as text; a dash where it has none.
pub fn field(item: &Value, name: &str) -> String {
    match item.get(name) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "-".to_owned(),
        Some(other) => other.to_string(),
    }
}

/// A field that holds milliseconds, as a moment.
pub fn time_field(item: &Value, name: &str) -> String {
    item.get(name).and_then(Value::as_i64).map_or_else(|| "-".to_owned(), |ms| time(Timestamp::from_millis(ms)))
}

/// The items of a list in an answer.
pub fn items<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows =
            [vec!["G-1".to_owned(), "Zoë".to_owned(), "x".to_owned()], vec!["G-1000".to_owned(), "m".to_owned(), String::new()]];
        assert_eq!(lay_out(&["id", "who", "on"], &rows), "id      who  on\nG-1     Zoë  x\nG-1000  m");
    }

    #[test]
    fn what_is_not_there_is_a_dash() {
        let item = json!({ "at": 1_795_000_000_000_i64, "none": null, "late": 3 });
        assert_eq!((field(&item, "none"), field(&item, "gone"), field(&item, "late")), ("-".into(), "-".into(), "3".into()));
        assert_eq!((time_field(&item, "at"), time_field(&item, "none")), ("2026-11-18T11:06:40Z".into(), "-".into()));
    }
}
