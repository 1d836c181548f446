//! Registration: what the registrar's record says, with the site.

use super::{Decision, act_day, classes, today, types};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::divisions::Level;
use crate::institution::{
    InstitutionRegistered, InstitutionType, Mode, Ownership, RegisterInstitution, Registrar, Representative,
    RepresentativeInput,
};
use crate::rejection::LegalBasis;
use crate::time::start_of;
use crate::values::{CreditCode, RegionId};

/// Longest name of an institution or person, in characters.
pub(super) const LONGEST_NAME: usize = 200;
/// Longest address and longest short text, in characters.
pub(super) const LONGEST_LINE: usize = 500;

pub(super) fn register(command: &RegisterInstitution, context: &Context<'_>) -> Decision {
    let mut check = Check::default();
    check.text("name", &command.name, LONGEST_NAME);
    check.text("site", &command.site, LONGEST_NAME);
    check.text("address", &command.address, LONGEST_LINE);
    region(&mut check, "region", &command.region, context);
    // rule: ADM-01
    check.ensure(
        command.institution_type != InstitutionType::Unknown,
        "institution_type",
        "ADM-01",
        "must be known",
        "机构类型不能为“不详”",
    );
    check.ensure(
        command.mode != Mode::Unknown,
        "mode",
        "ADM-01",
        "must be known",
        "服务模式不能为“不详”",
    );
    check.ensure(
        command.ownership != Ownership::Unknown,
        "ownership",
        "ADM-01",
        "must be known",
        "举办性质不能为“不详”",
    );
    check.ensure(
        command.registration_date <= today(context),
        "registration_date",
        "ADM-06",
        "must not lie in the future",
        "登记日期不能晚于今天",
    );
    registrar(&mut check, "registrar", command.registrar, &command.credit_code);
    representative_shape(&mut check, &command.representative);
    let (policy, policy_ref) = context.reference.admission(&command.region, act_day(context))?;
    let standards = &policy.standards;
    let types = types::of(Some(command.institution_type), &command.also_types);
    types::check_kind(
        &mut check,
        standards,
        types.clone(),
        Some(command.mode),
        Some(command.ownership),
    );
    types::check_shared(&mut check, standards, command.institution_type, &command.also_types);
    let needed = types::needs_places(standards, types.clone());
    classes::shape(&mut check, "classes", &command.classes, true, needed);
    classes::limits(&mut check, &command.classes, types, standards);
    classes::done(check)?;

    let mut decided = Decided::plain(InstitutionRegistered {
        name: command.name.clone(),
        credit_code: command.credit_code.clone(),
        site: command.site.clone(),
        address: command.address.clone(),
        region: command.region.clone(),
        point: command.point,
        institution_type: command.institution_type,
        also_types: command.also_types.clone(),
        mode: command.mode,
        ownership: command.ownership,
        registrar: command.registrar,
        registration_date: command.registration_date,
        representative: representative(&command.representative, 1, context),
        classes: command.classes.clone(),
    });
    // The registrar's act is what has legal effect, not the day on which Yujian heard of it.
    decided.effective_from = Some(start_of(command.registration_date));
    decided.policies = vec![policy_ref];
    decided.legal_basis = vec![
        LegalBasis::new(crate::institution::machine::FILING_RULES, "§4至§6"),
        LegalBasis::new(crate::institution::machine::STANDARDS, "§19"),
    ];
    Ok(vec![decided])
}

/// A credit code begins with the character of the department that registers (GB 32100-2015, 登记管理部门代码).
// rule: ADM-08
pub(super) fn registrar(check: &mut Check, field: &str, registrar: Registrar, code: &CreditCode) {
    let department = match registrar {
        Registrar::EstablishmentOffice => '1',
        Registrar::CivilAffairs => '5',
        Registrar::MarketSupervision => '9',
    };
    check.ensure(
        code.to_string().starts_with(department),
        field,
        "ADM-08",
        "does not fit the credit code, whose first character names the department that registered",
        "登记机关与统一社会信用代码首位（登记管理部门代码）不符",
    );
}

/// A site lies in a county or township that the tables know, under the code's year of entry.
// rule: ADM-02
pub(super) fn region(check: &mut Check, field: &str, region: &RegionId, context: &Context<'_>) {
    let known = context
        .reference
        .divisions
        .get(region.code())
        .filter(|division| division.id == *region);
    let fits = known.is_some_and(|division| matches!(division.level, Level::County | Level::Township));
    check.ensure(
        fits,
        field,
        "ADM-02",
        "must be a county or township of the division tables, with its year of entry",
        "须为区划表中的县级或乡级区划及其启用年份",
    );
}

pub(super) fn representative_shape(check: &mut Check, representative: &RepresentativeInput) {
    representative_shape_at(check, "representative", representative);
}

/// The same at another place of a command.
pub(super) fn representative_shape_at(check: &mut Check, field: &str, representative: &RepresentativeInput) {
    check.text(&format!("{field}.name"), representative.name.expose(), LONGEST_NAME);
    check.phone(&format!("{field}.phone"), &representative.phone);
}

/// The `which`-th representative of the institution as an event holds it, from 1.
pub(super) fn representative(input: &RepresentativeInput, which: usize, context: &Context<'_>) -> Representative {
    representative_of(input, &subject(which, context), context)
}

/// A representative as an event holds it: personal values under a subject of its own, and a keyed digest of the identity
/// number for comparisons that must not know it.
pub(super) fn representative_of(input: &RepresentativeInput, subject: &str, context: &Context<'_>) -> Representative {
    let number = input.identity.as_ref().map(|identity| identity.0.expose());
    Representative {
        name: input.name.of(subject),
        phone: input.phone.of(subject),
        identity: number.map(|number| crate::personal::Personal::clear(subject, number.to_owned())),
        identity_digest: number.map(|number| context.digester.digest("person-identity", number)),
    }
}

/// Whose key seals the institution's free texts: reasons and statements.
pub(super) fn text_subject(context: &Context<'_>) -> String {
    format!("institution-{}.text", context.id)
}

/// Whose key seals what is personal about the institution's `which`-th legal representative, from 1. Each has a key of
/// its own: erasing one must neither erase the next nor keep it from being told.
pub(super) fn subject(which: usize, context: &Context<'_>) -> String {
    format!("institution-{}.representative-{which}", context.id)
}

/// Whose key seals what is personal about the legal representative of the operator that application `number` names. It
/// may never become the institution's representative, so it shares no key with those.
pub(super) fn applicant_subject(number: u32, context: &Context<'_>) -> String {
    format!("institution-{}.application-{number}.representative", context.id)
}
