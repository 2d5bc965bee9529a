//! The sandbox's HTTP side: who asks, for what, and which fault lies in between.

use std::sync::Arc;

use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::faults::{self, SandboxFaultKind};
use super::{Access, Change, Key, LEVELS, SandboxCall, Shared, State};
use crate::demo::loopback::{Answer, Asked, pause};

/// What was asked for, after routing.
enum Question {
    Server,
    Account(String),
    Everything,
    Read(Key),
    Change(Key, Change),
}

pub(super) async fn route(shared: Arc<Shared>, asked: Asked) -> Answer {
    let path = asked.path.split('/').map(percent_decoded).collect::<Vec<_>>().join("/");
    let (answer, delay) = {
        let mut state = shared.state();
        let is_change = matches!(asked.method.as_str(), "PUT" | "DELETE");
        let fault = faults::take(&mut state.fault, is_change);
        let answer = respond(&mut state, &asked, fault.as_ref(), shared.now_ms());
        let status = match &answer {
            Answer::Whole { status, .. } => Some(*status),
            Answer::Stream { .. } | Answer::HangUp => None,
        };
        state.log(SandboxCall { at_ms: shared.now_ms(), method: asked.method.clone(), path, status });
        let delay = match fault {
            Some(SandboxFaultKind::Slow(delay)) => Some(delay),
            _ => None,
        };
        (answer, delay)
    };
    shared.changed();
    if let Some(delay) = delay {
        pause(delay).await;
    }
    answer
}

fn respond(state: &mut State, asked: &Asked, fault: Option<&SandboxFaultKind>, now_ms: i64) -> Answer {
    match fault {
        Some(SandboxFaultKind::Down) => return Answer::HangUp,
        Some(SandboxFaultKind::FailBefore) => {
            return problem(500, "transient", "internal", "the sandbox failed before it acted");
        }
        Some(SandboxFaultKind::Refused) => {
            return problem(403, "permanent", "refused", "it is not to be given to this account");
        }
        Some(SandboxFaultKind::Throttled { retry_after_s }) => {
            return problem(429, "transient", "throttled", "too many calls")
                .with_header("retry-after", retry_after_s.to_string());
        }
        _ => {}
    }
    let is_authorized = asked.bearer().is_some_and(|token| token.as_bytes().ct_eq(state.setup.token.as_bytes()).into());
    if !is_authorized {
        return problem(401, "needs_human", "bad_token", "the token is not the sandbox's");
    }
    let question = match question(asked) {
        Ok(question) => question,
        Err(answer) => return answer,
    };
    let is_stale = fault == Some(&SandboxFaultKind::StaleReads);
    match question {
        Question::Change(key, change) if fault == Some(&SandboxFaultKind::LandsLate) => {
            state.late.push((key, change));
            Answer::HangUp
        }
        question => {
            let answer = act(state, question, is_stale, now_ms);
            if fault == Some(&SandboxFaultKind::FailAfter) { Answer::HangUp } else { answer }
        }
    }
}

fn question(asked: &Asked) -> Result<Question, Answer> {
    let segments: Vec<String> = asked.path.split('/').skip(1).map(percent_decoded).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (asked.method.as_str(), segments.as_slice()) {
        ("GET", ["v1", "server"]) => Ok(Question::Server),
        ("GET", ["v1", "accounts", account]) => Ok(Question::Account((*account).to_owned())),
        ("GET", ["v1", "access"]) => Ok(Question::Everything),
        ("GET", ["v1", "access", account, thing]) => Ok(Question::Read(super::key(account, thing))),
        ("DELETE", ["v1", "access", account, thing]) => Ok(Question::Change(super::key(account, thing), Change::Remove)),
        ("PUT", ["v1", "access", account, thing]) => {
            let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            let level = body.get("level").and_then(Value::as_str).unwrap_or_default().to_owned();
            if !LEVELS.contains(&level.as_str()) {
                let message = format!("there is no level `{level}`");
                return Err(problem(400, "permanent", "unknown_level", &message));
            }
            let mark = body.get("mark").and_then(Value::as_str).map(str::to_owned);
            Ok(Question::Change(super::key(account, thing), Change::Set { level, mark }))
        }
        (method, _) => Err(problem(404, "permanent", "no_such_route", &format!("no route {method} {}", asked.path))),
    }
}

fn act(state: &mut State, question: Question, is_stale: bool, now_ms: i64) -> Answer {
    match question {
        Question::Server => Answer::json(200, &json!({ "fingerprint": state.setup.fingerprint })),
        Question::Account(account) if state.accounts.contains(&account) => Answer::json(200, &json!({ "account": account })),
        Question::Account(account) => no_such_account(&account),
        Question::Everything => {
            let items: Vec<Value> = state.held.values().map(listed).collect();
            Answer::json(200, &json!({ "items": items }))
        }
        Question::Read(key) if !state.accounts.contains(&key.0) => no_such_account(&key.0),
        Question::Read(key) => {
            let now = state.held.get(&key);
            let shown = match state.before.get(&key) {
                Some(before) if is_stale => before.as_ref(),
                _ => now,
            };
            Answer::json(200, &shown_access(shown))
        }
        Question::Change(key, Change::Set { .. }) if !state.accounts.contains(&key.0) => no_such_account(&key.0),
        Question::Change(key, change) => {
            state.apply(key.clone(), change, now_ms);
            Answer::json(200, &shown_access(state.held.get(&key)))
        }
    }
}

fn shown_access(access: Option<&Access>) -> Value {
    match access {
        None => json!({ "level": null, "mark": null, "sessions": 0 }),
        Some(access) => json!({ "level": access.level, "mark": access.mark, "sessions": access.sessions }),
    }
}

/// An access as it stands in lists.
pub(super) fn listed(access: &Access) -> Value {
    json!({
        "account": access.account, "thing": access.thing, "level": access.level, "mark": access.mark,
        "sessions": access.sessions, "since_ms": access.since_ms,
    })
}

fn no_such_account(account: &str) -> Answer {
    problem(404, "permanent", "no_such_account", &format!("there is no account `{account}`"))
}

fn problem(status: u16, class: &str, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "class": class, "code": code, "message": message } }))
}

fn percent_decoded(segment: &str) -> String {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let pair: Vec<u8> = bytes.by_ref().take(2).collect();
        let value = std::str::from_utf8(&pair).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.extend(value.map_or_else(|| [b"%", pair.as_slice()].concat(), |value| vec![value]));
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
