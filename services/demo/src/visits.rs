//! The inspections of the story as data: the courses that visits and findings take, and what inspectors write down.

use std::collections::BTreeMap;

use uuid::Uuid;
use yujian_domain::checklist::{Checklist, Item};
use yujian_domain::inspection::{
    Answer, CiteFinding, CountPresence, Extent, GiveTechnicalAssistance, ImmediateMeasure, ItemAnswer, Purpose, Weight,
};
use yujian_domain::institution::Class;
use yujian_domain::person::Post;
use yujian_domain::personal::Sensitive;
use yujian_domain::values::ClassType;

use crate::people::Dice;
use crate::staff::ratio;

/// How a visit goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the plan to the publication.
    Ordinary,
    /// The check-in is filled in some hours or days later.
    Backfilled,
    /// The check-in is filled in too late.
    BackfilledLate,
    /// An inspector stands aside.
    Recused,
    /// A recusal is asked for and not granted.
    NotRecused,
    /// Merged with another bureau's.
    Merged,
    /// Another visit covered it.
    Duplicate,
    /// Nobody is there to go.
    NoInspectors,
    /// Not approved.
    NotApproved,
    /// No children were there.
    NoChildren,
    /// Entry was denied.
    Denied,
    /// It was not safe to go on.
    Unsafe,
    /// Could not wait; approved in time after it.
    Emergency,
    /// Could not wait; approved too late.
    ApprovedLate,
    /// Could not wait; never approved.
    NeverApproved,
    /// The institution refuses to sign.
    Refuses,
    /// The institution says nothing to the draft.
    Silent,
    /// Published too late.
    PublishedLate,
    /// Not published.
    Unpublished,
}

/// Ways of a hundred visits in turn, with their shares.
const WAYS: [(Way, usize); 19] = [
    (Way::Ordinary, 60),
    (Way::Backfilled, 6),
    (Way::BackfilledLate, 1),
    (Way::Recused, 4),
    (Way::NotRecused, 2),
    (Way::Merged, 2),
    (Way::Duplicate, 2),
    (Way::NoInspectors, 1),
    (Way::NotApproved, 1),
    (Way::NoChildren, 2),
    (Way::Denied, 1),
    (Way::Unsafe, 1),
    (Way::Emergency, 4),
    (Way::ApprovedLate, 1),
    (Way::NeverApproved, 1),
    (Way::Refuses, 2),
    (Way::Silent, 4),
    (Way::PublishedLate, 3),
    (Way::Unpublished, 2),
];

impl Way {
    /// The way of the `number`-th visit: whoever makes a hundred meets every one.
    pub(crate) fn of(number: usize) -> Self {
        // 37 has no factor in common with 100.
        in_turn(&WAYS, number * 37 + 9).unwrap_or(Self::Ordinary)
    }

    /// Whether the visit could not wait for its approval.
    pub(crate) fn emergency(self) -> bool {
        matches!(self, Self::Emergency | Self::ApprovedLate | Self::NeverApproved)
    }
}

/// How a finding is corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Correction {
    /// While the inspectors are there.
    OnSite,
    /// In time, and verified by documents.
    ByDocuments,
    /// In time, and verified by a visit.
    ByVisit,
    /// Rejected so many times before it is one.
    Rejected(u32),
    /// With more time.
    Extended,
    /// After the last day.
    Late,
    /// Not at all.
    Never,
}

/// Corrections of forty findings in turn, with their shares.
const CORRECTIONS: [(Correction, usize); 8] = [
    (Correction::OnSite, 7),
    (Correction::ByDocuments, 18),
    (Correction::ByVisit, 4),
    (Correction::Rejected(1), 3),
    (Correction::Rejected(2), 1),
    (Correction::Extended, 3),
    (Correction::Late, 2),
    (Correction::Never, 2),
];

impl Correction {
    /// The correction of the `number`-th finding of the story.
    pub(crate) fn of(number: usize) -> Self {
        // 11 has no factor in common with 40.
        in_turn(&CORRECTIONS, number * 11).unwrap_or(Self::ByDocuments)
    }
}

/// The entry of a table of shares that a place falls into.
fn in_turn<T: Copy>(table: &[(T, usize)], number: usize) -> Option<T> {
    let all: usize = table.iter().map(|(_, share)| share).sum();
    let mut place = number % all;
    for (entry, share) in table {
        if place < *share {
            return Some(*entry);
        }
        place -= share;
    }
    None
}

/// A visit of the story. What its stream says is asked of the stream.
pub(crate) struct Call {
    /// Inspection.
    pub id: Uuid,
    /// Institution.
    pub institution: usize,
    /// Purpose.
    pub purpose: Purpose,
    /// How it goes.
    pub way: Way,
    /// Account of the inspector who leads, once assigned.
    pub lead: String,
    /// Items that will be found not to be met.
    pub failing: Vec<String>,
    /// Items on which advice will be given.
    pub advised: Vec<String>,
    /// Corrections by number of the finding.
    pub corrections: BTreeMap<u32, Correction>,
}

/// Items answered in one go.
const BATCH: usize = 18;

/// In how many goes so many items are answered.
pub(crate) fn parts(items: usize) -> usize {
    items.div_ceil(BATCH).max(1)
}

