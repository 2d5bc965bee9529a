//! On the host: asking, deciding and taking back while Slack does not answer, by the same rules and under one's own name.

use daypass::access::words::Words;
use daypass::app::{HostUser, OnHost};

use super::{ASK, WRITE};
use crate::support::process::Rig;
use crate::support::world::{World, hours, minutes};

/// The words of [`ASK`], as they are written on the host.
const FILED: &str = "prod/orders readonly 2h OPS-42 slow checkout";

/// A house in which everybody but Frank has a user on the host, which is called as they are. Slack is down, and what it said of
/// people is too old to count.
async fn house() -> World {
    let mut w = World::new().await;
    for who in ["maya", "bob", "carol", "dave", "erin", "priya"] {
        let account = format!("slack: [U0{}]", who.to_uppercase());
        w.edit_policy("people.yaml", &account, &format!("{account}\n    host_user: {who}"));
    }
    w.reload().await.unwrap();
    w.settle().await;
    w
}

impl World {
    async fn goes_quiet(&mut self) {
        self.slack.go_down();
        self.pass(minutes(2));
        self.settle().await;
    }

    async fn comes_back(&mut self) {
        self.slack.come_up();
        self.advance(minutes(10)).await;
    }

    async fn does(&mut self, user: &str, deed: OnHost) -> Result<String, String> {
        let user = HostUser { uid: 1000, names: vec![user.to_owned()] };
        let said = self.app().on_host(&user, deed).await;
        self.settle().await;
        said
    }

    async fn files(&mut self, user: &str, words: &str) -> Result<String, String> {
        self.does(user, OnHost::File { words: words.to_owned() }).await
    }

    async fn agrees(&mut self, user: &str, id: &str, note: &str) -> Result<String, String> {
        let request = id.parse().unwrap();
        let terms = self.app().describe(request).await.unwrap().unwrap().terms;
        self.does(user, OnHost::Approve { request, terms, note: Words::typed(note) }).await
    }

    async fn disagrees(&mut self, user: &str, id: &str, reason: &str) -> Result<String, String> {
        self.does(user, OnHost::Deny { request: id.parse().unwrap(), reason: Words::typed(reason) }).await
    }

    async fn takes_back(&mut self, user: &str, id: &str, reason: &str) -> Result<String, String> {
        self.does(user, OnHost::Revoke { grant: id.parse().unwrap(), reason: Words::typed(reason) }).await
    }
}

// E39
#[tokio::test]
async fn while_slack_is_down_access_is_asked_for_given_and_taken_back_on_the_host() {
    let mut w = house().await;
    w.goes_quiet().await;
    let said = w.files("maya", FILED).await.unwrap();
    assert!(said.starts_with("Asked: R-1 (Orders database · Read only)") && said.ends_with("You are told in Slack."), "{said}");
    let said = w.agrees("carol", "R-1", "").await.unwrap();
    assert!(said.starts_with("Approved: R-1"), "{said}");
    assert_eq!(w.level("maya", "prod/orders").as_deref(), Some("readonly"));

    let said = w.takes_back("dave", "G-1", "the incident is over").await.unwrap();
    assert!(said.contains("G-1"), "{said}");
    assert_eq!(w.level("maya", "prod/orders"), None);
    assert_eq!(w.grant_state("G-1"), "ended");
    w.comes_back().await;
    assert!(w.card("R-1").contains("Approved by *Carol Winter*"), "{}", w.card("R-1"));
    insta::assert_snapshot!(w.audit().join("\n"));
}

