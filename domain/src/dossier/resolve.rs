//! Which fact holds: the contest on two axes of time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Fact, FactChange};

/// Facts of one institution with what withdrew them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dossier {
    /// By key: each fact with the recorded time of the correction that withdrew it.
    facts: BTreeMap<String, Vec<(Fact, Option<Timestamp>)>>,
}

impl Dossier {
    /// An empty dossier.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies what an event says. Events of one stream must come in order of revision; those of different streams may
    /// interleave in any way. Withdrawing what is not there does nothing.
    pub fn apply(&mut self, change: FactChange) {
        for (stream, revision, key) in &change.withdrawn {
            for (fact, withdrawn) in self.facts.get_mut(key).into_iter().flatten() {
                if fact.source.stream == *stream && fact.source.revision == *revision && withdrawn.is_none() {
                    *withdrawn = Some(change.recorded_time);
                }
            }
        }
        for fact in change.asserted {
            self.insert(fact, None);
        }
    }

    /// Puts a stored fact back, with the recorded time of its withdrawal, if any: how the live dossier is rebuilt from
    /// view rows.
    pub fn insert(&mut self, fact: Fact, withdrawn: Option<Timestamp>) {
        self.facts.entry(fact.key.clone()).or_default().push((fact, withdrawn));
    }

    /// Every fact with the recorded time of its withdrawal, by key, then in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&Fact, Option<Timestamp>)> {
        self.facts
            .values()
            .flatten()
            .map(|(fact, withdrawn)| (fact, *withdrawn))
    }

    /// The facts that hold **as of** an instant, **known** up to a recorded time (inclusive), one for each key, in order
    /// of key. Of the facts that were recorded by then, cover the instant and were not withdrawn by then, the one with
    /// the greatest `valid_from` wins (not known when it began counts as earliest), then the latest recorded.
    ///
    /// `as_of` absent means the end of time: nothing is cut off, so what will hold from a day to come has won already,
    /// and the answer depends on no clock. `known` absent means everything that was applied. Where recorded times may
    /// run backwards (several writers), give only events up to the position known and no `known`.
    #[must_use]
    pub fn resolve(&self, as_of: Option<Timestamp>, known: Option<Timestamp>) -> Vec<Fact> {
        let by_then = |time: Timestamp| known.is_none_or(|known| time <= known);
        let covers = |fact: &Fact| match as_of {
            Some(at) => fact.valid_from.is_none_or(|from| from <= at) && fact.valid_to.is_none_or(|to| at < to),
            None => fact.valid_to.is_none(),
        };
        self.facts
            .values()
            .filter_map(|of_key| {
                of_key
                    .iter()
                    .filter(|(fact, _)| by_then(fact.source.recorded_time) && covers(fact))
                    .filter(|(_, withdrawn)| !withdrawn.is_some_and(by_then))
                    .map(|(fact, _)| fact)
                    .max_by(|a, b| a.valid_from.cmp(&b.valid_from).then_with(|| a.order.cmp(&b.order)))
            })
            .filter(|fact| !fact.value.is_null())
            .cloned()
            .collect()
    }
}

/// The dossier as bytes that are equal whenever the facts are: a compact JSON array in order of key, each fact with
/// `key`, `value`, `valid_from`, `valid_to` and `source` (stream and revision). No position and no "now" stands in it,
/// so that the live dossier, a replay and a rebuilt view can be compared byte for byte.
#[must_use]
pub fn canonical(facts: &[Fact]) -> Vec<u8> {
    let mut ordered: Vec<&Fact> = facts.iter().collect();
    ordered.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.order.cmp(&b.order)));
    let array: Vec<Value> = ordered
        .into_iter()
        .map(|fact| {
            sorted(json!({
                "key": fact.key,
                "source": {"revision": fact.source.revision, "stream": fact.source.stream},
                "valid_from": fact.valid_from,
                "valid_to": fact.valid_to,
                "value": fact.value,
            }))
        })
        .collect();
    Value::Array(array).to_string().into_bytes()
}

/// Members in order of name at every depth, whatever order the JSON library keeps.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let ordered: BTreeMap<String, Value> = members.into_iter().collect();
            Value::Object(
                ordered
                    .into_iter()
                    .map(|(name, value)| (name, sorted(value)))
                    .collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        plain => plain,
    }
}
