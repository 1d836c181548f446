//! Facts of a dossier that belong to something with a page of its own: an incident, an inspection, a person.

use std::collections::BTreeMap;

use yujian_domain::dossier::Fact;
use yujian_domain::incident::Category;

use crate::html::{self, Markup, text};
use crate::lang::Lang;
use crate::terms::labels::label;

/// The facts that hold, by key.
pub(super) type ByKey<'a> = BTreeMap<&'a str, &'a Fact>;

/// Last part of a key, by which its value reads.
pub(super) fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// Whether a fact is one of an incident, an inspection or a person, which have pages of their own.
pub(super) fn is_elsewhere(key: &str) -> bool {
    ["incident.", "inspection.", "staff."]
        .iter()
        .any(|prefix| key.starts_with(prefix))
}

/// What a key is called, with a link to the incident, inspection or person that it belongs to.
pub(super) fn fact_label(lang: Lang, key: &str, facts: &ByKey<'_>) -> Markup {
    let Some((kind, id, name)) = key
        .split_once('.')
        .filter(|_| is_elsewhere(key))
        .and_then(|(kind, rest)| rest.split_once('.').map(|(id, name)| (kind, id, name)))
    else {
        return text(&label(lang, key));
    };
    let (pages, word) = match kind {
        "inspection" => ("inspections", lang.say("检查", "Inspection").to_owned()),
        "staff" => ("persons", lang.say("人员", "Person").to_owned()),
        _ => {
            let category = facts
                .get(format!("incident.{id}.category").as_str())
                .and_then(|fact| fact.value.as_str());
            let what = category.and_then(Category::from_code).map_or_else(
                || lang.say("外部登记", "foreign register").to_owned(),
                |category| lang.term(category),
            );
            let incident = lang
                .say(&format!("事件（{what}）"), &format!("Incident ({what})"))
                .to_owned();
            ("incidents", incident)
        }
    };
    html::link(&format!("/{pages}/{id}"), &text(&word))
        .then(&text(lang.say("", " ")))
        .then(&text(&label(lang, last(name))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_of_others_say_whose_they_are() {
        let label = fact_label(Lang::Zh, "incident.0195.child.1.severity", &ByKey::new()).to_string();
        assert_eq!(label, "<a href=\"/incidents/0195\">事件（外部登记）</a>程度");
        assert_eq!(
            fact_label(Lang::Zh, "paper.fire_safety", &ByKey::new()).to_string(),
            "消防安全检查合格证明"
        );
        let label = fact_label(Lang::En, "staff.0195.2.post", &ByKey::new()).to_string();
        assert_eq!(label, "<a href=\"/persons/0195\">Person</a> Post");
    }
}
