//! Defects seeded on purpose. The list of what caught each is printed by the test that runs them.

use super::world::Mutant;

pub const ALL: [Mutant; 9] = [
    Mutant::NoReadBack,
    Mutant::GivesUpAfterSixTries,
    Mutant::ScheduleAfterGrant,
    Mutant::TimersInMemoryOnly,
    Mutant::AcknowledgesBeforeCommit,
    Mutant::CallsBeforeCommit,
    Mutant::IgnoresEndWhileProvisioning,
    Mutant::AppliesLateAnswers,
    Mutant::NoCompareAndSet,
];
