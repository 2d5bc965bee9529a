//! The real program with a real database, killed at every place that has a name, at every call that it makes, and at random;
//! and started again. However often it dies, the same story comes to the same end.
//!
//! Nobody here delivers a click twice: Slack need not. A person who saw an error may press again.

mod at_calls;
#[cfg(feature = "failpoints")]
mod at_failpoints;
mod at_random;
mod down;
pub mod story;

/// Plays a case to its end and gives what it gives; a failure is noted, so that the other cases are seen as well.
async fn note_failure<T: 'static>(failed: &mut Vec<String>, what: &str, case: impl Future<Output = T> + 'static) -> Option<T> {
    println!("{what}");
    let played = tokio::task::LocalSet::new().run_until(async { tokio::task::spawn_local(case).await }).await;
    played.inspect_err(|_| failed.push(what.to_owned())).ok()
}

/// What is to be run for the rest.
#[cfg(not(feature = "failpoints"))]
#[test]
#[ignore = "needs the failpoints feature: cargo test --features failpoints --test it kill:: -- --include-ignored"]
fn it_is_killed_at_every_failpoint() {
    panic!("this build has no failpoints: run `cargo test --features failpoints --test it kill:: -- --include-ignored`");
}
