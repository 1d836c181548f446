//! Registration and details.

use jiff::civil::Date;

use super::allow::nothing_to_do;
use super::check::{self, NAME_MAX};
use super::decide::{Decision, open_institution};
use super::moves::Move;
use super::timing::today;
use super::{
    ChangePersonDetails, IDENTITY_CLAIM, IdentityKind, Person, PersonDetailsChanged, PersonRegistered, RegisterPerson,
};
use crate::aggregate::{Context, Decided, Facts};
use crate::check::Check;
use crate::envelope::Role;
use crate::personal::Personal;
use crate::rejection::{Reason, Rejection};
use crate::values::IdentityNumber;

impl Person {
    // rule: STF-01
    pub(super) fn register(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &RegisterPerson,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.ensure(
            command.institution.is_some() != command.region.is_some(),
            "institution",
            "STF-01",
            "give either the institution or the region of the authority that registers",
            "机构与主管部门所在区划须填且只能填一项",
        );
        let birth_year = identity(&mut check, command, today(context));
        check.text("name", command.name.expose(), NAME_MAX);
        if let Some(phone) = &command.phone {
            check.phone("phone", phone);
        }
        check.text_if_some("account", command.account.as_deref(), NAME_MAX);
        check.done()?;
        self.allow(movement)?;
        officer_sets_account(command.account.as_deref(), context)?;
        let (region, organisation) = match &command.region {
            Some(region) => (region.clone(), None),
            None => open_institution(facts, movement)?,
        };
        let subject = check::subject(context.id);
        let event = PersonRegistered {
            region,
            organisation,
            identity_kind: command.identity_kind,
            identity: Personal::clear(subject.clone(), command.canonical_number()),
            identity_digest: context.digester.digest(IDENTITY_CLAIM, &command.canonical_identity()),
            name: command.name.of(subject.clone()),
            phone: command.phone.as_ref().map(|phone| phone.of(subject)),
            proofing: command.proofing,
            birth_year,
            account: command.account.clone(),
        };
        Ok(vec![Decided::plain(event)])
    }

    // rule: STF-03
    pub(super) fn change_details(
        &self,
        movement: &Move,
        command: &ChangePersonDetails,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        if let Some(name) = &command.name {
            check.text("name", name.expose(), NAME_MAX);
        }
        if let Some(phone) = &command.phone {
            check.phone("phone", phone);
        }
        check.text_if_some("account", command.account.as_deref(), NAME_MAX);
        check.done()?;
        self.allow(movement)?;
        officer_sets_account(command.account.as_deref(), context)?;
        // Name and phone are sealed, so whether they are new can't be seen here; the account can.
        let account = command.account.clone().filter(|_| command.account != self.account);
        if command.name.is_none() && command.phone.is_none() && account.is_none() {
            return Err(nothing_to_do(("person", self.status.code())));
        }
        let subject = check::subject(context.id);
        let event = PersonDetailsChanged {
            name: command.name.as_ref().map(|name| name.of(subject.clone())),
            phone: command.phone.as_ref().map(|phone| phone.of(subject)),
            account,
        };
        Ok(vec![Decided::plain(event)])
    }
}

/// An account opens doors in Yujian (an inspector's check-in goes by it), so only an officer says whose it is.
// rule: STF-03
fn officer_sets_account(account: Option<&str>, context: &Context<'_>) -> Result<(), Rejection> {
    if account.is_none() || context.actor.role == Role::Officer {
        return Ok(());
    }
    Err(Rejection::new(
        Reason::RoleNotAllowed,
        "only an officer says which account is a person's",
        "人员账号只能由主管部门工作人员设置",
    )
    .with("rule", "STF-03")
    .with("field", "account"))
}

/// The number has the form of its document and fits the date of birth. Gives the year of birth, when known.
// rule: STF-02
fn identity(check: &mut Check, command: &RegisterPerson, today: Date) -> Option<i16> {
    let number = command.canonical_number();
    let told = match command.identity_kind {
        IdentityKind::ResidentId => citizen(check, &number),
        // The card of 2023 has the form of a citizen's number and begins with 9; older ones have three letters and twelve
        // digits.
        IdentityKind::PermanentResidence if number.starts_with('9') => citizen(check, &number),
        kind => {
            check.ensure(
                has_form(kind, &number),
                "identity",
                "STF-02",
                "does not have the form of this kind of document",
                "号码不符合该类证件的格式",
            );
            None
        }
    };
    if let Some(birth_date) = command.birth_date {
        check.ensure(
            told.is_none_or(|told| told == birth_date),
            "birth_date",
            "STF-02",
            "is not the date of birth that the number tells",
            "与证件号码中的出生日期不一致",
        );
    }
    let birth_date = told.or(command.birth_date);
    if let Some(birth_date) = birth_date {
        let field = if told.is_some() { "identity" } else { "birth_date" };
        check.ensure(
            birth_date <= today,
            field,
            "GEN-02",
            "the date of birth must not lie in the future",
            "出生日期不能晚于今天",
        );
    }
    birth_date.map(Date::year)
}

/// A number of the citizens' form; gives the date of birth that it tells.
fn citizen(check: &mut Check, number: &str) -> Option<Date> {
    match IdentityNumber::parse(number) {
        Ok(number) => Some(number.birth_date()),
        Err(error) => {
            check.wrong("identity", error.rule, error.message, error.message_zh);
            None
        }
    }
}

/// Whether a number without spaces, in upper case, has the form of a kind of document.
fn has_form(kind: IdentityKind, number: &str) -> bool {
    let split = |letters: usize| number.split_at_checked(letters).unwrap_or_default();
    let digits =
        |text: &str, lengths: &[usize]| lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    match kind {
        IdentityKind::ResidentId => false,
        IdentityKind::HomeReturnPermit => {
            let (letter, rest) = split(1);
            matches!(letter, "H" | "M") && digits(rest, &[8, 10])
        }
        IdentityKind::TaiwanPermit => digits(number, &[8, 10]),
        IdentityKind::PermanentResidence => {
            let (letters, rest) = split(3);
            letters.len() == 3 && letters.bytes().all(|byte| byte.is_ascii_uppercase()) && digits(rest, &[12])
        }
        IdentityKind::Passport => {
            (5..=20).contains(&number.len())
                && number
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        }
    }
}
