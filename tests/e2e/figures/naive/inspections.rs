//! Inspections, findings with their corrections, and visits against the yearly cap.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::Value;
use yujian_domain::time::day_of;

use super::{Checklists, Told, World};

/// An inspection.
#[derive(Debug, Default)]
pub struct Inspection {
    pub institution: String,
    pub status: String,
    pub purpose: String,
    pub visited: Option<Date>,
    pub ratio_exceeded: bool,
    pub backfilled: bool,
    pub backfilled_late: bool,
    /// Last day for the approval that an emergency visit still owes.
    pub approval_due: Option<Date>,
    pub approved_late: bool,
    /// Inspectors who stood aside.
    pub recused: u64,
    pub imported_rows: u64,
    /// Events in all.
    pub events: u64,
    /// Checklist and version.
    pub checklist: (String, u64),
    /// Latest answer to each item, and the pieces of evidence.
    pub answers: BTreeMap<String, (String, u64)>,
    /// Who was there at the latest count: of children, carers or other staff, by class type or post.
    pub present: BTreeMap<String, BTreeMap<String, u64>>,
    /// Points met, points looked at and veto items not met, once final.
    pub result: Option<[u64; 3]>,
    dimensions: Vec<String>,
    window: Option<Date>,
    emergency: bool,
    inspectors: BTreeSet<String>,
}

/// A finding (问题).
#[derive(Debug, Default)]
pub struct Finding {
    pub institution: String,
    pub state: String,
    pub dimension: String,
    pub weight: String,
    pub due: Option<Date>,
    pub rejections: u64,
    pub extended: bool,
    pub children_at_risk: u64,
}

/// A visit that was counted or noted.
#[derive(Debug)]
pub struct Visit {
    pub counts: bool,
    pub cap: Option<u64>,
    pub order: u64,
}

impl Inspection {
    pub(super) fn take(&mut self, kind: &str, told: &Told<'_>, checklists: &Checklists) {
        self.events += 1;
        let to = |status: &str| status.to_owned();
        match kind {
            "InspectionPlanned" => {
                self.institution = told.sure("institution");
                self.purpose = told.sure("purpose");
                self.emergency = told.yes("emergency");
                self.status = to("planned");
                let checklist = &told.payload["checklist"];
                let id = checklist["id"].as_str().unwrap().to_owned();
                self.checklist = (id, checklist["version"].as_u64().unwrap());
                let chosen = told.payload.get("dimensions").and_then(Value::as_array);
                let codes = chosen
                    .into_iter()
                    .flatten()
                    .map(|code| code.as_str().unwrap().to_owned());
                self.dimensions = codes.collect();
                self.window = told.day("from_date");
            }
            "InspectionApproved" => {
                self.approval_due = None;
                self.approved_late = told.yes("late");
                if !told.yes("after_check_in") {
                    self.status = to(if self.inspectors.is_empty() {
                        "approved"
                    } else {
                        "assigned"
                    });
                }
            }
            "InspectorsAssigned" => {
                let list = told.payload["inspectors"].as_array().unwrap();
                self.inspectors = list
                    .iter()
                    .map(|one| one["person"].as_str().unwrap().to_owned())
                    .collect();
                if self.status == "approved" || (self.emergency && self.status == "planned") {
                    self.status = to("assigned");
                }
            }
            "RecusalDecided" if told.yes("granted") => {
                self.recused += 1;
                self.inspectors.remove(&told.sure("person"));
            }
            "InspectorCheckedIn" | "CheckInBackfilled" => {
                self.status = to("checked_in");
                self.approval_due = told.due("approval_due");
                self.visited = match told.text("arrived_time") {
                    Some(arrived) => Some(day_of(arrived.parse().unwrap())),
                    None => told.occurred_day(),
                };
                self.backfilled = kind == "CheckInBackfilled";
                self.backfilled_late = self.backfilled && told.yes("late");
            }
            "ItemsAnswered" => {
                for answer in told.payload["answers"].as_array().unwrap() {
                    let evidence = answer.get("evidence").and_then(Value::as_array).map_or(0, Vec::len);
                    let given = (answer["answer"].as_str().unwrap().to_owned(), evidence as u64);
                    self.answers.insert(answer["item"].as_str().unwrap().to_owned(), given);
                }
            }
            "PresenceCounted" => {
                self.present.clear();
                for who in ["children", "carers", "staff"] {
                    let counts = told.payload.get(who).and_then(Value::as_object).into_iter().flatten();
                    let counts = counts.map(|(of, count)| (of.clone(), count.as_u64().unwrap()));
                    self.present.insert(who.to_owned(), counts.collect());
                }
                let over = told
                    .payload
                    .get("ratio_exceeded")
                    .and_then(|classes| classes.as_array());
                self.ratio_exceeded = over.is_some_and(|classes| !classes.is_empty());
            }
            "FieldworkCompleted" => self.status = to("fieldwork_completed"),
            "InspectionAborted" => self.status = to("aborted"),
            "InspectionCancelled" => self.status = to("cancelled"),
            "DraftReportIssued" => self.status = to("draft_issued"),
            "DraftCommented" => self.status = to("commented"),
            "InspectionFinalized" => {
                self.status = to("finalized");
                self.result = Some(self.judged(checklists));
            }
            "InspectionPublished" => self.status = to("published"),
            "InspectionImported" => {
                self.imported_rows += 1;
                self.institution = told.sure("institution");
                if self.status.is_empty() {
                    self.status = to("imported");
                    self.purpose = to("unknown");
                }
                self.visited = self.visited.or(told.day("visit_date"));
            }
            _ => {}
        }
    }

