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
use world::About;

/// How often each is measured for the ratios.
const ROUNDS: usize = 101;
/// How often a cold start is.
const COLD_ROUNDS: usize = 11;

fn main() -> anyhow::Result<()> {
    // On the disk of the build, since a temporary directory may be in memory, where a commit costs nothing.
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let (files, wide) = (dir.path().join("policies"), dir.path().join("wide"));
    world::write(&files, About::Areas)?;
    world::write(&wide, About::Everything)?;
    let (set, wide) = (load(&files, Shapes::UNCHECKED)?, load(&wide, Shapes::UNCHECKED)?);
    let store = Store::open(&dir.path().join("data"), world::NOW)?;
    let bench = Bench { files: &files, set: &set, wide: &wide, facts: world::question()?, store: &store, commits: Cell::new(0) };

    // What fails takes no time.
    bench.commit()?;

    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("evaluate/100 policies, 1 000 people", |b| b.iter(|| bench.evaluate(bench.set)));
    criterion.bench_function("evaluate/100 policies that are all about it", |b| b.iter(|| bench.evaluate(bench.wide)));
    criterion.bench_function("load/1 000 people, 500 resources", |b| b.iter(|| bench.load()));
    criterion.bench_function("commit/durable", |b| b.iter(|| bench.commit()));
    criterion.bench_function("start/git --version", |b| b.iter(start_git));
    criterion.final_summary();
    // Under `cargo test` benches only have to build and run once.
    if std::env::args().any(|arg| arg == "--bench") { ratios(&bench, dir.path()) } else { Ok(()) }
}

struct Bench<'a> {
    files: &'a Path,
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

    /// The parser alone, with nothing of ours: what a load cannot be faster than.
    fn parse_yaml(&self) {
        for name in ["people.yaml", "resources.yaml", "policies.yaml"] {
            let text = std::fs::read_to_string(self.files.join(name)).unwrap_or_default();
            black_box(saphyr_parser::Parser::new_from_str(&text).count());
        }
    }

    fn load(&self) {
        drop(black_box(load(self.files, Shapes::UNCHECKED)));
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

fn start_git() {
    drop(black_box(Command::new("git").arg("--version").stdout(Stdio::null()).status()));
}

/// Has the kernel forget what it holds of files, so that a program is read from the disk. Whether it did.
fn forget_files() -> bool {
    rustix::fs::sync();
    std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}

fn ratios(bench: &Bench<'_>, dir: &Path) -> anyhow::Result<()> {
    let judged = median(|| (0..1000).for_each(|_| bench.evaluate(bench.set))) / 1000;
    let judged_wide = median(|| (0..1000).for_each(|_| bench.evaluate(bench.wide))) / 1000;
    let committed = median(|| drop(black_box(bench.commit())));
    let loaded = median(|| bench.load());
    let parsed = median(|| bench.parse_yaml());
    let started = median(start_git);
    let started_cold = forget_files().then(|| median_after(COLD_ROUNDS, || _ = forget_files(), start_git));
    let mut out = std::io::stdout().lock();
    let times = |part: Duration, whole: Duration| whole.as_secs_f64() / part.as_secs_f64();
    writeln!(out, "\nmedians of {ROUNDS}")?;
    writeln!(out, "  one durable commit {committed:?}; one judgement {judged:?}: {:.0} to one", times(judged, committed))?;
    writeln!(out, "  the same where all 100 rules are about it {judged_wide:?}: {:.0} to one", times(judged_wide, committed))?;
    writeln!(out, "  one start of `git --version` {started:?}; one load {loaded:?}: {:.2} to one", times(loaded, started))?;
    match started_cold {
        Some(cold) => writeln!(out, "  one such start from the disk, cold, {cold:?}: {:.2} to one", times(loaded, cold))?,
        None => writeln!(out, "  a cold start was not measured: only root on Linux can have the kernel forget files")?,
    }
    writeln!(out, "  of a load, the YAML parser alone, without us: {parsed:?}")?;
    history::write(&dir.join("past"), &dir.join("proposed"))?;
    let planned = median_of(5, || plan(dir));
    writeln!(out, "  a plan over {} requests, as a process of its own: {planned:?}", history::REQUESTS)?;
    Ok(())
}

fn plan(dir: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command.args(["policy", "plan", "--since", "366d", "--format", "json", "--dir"]).arg(dir.join("proposed"));
    command.env("DAYPASS_DATA_DIR", dir.join("past")).stdout(Stdio::null());
    drop(black_box(command.status()));
}

fn median(run: impl FnMut()) -> Duration {
    median_of(ROUNDS, run)
}

fn median_of(rounds: usize, run: impl FnMut()) -> Duration {
    median_after(rounds, || {}, run)
}

/// The median of what `run` takes, each time after `before`, which is not counted.
fn median_after(rounds: usize, mut before: impl FnMut(), mut run: impl FnMut()) -> Duration {
    let round = |_| {
        before();
        timed(&mut run)
    };
    let mut took: Vec<Duration> = (0..rounds).map(round).collect();
    took.sort();
    took.get(rounds / 2).copied().unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "real time is what is measured here")]
fn timed(run: &mut impl FnMut()) -> Duration {
    let started = Instant::now();
    run();
    started.elapsed()
}
