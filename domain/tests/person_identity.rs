//! Registration, details and credentials of staff.

use crate::person_support::*;
use yujian_domain::aggregate::{Aggregate, Facts};
use yujian_domain::envelope::Role;
use yujian_domain::institution::Status as InstitutionStatus;
use yujian_domain::person::*;
use yujian_domain::personal::{Personal, Sensitive};
use yujian_domain::rejection::Reason;
use yujian_domain::time::{Occurred, day_of, start_of};
use yujian_domain::values::RegionId;

fn hangzhou() -> RegionId {
    RegionId::parse("330106", 2020).unwrap()
}

fn with_identity(kind: IdentityKind, number: &str) -> RegisterPerson {
    RegisterPerson {
        identity_kind: kind,
        identity: Sensitive::new(number),
        ..register()
    }
}

#[test]
fn a_person_is_registered_with_the_year_of_birth_that_the_number_tells() {
    let mut desk = Desk::new();
    let decided = desk.one(register());
    let PersonEvent::PersonRegistered(event) = decided.event else {
        panic!("{decided:?}")
    };
    assert_eq!(event.region, hangzhou());
    assert_eq!(event.organisation.as_deref(), Some("91350100M000100Y43"));
    assert_eq!(event.birth_year, Some(1949));
    let subject = format!("person-{PERSON}");
    for personal in [&event.identity, &event.name, event.phone.as_ref().unwrap()] {
        assert!(matches!(personal, Personal::Clear { subject: of, .. } if *of == subject));
    }
    assert_eq!(decided.legal_basis[0].article, "§8");
    assert_eq!(desk.state.status, Status::Registered);
}

#[test]
fn either_an_institution_or_an_authority_registers() {
    let mut desk = Desk::new();
    let both = RegisterPerson {
        region: Some(hangzhou()),
        ..register()
    };
    let neither = RegisterPerson {
        institution: None,
        ..register()
    };
    for wrong in [both.clone(), neither] {
        assert_eq!(desk.violations(wrong), [violation("STF-01", "institution")]);
    }
    desk.facts = Facts::default();
    assert_eq!(desk.reason(register()), Reason::NotFound);
    desk.by_officer();
    desk.one(RegisterPerson {
        institution: None,
        ..both
    });
    assert_eq!(desk.state.organisation, None);
    assert_eq!(desk.state.region, Some(hangzhou()));
}

#[test]
fn a_closed_institution_registers_and_engages_nobody() {
    let mut desk = Desk::new();
    desk.institution_is(InstitutionStatus::Closed);
    let rejection = desk.refused(register());
    assert_eq!(rejection.reason, Reason::IllegalTransition);
    assert_eq!(rejection.metadata["institution_state"], "closed");
    let mut desk = Desk::eligible();
    desk.institution_is(InstitutionStatus::Closed);
    assert_eq!(
        desk.reason(engage(1, Post::Cook, desk.today())),
        Reason::IllegalTransition
    );
    desk.institution_is(InstitutionStatus::Imported);
    desk.one(engage(1, Post::Cook, desk.today()));
}

#[test]
fn a_number_has_the_form_of_its_document() {
    let desk = Desk::new();
    let wrong = |kind, number| desk.decide(with_identity(kind, number)).err();
    for (kind, number) in [
        (IdentityKind::ResidentId, "11010519491231002x"),
        (IdentityKind::ResidentId, " 110105 19491231 002X"),
        (IdentityKind::HomeReturnPermit, "H12345678"),
        (IdentityKind::HomeReturnPermit, "m1234567801"),
        (IdentityKind::TaiwanPermit, "01234567"),
        (IdentityKind::PermanentResidence, "USA110198001010"),
        (IdentityKind::Passport, "E12345678"),
    ] {
        assert_eq!(wrong(kind, number), None, "{number}");
    }
    let rejection = wrong(IdentityKind::ResidentId, "110105194912310021").unwrap();
    assert_eq!(rejection.violations[0].rule, "GB-11643");
    for (kind, number) in [
        (IdentityKind::HomeReturnPermit, "A12345678"),
        (IdentityKind::HomeReturnPermit, "H1234567"),
        (IdentityKind::TaiwanPermit, "0123456"),
        (IdentityKind::TaiwanPermit, "0123456X"),
        (IdentityKind::PermanentResidence, "US1110198001010"),
        (IdentityKind::PermanentResidence, "910105194912310021"),
        (IdentityKind::Passport, "E-1234567"),
        (IdentityKind::Passport, "护照"),
        (IdentityKind::Passport, ""),
    ] {
        let rejection = wrong(kind, number).unwrap_or_else(|| panic!("{number}"));
        assert_eq!(rejection.violations[0].field, "identity", "{number}");
    }
}

