//! Reads a dossier at two times: which facts hold, since when and by which event, and how that differs from now.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use yujian_domain::dossier::{Dossier, Fact};
use yujian_domain::institution::{Class, Status};
use yujian_domain::time::{day_of, end_of};
use yujian_views::{DossierFacts, Page, StoredFact, TimelineRow};

use super::super::plane::Plane;
use super::super::status_badge;
use super::super::timeline::{self, Moments, anchor};
use super::others::{ByKey, fact_label, is_elsewhere, last};
use super::{Case, ClassLine, Difference, DossierPage, Group, Held, PaperLine, Past, Source};
use crate::html::{self, Markup, Tone, badge, bdi, figure, message, text};
use crate::lang::Lang;
use crate::shell::Shell;
use crate::terms::Terms;
use crate::terms::events::event;
use crate::terms::labels::label;

/// Incidents listed; the rest stands in the list of incidents.
const CASES: usize = 10;

/// Groups of facts, in a fixed order, with the beginnings of their keys.
const GROUPS: [(&str, &str, &[&str]); 3] = [
    (
        "基本情况",
        "Particulars",
        &[
            "name",
            "status",
            "credit_code",
            "external",
            "site",
            "address",
            "region",
            "point",
            "institution_type",
            "also_types",
            "register_type",
            "register_status",
            "mode",
            "ownership",
            "registrar",
            "registration_date",
            "representative.name",
            "representative.identity",
            "representative.phone",
            "representative.",
            "places",
        ],
    ),
    (
        "备案、许可与状态",
        "Filing, licence and status",
        &[
            "receipt.",
            "licence.",
            "regime",
            "application.",
            "provisional",
            "condition.",
            "waiver.",
            "registry.",
            "revocation",
            "expiry",
            "cessation",
            "filing.",
            "nonconformity.",
            "suspension",
            "closing",
            "makes_meals",
            "premises",
        ],
    ),
    ("其他", "Other", &[""]),
];

/// Reads for one page.
pub(super) struct Reader<'a> {
    pub(super) terms: &'a Terms,
    /// Stream of the institution.
    pub(super) own: String,
    pub(super) moments: Moments,
    pub(super) now: Timestamp,
}

