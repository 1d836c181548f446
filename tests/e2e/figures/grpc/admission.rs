//! Figures of admission as the services tell them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use yujian_proto::supervision::v1 as supervision;

use super::{Client, auditor, code, day, of};
use crate::figures::admission::{put_buckets, put_clock, shares};
use crate::figures::counts::{Figures, put};
use crate::support::{ADMINISTRATOR, by};

fn counts(buckets: Option<&supervision::BucketFigures>) -> [u64; 5] {
    let told = buckets.unwrap();
    [told.overdue, told.due_soon, told.paused, told.ample, told.none]
}

impl Client {
    /// The figures of admission of a division.
    pub async fn of_admission(&mut self, region: &str, at: Date) -> Figures {
        let reply = ask!(
            self,
            ADMINISTRATOR,
            get_admission_figures,
            GetAdmissionFiguresRequest {
                region_code: region.to_owned(),
                at_date: day(at),
            }
        );
        let mut figures = Figures::new();
        for row in reply.parts.iter().chain(&reply.region) {
            everywhere(&mut figures, &of(&row.region_code), row);
        }
        own(&mut figures, region, reply.region.as_ref().unwrap());
        for state in &reply.states {
            let of = format!("{region}/{}", code(state.state().as_str_name(), "APPLICATION_STATE_"));
            let buckets = counts(state.buckets.as_ref());
            put(&mut figures, "applications_open_by_state", &of, buckets.iter().sum());
            put_buckets(&mut figures, "applications_by_state_and_bucket", &of, buckets);
            for (name, days) in [
                ("days_in_state_longest", state.longest_working_days),
                ("days_in_state_median", state.median_working_days),
            ] {
                put(&mut figures, name, &of, days.unwrap_or_default().into());
            }
        }
        put(&mut figures, "applications_returned", region, reply.returned);
        for item in &reply.returned_items {
            let of = format!("{region}/{}", item.item);
            put(&mut figures, "returned_items", &of, item.applications);
            put(&mut figures, "returned_again", &of, item.again);
        }
        shares(&mut figures, region);
        figures
    }

    /// Applications of an institution, and children of each of its cessations: to be placed, and placed.
    pub async fn of_authorization(&mut self, institution: &str, region: &str) -> (u64, BTreeMap<u64, [u64; 2]>) {
        let name = format!("institutions/{institution}");
        let actor = auditor(region);
        let applied = total!(
            self,
            &actor,
            list_applications,
            ListApplicationsRequest {
                institution: name.clone()
            }
        );
        let reply = ask!(
            self,
            &actor,
            list_authorizations,
            ListAuthorizationsRequest { institution: name }
        );
        let ceasing = reply.cessations.iter().map(|view| {
            let told = view.cessation.as_ref().unwrap();
            let children = [told.children_to_place, told.children_placed];
            (view.ordinal.into(), children.map(u64::from))
        });
        (applied, ceasing.collect())
    }

    /// Last day, what is left and how it stands of each clock that waits.
    pub async fn deadlines(&mut self, region: &str, at: Date) -> Figures {
        let mut figures = Figures::new();
        for (actor, code) in self.auditors(region) {
            for row in every!(
                self,
                &actor,
                list_clocks,
                ListClocksRequest {
                    region_code: code.clone(),
                    waiting_only: true,
                    at_date: day(at),
                },
                clocks
            ) {
                let id = format!("{}/{}", super::id_in(&row.institution), row.clock);
                let due = row.due_date.unwrap();
                let due = Date::new(
                    i16::try_from(due.year).unwrap(),
                    i8::try_from(due.month).unwrap(),
                    i8::try_from(due.day).unwrap(),
                )
                .unwrap();
                let bucket = super::code(row.bucket().as_str_name(), "CLOCK_BUCKET_");
                put_clock(&mut figures, &id, due, row.days_left.unwrap(), &bucket);
            }
        }
        figures
    }
}

/// What a division and each of its parts tell.
fn everywhere(figures: &mut Figures, place: &str, row: &supervision::AdmissionFigures) {
    let [overdue, due_soon, paused, ample, none] = counts(row.open.as_ref());
    for (name, count) in [
        ("applications_open", overdue + due_soon + paused + ample + none),
        ("applications_overdue", overdue),
        ("applications_due_soon", due_soon),
        ("applications_paused", paused),
        ("decided_late", row.decided_late),
        ("conditions_open", row.conditions_open),
        ("cessations_open", row.cessations_open),
        ("damaged_admissions", row.damaged),
    ] {
        put(figures, name, place, count);
    }
}

/// What the division alone tells.
fn own(figures: &mut Figures, region: &str, row: &supervision::AdmissionFigures) {
    put_buckets(figures, "clocks_by_bucket", region, counts(row.clocks.as_ref()));
    for kind in &row.by_kind {
        let name = code(kind.kind().as_str_name(), "APPLICATION_KIND_");
        let of = format!("{region}/{}", if name == "unspecified" { "" } else { &name });
        put(figures, "applications_open_by_kind", &of, kind.open);
        put(figures, "applications_granted", &of, kind.granted);
        put(figures, "granted_at_once", &of, kind.granted_at_once);
        put(figures, "applications_refused", &of, kind.refused);
    }
    for deemed in &row.deemed {
        let of = format!("{region}/{}", code(deemed.outcome().as_str_name(), "DEEMED_OUTCOME_"));
        put(figures, "deemed", &of, deemed.standing);
        put(figures, "deemed_reversed", &of, deemed.reversed);
    }
    for state in &row.authorizations {
        let of = format!("{region}/{}", code(state.state().as_str_name(), "AUTHORIZATION_STATE_"));
        put(figures, "authorizations_by_state", &of, state.count);
    }
}
