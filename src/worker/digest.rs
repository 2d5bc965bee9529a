//! Owes a digest at the times of its schedule. Which one was owed last stands in the database, so that a restart owes none twice, and
//! only the latest of those that were missed.

use std::sync::Arc;

use tokio::sync::watch;
use tracing::error;

use super::SLEEP_MAX;
use crate::access::time::Timestamp;
use crate::app::App;

/// Looks from time to time whether the schedule has fired.
pub(super) async fn on_schedule(app: Arc<App>, schedule: Option<cron::Schedule>, mut stop: watch::Receiver<bool>) {
    let Some(schedule) = schedule else { return };
    while !*stop.borrow() {
        if let Some(fired) = latest(&schedule, app.wall())
            && let Err(problem) = app.owe_digest(fired).await
        {
            error!(%problem, "a digest could not be noted");
        }
        if super::rest(&mut stop, SLEEP_MAX).await {
            return;
        }
    }
}

/// The latest time of the schedule that is not ahead of `now`.
pub fn latest(schedule: &cron::Schedule, now: Timestamp) -> Option<Timestamp> {
    // Schedules know whole seconds, and what comes before is looked for: before the next second.
    let now = chrono::DateTime::from_timestamp_millis(now.as_secs().saturating_add(1).saturating_mul(1000))?;
    let fired: chrono::DateTime<chrono::Utc> = schedule.after(&now).next_back()?;
    Some(Timestamp::from_millis(fired.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    #[test]
    fn the_latest_time_is_found_at_it_and_after_it() {
        let schedule = cron::Schedule::from_str("0 0 9 * * *").unwrap();
        let at = |text: &str| Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        for (now, fired) in [
            ("2026-03-17T08:59:59.999Z", "2026-03-16T09:00:00Z"),
            ("2026-03-17T09:00:00Z", "2026-03-17T09:00:00Z"),
            ("2026-03-17T23:00:00Z", "2026-03-17T09:00:00Z"),
        ] {
            assert_eq!(latest(&schedule, at(now)), Some(at(fired)), "{now}");
        }
    }
}
