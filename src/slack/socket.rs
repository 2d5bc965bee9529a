//! Socket Mode: what Slack has for us comes over connections that we open, so that no port has to be reachable from outside.
//!
//! Several connections are kept open; Slack sends each envelope over any one of them. Each is read by `talk`, which has its
//! envelopes taken by [`Take`] and acknowledges what was taken: what is not acknowledged, Slack shows to people as failed, or
//! sends again. A connection that Slack moves is replaced before it is left. Nothing here ends the process: while Slack gives no
//! connection, [`Status`] says why and what to do, and it is tried again.
//!
//! It deliberately uses no more of slack-morphism than its call of `apps.connections.open`. Its manager of connections writes
//! their addresses, which hold tickets, into the log; leaves a connection before it has another; keeps to itself why Slack gives
//! none; has no jitter, and no regard for `Retry-After`; and takes one envelope at a time. There is no way through an HTTP proxy.

mod dial;
mod envelope;
mod status;
mod talk;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, error, info, warn};

use super::client::SetupError;
use super::inbound::Inbound;
use dial::Dialer;
use talk::{Next, Talk};

pub use status::{Problem, Status};

/// Whoever takes what Slack sends.
pub trait Take: Send + Sync + 'static {
    /// Does what came in. What was decided is committed before this returns. It answers within the time that Slack waits.
    fn take(&self, inbound: Inbound) -> impl Future<Output = Taken> + Send;
}

/// What becomes of an envelope.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// It is acknowledged, with an answer where there is one and Slack takes one.
    Done(Option<Value>),
    /// It is not acknowledged: the person sees that it failed, and events come again.
    Not,
}

/// How many connections there are, and how long things take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How many connections are kept open. Slack allows 10, and a moved one counts twice for a while.
    pub connections: usize,
    /// How long dialing may take, and then the hello.
    pub connect_within: Duration,
    /// After how much silence Slack is asked whether it is still there.
    pub ping_after: Duration,
    /// How often it may be asked in vain.
    pub pings_max: u32,
    /// How long sending may take.
    pub send_within: Duration,
    /// The pause before the first new try, and the longest. They double, and each is cut at random to no less than half.
    pub again: (Duration, Duration),
    /// The pause when somebody has to act first.
    pub refused_again: Duration,
    /// A connection that lives this long was a good one: after it, pauses begin from the first again.
    pub steady: Duration,
    /// How long a connection that Slack is going to close may still bring something.
    pub linger: Duration,
    /// How long the last acknowledgements and the farewell may take.
    pub stop_within: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        let secs = Duration::from_secs;
        Pace {
            connections: 2,
            connect_within: secs(10),
            ping_after: secs(10),
            pings_max: 2,
            send_within: secs(5),
            again: (Duration::from_millis(500), secs(60)),
            refused_again: secs(5 * 60),
            steady: secs(30),
            linger: secs(15),
            stop_within: secs(5),
        }
    }
}

/// The connections of one app.
pub struct Socket {
    dialer: Dialer,
    pace: Pace,
    status: Status,
}

/// What the connections share.
struct Line<T> {
    dialer: Dialer,
    pace: Pace,
    status: Status,
    taker: Arc<T>,
}

impl Socket {
    /// Connections for the app of this token (`xapp-…`, scope `connections:write`), given by the API at `api_url`. Nothing is
    /// opened yet.
    ///
    /// # Errors
    ///
    /// When the address or this machine's certificates cannot be used.
    pub fn new(api_url: &str, app_token: &SecretString) -> Result<Socket, SetupError> {
        Ok(Socket { dialer: Dialer::new(api_url, app_token)?, pace: Pace::default(), status: Status::default() })
    }

    /// The same at another pace.
    #[must_use]
    pub fn with_pace(self, pace: Pace) -> Socket {
        Socket { pace, ..self }
    }

    /// Asks Slack whether it would give a connection, and opens none.
    ///
    /// # Errors
    ///
    /// What is in the way.
    pub async fn check(&self) -> Result<(), Problem> {
        self.dialer.ask().await.map(drop)
    }

    /// How it stands with the connections, from now on.
    pub fn status(&self) -> Status {
        self.status.clone()
    }

    /// Keeps the connections open until `stop` becomes true; then acknowledges what is being taken, and closes them.
    pub async fn serve<T: Take>(self, taker: Arc<T>, mut stop: watch::Receiver<bool>) {
        let Socket { dialer, pace, status } = self;
        let line = Arc::new(Line { dialer, pace, status, taker });
        let mut places = JoinSet::new();
        for _ in 0..pace.connections {
            places.spawn(keep(Arc::clone(&line), stop.clone()));
        }
        while let Some(ended) = places.join_next().await {
            if let Err(problem) = ended {
                error!(%problem, "a connection to slack was stopped by an internal error; it is made again");
                let _ = timeout(pace.refused_again, told(&mut stop)).await;
                places.spawn(keep(Arc::clone(&line), stop.clone()));
            }
        }
        info!("nothing more is taken from slack");
    }
}

impl<T> Line<T> {
    /// Says so when somebody else uses the same token: they get a part of what people press.
    fn count(&self, connections: Option<u64>) {
        // Each place may have a connection that is being left, beside its own.
        let ours_max = u64::try_from(self.pace.connections).unwrap_or(u64::MAX).saturating_mul(2);
        if let Some(all) = connections.filter(|all| *all > ours_max) {
            warn!(all, ours_max, "the Slack app has more connections than this process makes: does another one use its token?");
        }
    }
}

/// Keeps one place filled with a connection.
async fn keep<T: Take>(line: Arc<Line<T>>, mut stop: watch::Receiver<bool>) {
    let mut talks = JoinSet::new();
    let mut pauses = Pauses::new(line.pace.again);
    while !*stop.borrow() {
        while talks.try_join_next().is_some() {}
        let dialed = tokio::select! {
            dialed = line.dialer.dial(&line.pace) => dialed,
            () = told(&mut stop) => break,
        };
        let next = match dialed {
            Ok(wire) => {
                let (next, mut coming) = oneshot::channel();
                talks.spawn(Talk::new(Arc::clone(&line), wire).hold(stop.clone(), next));
                let early = timeout(line.pace.steady, &mut coming).await;
                let next = match early {
                    Ok(next) => next,
                    Err(_) => {
                        pauses = Pauses::new(line.pace.again);
                        let next = coming.await;
                        if matches!(next, Ok(Next::Refresh)) {
                            continue;
                        }
                        next
                    }
                };
                next.unwrap_or(Next::After(Problem::Lost("an internal error")))
            }
            Err(problem) => Next::After(problem),
        };
        let pause = match &next {
            Next::Refresh => pauses.next(),
            Next::After(problem) => {
                line.status.note(problem);
                let least = if problem.is_for_operators() { line.pace.refused_again } else { pauses.next() };
                least.max(problem.retry_after())
            }
        };
        debug!(?pause, "the next connection to slack");
        let _ = timeout(pause, told(&mut stop)).await;
    }
    while talks.join_next().await.is_some() {}
}

/// Until the process is told to stop, or nobody is left to tell it.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopped| *stopped).await;
}

/// Longer and longer, and never the same for two processes that lost their connections at one time.
struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    fn new((first, longest): (Duration, Duration)) -> Pauses {
        Pauses { next: first, longest }
    }

    fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        // Without randomness the pause is whole, which is right for one process.
        let share = getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
        pause.mul_f64(0.5 + share / 2.0)
    }
}