// E6 I16
#[tokio::test]
async fn the_rules_on_the_host_are_those_of_slack() {
    let mut w = house().await;
    w.says("bob", WRITE).await;
    w.goes_quiet().await;
    assert!(w.agrees("bob", "R-1", "mine").await.unwrap_err().contains("You can't approve your own request"));
    assert!(w.agrees("priya", "R-1", "please").await.unwrap_err().contains("not among those who may decide"));
    assert!(w.agrees("carol", "R-1", "").await.unwrap_err().contains("Say why"), "a note is wanted");
    assert!(w.agrees("carol", "R-1", "agreed in the change board").await.unwrap().contains("no access yet"));
    assert!(w.agrees("carol", "R-1", "again").await.unwrap_err().contains("You have approved it already"));
    assert!(w.disagrees("erin", "R-1", " ").await.unwrap_err().contains("Say why"), "so is a reason");
    assert!(w.disagrees("erin", "R-1", "personal data").await.unwrap().contains("R-1"));
    assert_eq!(w.request_state("R-1"), "denied");
    assert!(w.files("maya", "prod/orders readwrite 2h OPS-42 slow checkout").await.unwrap_err().contains("no role"));
    assert!(w.files("maya", "prod/orders").await.unwrap_err().contains("as what and for how long"));
    assert_eq!(w.count_audit("was refused"), 7, "{:#?}", w.audit());
    w.comes_back().await;
}

#[tokio::test]
async fn nobody_acts_on_the_host_whom_the_files_do_not_name() {
    let mut w = house().await;
    w.says("maya", ASK).await;
    w.goes_quiet().await;
    for user in ["root", "daypass", "frank", ""] {
        let refused = w.agrees(user, "R-1", "").await.unwrap_err();
        assert!(refused.contains("is no one person in the policy files") && refused.contains("host_user"), "{refused}");
    }
    // A number with two names is two people, and so nobody.
    let both = HostUser { uid: 7, names: vec!["carol".to_owned(), "dave".to_owned()] };
    let deed = OnHost::Deny { request: "R-1".parse().unwrap(), reason: Words::typed("no") };
    assert!(w.app().on_host(&both, deed).await.is_err());
    assert_eq!(w.request_state("R-1"), "pending");
    assert!(w.has_audit("the user root was refused `approve` of R-1: unknown host user (on the host)"), "{:#?}", w.audit());
    w.comes_back().await;
}

// E12
#[tokio::test]
async fn what_slack_said_last_counts_on_the_host_as_well() {
    let mut w = house().await;
    w.says("maya", ASK).await;
    w.slack.edit_user("U0CAROL", |user| user.deleted = true);
    // Slack answers: it is a no, as in Slack.
    w.pass(minutes(2));
    assert!(w.agrees("carol", "R-1", "").await.unwrap_err().contains("This kind of account can't do that"));
    w.goes_quiet().await;
    assert!(w.agrees("carol", "R-1", "").await.unwrap_err().contains("This kind of account can't do that"));
    assert_eq!(w.request_state("R-1"), "pending");
    w.agrees("dave", "R-1", "").await.unwrap();
    assert_eq!(w.request_state("R-1"), "approved");
    w.comes_back().await;
}

#[tokio::test]
async fn a_bot_that_was_started_while_slack_was_down_takes_approvals_on_the_host() {
    let mut w = house().await;
    w.says("maya", ASK).await;
    w.slack.go_down();
    w.restart().await;
    assert!(w.agrees("carol", "R-1", "").await.unwrap().starts_with("Approved"));
    assert_eq!(w.grant_state("G-1"), "active");
    w.comes_back().await;
}

// E59
#[tokio::test]
async fn an_approval_on_the_host_is_of_the_terms_that_were_shown() {
    let mut w = house().await;
    w.says("maya", ASK).await;
    w.goes_quiet().await;
    let shown = w.app().describe("R-1".parse().unwrap()).await.unwrap().unwrap();
    let lines: Vec<String> = shown.lines.iter().map(|(label, text)| format!("{label}: {text}")).collect();
    insta::assert_snapshot!(lines.join("\n"));
    let deed =
        OnHost::Approve { request: "R-1".parse().unwrap(), terms: "0123456789abcdef".parse().unwrap(), note: Words::default() };
    assert!(w.does("carol", deed).await.unwrap_err().contains("has changed since"));
    assert_eq!(w.request_state("R-1"), "pending");
    w.comes_back().await;
}

#[tokio::test]
async fn somebody_whose_contract_is_over_does_nothing_on_the_host() {
    let mut w = house().await;
    w.goes_quiet().await;
    w.edit_policy("people.yaml", "contract_ends: 2027-06-30", "contract_ends: 2026-03-16");
    w.reload().await.unwrap();
    let refused = w.files("maya", FILED).await.unwrap_err();
    assert!(refused.contains("contract leaves no time"), "{refused}");
    w.comes_back().await;
    w.advance(hours(1)).await;
}

