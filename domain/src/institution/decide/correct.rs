//! Corrections of recorded facts. Nothing is altered: a new event withdraws the wrong fact and says what is right.

use jiff::civil::Date;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::register::{self, LONGEST_LINE, LONGEST_NAME, text_subject};
use super::{Decision, filing, types};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::institution::{
    Class, CorrectFact, FactCorrected, Institution, InstitutionType, Mode, Ownership, Paper, PaperKind, Premises,
    Registrar,
};
use crate::personal::Sensitive;
use crate::rejection::{Reason, Rejection};
use crate::time::start_of;
use crate::values::{Point, RegionId};

/// Facts without which there is no institution: they can be replaced, and only withdrawn while an older assertion
/// remains to stand in.
const REQUIRED: &[&str] = &["name", "region", "institution_type", "mode", "ownership", "classes"];

/// Facts that follow from an act.
const ACTS: &[&str] = &[
    "status",
    "suspension",
    "closing",
    "receipt.late",
    "provisional",
    "revocation",
    "expiry",
    "cessation",
    "regime",
];
/// The same, of which there are many.
const ACT_FAMILIES: &[&str] = &[
    "filing.",
    "nonconformity.",
    "application.",
    "registry.",
    "licence.",
    "waiver.",
    "condition.",
];

/// Corrects one fact of one event. Two persons: the actor and the approver.
pub(super) fn correct(state: &Institution, command: &CorrectFact, context: &Context<'_>) -> Decision {
    let mut check = Check::default();
    check.text("reason", command.reason.expose(), LONGEST_LINE);
    check.text("approver", &command.approver, LONGEST_NAME);
    check.done()?;
    // rule: GEN-04
    if command.approver.trim() == context.actor.id.trim() {
        return Err(Rejection::new(
            Reason::TwoPersonRule,
            "a correction needs the approval of another person than the one who makes it",
            "更正须由另一人批准，批准人不能是经办人本人",
        ));
    }
    correctable(state, command)?;
    let value = command
        .value
        .as_ref()
        .map(|value| right_value(state, command, value, context))
        .transpose()?;
    let mut decided = Decided::plain(FactCorrected {
        revision: command.revision,
        key: command.key.clone(),
        value,
        valid_from_date: command.valid_from_date,
        reason: command.reason.of(text_subject(context)),
        approver: command.approver.clone(),
    });
    decided.effective_from = Some(start_of(command.valid_from_date));
    Ok(vec![decided])
}

/// The event must have asserted the fact, no correction may have withdrawn it yet, and it must be a fact: what follows
/// from an act (a state, a return, a suspension) is undone by an act, what follows from another fact (the places from
/// the classes) with it, and what an institution is known by (credit code and site) makes another institution.
// rule: GEN-05
fn correctable(state: &Institution, command: &CorrectFact) -> Result<(), Rejection> {
    let refuse = |message: &str, message_zh: &str| {
        Err(Rejection::new(Reason::NotCorrectable, message, message_zh)
            .with("revision", command.revision.to_string())
            .with("key", command.key.clone()))
    };
    let key = command.key.as_str();
    if !state
        .asserted
        .get(&command.revision)
        .is_some_and(|facts| facts.contains_key(key))
    {
        return refuse(
            "that event did not assert this fact, or a correction has withdrawn it already",
            "该事件没有记载此项事实，或此项事实已被更正",
        );
    }
    if key == "places" {
        return refuse(
            "places follow from the classes: correct `classes`",
            "托位数由班级得出：请更正班级",
        );
    }
    if matches!(key, "credit_code" | "site" | "external") {
        return refuse(
            "an institution is known by this: register the right one and close this one",
            "此项是机构的识别信息：请登记正确的机构并注销本机构",
        );
    }
    if ACTS.contains(&key) || ACT_FAMILIES.iter().any(|family| key.starts_with(family)) {
        return refuse(
            "this follows from an act: undo it by the opposite act",
            "此项是办理结果：请通过相应事项变更",
        );
    }
    let others = state
        .asserted
        .iter()
        .filter(|(revision, _)| **revision != command.revision);
    let stands_in = others.into_iter().any(|(_, facts)| facts.contains_key(key));
    if command.value.is_none() && REQUIRED.contains(&key) && !stands_in {
        return refuse(
            "an institution can't be without this: say what is right",
            "此项为必填事实：请给出正确的内容",
        );
    }
    Ok(())
}

