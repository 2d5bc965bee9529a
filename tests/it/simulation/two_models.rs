//! The same histories through the real database: its rules must allow all that happens, its rows must be those of the
//! simulated world, and its log replayed must give them again.

use std::collections::BTreeMap;

use daypass::access::event::Actor;
use daypass::access::ids::EntitlementId;
use daypass::access::time::Timestamp;
use daypass::store::{Store, StoreError, replay};

use super::run;
use super::world::World;

const HISTORIES: u64 = 40;

#[test]
fn the_database_holds_what_the_simulated_world_holds_and_its_log_says_the_same() {
    for seed in 0..HISTORIES {
        let mut world = World::new(seed, None);
        run(&mut world).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Timestamp::from_millis(0)).unwrap();
        let events = std::mem::take(&mut world.log);
        let (made, count) = (replay(&events).unwrap(), events.len());
        assert_eq!(made.reviews, world.reviews);
        assert_eq!((&made.requests, &made.grants, &made.entitlements), (&world.requests, &world.grants, &world.entitlements));
        store
            .write_blocking::<_, StoreError>(move |tx| tx.record_all(Timestamp::from_millis(1), &Actor::Daypass, events))
            .unwrap_or_else(|error| panic!("DAYPASS_SEED={seed}, {count} events: {error}"));
        compare(&store, world);
    }
}

fn compare(store: &Store, world: World) {
    store
        .read_blocking(move |rows| {
            for (id, request) in &world.requests {
                assert_eq!(rows.request(*id)?.as_ref(), Some(request));
            }
            for (id, review) in &world.reviews {
                assert_eq!(rows.review(*id)?.as_ref(), Some(review));
            }
            for (id, grant) in &world.grants {
                assert_eq!(rows.grant(*id)?.as_ref(), Some(grant));
            }
            for id in world.entitlements.keys() {
                assert_eq!(rows.holding(*id)?.as_ref(), Some(&world.holding(*id)));
            }
            let far = Timestamp::from_millis(i64::MAX);
            let due: BTreeMap<EntitlementId, _> =
                world.entitlements.keys().filter_map(|id| world.holding(*id).due_at().map(|at| (*id, at))).collect();
            let mut found = rows.due_holdings(far, u32::MAX)?;
            found.sort();
            assert_eq!(found, due.keys().copied().collect::<Vec<_>>());
            let requests = world.requests.values().filter_map(|request| request.due_at());
            let reviews = world.reviews.values().filter_map(|review| review.alarm_at());
            assert_eq!(rows.next_due()?, requests.chain(reviews).chain(due.into_values()).min());
            assert_eq!(rows.rows_unlike_the_log()?, Vec::<String>::new());
            rows.verify_audit()?.unwrap();
            Ok(())
        })
        .unwrap();
}
