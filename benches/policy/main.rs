//! How fast the policy is, beside what it is waited for with: one judgement and one durable commit, one load of large files
//! and one start of another program, and a plan over ten thousand requests. The ratios are printed at the end.
//!
//! `cargo bench --bench policy`. It makes no claim by itself: what is too slow is for whoever reads it to say.

mod history;
mod world;

use std::cell::Cell;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use criterion::Criterion;
use daypass::policy::parse::Shapes;
use daypass::policy::{Facts, PolicySet, evaluate, load};
use daypass::store::{Store, StoreError, Tx};
use world::{About, Accounts};

/// How often each is measured for the ratios.
const ROUNDS: usize = 41;

fn main() -> anyhow::Result<()> {
    // On the disk of the build, since a temporary directory may be in memory, where a commit costs nothing.
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let (files, wide) = (dir.path().join("policies"), dir.path().join("wide"));
    let few = dir.path().join("few");
    world::write(&files, About::Areas, Accounts::Everywhere)?;
    world::write(&few, About::Areas, Accounts::Three)?;
    world::write(&wide, About::Everything, Accounts::Everywhere)?;
    let (set, wide) = (load(&files, Shapes::UNCHECKED)?, load(&wide, Shapes::UNCHECKED)?);
    let store = Store::open(&dir.path().join("data"), world::NOW)?;
    let bench = Bench {
        files: &files,
        few: &few,
        set: &set,
        wide: &wide,
        facts: world::question()?,
        store: &store,
        commits: Cell::new(0),
    };

    // What fails takes no time.
    bench.commit()?;

    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("evaluate/100 policies, 1 000 people", |b| b.iter(|| bench.evaluate(bench.set)));
    criterion.bench_function("evaluate/100 policies that are all about it", |b| b.iter(|| bench.evaluate(bench.wide)));
    criterion
        .bench_function("load/1 000 people, 500 resources", |b| b.iter_with_large_drop(|| load(bench.few, Shapes::UNCHECKED)));
    criterion
        .bench_function("load/the same, ten accounts each", |b| b.iter_with_large_drop(|| load(bench.files, Shapes::UNCHECKED)));
    criterion.bench_function("commit/durable", |b| b.iter(|| bench.commit()));
    criterion.bench_function("start/git --version", |b| b.iter(start_git));
    criterion.final_summary();
    // Under `cargo test` benches only have to build and run once.
    if std::env::args().any(|arg| arg == "--bench") { ratios(&bench, dir.path()) } else { Ok(()) }
}

struct Bench<'a> {
    files: &'a Path,
    few: &'a Path,
    set: &'a PolicySet,
    wide: &'a PolicySet,
    facts: Facts,
    store: &'a Store,
    commits: Cell<u64>,
}

impl Bench<'_> {
    fn evaluate(&self, set: &PolicySet) {
        black_box(evaluate(set, black_box(&self.facts), world::NOW));
    }

    /// Each time with another value: SQLite writes nothing, and waits for no disk, where a row stays as it is.
    fn commit(&self) -> Result<(), StoreError> {
        let number = self.commits.get() + 1;
        self.commits.set(number);
        let text = format!("{number:0200}");
        let job = move |tx: &mut Tx<'_>| tx.keep_fingerprint(&world::provider()?, &text, world::NOW);
        self.store.write_blocking(job)
    }
}

/// The parser alone, one file after the other, with nothing of ours.
fn parse_yaml(dir: &Path) {
    for name in ["people.yaml", "resources.yaml", "policies.yaml"] {
        let text = std::fs::read_to_string(dir.join(name)).unwrap_or_default();
        black_box(saphyr_parser::Parser::new_from_str(&text).count());
    }
}

fn start_git() {
    drop(black_box(Command::new("git").arg("--version").stdout(Stdio::null()).status()));
}

/// Has the kernel forget what it holds of files, so that a program is read from the disk. Whether it did.
fn forget_files() -> bool {
    rustix::fs::sync();
    std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}

fn ratios(bench: &Bench<'_>, dir: &Path) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let times = |part: Duration, whole: Duration| whole.as_secs_f64() / part.as_secs_f64();
    let [judged, judged_wide, committed] = medians(
        ROUNDS,
        [
            &mut || timed(|| (0..1000).for_each(|_| bench.evaluate(bench.set))) / 1000,
            &mut || timed(|| (0..1000).for_each(|_| bench.evaluate(bench.wide))) / 1000,
            &mut || timed(|| drop(black_box(bench.commit()))),
        ],
    );
    writeln!(out, "\nmedians of {ROUNDS}, each measured in turn with those beside it")?;
    writeln!(out, "  one durable commit {committed:?}; one judgement {judged:?}: {:.0} to one", times(judged, committed))?;
    writeln!(out, "  the same where all 100 rules are about it {judged_wide:?}: {:.0} to one", times(judged_wide, committed))?;
    for (accounts, files) in [("three", bench.few), ("ten", bench.files)] {
        let is_cold = forget_files();
        let [started, started_cold, loaded, parsed] = medians(
            ROUNDS,
            [
                &mut || timed(start_git),
                &mut || {
                    forget_files();
                    timed(start_git)
                },
                &mut || {
                    // The files are in memory, as they are right after they were written; what was loaded is kept.
                    drop(load(files, Shapes::UNCHECKED));
                    let mut kept = None;
                    timed(|| kept = Some(black_box(load(files, Shapes::UNCHECKED))))
                },
                &mut || timed(|| parse_yaml(files)),
            ],
        );
        writeln!(out, "  one load, {accounts} accounts each, {loaded:?} (the YAML parser alone, on one core, {parsed:?})")?;
        writeln!(out, "    one start of `git --version` {started:?}: {:.2} to one", times(loaded, started))?;
        if is_cold {
            writeln!(out, "    one such start from the disk, cold, {started_cold:?}: {:.2} to one", times(loaded, started_cold))?;
        } else {
            writeln!(out, "    a cold start was not measured: only root on Linux can have the kernel forget files")?;
        }
    }
    history::write(&dir.join("past"), &dir.join("proposed"))?;
    let [planned] = medians(5, [&mut || timed(|| plan(dir))]);
    writeln!(out, "  a plan over {} requests, as a process of its own: {planned:?}", history::REQUESTS)?;
    Ok(())
}

fn plan(dir: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command.args(["policy", "plan", "--since", "366d", "--format", "json", "--dir"]).arg(dir.join("proposed"));
    command.env("DAYPASS_DATA_DIR", dir.join("past")).stdout(Stdio::null());
    drop(black_box(command.status()));
}

/// The median of each of these. They take turns, so that what slows the machine for a while slows all of them.
fn medians<const N: usize>(rounds: usize, mut measures: [&mut dyn FnMut() -> Duration; N]) -> [Duration; N] {
    let mut took: [Vec<Duration>; N] = std::array::from_fn(|_| Vec::with_capacity(rounds));
    for _ in 0..rounds {
        for (measure, took) in measures.iter_mut().zip(&mut took) {
            took.push(measure());
        }
    }
    took.map(|mut took| {
        took.sort();
        took.get(rounds / 2).copied().unwrap_or_default()
    })
}

#[expect(clippy::disallowed_methods, reason = "real time is what is measured here")]
fn timed(mut run: impl FnMut()) -> Duration {
    let started = Instant::now();
    run();
    started.elapsed()
}