/// The right value in the dossier's own form, checked by the rules of its key. Personal values are wrapped, so that
/// the log seals them.
fn right_value(
    state: &Institution,
    command: &CorrectFact,
    value: &Value,
    context: &Context<'_>,
) -> Result<Value, Rejection> {
    let mut check = Check::default();
    let key = command.key.as_str();
    let right = match key {
        "name" => line(&mut check, value, LONGEST_NAME),
        "address" | "register_type" | "register_status" => line(&mut check, value, LONGEST_LINE),
        "receipt.number" => line(&mut check, value, LONGEST_NAME),
        "registration_date" | "receipt.date" => {
            let date: Option<Date> = parsed(&mut check, value);
            if let Some(date) = date {
                check.not_in_future("value", date, context);
            }
            as_value(date)
        }
        "region" => {
            let region: Option<RegionId> = parsed(&mut check, value);
            match &region {
                // Policies, scopes and officers go by the region: a foreign one takes an institution out of their reach.
                Some(region) if region.is_foreign() => check.ensure(
                    state.imported.is_some() && state.region.as_ref().is_some_and(RegionId::is_foreign),
                    "value",
                    "GEN-05",
                    "may be a foreign region only for an institution that a foreign register placed abroad",
                    "只有外部登记且现属境外的机构，才能更正为境外区划",
                ),
                Some(region) => register::region(&mut check, "value", region, context),
                None => {}
            }
            as_value(region)
        }
        "point" => as_value(parsed::<Point>(&mut check, value)),
        "institution_type" => as_value(parsed::<InstitutionType>(&mut check, value)),
        "also_types" => as_value(parsed::<Vec<InstitutionType>>(&mut check, value)),
        "mode" => as_value(parsed::<Mode>(&mut check, value)),
        "ownership" => as_value(parsed::<Ownership>(&mut check, value)),
        "registrar" => {
            let registrar: Option<Registrar> = parsed(&mut check, value);
            if let (Some(registrar), Some(code), None) = (registrar, &state.credit_code, &state.imported) {
                register::registrar(&mut check, "value", registrar, code);
            }
            as_value(registrar)
        }
        "makes_meals" => as_value(parsed::<bool>(&mut check, value)),
        "classes" => {
            let classes: Option<Vec<Class>> = parsed(&mut check, value);
            if let Some(classes) = &classes {
                let known = state.imported.is_none();
                let needed = known && needs_places(state, command.valid_from_date, context);
                super::classes::shape(&mut check, "value", classes, known, needed);
            }
            as_value(classes)
        }
        "premises" => {
            let premises: Option<Premises> = parsed(&mut check, value);
            if let Some(premises) = &premises {
                filing::premises_shape(&mut check, "value", premises);
            }
            as_value(premises)
        }
        "representative.name" | "representative.phone" => {
            let told = state
                .representatives
                .iter()
                .position(|revision| *revision == command.revision);
            // A correction of a correction names no event that told one; the person is the latest then.
            let which = told.map_or(state.representatives.len(), |index| index + 1);
            personal(&mut check, key, value, which, context)
        }
        // Its keyed digest stands beside it in the event that told it, so the two are told anew together.
        "representative.identity" => not_here(&mut check, "change_details with the representative"),
        _ => paper(&mut check, key, value),
    };
    check.done()?;
    Ok(right)
}

/// Whether there must be a class, by the policy of the day from which the right value holds; without one, yes.
fn needs_places(state: &Institution, on: Date, context: &Context<'_>) -> bool {
    let region = state.region.as_ref();
    let policy = region.and_then(|region| context.reference.admission(region, on).ok());
    policy.is_none_or(|(policy, _)| {
        types::needs_places(&policy.standards, types::of(state.institution_type, &state.also_types))
    })
}

fn line(check: &mut Check, value: &Value, longest: usize) -> Value {
    let text: Option<String> = parsed(check, value);
    check.text_if_some("value", text.as_deref(), longest);
    as_value(text)
}

fn personal(check: &mut Check, key: &str, value: &Value, which: usize, context: &Context<'_>) -> Value {
    let Some(text) = parsed::<String>(check, value).map(Sensitive::new) else {
        return Value::Null;
    };
    if key == "representative.phone" {
        check.phone("value", &text);
    } else {
        check.text("value", text.expose(), LONGEST_NAME);
    }
    json!(text.of(register::subject(which, context)))
}

fn paper(check: &mut Check, key: &str, value: &Value) -> Value {
    let kind = key.strip_prefix("paper.").and_then(PaperKind::from_code);
    let Some(kind) = kind.filter(|kind| *kind != PaperKind::Other) else {
        return not_here(check, "a new filing");
    };
    let paper: Option<Paper> = parsed(check, value);
    if let Some(paper) = &paper {
        check.ensure(
            paper.kind == kind,
            "value.kind",
            "GEN-05",
            "must be the key's kind",
            "材料类别与所更正的事实不符",
        );
        filing::paper_shape(check, "value", paper);
    }
    as_value(paper)
}

fn not_here(check: &mut Check, instead: &str) -> Value {
    check.wrong(
        "value",
        "GEN-05",
        format!("can be withdrawn but not replaced by a correction; tell the right one by {instead}"),
        "此项只能撤回，不能直接更正：请通过变更或重新备案提交正确内容",
    );
    Value::Null
}

/// Reads a value of the key's form. The message quotes nothing, since the value may be personal.
fn parsed<T: DeserializeOwned>(check: &mut Check, value: &Value) -> Option<T> {
    let read = T::deserialize(value).ok();
    check.ensure(
        read.is_some(),
        "value",
        "GEN-05",
        "has another form than this fact",
        "内容格式与该项事实不符",
    );
    read
}

fn as_value<T: Serialize>(value: Option<T>) -> Value {
    value.map_or(Value::Null, |value| json!(value))
}
