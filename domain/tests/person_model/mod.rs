//! Random histories of a person against a model that knows the rules in its own words and shares no code with the
//! decisions.

mod rules;

use std::collections::BTreeSet;

use crate::person_support::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rules::{Model, a_year_after, plus};
use yujian_domain::envelope::Role;
use yujian_domain::person::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::Reason;
use yujian_domain::time::Occurred;

/// One step of a random history; numbers pick among what may be right or wrong. Days count from today.
#[derive(Debug, Clone)]
enum Step {
    Register {
        blank: bool,
    },
    Details {
        phone: bool,
        account: bool,
    },
    Claim {
        certificate: usize,
        days: Option<i64>,
    },
    Verify(u32),
    Reject(u32),
    Revoke(u32),
    Expire(u32),
    Health {
        days: i64,
        passed: bool,
    },
    Query {
        days: i64,
        found: bool,
    },
    Train {
        hours: u32,
    },
    Engage {
        at: u8,
        post: usize,
        days: i64,
    },
    Post {
        number: u32,
        post: usize,
        days: i64,
    },
    Off {
        number: u32,
        ground: usize,
    },
    Back(u32),
    End {
        number: u32,
        days: i64,
        barred: bool,
    },
    Bar {
        abuse: bool,
        days: i64,
        length: Option<i64>,
    },
    Lift,
}

const KINDS: [CredentialKind; 4] = [
    CredentialKind::InfantCare,
    CredentialKind::ChildcareWorker,
    CredentialKind::PersonInChargeTraining,
    CredentialKind::SecurityGuard,
];
const POSTS: [Post; 4] = [Post::PersonInCharge, Post::Carer, Post::Guard, Post::Cook];
const GROUNDS: [OffDutyGround; 5] = [
    OffDutyGround::Infectious,
    OffDutyGround::Investigation,
    OffDutyGround::Barred,
    OffDutyGround::NoHealthCertificate,
    OffDutyGround::NoRecordQuery,
];

fn step() -> impl Strategy<Value = Step> {
    let credential = 0..4_u32;
    let engagement = || 0..4_u32;
    prop_oneof![
        3 => prop::bool::weighted(0.1).prop_map(|blank| Step::Register { blank }),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(phone, account)| Step::Details { phone, account }),
        3 => (0..4_usize, prop::option::of(-20..90_i64)).prop_map(|(certificate, days)| Step::Claim { certificate, days }),
        4 => credential.clone().prop_map(Step::Verify),
        1 => credential.clone().prop_map(Step::Reject),
        1 => credential.clone().prop_map(Step::Revoke),
        2 => credential.prop_map(Step::Expire),
        5 => (-9..2_i64, prop::bool::weighted(0.85)).prop_map(|(days, passed)| Step::Health { days, passed }),
        5 => (-9..2_i64, prop::bool::weighted(0.1)).prop_map(|(days, found)| Step::Query { days, found }),
        2 => (0..40_u32).prop_map(|hours| Step::Train { hours }),
        6 => (1..4_u8, 0..4_usize, -9..40_i64).prop_map(|(at, post, days)| Step::Engage { at, post, days }),
        3 => (engagement(), 0..4_usize, -5..2_i64).prop_map(|(number, post, days)| Step::Post { number, post, days }),
        4 => (engagement(), 0..5_usize).prop_map(|(number, ground)| Step::Off { number, ground }),
        4 => engagement().prop_map(Step::Back),
        2 => (engagement(), -5..2_i64, prop::bool::weighted(0.2))
            .prop_map(|(number, days, barred)| Step::End { number, days, barred }),
        1 => (prop::bool::weighted(0.2), -9..9_i64, prop::option::weighted(0.8, -2..30_i64))
            .prop_map(|(abuse, days, length)| Step::Bar { abuse, days, length }),
        1 => Just(Step::Lift),
    ]
}

/// When and by whom a step is made: days since the one before, whose account, and the day on which it is said to have
/// happened (days from today; none: now).
#[derive(Debug, Clone)]
struct Made {
    later: i64,
    by: usize,
    said: Option<i64>,
}

fn made() -> impl Strategy<Value = Made> {
    let later = prop_oneof![6 => 0..4_i64, 1 => 20..200_i64];
    let said = prop_oneof![8 => Just(None), 2 => (-4..1_i64).prop_map(Some), 1 => Just(Some(1))];
    (later, 0..4_usize, said).prop_map(|(later, by, said)| Made { later, by, said })
}

