//! What every engine of the event log does: one list of cases ([`suite!`]), run by each engine's own test target.
//!
//! A target names this file as `crate::conformance` and calls `conformance::suite!(memory, support::memory_rig().await)`
//! for each engine. A case that is not on the list is dead code, and clippy refuses it; so no engine is spared one.
//! The numbers are those of the conformance list C1 to C30. Cases without a number are what the port says beside it.
//! An engine that counts without gaps is held to exact positions and times, another to their order ([`Rig::everything`]).
//!
//! Not offered by the port, and so without a case: deleting a stream and what a tombstone answers (C13, C14, C15, C29:
//! nothing is ever deleted), truncation and `maxCount` and `maxAge` (the lower half of C17, C19, C20: streams are kept
//! whole), reading by a filter (C22: followers read everything), links (C30: streams hold records only).
#![allow(clippy::unwrap_used)]

pub mod appends;
mod clock;
pub mod following;
pub mod promises;
pub mod reads;
mod samples;
pub mod sealed;

use std::sync::Arc;

use async_trait::async_trait;
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::{Appended, Direction, EventLog, Expected, Item, LogError, NewEvent};

pub use clock::TestClock;
#[allow(unused_imports)]
pub use samples::{at, conflict, event, id, records_of, revision_of, stream};

/// Items of a page when the whole log is read: small enough that most cases turn a page, large enough for ten thousand.
const PAGE_ITEMS: usize = 64;

/// An engine with its clock.
pub struct Rig {
    pub log: Arc<dyn EventLog>,
    pub clock: Arc<TestClock>,
    engine: Box<dyn Engine>,
}

/// What stands behind the log: a directory, a server, nothing.
#[async_trait]
pub trait Engine: Send {
    /// Closes the log and opens it again; an engine that would forget stays as it is. `log` is the last handle.
    async fn reopen(&mut self, log: Arc<dyn EventLog>, clock: &Arc<TestClock>) -> Arc<dyn EventLog>;
}

impl Rig {
    pub fn new(log: Arc<dyn EventLog>, clock: Arc<TestClock>, engine: Box<dyn Engine>) -> Self {
        Self { log, clock, engine }
    }

    /// Appends to the stream `test-<id>`.
    pub async fn append(&self, id: &str, expected: Expected, events: Vec<NewEvent>) -> Result<Appended, LogError> {
        self.log.append(&stream(id), expected, events).await
    }

    /// Reads the stream `test-<id>`.
    pub async fn read(&self, id: &str, direction: Direction, from: Option<u64>, limit: usize) -> Vec<Item> {
        self.log.read_stream(&stream(id), direction, from, limit).await.unwrap()
    }

    /// Closes and opens the log. Whatever else holds it must have let go.
    pub async fn reopen(&mut self) {
        let stand_in = MemoryLog::new(self.clock.clone());
        let log = std::mem::replace(&mut self.log, stand_in);
        self.log = self.engine.reopen(log, &self.clock).await;
    }

    /// The whole log, read page by page while nobody writes. Holds it to what is promised of pages and positions:
    /// these strictly increase, the last is the announced head, and without gaps they count from 1.
    pub async fn everything(&self) -> Vec<Item> {
        let head = *self.log.head().borrow();
        let mut after = self.log.origin();
        let mut items: Vec<Item> = Vec::new();
        loop {
            let page = self.log.read_all(after, PAGE_ITEMS).await.unwrap();
            assert!(page.items.len() <= PAGE_ITEMS);
            let last = page.items.last().map_or(after, Item::position);
            assert!(last <= page.next && page.next <= head, "{} {} {head}", last, page.next);
            if self.log.gapless() {
                assert_eq!(page.next, last);
                assert_eq!(page.caught_up, page.next == head);
            }
            let caught_up = page.caught_up;
            assert!(
                caught_up || !page.items.is_empty(),
                "a follower would wait here for ever"
            );
            after = page.next;
            items.extend(page.items);
            if caught_up {
                break;
            }
        }
        let mut before = self.log.origin();
        for item in &items {
            assert!(item.position() > before, "{} after {before}", item.position());
            assert_eq!(item.position().epoch, head.epoch);
            before = item.position();
        }
        assert_eq!(before, head);
        if self.log.gapless() {
            let numbers: Vec<u64> = items.iter().map(|item| item.position().number).collect();
            assert!(numbers.iter().copied().eq((1..).take(items.len())), "{numbers:?}");
        }
        items
    }

