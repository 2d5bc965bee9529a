//! Every key that a policy file can have, as a table.

/// One kind of mapping.
#[derive(Debug)]
pub(super) struct Item {
    /// Its name in the schema.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) about: &'static str,
    /// Its keys.
    pub(super) keys: &'static [Key],
    /// Whether it may have others, which only an adapter knows.
    pub(super) is_open: bool,
}

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) is_needed: bool,
    pub(super) about: &'static str,
    /// What holds where it is left out, as it would be written.
    pub(super) default: Option<&'static str>,
}

impl Key {
    const fn or(self, default: &'static str) -> Key {
        Key { default: Some(default), ..self }
    }
}

/// What stands behind a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Any text that is not empty.
    Text,
    /// A time zone of the IANA database.
    Zone,
    /// A text of this form, as a regular expression.
    Form(&'static str),
    /// One of these words.
    Words(&'static [&'static str]),
    /// A whole number from, to.
    Number(u32, u32),
    /// One of the mappings.
    Item(&'static str),
    /// A list of these.
    List(&'static Shape),
    /// A mapping from names to these.
    ByName(&'static Shape),
    /// A mapping that only an adapter knows.
    Open,
    /// One of these words, or a list with at least one of these.
    WordsOrList(&'static [&'static str], &'static Shape),
}

const ID: Shape = Shape::Form("^[a-z0-9]([a-z0-9._/-]*[a-z0-9])?$");
const GLOB: Shape = Shape::Form("^[a-z0-9._/*-]+$");
const LENGTH: Shape = Shape::Form("^([0-9]+([mMhHdD]|[mM][iI][nN]))+$");
const DATE: Shape = Shape::Form("^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
const DAYS: Shape = Shape::Form("^ *(mon|tue|wed|thu|fri|sat|sun)( *[-,] *(mon|tue|wed|thu|fri|sat|sun))* *$");
const HOURS: Shape = Shape::Form("^ *[0-9]{2}:[0-9]{2} *- *[0-9]{2}:[0-9]{2} *$");
const BY: Shape = Shape::Form("^(owners|sponsor|manager|group/.+|person/.+)$");
const KINDS: Shape = Shape::Words(&["employee", "contractor", "service"]);
const RISKS: Shape = Shape::Words(&["normal", "high"]);
const NOTES: Shape = Shape::Words(&["optional", "required"]);
const STEP: Shape = Shape::Item("step");

const fn needs(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, is_needed: true, about, default: None }
}

const fn may(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, is_needed: false, about, default: None }
}

const fn item(name: &'static str, about: &'static str, keys: &'static [Key]) -> Item {
    Item { name, about, keys, is_open: false }
}

/// All of them; the file itself first.
pub(super) const ITEMS: &[Item] = &[
    item(
        "file",
        "One file of the policy directory; all are read as one.",
        &[
            needs("version", Shape::Number(1, 1), "The language of this file."),
            may("defaults", Shape::Item("defaults"), "What a policy does not say for itself; in one file only."),
            may("people", Shape::List(&Shape::Item("person")), "Who is who."),
            may("groups", Shape::List(&Shape::Item("group")), "Some people under one name."),
            may("resources", Shape::List(&Shape::Item("resource")), "What can be asked for."),
            may("bundles", Shape::List(&Shape::Item("bundle")), "Several of these at once."),
            may("providers", Shape::List(&Shape::Item("provider")), "The systems that access is granted at."),
            may("policies", Shape::List(&Shape::Item("policy")), "Who may have what, for how long, and who is asked."),
            may("require", Shape::List(&Shape::Item("require")), "Floors under every policy that matches."),
            may("forbid", Shape::List(&Shape::Item("forbid")), "What nobody can approve."),
            may("tests", Shape::List(&Shape::Item("test")), "What the files are meant to do."),
        ],
    ),
    item(
        "defaults",
        "What a policy does not say for itself.",
        &[
            may("timezone", Shape::Zone, "The zone of hours and dates that name no other.").or("UTC"),
            may("answer_within", LENGTH, "Unanswered by then, a request expires.").or("4h"),
            may("start_within", LENGTH, "Approved and not in force by then, it lapses.").or("1h"),
            may("warn_before", LENGTH, "How long before the end the person is told.").or("15m"),
            may("max", LENGTH, "The longest access where a policy names no other.").or("8h"),
            may("hard_ceiling", LENGTH, "What no policy and no extension goes past.").or("24h"),
        ],
    ),
    item(
        "person",
        "Somebody.",
        &[
            needs("id", ID, "Who, canonically. Every check compares this."),
            needs("name", Shape::Text, "What they are called."),
            needs("kind", KINDS, "What they are to the house. Contractors approve only where named; services never."),
            may("slack", Shape::List(&Shape::Form("^([TE][A-Z0-9]+/)?[UW][A-Z0-9]+$")), "Their Slack accounts: U0MAYA."),
            may("company", Shape::Text, "The company they work for, where it is another."),
            may("sponsor", ID, "The employee who answers for them."),
            may("manager", ID, "Their manager, an employee."),
            may("keys", Shape::List(&Shape::Form("^(age1|ssh-ed25519 |ssh-rsa )")), "Public keys that secrets are encrypted to."),
            may("host_user", Shape::Text, "Their user on the host of Daypass."),
            may("contract_ends", DATE, "Their last day; no access outlives it."),
            may("timezone", Shape::Zone, "Their zone, where it is not the default."),
            may("accounts", Shape::ByName(&Shape::Text), "What they are called at each provider."),
        ],
    ),
    item(
        "group",
        "Some people: exactly one of members, where, slack_usergroup and on_call.",
        &[
            needs("id", ID, "Its name."),
            may("members", Shape::List(&ID), "These people."),
            may("where", Shape::Item("where"), "Whoever matches."),
            may("slack_usergroup", Shape::Form("^S[A-Z0-9]+$"), "Those in this user group of Slack."),
            may("on_call", Shape::Item("on_call"), "Those who are on call."),
        ],
    ),
    item(
        "where",
        "All that are given must hold.",
        &[
            may("group", ID, "A member of this group."),
            may("person", ID, "This person."),
            may("kind", KINDS, "Somebody of this kind."),
            may("company", Shape::Text, "Somebody of this company."),
        ],
    ),
    item(
        "on_call",
        "Where it is known who is on call.",
        &[needs("provider", ID, "The provider that knows it."), needs("schedule", Shape::Text, "The schedule, by its id there.")],
    ),
    item(
        "bundle",
        "One request for several things, all or nothing.",
        &[
            needs("id", ID, "Its name, as people type it."),
            needs("name", Shape::Text, "What people call it."),
            needs("of", Shape::List(&Shape::Form("^[^:]+:[^:]+$")), "At least two parts: prod/orders:readonly."),
        ],
    ),
    item(
        "resource",
        "Something that can be asked for.",
        &[
            needs("id", ID, "Its name, as people type it."),
            needs("name", Shape::Text, "What people call it."),
            needs("provider", ID, "The provider it lives at."),
            may("owners", Shape::List(&ID), "The groups that answer for it."),
            may("channel", Shape::Form("^[CG][A-Z0-9]*$"), "The id of the channel that its cards go to."),
            may("how_to_connect", Shape::Text, "What to do with the access; {account} stands for the account."),
            needs("roles", Shape::List(&Shape::Item("role")), "The ways to have it."),
        ],
    ),
    item(
        "role",
        "A way to have a resource.",
        &[
            needs("id", ID, "Its name, as people type it."),
            needs("name", Shape::Text, "What people call it."),
            needs("grant", Shape::Open, "What to give, in the words of the provider's kind."),
            may("risk", RISKS, "How much harm it can do.").or("normal"),
        ],
    ),
    Item {
        name: "provider",
        about: "A system. Keys beside these belong to its kind; one that ends in _env names an environment variable.",
        keys: &[
            needs("id", ID, "Its name."),
            needs("kind", Shape::Text, "Which adapter speaks to it."),
            may("url_env", Shape::Form("^[A-Z][A-Z0-9_]*$"), "The environment variable that holds its address."),
            may("token_env", Shape::Form("^[A-Z][A-Z0-9_]*$"), "The environment variable that holds its token."),
        ],
        is_open: true,
    },
    item(
        "policy",
        "A permit. Any one that matches is enough.",
        &[
            needs("id", ID, "Its name."),
            may("about", Shape::Text, "What it is for, for people."),
            needs("who", Shape::Item("who"), "Whom it permits something."),
            needs("what", Shape::Item("what"), "What it permits; resource and role are needed."),
            may("for", Shape::Item("for"), "For how long."),
            may("when", Shape::Item("when"), "In force only within."),
            may("reason", Shape::Item("reason"), "What the reason must be like."),
            needs(
                "approve",
                Shape::WordsOrList(&["auto", "break-glass"], &STEP),
                "Who is asked: all steps, by different people.",
            ),
            may("limit", Shape::Item("limit"), "How often nobody is asked; for `approve: auto`."),
            may("otherwise", Shape::List(&STEP), "Who is asked past the limit."),
            may("review", Shape::Item("review"), "Who looks at it afterwards; for `approve: break-glass`."),
            may("approver_note", NOTES, "Whether an approver must say why.").or("optional"),
            may("answer_within", LENGTH, "Instead of the default."),
            may("start_within", LENGTH, "Instead of the default."),
            may("warn_before", LENGTH, "Instead of the default."),
            may("remind", Shape::Item("remind"), "What happens while nobody answers."),
        ],
    ),
    item(
        "who",
        "All that are given must hold.",
        &[
            may("group", ID, "A member of this group."),
            may("person", ID, "This person."),
            may("kind", KINDS, "Somebody of this kind."),
            may("company", Shape::Text, "Somebody of this company."),
            may("contract", Shape::Words(&["ended"]), "Somebody whose contract is over."),
        ],
    ),
    item(
        "what",
        "All that are given must hold; * stands for any text.",
        &[
            may("resource", GLOB, "Resources of this name."),
            may("role", GLOB, "Roles of this name."),
            may("risk", RISKS, "Roles of this risk."),
        ],
    ),
    item(
        "for",
        "For how long.",
        &[
            may("max", LENGTH, "The longest that can be asked for."),
            may("default", LENGTH, "What is proposed."),
            may("extend", Shape::Item("extend"), "How it can be extended; without it, it cannot."),
        ],
    ),
    item(
        "extend",
        "More time.",
        &[
            needs("times", Shape::Number(1, 20), "How often."),
            may("total", LENGTH, "The longest with all extensions."),
            may("approve", Shape::Words(&["policy", "auto"]), "Who is asked for more time: as for the access, or nobody.")
                .or("policy"),
        ],
    ),
    item(
        "when",
        "Days, or hours, or both. A night belongs to the day on which it begins.",
        &[
            may("days", DAYS, "mon-fri; sat, sun."),
            may("hours", HOURS, "08:00-18:00; 22:00-06:00 goes on into the next day."),
            may("timezone", Shape::Zone, "The zone, where it is not the default."),
        ],
    ),
    item(
        "reason",
        "What the reason must be like.",
        &[
            may("min_length", Shape::Number(1, MOST_CHARS), "How many characters it needs."),
            may(
                "ticket",
                Shape::Text,
                "A regular expression that a whole word of it must match. In single quotes, without ^ and $.",
            ),
        ],
    ),
    item(
        "step",
        "So many people of these.",
        &[
            needs("by", BY, "owners, sponsor, manager, group/ID or person/ID."),
            may("count", Shape::Number(1, 20), "How many.").or("1"),
        ],
    ),
    item(
        "limit",
        "How often nobody is asked, per person.",
        &[needs("uses", Shape::Number(1, 1000), "So many times."), needs("per", LENGTH, "In any stretch of this length.")],
    ),
    item(
        "review",
        "Who looks at it afterwards.",
        &[
            needs("by", BY, "Who may close it; never whoever broke the glass."),
            needs("within", LENGTH, "How long after the access began."),
        ],
    ),
    item(
        "remind",
        "What happens while nobody answers.",
        &[
            needs("after", LENGTH, "When those who are asked are reminded."),
            may("then_ask", BY, "Who is asked as well from then on."),
            may("after_that", LENGTH, "How long after the reminder the next happens."),
            may("page", Shape::Form("^[^/]+/.+$"), "Whom to page then: pagerduty/orders."),
        ],
    ),
    item(
        "require",
        "A floor: it raises, and never opens.",
        &[
            needs("id", ID, "Its name."),
            may("about", Shape::Text, "What it is for, for people."),
            may("who", Shape::Item("who"), "Whose requests it raises; everybody's."),
            may("what", Shape::Item("what"), "What requests it raises; all."),
            may("approvals", Shape::Number(1, 20), "How many people at least."),
            may("note", NOTES, "Whether they must say why."),
            may("break_glass", Shape::Words(&["raised", "exempt"]), "Whether break-glass is free of it.").or("raised"),
        ],
    ),
    item(
        "forbid",
        "A prohibition: it wins over everything. It needs who or what.",
        &[
            needs("id", ID, "Its name."),
            may("about", Shape::Text, "What it is for, for people."),
            may("who", Shape::Item("who"), "Whom it forbids; everybody."),
            may("what", Shape::Item("what"), "What it forbids; everything."),
        ],
    ),
    item(
        "test",
        "What should come of a request.",
        &[
            needs("name", Shape::Text, "What it shows."),
            needs("at", Shape::Form("^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]+([Zz]|[+-][0-9:]+)$"), "When, with the offset."),
            may("given", Shape::Item("given"), "What the files do not say."),
            needs("request", Shape::Item("request"), "Who asks for what."),
            needs("expect", Shape::Item("expect"), "What should come of it."),
        ],
    ),
    item(
        "given",
        "What the files do not say.",
        &[
            may("groups", Shape::ByName(&Shape::List(&ID)), "Who is in groups that are read elsewhere."),
            may("unreadable", Shape::List(&ID), "Groups that cannot be read."),
            may("uses", Shape::ByName(&Shape::Number(0, 1000)), "How often policies let the person in lately."),
        ],
    ),
    item(
        "request",
        "Who asks for what.",
        &[
            needs("who", ID, "Who."),
            needs("what", ID, "For what."),
            may("role", ID, "As what; a bundle needs none."),
            needs("for", LENGTH, "For how long."),
            may("reason", Shape::Text, "Why."),
            may("as", Shape::Words(&["break-glass"]), "In which manner, where it is not as usual."),
        ],
    ),
    item(
        "expect",
        "What should come of it.",
        &[
            needs("outcome", Shape::Words(&["ask", "auto", "break-glass", "deny"]), "What happens."),
            may("policy", ID, "By this policy; unless it is denied."),
            may("of", Shape::List(&ID), "Exactly these are asked; for ask."),
            may("because", Shape::Text, "The rule or condition that denies it; for deny."),
        ],
    ),
];

/// The longest reason, in characters.
const MOST_CHARS: u32 = 1000;
