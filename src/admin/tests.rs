//! Over a real socket, with a real database.

use secrecy::SecretString;

use super::*;
use crate::app::{Policies, Settings};
use crate::clock::{Clock, SystemClock};
use crate::slack::client::SlackApi;
use crate::store::Store;

struct House {
    dir: tempfile::TempDir,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<()>,
}

impl House {
    async fn open(demo_clock: Option<Arc<DemoClock>>) -> House {
        let dir = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = match &demo_clock {
            Some(clock) => Arc::clone(clock) as Arc<dyn Clock>,
            None => Arc::new(SystemClock),
        };
        let store = Store::open(dir.path(), clock.wall()).unwrap();
        let slack = SlackApi::new("http://127.0.0.1:9/api", &SecretString::from("xoxb-x")).unwrap();
        let (policies, _) = Policies::load(&dir.path().join("none"), Arc::new(|_: &str| None));
        let app = App::new(store, clock, slack, policies, Settings::default());
        let socket = Socket::open(dir.path()).unwrap();
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(serve(socket, Admin { app, demo_clock }, stopped));
        House { dir, stop, running }
    }

    async fn ask(&self, question: Value) -> Result<Value, String> {
        client::ask(self.dir.path(), &question).await.map_err(|problem| problem.to_string())
    }
}

#[tokio::test]
async fn a_question_gets_its_answer() {
    let house = House::open(None).await;
    let status = house.ask(json!({ "op": "status" })).await.unwrap();
    assert_eq!(status["ready"], json!(false));
    assert_eq!(status["clock"], "ok");
    assert_eq!(status["policy_digest"], Value::Null);
    assert_eq!(status["installation"].as_str().unwrap().len(), 16);
    assert_eq!(house.ask(json!({ "op": "grants" })).await.unwrap(), json!({ "grants": [] }));
    assert_eq!(house.ask(json!({ "op": "requests" })).await.unwrap(), json!({ "requests": [] }));
    assert_eq!(house.ask(json!({ "op": "audit" })).await.unwrap()["entries"], json!([]));
    let verified = house.ask(json!({ "op": "audit.verify" })).await.unwrap();
    assert_eq!((&verified["intact"], &verified["problem"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn what_is_not_understood_is_an_error_and_the_conversation_goes_on() {
    let house = House::open(None).await;
    let stream = UnixStream::connect(house.dir.path().join(SOCKET_FILE)).await.unwrap();
    let mut stream = BufReader::new(stream);
    for (question, expected) in [
        ("nonsense", "\"error\""),
        ("{\"op\":\"grant.approve\"}", "\"error\""),
        ("{\"op\":\"clock.set\"}", "\"error\""),
        ("{\"op\":\"clock.set\",\"now_ms\":1}", "in the demo only"),
        ("{\"op\":\"status\"}", "\"ok\""),
    ] {
        stream.write_all(format!("{question}\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).await.unwrap();
        assert!(answer.contains(expected), "{question}: {answer}");
    }
}

#[tokio::test]
async fn a_question_without_an_end_is_not_kept() {
    let house = House::open(None).await;
    let mut stream = UnixStream::connect(house.dir.path().join(SOCKET_FILE)).await.unwrap();
    stream.write_all(&vec![b'x'; usize::try_from(QUESTION_BYTES_MAX).unwrap()]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "{\"error\":\"the question is too long\"}\n");
}

#[tokio::test]
async fn the_demos_clock_can_be_set_and_is_believed() {
    let start = Timestamp::from_millis(1_795_000_000_000);
    let house = House::open(Some(Arc::new(DemoClock::starting_at(Some(start))))).await;
    let later_ms = start.as_millis() + 2 * 3_600_000;
    let answer = house.ask(json!({ "op": "clock.set", "now_ms": later_ms })).await.unwrap();
    let shown = answer["now_ms"].as_i64().unwrap();
    assert!((later_ms..later_ms + 60_000).contains(&shown), "{shown}");
    assert_eq!(house.ask(json!({ "op": "status" })).await.unwrap()["clock"], "ok");
    house.ask(json!({ "op": "clock.set", "now_ms": start.as_millis() })).await.unwrap();
    assert_eq!(house.ask(json!({ "op": "status" })).await.unwrap()["clock"], "suspect");
    house.ask(json!({ "op": "clock.believe" })).await.unwrap();
    assert_eq!(house.ask(json!({ "op": "status" })).await.unwrap()["clock"], "ok");
}

#[tokio::test]
async fn the_socket_is_private_and_one_that_was_left_behind_is_replaced() {
    let house = House::open(None).await;
    let path = house.dir.path().join(SOCKET_FILE);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    house.stop.send_replace(true);
    house.running.await.unwrap();
    assert!(!path.exists());
    std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert!(matches!(client::ask(house.dir.path(), &json!({ "op": "status" })).await, Err(client::NoAnswer::NotRunning)));
    Socket::open(house.dir.path()).unwrap();
}
