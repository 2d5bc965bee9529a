//! `daypass requests`: what people ask for, as the running bot sees it; and, where Slack does not answer, filing and deciding here.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};

use super::print::How;
use super::{Done, Here, print};
use crate::admin::client::ask;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List them.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// As CSV, with the reasons.
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
    /// Ask for access, as yourself. The words are those of `/jit request`.
    File {
        /// What, as what, for how long, and why: `prod/orders readonly 2h OPS-42 slow checkout`.
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Approve a request, as yourself. It is shown first.
    Approve {
        /// Which: `R-42`.
        request: String,
        /// Why.
        #[arg(long, default_value = "")]
        note: String,
        /// Do not ask whether you mean it.
        #[arg(long)]
        yes: bool,
    },
    /// Deny a request, as yourself.
    Deny {
        /// Which: `R-42`.
        request: String,
        /// Why; whoever asked reads it.
        #[arg(long)]
        reason: String,
    },
}

pub async fn run(here: &Here, command: Command) -> Done {
    match command {
        Command::List { json, csv } => list(here, How::of(json, csv)).await,
        Command::File { words } => act(here, &json!({ "op": "request.file", "words": words.join(" ") })).await,
        Command::Approve { request, note, yes } => approve(here, &request, &note, yes).await,
        Command::Deny { request, reason } => {
            act(here, &json!({ "op": "request.deny", "request": request, "reason": reason })).await
        }
    }
}

/// Lets the running bot do it as whoever has logged in on this host, and prints what it says.
pub(super) async fn act(here: &Here, question: &Value) -> Done {
    act_at(&here.basics()?.data_dir, question).await
}

async fn act_at(data_dir: &Path, question: &Value) -> Done {
    let answer = ask(data_dir, question).await?;
    print::line(print::field(&answer, "said"));
    Ok(())
}

/// The approval is of what was shown, and of nothing else.
async fn approve(here: &Here, request: &str, note: &str, is_sure: bool) -> Done {
    let data_dir = here.basics()?.data_dir;
    let shown = ask(&data_dir, &json!({ "op": "request.show", "request": request })).await?;
    for line in print::items(&shown, "lines") {
        print::line(format!("{:<14}{}", print::field(line, "label"), print::field(line, "text")));
    }
    if !is_sure && !confirmed("Approve it?")? {
        return Err(anyhow::anyhow!("nothing was approved").into());
    }
    let terms = print::field(&shown, "terms");
    act_at(&data_dir, &json!({ "op": "request.approve", "request": request, "terms": terms, "note": note })).await
}

/// Asks at the terminal. Without one nobody could answer, and `--yes` has to say it.
pub(super) fn confirmed(question: &str) -> anyhow::Result<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        anyhow::bail!("nobody is at the terminal to say yes; look at it, and add `--yes`");
    }
    print::line(format!("{question} [y/N]"));
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).context("the answer could not be read")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

async fn list(here: &Here, how: How) -> Done {
    let answer = ask(&here.basics()?.data_dir, &json!({ "op": "requests" })).await?;
    let mut headings = vec!["request", "person", "resource", "role", "mode", "state", "asked", "review"];
    if how == How::Csv {
        headings.push("reason");
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
            if how == How::Csv {
                row.push(print::field(item, "reason"));
            }
            row
        })
        .collect();
    how.print(&answer, &headings, &rows);
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
