//! Each key of the language, once as it should be and once as it should not, with the words that its author then reads.

use super::*;

/// A small world that loads; each case replaces one line of it.
pub(super) const WORLD: &str = "version: 1
defaults: { timezone: Europe/Berlin, max: 4h, hard_ceiling: 12h }
people:
  - { id: maya, name: Maya, slack: [U0MAYA], kind: contractor, company: Acme, sponsor: bob, contract_ends: 2026-12-31 }
  - { id: bob, name: Bob, kind: employee, host_user: bob, accounts: { db: bob } }
groups:
  - { id: dba, members: [bob] }
  - { id: acme, where: { company: Acme } }
providers:
  - { id: db, kind: sandbox, url_env: DB_URL }
resources:
  - id: prod/orders
    name: Orders
    provider: db
    owners: [dba]
    roles: [{ id: read, name: Read, grant: { level: readonly }, risk: high }]
policies:
  - id: p
    who: { group: acme }
    what: { resource: prod/*, role: read }
    for: { max: 2h, default: 1h, extend: { times: 1, total: 4h } }
    when: { days: mon-fri, hours: '08:00-18:00' }
    reason: { min_length: 10, ticket: 'OPS-\\d+' }
    approve: [{ by: owners, count: 1 }]
require:
  - { id: r, what: { risk: high }, approvals: 2 }
forbid:
  - { id: f, who: { contract: ended } }
";

/// What is said where the line that begins with `line` reads `instead`.
pub(super) fn said(line: &str, instead: &str) -> String {
    let mut found = false;
    let text: Vec<String> = WORLD
        .lines()
        .map(|known| {
            if !found && known.trim_start().trim_start_matches("- ").starts_with(line) {
                found = true;
                let indent = known.len() - known.trim_start().len();
                format!("{}{instead}", " ".repeat(indent))
            } else {
                known.to_owned()
            }
        })
        .collect();
    assert!(found, "no line begins with `{line}`");
    match parse(&text.join("\n")) {
        Ok(_) => "fine".into(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_small_world_and_the_example_load() {
    assert_eq!(said("version", "version: 1"), "fine");
    let set = example();
    assert_eq!(set.files(), ["people.yaml", "policies.yaml", "resources.yaml", "tests.yaml"]);
    assert_eq!((set.people().len(), set.resources().len(), set.policies().len()), (9, 3, 8));
    assert_eq!(set.members(&"contractors/acme".parse().unwrap()).unwrap().len(), 1);
}

#[test]
fn every_problem_is_told_and_not_only_the_first() {
    let text = WORLD.replace("who:", "whom:").replace("max: 2h", "max: 2 hours").replace("[bob]", "[bop, maja]");
    insta::assert_snapshot!(parse(&text).unwrap_err(), @r#"
    test.yaml:7:26: there is no person `bop`; did you mean `bob`?
     7 |   - { id: dba, members: [bop, maja] }
       |                          ^
    test.yaml:7:31: there is no person `maja`; did you mean `maya`?
     7 |   - { id: dba, members: [bop, maja] }
       |                               ^
    test.yaml:18:5: a policy needs `who:`
     18 |   - id: p
        |     ^
    test.yaml:19:5: unknown key `whom` in a policy; did you mean `who`?
     19 |     whom: { group: acme }
        |     ^
    test.yaml:21:17: `2 hours` is not a length of time; write `30m`, `2h`, `1d` or `1h30m`
     21 |     for: { max: 2 hours, default: 1h, extend: { times: 1, total: 4h } }
        |                 ^
    test.yaml:28:5: a prohibition needs `who:` or `what:`; it would forbid everything
     28 |   - { id: f, whom: { contract: ended } }
        |     ^
    test.yaml:28:14: unknown key `whom` in a prohibition; did you mean `who`?
     28 |   - { id: f, whom: { contract: ended } }
        |              ^
    "#);
}

#[test]
fn what_is_no_yaml_is_told_at_its_place() {
    insta::assert_snapshot!(said("name: Orders", "name: [Orders"), @r#"
    test.yaml:14:13: illegal placement of ':' indicator
     14 |     provider: db
        |             ^
    "#);
    insta::assert_snapshot!(said("name: Orders", "name: Orders\n    name: Again"), @r#"
    test.yaml:14:5: the key `name` stands here for the second time
     14 |     name: Again
        |     ^
    "#);
    insta::assert_snapshot!(parse("- a list").unwrap_err(), @r#"
    test.yaml:1:1: expected a policy file as a mapping, found a list
     1 | - a list
       | ^
    "#);
    insta::assert_snapshot!(said("reason", r#"reason: { ticket: "OPS-\d+" }"#), @r#"
    test.yaml:23:23: within double quotes a backslash begins an escape; put the text in single quotes: `'OPS-\d+'`
     23 |     reason: { ticket: "OPS-\d+" }
        |                       ^
    "#);
    assert!(parse("# nothing but a comment").is_ok());
}

#[test]
fn a_small_file_does_not_grow_into_a_large_tree() {
    let mut bomb = String::from("version: 1\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n");
    for n in 1..9 {
        let alias = format!("*x{}", n - 1);
        bomb += &format!("x{n}: &x{n} [{}]\n", [alias.as_str(); 10].join(", "));
    }
    let problems = parse(&bomb).unwrap_err().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn the_top_of_a_file() {
    insta::assert_snapshot!(said("version", "version: 2"), @r#"
    test.yaml:1:10: expected `version: 1`, found the number `2`
     1 | version: 2
       |          ^
    "#);
    insta::assert_snapshot!(said("version", "polices: []"), @r#"
    test.yaml:1:1: a policy file needs `version:`
     1 | polices: []
       | ^
    test.yaml:1:1: unknown key `polices` in a policy file; did you mean `policies`?
     1 | polices: []
       | ^
    "#);
    insta::assert_snapshot!(said("groups:", "groups: { dba: [bob] }\nxs:"), @r#"
    test.yaml:6:9: expected a list of groups, found a mapping
     6 | groups: { dba: [bob] }
       |         ^
    test.yaml:7:1: unknown key `xs` in a policy file; known are `version`, `defaults`, `people`, `groups`, `resources`, `providers`, `policies`, `require`, `forbid`, `tests`, `bundles`
     7 | xs:
       | ^
    test.yaml:16:14: there is no group `dba`
     16 |     owners: [dba]
        |              ^
    test.yaml:20:19: there is no group `acme`
     20 |     who: { group: acme }
        |                   ^
    "#);
}

#[test]
fn defaults() {
    insta::assert_snapshot!(said("defaults", "defaults: { timezone: Europe/Berlni }"), @r#"
    test.yaml:2:23: `Europe/Berlni` is not a time zone; did you mean `Europe/Berlin`?
     2 | defaults: { timezone: Europe/Berlni }
       |                       ^
    "#);
    insta::assert_snapshot!(said("defaults", "defaults: { max: 13h, hard_ceiling: 12h }"), @r#"
    test.yaml:2:11: `max` (13 h) goes past `hard_ceiling` (12 h)
     2 | defaults: { max: 13h, hard_ceiling: 12h }
       |           ^
    "#);
    insta::assert_snapshot!(said("defaults", "defaults: { answer_within: 4, start_within: 0m, warn_before: soon, maxx: 1h }"), @r#"
    test.yaml:2:28: expected a length of time, found the number `4`; write `4m` or `4h`
     2 | defaults: { answer_within: 4, start_within: 0m, warn_before: soon, maxx: 1h }
       |                            ^
    test.yaml:2:45: `0m` is too short; the shortest is `1m`
     2 | defaults: { answer_within: 4, start_within: 0m, warn_before: soon, maxx: 1h }
       |                                             ^
    test.yaml:2:62: `soon` is not a length of time; write `30m`, `2h`, `1d` or `1h30m`
     2 | defaults: { answer_within: 4, start_within: 0m, warn_before: soon, maxx: 1h }
       |                                                              ^
    test.yaml:2:68: unknown key `maxx` in `defaults`; did you mean `max`?
     2 | defaults: { answer_within: 4, start_within: 0m, warn_before: soon, maxx: 1h }
       |                                                                    ^
    "#);
}

#[test]
fn people() {
    let bob = |more: &str| said("{ id: bob", &format!("- {{ id: bob, name: Bob, kind: employee, {more} }}"));
    assert_eq!(bob("slack: [U0B, T0OTHER/U0B], keys: [ssh-ed25519 AAAA], timezone: Asia/Tokyo, accounts: { db: bob }"), "fine");
    insta::assert_snapshot!(bob("slack: [bob, U0MAYA]"), @r#"
    test.yaml:5:51: `bob` is not a Slack account; write `U0X`, or `T0OTHER/U0X` for another workspace
     5 |   - { id: bob, name: Bob, kind: employee, slack: [bob, U0MAYA] }
       |                                                   ^
    test.yaml:5:56: duplicate Slack account `U0MAYA`: it is already at test.yaml:4
     5 |   - { id: bob, name: Bob, kind: employee, slack: [bob, U0MAYA] }
       |                                                        ^
    "#);
    insta::assert_snapshot!(bob("sponsor: bob, manager: maya"), @r#"
    test.yaml:5:52: `bob` cannot be their own sponsor; name another employee
     5 |   - { id: bob, name: Bob, kind: employee, sponsor: bob, manager: maya }
       |                                                    ^
    test.yaml:5:66: a manager is an employee, and `maya` is a contractor; name an employee
     5 |   - { id: bob, name: Bob, kind: employee, sponsor: bob, manager: maya }
       |                                                                  ^
    "#);
    insta::assert_snapshot!(bob("contract_ends: 31.12.2026, keys: [secret], accounts: { bd: bob }"), @r#"
    test.yaml:5:58: `31.12.2026` is not a date; write `2026-12-31`
     5 |   - { id: bob, name: Bob, kind: employee, contract_ends: 31.12.2026, keys: [secret], accounts: { bd: bob } }
       |                                                          ^
    test.yaml:5:77: expected a public key that begins with `age1`, `ssh-ed25519 ` or `ssh-rsa `
     5 |   - { id: bob, name: Bob, kind: employee, contract_ends: 31.12.2026, keys: [secret], accounts: { bd: bob } }
       |                                                                             ^
    test.yaml:5:98: there is no provider `bd`; did you mean `db`?
     5 |   - { id: bob, name: Bob, kind: employee, contract_ends: 31.12.2026, keys: [secret], accounts: { bd: bob } }
       |                                                                                                  ^
    "#);
    insta::assert_snapshot!(said("{ id: bob", "- { id: Bob, kind: emploee }"), @r#"
    test.yaml:4:88: there is no person `bob`
     4 |   - { id: maya, name: Maya, slack: [U0MAYA], kind: contractor, company: Acme, sponsor: bob, contract_ends: 2026-12-31 }
       |                                                                                        ^
    test.yaml:5:5: a person needs `name:`
     5 |   - { id: Bob, kind: emploee }
       |     ^
    test.yaml:5:11: `Bob` is not a name: lower-case letters, digits and `.` `_` `-` `/`, beginning and ending with a letter or digit, at most 80 characters; did you mean `bob`?
     5 |   - { id: Bob, kind: emploee }
       |           ^
    test.yaml:5:22: expected one of `employee`, `contractor`, `service`, found `emploee`; did you mean `employee`?
     5 |   - { id: Bob, kind: emploee }
       |                      ^
    test.yaml:7:26: there is no person `bob`
     7 |   - { id: dba, members: [bob] }
       |                          ^
    "#);
    insta::assert_snapshot!(said("{ id: bob", "- { id: bob, name: 7, kind: employee, e-mail: b@x.example }"), @r#"
    test.yaml:5:22: expected a name, found the number `7`; put it in quotes
     5 |   - { id: bob, name: 7, kind: employee, e-mail: b@x.example }
       |                      ^
    test.yaml:5:41: unknown key `e-mail` in a person; known are `id`, `name`, `slack`, `kind`, `company`, `sponsor`, `manager`, `keys`, `host_user`, `contract_ends`, `timezone`, `accounts`
     5 |   - { id: bob, name: 7, kind: employee, e-mail: b@x.example }
       |                                         ^
    "#);
}

#[test]
fn groups() {
    let dba = |rest: &str| said("{ id: dba", &format!("- {{ id: dba, {rest} }}"));
    insta::assert_snapshot!(dba("members: [person/bob]"), @r#"
    test.yaml:7:26: only a person can stand here: write `bob`, not `person/bob`
     7 |   - { id: dba, members: [person/bob] }
       |                          ^
    "#);
    insta::assert_snapshot!(dba("members: [bob], where: { kind: employee }"), @r#"
    test.yaml:7:39: a group has one source: `members:`, `where:`, `slack_usergroup:` or `on_call:`, not several
     7 |   - { id: dba, members: [bob], where: { kind: employee } }
       |                                       ^
    "#);
    insta::assert_snapshot!(dba("where: {}"), @r#"
    test.yaml:7:23: say where: an empty `where:` would take everybody
     7 |   - { id: dba, where: {} }
       |                       ^
    "#);
    insta::assert_snapshot!(dba("where: { contract: ended }"), @r#"
    test.yaml:7:25: unknown key `contract` in `where`; known are `group`, `person`, `kind`, `company`
     7 |   - { id: dba, where: { contract: ended } }
       |                         ^
    "#);
    insta::assert_snapshot!(said("{ id: acme", "- { id: acme, where: { group: b } }\n  - { id: b, where: { group: acme } }"), @r#"
    test.yaml:9:30: a group cannot be computed from itself: `acme` → `b` → `acme`
     9 |   - { id: b, where: { group: acme } }
       |                              ^
    "#);
}

#[test]
fn providers_and_resources() {
    let db = |rest: &str| said("{ id: db,", &format!("- {{ id: db, {rest} }}"));
    insta::assert_snapshot!(db("kind: sandbox, url_env: SLACK_BOT_TOKEN"), @r#"
    test.yaml:10:39: `SLACK_BOT_TOKEN` belongs to Daypass itself; name another variable
     10 |   - { id: db, kind: sandbox, url_env: SLACK_BOT_TOKEN }
        |                                       ^
    "#);
    insta::assert_snapshot!(db("url_env: 'postgres://secret'"), @r#"
    test.yaml:10:5: a provider needs `kind:`
     10 |   - { id: db, url_env: 'postgres://secret' }
        |     ^
    test.yaml:10:24: expected the name of an environment variable such as `ORDERS_ADMIN_URL`, not its value
     10 |   - { id: db, url_env: 'postgres://secret' }
        |                        ^
    "#);
    insta::assert_snapshot!(said("owners", "owners: [group/dba]"), @r#"
    test.yaml:15:14: only a group can stand here: write `dba`, not `group/dba`
     15 |     owners: [group/dba]
        |              ^
    "#);
    insta::assert_snapshot!(said("owners", "owners: [dab]"), @r#"
    test.yaml:15:14: there is no group `dab`; did you mean `dba`?
     15 |     owners: [dab]
        |              ^
    "#);
    insta::assert_snapshot!(said("owners", "chanel: C0X"), @r#"
    test.yaml:15:5: unknown key `chanel` in a resource; did you mean `channel`?
     15 |     chanel: C0X
        |     ^
    test.yaml:24:21: `prod/orders` has no owners who could approve; write `owners:` there
     24 |     approve: [{ by: owners, count: 1 }]
        |                     ^
    "#);
    insta::assert_snapshot!(said("owners", "channel: db-access"), @r#"
    test.yaml:15:14: `db-access` is not the id of a channel; it looks like `C0DBACCESS`, not like a name
     15 |     channel: db-access
        |              ^
    test.yaml:24:21: `prod/orders` has no owners who could approve; write `owners:` there
     24 |     approve: [{ by: owners, count: 1 }]
        |                     ^
    "#);
    insta::assert_snapshot!(said("roles", "roles: []"), @r#"
    test.yaml:12:5: a resource needs at least one role
     12 |   - id: prod/orders
        |     ^
    "#);
    insta::assert_snapshot!(said("roles", "roles: [{ id: read, name: Read }, { id: read, name: R, grant: {}, risk: hihg }]"), @r#"
    test.yaml:16:13: a role needs `grant:`
     16 |     roles: [{ id: read, name: Read }, { id: read, name: R, grant: {}, risk: hihg }]
        |             ^
    test.yaml:16:77: expected one of `normal`, `high`, found `hihg`; did you mean `high`?
     16 |     roles: [{ id: read, name: Read }, { id: read, name: R, grant: {}, risk: hihg }]
        |                                                                             ^
    "#);
    insta::assert_snapshot!(said("provider: db", "provider: bd"), @r#"
    test.yaml:14:15: there is no provider `bd`; did you mean `db`?
     14 |     provider: bd
        |               ^
    "#);
}

#[test]
fn shapes_that_an_adapter_does_not_know_are_told_where_they_stand() {
    let shapes = Shapes {
        grant: &|kind, shape| {
            let known = shape.contains_key("level");
            if known { Ok(()) } else { Err(format!("a `{kind}` role needs `level`")) }
        },
        settings: &|kind, _| if kind == "sandbox" { Ok(()) } else { Err(format!("there is no provider kind `{kind}`")) },
        is_on_call: &|_| false,
        pages: &|_, _| Ok(()),
    };
    let text = WORLD.replace("level: readonly", "lvl: readonly").replace("kind: sandbox", "kind: sandbx");
    let source = vec![Source { name: "test.yaml".into(), text }];
    insta::assert_snapshot!(PolicySet::parse(source, shapes).unwrap_err(), @r#"
    test.yaml:10:21: there is no provider kind `sandbx`
     10 |   - { id: db, kind: sandbx, url_env: DB_URL }
        |                     ^
    test.yaml:16:44: a `sandbx` role needs `level`
     16 |     roles: [{ id: read, name: Read, grant: { lvl: readonly }, risk: high }]
        |                                            ^
    "#);
}

#[test]
fn groups_are_computed_from_groups_only_so_deep() {
    let chain = |length: usize| {
        let deeper = (1..length).map(|n| format!("  - {{ id: g{n}, where: {{ group: g{} }} }}\n", n - 1));
        let groups: String = deeper.rev().collect();
        format!(
            "version: 1\npeople: [{{ id: a, name: A, kind: employee }}]\ngroups:\n  - {{ id: g0, where: {{ kind: employee }} }}\n{groups}"
        )
    };
    let set = parse(&chain(16)).unwrap();
    assert_eq!(set.members(&"g15".parse().unwrap()).unwrap().len(), 1);
    assert!(parse(&chain(18)).unwrap_err().to_string().contains("more than 16 deep"));
}
