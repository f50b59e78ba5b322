//! Progress is told now and then, and never falls.

use std::sync::Arc;

use haft::{clock::control::freeze, engine::media::flow::Meter};
use parking_lot::Mutex;

use crate::bed::ms;

#[test]
fn progress_is_told_each_tenth_of_a_second_and_at_the_end() {
    let clock = freeze();
    let told: Arc<Mutex<Vec<(u64, u64)>>> = Arc::default();
    let ear = Arc::clone(&told);
    let meter = Meter::new(Arc::new(move |sent, received| ear.lock().push((sent, received))));
    // Nothing to tell yet.
    meter.moved(0, 0, false);
    for step in 0..=25 {
        meter.moved(10 + step, step / 2, false);
        clock.advance(ms(10));
    }
    assert_eq!(*told.lock(), [(10, 0), (20, 5), (30, 10)]);
    // What is less than before is not believed; the end is told at once, and once.
    meter.moved(5, 13, true);
    meter.moved(35, 13, true);
    meter.moved(0, 0, true);
    assert_eq!(told.lock()[3..], [(30, 13), (35, 13)]);
}
