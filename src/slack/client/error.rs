//! What a failed call means for whoever made it. Callers read the class, never the code.

use std::time::Duration;

use slack_morphism::errors::SlackClientError;

/// A call that did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("slack could not do it: `{code}`")]
pub struct SlackError {
    /// What to do about it.
    pub class: Class,
    /// Slack's word for it, or ours: for logs and for admins.
    pub code: String,
}

/// What to do about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Try again later, not before `retry_after` where Slack (or our own pace) gave one. Nothing was done.
    Transient {
        /// How long to wait at least.
        retry_after: Option<Duration>,
    },
    /// The message is not there any more: post it anew, once.
    Gone,
    /// The channel cannot be posted to: try another way to the people.
    NoChannel,
    /// The account cannot be reached: try another way to the person, or another person.
    NoPerson,
    /// The form or trigger is not good any more: ask the person to press again.
    Stale,
    /// An operator has to act: the token is invalid, or a scope is missing.
    Operator,
    /// Trying the same again will not help: it is our own fault.
    Permanent,
    /// It may or may not have been done.
    Unknown,
}

/// With these no call at all can succeed: it is the token, not what was asked.
const TOKEN: [&str; 7] = [
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "not_allowed_token_type",
    "org_login_required",
];

/// Our own words for a call that was not answered.
const CANNOT_CONNECT: &str = "cannot_connect";
const CONNECTION_LOST: &str = "connection_lost";
const TIMEOUT: &str = "timeout";

/// What an operator has to mend.
const OPERATOR: [&str; 12] = [
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "missing_scope",
    "not_allowed_token_type",
    "org_login_required",
    "ekm_access_denied",
    "team_access_not_granted",
    "access_denied",
    "no_permission",
];

/// Where the channel, not the message, is in the way.
const NO_CHANNEL: [&str; 10] = [
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "is_inactive",
    "restricted_action",
    "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
    "restricted_action_non_threadable_channel",
    "restricted_action_thread_locked",
    "user_not_in_channel",
];

const NO_PERSON: [&str; 6] =
    ["user_not_found", "users_not_found", "user_disabled", "cannot_dm_bot", "messages_tab_disabled", "user_not_visible"];

const GONE: [&str; 3] = ["message_not_found", "cant_update_message", "edit_window_closed"];

const STALE: [&str; 8] = [
    "expired_trigger_id",
    "trigger_expired",
    "exchanged_trigger_id",
    "trigger_exchanged",
    "invalid_trigger_id",
    "hash_conflict",
    "not_found",
    "view_not_found",
];

const TRANSIENT: [&str; 8] = [
    "ratelimited",
    "rate_limited",
    "fatal_error",
    "internal_error",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
    "accesslimited",
];

impl SlackError {
    /// The longest that a `Retry-After` is believed. Slack's are seconds; a day would be a message never sent.
    pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(15 * 60);

    /// What Slack's word for an error means.
    pub fn from_code(code: &str) -> SlackError {
        let class = match code {
            code if OPERATOR.contains(&code) => Class::Operator,
            code if NO_CHANNEL.contains(&code) => Class::NoChannel,
            code if NO_PERSON.contains(&code) => Class::NoPerson,
            code if GONE.contains(&code) => Class::Gone,
            code if STALE.contains(&code) => Class::Stale,
            code if TRANSIENT.contains(&code) => Class::Transient { retry_after: None },
            _ => Class::Permanent,
        };
        SlackError::new(class, code)
    }

    /// Whether Slack refuses the token itself, so that nothing can be said to anybody until an operator acts.
    pub fn is_of_token(&self) -> bool {
        TOKEN.contains(&self.code.as_str())
    }

    /// Whether no answer came at all, so that the next call will hardly fare better.
    pub fn is_of_network(&self) -> bool {
        [CANNOT_CONNECT, CONNECTION_LOST, TIMEOUT].contains(&self.code.as_str())
    }

