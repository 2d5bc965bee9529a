//! The pauses. How connections live is told in the stories, against the emulator.

use super::*;

#[test]
fn pauses_double_up_to_the_longest_and_are_never_less_than_half() {
    let mut pauses = Pauses::new((Duration::from_secs(1), Duration::from_secs(5)));
    for whole_secs in [1, 2, 4, 5, 5] {
        let (pause, whole) = (pauses.next(), Duration::from_secs(whole_secs));
        assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
    }
}
