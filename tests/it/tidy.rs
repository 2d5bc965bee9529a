//! The rules of the house, read off the sources as text: who may import whom, and what is named in one place only.
//!
//! It knows nothing of types: what the compiler or clippy can say is left to them. Each failure says where, and why the rule is there.

mod source;

use source::{Source, below, rust};

/// Which module of `src` may name which others. Whoever is not in a list is not to be named; nobody needs to name itself.
/// A new line here is a decision about the design, and has a commit of its own.
const MAY_NAME: &[(&str, &[&str])] = &[
    // The core: what follows from what, and nothing else.
    ("access", &[]),
    ("audit", &["access"]),
    ("policy", &["access"]),
    ("people", &["access", "policy"]),
    // The edges. They know the core's words, and not each other.
    ("store", &["access", "audit"]),
    ("providers", &["access"]),
    ("slack", &["access"]),
    ("clock", &["access"]),
    ("failpoint", &["config"]),
    ("telemetry", &["access"]),
    ("config", &["access", "failpoint", "policy", "slack", "telemetry"]),
    // The use cases put them together; the shell carries them.
    ("app", &["access", "clock", "failpoint", "people", "policy", "providers", "slack", "store"]),
    ("worker", &["access", "app", "clock", "failpoint", "providers", "slack", "store", "telemetry"]),
    ("routes", &["access", "app", "clock", "slack", "store", "telemetry"]),
    ("server", &["routes", "telemetry"]),
    ("admin", &["access", "app", "audit", "clock", "server", "store", "telemetry"]),
    // The demo plays Slack and a provider. It looks in from outside, as they do, or it would prove nothing.
    ("demo", &[]),
    (
        "cli",
        &[
            "access",
            "admin",
            "app",
            "audit",
            "clock",
            "config",
            "demo",
            "people",
            "policy",
            "providers",
            "routes",
            "server",
            "slack",
            "store",
            "telemetry",
            "worker",
        ],
    ),
    ("main", &["cli"]),
];

/// Where a name may be, which is part of a rule that is about one name.
struct Rule {
    /// Names; one with `::` is a path. Whole words.
    names: &'static [&'static str],
    /// Where they may be: files, or directories with a slash at the end.
    only_in: &'static [&'static str],
    why: &'static str,
}

const ONE_PLACE: &[Rule] = &[
    Rule {
        names: &["rusqlite"],
        only_in: &["src/store/", "src/demo/tamper.rs"],
        why: "SQL is spoken in `store` only, so that no row changes without its line in the audit log \
              (`demo/tamper.rs` is the attacker who has no such manners)",
    },
    Rule {
        names: &["slack_morphism"],
        only_in: &["src/slack/"],
        why: "the library's types stay inside `slack`, so that the rest of the code speaks of people and requests",
    },
    Rule {
        names: &["tokio_postgres", "postgres_protocol"],
        only_in: &["src/providers/postgres/"],
        why: "each provider keeps its own protocol to itself",
    },
    Rule {
        names: &["SystemTime", "Instant", "Utc::now", "Local::now", "Zoned::now", "Timestamp::now", "ZonedDateTime::now"],
        only_in: &["src/clock.rs", "src/demo/clock.rs", "src/demo/emulator/push.rs"],
        why: "time comes from `clock` or as an argument, so that tests can move it \
              (the demo is another program: it has a clock of its own, and measures how long an answer takes)",
    },
    Rule {
        names: &["env::var", "env::var_os", "env::vars", "env::vars_os", "env::set_var", "env::remove_var", "dotenvy"],
        only_in: &["src/config/"],
        why: "the environment is read in `config` only, which tells every problem with it at once",
    },
    Rule {
        names: &["println", "eprintln", "print", "eprint", "stdout", "stderr"],
        // `peer` reads what `getent` says.
        only_in: &["src/cli/", "src/telemetry.rs", "src/telemetry/", "src/demo/", "src/admin/peer.rs"],
        why: "what the process says goes through the log, where secrets are redacted; only the command line prints",
    },
    Rule {
        names: &["anyhow"],
        only_in: &["src/cli/", "src/demo/"],
        why: "an error of a layer is an enum, so that its caller can tell what to do; `anyhow` is for whoever only prints it",
    },
    Rule { names: &["reqwest"], only_in: &["src/providers/"], why: "there is one HTTP client, with one set of limits" },
    Rule { names: &["unsafe"], only_in: &[], why: "the whole crate forbids it" },
];

