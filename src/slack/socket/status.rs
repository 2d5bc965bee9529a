//! How it stands with the connections, for whoever asks whether the process can do its work.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{debug, error, info, warn};

use crate::slack::client::{Class, SlackError};

/// Where an operator makes app tokens, and what they need.
const TOKEN: &str = "at api.slack.com/apps → Basic Information → App-Level Tokens, make one with the scope `connections:write`, \
                     put it into `SLACK_APP_TOKEN`, and start again";

/// Why there is no connection, or one fewer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Slack does not give a connection for this token.
    #[error("slack takes no connections with this app token (`{code}`); {TOKEN}")]
    Token {
        /// Slack's word for it.
        code: String,
    },
    /// Socket Mode is off.
    #[error("Socket Mode is switched off in the settings of the Slack app; switch it on at api.slack.com/apps → Socket Mode")]
    Disabled,
    /// The app has as many connections as it may have.
    #[error("the Slack app has too many connections already; stop whatever else uses the same app token")]
    TooMany,
    /// Slack could not be asked for a connection.
    #[error("slack could not be asked for a connection (`{code}`); it is asked again")]
    NotAsked {
        /// Slack's word for it, or ours.
        code: String,
        /// Not before this time.
        retry_after: Option<Duration>,
    },
    /// The connection that Slack gave could not be made.
    #[error("the connection that slack gave could not be made ({0}); it is tried again")]
    NotMade(&'static str),
    /// It ended without a word, or went silent.
    #[error("a connection to slack was lost ({0}); it is made again")]
    Lost(&'static str),
}

impl Problem {
    pub(super) fn of_asking(error: SlackError) -> Problem {
        match error.class {
            Class::Transient { retry_after } => Problem::NotAsked { code: error.code, retry_after },
            Class::Unknown => Problem::NotAsked { code: error.code, retry_after: None },
            Class::Operator | Class::Permanent | Class::Gone | Class::NoChannel | Class::NoPerson | Class::Stale => {
                Problem::Token { code: error.code }
            }
        }
    }

    /// Whether nothing will change until somebody acts.
    pub(super) fn is_for_operators(&self) -> bool {
        match self {
            Problem::Token { .. } | Problem::Disabled => true,
            Problem::TooMany | Problem::NotAsked { .. } | Problem::NotMade(_) | Problem::Lost(_) => false,
        }
    }

    /// How long Slack wants to be left alone.
    pub(super) fn retry_after(&self) -> Duration {
        match self {
            Problem::NotAsked { retry_after, .. } => retry_after.unwrap_or_default(),
            Problem::Token { .. } | Problem::Disabled | Problem::TooMany | Problem::NotMade(_) | Problem::Lost(_) => {
                Duration::ZERO
            }
        }
    }
}

/// How it stands. Clones tell of the same connections.
#[derive(Debug, Clone, Default)]
pub struct Status(Arc<Mutex<Standing>>);

#[derive(Debug, Default)]
struct Standing {
    open: u64,
    problem: Option<Problem>,
}

impl Status {
    /// How many connections work.
    pub fn open(&self) -> u64 {
        self.standing().open
    }

    /// Whether anything that people do in Slack can reach us.
    ///
    /// # Errors
    ///
    /// Why not, as a sentence.
    pub fn readiness(&self) -> Result<(), String> {
        let standing = self.standing();
        match (&standing.problem, standing.open) {
            (_, 1..) => Ok(()),
            (Some(problem), 0) => Err(format!("no connection to slack: {problem}; what is in force ends on time all the same")),
            (None, 0) => Err("no connection to slack is open yet".to_owned()),
        }
    }

    /// A connection works, for as long as what is given back lives.
    pub(super) fn opened(&self) -> Open {
        let mut standing = self.standing();
        standing.open += 1;
        standing.problem = None;
        info!(open = standing.open, "connected to slack");
        Open(self.clone())
    }

    /// Notes a problem. It is logged loudly once, not at every try.
    pub(super) fn note(&self, problem: &Problem) {
        let known = self.standing().problem.replace(problem.clone());
        match known {
            Some(known) if known == *problem => debug!(%problem, "still no new connection to slack"),
            _ if problem.is_for_operators() => error!("{problem}; what is in force ends on time all the same"),
            _ => warn!("{problem}"),
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that works.
#[derive(Debug)]
pub(super) struct Open(Status);

impl Drop for Open {
    fn drop(&mut self) {
        let mut standing = self.0.standing();
        standing.open = standing.open.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_connection_is_enough_and_none_is_told_with_what_to_do() {
        let status = Status::default();
        assert_eq!(status.readiness().unwrap_err(), "no connection to slack is open yet");
        let (first, second) = (status.opened(), status.opened());
        drop(first);
        status.note(&Problem::Disabled);
        assert_eq!(status.readiness(), Ok(()));
        drop(second);
        let why = status.readiness().unwrap_err();
        assert!(why.contains("switch it on at api.slack.com/apps") && why.contains("ends on time"), "{why}");
        let again = status.opened();
        drop(again);
        assert_eq!(status.readiness().unwrap_err(), "no connection to slack is open yet", "the old problem is over");
    }

    #[test]
    fn what_somebody_has_to_mend_is_told_from_what_passes() {
        let problem = |code: &str| Problem::of_asking(SlackError::from_code(code));
        for code in ["invalid_auth", "not_authed", "not_allowed_token_type", "missing_scope", "team_disabled", "forbidden_team"] {
            assert!(problem(code).is_for_operators(), "{code}");
            assert!(problem(code).to_string().contains("connections:write"), "{}", problem(code));
        }
        for code in ["ratelimited", "internal_error", "fatal_error", "accesslimited"] {
            assert!(!problem(code).is_for_operators(), "{code}");
        }
    }
}
