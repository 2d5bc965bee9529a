//! `daypass audit`: the latest lines of the audit log, and whether it is what was written.

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Done, Here, db, print};
use crate::admin::client::{NoAnswer, ask};
use crate::admin::verify;

/// What a verification that finds nothing wrong shows, and what it cannot.
const SHOWS: &str = "Every line hashes to what is stored beside it, none is missing, and the root is that of all of them.\n\
     It cannot show that nobody rewrote everything, root included: compare the root with one that was written down elsewhere.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the latest lines. The bot must run.
    Tail {
        /// How many.
        #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=500))]
        lines: u64,
        /// As JSON, one line each.
        #[arg(long)]
        json: bool,
    },
    /// Recompute the whole log and compare. Works whether the bot runs or not.
    Verify,
}

pub async fn run(here: &Here, command: Command) -> Done {
    match command {
        Command::Tail { lines, json } => tail(here, lines, json).await,
        Command::Verify => report(&verified(here).await?),
    }
}

async fn tail(here: &Here, lines: u64, as_json: bool) -> Done {
    let data_dir = here.basics()?.data_dir;
    let head = ask(&data_dir, &json!({ "op": "audit", "after": 0, "limit": 0 })).await?;
    let size = head.get("size").and_then(Value::as_u64).unwrap_or(0);
    let answer = ask(&data_dir, &json!({ "op": "audit", "after": size.saturating_sub(lines), "limit": lines })).await?;
    for entry in print::items(&answer, "entries") {
        if as_json {
            print::line(entry);
        } else {
            print::line(format!(
                "{:>6}  {}  {}",
                print::field(entry, "seq"),
                print::time_field(entry, "at_ms"),
                print::field(entry, "text")
            ));
        }
    }
    Ok(())
}

/// Asks the running process; without one, looks itself.
async fn verified(here: &Here) -> Result<Value, super::Failure> {
    let data_dir = here.basics()?.data_dir;
    match ask(&data_dir, &json!({ "op": "audit.verify" })).await {
        Ok(answer) => Ok(answer),
        Err(NoAnswer::NotRunning) => {
            let store = db::open(&data_dir, here.now())?;
            Ok(verify(&store).await.map_err(anyhow::Error::from)?)
        }
        Err(problem) => Err(problem.into()),
    }
}

fn report(answer: &Value) -> Done {
    let head = format!("{} entries, root {}", print::field(answer, "size"), print::field(answer, "root"));
    match answer.get("problem").and_then(Value::as_str) {
        None => {
            print::line(format!("The audit log is intact: {head}.\n{SHOWS}"));
            Ok(())
        }
        Some(problem) => Err(anyhow::anyhow!(
            "the audit log is NOT intact: {problem} ({head})\nkeep the data directory as it is, and compare it with a backup"
        )
        .into()),
    }
}
