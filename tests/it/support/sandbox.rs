//! A strict stand-in for the sandbox server: it keeps levels, refuses what it does not know, and counts what it is asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

pub const TOKEN: &str = "sandbox-token";

/// The running server. Dropping it closes its port.
pub struct SandboxServer {
    pub address: SocketAddr,
    shared: Shared,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    held: BTreeMap<(String, String), (String, Option<String>)>,
    changes: usize,
}

impl SandboxServer {
    pub async fn start() -> SandboxServer {
        let shared = Shared::default();
        let one = get(look).put(put).delete(delete);
        let router = Router::new()
            .route(
                "/v1/server",
                get(|headers: HeaderMap| async move { allowed(&headers, || json!({"fingerprint": "sandbox-1"})) }),
            )
            .route("/v1/accounts/{account}", get(account))
            .route("/v1/access", get(list))
            .route("/v1/access/{account}/{thing}", one)
            .with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        SandboxServer { address, shared, task }
    }

    /// What is really held: level and mark.
    pub fn held(&self, account: &str, thing: &str) -> Option<(String, Option<String>)> {
        self.shared.0.lock().unwrap().held.get(&(account.to_owned(), thing.to_owned())).cloned()
    }

    /// Gives a level behind everybody's back.
    pub fn give(&self, account: &str, thing: &str, level: &str, mark: Option<&str>) {
        let value = (level.to_owned(), mark.map(str::to_owned));
        self.shared.0.lock().unwrap().held.insert((account.to_owned(), thing.to_owned()), value);
    }

    /// How many changes it was asked for.
    pub fn changes(&self) -> usize {
        self.shared.0.lock().unwrap().changes
    }
}

impl Drop for SandboxServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn allowed(headers: &HeaderMap, answer: impl FnOnce() -> Value) -> Response {
    if headers.get("authorization").is_some_and(|value| value == &format!("Bearer {TOKEN}")) {
        return Json(answer()).into_response();
    }
    refusal(StatusCode::UNAUTHORIZED, "needs_human", "unauthorized")
}

fn refusal(status: StatusCode, class: &str, code: &str) -> Response {
    (status, Json(json!({"error": {"class": class, "code": code, "message": code}}))).into_response()
}

async fn account(headers: HeaderMap, Path(account): Path<String>) -> Response {
    if account == "maya" {
        allowed(&headers, || json!({"account": account}))
    } else {
        refusal(StatusCode::NOT_FOUND, "permanent", "no_such_account")
    }
}

fn shown(inner: &Inner, key: &(String, String)) -> Value {
    let held = inner.held.get(key);
    json!({"level": held.map(|(level, _)| level), "mark": held.and_then(|(_, mark)| mark.clone()), "sessions": 0})
}

async fn look(State(Shared(shared)): State<Shared>, headers: HeaderMap, Path(key): Path<(String, String)>) -> Response {
    allowed(&headers, || shown(&shared.lock().unwrap(), &key))
}

async fn put(
    State(Shared(shared)): State<Shared>,
    headers: HeaderMap,
    Path(key): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Response {
    let Some(level) = body.get("level").and_then(Value::as_str) else {
        return refusal(StatusCode::BAD_REQUEST, "permanent", "bad_request");
    };
    let mark = body.get("mark").and_then(Value::as_str).map(str::to_owned);
    allowed(&headers, || {
        let mut inner = shared.lock().unwrap();
        inner.changes += 1;
        inner.held.insert(key.clone(), (level.to_owned(), mark));
        shown(&inner, &key)
    })
}

async fn delete(State(Shared(shared)): State<Shared>, headers: HeaderMap, Path(key): Path<(String, String)>) -> Response {
    allowed(&headers, || {
        let mut inner = shared.lock().unwrap();
        inner.changes += 1;
        inner.held.remove(&key);
        shown(&inner, &key)
    })
}

async fn list(State(Shared(shared)): State<Shared>, headers: HeaderMap) -> Response {
    allowed(&headers, || {
        let inner = shared.lock().unwrap();
        let item = |((account, thing), (level, mark)): (&(String, String), &(String, Option<String>))| json!({"account": account, "thing": thing, "level": level, "mark": mark, "sessions": 0, "since_ms": 0});
        json!({"items": inner.held.iter().map(item).collect::<Vec<_>>()})
    })
}