const ACCOUNTS: [(&str, Role); 4] = [
    ("employer-1", Role::Operator),
    ("officer-1", Role::Officer),
    ("officer-2", Role::Officer),
    ("yujian", Role::System),
];

/// The command of a step, at the desk's time.
fn command_of(step: &Step, desk: &Desk) -> PersonCommand {
    match *step {
        Step::Register { blank } => RegisterPerson {
            name: Sensitive::new(if blank { " " } else { "王小红" }),
            ..register()
        }
        .into(),
        Step::Details { phone, account } => ChangePersonDetails {
            name: None,
            phone: phone.then(|| Sensitive::new("13900000000")),
            account: account.then(|| "inspector-7".to_owned()),
        }
        .into(),
        Step::Claim { certificate, days } => ClaimCredential {
            expiry_date: days.map(|days| desk.days(days)),
            ..claim(KINDS[certificate], &format!("C-{certificate}"))
        }
        .into(),
        Step::Verify(number) => verify(number).into(),
        Step::Reject(number) => reject(number).into(),
        Step::Revoke(number) => revoke(number).into(),
        Step::Expire(credential) => ExpireCredential { credential }.into(),
        Step::Health { days, passed } => health(desk.days(days), passed).into(),
        Step::Query { days, found } => {
            let found: &[Offence] = if found { &[Offence::Abuse] } else { &[] };
            query(desk.days(days), found).into()
        }
        Step::Train { hours } => training(TrainingKind::Management, hours, day("2026-01-10")).into(),
        Step::Engage { at, post, days } => engage(at, POSTS[post], desk.days(days)).into(),
        Step::Post { number, post, days } => change_post(number, POSTS[post], desk.days(days)).into(),
        Step::Off { number, ground } => off(number, GROUNDS[ground]).into(),
        Step::Back(number) => back(number).into(),
        Step::End { number, days, barred } => EndEngagement {
            ground: if barred { EndGround::Barred } else { EndGround::Resigned },
            ..end(number, desk.days(days))
        }
        .into(),
        Step::Bar { abuse, days, length } => {
            let ground = if abuse { BarGround::ChildAbuse } else { BarGround::Order };
            let first = desk.days(days);
            bar(ground, first, length.map(|length| plus(first, length))).into()
        }
        Step::Lift => lift().into(),
    }
}

/// The state of the code under test is what the model says.
fn compare(desk: &Desk, model: &Model) {
    let state = &desk.state;
    assert_eq!(state.status.code(), if model.at.is_empty() { "none" } else { model.at });
    assert_eq!(state.account.is_some(), model.account);
    assert_eq!(state.credentials.len(), model.papers.len());
    for ((number, credential), (index, paper)) in state.credentials.iter().zip(model.papers.iter().enumerate()) {
        assert_eq!(usize::try_from(*number).unwrap(), index + 1, "numbered without gaps");
        assert_eq!(credential.kind, KINDS[paper.certificate]);
        assert_eq!(
            (credential.state.code(), credential.expiry_date),
            (paper.at, paper.expiry)
        );
    }
    let examined = state.health.as_ref();
    assert_eq!(examined.map(|one| (one.issue_date, one.passed)), model.examined);
    assert_eq!(
        examined.map(|one| one.expiry_date),
        model.examined.map(|one| a_year_after(one.0))
    );
    let asked = state.query.as_ref();
    assert_eq!(asked.map(|one| (one.query_date, one.clear)), model.asked);
    assert_eq!(
        asked.map(|one| one.valid_until),
        model.asked.map(|one| a_year_after(one.0))
    );
    assert_eq!(state.training.values().sum::<u32>(), model.hours);
    assert_eq!(state.engagements.len(), model.jobs.len());
    for ((number, engagement), (index, job)) in state.engagements.iter().zip(model.jobs.iter().enumerate()) {
        assert_eq!(usize::try_from(*number).unwrap(), index + 1, "numbered without gaps");
        assert_eq!(engagement.institution, institution(job.house));
        assert_eq!(
            (engagement.post, engagement.share_permille),
            (POSTS[job.post], job.share)
        );
        assert_eq!((engagement.state.code(), engagement.off_duty), (job.at, job.ground));
        assert_eq!((engagement.start_date, engagement.since), (job.first, job.since));
        assert_eq!(engagement.end_date.is_some(), job.at == "ended");
        assert_eq!(engagement.qualified, job.fit_for_it);
    }
    let ban = state.bar.as_ref().map(|bar| (bar.from_date, bar.until_date));
    assert_eq!(ban, model.ban.as_ref().map(|ban| (ban.first, ban.last)));
    for days in [-3, 0, 3, 30] {
        let day = plus(model.today, days);
        assert_eq!(state.barred_on(day), model.banned(day));
        let free = !(model.banned(day) || model.convicted() || model.unexamined(day) || model.unasked(day));
        assert_eq!(state.hindrances(day).is_empty(), free);
    }
}

