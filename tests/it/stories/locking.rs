//! In an incident: what would happen is shown, then nothing new is given, what was given is taken back, and every end is seen.

use daypass::app::{HostUser, OnHost};
use daypass::demo::sandbox::{On, SandboxFault, SandboxFaultKind};

use super::ASK;
use crate::support::world::{World, account, minutes};

/// What somebody writes. Slack makes a mention of it.
const LOCK_MAYA: &str = "/jit lock @maya laptop was stolen";

const REPO: &str = "/jit request shop/repo write 2h the new basket";

fn down() -> Option<SandboxFault> {
    Some(SandboxFault::lasting(SandboxFaultKind::Down))
}

impl World {
    /// Somebody has it shown what a lock would do, and presses the button.
    async fn locks(&mut self, who: &str, words: &str) -> String {
        let shown = self.says(who, words).await;
        assert!(shown.contains("Nothing was done yet"), "{shown}");
        self.presses(who, "Nothing was done yet", "lock.set").await
    }

    /// The table that somebody has of what they locked or revoked last.
    fn table(&self, who: &str) -> String {
        let tables: Vec<String> =
            self.dms(who).into_iter().filter(|text| text.contains("verified gone") || text.contains("take back")).collect();
        tables.last().unwrap_or_else(|| panic!("{who} has no table: {:#?}", self.dms(who))).clone()
    }

    async fn maya_has_the_orders(&mut self) {
        self.says("maya", ASK).await;
        self.presses("carol", "R-1", "request.approve").await;
        assert_eq!(self.grant_state("G-1"), "active");
    }

    async fn on_the_host(&mut self, user: &str, deed: OnHost) -> Result<String, String> {
        let user = HostUser { uid: 1000, names: vec![user.to_owned()] };
        let said = self.app().on_host(&user, deed).await;
        self.settle().await;
        said
    }
}

/// Maya has the orders and the repository; the staging account, at a server of its own, is being given to her and does not come.
async fn busy() -> World {
    let mut w = World::new().await;
    w.edit_policy("policies.yaml", "who: { group: contractors/initech }", "who: { kind: contractor }");
    w.edit_policy("policies.yaml", "hours: \"20:00-06:00\"", "hours: \"08:00-18:00\"");
    w.edit_policy(
        "resources.yaml",
        "id: cloud, kind: sandbox, url_env: SANDBOX_URL, token_env: SANDBOX_TOKEN",
        "id: cloud, kind: sandbox, url_env: OTHER_URL, token_env: OTHER_TOKEN",
    );
    w.reload().await.unwrap();
    w.maya_has_the_orders().await;
    w.says("maya", REPO).await;
    w.presses("bob", "R-2", "request.approve").await;
    w.other.set_fault(Some(SandboxFault::lasting(SandboxFaultKind::FailBefore).on(On::Changes)));
    w.says("maya", "/jit request cloud/staging poweruser 1h try the new basket").await;
    w.presses("carol", "R-3", "request.approve").await;
    let states = ["G-1", "G-2", "G-3"].map(|id| w.grant_state(id));
    assert_eq!(states, ["active", "active", "provisioning"]);
    w
}

// E50
#[tokio::test]
async fn a_stolen_laptop_is_locked_and_the_table_waits_until_each_access_is_verified_gone() {
    let mut w = busy().await;
    let shown = w.says("priya", LOCK_MAYA).await;
    assert!(shown.contains("3 accesses end") && shown.contains("Nothing was done yet"), "{shown}");
    assert_eq!(w.grant_state("G-1"), "active", "it is only shown");

    w.other.set_fault(down());
    let answer = w.presses("priya", "Nothing was done yet", "lock.set").await;
    assert!(answer.contains("3 accesses are being revoked"), "{answer}");
    assert_eq!((w.level("maya", "prod/orders"), w.level("maya-acme", "shop/repo")), (None, None));
    assert_eq!(w.grant_state("G-3"), "revoking");
    let table = w.table("priya");
    assert!(table.contains("2 of 3 verified gone") && table.contains("revoking…"), "{table}");

    w.other.set_fault(None);
    w.advance(minutes(2)).await;
    let gone = w.table("priya");
    assert!(gone.contains("All 3 are verified gone") && !gone.contains("revoking…"), "{gone}");
    let refused = w.says("maya", ASK).await;
    assert!(
        refused.contains("Priya Raman locked all access of Maya Okafor") && refused.contains("until somebody lifts it"),
        "{refused}"
    );
    let alarms = w.alarms();
    insta::assert_snapshot!([shown, answer, table, gone, refused, alarms.join("\n")].join("\n---\n"));
}