    pub(super) fn from_library(error: SlackClientError) -> SlackError {
        match error {
            SlackClientError::ApiError(error) => SlackError::from_code(&error.code),
            SlackClientError::RateLimitError(error) => {
                let retry_after = error.retry_after.map(|wait| wait.min(SlackError::RETRY_AFTER_MAX));
                SlackError::new(Class::Transient { retry_after }, "ratelimited")
            }
            SlackClientError::HttpError(error) => {
                let status = error.status_code.as_u16();
                let class = if status >= 500 { Class::Transient { retry_after: None } } else { Class::Permanent };
                SlackError::new(class, &format!("http_{status}"))
            }
            SlackClientError::HttpProtocolError(error) => {
                let cause = error.cause.as_ref().and_then(|cause| cause.downcast_ref::<hyper_util::client::legacy::Error>());
                match cause.is_some_and(hyper_util::client::legacy::Error::is_connect) {
                    true => SlackError::new(Class::Transient { retry_after: None }, CANNOT_CONNECT),
                    false => SlackError::new(Class::Unknown, CONNECTION_LOST),
                }
            }
            SlackClientError::ProtocolError(_) => SlackError::unreadable(),
            SlackClientError::EndOfStream(_)
            | SlackClientError::SystemError(_)
            | SlackClientError::SocketModeProtocolError(_) => SlackError::new(Class::Unknown, CONNECTION_LOST),
        }
    }

    pub(super) fn timeout() -> SlackError {
        SlackError::new(Class::Unknown, TIMEOUT)
    }

    pub(super) fn unreadable() -> SlackError {
        SlackError::new(Class::Unknown, "unreadable_answer")
    }

    pub(super) fn permanent(code: &str) -> SlackError {
        SlackError::new(Class::Permanent, code)
    }

    pub(super) fn own_pace(wait: Duration) -> SlackError {
        SlackError::new(Class::Transient { retry_after: Some(wait) }, "own_pace")
    }

    /// The error of a call that may be repeated without harm: an unknown fate is then no other than none.
    pub(super) fn repeatable(self) -> SlackError {
        match self.class {
            Class::Unknown => SlackError { class: Class::Transient { retry_after: None }, ..self },
            Class::Transient { .. }
            | Class::Gone
            | Class::NoChannel
            | Class::NoPerson
            | Class::Stale
            | Class::Operator
            | Class::Permanent => self,
        }
    }

    /// The code is from outside: it is cut to what codes are made of, so that it can be logged and shown.
    fn new(class: Class, code: &str) -> SlackError {
        let code = code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect();
        SlackError { class, code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_meaning() {
        let lists: [&[&str]; 6] = [&OPERATOR, &NO_CHANNEL, &NO_PERSON, &GONE, &STALE, &TRANSIENT];
        let mut all: Vec<&str> = lists.concat();
        let number = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), number);
        let class = |code| SlackError::from_code(code).class;
        assert_eq!(class("message_not_found"), Class::Gone);
        assert_eq!(class("is_archived"), Class::NoChannel);
        assert_eq!(class("user_disabled"), Class::NoPerson);
        assert_eq!(class("missing_scope"), Class::Operator);
        assert_eq!(class("fatal_error"), Class::Transient { retry_after: None });
        assert_eq!(class("msg_too_long"), Class::Permanent);
        assert_eq!(class("of_the_future"), Class::Permanent);
    }

    #[test]
    fn what_is_wrong_with_the_token_is_for_an_operator() {
        for code in TOKEN {
            let error = SlackError::from_code(code);
            assert!(error.is_of_token() && error.class == Class::Operator, "{code}");
        }
        assert!(!SlackError::from_code("missing_scope").is_of_token());
    }

    #[test]
    fn codes_can_be_shown() {
        assert_eq!(SlackError::from_code("<!channel> x\n").to_string(), "slack could not do it: `channelx`");
    }
}
