//! Asking for somebody else: the access is theirs, the request is whoever's who wrote it, and neither of the two decides.

use daypass::demo::emulator::{Input, Place, Then, Values};

use crate::support::world::{World, account, minutes};

const FOR_MAYA: &str = "/jit request for @maya prod/orders readonly 2h OPS-42 slow checkout";

/// Bob is one of the owners as well.
async fn where_bob_owns() -> World {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", "{ id: dba, members: [carol, dave] }", "{ id: dba, members: [bob, carol, dave] }");
    w.reload().await.unwrap();
    w.settle().await;
    w
}

#[tokio::test]
async fn a_sponsor_asks_for_maya_and_neither_of_them_approves_it() {
    let mut w = where_bob_owns().await;
    let answer = w.says("bob", FOR_MAYA).await;
    assert!(answer.contains("R-1") && answer.contains("This is for Maya Okafor"), "{answer}");
    let request = w.request("R-1").unwrap();
    assert_eq!((request.terms.subject.as_str(), request.filed_by.as_str()), ("maya", "bob"));
    assert!(w.card("R-1").contains("Bob Keller"), "{}", w.card("R-1"));
    assert!(w.card("R-1").contains("Bob Keller wrote:"), "{}", w.card("R-1"));
    assert!(w.last_dm("maya").contains("Bob Keller asked for you"), "{}", w.last_dm("maya"));
    assert!(w.last_dm("bob").contains("You asked for"), "{}", w.last_dm("bob"));

    for who in ["bob", "maya"] {
        w.join(who, "C0DBACCESS");
        let answer = w.presses(who, "R-1", "request.approve").await;
        assert!(answer.contains("You can't approve your own request, nor one that you filed"), "{who}: {answer}");
        assert_eq!(w.request_state("R-1"), "pending");
    }
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "active");
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));
    assert_eq!(w.level("bob", "prod/orders"), None, "the access is hers alone");

    // She learns how to connect; whoever asked follows, and gets nothing of that.
    assert!(w.dms("maya").concat().contains("psql"), "{:#?}", w.dms("maya"));
    assert!(w.last_dm("bob").contains("In force"), "{}", w.last_dm("bob"));
    assert!(!w.dms("bob").concat().contains("psql"), "{:#?}", w.dms("bob"));
    assert!(w.button("bob", "G-1", "grant.done").is_none(), "it is not his to hand back");
    insta::assert_snapshot!(w.card("R-1"));
    insta::assert_snapshot!(w.dms("bob").join("\n---\n"));
    insta::assert_snapshot!(w.audit().join("\n"));

    w.presses("maya", "G-1", "grant.done").await;
    assert_eq!(w.grant_state("G-1"), "ended");
}

#[tokio::test]
async fn an_owner_asks_for_whoever_needs_what_they_own() {
    let mut w = World::new().await;
    let answer = w.says("carol", "/jit request for maya prod/orders readonly 2h OPS-42 slow checkout").await;
    assert!(answer.contains("R-1") && answer.contains("Dave Novak can decide"), "{answer}");
    let answer = w.presses("carol", "R-1", "request.approve").await;
    assert!(answer.contains("You can't approve your own request"), "{answer}");
    // What she does not own she does not ask for, and is told no more than that.
    let answer = w.says("erin", "/jit request for maya shop/repo write 1h fixing the build").await;
    assert!(answer.contains("You can't ask for that for Maya Okafor"), "{answer}");
    w.presses("dave", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "active");
}

#[tokio::test]
async fn to_be_an_admin_is_no_reason_and_strangers_learn_nothing() {
    let mut w = World::new().await;
    for who in ["priya", "sam", "hugo"] {
        let answer = w.says(who, FOR_MAYA).await;
        assert!(answer.contains("You can't ask for that for Maya Okafor. Their sponsor can"), "{who}: {answer}");
    }
    let answer = w.says("priya", "/jit request for @maya").await;
    assert!(!answer.contains("You can't ask"), "she owns the repository: {answer}");
    assert!(w.form("priya").is_some());
    for (words, said) in [
        ("/jit request for <@U0NOBODY> prod/orders readonly 2h x", "I know nobody called"),
        ("/jit request for zoe prod/orders readonly 2h x", "I know nobody called “zoe”"),
        ("/jit break-glass for <@U0MAYA> prod/orders readonly 30m x", "nobody breaks the glass for somebody else"),
    ] {
        let answer = w.says("bob", words).await;
        assert!(answer.contains(said), "{words}: {answer}");
    }
    assert!(w.request("R-1").is_none(), "nothing was asked");
}