/// Both dossiers stand where the state stands.
fn compare_dossiers(desk: &Desk, model: &Model) {
    let own = desk.dossier(true).resolve(None, None);
    let value = |key: &str| own.iter().find(|fact| fact.key == key).map(|fact| fact.value.clone());
    let status = (!model.at.is_empty()).then(|| serde_json::json!(model.at));
    assert_eq!(value("status"), status);
    for (index, paper) in model.papers.iter().enumerate() {
        let key = format!("credential.{}.state", index + 1);
        assert_eq!(value(&key), Some(serde_json::json!(paper.at)), "{key}");
    }
    let shown = desk.dossier(false).resolve(None, None);
    let states: Vec<_> = shown.iter().filter(|fact| fact.key.ends_with(".state")).collect();
    assert_eq!(states.len(), model.jobs.len());
    for (index, job) in model.jobs.iter().enumerate() {
        let number = index + 1;
        let key = format!("staff.{PERSON}.{number}.state");
        let found = states.iter().find(|fact| fact.key == key).unwrap();
        assert_eq!(found.value, serde_json::json!(job.at), "{key}");
        assert_eq!(value(&format!("engagement.{number}.state")), Some(found.value.clone()));
        let post = shown
            .iter()
            .find(|fact| fact.key == format!("staff.{PERSON}.{number}.post"));
        assert_eq!(post.unwrap().value, serde_json::json!(POSTS[job.post]));
    }
}

/// Runs a history through code and model, and tells each step with its outcome.
fn run(history: &[(Step, Made)], mut outcome: impl FnMut(&Step, Result<(), Reason>)) {
    let mut desk = Desk::new();
    let mut model = Model::new(desk.today());
    for (step, made) in history {
        if made.later > 0 {
            desk.days_later(made.later);
        }
        let (account, role) = ACCOUNTS[made.by];
        desk.by(account, role);
        desk.said = made.said.map(|days| Occurred::Day { date: desk.days(days) });
        model.today = desk.today();
        model.by = made.by;
        model.act = made.said.map_or(model.today, |days| plus(model.today, days));
        let before = desk.state.clone();
        let command = command_of(step, &desk);
        let mut next = model.clone();
        let expected = next.step(step);
        let got = desk.run(command).map(|_| ()).map_err(|rejection| rejection.reason);
        assert_eq!(got, expected, "{step:?} {made:?} with {model:?}");
        if got.is_ok() {
            model = next;
        } else {
            assert_eq!(desk.state, before, "a refusal changes nothing");
        }
        compare(&desk, &model);
        outcome(step, got);
    }
    compare_dossiers(&desk, &model);
}