#[tokio::test]
async fn everything_can_be_locked_and_then_nobody_gets_anything_by_whichever_way() {
    let mut w = World::new().await;
    w.edit_policy("policies.yaml", "    approve: [ { by: owners, count: 1 } ]", "    approve: auto");
    w.reload().await.unwrap();
    w.locks("priya", "/jit lock everything a breach").await;
    for (who, words) in
        [("maya", ASK), ("maya", REPO), ("bob", "/jit break-glass prod/orders readonly 30m orders are stuck since 09:40")]
    {
        let refused = w.says(who, words).await;
        assert!(refused.contains("Priya Raman locked all access of everybody"), "{words}: {refused}");
    }
    assert_eq!(w.request_state("R-1"), "none");
    let lifted = w.says("priya", "/jit unlock everything").await;
    assert!(lifted.contains("Lifted the lock on all access of everybody. Nothing is given back"), "{lifted}");
    w.says("maya", ASK).await;
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"), "what the policy gives at once, it gives again");
    let told = w.alarms().concat();
    assert!(told.contains("locked") && told.contains("lifted the lock"), "{told}");
}

#[tokio::test]
async fn what_waits_for_a_decision_waits_on_says_so_and_can_be_approved_once_the_lock_is_over() {
    let mut w = World::new().await;
    w.says("maya", ASK).await;
    w.locks("dave", "/jit lock orders until 11:00 the dump leaked").await;
    assert!(w.card("R-1").contains("locked Orders database"), "{}", w.card("R-1"));
    let refused = w.presses("carol", "R-1", "request.approve").await;
    assert!(refused.contains("Dave Novak locked Orders database until"), "{refused}");
    assert_eq!((w.request_state("R-1").as_str(), w.grant_state("G-1").as_str()), ("pending", "none"));

    w.says("carol", "/jit unlock prod/orders").await;
    assert!(!w.card("R-1").contains("locked Orders database"), "{}", w.card("R-1"));
    assert!(w.last_dm("dave").contains("Carol Winter lifted the lock on Orders database"), "{}", w.last_dm("dave"));
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "active");
}

#[tokio::test]
async fn a_lock_with_an_end_runs_out_by_itself_and_that_is_told() {
    let mut w = World::new().await;
    w.locks("priya", "/jit lock prod/orders until 11:00 the dump leaked").await;
    assert!(w.says("maya", ASK).await.contains("until Tue 17 Mar 11:00 Berlin"));
    w.advance(minutes(59)).await;
    assert!(w.says("maya", ASK).await.contains("locked Orders database"));
    w.restart().await;
    w.advance(minutes(1)).await;
    assert!(w.says("maya", ASK).await.contains("Asked: R-1"));
    assert!(w.alarms().concat().contains("ran out"), "{:#?}", w.alarms());
    assert!(w.dms("priya").concat().contains("ran out"), "{:#?}", w.dms("priya"));
    assert!(w.has_audit("L-1: its time is over"), "{:#?}", w.audit());
}

