//! History from a foreign register: value rules apply, process rules do not.

use jiff::civil::Date;

use super::check::{self, Check};
use super::decide::{Decision, institution};
use super::{Incident, Move, RecordImported, RecordImportedIncident, Status};
use crate::aggregate::{Context, Decided, Facts};
use crate::rejection::Rejection;
use crate::time::{Occurred, day_of};

/// Most further columns of a row.
const COLUMNS_MAX: usize = 100;

impl Incident {
    /// INC-17: several rows of one case stand in one stream. Its first row creates it, and a later edition of the
    /// register may add rows whatever became of the case here; but only to the same case of the same register and
    /// institution. That a row comes twice is seen by its request id, before this.
    pub(super) fn record_imported(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &RecordImportedIncident,
        context: &Context<'_>,
    ) -> Decision {
        check_row(command, day_of(context.now))?;
        if self.imported_rows == 0 {
            self.allow(movement)?;
        }
        institution(facts)?;
        if self.status != Status::None {
            let mut check = Check::default();
            if self.institution != Some(command.institution) {
                check.refuse(
                    "institution",
                    "INC-17",
                    "the case belongs to another institution",
                    "该案件属于另一机构",
                );
            }
            if self.register.as_ref() != Some(&command.external) {
                check.refuse(
                    "external",
                    "INC-17",
                    "is another case than the one that stands here",
                    "与已登记的案件编号不同",
                );
            }
            check.finish()?;
        }
        let event = RecordImported {
            institution: command.institution,
            external: command.external.clone(),
            ordinal: command.ordinal,
            category: command.category,
            intake_date: command.intake_date,
            completed_date: command.completed_date,
            injury: command.injury,
            severity: command.severity,
            outcome: command.outcome,
            details: command.details.clone(),
            narrative: command
                .narrative
                .as_ref()
                .map(|text| text.of(check::text_subject(context.id))),
        };
        // The register's day of intake is the nearest that it tells of when it happened; unknown stays unknown.
        let occurred = command
            .intake_date
            .map_or(Occurred::Unknown, |date| Occurred::Day { date });
        Ok(vec![Decided {
            occurred: Some(occurred),
            ..Decided::plain(event)
        }])
    }
}

/// INC-18: value rules of a row.
fn check_row(command: &RecordImportedIncident, today: Date) -> Result<(), Rejection> {
    let mut check = Check::default();
    check.name("external.register", "INC-18", &command.external.register);
    check.name("external.number", "INC-18", &command.external.number);
    if command.ordinal == 0 {
        check.refuse("ordinal", "INC-18", "counts from 1", "序号从1开始");
    }
    for (field, date) in [
        ("intake_date", command.intake_date),
        ("completed_date", command.completed_date),
    ] {
        if date.is_some_and(|date| date > today) {
            check.refuse(field, "INC-18", "must not lie in the future", "不能晚于今天");
        }
    }
    if let (Some(intake), Some(completed)) = (command.intake_date, command.completed_date)
        && completed < intake
    {
        check.refuse(
            "completed_date",
            "INC-18",
            "lies before the intake",
            "办结日期早于受理日期",
        );
    }
    if command.details.len() > COLUMNS_MAX {
        check.refuse("details", "INC-18", "at most 100 further columns", "附加列最多100列");
    }
    for (column, value) in &command.details {
        check.name("details", "INC-18", column);
        if !value.trim().is_empty() {
            check.plain("details", "INC-18", value);
        }
    }
    check.optional_narrative("narrative", "INC-18", command.narrative.as_ref());
    check.finish()
}
