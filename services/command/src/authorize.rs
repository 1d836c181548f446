//! Whether the target is the caller's: foreign looks the same as absent.

use yujian_domain::aggregate::Access;
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::rejection::{Reason, Rejection, Violation};

/// Jurisdiction of those who act in the whole country.
pub(crate) const WHOLE_COUNTRY: &str = "CN";

/// Which part of the access does not fit, if one does not.
fn mismatch(actor: &Actor, access: &Access) -> Option<&'static str> {
    match actor.role {
        Role::Administrator | Role::System => None,
        Role::Operator => {
            let own = actor
                .organisation
                .as_ref()
                .is_some_and(|own| access.organisations.contains(own));
            (!own).then_some("credit_code")
        }
        Role::Officer | Role::Inspector | Role::Auditor | Role::Bureau => {
            let within = actor.jurisdiction.as_deref().is_some_and(|jurisdiction| {
                access.regions.iter().any(|region| {
                    if jurisdiction == WHOLE_COUNTRY {
                        !region.is_foreign()
                    } else {
                        region.is_within_code(jurisdiction)
                    }
                })
            });
            (!within).then_some("region")
        }
    }
}

/// The refusal for something that is not there, or not the caller's.
pub(crate) fn not_found(what: &str) -> Rejection {
    Rejection::new(Reason::NotFound, format!("no such {what}"), "未找到该对象").with("resource", what)
}

/// Checks an existing target.
pub(crate) fn authorize(actor: &Actor, access: &Access, what: &str) -> Result<(), Rejection> {
    mismatch(actor, access).map_or(Ok(()), |_| Err(not_found(what)))
}

/// Checks what a command is about to create: the caller wrote the field, so it may be named.
pub(crate) fn authorize_creation(actor: &Actor, access: &Access, what: &str) -> Result<(), Rejection> {
    match mismatch(actor, access) {
        None => Ok(()),
        // Without a field of its own the creation hangs on something that exists, e.g. an incident's institution.
        Some(_) if what != "institution" => Err(not_found("institution")),
        Some(field) => Err(Rejection::fields(vec![Violation {
            field: field.to_owned(),
            rule: "GEN-SCOPE".to_owned(),
            message: "lies outside what the caller may act for".to_owned(),
            message_zh: "超出当前身份的管辖或所属范围".to_owned(),
        }])),
    }
}

#[cfg(test)]
mod tests {
    use yujian_domain::values::RegionId;

    use super::*;

    fn actor(role: Role, organisation: Option<&str>, jurisdiction: Option<&str>) -> Actor {
        Actor {
            id: "a".to_owned(),
            role,
            organisation: organisation.map(str::to_owned),
            jurisdiction: jurisdiction.map(str::to_owned),
        }
    }

    fn access(code: &str, organisation: &str) -> Access {
        Access {
            regions: vec![RegionId::parse(code, 2023).unwrap()],
            organisations: vec![organisation.to_owned()],
        }
    }

    #[test]
    fn an_operator_reaches_its_own_organisation_only() {
        let own = access("330106", "O1");
        assert!(authorize(&actor(Role::Operator, Some("O1"), None), &own, "institution").is_ok());
        for other in [Some("O2"), None] {
            let refused = authorize(&actor(Role::Operator, other, None), &own, "institution").unwrap_err();
            assert_eq!(refused.reason, Reason::NotFound);
        }
        let nobodys = Access {
            organisations: Vec::new(),
            ..own
        };
        assert!(authorize(&actor(Role::Operator, None, None), &nobodys, "institution").is_err());
    }

    #[test]
    fn an_officer_reaches_its_jurisdiction_and_what_lies_in_it() {
        let target = access("330106001", "O1");
        for within in ["33", "3301", "330106", "330106001", "CN"] {
            assert!(
                authorize(&actor(Role::Officer, None, Some(within)), &target, "institution").is_ok(),
                "{within}"
            );
        }
        for outside in ["34", "3302", "330105", "330106002", "US-48", ""] {
            let refused = authorize(&actor(Role::Officer, None, Some(outside)), &target, "institution");
            assert!(refused.is_err(), "{outside}");
        }
        assert!(authorize(&actor(Role::Officer, None, None), &target, "institution").is_err());
    }

    #[test]
    fn the_whole_country_ends_at_its_border() {
        let foreign = access("US-48/HARRIS", "O1");
        assert!(authorize(&actor(Role::Officer, None, Some("CN")), &foreign, "institution").is_err());
        assert!(authorize(&actor(Role::Officer, None, Some("US-48")), &foreign, "institution").is_ok());
        assert!(authorize(&actor(Role::Administrator, None, None), &foreign, "institution").is_ok());
    }
}
