//! Secrets: the password of a login reaches its person, and nobody else. Encrypted to their own key in their own messages; or,
//! where they have none, shown once on a page whose link only they are given.

use std::io::Read;
use std::sync::Arc;

use daypass::admin;
use daypass::demo::emulator::Message;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::ASK;
use crate::support::logins::Logins;
use crate::support::world::{Shown, World, account, hours, minutes, overheard};

const URL: &str = "https://daypass.example";
const BEGINS: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const SHOW: &str = "grant.show_secret";

/// Logins with passwords; Maya has no key, and secrets are shown on a page.
async fn with_a_page() -> (World, Logins) {
    let mut w = World::new().await;
    w.secrets.public_url = Some(URL.to_owned());
    w.restart().await;
    let logins = w.gives_logins();
    (w, logins)
}

/// The same, and Maya's access is in force.
async fn in_force() -> (World, Logins) {
    let (mut w, logins) = with_a_page().await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    assert_eq!(w.grant_state("G-1"), "active");
    (w, logins)
}

/// Logins with passwords, and Maya has this key.
async fn with_a_key(key: &str) -> (World, Logins) {
    let mut w = World::new().await;
    w.edit_policy("people.yaml", "    company: Acme\n", &format!("    company: Acme\n    keys: [\"{key}\"]\n"));
    w.reload().await.unwrap();
    let logins = w.gives_logins();
    w.settle().await;
    (w, logins)
}

/// Every text in what only this person was answered.
fn told_in_private(w: &World, who: &str) -> String {
    w.slack.ephemerals(&account(who)).iter().map(|message| format!("{message:?}")).collect()
}

/// The path of the link in the last answer that only this person saw.
fn last_link(w: &World, who: &str) -> String {
    let last = w.slack.ephemerals(&account(who)).last().cloned().unwrap();
    let blocks = Value::from(last.blocks).to_string();
    let from = blocks.find(URL).unwrap_or_else(|| panic!("no link in {blocks}"));
    let path = &blocks[from + URL.len()..];
    path[..path.find('|').unwrap()].to_owned()
}

