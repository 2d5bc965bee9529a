//! The admin socket: how the command line looks into the running process. A Unix socket in the data directory, for its owner only.
//!
//! One JSON object a line in, one a line out: `{"op":"status"}`, then `{"ok":{…}}` or `{"error":"a sentence"}`. The socket itself
//! grants and approves nothing: whatever gives access needs a person, who is whoever the kernel says has logged in at the other end
//! (`peer`), by the same rules as in Slack. Without a person it can only shorten what is in force.

mod act;
pub mod client;
mod drain;
mod look;
pub mod peer;
#[cfg(test)]
mod tests;

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::access::time::Timestamp;
use crate::access::words::Words;
use crate::app::{App, Drain, OnHost};
use crate::clock::DemoClock;
use crate::server::{ACCEPT_PAUSE, told};

pub(crate) use look::verify;
use peer::Peer;

/// The socket's name in the data directory.
pub const SOCKET_FILE: &str = "admin.sock";
/// The longest question, in bytes.
const QUESTION_BYTES_MAX: u64 = 16 * 1024;
/// How many may ask at a time.
const CONNECTIONS_MAX: usize = 16;
/// How long a connection may say nothing.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "op")]
pub enum Question {
    /// How is it?
    #[serde(rename = "status")]
    Status,
    /// Who has what?
    #[serde(rename = "grants")]
    Grants,
    /// Who asks for what?
    #[serde(rename = "requests")]
    Requests,
    /// What is this request about, and what does it need?
    #[serde(rename = "request.show")]
    Request {
        /// Its number.
        request: String,
    },
    /// Somebody asks.
    #[serde(rename = "request.file")]
    File {
        /// What would stand after `/jit request`.
        words: String,
    },
    /// Somebody agrees.
    #[serde(rename = "request.approve")]
    Approve {
        /// To which request.
        request: String,
        /// What stood for its terms when they were shown.
        terms: String,
        /// Why, where they say so.
        #[serde(default)]
        note: String,
    },
    /// Somebody says no.
    #[serde(rename = "request.deny")]
    Deny {
        /// To which request.
        request: String,
        /// Why.
        reason: String,
    },
    /// Somebody takes an access back.
    #[serde(rename = "grant.revoke")]
    Revoke {
        /// Which grant.
        grant: String,
        /// Why.
        reason: String,
    },
    /// Which locks are there?
    #[serde(rename = "locks")]
    Locks,
    /// Somebody sets a lock.
    #[serde(rename = "lock.set")]
    Lock {
        /// What would stand after `/jit lock`.
        words: String,
    },
    /// Somebody lifts one.
    #[serde(rename = "lock.lift")]
    Unlock {
        /// On what.
        what: String,
    },
    /// What happened?
    #[serde(rename = "audit")]
    Audit {
        /// From which line on; lines count from 1.
        #[serde(default)]
        after: u64,
        /// How many lines, at most.
        #[serde(default = "look::audit_lines")]
        limit: u32,
    },
    /// Is that what was written?
    #[serde(rename = "audit.verify")]
    AuditVerify,
    /// End or shorten what is in force to what the policy files of now would allow.
    #[serde(rename = "policy.apply")]
    PolicyApply,
    /// Take Daypass out of service.
    #[serde(rename = "drain.begin")]
    DrainBegin,
    /// Take it back into service.
    #[serde(rename = "drain.undo")]
    DrainUndo,
    /// How far is it?
    #[serde(rename = "drain.status")]
    DrainStatus,
    /// The log as it is stored, for whoever verifies it elsewhere.
    #[serde(rename = "audit.export")]
    AuditExport {
        /// From which line on; lines count from 1.
        #[serde(default)]
        after: u64,
    },
    /// Post the message with the buttons into a channel and pin it, or draw it anew.
    #[serde(rename = "door.place")]
    PlaceDoor {
        /// The channel's id.
        channel: String,
    },
    /// Where is that message?
    #[serde(rename = "door.status")]
    Door {
        /// The channel's id.
        channel: String,
    },
    /// Erase what somebody typed.
    #[serde(rename = "people.erase")]
    Erase {
        /// Their id.
        person: String,
    },
    /// The wall clock is right, whatever it looks like.
    #[serde(rename = "clock.believe")]
    ClockBelieve,
    /// It is now then. For the demo only.
    #[serde(rename = "clock.set")]
    ClockSet {
        /// Milliseconds since 1970.
        now_ms: i64,
    },
}

/// Whoever answers.
#[derive(Clone)]
pub struct Admin {
    /// The application.
    pub app: Arc<App>,
    /// The clock that can be set, in the demo.
    pub demo_clock: Option<Arc<DemoClock>>,
}

/// The socket, removed when it is dropped.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Opens the socket in a data directory that this process has locked: a socket that is there was left by a process that ended
    /// without tidying up.
    ///
    /// # Errors
    ///
    /// When it cannot be made; a path of more than about 100 bytes is too long for a socket.
    pub fn open(data_dir: &Path) -> io::Result<Socket> {
        let path = data_dir.join(SOCKET_FILE);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => {}
            Err(problem) => return Err(problem),
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Socket { listener, path })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // The next start removes it otherwise.
        let _ = fs::remove_file(&self.path);
    }
}

