//! Who and what is in the workspace when the emulator starts: the demo's cast, and the odd accounts that tests need.

use std::time::Duration;

/// Slack shows people an error when an app has not acknowledged by then.
pub const ACK_DEADLINE: Duration = Duration::from_millis(3_000);

const SCOPES: &[&str] = &[
    "commands",
    "chat:write",
    "chat:write.public",
    "im:write",
    "pins:write",
    "users:read",
    "users:read.email",
    "usergroups:read",
    "channels:read",
    "groups:read",
    "team:read",
];

/// What an account is, in the terms that Slack's flags express.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A full member.
    Member,
    /// A full member who administers the workspace.
    Admin,
    /// `is_restricted`: a guest in several channels.
    Guest,
    /// `is_restricted` and `is_ultra_restricted`: a guest in one channel.
    SingleChannelGuest,
    /// An app's own account.
    Bot,
    /// A member of another workspace who shares a channel. Slack tells little about them: flags are absent.
    External,
    /// Of another workspace, sharing no channel.
    Stranger,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `U…`
    pub id: String,
    /// The workspace the account is at home in.
    pub team_id: String,
    /// The handle, as typed after `@`.
    pub name: String,
    /// The name people read.
    pub real_name: String,
    /// What they do, as their profile says.
    pub title: String,
    /// Absent for apps and for people from elsewhere.
    pub email: Option<String>,
    /// IANA zone name.
    pub tz: String,
    /// What the account is.
    pub kind: Kind,
    /// Deactivated.
    pub deleted: bool,
}

/// Who may read a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// Everybody in the workspace.
    Public,
    /// Its members only; for others it does not exist.
    Private,
    /// A conversation between one person and the app.
    Direct,
}

/// A channel or a direct conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// `C…` or `D…`
    pub id: String,
    /// Without the `#`.
    pub name: String,
    /// The line below the name.
    pub topic: String,
    /// Who may read it.
    pub privacy: Privacy,
    /// Nobody can post there any more.
    pub is_archived: bool,
    /// Shared with another organisation by Slack Connect.
    pub is_ext_shared: bool,
    /// User ids.
    pub members: Vec<String>,
}

/// A group that can be mentioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserGroup {
    /// `S…`
    pub id: String,
    /// As typed after `@`.
    pub handle: String,
    /// The name people read.
    pub name: String,
    /// User ids.
    pub members: Vec<String>,
}

/// How fast an app may post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// One message a second and channel with a small burst, as Slack does.
    LikeSlack,
    /// As fast as it likes.
    Unlimited,
}

/// The workspace setting "guests can only use default slash commands".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuestCommands {
    /// Off: guests may use the app's commands.
    Allowed,
    /// On: they may not.
    Blocked,
}

/// Everything that is decided before the emulator starts.
#[derive(Debug, Clone)]
pub struct Seed {
    /// The workspace, `T…`.
    pub team_id: String,
    /// Its name.
    pub team_name: String,
    /// Its part of the web address.
    pub team_domain: String,
    /// `A…`
    pub app_id: String,
    /// The name that the app's messages bear.
    pub app_name: String,
    /// `B…`
    pub bot_id: String,
    /// The app's account, `U…`.
    pub bot_user_id: String,
    /// The token that the Web API accepts.
    pub bot_token: String,
    /// The token that connections are given for.
    pub app_token: String,
    /// What the app may do.
    pub scopes: Vec<String>,
    /// The deprecated verification token that still travels in every payload.
    pub verification_token: String,
    /// Everybody.
    pub users: Vec<User>,
    /// Every channel.
    pub channels: Vec<Channel>,
    /// Every user group.
    pub usergroups: Vec<UserGroup>,
    /// How fast the app may post.
    pub pace: Pace,
    /// Whether guests may use commands.
    pub guest_commands: GuestCommands,
    /// How long the app has to acknowledge.
    pub ack_deadline: Duration,
}

impl Seed {
    /// The cast of the demo, plus one foreign workspace and the accounts that a bot must not trip over.
    pub fn demo() -> Self {
        Self {
            team_id: "T0DAYPASS".into(),
            team_name: "Shop".into(),
            team_domain: "shop".into(),
            app_id: "A0DAYPASS".into(),
            app_name: "Daypass".into(),
            bot_id: "B0DAYPASS".into(),
            bot_user_id: "U0DAYPASS".into(),
            bot_token: "xoxb-demo-emulator-token".into(),
            app_token: "xapp-1-A0DAYPASS-demo-emulator-token".into(),
            scopes: SCOPES.iter().map(|scope| (*scope).to_owned()).collect(),
            verification_token: "emulator-verification".into(),
            users: demo_users(),
            channels: demo_channels(),
            usergroups: vec![
                group("S0DBA", "dba", "Database administrators", &["U0CAROL", "U0DAVE"]),
                group("S0SECURITY", "security", "Security", &["U0ERIN", "U0FRANK"]),
                group("S0PLATFORM", "platform", "Platform engineering", &["U0PRIYA"]),
                group("S0ENG", "engineering", "Engineering", &["U0BOB", "U0CAROL", "U0DAVE", "U0PRIYA"]),
            ],
            pace: Pace::LikeSlack,
            guest_commands: GuestCommands::Allowed,
            ack_deadline: ACK_DEADLINE,
        }
    }

