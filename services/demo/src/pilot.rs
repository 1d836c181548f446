//! The pilot: from a third of the story on, one made-up city of the province licenses while the rest goes on filing. Its
//! rules are those of the draft that ships, with shorter terms, so that licences run out and are renewed within the story.

use jiff::ToSpan;
use jiff::civil::Date;
use yujian_command::{ActivationRequest, CommandError, Commands};
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::reference::Reference;

use crate::people::Dice;
use crate::story::{DemoError, Plan, Story};

/// The city of the pilot. Nothing of the kind exists there: the document says so in its title.
pub(crate) const CITY: &str = "3305";
/// The document whose rules the pilot takes over.
const DRAFT: &str = "cn-licence";
/// Months of story for one month of a term: a licence of six months in a story of two years.
const SHORTENED: u32 = 4;
/// Shortest term: below it a renewal, which is asked for thirty days ahead, would have no time.
const SHORTEST_TERM: u32 = 2;

/// The first day of the pilot: a third into the story. None in a story of a few days.
pub(crate) fn first_day(first: Date, plan: Plan) -> Option<Date> {
    let days = i64::from((plan.until - first).get_days());
    let begins = first.saturating_add((days / 3).days());
    (begins > first).then_some(begins)
}

/// Months in which those who have filed go over to a licence.
pub(crate) fn migration_months(plan: Plan) -> u32 {
    (plan.months / SHORTENED).max(1)
}

/// Activates the pilot's rules. They hold from a day to come, so that no second person is needed.
///
/// # Errors
/// A draft that can't be shortened, a refusal, or a failed log.
pub(crate) async fn activate(commands: &Commands, dice: &mut Dice, begins: Date, plan: Plan) -> Result<(), DemoError> {
    let text = document(begins, plan)?;
    let request = ActivationRequest {
        actor: Actor {
            id: "administrator-demo".to_owned(),
            role: Role::Administrator,
            organisation: None,
            jurisdiction: None,
        },
        request_id: dice.uuid(),
        method: "yujian.licensing.v1.PolicyService/ActivatePolicy",
        approver: None,
        validate_only: false,
    };
    match commands.activate_policy(request, &text).await {
        Ok(_) => Ok(()),
        Err(CommandError::Log(error)) => Err(DemoError::Log(error)),
        Err(error) => Err(DemoError::Plan(format!("the pilot's rules were refused: {error}"))),
    }
}

/// The pilot's rules: the draft's text under another head, with shorter terms.
fn document(begins: Date, plan: Plan) -> Result<String, DemoError> {
    let missing = |what: &str| DemoError::Plan(format!("the draft {DRAFT} that ships has no {what}"));
    let draft = Reference::shipped_policies()
        .into_iter()
        .find(|shipped| shipped.id == DRAFT)
        .ok_or_else(|| missing("document"))?;
    let (_, rules) = draft
        .document
        .split_once("[[legal_basis]]")
        .ok_or_else(|| missing("legal basis"))?;
    let term = (plan.months / SHORTENED).max(SHORTEST_TERM);
    let rules = with_value(rules, "term_months", term).ok_or_else(|| missing("term"))?;
    let rules = with_value(&rules, "migration_months", migration_months(plan)).ok_or_else(|| missing("migration"))?;
    Ok(format!(
        "# Made up for the demonstration: no such pilot exists. The rules are those of {DRAFT} with shorter terms.\n\n\
         id = \"demo-pilot-licence\"\n\
         version = 1\n\
         kind = \"licence\"\n\
         region = \"{CITY}\"\n\
         effective_date = \"{begins}\"\n\
         title = \"托育服务许可试点（演示虚构，并非真实政策）\"\n\n\
         [[legal_basis]]{rules}"
    ))
}

/// The text with another number for a value, which the note of the draft does not explain.
fn with_value(text: &str, name: &str, value: u32) -> Option<String> {
    let table = format!("[values.{name}]\n");
    let (before, after) = text.split_once(&table)?;
    let (_, rest) = after.split_once("note = ")?;
    let (_, rest) = rest.split_once('\n')?;
    Some(format!(
        "{before}{table}value = {value}\nsource = \"assumed\"\nnote = \"Made up, short enough for the demonstration.\"\n{rest}"
    ))
}

impl Story<'_> {
    /// Whether licences are in force where the institution lies.
    pub(crate) fn licences_hold(&self, index: usize) -> bool {
        let region = &self.members[index].region;
        self.commands.reference().licence(region, self.today()).is_ok()
    }

    /// Days until licences are in force where the institution lies; `None`: nothing of the kind is to come.
    pub(crate) fn days_to_pilot(&self, index: usize) -> Option<u64> {
        let begins = self.commands.reference().licence_begins(&self.members[index].region)?;
        Some(u64::try_from((begins - self.today()).get_days()).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use yujian_domain::policy::{PolicyBody, PolicyDocument};

    use super::*;

    #[test]
    fn the_pilot_is_the_draft_with_shorter_terms_in_one_city() {
        let plan = Plan {
            seed: 1,
            until: date(2026, 6, 30),
            institutions: 400,
            months: 24,
        };
        let text = document(date(2025, 3, 1), plan).expect("the draft ships");
        let document = PolicyDocument::parse(&text).expect("a valid document");
        assert_eq!(document.id, "demo-pilot-licence");
        assert_eq!(document.region, CITY);
        let PolicyBody::Licence(rules) = document.body else {
            panic!("another kind");
        };
        assert_eq!((rules.term_months, rules.migration_months), (6, 6));
        assert_eq!((rules.decision_working_days, rules.renewal_ask_days), (20, 30));
    }
}
