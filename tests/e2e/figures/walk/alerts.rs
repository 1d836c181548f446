//! What officers say of the alerts that reactors have raised.

use uuid::Uuid;
use yujian_domain::alert::*;
use yujian_domain::personal::Sensitive;
use yujian_eventlog::{EventLog, Item};

use super::{Walk, officer};

/// Records read at once.
const PAGE: usize = 1_000;

impl Walk {
    /// Looks which alerts were raised since it looked last.
    pub(super) async fn look_for_alerts(&mut self) {
        loop {
            let page = self.log.read_all(self.looked, PAGE).await.unwrap();
            if page.items.is_empty() {
                return;
            }
            let raised = page.items.iter().filter_map(|item| match item {
                Item::Record(record) if record.event_type == "alert.AlertRaised.v1" => {
                    Some(Uuid::parse_str(record.stream.id()).unwrap())
                }
                _ => None,
            });
            self.alerts.extend(raised);
            self.looked = page.next;
        }
    }

    pub(super) async fn alert(&mut self) -> bool {
        self.look_for_alerts().await;
        let Some(index) = self.dice.index(self.alerts.len()) else {
            return false;
        };
        let alert = self.alerts[index];
        let note = || Sensitive::new("已电话核实");
        let command: AlertCommand = match self.dice.between(0, 7) {
            0..=3 => AcknowledgeAlert {
                note: self.dice.percent(50).then(note),
            }
            .into(),
            4 => DismissAlert {
                reason: self.dice.one(DismissalReason::ALL),
                note: note(),
            }
            .into(),
            5 => ConfirmAlert { statement: note() }.into(),
            _ => {
                let inspections = self.inspections.iter().copied().map(LinkTarget::Inspection);
                let incidents = self.incidents.iter().copied().map(LinkTarget::Incident);
                let targets: Vec<LinkTarget> = inspections.chain(incidents).collect();
                let Some(target) = self.dice.index(targets.len()).map(|index| targets[index]) else {
                    return false;
                };
                LinkAlert { target }.into()
            }
        };
        let actor = officer(&mut self.dice);
        self.send::<Alert>(actor, Some(alert), command).await.is_some()
    }
}
