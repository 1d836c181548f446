//! Rows of a foreign register. Value rules apply; process rules (clocks, papers, two persons) do not.

use super::register::{LONGEST_LINE, LONGEST_NAME};
use super::{Decision, classes, nothing_to_do};
use crate::aggregate::Decided;
use crate::check::Check;
use crate::envelope::Classification;
use crate::institution::{Institution, RecordImported, RecordImportedInstitution};
use crate::rejection::{Reason, Rejection};
use crate::time::{Occurred, start_of};

/// Records a row. A later row about the same institution is recorded when it says anything new, and only as long as
/// the institution is known from the register alone.
// rule: GEN-09
pub(super) fn record(state: &Institution, command: &RecordImportedInstitution) -> Decision {
    let mut check = Check::default();
    check.text("external.register", &command.external.register, LONGEST_NAME);
    check.text("external.number", &command.external.number, LONGEST_NAME);
    check.text("name", &command.name, LONGEST_NAME);
    check.text_if_some("address", command.address.as_deref(), LONGEST_LINE);
    check.text_if_some("register_type", command.register_type.as_deref(), LONGEST_NAME);
    classes::shape(&mut check, "classes", &command.classes, false);
    check.done()?;
    let row = RecordImported {
        external: command.external.clone(),
        name: command.name.clone(),
        address: command.address.clone(),
        region: command.region.clone(),
        credit_code: command.credit_code.clone(),
        institution_type: command.institution_type,
        register_type: command.register_type.clone(),
        mode: command.mode,
        ownership: command.ownership,
        classes: command.classes.clone(),
        valid_from_date: command.valid_from_date,
    };
    if let Some(known) = &state.imported {
        if known.external != row.external {
            return Err(Rejection::new(
                Reason::AlreadyExists,
                "this institution was imported under another number",
                "该机构已以其他登记号导入",
            ));
        }
        if *known == row {
            return Err(nothing_to_do());
        }
    }
    let mut decided = Decided::plain(row);
    // What the register does not tell stays unknown; the day of the import is not when it happened.
    decided.occurred = Some(
        command
            .valid_from_date
            .map_or(Occurred::Unknown, |date| Occurred::Day { date }),
    );
    decided.effective_from = command.valid_from_date.map(start_of);
    decided.classification = Classification::Operator;
    Ok(vec![decided])
}