/// Files that decide without looking: what they need is handed to them.
const PURE: &[&str] = &["src/access/", "src/policy/evaluate.rs"];
/// What a file that decides without looking does not name.
const IMPURE: &[&str] = &[
    "tokio",
    "rusqlite",
    "hyper",
    "reqwest",
    "tracing",
    "clock",
    "getrandom",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
    "Mutex",
    "async",
    "await",
];

/// The longest a file may be.
const LINES_MAX: usize = 400;
/// Longer files, each with the reason and how long it may be. The list only gets shorter.
const LONGER: &[(&str, usize, &str)] = &[
    ("src/access/event.rs", 671, "one list of everything that can happen, read from top to bottom"),
    ("src/access/refusal.rs", 459, "one list of every answer that is no, read from top to bottom"),
];

/// Fails with every line at once.
fn none(title: &str, found: &[String]) {
    let mut text = String::new();
    found.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    assert!(found.is_empty(), "{title}\n{text}");
}

/// What is shipped.
fn ours() -> impl Iterator<Item = &'static Source> {
    rust().filter(|source| source.path.starts_with("src/") && !source.is_test)
}

#[test]
fn a_module_names_only_those_below_it() {
    let mut found = Vec::new();
    for source in ours().filter(|source| source.path != "src/lib.rs") {
        let module = source.module();
        let Some((_, may)) = MAY_NAME.iter().find(|(name, _)| *name == module) else {
            found.push(format!("`{module}` is not in the table of tests/it/tidy.rs: decide what it may name"));
            continue;
        };
        for (line, named) in source.modules_named() {
            let stays = named == module || may.contains(&named.as_str());
            if !stays {
                found.push(format!("{}:{line}: `{module}` names `{named}`", source.path));
            }
        }
    }
    none("Modules import down the layers only, so that each can be read, tested and replaced without those above it:", &found);
}

#[test]
fn the_table_of_layers_has_no_circle() {
    // `config` asks `failpoint` whether a value names a point, and tells it the value: two halves of one switch.
    let edges: Vec<(&str, &str)> = MAY_NAME.iter().flat_map(|(name, may)| may.iter().map(|other| (*name, *other))).collect();
    let mut edges: Vec<_> = edges.into_iter().filter(|edge| *edge != ("failpoint", "config")).collect();
    // An edge to a module that names nobody, any more, is on no circle.
    while let Some(at) = edges.iter().position(|(_, to)| !edges.iter().any(|(from, _)| from == to)) {
        edges.remove(at);
    }
    let circle: Vec<String> = edges.iter().map(|(from, to)| format!("{from} → {to}")).collect();
    none("Two modules that need each other are one module:", &circle);
}

#[test]
fn no_module_reaches_out_by_super() {
    let mut found = Vec::new();
    for source in ours() {
        for line in source.supers_out_of_the_module() {
            found.push(format!("{}:{line}", source.path));
        }
    }
    none("Another top-level module is named as `crate::…`, so that the table of layers sees it:", &found);
}

#[test]
fn what_belongs_to_one_place_is_named_there_only() {
    let mut found = Vec::new();
    for source in ours() {
        for rule in ONE_PLACE {
            if rule.only_in.iter().any(|place| source.path.starts_with(place)) {
                continue;
            }
            for name in rule.names {
                source.lines_with(name).for_each(|line| found.push(format!("{}:{line}: `{name}`: {}", source.path, rule.why)));
            }
        }
    }
    none("A name stands where it does not belong:", &found);
}