fn token(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

impl World {
    /// Maya asks for a link, and gets one.
    async fn link(&mut self) -> String {
        let told = self.presses("maya", "G-1", SHOW).await;
        assert!(told.contains("Open the page"), "{told}");
        last_link(self, "maya")
    }

    /// Somebody presses the button on the page that a link leads to.
    async fn reveals(&self, path: &str) -> Shown {
        let form = format!("token={}", token(path));
        self.browses("POST", "/reveal/G-1", &[FORM, ("sec-fetch-site", "same-origin")], &form).await
    }
}

/// What stands in the frame of a page that shows a secret.
fn secret_on(page: &str) -> Option<String> {
    let from = page.find("<pre")?;
    let text = page[from..].split_once('>')?.1;
    Some(text.split_once("</pre>")?.0.to_owned())
}

fn preformatted(message: &Message) -> Option<String> {
    fn find(value: &Value) -> Option<String> {
        match value {
            Value::String(text) if text.starts_with(BEGINS) => Some(text.clone()),
            Value::Array(all) => all.iter().find_map(find),
            Value::Object(all) => all.values().find_map(find),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }
    find(&Value::from(message.blocks.clone()))
}

fn opened(armored: &str, key: &age::x25519::Identity) -> String {
    let decryptor = age::Decryptor::new(age::armor::ArmoredReader::new(armored.as_bytes())).unwrap();
    let mut plain = String::new();
    decryptor.decrypt(std::iter::once(key as &dyn age::Identity)).unwrap().read_to_string(&mut plain).unwrap();
    plain
}

/// What the admin socket answers to whoever may ask it anything.
async fn admin_answers(w: &World) -> String {
    let socket = admin::Socket::open(&w.data_dir()).unwrap();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(admin::serve(socket, admin::Admin { app: Arc::clone(w.app()), demo_clock: None }, stopped));
    let mut all = String::new();
    for question in [
        json!({ "op": "grants" }),
        json!({ "op": "requests" }),
        json!({ "op": "status" }),
        json!({ "op": "request.show", "request": "R-1" }),
        json!({ "op": "audit", "after": 0, "limit": 500 }),
        json!({ "op": "audit.export" }),
    ] {
        let answer = admin::client::ask(&w.data_dir(), &question).await.unwrap();
        assert!(answer.to_string().len() > 10, "{answer}");
        all.push_str(&answer.to_string());
    }
    stop.send_replace(true);
    running.await.unwrap();
    all
}

#[tokio::test]
async fn the_password_is_in_the_persons_own_message_for_their_own_key_only_and_opens_the_login() {
    let (heard, _ear) = overheard();
    let key = age::x25519::Identity::generate();
    let (mut w, logins) = with_a_key(&key.to_public().to_string()).await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;

    let dm = w.slack.dm(&account("maya"));
    let with_secret: Vec<String> = dm.iter().filter_map(preformatted).collect();
    let [armored] = &with_secret[..] else { panic!("{with_secret:#?}") };
    let message = dm.iter().find(|message| preformatted(message).is_some()).unwrap().shown_text();
    assert!(message.contains("age --decrypt --identity ~/.config/age/keys.txt"), "{message}");
    let plain = opened(armored, &key);
    assert!(logins.lets_in_with(&plain), "what she reads opens the login");
    assert!(!logins.lets_in("daypass_G-1", "PGPASSWORD"));

    // Nobody else is shown even the ciphertext, and the log has its commitment only.
    for channel in w.slack.channels().iter().filter(|channel| channel.id != dm[0].channel) {
        let shown = format!("{:?}", w.slack.messages(&channel.id));
        assert!(!shown.contains(BEGINS), "{}: {shown}", channel.name);
    }
    assert!(!told_in_private(&w, "carol").contains(BEGINS));
    let line = w.read(|reader| reader.audit_rows(0, 1000)).into_iter().find(|row| row.kind == "grant.planned").unwrap();
    assert!(!line.leaf.contains("BEGIN AGE") && line.leaf.contains(r#""ciphertext":{"commitment":"#), "{}", line.leaf);

    // The password in clear is nowhere: not in the files, not in a message, not in the log, not with an admin.
    let password = plain.lines().find_map(|line| line.strip_prefix("PGPASSWORD=")).unwrap().to_owned();
    let answers = admin_answers(&w).await;
    assert!(!answers.contains(&password) && !answers.contains(BEGINS), "{answers}");
    assert!(w.keeps(BEGINS) && !w.keeps(&password));
    assert!(!w.shows(&password));
    let log = String::from_utf8_lossy(&heard.lock().unwrap()).into_owned();
    assert!(!log.is_empty() && !log.contains(&password));

    // When the access is over nothing of it is left.
    w.advance(hours(2)).await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert!(!logins.lets_in_with(&plain));
    assert!(w.slack.dm(&account("maya")).iter().all(|message| preformatted(message).is_none()));
    w.restart().await;
    assert!(!w.keeps(BEGINS), "the ciphertext stands in a file");
    assert_eq!(w.grant("G-1").unwrap().ciphertext, None);
}

#[tokio::test]
async fn an_ssh_key_is_told_its_own_line() {
    let ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN maya@laptop";
    let (mut w, _logins) = with_a_key(ssh).await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    assert!(w.dms("maya").iter().any(|text| text.contains("age --decrypt --identity ~/.ssh/id_ed25519")), "{:#?}", w.dms("maya"));
    assert!(w.button("maya", "G-1", SHOW).is_none(), "whoever has a key needs no page");
}

#[tokio::test]
async fn what_an_approver_has_erased_leaves_the_secret_to_its_person() {
    let key = age::x25519::Identity::generate();
    let (mut w, logins) = with_a_key(&key.to_public().to_string()).await;
    w.says("maya", ASK).await;
    w.presses("carol", "R-1", "request.approve").await;
    w.erases("carol").await.unwrap();
    w.advance(minutes(1)).await;
    let armored = w.slack.dm(&account("maya")).iter().find_map(preformatted).unwrap();
    assert!(logins.lets_in_with(&opened(&armored, &key)));
    assert!(w.erases("maya").await.is_err(), "not while she has it");
    w.says("maya", "/jit done").await;
    w.erases("maya").await.unwrap();
    assert!(!w.keeps(BEGINS));
}

#[tokio::test]
async fn without_a_key_and_without_a_page_it_is_refused_with_both_ways() {
    let mut w = World::new().await;
    w.gives_logins();
    let answer = w.says("maya", ASK).await;
    assert!(answer.contains("SSH or age public key") && answer.contains("DAYPASS_PUBLIC_URL"), "{answer}");
    assert_eq!(w.request_state("R-1"), "none");
    let path = "/reveal/G-1/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let shown = w.browses("GET", path, &[], "").await;
    assert_eq!((shown.status, shown.page.as_str()), (404, ""), "there is no such address");
}

#[tokio::test]
async fn a_button_gives_a_link_and_the_page_shows_it_once() {
    let (heard, _ear) = overheard();
    let (mut w, logins) = in_force().await;
    assert!(!w.shows(BEGINS), "what only the host can open is in no message");
    let path = w.link().await;
    assert!(w.count_audit("got a link to the secret") == 1 && !w.audit().concat().contains(token(&path)));

    // Looking, by whatever, burns nothing and shows nothing.
    for _ in 0..3 {
        let shown = w.browses("GET", &path, &[("user-agent", "Slackbot-LinkExpanding 1.0")], "").await;
        assert_eq!(shown.status, 200, "{shown:?}");
        assert!(shown.page.contains("Your password for G-1 (Orders database · Read only)"), "{}", shown.page);
        assert_eq!(secret_on(&shown.page), None);
    }
    assert_eq!(w.browses("HEAD", &path, &[], "").await.status, 405);
    assert_eq!(w.browses("POST", &path, &[FORM], &format!("token={}", token(&path))).await.status, 404, "that takes the form");

    let shown = w.reveals(&path).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    let secret = secret_on(&shown.page).unwrap();
    assert!(logins.lets_in_with(&secret), "{secret}");
    assert!(w.has_audit("G-1: the secret was shown to whoever had the link"), "{:#?}", w.audit());
    w.settle().await;
    let told = w.dms("maya").concat();
    assert!(told.contains("Your password was shown") && w.button("maya", "G-1", SHOW).is_none(), "{told}");

    // The ciphertext went with it, from the row, from beside the log and from the files; the password was never there.
    let password = secret.lines().find_map(|line| line.strip_prefix("PGPASSWORD=")).unwrap().to_owned();
    assert_eq!(w.grant("G-1").unwrap().ciphertext, None);
    assert!(!w.keeps(BEGINS) && !w.keeps(&password) && !w.keeps(token(&path)));
    let key = std::fs::read_to_string(w.data_dir().join("reveal.key")).unwrap();
    assert!(key.starts_with("AGE-SECRET-KEY-1"));
    let answers = admin_answers(&w).await;
    let log = String::from_utf8_lossy(&heard.lock().unwrap()).into_owned();
    for hidden in [&password, token(&path), key.trim()] {
        assert!(!answers.contains(hidden) && !log.contains(hidden), "{hidden}");
    }
    assert!(!w.shows(&password));
}

#[tokio::test]
async fn a_link_that_was_used_says_when_and_alarms_once() {
    let (mut w, logins) = in_force().await;
    let path = w.link().await;
    w.advance(minutes(4)).await;
    assert!(secret_on(&w.reveals(&path).await.page).is_some());
    w.advance(minutes(1)).await;

    let looked = w.browses("GET", &path, &[], "").await;
    assert_eq!(looked.status, 410);
    assert!(looked.page.contains("The password for G-1") && looked.page.contains("10:04"), "{}", looked.page);
    w.settle().await;
    assert!(w.alarms().is_empty(), "looking alarms nobody: {:#?}", w.alarms());

    for _ in 0..2 {
        let again = w.reveals(&path).await;
        assert_eq!(again.status, 410);
        assert!(again.page.contains("If that was not you") && secret_on(&again.page).is_none(), "{}", again.page);
        w.settle().await;
    }
    let alarms = w.alarms();
    let [alarm] = &alarms[..] else { panic!("{alarms:#?}") };
    assert!(
        alarm.contains("showed Maya Okafor") && alarm.contains("second time") && alarm.contains("/jit revoke G-1"),
        "{alarm}"
    );
    assert_eq!(w.count_audit("was used again, in vain"), 1);
    let told = w.click_stale("maya").await;
    assert!(told.contains("was shown") && told.contains("kept none of it"), "{told}");
    assert!(!logins.lets_in("daypass_G-1", "wrong"));
}

#[tokio::test]
async fn only_the_latest_link_leads_anywhere_and_only_for_five_minutes() {
    let (mut w, logins) = in_force().await;
    let first = w.link().await;
    let second = w.link().await;
    assert_ne!(first, second);
    for request in [w.browses("GET", &first, &[], "").await, w.reveals(&first).await] {
        assert_eq!(request.status, 404);
    }
    w.advance(minutes(5)).await;
    let unknown = "/reveal/G-1/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let nowhere = w.browses("GET", unknown, &[], "").await;
    for path in [&second, "/reveal/G-77/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "/reveal/x", "/reveal/"] {
        let shown = w.browses("GET", path, &[], "").await;
        assert_eq!((shown.status, &shown.page), (404, &nowhere.page), "{path}: a stranger cannot tell one from the other");
    }
    assert_eq!(w.reveals(&second).await.page, nowhere.page);
    let third = w.link().await;
    assert!(logins.lets_in_with(&secret_on(&w.reveals(&third).await.page).unwrap()));
    w.settle().await;
}

#[tokio::test]
async fn nobody_elses_click_gets_a_link() {
    let (mut w, _logins) = in_force().await;
    let link = w.link().await;
    // The same click, of somebody else. What it is answered comes by the way that was given with it.
    let mut delivery = w.last_delivery();
    delivery.body = w.with_another_trigger(&delivery.body.replace("U0MAYA", "U0CAROL"));
    let told = w.arrives("maya", delivery).await;
    assert!(told.contains("somebody else's") && !told.contains("Open the page"), "{told}");
    assert_eq!(w.count_audit("got a link"), 1);
    assert_eq!(w.browses("GET", &link, &[], "").await.status, 200, "it took no link away");
}

#[tokio::test]
async fn it_waits_through_a_restart_and_goes_with_the_access() {
    let (mut w, logins) = in_force().await;
    let path = w.link().await;
    w.restart().await;
    assert_eq!(w.browses("GET", &path, &[], "").await.status, 200, "the link still leads there");
    let path = w.link().await;
    w.restart().await;

    w.says("maya", "/jit done").await;
    assert_eq!(w.grant_state("G-1"), "ended");
    assert_eq!(w.browses("GET", &path, &[], "").await.status, 404);
    assert_eq!(w.reveals(&path).await.status, 404);
    assert!(w.button("maya", "G-1", SHOW).is_none());
    assert!(w.grant("G-1").unwrap().ciphertext.is_none() && !w.keeps(BEGINS));
    let told = w.click_stale("maya").await;
    assert!(told.contains("no password to show"), "{told}");
    assert!(!logins.lets_in("daypass_G-1", ""), "the login is gone with it");
    w.erases("maya").await.unwrap();
}

#[tokio::test]
async fn a_host_that_lost_its_key_says_so_and_gives_no_link() {
    let (mut w, _logins) = in_force().await;
    let path = w.link().await;
    w.kill().await;
    std::fs::remove_file(w.data_dir().join("reveal.key")).unwrap();
    w.start().await;
    w.settle().await;
    assert_eq!(w.browses("GET", &path, &[], "").await.status, 404);
    assert_eq!(w.reveals(&path).await.status, 404);
    assert!(!w.has_audit("was shown"), "what was not shown is not said to be");
    let told = w.presses("maya", "G-1", SHOW).await;
    assert!(told.contains("lost its page or the key"), "{told}");

    w.kill().await;
    w.secrets.public_url = None;
    w.start().await;
    w.settle().await;
    let told = w.presses("maya", "G-1", SHOW).await;
    assert!(told.contains("lost its page or the key"), "{told}");
}

#[tokio::test]
async fn two_who_press_at_once_are_not_both_shown_it() {
    let (mut w, logins) = in_force().await;
    let path = w.link().await;
    let (one, other) = tokio::join!(w.reveals(&path), w.reveals(&path));
    let shown: Vec<String> = [&one, &other].iter().filter_map(|shown| secret_on(&shown.page)).collect();
    let [secret] = &shown[..] else { panic!("{one:?} {other:?}") };
    assert!(logins.lets_in_with(secret));
    w.settle().await;
    assert_eq!(w.alarms().len(), 1);
}

impl World {
    /// Maya presses the button in a message as it stood before it was redrawn.
    async fn click_stale(&mut self, who: &str) -> String {
        let deliveries = self.slack.deliveries();
        let mut click = deliveries.into_iter().rev().find(|delivery| delivery.body.contains("show_secret")).unwrap();
        click.body = self.with_another_trigger(&click.body);
        self.arrives(who, click).await
    }
}