#[test]
fn the_date_of_birth_fits_the_number_and_is_past() {
    let mut desk = Desk::new();
    let other_day = RegisterPerson {
        birth_date: Some(day("1949-12-30")),
        ..register()
    };
    assert_eq!(desk.violations(other_day), [violation("STF-02", "birth_date")]);
    let unborn = RegisterPerson {
        birth_date: Some(desk.days(1)),
        ..with_identity(IdentityKind::Passport, "E12345678")
    };
    assert_eq!(desk.violations(unborn), [violation("GEN-02", "birth_date")]);
    desk.one(RegisterPerson {
        birth_date: Some(day("1990-02-01")),
        ..with_identity(IdentityKind::Passport, "E12345678")
    });
    let PersonEvent::PersonRegistered(event) = &desk.events[0].event else {
        panic!()
    };
    assert_eq!(event.birth_year, Some(1990));
}

#[test]
fn the_same_identity_claims_the_same_thing() {
    let claim = |number: &str| Person::claim(&with_identity(IdentityKind::ResidentId, number).into()).unwrap();
    assert_eq!(claim("11010519491231002X"), claim(" 110105 19491231002x "));
    assert_eq!(claim("11010519491231002X").kind, "person");
    let passport: PersonCommand = with_identity(IdentityKind::Passport, "11010519491231002X").into();
    assert_ne!(Some(claim("11010519491231002X")), Person::claim(&passport));
}

#[test]
fn only_an_officer_says_whose_an_account_is() {
    let mut desk = Desk::new();
    let with_account = RegisterPerson {
        account: Some("inspector-7".to_owned()),
        ..register()
    };
    let rejection = desk.refused(with_account.clone());
    assert_eq!(rejection.reason, Reason::RoleNotAllowed);
    assert_eq!(rejection.metadata["rule"], "STF-03");
    desk.by_officer().one(with_account);
    assert_eq!(desk.state.account.as_deref(), Some("inspector-7"));
    let change = |account: &str| ChangePersonDetails {
        account: Some(account.to_owned()),
        phone: None,
        ..details()
    };
    assert_eq!(desk.reason(change("inspector-7")), Reason::NothingToDo);
    desk.by_employer();
    assert_eq!(desk.reason(change("inspector-8")), Reason::RoleNotAllowed);
    desk.by_officer().one(change("inspector-8"));
    assert_eq!(desk.state.account.as_deref(), Some("inspector-8"));
}

#[test]
fn a_change_changes_something_and_is_not_blank() {
    let desk = Desk::registered();
    let nothing = ChangePersonDetails {
        phone: None,
        ..details()
    };
    assert_eq!(desk.reason(nothing), Reason::NothingToDo);
    let blank = ChangePersonDetails {
        name: Some(Sensitive::new(" ")),
        phone: Some(Sensitive::new("12")),
        ..details()
    };
    let expected = [violation("GEN-03", "name"), violation("GEN-03", "phone")];
    assert_eq!(desk.violations(blank), expected);
}

