//! `daypass drain`: takes Daypass out of service, waits until every access is seen to be gone, and leaves the evidence behind.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::requests::confirmed;
use super::{Done, Here, print};
use crate::admin::client::ask;

/// How often it looks how far the bot is.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Do not ask whether you mean it.
    #[arg(long)]
    yes: bool,
    /// Take requests again. What has ended stays ended.
    #[arg(long, conflicts_with_all = ["yes", "export"])]
    undo: bool,
    /// How many seconds to wait for the last end. What is left then is named, and the bot goes on with it.
    #[arg(long, default_value_t = 600)]
    wait_secs: u64,
    /// Where to write the audit log to. By default `daypass-drained.jsonl` in this directory. Never over a file that exists.
    #[arg(long)]
    export: Option<PathBuf>,
}

pub async fn run(here: &Here, args: &Args) -> Done {
    let data_dir = here.basics()?.data_dir;
    if args.undo {
        ask(&data_dir, &json!({ "op": "drain.undo" })).await?;
        print::line("Daypass takes requests again. What has ended stays ended.");
        return Ok(());
    }
    let export = args.export.clone().unwrap_or_else(|| PathBuf::from("daypass-drained.jsonl"));
    if export.exists() {
        return Err(anyhow::anyhow!("`{}` exists; name another file with `--export`", export.display()).into());
    }
    let before = ask(&data_dir, &json!({ "op": "drain.status" })).await?;
    let question = format!(
        "No new requests from now on; {} waiting to be closed, {} accesses to be ended. Take Daypass out of service?",
        print::field(&before, "pending"),
        print::field(&before, "left")
    );
    if !args.yes && !confirmed(&question)? {
        return Err(anyhow::anyhow!("nothing was changed").into());
    }
    ask(&data_dir, &json!({ "op": "drain.begin" })).await?;
    let status = settled(&data_dir, Duration::from_secs(args.wait_secs)).await?;
    print::line(table(&status));
    let lines = evidence(&data_dir, &export).await?;
    print::line(format!("The audit log, {lines} lines, is in `{}`.", export.display()));
    verdict(&status)
}

/// Waits until nothing is left, or for as long as was said.
async fn settled(data_dir: &Path, wait: Duration) -> Result<Value, super::Failure> {
    let looks = async {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            let status = ask(data_dir, &json!({ "op": "drain.status" })).await?;
            if open(&status) == 0 {
                return Ok(status);
            }
        }
    };
    match tokio::time::timeout(wait, looks).await {
        Ok(status) => status,
        Err(_) => Ok(ask(data_dir, &json!({ "op": "drain.status" })).await?),
    }
}

/// What is neither closed nor seen to be gone.
fn open(status: &Value) -> u64 {
    ["left", "pending"].iter().filter_map(|name| status.get(name).and_then(Value::as_u64)).sum()
}

/// Every access, what is left last.
fn table(status: &Value) -> String {
    let mut rows: Vec<Vec<String>> = print::items(status, "accesses")
        .iter()
        .map(|access| {
            let mut row: Vec<String> =
                ["id", "person", "resource", "role", "provider", "state"].map(|name| print::field(access, name)).into();
            row.push(print::time_field(access, "over_at_ms"));
            row.push(match (print::field(access, "left"), print::time_field(access, "look_at_ms")) {
                (why, at) if at != "-" => format!("{why}, {at}"),
                (why, _) => why,
            });
            row
        })
        .collect();
    rows.sort_by_key(|row| row.last().is_some_and(|left| left != "-"));
    print::lay_out(&["grant", "person", "resource", "role", "provider", "state", "verified", "left"], &rows)
}

/// The end: 0 only when nobody is left with anything.
fn verdict(status: &Value) -> Done {
    let reviews = status.get("reviews").and_then(Value::as_u64).unwrap_or(0);
    if reviews > 0 {
        print::line(format!("{reviews} reviews of broken glass are still open; `daypass requests list` shows which."));
    }
    match open(status) {
        0 => {
            print::line(
                "Nobody has access by Daypass any more. It takes no requests; stop it, or take it back with `daypass drain --undo`.",
            );
            Ok(())
        }
        left => Err(anyhow::anyhow!(
            "{left} left: keep the bot running, mend what the last column says, and run `daypass drain` again"
        )
        .into()),
    }
}

/// Writes the whole log, one row a line and its head last, to a file that only its owner reads. Returns how many rows.
async fn evidence(data_dir: &Path, path: &Path) -> Result<u64, super::Failure> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("`{}` could not be made", path.display()))?;
    let mut after = 0;
    let head = loop {
        let page = ask(data_dir, &json!({ "op": "audit.export", "after": after })).await?;
        for row in print::items(&page, "rows") {
            writeln!(file, "{row}").context("the evidence could not be written")?;
            after = row.get("seq").and_then(Value::as_u64).unwrap_or(after);
        }
        if page.get("size").and_then(Value::as_u64).is_none_or(|size| after >= size) {
            break json!({ "size": page.get("size"), "root": page.get("root") });
        }
    };
    writeln!(file, "{head}").and_then(|()| file.sync_all()).context("the evidence could not be written")?;
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_stands_last_and_says_why() {
        let status = json!({ "left": 1, "pending": 0, "reviews": 0, "accesses": [
            { "id": "G-1", "person": "maya", "resource": "prod/orders", "role": "readonly", "provider": "orders",
              "state": "revoking", "left": "the server is away (down)", "look_at_ms": null, "over_at_ms": null },
            { "id": "G-2", "person": "bob", "resource": "prod/orders", "role": "readonly", "provider": "orders",
              "state": "ended", "left": null, "look_at_ms": null, "over_at_ms": 1_795_000_000_000_i64 },
        ] });
        let table = table(&status);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[1].starts_with("G-2") && lines[1].contains("2026-11-18T11:06:40Z"), "{table}");
        assert!(lines[2].starts_with("G-1") && lines[2].ends_with("the server is away (down)"), "{table}");
        assert!(verdict(&status).is_err());
    }
}
