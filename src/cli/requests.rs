//! `daypass requests`: what people ask for, as the running bot sees it.

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Done, Here, print};
use crate::admin::client::ask;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List them.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

pub async fn run(here: &Here, command: Command) -> Done {
    let Command::List { json: as_json } = command;
    let answer = ask(&here.basics()?.data_dir, &json!({ "op": "requests" })).await?;
    if as_json {
        print::line(answer);
        return Ok(());
    }
    let rows: Vec<Vec<String>> = print::items(&answer, "requests")
        .iter()
        .map(|item| {
            let mut row: Vec<String> =
                ["id", "person", "resource", "role", "mode", "state"].map(|name| print::field(item, name)).into();
            if let (Some(role), parts @ [_, ..]) = (row.get_mut(3), parts(item).as_slice()) {
                *role = parts.join(", ");
            }
            row.push(print::time_field(item, "asked_at_ms"));
            row.push(review(item));
            row
        })
        .collect();
    print::table(&["request", "person", "resource", "role", "mode", "state", "asked", "review"], &rows);
    Ok(())
}

/// What a bundle is made of; empty for anything else.
fn parts(item: &Value) -> Vec<&str> {
    item.get("parts").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// What the review waits for, or what came of it: `open until …`, `justified, by erin`.
fn review(item: &Value) -> String {
    let Some(review) = item.get("review").filter(|review| !review.is_null()) else { return "-".to_owned() };
    let late = if review.get("overdue").and_then(Value::as_bool) == Some(true) { "OVERDUE, " } else { "" };
    match review.get("finding").and_then(Value::as_str) {
        Some(finding) => format!("{}, by {}", finding.replace('_', " "), print::field(review, "closed_by")),
        None => format!("{late}open until {}", print::time_field(review, "due_at_ms")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_one_cell() {
        let open = json!({ "review": { "overdue": true, "due_at_ms": 1_795_000_000_000_i64, "finding": null } });
        let closed = json!({ "review": { "overdue": false, "finding": "not_justified", "closed_by": "erin" } });
        assert_eq!(
            [review(&json!({ "review": null })), review(&open), review(&closed)],
            ["-", "OVERDUE, open until 2026-11-18T11:06:40Z", "not justified, by erin"]
        );
    }
}