    /// The same cast without the pace limit, which would make a manual clock wait.
    pub fn for_tests() -> Self {
        Self { pace: Pace::Unlimited, ..Self::demo() }
    }
}

fn demo_users() -> Vec<User> {
    let mut users = vec![
        person("U0MAYA", "maya", "Maya Okafor", "Contractor, Acme", Kind::Guest),
        person("U0CAROL", "carol", "Carol Winter", "Database administrator", Kind::Member),
        person("U0DAVE", "dave", "Dave Novak", "Database administrator", Kind::Member),
        person("U0PRIYA", "priya", "Priya Raman", "Platform engineer", Kind::Admin),
        person("U0SAM", "sam", "Sam Duval", "Auditor", Kind::Member),
        person("U0ERIN", "erin", "Erin Castillo", "Security", Kind::Member),
        person("U0FRANK", "frank", "Frank Osei", "Security", Kind::Member),
        person("U0BOB", "bob", "Bob Keller", "Engineering", Kind::Member),
        person("U0HUGO", "hugo", "Hugo Lindqvist", "Contractor, Initech", Kind::Guest),
        person("U0NORA", "nora", "Nora Quist", "Intern", Kind::SingleChannelGuest),
        person("U0LEFT", "lea", "Lea Hoffmann", "Left the company", Kind::Member),
        person("U0DAYPASS", "daypass", "Daypass", "App", Kind::Bot),
        person("U0EXTERNAL", "xavier", "Xavier Roux", "Globex", Kind::External),
        person("U0STRANGER", "stella", "Stella Novak", "Globex", Kind::Stranger),
    ];
    for user in &mut users {
        match user.kind {
            Kind::External | Kind::Stranger => {
                user.team_id = "T0GLOBEX".into();
                user.email = None;
            }
            Kind::Bot => user.email = None,
            Kind::Guest => {
                let company = user.title.rsplit(' ').next().unwrap_or_default().to_lowercase();
                user.email = Some(format!("{}@{company}.example", user.name));
            }
            Kind::Member | Kind::Admin | Kind::SingleChannelGuest => {}
        }
        user.deleted = user.id == "U0LEFT";
    }
    users
}

fn demo_channels() -> Vec<Channel> {
    let everyone: &[&str] = &["U0CAROL", "U0DAVE", "U0PRIYA", "U0SAM", "U0ERIN", "U0FRANK", "U0BOB", "U0DAYPASS"];
    let with_guests = [everyone, &["U0MAYA", "U0HUGO"]].concat();
    let mut channels = vec![
        channel("C0GENERAL", "general", "Company-wide", Privacy::Public, &[&with_guests[..], &["U0NORA"]].concat()),
        channel("C0DBACCESS", "db-access", "Ask for database access here: /jit request", Privacy::Public, &with_guests),
        channel(
            "C0SECURITY",
            "security",
            "Security only",
            Privacy::Private,
            &["U0ERIN", "U0FRANK", "U0PRIYA", "U0SAM", "U0DAYPASS"],
        ),
        channel(
            "C0SHARED",
            "globex-shared",
            "With our partner Globex",
            Privacy::Public,
            &["U0BOB", "U0CAROL", "U0EXTERNAL", "U0DAYPASS"],
        ),
        channel("C0OLD", "old-project", "Archived", Privacy::Public, &["U0BOB", "U0DAYPASS"]),
        channel("C0HIDDEN", "leadership", "Without the app", Privacy::Private, &["U0BOB", "U0PRIYA"]),
    ];
    for channel in &mut channels {
        channel.is_ext_shared = channel.id == "C0SHARED";
        channel.is_archived = channel.id == "C0OLD";
    }
    channels
}

fn person(id: &str, name: &str, real_name: &str, title: &str, kind: Kind) -> User {
    User {
        id: id.into(),
        team_id: "T0DAYPASS".into(),
        name: name.into(),
        real_name: real_name.into(),
        title: title.into(),
        email: Some(format!("{name}@shop.example")),
        tz: "Europe/Berlin".into(),
        kind,
        deleted: false,
    }
}

fn channel(id: &str, name: &str, topic: &str, privacy: Privacy, members: &[&str]) -> Channel {
    Channel {
        id: id.into(),
        name: name.into(),
        topic: topic.into(),
        privacy,
        is_archived: false,
        is_ext_shared: false,
        members: members.iter().map(|member| (*member).to_owned()).collect(),
    }
}

fn group(id: &str, handle: &str, name: &str, members: &[&str]) -> UserGroup {
    UserGroup {
        id: id.into(),
        handle: handle.into(),
        name: name.into(),
        members: members.iter().map(|member| (*member).to_owned()).collect(),
    }
}
