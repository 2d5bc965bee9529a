//! Random histories over the pure core and the worker's choices: people ask and approve, time passes and jumps, the provider
//! fails in every way it can, the process dies between any two steps. After every step the oracle looks at what is really there.
//!
//! A failure prints its seed; `DAYPASS_SEED=<seed>` replays that one history. `DAYPASS_HISTORIES` sets how many are run.

mod chaos;
mod faults;
mod glass;
mod mutants;
mod oracle;
mod people;
mod provider;
mod rng;
mod tally;
mod two_models;
mod whole;
mod world;

use std::panic::AssertUnwindSafe;

use world::{Mutant, World};

/// So many histories may pass before a seeded defect is caught.
const MUTANT_HISTORIES: u64 = 300_000;

/// Steps of one history before the world calms down and everything must end.
const STEPS: usize = 60;

fn setting(name: &str) -> Option<u64> {
    std::env::vars().find(|(key, _)| key == name).and_then(|(_, value)| value.parse().ok())
}

/// Runs one history to its end; the error says what the oracle saw.
fn history(seed: u64, mutant: Option<Mutant>) -> Result<tally::Tally, String> {
    let mut world = World::new(seed, mutant);
    run(&mut world)?;
    Ok(world.tally())
}

fn run(world: &mut World) -> Result<(), String> {
    for _ in 0..STEPS {
        world.step()?;
        oracle::after_every_step(world)?;
    }
    world.calm_down()?;
    oracle::in_the_end(world)
}

fn guarded(seed: u64, mutant: Option<Mutant>) -> Result<tally::Tally, String> {
    std::panic::catch_unwind(AssertUnwindSafe(|| history(seed, mutant))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        Err(format!("panicked: {}", text.unwrap_or_default()))
    })
}

#[test]
fn no_history_leaves_access_over_or_says_ended_while_it_is_there() {
    if let Some(seed) = setting("DAYPASS_SEED") {
        let mut world = World::new(seed, None);
        if let Err(problem) = run(&mut world) {
            world.log.iter().for_each(|event| println!("{event:?}"));
            panic!("{problem}");
        }
        return;
    }
    let histories = setting("DAYPASS_HISTORIES").unwrap_or(3_000);
    let threads = 2;
    let tallies: Vec<tally::Tally> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                scope.spawn(move || {
                    let mut tally = tally::Tally::default();
                    for seed in (worker..histories).step_by(threads as usize) {
                        match guarded(seed, None) {
                            Ok(seen) => tally.add(&seen),
                            Err(problem) => panic!("DAYPASS_SEED={seed}: {problem}"),
                        }
                    }
                    tally
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let mut total = tally::Tally::default();
    tallies.iter().for_each(|tally| total.add(tally));
    println!("{histories} histories: {total:?}");
    total.assert_interesting();
}

#[test]
fn every_seeded_defect_is_caught() {
    for mutant in mutants::ALL {
        let caught = (0..MUTANT_HISTORIES).find_map(|seed| guarded(seed, Some(mutant)).err().map(|problem| (seed, problem)));
        let (seed, problem) = caught.unwrap_or_else(|| panic!("{mutant:?} was not caught in {MUTANT_HISTORIES} histories"));
        println!("{mutant:?} caught by seed {seed}: {problem}");
    }
}