/// What random histories must meet to say anything: every command accepted, and each of its refusals.
const MET: &[(&str, &[&str])] = &[
    ("Register", &["", "INVALID_FIELD", "ALREADY_EXISTS"]),
    ("Details", &["", "ROLE_NOT_ALLOWED", "NOTHING_TO_DO", "NOT_FOUND"]),
    ("Claim", &["", "ALREADY_EXISTS"]),
    (
        "Verify",
        &["", "TWO_PERSON_RULE", "ILLEGAL_TRANSITION", "INVALID_FIELD"],
    ),
    ("Reject", &["", "TWO_PERSON_RULE", "ILLEGAL_TRANSITION"]),
    ("Revoke", &["", "ILLEGAL_TRANSITION", "INVALID_FIELD"]),
    ("Expire", &["", "NOTHING_TO_DO", "ILLEGAL_TRANSITION"]),
    ("Health", &["", "INVALID_FIELD", "NOTHING_TO_DO"]),
    ("Query", &["", "INVALID_FIELD", "NOTHING_TO_DO", "ROLE_NOT_ALLOWED"]),
    ("Train", &["", "INVALID_FIELD"]),
    ("Engage", &["", "PERSON_INELIGIBLE", "ALREADY_EXISTS", "INVALID_FIELD"]),
    (
        "Post",
        &[
            "",
            "PERSON_INELIGIBLE",
            "ILLEGAL_TRANSITION",
            "NOTHING_TO_DO",
            "INVALID_FIELD",
        ],
    ),
    ("Off", &["", "NOTHING_TO_DO", "ILLEGAL_TRANSITION", "INVALID_FIELD"]),
    (
        "Back",
        &["", "PERSON_INELIGIBLE", "NOTHING_TO_DO", "ILLEGAL_TRANSITION"],
    ),
    ("End", &["", "INVALID_FIELD", "ILLEGAL_TRANSITION"]),
    ("Bar", &["", "INVALID_FIELD", "ILLEGAL_TRANSITION"]),
    ("Lift", &["", "TWO_PERSON_RULE", "ILLEGAL_TRANSITION"]),
];

#[test]
fn random_histories_meet_every_command_and_refusal() {
    let mut runner = TestRunner::deterministic();
    let histories = prop::collection::vec((step(), made()), 50);
    let mut met: BTreeSet<(String, &str)> = BTreeSet::new();
    for _ in 0..600 {
        let history = histories.new_tree(&mut runner).unwrap().current();
        run(&history, |step, outcome| {
            let name = format!("{step:?}");
            let name = name.split([' ', '(']).next().unwrap().to_owned();
            met.insert((name, outcome.err().map_or("", Reason::as_str)));
        });
    }
    for (step, outcomes) in MET {
        for outcome in *outcomes {
            assert!(
                met.contains(&((*step).to_owned(), *outcome)),
                "{step} never met {outcome:?}: {met:?}"
            );
        }
    }
}

/// Too rare among random histories.
#[test]
fn an_investigation_that_an_officer_ordered_goes_as_the_model_says() {
    let by = |by: usize, step: Step| {
        let made = Made {
            by,
            later: 0,
            said: None,
        };
        (step, made)
    };
    let days = -1;
    let history = [
        by(0, Step::Register { blank: false }),
        by(0, Step::Health { days, passed: true }),
        by(0, Step::Query { days, found: false }),
        by(
            0,
            Step::Engage {
                at: 1,
                post: 3,
                days: 0,
            },
        ),
        by(1, Step::Off { number: 1, ground: 1 }),
        by(0, Step::Back(1)),
        by(2, Step::Back(1)),
    ];
    let mut outcomes = Vec::new();
    run(&history, |_, outcome| outcomes.push(outcome));
    assert_eq!(outcomes[5..], [Err(Reason::RoleNotAllowed), Ok(())]);
    assert!(outcomes[..5].iter().all(Result::is_ok));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn random_histories_go_as_the_model_says(history in prop::collection::vec((step(), made()), 50)) {
        run(&history, |_, _| {});
    }

    /// Whatever stands in a stream, in whatever order: it folds, and every command is answered.
    #[test]
    fn any_stream_folds_and_any_command_is_answered(
        order in prop::collection::vec(0..64_usize, 0..30),
        commands in prop::collection::vec(step(), 1..10),
    ) {
        let mut samples = Desk::with_credential(CredentialState::Expired).events;
        let mut engaged = Desk::engaged();
        engaged.by_officer();
        engaged.one(change_post(1, Post::Cook, engaged.today()));
        engaged.one(off(1, OffDutyGround::Infectious));
        engaged.one(health(engaged.today(), true));
        engaged.one(back(1));
        engaged.one(end(1, engaged.today()));
        engaged.one(bar(BarGround::Order, engaged.today(), None));
        engaged.by("officer-2", Role::Officer).one(lift());
        samples.extend(engaged.events);
        let mut desk = Desk::new();
        for index in order {
            desk.fold(&samples[index % samples.len()]);
        }
        for step in commands {
            let _ = desk.decide(command_of(&step, &desk));
        }
    }
}