#[tokio::test]
async fn everything_is_judged_of_her_and_told_of_her() {
    let mut w = World::new().await;
    // Engineers may do this, and contractors never.
    let answer = w.says("bob", "/jit request for maya prod/orders readwrite 1h CHG-7 backfill").await;
    assert!(answer.contains("has no role “readwrite”"), "{answer}");
    let answer = w.says("bob", "/jit request for maya prod/orders readonly 9h OPS-42 slow checkout").await;
    assert!(answer.contains("At most 8 h here."), "{answer}");
    // Her sponsor alone decides about the repository, and he is the one who asks.
    let answer = w.says("bob", "/jit request for maya shop/repo write 1h fixing the build").await;
    assert!(answer.contains("Nobody could approve this: nobody is left for the sponsor"), "{answer}");
    assert!(w.request("R-1").is_none());

    w.says("bob", FOR_MAYA).await;
    let answer = w.says("bob", FOR_MAYA).await;
    assert!(answer.contains("Exactly that is asked for Maya Okafor already: R-1"), "{answer}");
    let answer = w.says("maya", super::ASK).await;
    assert!(answer.contains("You have asked for exactly that already"), "{answer}");
    w.presses("carol", "R-1", "request.approve").await;
    let answer = w.says("bob", FOR_MAYA).await;
    assert!(answer.contains("Maya Okafor has that already, by G-1"), "{answer}");
}

#[tokio::test]
async fn the_form_asks_for_her_and_rights_are_looked_up_again_when_it_comes_back() {
    let mut w = World::new().await;
    assert_eq!(w.says("bob", "/jit request for @maya").await, "");
    let form = w.form_text("bob");
    assert!(form.contains("Maya Okafor (contractor, Acme)"), "{form}");
    let values = || Values::new().option("duration", "120m").text("reason", "OPS-42 slow checkout");
    choose(&w, "bob", "resource", "prod/orders").await;
    choose(&w, "bob", "role", "readonly").await;
    let form = w.form_text("bob");
    assert!(form.contains("will be asked") && form.contains("Maya Okafor"), "{form}");
    let submitted = w.submits("bob", values()).await;
    assert_eq!(submitted.then, Then::Closed, "{submitted:?}");
    let request = w.request("R-1").unwrap();
    assert_eq!((request.terms.subject.as_str(), request.filed_by.as_str()), ("maya", "bob"));

    // Whoever is her sponsor no longer when it comes back asks for nothing.
    w.says("bob", "/jit cancel R-1").await;
    assert_eq!(w.says("bob", "/jit request for @maya").await, "");
    choose(&w, "bob", "resource", "prod/orders").await;
    w.edit_policy("people.yaml", "    company: Acme\n    sponsor: bob\n", "    company: Acme\n    sponsor: priya\n");
    w.reload().await.unwrap();
    let submitted = w.submits("bob", values()).await;
    assert!(!matches!(submitted.then, Then::Closed), "{submitted:?}");
    assert!(w.request("R-2").is_none(), "{submitted:?}");
}

#[tokio::test]
async fn both_may_withdraw() {
    let mut w = World::new().await;
    w.says("bob", FOR_MAYA).await;
    let answer = w.presses("bob", "R-1", "request.withdraw").await;
    assert!(answer.contains("Withdrawn"), "{answer}");
    assert!(w.last_dm("maya").contains("Bob Keller withdrew the request"), "{}", w.last_dm("maya"));
    w.says("bob", FOR_MAYA).await;
    let answer = w.says("maya", "/jit cancel R-2").await;
    assert!(answer.contains("Withdrawn"), "{answer}");
    assert!(w.last_dm("bob").contains("Withdrawn by *Maya Okafor*"), "{}", w.last_dm("bob"));
    w.advance(minutes(1)).await;
}

/// Replicas that their owners decide about, for contractors.
async fn with_replicas() -> World {
    let w = World::new().await;
    let role = "{ id: readonly, name: Read only, grant: { level: readonly } }";
    let one = |n| format!("  - {{ id: replica/r{n}, name: Replica {n}, provider: orders, owners: [dba], roles: [{role}] }}\n");
    let replicas: String = (0..6).map(one).collect();
    let rule = "{ id: replicas, who: { kind: contractor }, what: { resource: replica/*, role: readonly }, approve: [{ by: owners, count: 1 }] }";
    w.write_policy("replicas.yaml", &format!("version: 1\nresources:\n{replicas}policies:\n  - {rule}\n"));
    w.reload().await.unwrap();
    w
}

#[tokio::test]
async fn nobody_has_more_than_ten_requests_for_others_waiting() {
    let mut w = with_replicas().await;
    for number in 0..5 {
        for who in ["maya", "hugo"] {
            let answer = w.says("carol", &format!("/jit request for {who} replica/r{number} readonly 1h moving data")).await;
            assert!(answer.contains("R-"), "{answer}");
        }
    }
    let last = "/jit request for maya replica/r5 readonly 1h moving data";
    let answer = w.says("carol", last).await;
    assert!(answer.contains("10 requests of yours for others wait"), "{answer}");
    assert!(w.request("R-11").is_none());
    // What those people want for themselves is not counted, and one that is decided makes room.
    let answer = w.says("maya", "/jit request replica/r5 readonly 1h moving data").await;
    assert!(answer.contains("R-11"), "{answer}");
    w.says("maya", "/jit cancel R-11").await;
    w.presses("dave", "R-1", "request.approve").await;
    let answer = w.says("carol", last).await;
    assert!(answer.contains("R-12"), "{answer}");
    w.advance(minutes(5)).await;
}

async fn choose(w: &World, who: &str, field: &str, value: &str) {
    let place = Place::View(w.form(who).unwrap().id);
    let shown = w.slack.act(&account(who), &place, None, field, Input::Option(value.to_owned())).await;
    assert!(shown.is_acknowledged(), "{shown:?}");
}
