//! Supplementing a notification (续报).

use std::collections::BTreeMap;

use super::check::{self, CHILDREN_MAX, Check};
use super::decide::Decision;
use super::notification::number_children;
use super::{ChildSeverity, Incident, IncidentSupplemented, Move, Severity, SupplementIncident};
use crate::aggregate::{Context, Decided};
use crate::rejection::{Reason, Rejection};

impl Incident {
    /// INC-09: adds what became known. The deadline of the notification and its lateness stay as they were computed:
    /// they belong to what was notified when.
    pub(super) fn supplement(&self, movement: &Move, command: &SupplementIncident, context: &Context<'_>) -> Decision {
        let mut check = Check::default();
        check.optional_narrative("narrative", "INC-09", command.narrative.as_ref());
        check.children(&command.children);
        for (index, known) in command.severities.iter().enumerate() {
            if known.severity == Severity::Unknown {
                check.severity_known(format!("severities[{index}].severity"));
            }
            if command.severities[..index]
                .iter()
                .any(|earlier| earlier.child == known.child)
            {
                check.refuse(
                    format!("severities[{index}].child"),
                    "INC-09",
                    "names the same child twice",
                    "同一名儿童重复填报",
                );
            }
        }
        check.finish()?;
        self.allow(movement)?;

        let news = self.news(command)?;
        if news.narrative.is_none() && news.children.is_empty() && news.category.is_none() && news.severities.is_empty()
        {
            return Err(Rejection::new(
                Reason::NothingToDo,
                "the supplement says nothing new",
                "续报内容没有新信息",
            ));
        }
        let first = self
            .children
            .last_key_value()
            .map_or(0, |(number, _)| *number)
            .saturating_add(1);
        let event = IncidentSupplemented {
            narrative: news
                .narrative
                .as_ref()
                .map(|text| text.of(check::text_subject(context.id))),
            children: number_children(context.id, first, &news.children),
            category: news.category,
            severities: news.severities,
        };
        Ok(vec![Decided {
            legal_basis: movement.legal_basis().into_iter().collect(),
            ..Decided::plain(event)
        }])
    }

    /// The part of a supplement that is new, checked against what is known.
    fn news(&self, command: &SupplementIncident) -> Result<SupplementIncident, Rejection> {
        let mut check = Check::default();
        if self.children.len().saturating_add(command.children.len()) > CHILDREN_MAX {
            check.refuse(
                "children",
                "INC-04",
                "one incident holds at most 500 children",
                "一起事件最多填报500名儿童",
            );
        }
        let mut merged: BTreeMap<u32, Severity> = self.children.clone();
        let mut severities: Vec<ChildSeverity> = Vec::new();
        for (index, known) in command.severities.iter().enumerate() {
            match merged.get_mut(&known.child) {
                None => check.refuse(
                    format!("severities[{index}].child"),
                    "INC-09",
                    "no child of this incident has this number",
                    "本事件中没有该编号的儿童",
                ),
                Some(severity) if *severity == known.severity => {}
                Some(severity) => {
                    *severity = known.severity;
                    severities.push(known.clone());
                }
            }
        }
        let category = command.category.filter(|category| Some(*category) != self.category);
        let grading = category.is_some() || !severities.is_empty() || !command.children.is_empty();
        // A foreign register's case has no children of ours: its category is history, not our grading.
        if let (true, 0, Some(category)) = (grading, self.imported_rows, category.or(self.category)) {
            let further = command.children.iter().map(|child| child.severity);
            check.category_fits("category", category, merged.values().copied().chain(further));
        }
        check.finish()?;
        Ok(SupplementIncident {
            category,
            severities,
            ..command.clone()
        })
    }
}