    /// Whether a dimension of the checklist is to be looked at; none named: all are.
    pub fn looks_at(&self, dimension: &str) -> bool {
        self.dimensions.is_empty() || self.dimensions.iter().any(|one| one == dimension)
    }

    /// The latest answer to an item.
    pub fn answer(&self, item: &str) -> &str {
        self.answers.get(item).map_or("not_checked", |(answer, _)| answer)
    }

    /// Points met, points looked at, veto items not met.
    fn judged(&self, checklists: &Checklists) -> [u64; 3] {
        let mut judged = [0; 3];
        let items = checklists[&self.checklist].iter();
        for item in items.filter(|item| self.looks_at(&item.dimension)) {
            match self.answer(&item.code) {
                "compliant" => {
                    judged[0] += item.points;
                    judged[1] += item.points;
                }
                "noncompliant" => {
                    judged[1] += item.points;
                    judged[2] += u64::from(item.veto);
                }
                _ => {}
            }
        }
        judged
    }

    /// The year in which its visit counts: of the visit, or of the window before one.
    pub fn year(&self) -> Option<i16> {
        Some(self.visited.or(self.window)?.year())
    }

    /// Whether it was a visit that was not broken off.
    pub fn done(&self) -> bool {
        self.visited.is_some() && self.status != "aborted" && self.status != "cancelled"
    }
}

impl Finding {
    /// Nobody has put it right.
    pub fn open(&self) -> bool {
        !["corrected_on_site", "verified", "imported"].contains(&self.state.as_str())
    }

    /// A correction is owed.
    pub fn owed(&self) -> bool {
        self.state == "correction_due" || self.state == "overdue"
    }

    /// A correction was owed by a day that is over.
    pub fn overdue(&self, at: Date) -> bool {
        self.owed() && self.due.is_some_and(|due| due < at)
    }
}

impl World {
    pub(super) fn take_finding(&mut self, kind: &str, told: &Told<'_>, institution: &str) {
        match kind {
            "TechnicalAssistanceGiven" => self.assistance.push(institution.to_owned()),
            "InspectionImported" if told.text("kind") == Some("technical_assistance") => {
                self.assistance.push(institution.to_owned());
            }
            "FindingCited" | "InspectionImported" => {
                let imported = kind == "InspectionImported";
                let number = told.number(if imported { "number" } else { "finding" });
                let finding = Finding {
                    institution: institution.to_owned(),
                    state: if imported { "imported" } else { "cited" }.to_owned(),
                    dimension: told.text("dimension").unwrap_or_default().to_owned(),
                    weight: told.sure("weight"),
                    children_at_risk: told
                        .payload
                        .get("children_at_risk")
                        .and_then(Value::as_u64)
                        .unwrap_or(0),
                    ..Finding::default()
                };
                self.findings.insert((told.id.to_owned(), number), finding);
            }
            "CorrectedOnSite" | "CorrectionOrdered" | "CorrectionClaimed" | "CorrectionVerified"
            | "CorrectionRejected" | "CorrectionExtended" | "CorrectionOverdue" => {
                let key = (told.id.to_owned(), told.number("finding"));
                let finding = self.findings.get_mut(&key).unwrap();
                finding.state = match kind {
                    "CorrectedOnSite" => "corrected_on_site",
                    "CorrectionClaimed" => "correction_claimed",
                    "CorrectionVerified" => "verified",
                    "CorrectionOverdue" => "overdue",
                    // Ordered, ordered again, or given more time: owed by a day.
                    _ => "correction_due",
                }
                .to_owned();
                if finding.state == "correction_due" {
                    finding.due = told.day("due_date");
                }
                finding.rejections += u64::from(kind == "CorrectionRejected");
                finding.extended |= kind == "CorrectionExtended";
            }
            _ => {}
        }
    }

    pub(super) fn take_visit(&mut self, kind: &str, told: &Told<'_>) {
        let (institution, year) = told.id.rsplit_once('.').unwrap();
        let key = (institution.to_owned(), year.to_owned(), told.sure("inspection"));
        if kind == "VisitCounted" {
            let visit = Visit {
                counts: told.yes("counts"),
                cap: told.payload.get("cap").and_then(serde_json::Value::as_u64),
                order: told.order,
            };
            self.visits.insert(key, visit);
        } else {
            self.visits.remove(&key);
        }
    }
}
