//! At the end of Daypass's life: nothing new, what waits is closed, what is in force ends and is looked at, and what is left is named.

use daypass::app::{Drain, Drained, HostUser};
use daypass::demo::sandbox::{SandboxFault, SandboxFaultKind};

use super::{ASK, WRITE};
use crate::support::process::Rig;
use crate::support::world::{World, hours, minutes};

impl World {
    async fn drains(&mut self, which: Drain) -> Drained {
        let user = HostUser { uid: 1000, names: vec!["operator".to_owned()] };
        self.app().drain(&user, which).await.unwrap();
        self.settle().await;
        self.app().drained().await.unwrap()
    }

    async fn left(&self) -> Vec<(String, String)> {
        let drained = self.app().drained().await.unwrap();
        let left = drained.accesses.into_iter().filter_map(|access| Some((access.grant.to_string(), access.left?)));
        left.collect()
    }
}

#[tokio::test]
async fn nobody_is_left_with_access_when_daypass_goes() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.says("bob", WRITE).await;
    assert_eq!(w.grant_state("G-1"), "active");

    let drained = w.drains(Drain::Begin).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!((w.grant_state("G-1").as_str(), w.request_state("R-2").as_str()), ("ended", "invalidated"));
    assert_eq!((drained.pending, w.left().await), (0, Vec::new()));
    assert!(drained.accesses.iter().all(|access| access.over_at.is_some()), "{drained:#?}");
    assert_eq!(drained.accesses.len(), 1, "what ended is shown");
    assert!(w.last_dm("maya").contains("Daypass is being taken out of service"), "{}", w.last_dm("maya"));
    assert!(w.last_dm("bob").contains("Daypass is being taken out of service"), "{}", w.last_dm("bob"));
    insta::assert_snapshot!(w.audit().join("\n"));
}

#[tokio::test]
async fn nothing_new_is_asked_for_meanwhile_also_after_a_restart() {
    let mut w = World::new().await;
    w.drains(Drain::Begin).await;
    for (who, words) in [("maya", ASK), ("bob", "/jit break-glass prod/orders readonly 30m orders are stuck since 09:40")] {
        let answer = w.says(who, words).await;
        assert!(answer.contains("Daypass is being taken out of service here"), "{answer}");
    }
    w.restart().await;
    assert!(w.says("maya", ASK).await.contains("Daypass is being taken out of service here"));
    assert_eq!(w.request_state("R-1"), "none");

    assert_eq!(w.drains(Drain::Undo).await.since, None);
    assert!(w.says("maya", ASK).await.contains("R-1"));
    assert_eq!(w.request_state("R-1"), "pending");
    assert!(w.has_audit("Daypass is back in service (on the host)"), "{:#?}", w.audit());
}

// E4
#[tokio::test]
async fn what_cannot_be_removed_yet_is_left_and_says_why_until_it_is_gone() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.provider.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::Down)));
    w.drains(Drain::Begin).await;
    let left = w.left().await;
    assert!(matches!(left.as_slice(), [(grant, why)] if grant == "G-1" && !why.is_empty()), "{left:?}");
    // It goes on by itself, also in another process.
    w.restart().await;
    w.advance(minutes(3)).await;
    assert_eq!(w.left().await.len(), 1);
    w.provider.set_fault(None);
    w.advance(minutes(3)).await;
    assert_eq!((w.left().await, w.level("maya", "prod/orders")), (Vec::new(), None));
    w.advance(hours(1)).await;
}

#[tokio::test]
async fn an_approval_of_the_same_moment_gives_nothing_that_stays() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.presses_before_work("carol", "R-1", "request.approve").await;
    w.drains(Drain::Begin).await;
    assert_eq!((w.level("maya", "prod/orders"), w.left().await), (None, Vec::new()));
}

#[tokio::test]
async fn the_program_waits_until_it_is_over_and_leaves_the_evidence() {
    let mut rig = Rig::new().await;
    crate::kill::story::play_until_in_force(&mut rig).await;
    rig.provider.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::Down)));
    let (code, said) = rig.runs(&["drain"]).await;
    assert_eq!((code, said.contains("add `--yes`")), (1, true), "{said}");
    let (code, said) = rig.runs(&["drain", "--yes", "--wait-secs", "2", "--export", "first.jsonl"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("G-1") && said.contains("revoking") && said.contains("1 left: keep the bot running"), "{said}");
    rig.provider.set_fault(None);
    rig.push(120_000).await;
    let (code, said) = rig.runs(&["drain", "--yes", "--wait-secs", "25", "--export", "evidence.jsonl"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("ended") && said.contains("Nobody has access by Daypass any more"), "{said}");
    let evidence = std::fs::read_to_string(rig.dir().join("evidence.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = evidence.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (head, rows) = lines.split_last().unwrap();
    assert_eq!(head["size"], rows.len());
    assert_eq!(head["root"], rows.last().unwrap()["root"]);
    let (code, said) = rig.runs(&["drain", "--yes", "--wait-secs", "25", "--export", "evidence.jsonl"]).await;
    assert_eq!((code, said.contains("exists")), (1, true), "{said}");
    rig.kill().await;
}

#[tokio::test]
async fn it_is_not_ready_meanwhile_and_says_why() {
    let mut w = World::new().await;
    w.opens_home("maya").await;
    assert_eq!(w.app().readiness(), Ok(()));
    w.drains(Drain::Begin).await;
    let why = w.app().readiness().unwrap_err();
    assert!(why.contains("being taken out of service"), "{why}");
    w.restart().await;
    w.settle().await;
    assert!(w.app().readiness().is_err(), "a restart goes on with it");
    w.drains(Drain::Undo).await;
    w.opens_home("maya").await;
    assert_eq!(w.app().readiness(), Ok(()));
    w.advance(minutes(1)).await;
}

#[tokio::test]
async fn a_token_that_slack_refuses_makes_it_unready_until_slack_takes_it() {
    use daypass::demo::emulator::{Fault, FaultKind};
    let mut w = World::new().await;
    w.opens_home("maya").await;
    w.slack.fault(Fault::times("auth.test", 1, FaultKind::Error("token_revoked".to_owned())));
    w.app().look_at_token().await;
    let why = w.app().readiness().unwrap_err();
    assert!(why.contains("`token_revoked`") && why.contains("install the app again"), "{why}");
    w.app().look_at_token().await;
    assert_eq!(w.app().readiness(), Ok(()));
}