/// Which items are not met, and on which advice is given. Veto items fail seldom.
pub(crate) fn outcome<'a>(dice: &mut Dice, items: impl Iterator<Item = &'a Item>) -> (Vec<String>, Vec<String>) {
    let (mut failing, mut advised) = (Vec::new(), Vec::new());
    // Some houses are kept better than others.
    let chance = [20, 40, 70, 120][usize::try_from(dice.below(4)).unwrap_or(1)];
    for item in items {
        let chance = if item.veto { chance / 8 } else { chance };
        if dice.below(1000) < chance {
            failing.push(item.code.clone());
        } else if dice.below(1000) < 25 {
            advised.push(item.code.clone());
        }
    }
    (failing, advised)
}

/// One part of the answers to the chosen items.
pub(crate) fn answers<'a>(
    dice: &mut Dice,
    items: impl Iterator<Item = &'a Item>,
    part: usize,
    failing: &[String],
) -> Vec<ItemAnswer> {
    items
        .skip(part * BATCH)
        .take(BATCH)
        .map(|item| {
            let answer = if failing.contains(&item.code) {
                Answer::Noncompliant
            } else {
                match dice.below(100) {
                    0..4 if !item.veto => Answer::NotApplicable,
                    4..6 => Answer::NotChecked,
                    _ => Answer::Compliant,
                }
            };
            let seen = matches!(answer, Answer::Compliant | Answer::Noncompliant);
            ItemAnswer {
                item: item.code.clone(),
                answer,
                observation: (answer == Answer::Noncompliant)
                    .then(|| Sensitive::new(format!("现场未见符合“{}”的情况", item.zh))),
                evidence: if seen && item.evidence_required {
                    vec![dice.sha256()]
                } else {
                    Vec::new()
                },
            }
        })
        .collect()
}

/// Who is there; in a few houses a carer is missing.
pub(crate) fn presence(dice: &mut Dice, classes: &[Class], makes_meals: bool) -> CountPresence {
    let mut children: BTreeMap<ClassType, u32> = BTreeMap::new();
    for class in classes {
        let present = u64::from(class.places.count()) * dice.between(50, 96) / 100;
        *children.entry(class.class_type).or_default() += u32::try_from(present.max(1)).unwrap_or(1);
    }
    let short = dice.percent(6);
    let carers = children
        .iter()
        .map(|(class_type, count)| {
            let due = count.div_ceil(ratio(*class_type));
            (*class_type, if short { due.saturating_sub(1) } else { due })
        })
        .collect();
    let mut staff = BTreeMap::from([
        (Post::PersonInCharge, 1),
        (Post::HealthWorker, u32::from(dice.percent(85))),
    ]);
    if makes_meals {
        staff.insert(Post::Cook, 1);
    }
    CountPresence {
        children,
        carers,
        staff,
    }
}

/// Cites an item that was not met.
pub(crate) fn citation(dice: &mut Dice, checklist: &Checklist, item: &str) -> Option<CiteFinding> {
    let item = checklist.item(item)?;
    let grave = matches!(item.weight, Weight::Veto | Weight::Grave);
    let measures = [
        ImmediateMeasure::CloseRoom,
        ImmediateMeasure::StopMeals,
        ImmediateMeasure::RemovePerson,
        ImmediateMeasure::SealEquipment,
    ];
    Some(CiteFinding {
        item: item.code.clone(),
        weight: item.weight,
        extent: *dice.pick(&[Extent::Isolated, Extent::Isolated, Extent::Pattern, Extent::Widespread]),
        children_at_risk: u32::try_from(dice.below(if grave { 20 } else { 6 })).unwrap_or(0),
        measure: (grave && dice.percent(35)).then(|| *dice.pick(&measures)),
        description: Sensitive::new(format!("{}：现场检查不符合要求，已拍照取证并告知负责人。", item.zh)),
    })
}

/// Advice on an item.
pub(crate) fn advice(checklist: &Checklist, item: &str) -> Option<GiveTechnicalAssistance> {
    let item = checklist.item(item)?;
    Some(GiveTechnicalAssistance {
        item: item.code.clone(),
        advice: Sensitive::new(format!("{}：建议对照标准进一步完善，可参考示范机构做法。", item.zh)),
    })
}

/// Dimensions that a visit of a purpose looks at; empty: all.
pub(crate) fn dimensions(dice: &mut Dice, checklist: &Checklist, purpose: Purpose) -> Vec<String> {
    let count = match purpose {
        Purpose::Routine => return Vec::new(),
        Purpose::Random | Purpose::PreAuthorization => 3,
        Purpose::Special | Purpose::Case | Purpose::Complaint | Purpose::FollowUp => 2,
        Purpose::ClosureCheck | Purpose::Unknown => 1,
    };
    let codes: Vec<&str> = checklist.dimensions.iter().map(|one| one.code.as_str()).collect();
    if codes.is_empty() {
        return Vec::new();
    }
    let first = usize::try_from(dice.below(codes.len() as u64)).unwrap_or(0);
    (first..first + count.min(codes.len()))
        .map(|place| codes[place % codes.len()].to_owned())
        .collect()
}