impl Reader<'_> {
    /// The page, without what only the address knows.
    pub(super) fn build(&self, shell: Shell, stored: DossierFacts, events: Page<TimelineRow>) -> DossierPage {
        let lang = self.terms.lang;
        let mut dossier = Dossier::new();
        for StoredFact { fact, withdrawn } in &stored.facts {
            dossier.insert(fact.clone(), *withdrawn);
        }
        let (as_of, known) = (self.moments.as_of.map(end_of), self.moments.known_at.map(end_of));
        let resolved = [
            dossier.resolve(as_of, known),
            dossier.resolve(as_of, None),
            dossier.resolve(None, None),
        ];
        let [then, then_known_now, current] = [&resolved[0], &resolved[1], &resolved[2]].map(|facts| by_key(facts));
        let shown: BTreeSet<(String, u64)> = events
            .rows
            .iter()
            .map(|row| (row.stream.clone(), row.revision))
            .collect();
        let cases = self.cases(&then);
        let (differences, differences_more) = self.differences(&then, &then_known_now, &current);
        let classes = then.get("classes");
        let list: Vec<Class> = classes
            .and_then(|fact| serde_json::from_value(fact.value.clone()).ok())
            .unwrap_or_default();
        let id = self.own.strip_prefix("institution-").unwrap_or(&self.own);
        DossierPage {
            name: Markup::default(),
            status: then
                .get("status")
                .and_then(|fact| Status::from_code(fact.value.as_str()?))
                .map_or_else(
                    || badge(Tone::Off, lang.say("当时不详", "unknown then")),
                    |status| status_badge(lang, status),
                ),
            imported: false,
            moments: self.moments,
            as_of: self.moments.as_of.map(|day| lang.day(day)),
            known_at: self.moments.known_at.map(|day| lang.day(day)),
            today: day_of(self.now),
            path: String::new(),
            past: self.moments.as_of.is_some() || self.moments.known_at.is_some(),
            plane: Plane::new(lang, &stored.facts, self.moments, self.now),
            differences,
            differences_more,
            groups: self.groups(&then, &current, &shown),
            class_places: figure(
                "institution_places",
                id,
                list.iter().map(|class| u64::from(class.places.count())).sum::<u64>(),
            ),
            classes: list
                .iter()
                .map(|class| ClassLine {
                    name: bdi(&class.name),
                    kind: lang.term(class.class_type),
                    places: class.places.count(),
                })
                .collect(),
            classes_source: classes.map(|fact| self.source(fact, &shown)),
            papers: self.papers(&then, &shown),
            cases_total: figure(
                "institution_incidents",
                id,
                u64::try_from(cases.len()).unwrap_or(u64::MAX),
            ),
            cases: cases.into_iter().take(CASES).collect(),
            cases_href: String::new(),
            authorization: None,
            present: None,
            presets: Vec::new(),
            retired: self.retired(&stored.facts, &then, &events.rows, &shown),
            damaged: stored
                .damaged
                .iter()
                .map(|(stream, problem)| (stream.clone(), message(problem)))
                .collect(),
            lines: events
                .rows
                .iter()
                .map(|row| timeline::line(self.terms, row, &self.own, self.moments))
                .collect(),
            total: figure("institution_events", id, events.total),
            newer: None,
            older: None,
            shell,
        }
    }

    fn value(&self, fact: &Fact) -> Markup {
        self.terms.value(last(&fact.key), &fact.value)
    }

    fn source(&self, fact: &Fact, shown: &BTreeSet<(String, u64)>) -> Source {
        let lang = self.terms.lang;
        let at = (fact.source.stream.clone(), fact.source.revision);
        let which = if at.0 == self.own {
            lang.say("版次", "revision")
        } else {
            lang.say("他处版次", "elsewhere, revision")
        };
        Source {
            title: event(lang, &fact.source.event_type).0,
            href: shown.contains(&at).then(|| format!("#{}", anchor(&at.0, at.1))),
            place: format!("{which} {}", at.1),
            recorded: lang.moment(fact.source.recorded_time),
        }
    }

    fn groups(&self, then: &ByKey<'_>, current: &ByKey<'_>, shown: &BTreeSet<(String, u64)>) -> Vec<Group> {
        let lang = self.terms.lang;
        let mut groups: Vec<Group> = GROUPS
            .iter()
            .enumerate()
            .map(|(id, (zh, en, _))| Group {
                id,
                title: lang.say(zh, en),
                facts: Vec::new(),
            })
            .collect();
        let mut ordered: Vec<(usize, usize, &Fact)> = then
            .values()
            .filter(|fact| !is_elsewhere(&fact.key) && !fact.key.starts_with("paper.") && fact.key != "classes")
            .map(|fact| {
                let (group, place) = place_of(&fact.key);
                (group, place, *fact)
            })
            .collect();
        ordered.sort_by(|a, b| (a.0, a.1, &a.2.key).cmp(&(b.0, b.1, &b.2.key)));
        for (group, _, fact) in ordered {
            let now = current.get(fact.key.as_str());
            let differs = now.is_none_or(|now| now.value != fact.value);
            groups[group].facts.push(Held {
                label: label(lang, &fact.key).into_owned(),
                value: self.value(fact),
                valid: validity(lang, fact),
                source: self.source(fact, shown),
                differs: differs.then(|| now.map_or_else(html::dash, |now| self.value(now))),
            });
        }
        groups.retain(|group| !group.facts.is_empty());
        groups
    }

    /// What differs between the times: every fact of the institution, and of its incidents, inspections and staff the
    /// state, the first few of them. Also how many further facts of those differ.
    fn differences(
        &self,
        then: &ByKey<'_>,
        then_known_now: &ByKey<'_>,
        current: &ByKey<'_>,
    ) -> (Vec<Difference>, usize) {
        let keys: BTreeSet<&str> = then
            .keys()
            .chain(then_known_now.keys())
            .chain(current.keys())
            .copied()
            .collect();
        let value = |of: &ByKey<'_>, key: &str| of.get(key).map(|fact| fact.value.clone());
        let differing: Vec<&str> = keys
            .into_iter()
            .filter(|key| {
                let asked = value(then, key);
                asked != value(then_known_now, key) || asked != value(current, key)
            })
            .collect();
        let (cases, mut listed): (Vec<&str>, Vec<&str>) = differing.into_iter().partition(|key| is_elsewhere(key));
        let states: Vec<&str> = cases
            .iter()
            .copied()
            .filter(|key| key.ends_with(".status") || key.ends_with(".state"))
            .take(CASES)
            .collect();
        let more = cases.len() - states.len();
        listed.extend(states);
        let show = |of: &ByKey<'_>, key: &str| of.get(key).map_or_else(html::dash, |fact| self.value(fact));
        let lines = listed
            .into_iter()
            .map(|key| Difference {
                label: fact_label(self.terms.lang, key, current),
                then: show(then, key),
                then_known_now: show(then_known_now, key),
                now: show(current, key),
            })
            .collect();
        (lines, more)
    }

    fn papers(&self, then: &ByKey<'_>, shown: &BTreeSet<(String, u64)>) -> Vec<PaperLine> {
        let lang = self.terms.lang;
        let at = self.moments.as_of.unwrap_or_else(|| day_of(self.now));
        let mut lines = Vec::new();
        for fact in then.values().filter(|fact| fact.key.starts_with("paper.")) {
            let one = std::slice::from_ref(&fact.value);
            for paper in fact.value.as_array().map_or(one, Vec::as_slice) {
                let member = |name: &str| self.terms.value(name, paper.get(name).unwrap_or(&Value::Null));
                let expiry: Option<Date> = paper
                    .get("expiry_date")
                    .and_then(Value::as_str)
                    .and_then(|date| date.parse().ok());
                let state = match (paper.get("passed").and_then(Value::as_bool), expiry) {
                    (Some(false), _) => badge(Tone::Bad, lang.say("结论不合格", "not passed")),
                    (_, Some(expiry)) if expiry < at => badge(Tone::Bad, lang.say("已过期", "expired")),
                    _ => badge(Tone::Ok, lang.say("有效", "valid")),
                };
                lines.push(PaperLine {
                    label: label(lang, &fact.key).into_owned(),
                    issuer: member("issuer")
                        .then(&text(" "))
                        .then(&member("number").within("span", "under")),
                    issued: member("issue_date"),
                    expiry: expiry.map_or_else(|| text(lang.say("长期", "no end")), |day| lang.day(day)),
                    state,
                    source: self.source(fact, shown),
                });
            }
        }
        lines
    }

    fn cases(&self, then: &ByKey<'_>) -> Vec<Case> {
        let lang = self.terms.lang;
        let mut ids: BTreeSet<&str> = BTreeSet::new();
        ids.extend(
            then.keys()
                .filter_map(|key| key.strip_prefix("incident.")?.split('.').next()),
        );
        let mut cases: Vec<(String, Case)> = ids
            .into_iter()
            .map(|id| {
                let fact = |name: &str| then.get(format!("incident.{id}.{name}").as_str()).copied();
                let show = |name: &str| fact(name).map_or_else(html::dash, |fact| self.value(fact));
                let aware = fact("awareness_time")
                    .map(|fact| fact.value.to_string())
                    .unwrap_or_default();
                let case = Case {
                    href: format!("/incidents/{id}"),
                    category: fact("category").map_or_else(
                        || text(lang.say("外部登记的事件", "Incident of a foreign register")),
                        |fact| self.value(fact),
                    ),
                    occurred: show("occurred"),
                    status: show("status"),
                    late: fact("late").is_some_and(|fact| fact.value == Value::Bool(true)),
                    outcome: show("outcome"),
                };
                (aware, case)
            })
            .collect();
        cases.sort_by(|a, b| b.0.cmp(&a.0));
        cases.into_iter().map(|(_, case)| case).collect()
    }

    /// Facts recorded by the time asked for that do not hold: withdrawn by a correction, or superseded.
    fn retired(
        &self,
        facts: &[StoredFact],
        then: &ByKey<'_>,
        events: &[TimelineRow],
        shown: &BTreeSet<(String, u64)>,
    ) -> Vec<Past> {
        let lang = self.terms.lang;
        let mut past: Vec<(&StoredFact, bool)> = facts
            .iter()
            .filter(|stored| !stored.fact.value.is_null())
            .map(|stored| (stored, stored.withdrawn.is_some()))
            .filter(|(stored, withdrawn)| {
                *withdrawn
                    || then
                        .get(stored.fact.key.as_str())
                        .is_some_and(|held| **held != stored.fact)
            })
            .filter(|(stored, _)| !is_elsewhere(&stored.fact.key))
            .collect();
        past.sort_by(|a, b| (!a.1, &b.0.fact.order).cmp(&(!b.1, &a.0.fact.order)));
        past.into_iter()
            .map(|(stored, _)| Past {
                label: label(lang, &stored.fact.key).into_owned(),
                value: self.value(&stored.fact),
                valid: validity(lang, &stored.fact),
                source: self.source(&stored.fact, shown),
                withdrawn: stored.withdrawn.map(|time| {
                    let correction = events
                        .iter()
                        .find(|row| row.recorded_time == time && row.stream == self.own);
                    (
                        lang.moment(time),
                        correction.map(|row| format!("#{}", anchor(&row.stream, row.revision))),
                    )
                }),
            })
            .collect()
    }
}