/// Answers until `stop` becomes true.
pub async fn serve(socket: Socket, admin: Admin, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = socket.listener.accept(), if connections.len() < CONNECTIONS_MAX => accepted,
            Some(_) = connections.join_next() => continue,
            () = told(&mut stop) => return,
        };
        match accepted {
            Ok((stream, _)) => match Peer::of(&stream).filter(Peer::is_owner) {
                Some(peer) => drop(connections.spawn(converse(stream, peer, admin.clone()))),
                None => warn!("somebody else tried the admin socket"),
            },
            Err(problem) => {
                warn!(%problem, "the admin socket could not accept");
                let _ = tokio::time::timeout(ACCEPT_PAUSE, told(&mut stop)).await;
            }
        }
    }
}

async fn converse(stream: UnixStream, peer: Peer, admin: Admin) {
    let (reading, mut writing) = stream.into_split();
    let mut reading = BufReader::new(reading).take(QUESTION_BYTES_MAX);
    loop {
        let mut line = Vec::new();
        reading.set_limit(QUESTION_BYTES_MAX);
        match tokio::time::timeout(IDLE_MAX, reading.read_until(b'\n', &mut line)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0) | Err(_)) | Err(_) => return,
        }
        let is_whole = line.ends_with(b"\n") || u64::try_from(line.len()).unwrap_or(u64::MAX) < QUESTION_BYTES_MAX;
        let answer = if is_whole { admin.answer_line(&line, &peer).await } else { Err("the question is too long".to_owned()) };
        let answer = match answer {
            Ok(ok) => json!({ "ok": ok }),
            Err(problem) => json!({ "error": problem }),
        };
        if writing.write_all(format!("{answer}\n").as_bytes()).await.is_err() || !is_whole {
            return;
        }
    }
}

impl Admin {
    async fn answer_line(&self, line: &[u8], peer: &Peer) -> Result<Value, String> {
        let question = serde_json::from_slice(line).map_err(|problem| format!("the question is not understood: {problem}"))?;
        self.answer(question, peer).await
    }

    /// Answers a question.
    ///
    /// # Errors
    ///
    /// A sentence that says why there is no answer.
    pub async fn answer(&self, question: Question, peer: &Peer) -> Result<Value, String> {
        let unreadable = |problem: crate::store::StoreError| format!("the database cannot be read: {problem}");
        match question {
            Question::Status => look::status(&self.app).await.map_err(unreadable),
            Question::Grants => look::grants(&self.app).await.map_err(unreadable),
            Question::Requests => look::requests(&self.app).await.map_err(unreadable),
            Question::Request { request } => look::request(&self.app, act::number(&request)?).await.map_err(unreadable)?,
            Question::File { words } => act::perform(&self.app, peer, OnHost::File { words }).await,
            Question::Approve { request, terms, note } => {
                let (request, note) = (act::number(&request)?, Words::typed(&note));
                let terms = terms.parse().map_err(|_| "the terms are not spelled as they were shown".to_owned())?;
                act::perform(&self.app, peer, OnHost::Approve { request, terms, note }).await
            }
            Question::Deny { request, reason } => {
                let (request, reason) = (act::number(&request)?, Words::typed(&reason));
                act::perform(&self.app, peer, OnHost::Deny { request, reason }).await
            }
            Question::Revoke { grant, reason } => {
                let (grant, reason) = (act::number(&grant)?, Words::typed(&reason));
                act::perform(&self.app, peer, OnHost::Revoke { grant, reason }).await
            }
            Question::Locks => Ok(json!({ "locks": self.app.locks_in_words().await.map_err(unreadable)? })),
            Question::Lock { words } => act::perform(&self.app, peer, OnHost::Lock { words }).await,
            Question::Unlock { what } => act::perform(&self.app, peer, OnHost::Unlock { what }).await,
            Question::Audit { after, limit } => look::audit(&self.app, after, limit).await.map_err(unreadable),
            Question::AuditVerify => look::verify(self.app.store()).await.map_err(unreadable),
            Question::PolicyApply => {
                warn!("an operator applies the policy files to what is in force");
                Ok(json!({ "done": self.app.apply_to_active().await.map_err(unreadable)? }))
            }
            Question::DrainBegin => drain::drain(&self.app, peer, Drain::Begin).await,
            Question::DrainUndo => drain::drain(&self.app, peer, Drain::Undo).await,
            Question::DrainStatus => drain::status(&self.app).await.map_err(unreadable),
            Question::AuditExport { after } => drain::export(&self.app, after).await.map_err(unreadable),
            Question::PlaceDoor { channel } => self.app.place_door(&channel).await.map(|()| json!({})),
            Question::Door { channel } => self.app.door(&channel).await.map(|door| look::door(door.as_ref())).map_err(unreadable),
            Question::Erase { person } => act::erase(&self.app, peer, &person).await,
            Question::ClockBelieve => {
                warn!("an operator says that the clock is right");
                self.app.believe_clock();
                Ok(self.now())
            }
            Question::ClockSet { now_ms } => {
                let clock = self.demo_clock.as_ref().ok_or("the clock can be set in the demo only")?;
                clock.set(Timestamp::from_millis(now_ms));
                info!(now_ms, "the clock of the demo was set");
                self.app.wake().notify_one();
                self.app.mail().notify_one();
                Ok(self.now())
            }
        }
    }

    fn now(&self) -> Value {
        json!({ "now_ms": self.app.now().at.as_millis() })
    }
}
