//! Memberships: what was there before us stays, what we made goes, and so do the sessions that could outlive it.

use daypass::access::entitlement::{Class, Mark, Seen, Target};
use daypass::providers::Ensured;

use super::{can_read, is_in};
use crate::support::postgres::{Version, World};

pub(super) async fn a_session_that_became_the_group_is_gone_at_the_end(w: World) {
    let access = w.membership().await;
    access.granted().await.unwrap();
    if w.version == Version::V18 {
        // What we grant cannot be switched to. Somebody who may, changes that behind our back.
        let maya = w.person_logs_in().await;
        assert!(maya.batch_execute(&format!("SET ROLE {}", w.group)).await.is_err());
        assert!(can_read(&maya).await);
        w.root_runs(&format!("GRANT {} TO {} WITH SET TRUE GRANTED BY {}", w.group, w.person, w.bot)).await;
        assert!(matches!(access.seen().await.seen, Seen::Present { level, .. } if level != access.level), "that is drift");
    }
    let maya = w.person_logs_in().await;
    maya.batch_execute(&format!("SET ROLE {}", w.group)).await.unwrap();
    assert!(can_read(&maya).await);

    access.revoked().await.unwrap();
    assert_eq!(access.seen().await.seen, Seen::Absent);
    assert!(!is_in(&maya).await, "the session is gone");
    assert!(!can_read(&w.person_logs_in().await).await, "and a new one has no right");
}

pub(super) async fn a_standing_membership_is_left_as_it_was(w: World) {
    w.root_runs(&format!("GRANT {} TO {}", w.group, w.person)).await;
    let access = w.membership().await;
    let prior = access.seen().await;
    let Seen::Present { level, until: None } = prior.seen else { panic!("{prior:?}") };
    assert_eq!(prior.mark, Mark::Unmarked);
    assert_eq!(level, access.level);

    // Granted, and ended by going back to what was there before.
    assert_eq!(access.granted().await.unwrap(), Ensured::AlreadySo);
    let back = Target::Present { level, until: None };
    assert_eq!(access.ensure(&back).await.unwrap(), Ensured::AlreadySo);
    assert!(can_read(&w.person_logs_in().await).await);

    // Lost in between, it is put back.
    w.root_runs(&format!("REVOKE {} FROM {}", w.group, w.person)).await;
    assert_eq!(access.ensure(&back).await.unwrap(), Ensured::Made);
    assert!(can_read(&w.person_logs_in().await).await);

    if w.version == Version::V18 {
        // A membership without the group's rights is raised, and lowered again to what it was.
        access.revoked().await.unwrap();
        w.root_runs(&format!("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE", w.group, w.person)).await;
        let Seen::Present { level, .. } = access.seen().await.seen else { panic!() };
        assert!(level.rank < access.level.rank, "{level:?}");
        assert_eq!(access.granted().await.unwrap(), Ensured::Made);
        assert!(can_read(&w.person_logs_in().await).await);
        let back = Target::Present { level, until: None };
        assert_eq!(access.ensure(&back).await.unwrap(), Ensured::Made);
        assert!(access.seen().await.seen.satisfies(&back));
        assert!(!can_read(&w.person_logs_in().await).await);
    }
}

pub(super) async fn a_membership_that_somebody_else_granted_meanwhile_is_not_taken(w: World) {
    let access = w.membership().await;
    access.granted().await.unwrap();
    if w.version == Version::V15 {
        // One row for everybody: theirs takes the place of ours.
        w.root_runs(&format!("REVOKE {} FROM {}", w.group, w.person)).await;
    }
    w.root_runs(&format!("GRANT {} TO {}", w.group, w.person)).await;

    if w.version == Version::V18 {
        assert_eq!(access.revoked().await.unwrap(), Ensured::Made, "ours goes");
    }
    let error = access.revoked().await.unwrap_err();
    assert_eq!((error.trouble.class, error.trouble.code.as_str()), (Class::NeedsHuman, "held_by_other"));
    assert!(error.trouble.message.contains("postgres"), "{error}");
    let seen = access.seen().await;
    assert!(matches!(seen.seen, Seen::Present { .. }), "{seen:?}");
    assert_eq!(seen.mark, Mark::Unmarked);
}