fn by_key(facts: &[Fact]) -> ByKey<'_> {
    facts.iter().map(|fact| (fact.key.as_str(), fact)).collect()
}

/// Group and place of a key.
fn place_of(key: &str) -> (usize, usize) {
    for (group, (_, _, keys)) in GROUPS.iter().enumerate() {
        let found = keys
            .iter()
            .position(|known| *known == key || (known.ends_with('.') && key.starts_with(known)));
        if let Some(place) = found {
            return (group, place);
        }
    }
    (GROUPS.len() - 1, 0)
}

/// From when until when a fact holds.
fn validity(lang: Lang, fact: &Fact) -> Markup {
    let from = match fact.valid_from {
        Some(from) => text(lang.say("", "from "))
            .then(&lang.day(day_of(from)))
            .then(&text(lang.say(" 起", ""))),
        None => text(lang.say("何时起不详", "from an unknown day")),
    };
    match fact.valid_to {
        // The end is exclusive: the last day is the one before its first instant.
        Some(to) => from
            .then(&text(lang.say("，至 ", " until before ")))
            .then(&lang.day(day_of(to)))
            .then(&text(lang.say(" 前", ""))),
        None => from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_in_their_groups() {
        assert_eq!(place_of("name"), (0, 0));
        assert_eq!(place_of("receipt.number"), (1, 0));
        assert_eq!(place_of("something.new"), (2, 0));
        assert!(place_of("representative.name") < place_of("places"));
    }
}
