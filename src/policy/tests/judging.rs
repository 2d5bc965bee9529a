//! What the example says to the people of its story.

use super::*;

#[test]
fn maya_reads_orders_on_a_tuesday_and_an_owner_decides() {
    let verdict = judged("maya prod/orders readonly 2h", tuesday());
    assert_eq!(steps(&verdict), "group/dba 1");
}
