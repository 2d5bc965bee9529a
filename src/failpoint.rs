//! Named points at which a test can end the process, as a crash or a power failure would. Absent from builds without the
//! feature `failpoints`: there [`hit`] does nothing.
//!
//! A test sets `DAYPASS_FAILPOINT=before-commit`, or `before-commit:3` for the third time that the point is passed. Without a
//! working process there is nothing to tidy up, so that nothing is: `abort` runs no destructors.

/// Every point there is, so that a test can go through all of them.
pub const POINTS: &[&str] = &[
    // Everything of a decision is written, and its transaction is not committed.
    "before-commit",
    // A decision is committed, and nobody was told.
    "after-commit",
    // A call to a provider is written down as started, and was not made.
    "before-provider-call",
    // A provider has answered, and the answer is not written down.
    "after-provider-call",
    // A message is to be delivered, and was not.
    "before-delivery",
    // Slack has a message, and that is not written down.
    "after-delivery",
];

/// Ends the process here, if the environment says so.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn hit(_point: &str) {}

/// Whether this build would end somewhere by this value of `DAYPASS_FAILPOINT`. A misspelt point would let a test pass.
pub fn understands(text: &str) -> bool {
    #[cfg(feature = "failpoints")]
    return Chosen::parse(text).is_some();
    #[cfg(not(feature = "failpoints"))]
    return text.is_empty();
}

/// Ends the process here, if the environment says so.
#[cfg(feature = "failpoints")]
pub fn hit(point: &str) {
    debug_assert!(POINTS.contains(&point), "`{point}` is not among the points");
    static CHOSEN: std::sync::OnceLock<Option<Chosen>> = std::sync::OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| crate::config::failpoint().as_deref().and_then(Chosen::parse));
    if chosen.as_ref().is_some_and(|chosen| chosen.is_now(point)) {
        std::process::abort();
    }
}

/// Which point, and how often it is passed before that.
#[cfg(feature = "failpoints")]
struct Chosen {
    point: String,
    passes_left: std::sync::atomic::AtomicI64,
}

#[cfg(feature = "failpoints")]
impl Chosen {
    fn parse(text: &str) -> Option<Chosen> {
        let (point, nth) = text.split_once(':').unwrap_or((text, "1"));
        let nth: i64 = nth.parse().ok().filter(|nth| *nth > 0)?;
        POINTS.contains(&point).then(|| Chosen { point: point.to_owned(), passes_left: (nth - 1).into() })
    }

    fn is_now(&self, point: &str) -> bool {
        self.point == point && self.passes_left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) == 0
    }
}

#[cfg(all(test, feature = "failpoints"))]
mod tests {
    use super::*;

    #[test]
    fn only_the_nth_pass_of_the_chosen_point_counts() {
        let chosen = Chosen::parse("before-commit:3").unwrap();
        let seen: Vec<bool> = ["before-commit", "after-commit", "before-commit", "before-commit", "before-commit"]
            .map(|point| chosen.is_now(point))
            .into();
        assert_eq!(seen, [false, false, false, true, false]);
        assert!(Chosen::parse("after-commit").unwrap().is_now("after-commit"));
    }

    #[test]
    fn what_is_no_point_ends_nothing() {
        for text in ["", "nowhere", "before-commit:0", "before-commit:x"] {
            assert!(Chosen::parse(text).is_none(), "{text}");
        }
    }
}
