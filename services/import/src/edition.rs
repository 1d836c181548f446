//! A register that comes in editions: what this one adds to what earlier ones told, what it changes, and what it no
//! longer holds. What earlier editions told is asked of the log, never of a file beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use uuid::Uuid;
use yujian_command::Commands;
use yujian_domain::institution::{Class, Institution, RecordImported, RegisterFact, Status};

use crate::error::ImportError;
use crate::row::Row;

/// What an edition says of an institution besides that nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It is told of for the first time, and was recorded.
    Created,
    /// Its classes or places changed, and were recorded from the edition's day on.
    CapacityChanged,
    /// Something else changed, and was recorded from the edition's day on.
    Changed,
    /// The row tells it otherwise than it is held here, and was not taken: it was changed here by an act of its own,
    /// the institution lives under the ordinary commands, or no command changes such a fact.
    HeldOtherwise,
    /// The register tells no longer what it told.
    NoLongerTold,
    /// The edition has no such key, or says itself that it is closed: someone should see to it. Nothing was closed.
    ClosureProposed,
}

impl ChangeKind {
    /// Its name in the list of changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::CapacityChanged => "capacity_changed",
            Self::Changed => "changed",
            Self::HeldOtherwise => "held_otherwise",
            Self::NoLongerTold => "no_longer_told",
            Self::ClosureProposed => "closure_proposed",
        }
    }
}

/// One entry of the list of changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What it is about.
    pub what: ChangeKind,
    /// Line of the row; none for a key that the edition lacks.
    pub line: Option<u64>,
    /// The institution's number in the register.
    pub number: String,
    /// Its id.
    pub institution: Uuid,
    /// Its name as held here.
    pub name: String,
    /// Keys of the facts, as in the dossier.
    pub facts: Vec<&'static str>,
    /// Places held before.
    pub places_before: Option<u64>,
    /// Places told by the row.
    pub places_after: Option<u64>,
    /// Classes before and after, or why a closure is proposed.
    pub detail: String,
}

/// What an edition came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// Day as of which it speaks.
    pub date: Date,
    /// Institutions of which the register had told before.
    pub known: u64,
    /// Rows that tell nothing new.
    pub unchanged: u64,
    /// Rows without a key that can be read: a closure that is proposed may be one of them.
    pub without_key: u64,
    /// Everything else, by kind, then by line or number.
    pub changes: Vec<Change>,
}

impl Edition {
    /// How many entries of a kind there are.
    #[must_use]
    pub fn count(&self, kind: ChangeKind) -> u64 {
        let found = self.changes.iter().filter(|change| change.what == kind).count();
        u64::try_from(found).unwrap_or(u64::MAX)
    }
}

/// The institutions of a register before a file is read.
pub(crate) type Before = BTreeMap<Uuid, Arc<Institution>>;

/// The one day that the file and the caller name.
pub(crate) fn date_of(named: &BTreeSet<Date>) -> Result<Date, ImportError> {
    let mut dates = named.iter().copied();
    match (dates.next(), dates.next()) {
        (Some(date), None) => Ok(date),
        (None, _) => Err(ImportError::EditionUnknown),
        _ => Err(ImportError::EditionsMixed {
            dates: named.iter().copied().collect(),
        }),
    }
}

/// Asks the log for the register's institutions. An edition that is older than one of their rows is refused as a whole:
/// it would create again what has gone since, and its silence says nothing about now.
pub(crate) async fn before(commands: &Commands, register: &str, edition: Date) -> Result<Before, ImportError> {
    let before: Before = commands.imported_from(register).await?.into_iter().collect();
    let told = before.values().filter_map(|held| held.imported.as_ref()?.edition_date);
    match told.max() {
        Some(recorded) if recorded > edition => Err(ImportError::OlderEdition { edition, recorded }),
        _ => Ok(before),
    }
}

/// Collects what an edition says, row by row.
pub(crate) struct Ledger {
    date: Date,
    before: Before,
    /// Keys that the file holds, whatever became of their rows.
    seen: BTreeSet<Uuid>,
    pub unchanged: u64,
    pub without_key: u64,
    changes: Vec<Change>,
}

impl Ledger {
    pub fn new(date: Date, before: Before) -> Self {
        Self {
            date,
            before,
            seen: BTreeSet::new(),
            unchanged: 0,
            without_key: 0,
            changes: Vec::new(),
        }
    }

    /// The file holds this key.
    pub fn see(&mut self, institution: Uuid) {
        self.seen.insert(institution);
    }

    /// The institution as held before, when it no longer lives from the register alone: its rows are compared only.
    pub fn lives_on(&self, institution: Uuid) -> bool {
        let held = self.before.get(&institution);
        held.is_some_and(|held| held.status != Status::Imported)
    }