#[test]
fn every_violation_is_told_at_once_and_quotes_no_personal_data() {
    let desk = Desk::new();
    let wrong = RegisterPerson {
        region: Some(hangzhou()),
        identity: Sensitive::new("110105194912310029"),
        name: Sensitive::new("王\u{7}小红"),
        phone: Some(Sensitive::new("手机13800000000")),
        ..register()
    };
    let rejection = desk.refused(wrong);
    let fields: Vec<&str> = rejection.violations.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["institution", "identity", "name", "phone"]);
    let text = format!("{rejection:?}");
    for secret in ["110105194912310029", "小红", "13800000000"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn an_act_has_happened_at_a_known_time() {
    let mut desk = Desk::new();
    desk.said = Some(Occurred::Unknown);
    assert_eq!(desk.violations(register()), [violation("GEN-01", "occurred")]);
    desk.occurred_on("2026-03-03");
    assert_eq!(desk.violations(register()), [violation("GEN-01", "occurred")]);
    desk.occurred_on("2026-03-02").run(register()).unwrap();
}

#[test]
fn credentials_are_numbered_and_their_numbers_sealed() {
    let mut desk = Desk::registered();
    desk.one(claim(CredentialKind::InfantCare, "A-1"));
    let decided = desk.one(claim(CredentialKind::FirstAid, "A-2"));
    let PersonEvent::CredentialClaimed(event) = decided.event else {
        panic!("{decided:?}")
    };
    assert_eq!(event.credential, 2);
    assert!(matches!(event.number, Personal::Clear { .. }));
    assert_eq!(decided.policies[0].id, "cn-staffing");
    assert_eq!(desk.state.credentials[&2].state, CredentialState::Claimed);
}

#[test]
fn a_credential_was_issued_and_ends_after_that() {
    let desk = Desk::registered();
    let wrong = ClaimCredential {
        issuer: String::new(),
        issue_date: desk.days(1),
        expiry_date: Some(desk.days(1)),
        sha256: Some("AB".repeat(32)),
        ..claim(CredentialKind::InfantCare, " ")
    };
    let expected = [
        violation("GEN-03", "issuer"),
        violation("GEN-03", "number"),
        violation("GEN-02", "issue_date"),
        violation("STF-04", "expiry_date"),
        violation("GEN-03", "sha256"),
    ];
    assert_eq!(desk.violations(wrong), expected);
}

#[test]
fn a_certificate_is_told_once_until_it_is_given_up_or_has_run_out() {
    for (state, again) in [
        (CredentialState::Claimed, false),
        (CredentialState::Verified, false),
        (CredentialState::Rejected, true),
        (CredentialState::Revoked, true),
        (CredentialState::Expired, true),
    ] {
        let desk = Desk::with_credential(state);
        let same = claim(CredentialKind::InfantCare, " 育婴-1");
        match desk.decide(same) {
            Ok(_) => assert!(again, "{state:?}"),
            Err(rejection) => {
                assert!(!again, "{state:?}: {rejection}");
                assert_eq!(rejection.reason, Reason::AlreadyExists);
                assert_eq!(rejection.metadata["credential"], "1");
            }
        }
        let digest = &desk.state.credentials[&1].certificate;
        let given_up = matches!(state, CredentialState::Rejected | CredentialState::Revoked);
        assert_eq!(desk.state.holds(CERTIFICATE_CLAIM, digest), !given_up);
    }
}

#[test]
fn the_number_of_credentials_is_bounded_by_policy() {
    let mut desk = Desk::registered();
    let limit = desk
        .reference
        .staffing(&hangzhou(), desk.today())
        .unwrap()
        .0
        .max_credentials;
    for number in 0..limit {
        desk.one(claim(CredentialKind::Other, &format!("N-{number}")));
    }
    let rejection = desk.refused(claim(CredentialKind::Other, "one more"));
    assert_eq!(rejection.reason, Reason::CapacityExceeded);
    assert_eq!(rejection.metadata["limit"], limit.to_string());
}

#[test]
fn another_account_verifies_or_rejects() {
    let mut desk = Desk::with_credential(CredentialState::Claimed);
    desk.by("employer-1", Role::Officer);
    assert_eq!(desk.reason(verify(1)), Reason::TwoPersonRule);
    assert_eq!(desk.reason(reject(1)), Reason::TwoPersonRule);
    desk.by_officer().one(verify(1));
    assert_eq!(desk.state.credentials[&1].state, CredentialState::Verified);
    assert_eq!(desk.violations(verify(2)), [violation("STF-05", "credential")]);
}

#[test]
fn what_has_run_out_is_not_verified() {
    let mut desk = Desk::with_credential(CredentialState::Claimed);
    desk.days_later(90);
    assert!(desk.decide(verify(1)).is_ok(), "its last day");
    desk.days_later(1);
    let rejection = desk.refused(verify(1));
    assert_eq!(rejection.reason, Reason::IllegalTransition);
    assert_eq!(rejection.metadata["expiry_date"], "2026-05-31");
    desk.one(reject(1));
}

#[test]
fn what_is_verified_or_has_run_out_can_be_taken_away() {
    for state in [CredentialState::Verified, CredentialState::Expired] {
        let mut desk = Desk::with_credential(state);
        desk.one(revoke(1));
        assert_eq!(desk.state.credentials[&1].state, CredentialState::Revoked);
    }
    let desk = Desk::with_credential(CredentialState::Claimed);
    let rejection = desk.refused(revoke(1));
    assert_eq!(rejection.reason, Reason::IllegalTransition);
    assert_eq!(rejection.metadata["allowed_from"], "verified, expired");
    let possible = "verify_credential (officer, bureau); reject_credential (officer, bureau)";
    assert_eq!(rejection.metadata["allowed_now"], possible);
}

#[test]
fn validity_ends_with_its_last_day_however_late_that_is_recorded() {
    let mut desk = Desk::with_credential(CredentialState::Verified);
    desk.by("yujian", Role::System);
    let expire = ExpireCredential { credential: 1 };
    desk.days_later(90);
    let early = desk.refused(expire.clone());
    assert_eq!(early.reason, Reason::NothingToDo);
    assert_eq!(early.metadata["expiry_date"], "2026-05-31");
    desk.days_later(20);
    let decided = desk.one(expire.clone());
    assert_eq!(decided.effective_from, Some(start_of(day("2026-06-01"))));
    assert_eq!(desk.reason(expire.clone()), Reason::NothingToDo);
    let mut forever = Desk::registered();
    forever.one(claim(CredentialKind::FirstAid, "A-1"));
    forever.by_officer().one(verify(1));
    assert_eq!(forever.reason(expire), Reason::NothingToDo);
}

#[test]
fn states_of_a_credential_follow_one_another_in_legal_time() {
    let mut desk = Desk::with_credential(CredentialState::Claimed);
    let claimed = desk.now;
    desk.days_later(3).occurred_on("2026-03-01");
    let rejection = desk.refused(verify(1));
    assert_eq!(rejection.violations[0].rule, "GEN-08");
    assert_eq!(rejection.metadata["since"], day_of(claimed).to_string());
    desk.occurred_on("2026-03-02");
    let decided = desk.one(verify(1));
    assert_eq!(decided.effective_from, Some(claimed), "right after it was told");
}
