//! The reactors of admission, killed before each of their effects, without their state, several at once, and waking on
//! other days: the log tells the same in the end.

use std::sync::Arc;

use yujian_command::Reactors;
use yujian_domain::institution::{
    ApplicationKind, ConditionTerms, PaperKind, QuestionInput, RequestInformation, SubmitFiling,
};
use yujian_domain::personal::Sensitive;
use yujian_eventlog::checkpoint::StateFile;

use super::bench::{Bench, date, reactors};
use super::licensing::{application, filing, leased, papers, receipt};
use crate::house::{officer, operator};

/// Months after which everything of the history has come to its end.
const LATER: &str = "2026-05-20";

impl Bench {
    /// Acts of some days, after which everybody is silent: a receipt that does not come, one that came, papers and a lease
    /// that run out, a filing that is returned again, an application that is not looked at, one that is not answered, a
    /// licence that runs out, one whose renewal is not decided, a condition, children without a receipt.
    async fn everybody_is_silent(&self) {
        self.warns_of_papers_from("2026-03-01", "[30]").await;
        let short = SubmitFiling {
            papers: papers("2026-04-15"),
            premises: Some(leased("2027-01-15")),
            ..filing()
        };
        self.files(1, short.clone()).await;
        let filed = self.files(2, short).await;
        self.act(officer("330106"), filed, receipt("2026-03-02")).await;
        let mut incomplete = filing();
        incomplete.papers.retain(|paper| paper.kind != PaperKind::FireSafety);
        let returned = self.files(3, incomplete.clone()).await;
        incomplete.papers[0].number = Some("Z-2".to_owned());
        self.act(operator(3), returned, incomplete).await;

        self.noon("2026-03-05");
        self.licences_from("2026-03-10", &[("term_months", "1"), ("renewal_ask_days", "10")])
            .await;
        self.noon("2026-03-10");
        self.applies(4).await;
        let asked = self.applies(5).await;
        self.accepts(asked, 1).await;
        let question = RequestInformation {
            application: 1,
            questions: vec![QuestionInput {
                item: "papers.fire_safety".to_owned(),
                question: Sensitive::new("请补充验收意见"),
            }],
        };
        self.act(officer("330106"), asked, question).await;
        let terms = ConditionTerms {
            item: "papers.fire_safety".to_owned(),
            text: "补办消防安全检查合格证明".to_owned(),
            due_date: date("2026-03-20"),
            until_date: None,
        };
        self.licensed(6, vec![terms]).await;
        let renews = self.licensed(7, Vec::new()).await;
        self.noon("2026-03-11");
        self.act(operator(7), renews, application(ApplicationKind::Renewal))
            .await;
        self.accepts(renews, 2).await;
        let without = self.house.registered(8).await;
        self.counted(1, without, 4, "2026-03-11").await;
    }
}

/// What comes of it when the reactors run once, at the end, and undisturbed.
async fn undisturbed() -> (Bench, Vec<String>, usize) {
    let bench = Bench::new().await;
    bench.everybody_is_silent().await;
    let before = bench.length().await;
    bench.noon(LATER);
    let counts = bench.react().await;
    assert_eq!(counts.failed, 0);
    let story = bench.story().await;
    let effects = usize::try_from(counts.done).unwrap();
    assert!(
        bench.length().await > before + effects,
        "some effects are several events"
    );
    for (kind, times) in [
        ("ClockExpired", 13),
        ("DeemedOutcomeApplied", 2),
        ("ApplicationLapsed", 1),
        ("AuthorizationExpired", 2),
        ("LicenceRenewed", 1),
        ("\"rule\":\"deadline_passed\"", 6),
        ("\"rule\":\"condition_overdue\"", 1),
        ("\"rule\":\"paper_expiring\"", 2),
        ("\"rule\":\"paper_expired\"", 2),
        ("\"rule\":\"returned_twice\"", 1),
        ("\"rule\":\"children_without_receipt\"", 1),
        ("\"kind\":\"migration\"", 1),
    ] {
        let found = story.iter().filter(|line| line.contains(kind)).count();
        assert_eq!(found, times, "{kind}");
    }
    (bench, story, effects)
}

#[tokio::test]
async fn killed_before_each_effect_the_log_tells_the_same_in_the_end() {
    let (_, story, effects) = undisturbed().await;
    let silent = Bench::new().await;
    silent.everybody_is_silent().await;
    silent.noon(LATER);
    for done in 0..effects {
        let bench = silent.copy().await;
        bench.house.log.fail_after(done);
        let mut dying = reactors(&bench.house, bench.directory.path()).await;
        assert!(dying.run_until_idle().await.is_err(), "{done}");
        drop(dying);
        if done % 2 == 0 {
            bench.forget();
        }
        bench.react().await;
        assert_eq!(bench.story().await, story, "{done}");
    }
}

#[tokio::test]
async fn without_their_state_they_find_nothing_new() {
    let (bench, story, _) = undisturbed().await;
    let length = bench.length().await;
    for _ in 0..2 {
        bench.forget();
        let counts = bench.react().await;
        assert_eq!((bench.length().await, counts.done, counts.failed), (length, 0, 0));
    }
    assert_eq!(bench.story().await, story);
}

#[tokio::test]
async fn on_whichever_days_they_wake_they_find_the_same() {
    let (_, story, _) = undisturbed().await;
    for step in [1, 9] {
        let bench = Bench::new().await;
        bench.everybody_is_silent().await;
        let mut day = bench.today();
        while day < date(LATER) {
            bench.noon(&day.to_string());
            bench.react().await;
            day = day.checked_add(jiff::ToSpan::days(step)).unwrap();
        }
        bench.noon(LATER);
        bench.react().await;
        assert_eq!(bench.story().await, story, "every {step} days");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_nodes_at_once_find_it_once() {
    let (_, story, effects) = undisturbed().await;
    let bench = Bench::new().await;
    bench.everybody_is_silent().await;
    bench.noon(LATER);
    let mut nodes = tokio::task::JoinSet::new();
    let mut states = Vec::new();
    for _ in 0..3 {
        let floor = bench.house.another_floor().await;
        let directory = tempfile::tempdir().unwrap();
        let state = Arc::new(StateFile::open(directory.path()).unwrap());
        states.push(directory);
        let mut node = Reactors::open(floor.all().clone(), state).await.unwrap();
        nodes.spawn(async move {
            node.run_until_idle().await.unwrap();
            node.counts()
        });
    }
    let counts = nodes.join_all().await;
    assert_eq!(bench.story().await, story);
    let done: u64 = counts.iter().map(|counts| counts.done).sum();
    assert_eq!(usize::try_from(done).unwrap(), effects, "{counts:?}");
    assert!(counts.iter().all(|counts| counts.failed == 0), "{counts:?}");
}
