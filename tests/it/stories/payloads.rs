//! Who may press a button, by what the signed payload says of them: one row for each kind of account, and what becomes of it.

use serde_json::Value;

use daypass::demo::emulator::Delivery;

use super::ASK;
use crate::support::world::World;

/// What a payload is changed to, and what whoever sent it reads.
struct Row {
    what: &'static str,
    change: fn(&mut Value),
    reads: &'static str,
    /// How the audit log names them.
    audit: &'static str,
}

const OURS: &str = "Only members of this workspace";
const UNKNOWN: &str = "I don't know your account yet";
const NOT_ALLOWED: &str = "This kind of account can't do that";
const NOT_ASKED: &str = "not among those who may decide";

fn user(payload: &mut Value, id: &str, team: &str) {
    payload["user"]["id"] = id.into();
    payload["user"]["team_id"] = team.into();
}

// `team: null` is what organisation-wide installations send.
const ROWS: [Row; 15] = [
    Row {
        what: "pressed in another workspace",
        change: |payload| payload["team"]["id"] = "T0GLOBEX".into(),
        reads: OURS,
        audit: "T0DAYPASS/U0CAROL",
    },
    Row {
        what: "at home in another workspace",
        change: |payload| payload["user"]["team_id"] = "T0GLOBEX".into(),
        reads: OURS,
        audit: "T0GLOBEX/U0CAROL",
    },
    Row {
        what: "of another workspace altogether, with an id that is one of ours",
        change: |payload| {
            payload["team"]["id"] = "T0GLOBEX".into();
            payload["user"]["team_id"] = "T0GLOBEX".into();
        },
        reads: OURS,
        audit: "T0GLOBEX/U0CAROL",
    },
    Row {
        what: "Enterprise Grid, which names no workspace at all",
        change: |payload| {
            payload["team"] = Value::Null;
            payload["enterprise"] = serde_json::json!({ "id": "E0CORP", "name": "Corp" });
            payload["is_enterprise_install"] = true.into();
            payload["user"].as_object_mut().unwrap().remove("team_id");
        },
        reads: OURS,
        audit: "E0CORP/U0CAROL",
    },
    Row {
        what: "Enterprise Grid, with an account of another workspace of the organisation",
        change: |payload| {
            payload["team"] = Value::Null;
            payload["enterprise"] = serde_json::json!({ "id": "E0CORP", "name": "Corp" });
            payload["user"]["team_id"] = "T0SISTER".into();
        },
        reads: OURS,
        audit: "T0SISTER/U0CAROL",
    },
    Row {
        what: "an id of Enterprise Grid that no file names",
        change: |payload| payload["user"]["id"] = "W0CAROL".into(),
        reads: UNKNOWN,
        audit: "T0DAYPASS/W0CAROL",
    },
    Row {
        what: "no account that anybody knows",
        change: |payload| user(payload, "U0NOBODY", "T0DAYPASS"),
        reads: UNKNOWN,
        audit: "T0DAYPASS/U0NOBODY",
    },
    Row {
        what: "the name of an approver, which anybody can take",
        change: |payload| {
            user(payload, "U0NORA", "T0DAYPASS");
            payload["user"]["username"] = "carol".into();
            payload["user"]["name"] = "Carol Winter".into();
        },
        reads: UNKNOWN,
        audit: "T0DAYPASS/U0NORA",
    },
    Row {
        what: "a bot",
        change: |payload| user(payload, "U0DAYPASS", "T0DAYPASS"),
        reads: NOT_ALLOWED,
        audit: "T0DAYPASS/U0DAYPASS",
    },
    Row {
        what: "a deactivated account",
        change: |payload| user(payload, "U0LEFT", "T0DAYPASS"),
        reads: NOT_ALLOWED,
        audit: "T0DAYPASS/U0LEFT",
    },
    Row {
        what: "a guest who is not asked",
        change: |payload| user(payload, "U0HUGO", "T0DAYPASS"),
        reads: NOT_ASKED,
        audit: "hugo",
    },
    Row {
        what: "a member who is not asked",
        change: |payload| user(payload, "U0SAM", "T0DAYPASS"),
        reads: NOT_ASKED,
        audit: "sam",
    },
    Row {
        what: "Slack Connect, as Slack says it",
        change: |payload| user(payload, "U0EXTERNAL", "T0GLOBEX"),
        reads: OURS,
        audit: "T0GLOBEX/U0EXTERNAL",
    },
    Row {
        what: "Slack Connect, with the home of the account left out",
        change: |payload| {
            payload["user"]["id"] = "U0EXTERNAL".into();
            payload["user"].as_object_mut().unwrap().remove("team_id");
        },
        reads: "Slack could not tell me just now",
        audit: "T0DAYPASS/U0EXTERNAL",
    },
    Row {
        what: "a stranger, with our workspace written in",
        change: |payload| user(payload, "U0STRANGER", "T0DAYPASS"),
        reads: OURS,
        audit: "T0DAYPASS/U0STRANGER",
    },
];

/// The click with its payload changed, and a trigger of its own.
fn changed(w: &World, click: &Delivery, change: fn(&mut Value)) -> Delivery {
    let fields: Vec<(String, String)> = form_urlencoded::parse(click.body.as_bytes()).into_owned().collect();
    let mut payload: Value = serde_json::from_str(&fields[0].1).unwrap();
    change(&mut payload);
    let body = form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
    Delivery { body: w.with_another_trigger(&body), ..click.clone() }
}

// E40
#[tokio::test]
async fn nobody_decides_by_what_a_payload_says_but_who_may() {
    let mut w = World::new().await;
    // Whoever writes these into the files has made a mistake, and it must not matter.
    w.edit_policy("people.yaml", "slack: [U0DAVE]", "slack: [U0DAVE, U0DAYPASS, U0LEFT, U0EXTERNAL, U0STRANGER]");
    w.reload().await.unwrap();
    w.says("maya", ASK).await;
    for Row { what, change, reads, audit } in &ROWS {
        // Each by itself: Slack takes five answers to a click.
        let click = w.presses_in_vain("carol", "R-1", "request.approve").await;
        let before = w.count_audit(&format!("{audit} was refused"));
        let answer = w.arrives("carol", changed(&w, &click, *change)).await;
        assert!(answer.contains(reads), "{what}: {answer}");
        assert_eq!(w.count_audit(&format!("{audit} was refused")), before + 1, "{what}: {:#?}", w.audit());
        assert_eq!((w.request_state("R-1").as_str(), w.request("R-1").unwrap().approvals.len()), ("pending", 0), "{what}");
    }
    let click = w.presses_in_vain("carol", "R-1", "request.approve").await;
    let answer = w.arrives("carol", changed(&w, &click, |_| ())).await;
    assert!(answer.contains("Approved"), "the same click, with nothing changed: {answer}");
}

// E40 I11
#[tokio::test]
async fn a_payload_without_an_account_is_nobodys() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    let click = w.presses_in_vain("carol", "R-1", "request.approve").await;
    let lines = w.audit().len();
    let changes: [fn(&mut Value); 3] = [
        |payload| drop(payload.as_object_mut().unwrap().remove("user")),
        |payload| payload["user"]["id"] = "carol".into(),
        |payload| payload["actions"] = Value::Array(Vec::new()),
    ];
    for change in changes {
        let shown = w.delivers(changed(&w, &click, change)).await;
        assert_eq!(shown.status, Some(200), "{shown:?}");
        w.settle().await;
    }
    assert_eq!((w.request_state("R-1").as_str(), w.audit().len()), ("pending", lines));
}