/// The user that this process and whatever it starts belongs to, as the kernel and the host's user database have it.
async fn us() -> String {
    use daypass::admin::peer::{login_of, names_of};
    let pid = i32::try_from(std::process::id()).unwrap();
    let uid = login_of(pid).unwrap().unwrap_or(rustix::process::geteuid().as_raw());
    names_of(uid).await.unwrap().remove(0)
}

#[tokio::test]
async fn the_program_asks_the_kernel_who_approves() {
    let mut rig = Rig::new().await;
    let people = std::fs::read_to_string("policies/people.yaml").unwrap();
    let host_user = |who: &str, user: &str| people.replace(who, &format!("{who}\n    host_user: {user}"));
    rig.write_policy("people.yaml", &host_user("slack: [U0CAROL]", &us().await));
    rig.start();
    rig.ready().await;
    rig.slack.go_down();
    let (code, said) = rig.runs(&["requests", "file", "prod/orders", "readonly", "2h", "slow checkout again"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.starts_with("Asked: R-1 (Orders database · Read only)"), "{said}");
    let (code, said) = rig.runs(&["requests", "approve", "R-1", "--yes"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("they wrote    slow checkout again") && said.contains("You can't approve your own request"), "{said}");
    let (code, said) = rig.runs(&["requests", "approve", "R-1"]).await;
    assert_eq!((code, said.contains("add `--yes`")), (1, true), "{said}");
    let (code, said) = rig.runs(&["requests", "deny", "R-2", "--reason", "no"]).await;
    assert_eq!((code, said.contains("no request R-2")), (1, true), "{said}");
    let (code, said) = rig.runs(&["grants", "revoke", "G-9", "--reason", "no"]).await;
    assert_eq!((code, said.contains("no access G-9")), (1, true), "{said}");
    rig.kill().await;

    // The same user is somebody else by other files, and may.
    rig.write_policy("people.yaml", &host_user("slack: [U0DAVE]", &us().await));
    rig.start();
    rig.until("up", async |rig| rig.states("requests").await.is_some()).await;
    let (code, said) = rig.runs(&["requests", "approve", "R-1", "--yes", "--note", "go on"]).await;
    assert_eq!((code, said.contains("Approved: R-1")), (0, true), "{said}");
    rig.until("in force", async |rig| rig.provider.level("carol", "prod/orders").is_some()).await;
    let (code, said) = rig.runs(&["grants", "revoke", "G-1", "--reason", "that is enough"]).await;
    assert_eq!(code, 0, "{said}");
    rig.until("gone", async |rig| rig.provider.level("carol", "prod/orders").is_none()).await;
    let (code, said) = rig.runs(&["audit", "tail"]).await;
    assert!(code == 0 && said.contains("Dave Novak said why it is taken back (on the host)"), "{said}");
    rig.kill().await;
}

#[tokio::test]
async fn on_the_host_one_asks_for_others_and_stands_in_under_the_same_rules() {
    let mut w = house().await;
    w.edit_policy("people.yaml", "{ id: dba, members: [carol, dave] }", "{ id: dba, members: [carol] }");
    w.reload().await.unwrap();
    w.settle().await;
    w.says("carol", "/jit away until fri @dave").await;
    w.goes_quiet().await;
    let refused = w.files("erin", &format!("for maya {FILED}")).await.unwrap_err();
    assert!(refused.contains("You can't ask for that for Maya Okafor"), "{refused}");
    let said = w.files("bob", &format!("for maya {FILED}")).await.unwrap();
    assert!(said.contains("This is for Maya Okafor"), "{said}");
    let refused = w.agrees("bob", "R-1", "").await.unwrap_err();
    assert!(refused.contains("nor one that you filed for somebody"), "{refused}");
    w.agrees("dave", "R-1", "").await.unwrap();
    assert_eq!(w.request_state("R-1"), "approved");
    assert!(w.has_audit("approved by dave in the place of carol for group/dba (on the host)"), "{:#?}", w.audit());
    w.comes_back().await;
}
