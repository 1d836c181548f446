//! Who calls. Until real authentication exists, the header `yujian-actor` is believed, on loopback only.

use yujian_domain::envelope::{Actor, Role};
use yujian_domain::values::{CreditCode, RegionId};
use yujian_views::Scope;

/// Name of the header, e.g. `yujian-actor: role=officer; id=zhang-07; jurisdiction=330106`.
pub const ACTOR_HEADER: &str = "yujian-actor";

/// Jurisdiction that means everywhere.
pub const COUNTRY: &str = "CN";

/// Longest account id, organisation and jurisdiction, in characters.
const MAX_PART: usize = 64;

/// A caller with what it may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who it is.
    pub actor: Actor,
    /// What it may see.
    pub scope: Scope,
}

/// Reads the header's value.
///
/// Parts are `name=value`, apart by semicolons: `role` and `id` always; `organisation` (a unified social credit code) for
/// operators, and any name for bureaus; `jurisdiction` (a division code, or `CN` for everywhere) for officers, inspectors,
/// auditors and bureaus.
///
/// # Errors
/// What is wrong, in words that quote nothing.
pub fn parse_actor(header: &str) -> Result<Principal, &'static str> {
    let mut role = None;
    let mut id = None;
    let mut organisation = None;
    let mut jurisdiction = None;
    for part in header.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or("a part is not name=value")?;
        let slot = match name.trim() {
            "role" => &mut role,
            "id" => &mut id,
            "organisation" => &mut organisation,
            "jurisdiction" => &mut jurisdiction,
            _ => return Err("a part has an unknown name"),
        };
        let value = value.trim();
        if value.is_empty() || value.len() > MAX_PART || !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err("a value is empty, too long or not printable ASCII");
        }
        if slot.replace(value).is_some() {
            return Err("a part is given twice");
        }
    }
    let role = role.ok_or("role is missing")?;
    let role = Role::ALL
        .iter()
        .copied()
        .find(|known| known.as_str() == role && *known != Role::System)
        .ok_or("role is not one of operator, officer, inspector, auditor, bureau, administrator")?;
    let id = id.ok_or("id is missing")?;
    if !id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@'))
    {
        return Err("id may hold letters, digits and . _ - @ only");
    }
    let jurisdiction = jurisdiction.map(parse_jurisdiction).transpose()?;
    if role == Role::Operator {
        let code = organisation.ok_or("an operator needs its organisation")?;
        CreditCode::parse(code).map_err(|_| "organisation is no unified social credit code")?;
        if jurisdiction.is_some() {
            return Err("an operator has no jurisdiction");
        }
    }
    if role == Role::Bureau && organisation.is_none() {
        return Err("a bureau needs its organisation");
    }
    if matches!(role, Role::Officer | Role::Inspector | Role::Auditor | Role::Bureau) && jurisdiction.is_none() {
        return Err("the role needs a jurisdiction");
    }
    let actor = Actor {
        id: id.to_owned(),
        role,
        organisation: organisation.map(str::to_owned),
        jurisdiction,
    };
    Ok(Principal {
        scope: scope_of(&actor),
        actor,
    })
}

/// A division code in the form in which codes nest by prefix: `330100` and `330000` are written as `3301` and `33`.
#[must_use]
pub fn nesting_code(code: &str) -> &str {
    if code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        let shorter = code.strip_suffix("00").unwrap_or(code);
        return if shorter.len() == 4 {
            shorter.strip_suffix("00").unwrap_or(shorter)
        } else {
            shorter
        };
    }
    code
}

fn parse_jurisdiction(code: &str) -> Result<String, &'static str> {
    let code = nesting_code(code);
    // The year of entry plays no part in a jurisdiction; any valid one lets the code's form be checked.
    if code == COUNTRY || RegionId::parse(code, 2020).is_ok() {
        Ok(code.to_owned())
    } else {
        Err("jurisdiction is neither a division code nor CN")
    }
}

/// What an actor may see: an operator its own organisation, everyone else their jurisdiction.
fn scope_of(actor: &Actor) -> Scope {
    Scope {
        jurisdiction: actor.jurisdiction.clone().filter(|code| code != COUNTRY),
        domestic_only: actor.jurisdiction.as_deref() == Some(COUNTRY),
        organisation: actor.organisation.clone().filter(|_| actor.role == Role::Operator),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credit_code() -> String {
        let body = "91330106MA2CG0000";
        let check = CreditCode::check_character(body.as_bytes()).unwrap();
        format!("{body}{}", char::from(check))
    }

    #[test]
    fn an_officer_sees_its_jurisdiction() {
        let principal = parse_actor("role=officer; id=zhang-07; jurisdiction=330106").unwrap();
        assert_eq!(principal.actor.role, Role::Officer);
        assert_eq!(
            principal.scope,
            Scope {
                domestic_only: false,
                jurisdiction: Some("330106".to_owned()),
                organisation: None
            }
        );
    }

    #[test]
    fn an_operator_sees_its_organisation() {
        let principal = parse_actor(&format!("role=operator;id=li;organisation={}", credit_code())).unwrap();
        assert_eq!(
            principal.scope,
            Scope {
                domestic_only: false,
                jurisdiction: None,
                organisation: Some(credit_code())
            }
        );
    }

    #[test]
    fn the_country_ends_at_its_border() {
        let scope = parse_actor("role=auditor; id=a; jurisdiction=CN").unwrap().scope;
        assert_eq!(
            scope,
            Scope {
                domestic_only: true,
                ..Scope::default()
            }
        );
    }

    #[test]
    fn codes_of_cities_and_provinces_are_written_so_that_they_nest() {
        assert_eq!(nesting_code("330000"), "33");
        assert_eq!(nesting_code("330100"), "3301");
        assert_eq!(nesting_code("330106"), "330106");
        assert_eq!(nesting_code("330106001"), "330106001");
        assert_eq!(nesting_code("3300"), "3300");
        assert_eq!(nesting_code("US-48"), "US-48");
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        for header in [
            "",
            "role=officer",
            "id=zhang",
            "role=king; id=a; jurisdiction=33",
            "role=system; id=a",
            "role=officer; id=a",
            "role=officer; id=a; jurisdiction=hello",
            "role=officer; id=a; id=b; jurisdiction=33",
            "role=officer; id=a b; jurisdiction=33",
            "role=officer; id=; jurisdiction=33",
            "role=officer; id=a; jurisdiction=33; admin=yes",
            "role=operator; id=a",
            "role=operator; id=a; organisation=913301",
            "role=bureau; id=a; jurisdiction=33",
            "officer",
            "role=officer; id=张三; jurisdiction=33",
        ] {
            assert!(parse_actor(header).is_err(), "{header}");
        }
        assert!(
            parse_actor(&format!(
                "role=operator;id=a;organisation={};jurisdiction=33",
                credit_code()
            ))
            .is_err(),
            "an operator with a jurisdiction"
        );
    }
}
