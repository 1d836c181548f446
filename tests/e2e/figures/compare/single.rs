//! Comparing the pages of one institution, person, inspection or incident, and of the system.

use std::collections::BTreeMap;

use super::{History, equal};
use crate::figures::counts::{Figures, put};
use crate::figures::page::{self, get};
use crate::figures::pages::{
    OF_INCIDENT, OF_INSPECTION, OF_INSTITUTION, OF_LISTS, OF_PERSON, OF_THE_FRAME, SAID_OF_CASES,
};
use crate::support::eventually;

/// Most that are looked at of one state.
const OF_A_STATE: usize = 2;

/// Puts the figures of what authorizes an institution: its applications, and children of each cessation.
fn put_authorization(
    figures: &mut Figures,
    institution: &str,
    (applications, cessations): (u64, BTreeMap<u64, [u64; 2]>),
) {
    put(figures, "institution_applications", institution, applications);
    for (ordinal, [children, placed]) in cessations {
        let of = format!("{institution}/{ordinal}");
        put(figures, "children_to_place", &of, children);
        put(figures, "children_placed", &of, placed);
    }
}

/// Of state, length of history, id and institution: the id and institution of those with the longest history of each state.
fn chosen(mut all: Vec<(String, u64, String, String)>) -> Vec<(String, String)> {
    all.sort_unstable_by(|one, other| (other.1, &other.2).cmp(&(one.1, &one.2)));
    let mut taken = BTreeMap::<String, usize>::new();
    all.retain(|(state, ..)| {
        let taken = taken.entry(state.clone()).or_default();
        *taken += 1;
        *taken <= OF_A_STATE
    });
    all.into_iter()
        .map(|(_, _, id, institution)| (id, institution))
        .collect()
}

impl History {
    /// Pages of some institutions and of some persons, those with the longest history among them.
    pub async fn single(&mut self) {
        let mut institutions: Vec<(u64, String)> = self.world.history.iter().map(|(id, n)| (*n, id.clone())).collect();
        institutions.sort_unstable();
        for (_, id) in institutions.iter().rev().step_by(institutions.len() / 4 + 1) {
            let region = self.world.institutions[id].region();
            let path = format!("/institutions/{id}");
            let mut here = self.figures(&path, &get(&self.address, &path));
            self.beside(&path, &here).await;
            here.retain(|(name, _), _| OF_INSTITUTION.contains(&name.as_str()) || !OF_LISTS.contains(&name.as_str()));
            self.single_is(&path, &OF_INSTITUTION, &here);
            let mut replied = self.client.of_institution(id, &region).await;
            let (mut rows, mut fold) = (self.rows.of_institution(id), self.world.of_institution(id));
            put_authorization(&mut replied, id, self.client.of_authorization(id, &region).await);
            put_authorization(&mut rows, id, self.rows.of_authorization(id));
            put_authorization(&mut fold, id, self.world.of_authorization(id));
            equal(
                &path,
                [("page", here), ("gRPC", replied), ("SQL", rows), ("fold", fold)],
            );
        }
        let mut persons: Vec<(u64, String)> = self
            .world
            .persons
            .iter()
            .map(|(id, one)| (one.events, id.clone()))
            .collect();
        persons.sort_unstable();
        for (_, id) in persons.iter().rev().step_by(persons.len() / 4 + 1) {
            let path = format!("/persons/{id}");
            let here = self.figures(&path, &get(&self.address, &path));
            self.single_is(&path, &OF_PERSON, &here);
            let replied = self.client.of_person(id).await;
            let (rows, fold) = (self.rows.of_person(id), self.world.of_person(id));
            equal(
                &path,
                [("page", here), ("gRPC", replied), ("SQL", rows), ("fold", fold)],
            );
        }
    }

    /// Pages of some inspections and incidents: those with the longest history, and others of each state.
    pub async fn cases(&mut self) {
        let inspections = self.world.inspections.iter();
        let inspections =
            inspections.map(|(id, one)| (one.status.clone(), one.events, id.clone(), one.institution.clone()));
        for (id, institution) in chosen(inspections.collect()) {
            let region = self.world.institutions[&institution].region();
            let path = format!("/inspections/{id}");
            let here = self.case(&path, &OF_INSPECTION);
            let replied = self.client.of_inspection(&id, &region).await;
            let (rows, fold) = (self.rows.of_inspection(&id), self.world.of_inspection(&id));
            equal(
                &path,
                [("page", here), ("gRPC", replied), ("SQL", rows), ("fold", fold)],
            );
        }
        let applied = self.world.admitted.iter().flat_map(|(id, of)| {
            let applied = of.applications.iter();
            applied.map(|(number, it)| {
                let state = it.state.unwrap().code().to_owned();
                (state, it.events as u64, number.to_string(), id.to_string())
            })
        });
        for (number, institution) in chosen(applied.collect()) {
            let path = format!("/applications/{institution}/{number}");
            let here = self.figures(&path, &get(&self.address, &path));
            self.single_is(&path, &["application_returned"], &here);
            self.beside(&path, &here).await;
        }
        let incidents = self.world.incidents.iter();
        let incidents =
            incidents.map(|(id, one)| (one.status.clone(), one.events, id.clone(), one.institution.clone()));
        for (id, institution) in chosen(incidents.collect()) {
            let region = self.world.institutions[&institution].region();
            let path = format!("/incidents/{id}");
            let here = self.case(&path, &OF_INCIDENT);
            let replied = self.client.of_incident(&id, &region).await;
            let (rows, fold) = (self.rows.of_incident(&id), self.world.of_incident(&id));
            equal(
                &path,
                [("page", here), ("gRPC", replied), ("SQL", rows), ("fold", fold)],
            );
        }
    }

    /// The figures of one page, which names every number before its timeline.
    fn case(&mut self, path: &str, known: &[&str]) -> Figures {
        let html = get(&self.address, path);
        let here = self.figures(path, &html);
        self.single_is(path, known, &here);
        let before = html.split("aria-labelledby=\"h-t\"").next().unwrap();
        // How long an alert has been open is an age, like that of the page itself.
        let mut cells = before.split("data-l=\"历时\">");
        let first = cells.next().unwrap_or_default().to_owned();
        let before = cells.fold(first, |text, cell| {
            text + cell.split_once("</td>").map_or("", |(_, rest)| rest)
        });
        let unnamed = page::unnamed_numbers(&format!("{before}></main>"), &SAID_OF_CASES);
        assert!(unnamed.is_empty(), "{path}: numbers that are no figures: {unnamed:?}");
        here
    }

    /// Waits until the views have taken in what the fold has.
    pub async fn caught_up(&mut self) {
        let there = self.world.of_status();
        let client = &mut self.client;
        eventually("the views have caught up", async || client.of_status().await == there).await;
    }

    /// What the views could not take in, as the page of the system tells it.
    pub async fn status(&mut self) {
        let here = page::figures("/status", &get(&self.address, "/status"));
        self.single_is("/status", &OF_THE_FRAME, &here);
        let replied = self.client.of_status().await;
        let (rows, fold) = (self.rows.of_status(), self.world.of_status());
        let what = format!("{}: /status", self.what);
        equal(
            &what,
            [("page", here), ("gRPC", replied), ("SQL", rows), ("fold", fold)],
        );
    }

    fn single_is(&mut self, path: &str, known: &[&str], here: &Figures) {
        for (name, _) in here.keys() {
            assert!(
                known.contains(&name.as_str()),
                "{path} shows {name}, which this test does not know"
            );
            self.seen.insert(name.clone());
        }
    }
}
