//! From nothing to the first approved request, by the steps of the README and no others, with the real program in a fresh workspace.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use daypass::clock::{Clock, SystemClock};
use daypass::demo::emulator::{Emulator, Fault, FaultKind, Seed, Values};
use daypass::demo::sandbox::{Sandbox, Setup};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::support::process::{PATIENCE, program};

/// A workspace in which Daypass was never installed, a provider, and an empty directory.
struct Fresh {
    slack: Emulator,
    provider: Sandbox,
    dir: tempfile::TempDir,
}

impl Fresh {
    async fn new() -> Fresh {
        let now = || SystemClock.wall().as_millis();
        let slack = Emulator::start(Seed::for_tests(), Arc::new(now)).await.unwrap();
        let provider = Sandbox::start(Setup::demo(), Arc::new(now)).await.unwrap();
        Fresh { slack, provider, dir: tempfile::tempdir().unwrap() }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(args)
            .current_dir(self.dir.path())
            .env_clear()
            .env("SLACK_API_URL", self.slack.api_url())
            .env("DAYPASS_LISTEN", "127.0.0.1:0")
            .env("SANDBOX_URL", self.provider.url())
            .env("SANDBOX_TOKEN", self.provider.token())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs a command with this on its standard input; gives back its exit code and all that it printed.
    async fn runs(&self, args: &[&str], typed: &str) -> (i32, String) {
        let mut process = self.command(args).spawn().unwrap();
        let mut stdin = process.stdin.take().unwrap();
        stdin.write_all(typed.as_bytes()).await.unwrap();
        drop(stdin);
        let output = process.wait_with_output().await.unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (output.status.code().unwrap(), said)
    }

    async fn sets_up(&self) -> (i32, String) {
        let tokens = format!("{}\n{}\n", self.slack.bot_token(), self.slack.use_socket_mode());
        self.runs(&["setup", "--security-channel", "#security", "--admins", "priya"], &tokens).await
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).unwrap();
    }

    fn serves(&self) -> Child {
        self.command(&["serve"]).spawn().unwrap()
    }

