//! History from a foreign register of findings: value rules apply, process rules do not.

use jiff::civil::Date;

use super::check::{self, Check};
use super::decide::{Decision, institution};
use super::{Inspection, InspectionImported, Move, RecordImportedInspection, Status};
use crate::aggregate::{Context, Decided, Facts};
use crate::rejection::Rejection;
use crate::time::{Occurred, day_of};

/// Most further columns of a row.
const COLUMNS_MAX: usize = 100;

impl Inspection {
    /// INS-29: several rows of one visit stand in one stream: the first creates it, and a later edition of the register
    /// may add rows; but only to the same visit of the same register and institution. That a row comes twice is seen by
    /// its request id, before this. A correction that the register tells of is a fact of the row; it was not ordered,
    /// claimed or verified here.
    pub(super) fn record_imported(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &RecordImportedInspection,
        context: &Context<'_>,
    ) -> Decision {
        check_row(command, day_of(context.now))?;
        self.allow(movement)?;
        institution(facts)?;
        let mut check = Check::default();
        if self.status != Status::None {
            if self.institution != Some(command.institution) {
                check.refuse(
                    "institution",
                    "INS-29",
                    "the visit belongs to another institution",
                    "该检查属于另一机构",
                );
            }
            if self.register.as_ref() != Some(&command.external) {
                check.refuse(
                    "external",
                    "INS-29",
                    "is another visit than the one that stands here",
                    "与已登记的检查编号不同",
                );
            }
        }
        check.finish()?;
        let event = InspectionImported {
            number: self.imported_rows.saturating_add(1),
            institution: command.institution,
            external: command.external.clone(),
            ordinal: command.ordinal,
            visit_date: command.visit_date,
            kind: command.kind,
            standard: command.standard.trim().to_owned(),
            weight: command.weight,
            corrected_date: command.corrected_date,
            details: command.details.clone(),
            narrative: command
                .narrative
                .as_ref()
                .map(|text| text.of(check::text_subject(context.id))),
        };
        // An unknown day stays unknown.
        let occurred = command
            .visit_date
            .map_or(Occurred::Unknown, |date| Occurred::Day { date });
        Ok(vec![Decided {
            occurred: Some(occurred),
            ..Decided::plain(event)
        }])
    }
}

/// INS-30: value rules of a row.
fn check_row(command: &RecordImportedInspection, today: Date) -> Result<(), Rejection> {
    let mut check = Check::default();
    check.name("external.register", "INS-30", &command.external.register);
    check.name("external.number", "INS-30", &command.external.number);
    if command.ordinal == 0 {
        check.refuse("ordinal", "INS-30", "counts from 1", "序号从1开始");
    }
    check.plain("standard", "INS-30", &command.standard);
    for (field, date) in [
        ("visit_date", command.visit_date),
        ("corrected_date", command.corrected_date),
    ] {
        if date.is_some_and(|date| date > today) {
            check.refuse(field, "INS-30", "must not lie in the future", "不能晚于今天");
        }
    }
    if let (Some(visit), Some(corrected)) = (command.visit_date, command.corrected_date)
        && corrected < visit
    {
        check.refuse(
            "corrected_date",
            "INS-30",
            "lies before the visit",
            "改正日期早于检查日期",
        );
    }
    if command.details.len() > COLUMNS_MAX {
        check.refuse("details", "INS-30", "at most 100 further columns", "附加列最多100列");
    }
    for (column, value) in &command.details {
        check.name("details", "INS-30", column);
        if !value.trim().is_empty() {
            check.plain("details", "INS-30", value);
        }
    }
    check.optional_narrative("narrative", "INS-30", command.narrative.as_ref());
    check.finish()
}
