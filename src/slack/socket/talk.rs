//! One connection, from its hello to its end: reads envelopes, has each taken by a task of its own, and acknowledges those that
//! were taken. It never makes another connection.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tracing::{debug, error, info, warn};

use super::dial::Wire;
use super::envelope::{Goodbye, Text};
use super::status::Problem;
use super::{Line, Take, Taken, told};

/// How many envelopes of one connection are being taken at a time. The others wait where they are.
const IN_WORK_MAX: usize = 64;

pub(super) struct Talk<T> {
    line: Arc<Line<T>>,
    wire: Wire,
    /// What is being taken. Each gives its acknowledgement, or none.
    work: JoinSet<Option<String>>,
}

/// Why nothing more is read for now.
enum Heard {
    Hello,
    Goodbye(Goodbye),
    Lost(&'static str),
    Stopping,
}

/// Why the next connection is to be made.
#[derive(Debug)]
pub(super) enum Next {
    /// Slack asked for it. This one still works for a while.
    Refresh,
    /// This one does not work any more.
    After(Problem),
}

impl<T: Take> Talk<T> {
    pub(super) fn new(line: Arc<Line<T>>, wire: Wire) -> Talk<T> {
        Talk { line, wire, work: JoinSet::new() }
    }

    /// Reads and acknowledges until the end. `next` is told as soon as another connection is to be made.
    pub(super) async fn hold(mut self, mut stop: watch::Receiver<bool>, next: oneshot::Sender<Next>) {
        let why = match timeout(self.line.pace.connect_within, self.listen(&mut stop)).await {
            Err(_) => Heard::Lost("it did not say hello"),
            Ok(Heard::Hello) => {
                let _open = self.line.status.opened();
                let why = self.listen_on(&mut stop).await;
                if let Heard::Goodbye(Goodbye::Refresh) = why {
                    info!("slack moves a connection; the next one is opened first");
                    drop(next.send(Next::Refresh));
                    // Slack closes it. Until then it may still bring something.
                    drop(timeout(self.line.pace.linger, self.listen_on(&mut stop)).await);
                    return self.finish().await;
                }
                why
            }
            Ok(why) => why,
        };
        drop(next.send(match why {
            Heard::Goodbye(Goodbye::Disabled) => Next::After(Problem::Disabled),
            Heard::Goodbye(Goodbye::TooMany) => Next::After(Problem::TooMany),
            Heard::Lost(how) => Next::After(Problem::Lost(how)),
            Heard::Hello | Heard::Stopping | Heard::Goodbye(Goodbye::Refresh) => Next::Refresh,
        }));
        self.finish().await;
    }

    /// The same after its hello.
    async fn listen_on(&mut self, stop: &mut watch::Receiver<bool>) -> Heard {
        loop {
            match self.listen(stop).await {
                Heard::Hello => {}
                heard @ (Heard::Goodbye(_) | Heard::Lost(_) | Heard::Stopping) => return heard,
            }
        }
    }

    async fn listen(&mut self, stop: &mut watch::Receiver<bool>) -> Heard {
        let (ping_after, pings_max) = (self.line.pace.ping_after, self.line.pace.pings_max);
        let mut unanswered = 0;
        loop {
            tokio::select! {
                biased;
                () = told(stop) => return Heard::Stopping,
                Some(taken) = self.work.join_next() => {
                    if let Err(lost) = self.acknowledge(taken).await {
                        return lost;
                    }
                }
                heard = timeout(ping_after, self.wire.next()), if self.work.len() < IN_WORK_MAX => match heard {
                    Ok(Some(Ok(Message::Text(text)))) => {
                        unanswered = 0;
                        if let Some(heard) = self.read(&text) {
                            return heard;
                        }
                    }
                    // Pings are answered by the library.
                    Ok(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_)))) => unanswered = 0,
                    Ok(Some(Ok(Message::Close(_))) | None) => return Heard::Lost("slack closed it"),
                    Ok(Some(Err(_))) => return Heard::Lost("it broke off"),
                    Err(_) if unanswered >= pings_max => return Heard::Lost("it went silent"),
                    Err(_) => {
                        unanswered += 1;
                        if let Err(lost) = self.send(Message::Ping(Vec::new().into())).await {
                            return lost;
                        }
                    }
                },
            }
        }
    }

    fn read(&mut self, text: &str) -> Option<Heard> {
        match Text::read(text) {
            Text::Hello { connections } => {
                self.line.count(connections);
                Some(Heard::Hello)
            }
            Text::Disconnect(goodbye) => Some(Heard::Goodbye(goodbye)),
            Text::Unreadable => {
                warn!(bytes = text.len(), "slack sent something over the socket that cannot be read; it is not acknowledged");
                None
            }
            Text::Envelope(envelope) => {
                let (receipt, inbound) = envelope.into_parts();
                let line = Arc::clone(&self.line);
                self.work.spawn(async move {
                    match line.taker.take(inbound).await {
                        Taken::Done(answer) => Some(receipt.acknowledgement(answer)),
                        Taken::Not => None,
                    }
                });
                None
            }
        }
    }

    async fn acknowledge(&mut self, taken: Result<Option<String>, JoinError>) -> Result<(), Heard> {
        match taken {
            Ok(Some(text)) => self.send(Message::text(text)).await,
            Ok(None) => Ok(()),
            Err(problem) => {
                error!(%problem, "something that slack sent was stopped by an internal error");
                Ok(())
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Heard> {
        match timeout(self.line.pace.send_within, self.wire.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Heard::Lost("it broke off")),
            Err(_) => Err(Heard::Lost("it takes nothing any more")),
        }
    }

    /// Acknowledges what is being taken still, and closes. What comes in meanwhile is not taken: it could not be acknowledged.
    async fn finish(mut self) {
        let within = self.line.pace.stop_within;
        let finishing = async {
            while let Some(taken) = self.work.join_next().await {
                if self.acknowledge(taken).await.is_err() {
                    return;
                }
            }
            if self.wire.close(None).await.is_ok() {
                // Until the other side has read everything: otherwise the last words may be lost on the way.
                while let Some(Ok(_)) = self.wire.next().await {}
            }
        };
        if timeout(within, finishing).await.is_err() {
            debug!("a connection to slack was not closed in order");
        }
        // What is committed already stays so, acknowledged or not.
        self.work.detach_all();
    }
}