    /// The row was recorded; `now` is the state with it.
    pub fn recorded(&mut self, row: &Row, now: &Institution) {
        let changed = now
            .imported
            .as_ref()
            .map(|told| told.changed.clone())
            .unwrap_or_default();
        if changed.is_empty() {
            let places = RecordImported::from(&row.record).places();
            self.list(
                ChangeKind::Created,
                row,
                &now.name,
                Vec::new(),
                (None, Some(places)),
                String::new(),
            );
        } else {
            let earlier = self.before.get(&row.institution).map(Arc::as_ref);
            let (old, others): (Vec<Class>, Vec<RegisterFact>) = (
                earlier.map(|held| held.classes.clone()).unwrap_or_default(),
                changed
                    .iter()
                    .copied()
                    .filter(|fact| *fact != RegisterFact::Classes)
                    .collect(),
            );
            if others.len() < changed.len() {
                let places = (earlier.map(Institution::places), Some(now.places()));
                let detail = classes(&old, &now.classes);
                self.list(
                    ChangeKind::CapacityChanged,
                    row,
                    &now.name,
                    vec![RegisterFact::Classes.code()],
                    places,
                    detail,
                );
            }
            if !others.is_empty() {
                self.list(
                    ChangeKind::Changed,
                    row,
                    &now.name,
                    codes(&others),
                    (None, None),
                    String::new(),
                );
            }
        }
        self.compare(row, now);
    }

    /// The row tells nothing that could be recorded: what differs nevertheless is listed.
    pub fn unchanged(&mut self, row: &Row) {
        self.unchanged += 1;
        if let Some(held) = self.before.get(&row.institution).cloned() {
            self.compare(row, &held);
        }
    }

    fn compare(&mut self, row: &Row, held: &Institution) {
        let told = RecordImported::from(&row.record);
        let mut otherwise = codes(&told.held_otherwise(held));
        let earlier = self.before.get(&row.institution).and_then(|held| held.imported.clone());
        if let Some(earlier) = &earlier {
            // When it began to hold is no fact of its own, and no command changes it.
            if told.valid_from_date.is_some() && told.valid_from_date != earlier.valid_from_date {
                otherwise.push("valid_from_date");
            }
            let silent: Vec<RegisterFact> = RegisterFact::ALL
                .iter()
                .copied()
                .filter(|fact| told.told(*fact).is_none() && earlier.told(*fact).is_some())
                .collect();
            if !silent.is_empty() {
                let places = silent.contains(&RegisterFact::Classes).then(|| held.places());
                self.list(
                    ChangeKind::NoLongerTold,
                    row,
                    &held.name,
                    codes(&silent),
                    (places, None),
                    String::new(),
                );
            }
        }
        if held.status == Status::Closed && !row.says_closed {
            otherwise.push("status");
        }
        if !otherwise.is_empty() {
            let places = if otherwise.contains(&RegisterFact::Classes.code()) {
                (Some(held.places()), Some(told.places()))
            } else {
                (None, None)
            };
            let detail = if held.status == Status::Imported {
                String::new()
            } else {
                format!("status here: {}", held.status.code())
            };
            self.list(ChangeKind::HeldOtherwise, row, &held.name, otherwise, places, detail);
        }
        if row.says_closed && held.status != Status::Closed {
            let detail = "the register says that it is closed".to_owned();
            self.list(
                ChangeKind::ClosureProposed,
                row,
                &held.name,
                vec![RegisterFact::RegisterStatus.code()],
                (Some(held.places()), None),
                detail,
            );
        }
    }

    fn list(
        &mut self,
        what: ChangeKind,
        row: &Row,
        name: &str,
        facts: Vec<&'static str>,
        (places_before, places_after): (Option<u64>, Option<u64>),
        detail: String,
    ) {
        self.changes.push(Change {
            what,
            line: Some(row.line),
            number: row.record.external.number.clone(),
            institution: row.institution,
            name: name.to_owned(),
            facts,
            places_before,
            places_after,
            detail,
        });
    }

    /// What the edition came to, with what it no longer holds.
    pub fn close(mut self) -> Edition {
        for (id, held) in &self.before {
            if self.seen.contains(id) || held.status == Status::Closed {
                continue;
            }
            let Some(told) = &held.imported else { continue };
            self.changes.push(Change {
                what: ChangeKind::ClosureProposed,
                line: None,
                number: told.external.number.clone(),
                institution: *id,
                name: held.name.clone(),
                facts: Vec::new(),
                places_before: Some(held.places()),
                places_after: None,
                detail: match told.edition_date {
                    Some(date) => format!(
                        "not in this edition; status here: {}; last change told {date}",
                        held.status.code()
                    ),
                    None => format!("not in this edition; status here: {}", held.status.code()),
                },
            });
        }
        self.changes.sort();
        Edition {
            date: self.date,
            known: u64::try_from(self.before.len()).unwrap_or(u64::MAX),
            unchanged: self.unchanged,
            without_key: self.without_key,
            changes: self.changes,
        }
    }
}

fn codes(facts: &[RegisterFact]) -> Vec<&'static str> {
    facts.iter().map(|fact| fact.code()).collect()
}

/// Each class whose places differ, e.g. `乳儿班 10 -> 5; 托大班 0 -> 20`.
fn classes(before: &[Class], after: &[Class]) -> String {
    let places = |classes: &[Class], name: &str| {
        let found = classes.iter().find(|class| class.name == name);
        found.map_or(0, |class| class.places.count())
    };
    let names: BTreeSet<&str> = before.iter().chain(after).map(|class| class.name.as_str()).collect();
    let told: Vec<String> = names
        .into_iter()
        .map(|name| (name, places(before, name), places(after, name)))
        .filter(|(_, before, after)| before != after)
        .map(|(name, before, after)| format!("{name} {before} -> {after}"))
        .collect();
    told.join("; ")
}