    /// How many records the log holds.
    pub async fn count(&self) -> usize {
        self.everything().await.len()
    }
}

/// Makes a module with every case for an engine: its name, what makes a [`Rig`] (anew for each case), and attributes for
/// the tests, if any, e.g. `#[ignore = "needs a server"]`.
macro_rules! suite {
    ($engine:ident, $rig:expr $(, $(#[$attribute:meta])+)?) => {
        mod $engine {
            crate::conformance::suite! { @cases { $rig } [$($(#[$attribute])+)?]
                appends::c01_no_stream_on_a_new_stream_is_stored_from_revision_0
                appends::c02_repeating_it_gives_the_same_records_and_stores_nothing
                appends::c03_no_stream_with_other_ids_is_a_conflict
                appends::c04_the_exact_head_is_stored_after_it
                appends::c05_a_repetition_after_later_appends_gives_the_first_records
                appends::c06_a_prefix_at_the_old_expectation_is_a_repetition
                appends::c07_a_superset_at_the_old_expectation_is_a_conflict
                appends::c08_shuffled_ids_at_the_old_expectation_are_a_conflict
                appends::c09_an_expectation_beyond_the_head_is_a_conflict
                appends::c10_an_id_already_in_the_stream_is_stored_again_at_the_head
                appends::c11_one_id_in_two_streams_is_stored_in_both
                appends::c12_two_equal_ids_in_one_append_are_two_records
                appends::c25_what_is_too_large_is_refused_and_nothing_of_it_stored
                appends::c26_an_empty_append_is_refused
                appends::c27_a_caller_that_goes_away_and_retries_has_written_once
                appends::a_head_with_another_hash_is_a_conflict
                appends::two_who_append_the_same_at_once_store_it_once_and_get_the_same_records
                appends::a_repetition_after_a_restart_gives_the_first_records
                reads::c16_a_stream_that_is_not_there_is_not_found
                reads::c17_reading_on_from_beyond_the_end_is_empty
                reads::c18_backwards_from_the_end_one_record_is_the_last
                reads::reads_of_a_stream_are_bounded_and_chained
                reads::pages_of_a_stream_fit_together_from_the_first_record_to_the_last
                reads::pages_of_the_log_are_bounded_in_items_and_bytes
                reads::an_item_stands_at_its_position_and_nowhere_else
                reads::streams_of_a_category_come_in_order_of_creation
                reads::a_new_log_is_empty_and_takes_writes
                following::c21_concurrent_writers_leave_no_gap_and_no_disorder
                following::c23_resuming_from_a_checkpoint_neither_repeats_nor_loses
                following::c24_following_from_the_head_says_caught_up_first
                following::c28_a_position_beyond_the_head_or_of_another_epoch_is_refused
                following::every_position_that_was_given_out_is_reached
                promises::recorded_time_strictly_increases_and_resolves_to_positions
                promises::a_clock_that_runs_back_or_away_refuses_writes
                promises::a_stream_takes_ten_thousand_events_and_no_more
                promises::clear_personal_data_is_refused_wherever_it_hides
                promises::metadata_that_the_log_fills_in_may_not_be_brought
                promises::what_was_refused_leaves_the_log_writable
                sealed::sealed_records_move_to_another_log_unchanged
                sealed::sealed_records_that_do_not_fit_are_refused
                sealed::sealed_records_that_are_there_already_are_a_conflict
                sealed::sealed_records_of_several_streams_are_taken_in_their_order
                sealed::a_batch_of_which_one_record_does_not_fit_leaves_nothing_behind
                sealed::sealed_records_above_the_limits_are_refused
            }
        }
    };
    (@cases $rig:tt $attributes:tt $($file:ident :: $case:ident)*) => {
        $( crate::conformance::suite! { @case $rig $attributes $file $case } )*
    };
    (@case { $rig:expr } [$($attributes:tt)*] $file:ident $case:ident) => {
        $($attributes)*
        #[tokio::test]
        async fn $case() {
            let rig: crate::conformance::Rig = $rig;
            crate::conformance::$file::$case(rig).await;
        }
    };
}

pub(crate) use suite;
