//! Changes of registered details and of classes.

use super::register::{self, LONGEST_LINE, LONGEST_NAME};
use super::service::needs_application;
use super::{Decision, act_day, ending, nothing_to_do, types};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::envelope::PolicyRef;
use crate::institution::machine::FILING_RULES;
use crate::institution::{
    ApplicationKind, ChangeClasses, ChangeDetails, ClassesChanged, DetailsChanged, Institution, Mode, Ownership,
};
use crate::rejection::{LegalBasis, Reason, Rejection};
use crate::time::start_of;
use crate::values::RegionId;

/// Changes details. What is told as it stands already does not count; a representative always counts, because the
/// state can't compare what is sealed.
pub(super) fn details(state: &Institution, command: &ChangeDetails, context: &Context<'_>) -> Decision {
    if command.moves_site {
        return Err(relocation());
    }
    let mut check = Check::default();
    check.text_if_some("name", command.name.as_deref(), LONGEST_NAME);
    check.text_if_some("address", command.address.as_deref(), LONGEST_LINE);
    check.ensure(
        command.mode != Some(Mode::Unknown),
        "mode",
        "ADM-01",
        "must be known",
        "服务模式不能为“不详”",
    );
    check.ensure(
        command.ownership != Some(Ownership::Unknown),
        "ownership",
        "ADM-01",
        "must be known",
        "举办性质不能为“不详”",
    );
    let date = command.effective_date.unwrap_or_else(|| act_day(context));
    let policies = type_rules(&mut check, state, command, date, context);
    if let Some(representative) = &command.representative {
        register::representative_shape(&mut check, representative);
    }
    after_registration(&mut check, state, date);
    let region = command
        .region
        .as_ref()
        .filter(|region| state.region.as_ref() != Some(*region));
    if let Some(region) = region {
        register::region(&mut check, "region", region, context);
    }
    check.done()?;
    if let Some(region) = region {
        same_site(state, region, context)?;
    }

    fn news<T: PartialEq + Clone>(told: Option<&T>, held: Option<&T>) -> Option<T> {
        told.filter(|told| held != Some(*told)).cloned()
    }
    let changed = DetailsChanged {
        name: news(command.name.as_ref(), Some(&state.name)),
        address: news(command.address.as_ref(), state.address.as_ref()),
        region: region.cloned(),
        point: news(command.point.as_ref(), state.point.as_ref()),
        mode: news(command.mode.as_ref(), state.mode.as_ref()),
        ownership: news(command.ownership.as_ref(), state.ownership.as_ref()),
        representative: command
            .representative
            .as_ref()
            .map(|input| register::representative(input, state.representatives.len() + 1, context)),
    };
    let unchanged = DetailsChanged {
        name: None,
        address: None,
        region: None,
        point: None,
        mode: None,
        ownership: None,
        representative: None,
    };
    if changed == unchanged {
        return Err(nothing_to_do());
    }
    // rule: ADM-93
    if changed.name.is_some() && ending::licence(state).is_some() {
        return Err(needs_application(ApplicationKind::Change, "§49"));
    }
    let mut decided = Decided::plain(changed);
    decided.effective_from = command.effective_date.map(start_of);
    decided.policies = policies;
    Ok(vec![decided])
}

/// Mode and ownership fit the type, by the policy of the day from which they hold. A day or a region without a policy has
/// no such rule: an institution from a foreign register changes its details too.
fn type_rules(
    check: &mut Check,
    state: &Institution,
    command: &ChangeDetails,
    date: jiff::civil::Date,
    context: &Context<'_>,
) -> Vec<PolicyRef> {
    let region = command.region.as_ref().or(state.region.as_ref());
    if command.mode.is_none() && command.ownership.is_none() {
        return Vec::new();
    }
    let Some((policy, reference)) = region.and_then(|region| context.reference.admission(region, date).ok()) else {
        return Vec::new();
    };
    if policy.standards.types.is_empty() {
        return Vec::new();
    }
    let types = types::of(state.institution_type, &state.also_types);
    types::check_kind(check, &policy.standards, types, command.mode, command.ownership);
    vec![reference]
}

/// Replaces the classes from a day on.
pub(super) fn classes(state: &Institution, command: &ChangeClasses, context: &Context<'_>) -> Decision {
    // rule: ADM-93
    if ending::licence(state).is_some() {
        return Err(needs_application(ApplicationKind::Change, "§49"));
    }
    let mut check = Check::default();
    let region = super::filing::region_of(state)?;
    let (policy, policy_ref) = context.reference.admission(region, command.effective_date)?;
    let types = types::of(state.institution_type, &state.also_types);
    let needed = types::needs_places(&policy.standards, types.clone());
    super::classes::shape(&mut check, "classes", &command.classes, true, needed);
    after_registration(&mut check, state, command.effective_date);
    super::classes::limits(&mut check, &command.classes, types, &policy.standards);
    super::classes::done(check)?;
    if command.classes == state.classes {
        return Err(nothing_to_do());
    }
    let mut decided = Decided::plain(ClassesChanged {
        classes: command.classes.clone(),
    });
    decided.effective_from = Some(start_of(command.effective_date));
    decided.policies = vec![policy_ref];
    Ok(vec![decided])
}

/// A change may be told late or ahead, but can't hold before the legal person existed.
// rule: ADM-22
fn after_registration(check: &mut Check, state: &Institution, date: jiff::civil::Date) {
    check.ensure(
        state.registration_date.is_none_or(|registered| date >= registered),
        "effective_date",
        "ADM-22",
        "must not lie before the registration",
        "生效日期不能早于登记日期",
    );
}

/// The region may change only while the site stays: when it is told more exactly (county to one of its townships), or
/// when the division itself left the tables.
// rule: ADM-21
fn same_site(state: &Institution, region: &RegionId, context: &Context<'_>) -> Result<(), Rejection> {
    let Some(held) = &state.region else { return Ok(()) };
    let still_there = context
        .reference
        .divisions
        .get(held.code())
        .is_some_and(|division| division.id == *held);
    if still_there && !region.is_within_code(held.code()) {
        Err(relocation())
    } else {
        Ok(())
    }
}

// rule: ADM-20
fn relocation() -> Rejection {
    Rejection::new(
        Reason::RelocationIsNewFiling,
        "moving to another site is a new filing: register the new site, file it, then close this one",
        "迁移场所属于新的备案：请先登记并备案新场所，再注销本机构",
    )
    .citing(LegalBasis::new(FILING_RULES, "§10"))
}
