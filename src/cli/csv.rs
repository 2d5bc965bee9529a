//! Lists as CSV (RFC 4180), for spreadsheets. Every cell is quoted, and none is a formula: people type what stands in them.

use super::print;

/// Prints rows under headings.
pub fn table(headings: &[&str], rows: &[Vec<String>]) {
    print::line(lay_out(headings, rows));
}

fn lay_out(headings: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    let lines = std::iter::once(&head).chain(rows).map(|row| row.iter().map(|text| cell(text)).collect::<Vec<_>>().join(","));
    lines.collect::<Vec<_>>().join("\r\n")
}

/// One cell. A spreadsheet takes what begins with one of these characters for a formula, also within quotes; with an apostrophe before
/// it, it is text (OWASP, *CSV Injection*).
fn cell(text: &str) -> String {
    let first = text.trim_start().chars().next();
    let is_formula =
        matches!(first, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')) || text.starts_with(['\t', '\r', '\n']);
    let mark = if is_formula && text != "-" { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    // E42
    #[test]
    fn what_people_type_is_no_formula_and_ends_no_cell() {
        for (typed, shown) in [
            ("slow checkout", "\"slow checkout\""),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("  =1+1", "\"'  =1+1\""),
            ("+1", "\"'+1\""),
            ("-2", "\"'-2\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("＝1", "\"'＝1\""),
            ("\tx", "\"'\tx\""),
            ("say \"yes\", now\nor never", "\"say \"\"yes\"\", now\nor never\""),
            ("-", "\"-\""),
        ] {
            assert_eq!(cell(typed), shown);
        }
    }

    #[test]
    fn each_row_is_a_line() {
        let rows = [vec!["R-1".to_owned(), "a,b".to_owned()], vec!["R-2".to_owned(), String::new()]];
        assert_eq!(lay_out(&["request", "why"], &rows), "\"request\",\"why\"\r\n\"R-1\",\"a,b\"\r\n\"R-2\",\"\"");
    }
}