// E4 E62
#[tokio::test]
async fn a_provider_that_is_down_is_overdue_in_the_table_and_a_restart_goes_on_with_it() {
    let mut w = World::new().await;
    w.maya_has_the_orders().await;
    w.provider.set_fault(down());
    w.locks("priya", LOCK_MAYA).await;
    w.restart().await;
    w.advance(minutes(10)).await;
    let table = w.table("priya");
    assert!(table.contains("0 of 1 verified gone") && table.contains("overdue") && !table.contains("ended"), "{table}");
    // A lock that is lifted meanwhile does not stop what it began.
    w.says("priya", "/jit unlock @maya").await;
    w.provider.set_fault(None);
    w.advance(minutes(2)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    let table = w.table("priya");
    assert!(table.contains("The one access is verified gone") && table.contains("ended, verified"), "{table}");
    assert!(w.has_audit("L-1: everything that it ended is over"), "{:#?}", w.audit());
}

#[tokio::test]
async fn only_those_who_answer_for_it_lock_and_nobody_lifts_a_lock_that_is_on_them() {
    let mut w = World::new().await;
    for (who, words) in [
        ("maya", "/jit lock prod/orders"),
        ("hugo", LOCK_MAYA),
        ("erin", "/jit lock prod/orders"),
        ("carol", LOCK_MAYA),
        ("bob", "/jit lock everything"),
        ("bob", "/jit lock contractors/acme"),
        ("carol", "/jit unlock everything"),
    ] {
        let refused = w.says(who, words).await;
        assert!(refused.contains("You can't lock or unlock"), "{who}: {words}: {refused}");
    }
    assert!(w.has_audit("maya was refused `lock`: not yours to lock"), "{:#?}", w.audit());
    // A button carries no right: it is looked up when it is pressed.
    w.says("carol", "/jit lock prod/orders").await;
    w.edit_policy("people.yaml", "members: [carol, dave]", "members: [dave]");
    w.reload().await.unwrap();
    let refused = w.presses("carol", "Nothing was done yet", "lock.set").await;
    assert!(refused.contains("You can't lock or unlock Orders database"), "{refused}");

    w.locks("bob", LOCK_MAYA).await;
    w.locks("priya", "/jit lock sre the account was taken over").await;
    for who in ["priya", "bob"] {
        let refused = w.says(who, "/jit unlock maya").await;
        assert!(refused.contains("You are locked yourself"), "{who}: {refused}");
    }
    let refused = w.says("priya", "/jit unlock sre").await;
    assert!(refused.contains("You are locked yourself"), "{refused}");
    let refused = w.says("bob", "/jit request prod/orders readonly 1h the totals are wrong").await;
    assert!(refused.contains("locked all access of everybody in sre"), "{refused}");
}

#[tokio::test]
async fn words_that_name_nothing_or_several_things_are_answered_with_what_could_be_meant() {
    let mut w = World::new().await;
    for (words, says) in [
        ("/jit lock", "it does not say what to lock"),
        ("/jit lock zebra", "There is no one thing called “zebra”"),
        ("/jit lock contractors/acne", "Did you mean contractors/acme?"),
        ("/jit lock o", "Did you mean resource/cloud/staging, resource/prod/orders or resource/shop/repo?"),
        ("/jit lock @nobody", "I know nobody called"),
        ("/jit lock prod/orders until noon", "after 'until' comes a time of day"),
        ("/jit unlock prod/orders", "There is no lock on Orders database"),
        ("/jit unlock", "it does not say what to unlock"),
        ("/jit revoke-all", "it does not say whose"),
        ("/jit revoke-all prod/orders", "I know nobody called “prod/orders”"),
        ("/jit revoke-all @maya", "They have nothing at the moment"),
    ] {
        let said = w.says("priya", words).await;
        assert!(said.contains(says), "{words}: {said}");
    }
    w.locks("priya", "/jit lock everything").await;
    let again = w.says("priya", "/jit lock everything until 18:00").await;
    assert!(again.contains("Nothing was done yet"), "{again}");
    let again = w.presses("priya", "Nothing was done yet", "lock.set").await;
    assert!(again.contains("Priya Raman locked all access of everybody already"), "{again}");
}

#[tokio::test]
async fn of_a_lock_and_an_approval_the_first_to_be_committed_wins_and_no_access_is_left() {
    // Approved, and nothing sent yet.
    let mut w = World::new().await;
    w.says("priya", LOCK_MAYA).await;
    w.says("maya", ASK).await;
    w.presses_before_work("carol", "R-1", "request.approve").await;
    w.presses_before_work("priya", "Nothing was done yet", "lock.set").await;
    w.settle().await;
    assert_eq!((w.grant_state("G-1").as_str(), w.level("maya", "prod/orders")), ("void", None));
    assert!(!w.has_audit("G-1: the provider is being told"), "{:#?}", w.audit());
    assert_eq!(w.request_state("R-1"), "invalidated");

    // Both at the same time.
    let mut w = World::new().await;
    w.says("priya", LOCK_MAYA).await;
    w.says("maya", ASK).await;
    let card = w.button("carol", "R-1", "request.approve").unwrap();
    let question = w.button("priya", "Nothing was done yet", "lock.set").unwrap();
    let (carol, priya) = (account("carol"), account("priya"));
    tokio::join!(
        w.slack.press(&carol, &card.channel, &card.ts, "request.approve"),
        w.slack.press(&priya, &question.channel, &question.ts, "lock.set"),
    );
    w.settle().await;
    w.advance(minutes(1)).await;
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert!(["void", "ended", "none"].contains(&w.grant_state("G-1").as_str()), "{}", w.grant_state("G-1"));
}

// E50
#[tokio::test]
async fn an_owner_revokes_what_is_theirs_to_end_and_reads_what_is_not() {
    let mut w = World::new().await;
    w.edit_policy("resources.yaml", "provider: repo\n    owners: [engineering]", "provider: repo\n    owners: [sre]");
    w.reload().await.unwrap();
    w.maya_has_the_orders().await;
    w.says("maya", REPO).await;
    w.presses("bob", "R-2", "request.approve").await;
    let refused = w.says("erin", "/jit revoke-all @maya").await;
    assert!(refused.contains("not yours to end"), "{refused}");

    let shown = w.says("carol", "/jit revoke-all @maya left the project").await;
    assert!(shown.contains("1 access"), "{shown}");
    assert!(shown.contains("Not yours to end, and left as it is: G-2 (Shop repository · Write)"), "{shown}");
    let answer = w.presses("carol", "Nothing was done yet", "grant.revoke_all").await;
    assert!(answer.contains("Not yours to end") && answer.contains("G-2"), "{answer}");
    assert_eq!((w.level("maya", "prod/orders"), w.grant_state("G-2").as_str()), (None, "active"));
    assert!(w.table("carol").contains("The one access is verified gone"), "{}", w.table("carol"));
    assert!(w.has_audit("L-1: carol revoked 1 access of person/maya"), "{:#?}", w.audit());
    // It was for the moment only, and her sponsor may end the rest.
    assert!(w.says("maya", ASK).await.contains("Asked: R-3"));
    w.says("bob", "/jit revoke-all maya").await;
    w.presses("bob", "Nothing was done yet", "grant.revoke_all").await;
    assert_eq!(w.grant_state("G-2"), "ended");
    let again = w.says("bob", "/jit revoke-all maya").await;
    assert!(again.contains("They have nothing at the moment"), "{again}");
    w.advance(minutes(1)).await;
}

#[tokio::test]
async fn a_lock_on_a_group_covers_who_is_in_it_and_whoever_comes_to_be() {
    let mut w = World::new().await;
    w.maya_has_the_orders().await;
    w.says("hugo", REPO).await;
    w.presses("bob", "R-2", "request.approve").await;
    w.locks("priya", "/jit lock contractors/acme the company was breached").await;
    assert_eq!((w.grant_state("G-1").as_str(), w.grant_state("G-2").as_str()), ("ended", "active"));
    assert!(w.says("maya", ASK).await.contains("locked all access of everybody in contractors/acme"));
    // Hugo turns out to work for them as well; and Maya has changed sides.
    w.edit_policy("people.yaml", "company: Initech\n", "company: Acme\n");
    w.edit_policy(
        "people.yaml",
        "company: Acme\n    sponsor: bob\n    contract_ends: 2027-06-30",
        "company: Other\n    sponsor: bob\n    contract_ends: 2027-06-30",
    );
    w.reload().await.unwrap();
    w.settle().await;
    w.advance(minutes(1)).await;
    assert_eq!((w.grant_state("G-2").as_str(), w.level("hugo-initech", "shop/repo")), ("ended", None));
    assert!(w.table("priya").contains("All 2 are verified gone"), "{}", w.table("priya"));
    assert!(w.has_audit("L-1: covers 1 access more"), "{:#?}", w.audit());
    assert!(w.says("maya", REPO).await.contains("locked all access of everybody in contractors/acme"), "she was in it");
}

#[tokio::test]
async fn a_group_that_stands_elsewhere_is_not_locked() {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", "  - { id: sre, members: [bob, priya] }", "  - { id: sre, slack_usergroup: S0SRE }");
    w.reload().await.unwrap();
    let refused = w.says("priya", "/jit lock sre").await;
    assert!(refused.contains("is not written in the policy files"), "{refused}");
}

// E42
#[tokio::test]
async fn a_reason_is_shown_as_it_was_typed_and_can_be_erased() {
    let mut w = World::new().await;
    w.locks("priya", "/jit lock prod/orders *zebra* `x` <!channel> &amp;").await;
    let told = w.alarms().concat();
    assert!(told.contains("*zebra* `x` <!channel> &amp;"), "{told}");
    assert!(w.table("priya").contains("zebra"), "{}", w.table("priya"));
    w.says("priya", "/jit unlock prod/orders").await;
    let user = HostUser { uid: 1000, names: vec!["operator".to_owned()] };
    w.app().erase(&user, &"priya".parse().unwrap()).await.unwrap();
    w.settle().await;
    assert!(!w.alarms().concat().contains("zebra") && !w.dms("priya").concat().contains("zebra"));
}

// E39
#[tokio::test]
async fn while_slack_is_down_a_lock_is_set_and_lifted_on_the_host() {
    let mut w = World::new().await;
    for who in ["maya", "bob", "carol", "priya"] {
        let account = format!("slack: [U0{}]", who.to_uppercase());
        w.edit_policy("people.yaml", &account, &format!("{account}\n    host_user: {who}"));
    }
    w.reload().await.unwrap();
    w.maya_has_the_orders().await;
    w.slack.go_down();
    w.pass(minutes(2));
    w.settle().await;
    let lock = |words: &str| OnHost::Lock { words: words.to_owned() };
    let refused = w.on_the_host("carol", lock("maya laptop was stolen")).await.unwrap_err();
    assert!(refused.contains("You can't lock or unlock all access of Maya Okafor"), "{refused}");
    let said = w.on_the_host("priya", lock("maya until 18:00 laptop was stolen")).await.unwrap();
    assert!(
        said.starts_with("Locked all access of Maya Okafor until Tue 17 Mar 18:00 Berlin. 1 access is being revoked"),
        "{said}"
    );
    assert_eq!(w.level("maya", "prod/orders"), None);
    let listed = w.app().locks_in_words().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].starts_with("L-1 person/maya: until Tue 17 Mar 18:00 Berlin, by Priya Raman"), "{listed:?}");
    assert!(listed[0].ends_with("1 of 1 gone. laptop was stolen"), "{listed:?}");
    let refused = w.on_the_host("maya", OnHost::File { words: "prod/orders readonly 2h OPS-42 slow checkout".to_owned() }).await;
    assert!(refused.unwrap_err().contains("Priya Raman locked all access of Maya Okafor"));
    w.on_the_host("priya", OnHost::Unlock { what: "person/maya".to_owned() }).await.unwrap();
    w.slack.come_up();
    w.advance(minutes(10)).await;
    assert!(w.table("priya").contains("The one access is verified gone"), "{}", w.table("priya"));
    assert!(w.has_audit("L-1: priya locked person/maya until") && w.has_audit("(on the host)"), "{:#?}", w.audit());
}
