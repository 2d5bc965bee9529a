//! Looks into the running bot, and moves its clock, through its admin socket: one JSON object a line, one answer a line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const AUDIT_ENTRIES_MAX: u64 = 200;

/// Where the bot listens for operators.
#[derive(Debug, Clone)]
pub struct Admin {
    socket: PathBuf,
}

impl Admin {
    pub fn in_directory(data: &Path) -> Self {
        Self { socket: data.join("admin.sock") }
    }

    /// Asks one question; the error is the bot's own sentence, or why it could not be asked.
    pub async fn ask(&self, question: &Value) -> anyhow::Result<Value> {
        let conversation = async {
            let mut stream = UnixStream::connect(&self.socket).await.context("the bot does not listen")?;
            stream.write_all(format!("{question}\n").as_bytes()).await?;
            let mut line = String::new();
            BufReader::new(stream.take(ANSWER_BYTES_MAX)).read_line(&mut line).await?;
            anyhow::Ok(line)
        };
        let line = tokio::time::timeout(ANSWER_WITHIN, conversation).await.context("the bot did not answer in time")??;
        let answer: Value = serde_json::from_str(&line).context("the bot's answer is not JSON")?;
        match (answer.get("ok"), answer.get("error").and_then(Value::as_str)) {
            (Some(ok), _) => Ok(ok.clone()),
            (None, Some(problem)) => bail!("{problem}"),
            (None, None) => bail!("the bot answered neither ok nor error: {answer}"),
        }
    }

    pub async fn set_clock(&self, now_ms: i64) -> anyhow::Result<()> {
        self.ask(&json!({ "op": "clock.set", "now_ms": now_ms })).await.map(|_| ())
    }

    /// Has the message with the buttons posted and pinned.
    pub async fn place_buttons(&self, channel: &str) -> anyhow::Result<()> {
        self.ask(&json!({ "op": "door.place", "channel": channel })).await.map(|_| ())
    }

    pub async fn grants(&self) -> anyhow::Result<Value> {
        self.ask(&json!({ "op": "grants" })).await
    }

    pub async fn requests(&self) -> anyhow::Result<Value> {
        self.ask(&json!({ "op": "requests" })).await
    }

    /// The latest part of the audit log.
    pub async fn audit(&self) -> anyhow::Result<Value> {
        let page = |after: u64| json!({ "op": "audit", "after": after, "limit": AUDIT_ENTRIES_MAX });
        let first = self.ask(&page(0)).await?;
        let size = first.get("size").and_then(Value::as_u64).unwrap_or(0);
        if size <= AUDIT_ENTRIES_MAX {
            return Ok(first);
        }
        self.ask(&page(size - AUDIT_ENTRIES_MAX)).await
    }

    pub async fn verify(&self) -> anyhow::Result<Value> {
        self.ask(&json!({ "op": "audit.verify" })).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;

    async fn answering(line: &'static str) -> (tempfile::TempDir, anyhow::Result<Value>) {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("admin.sock")).unwrap();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut question = String::new();
            stream.read_line(&mut question).await.unwrap();
            assert_eq!(question, "{\"op\":\"status\"}\n");
            stream.write_all(line.as_bytes()).await.unwrap();
        });
        let answer = Admin::in_directory(directory.path()).ask(&json!({ "op": "status" })).await;
        (directory, answer)
    }

    #[tokio::test]
    async fn an_answer_is_read_and_an_error_is_the_bots_own_sentence() {
        let (_kept, answer) = answering("{\"ok\":{\"pending\":1}}\n").await;
        assert_eq!(answer.unwrap(), json!({ "pending": 1 }));
        let (_kept, answer) = answering("{\"error\":\"not now\"}\n").await;
        assert_eq!(answer.unwrap_err().to_string(), "not now");
    }

    #[tokio::test]
    async fn a_bot_that_is_not_there_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(Admin::in_directory(directory.path()).ask(&json!({ "op": "status" })).await.is_err());
    }
}
