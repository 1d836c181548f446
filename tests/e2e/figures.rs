//! Every figure of a page equals the gRPC reply, plain SQL over the views, and a naive fold over the log: for the whole,
//! every division in which something lies, and single institutions and persons, at two days.
//!
//! A figure of a page is an element with `data-figure`. `pages` names those of each page; one that is not named there, and
//! a number that stands outside of a figure, fails.

mod compare;
mod counts;
mod grpc;
mod histories;
mod house;
mod naive;
mod page;
mod pages;
mod sql;

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use yujian_domain::time::day_of;

use crate::figures::compare::History;
use crate::figures::house::House;
use crate::figures::naive::World;
use crate::small;
use crate::support::knob;

/// Lengths of codes of divisions.
const CITY: usize = 4;
const TOWNSHIP: usize = 9;
/// The last day of the small demonstration's story, and its seed.
const STORY_ENDS: Date = date(2026, 6, 30);
const STORY_SEED: u64 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_the_demo_is_the_same_by_page_grpc_sql_and_a_naive_fold() {
    let (_home, data) = small::copy();
    let house = House::of_demo(&data, STORY_SEED, STORY_ENDS).await;
    let world = World::of(house.log.as_ref()).await;
    let mut history = History::new("demo".to_owned(), &house.address, house.channel().await, &data, world);
    for (at, longest) in [(STORY_ENDS, TOWNSHIP), (STORY_ENDS.saturating_add(70.days()), CITY)] {
        house.show(at);
        history.all(at, longest).await;
    }
    history.lists_row_by_row().await;
    history.single().await;
    history.cases().await;
    history.status().await;
    assert!(history.seen.len() > 60, "{:?}", history.seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_serves_the_same_figures() {
    let (_home, data) = small::copy();
    // One process a directory: the log is read in another copy.
    let (_other, log) = small::copy();
    let house = House::of_demo(&log, STORY_SEED, STORY_ENDS).await;
    let world = World::of(house.log.as_ref()).await;
    let server = small::serve(&data, &["--quiet"]);
    let today = day_of(jiff::Timestamp::now());
    let mut history = History::new(
        "binary".to_owned(),
        &server.address,
        server.channel().await,
        &data,
        world,
    );
    history.all(today, CITY).await;
}

/// Histories of seeds in steps of two, so that two tests share the work.
async fn random_histories(first: u64) {
    let mut seen = BTreeSet::new();
    let first = knob("YUJIAN_TEST_SEED", 1) + first;
    for seed in (first..)
        .step_by(2)
        .take(usize::try_from(knob("YUJIAN_TEST_HISTORIES", 10)).unwrap())
    {
        let (house, data) = histories::random(seed).await;
        let world = World::of(house.log.as_ref()).await;
        assert!(world.events > 300, "{} events by seed {seed}", world.events);
        let mut history = History::new(
            format!("seed {seed}"),
            &house.address,
            house.channel().await,
            &data,
            world,
        );
        for (at, longest) in [
            (histories::UNTIL, TOWNSHIP),
            (histories::UNTIL.saturating_add(45.days()), CITY),
        ] {
            house.show(at);
            history.all(at, longest).await;
        }
        history.lists_row_by_row().await;
        history.single().await;
        history.cases().await;
        history.status().await;
        seen.append(&mut history.seen);
    }
    assert!(seen.len() > 60, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_random_histories_is_the_same_by_page_grpc_sql_and_a_naive_fold() {
    random_histories(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_more_random_histories_is_the_same_by_page_grpc_sql_and_a_naive_fold() {
    random_histories(1).await;
}