    /// Waits until something can be seen in Slack.
    async fn until<T>(&self, what: &str, look: impl Fn(&Emulator) -> Option<T>) -> T {
        let mut changes = self.slack.watch();
        let seen = async {
            loop {
                if let Some(seen) = look(&self.slack) {
                    return seen;
                }
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("never: {what}"))
    }
}

/// The number of a message in a channel that has this button.
fn with_button(slack: &Emulator, channel: &str, action: &str) -> Option<String> {
    let messages = slack.messages(channel);
    let found = messages.iter().find(|message| serde_json::to_string(&message.blocks).unwrap().contains(action));
    found.map(|message| message.ts.clone())
}

const RESOURCES: &str = "version: 1
providers:
  - { id: orders, kind: sandbox, url_env: SANDBOX_URL, token_env: SANDBOX_TOKEN }
groups:
  - { id: dba, members: [carol, dave] }
resources:
  - id: prod/orders
    name: Orders database
    provider: orders
    owners: [dba]
    channel: C0DBACCESS
    roles:
      - { id: readonly, name: Read only, grant: { level: readonly } }
policies:
  - id: contractors-read-orders
    about: Contractors may read the orders database.
    who: { kind: contractor }
    what: { resource: prod/orders, role: readonly }
    for: { max: 8h, default: 2h }
    reason: { min_length: 10 }
    approve: [ { by: owners } ]
";

#[tokio::test]
async fn eight_steps_lead_from_nothing_to_the_first_approved_request() {
    // 1. Build it: the program under test.
    let f = Fresh::new().await;
    // 2. Create the app from its manifest.
    let (code, manifest) = f.runs(&["manifest", "--socket"], "").await;
    assert!(code == 0 && manifest.contains("socket_mode_enabled: true"), "{manifest}");
    // 3. Set it up.
    let (code, said) = f.sets_up().await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("workspace   Shop (T0DAYPASS)") && said.contains("which is C0SECURITY"), "{said}");
    assert!(!said.contains(&f.slack.bot_token()), "{said}");
    // 4. Say who may have what: complete Maya, and write the first policy.
    let people = f.read("policies/people.yaml");
    let maya =
        "slack: [U0MAYA]\n    accounts: { orders: maya }\n    company: Acme\n    sponsor: bob\n    contract_ends: 2099-12-31";
    f.write("policies/people.yaml", &people.replace("slack: [U0MAYA]", maya));
    f.write("policies/policies.yaml", RESOURCES);
    // 5. Look whether all is well.
    let (code, said) = f.runs(&["doctor"], "").await;
    assert_eq!(code, 0, "{said}");
    // 6. Run it.
    let mut bot = f.serves();
    tokio::time::timeout(PATIENCE, f.slack.links_until(|working, _| working > 0)).await.expect("it meets Slack");
    // 7. Pin the message with the buttons where people ask.
    let (code, said) = f.runs(&["setup", "pin", "#db-access"], "").await;
    assert!(code == 0 && said.contains("pinned in #db-access"), "{said}");
    // 8. Maya presses Request access; Carol presses Approve.
    let door = with_button(&f.slack, "C0DBACCESS", "request.open").expect("the message with the buttons");
    f.slack.press("U0MAYA", "C0DBACCESS", &door, "request.open").await;
    let form = f.until("a form", |slack| slack.open_view("U0MAYA")).await;
    let values =
        Values::new().option("resource", "prod/orders").option("duration", "120m").text("reason", "OPS-42 slow checkout");
    f.slack.submit("U0MAYA", &form.id, values).await;
    let card = f.until("a card", |slack| with_button(slack, "C0DBACCESS", "request.approve")).await;
    f.slack.press("U0CAROL", "C0DBACCESS", &card, "request.approve").await;
    let in_force =
        |slack: &Emulator| slack.dm("U0MAYA").iter().any(|message| message.shown_text().contains("In force")).then_some(());
    f.until("access", in_force).await;
    assert_eq!(f.provider.level("maya", "prod/orders").as_deref(), Some("readonly"));
    bot.kill().await.unwrap();
    assert_eq!(f.slack.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn setting_up_again_changes_nothing_and_tells_who_is_new() {
    let f = Fresh::new().await;
    assert_eq!(f.sets_up().await.0, 0);
    let before = [f.read(".env"), f.read("policies/people.yaml")];
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(f.dir.path().join(".env")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let (code, said) = f.runs(&["setup"], "").await;
    assert_eq!((code, [f.read(".env"), f.read("policies/people.yaml")]), (0, before), "{said}");
    assert!(said.contains("are in the policy files") && said.contains("`.env` has all of it"), "{said}");

    let shorter = f.read("policies/people.yaml").replace("slack: [U0BOB]", "slack: []");
    f.write("policies/people.yaml", &shorter);
    let (_, said) = f.runs(&["setup"], "").await;
    assert!(said.contains("1 are in no policy file") && said.contains("+   - id: bob-2"), "{said}");
    assert_eq!(f.read("policies/people.yaml"), shorter, "a file that is there is not touched");
    assert!(Path::new(&f.dir.path().join("policies/people.yaml.new")).exists());
}

#[tokio::test]
async fn a_command_of_another_name_is_called_that_everywhere() {
    let f = Fresh::new().await;
    let (code, manifest) = f.runs(&["manifest", "--socket", "--command", "/access"], "").await;
    assert!(code == 0 && manifest.contains("command: /access"), "{manifest}");
    let tokens = format!("{}\n{}\n", f.slack.bot_token(), f.slack.use_socket_mode());
    let (_, said) = f.runs(&["setup", "--command", "/access", "--security-channel", "#security"], &tokens).await;
    assert!(said.contains("command     /access") && f.read(".env").contains("DAYPASS_COMMAND=/access"), "{said}");
    f.write("policies/policies.yaml", RESOURCES);
    let mut bot = f.serves();
    tokio::time::timeout(PATIENCE, f.slack.links_until(|working, _| working > 0)).await.expect("it meets Slack");
    for words in
        ["help", "mine", "why", "done", "nonsense", "request prod/none readonly 2h for nothing", "cancel", "who prod/none"]
    {
        let said = f.slack.slash("U0CAROL", "C0DBACCESS", &format!("/access {words}")).await;
        let seen = format!("{} {said:?}", said.text());
        assert!(said.is_acknowledged() && !seen.contains("/jit"), "{words}: {seen}");
    }
    assert!(f.slack.slash("U0CAROL", "C0DBACCESS", "/access help").await.text().contains("/access pending"));
    bot.kill().await.unwrap();
}

#[tokio::test]
async fn a_channel_is_named_by_its_name_and_written_down_by_its_id() {
    let f = Fresh::new().await;
    std::fs::create_dir(f.dir.path().join("policies")).unwrap();
    f.write("policies/resources.yaml", "version: 1\nresources:\n  - id: x\n    channel: \"#db-access\"\n");
    let (_, said) = f.sets_up().await;
    assert!(said.contains("resources.yaml:4: write `channel: C0DBACCESS` for #db-access"), "{said}");
    let (code, said) = f.runs(&["setup", "--security-channel", "#nowhere"], "").await;
    assert!(code == 1 && said.contains("there is no channel `#nowhere`"), "{said}");
}

#[tokio::test]
async fn the_doctor_names_what_is_missing_and_what_to_do() {
    let f = Fresh::new().await;
    f.sets_up().await;
    f.write(
        "policies/policies.yaml",
        &RESOURCES.replace("C0DBACCESS", "C0HIDDEN").replace("members: [carol, dave]", "slack_usergroup: S0NONE"),
    );
    f.write(".env", &format!("{}DAYPASS_FALLBACK_CHANNEL=C0NOWHERE\n", f.read(".env")));
    let (code, said) = f.runs(&["doctor"], "").await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("there is no channel C0HIDDEN (cards of prod/orders)"), "{said}");
    assert!(said.contains("there is no channel C0NOWHERE (cards whose own channel cannot be posted to)"), "{said}");
    assert!(said.contains("there is no user group S0NONE"), "{said}");
    assert!(said.contains("the token has all 8 scopes"), "{said}");
    assert!(said.contains("agrees with Slack's"), "{said}");

    f.slack.fault(Fault::times("auth.test", 1, FaultKind::Error("token_revoked".to_owned())));
    let (code, said) = f.runs(&["doctor", "--format", "json"], "").await;
    let findings: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert!(code == 1 && findings.to_string().contains("it refuses the token (`token_revoked`)"), "{said}");
}

#[tokio::test]
async fn a_scope_that_is_missing_is_told_with_what_does_not_work() {
    let now = || SystemClock.wall().as_millis();
    let mut seed = Seed::for_tests();
    seed.scopes.retain(|scope| scope != "pins:write");
    let f = Fresh { slack: Emulator::start(seed, Arc::new(now)).await.unwrap(), ..Fresh::new().await };
    let (code, said) = f.sets_up().await;
    assert!(
        code == 1 && said.contains("the scope pins:write is missing, and the message with the buttons is not pinned"),
        "{said}"
    );
    let mut bot = f.serves();
    tokio::time::timeout(PATIENCE, f.slack.links_until(|working, _| working > 0)).await.expect("it meets Slack");
    let (code, said) = f.runs(&["setup", "pin", "#db-access"], "").await;
    assert!(code == 1 && said.contains("`missing_scope`"), "{said}");
    bot.kill().await.unwrap();
}