#[test]
fn what_decides_looks_at_nothing_but_its_arguments() {
    let mut found = Vec::new();
    for source in ours().filter(|source| PURE.iter().any(|place| source.path.starts_with(place))) {
        for name in IMPURE {
            source.lines_with(name).for_each(|line| found.push(format!("{}:{line}: `{name}`", source.path)));
        }
    }
    none("Decisions are pure, or neither the simulation nor a replay of the log would say anything about them:", &found);
}

#[test]
fn no_production_code_knows_that_it_is_tested() {
    let mut found = Vec::new();
    for source in ours() {
        source.test_switches().into_iter().for_each(|line| found.push(format!("{}:{line}", source.path)));
    }
    none(
        "`cfg(test)` stands before a test module, or before what only tests import; else what is tested is not what is shipped:",
        &found,
    );
}

#[test]
fn no_file_is_too_long_to_be_read_at_once() {
    let mut found = Vec::new();
    for source in rust() {
        let lines = source.text.lines().count();
        let longest = LONGER.iter().find(|(path, ..)| *path == source.path).map_or(LINES_MAX, |(_, max, _)| *max);
        if lines > longest {
            found.push(format!("{}: {lines} lines, of {longest}", source.path));
        }
    }
    for (path, ..) in LONGER {
        let lines = rust().find(|source| source.path == *path).map(|source| source.text.lines().count());
        if lines.is_none_or(|lines| lines <= LINES_MAX) {
            found.push(format!("{path}: is no exception any more; take it off the list"));
        }
    }
    none("A file ends at about 400 lines; beyond that it is two:", &found);
}

#[test]
fn every_file_says_what_it_is_for() {
    // The tests of a module are about that module.
    let unsaid = rust().filter(|source| !(source.text.starts_with("//! ") || source.is_test && source.path.starts_with("src/")));
    let found: Vec<String> = unsaid.map(|source| source.path.clone()).collect();
    none("A file opens with a sentence that says what it is for:", &found);
}

#[test]
fn no_suite_is_skipped_in_silence() {
    let mut found = Vec::new();
    for source in rust() {
        for line in source.lines_with("ignore") {
            let written = source.text.lines().nth(line - 1).unwrap_or_default();
            if written.trim_start().starts_with("#[ignore") && !written.contains("ignore = \"") {
                found.push(format!("{}:{line}", source.path));
            }
        }
    }
    none("`#[ignore]` says what the test needs, so that whoever runs the tests reads what was not run:", &found);
}

#[test]
fn what_is_left_to_do_is_not_left_in_the_code() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
    let mut found = Vec::new();
    for source in below("") {
        for (index, line) in source.text.lines().enumerate() {
            if source::has_word(line, marks[0]) || source::has_word(line, marks[1]) || source::has_word(line, marks[2]) {
                found.push(format!("{}:{}", source.path, index + 1));
            }
        }
    }
    none("A note to oneself is an issue, or it is done:", &found);
}

#[test]
fn the_project_speaks_of_itself_only() {
    // Where it was made is nobody's business: a path of one machine, or the helpers of whoever wrote it.
    let words = [
        concat!("/", "work", "/"),
        concat!("/", "root", "/"),
        concat!("AG", "ENTS"),
        concat!("Cla", "ude"),
        concat!("Chat", "GPT"),
        concat!("Co", "pilot"),
        concat!("as an ", "AI"),
        concat!("interfaces", ".md"),
        concat!("house-", "style"),
        concat!("life", "cycle.md"),
        concat!("design", ".md"),
    ];
    let mut found = Vec::new();
    for source in below("") {
        for (index, line) in source.text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(*word)) {
                found.push(format!("{}:{}: `{word}`", source.path, index + 1));
            }
            // Checks against models that are not part of this repository name their place in `.ci` only.
            if line.contains(concat!("../", "shared")) && !source.path.starts_with(".ci/") {
                found.push(format!("{}:{}: a directory outside of the repository", source.path, index + 1));
            }
        }
    }
    none("The sources name a place or a helper that strangers do not have:", &found);
}
