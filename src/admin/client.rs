//! The other end of the admin socket: asks the running process one question.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::SOCKET_FILE;

/// How long an answer may take: verifying a long audit log reads all of it.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);
/// The longest answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// No process listens there.
    #[error("daypass does not run on this data directory")]
    NotRunning,
    /// One may run, but it cannot be asked.
    #[error("daypass cannot be asked at its admin socket")]
    Failed(#[source] io::Error),
    /// It did not answer in time.
    #[error("daypass did not answer within {} s", ANSWER_WITHIN.as_secs())]
    TooLate,
    /// It answered something else than an answer.
    #[error("daypass answered something that is no answer; is it of another version?")]
    NotUnderstood,
    /// It said why not.
    #[error("{0}")]
    Refused(String),
}

/// Asks the process that serves this data directory.
///
/// # Errors
///
/// [`NoAnswer`], whose sentence is for the person at the terminal.
pub async fn ask(data_dir: &Path, question: &Value) -> Result<Value, NoAnswer> {
    let line = tokio::time::timeout(ANSWER_WITHIN, exchange(data_dir, question)).await.map_err(|_| NoAnswer::TooLate)?;
    let line = line.map_err(|problem| match problem.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => NoAnswer::NotRunning,
        _ => NoAnswer::Failed(problem),
    })?;
    let mut answer: Value = serde_json::from_str(&line).map_err(|_| NoAnswer::NotUnderstood)?;
    if let Some(problem) = answer.get("error").and_then(Value::as_str) {
        return Err(NoAnswer::Refused(problem.to_owned()));
    }
    answer.get_mut("ok").map(Value::take).ok_or(NoAnswer::NotUnderstood)
}

async fn exchange(data_dir: &Path, question: &Value) -> io::Result<String> {
    let mut stream = UnixStream::connect(data_dir.join(SOCKET_FILE)).await?;
    stream.write_all(format!("{question}\n").as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(stream.take(ANSWER_BYTES_MAX)).read_line(&mut line).await?;
    Ok(line)
}
