//! Rows of a foreign register. Value rules apply; process rules (clocks, papers, two persons) do not.

use jiff::civil::Date;

use super::register::{LONGEST_LINE, LONGEST_NAME};
use super::{Decision, classes, nothing_to_do};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::envelope::Classification;
use crate::institution::{Institution, RecordImported, RecordImportedInstitution};
use crate::rejection::{Reason, Rejection};
use crate::time::{Occurred, start_of};

/// Records a row. A later row about the same institution is recorded when it says anything new, and only as long as
/// the institution is known from the register alone. It asserts what it changes and nothing else: the rest of the row
/// may be older than what was changed here.
// rule: GEN-09
pub(super) fn record(state: &Institution, command: &RecordImportedInstitution, context: &Context<'_>) -> Decision {
    let mut check = Check::default();
    check.text("external.register", &command.external.register, LONGEST_NAME);
    check.text("external.number", &command.external.number, LONGEST_NAME);
    check.text("name", &command.name, LONGEST_NAME);
    check.text_if_some("address", command.address.as_deref(), LONGEST_LINE);
    check.text_if_some("register_type", command.register_type.as_deref(), LONGEST_NAME);
    check.text_if_some("register_status", command.register_status.as_deref(), LONGEST_NAME);
    classes::shape(&mut check, "classes", &command.classes, false, false);
    if let Some(date) = command.edition_date {
        check.not_in_future("edition_date", date, context);
    }
    check.done()?;
    let mut row = RecordImported::from(command);
    let Some(known) = &state.imported else {
        // An edition tells how things stand on its day at the latest.
        let from = command.valid_from_date.or(command.edition_date);
        return Ok(vec![decided(row, from, command.valid_from_date)]);
    };
    if known.external != row.external {
        return Err(Rejection::new(
            Reason::AlreadyExists,
            "this institution was imported under another number",
            "该机构已以其他登记号导入",
        ));
    }
    row.changed = row.changes(known, state);
    if row.changed.is_empty() {
        return Err(nothing_to_do());
    }
    newer(known.edition_date, command.edition_date)?;
    // It happened between the editions, nobody knows when; and it can't hold before what it changes.
    let (from, happened) = match command.edition_date {
        Some(edition) => (Some(edition).max(known.valid_from_date), None),
        None => (command.valid_from_date, command.valid_from_date),
    };
    Ok(vec![decided(row, from, happened)])
}

/// An edition changes only what an older one, or a row without edition, has told.
// rule: GEN-10
fn newer(known: Option<Date>, told: Option<Date>) -> Result<(), Rejection> {
    match known {
        Some(known) if told < Some(known) => Err(Rejection::new(
            Reason::OlderEdition,
            format!("the register's edition of {known} is recorded; an older one changes nothing"),
            format!("已登记该登记册{known}的版本，较早的版本不作变更"),
        )
        .with("edition_date", known.to_string())),
        _ => Ok(()),
    }
}

/// What the register does not tell stays unknown; the day of the import is not when it happened.
fn decided(
    row: RecordImported,
    from: Option<Date>,
    happened: Option<Date>,
) -> Decided<crate::institution::InstitutionEvent> {
    let mut decided = Decided::plain(row);
    decided.occurred = Some(happened.map_or(Occurred::Unknown, |date| Occurred::Day { date }));
    decided.effective_from = from.map(start_of);
    decided.classification = Classification::Operator;
    decided
}
