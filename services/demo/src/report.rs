//! After the visit: draft, comments, the final report, publication; and the corrections of what was found.

use jiff::ToSpan;
use yujian_domain::inspection::{
    ClaimCorrection, CommentOnDraft, CorrectionCheck, ExtendCorrection, FinalizeInspection, FindingState, IssueDraft,
    PublishInspection, Purpose, RejectCorrection, Status, VerifyCorrection, Weight,
};
use yujian_domain::personal::Sensitive;

use crate::agenda::{Task, Visit};
use crate::planning::checklist;
use crate::story::{DemoError, Story};
use crate::visits::{Correction, Way};

impl Story<'_> {
    pub(crate) async fn report_step(&mut self, step: Visit) -> Result<(), DemoError> {
        match step {
            Visit::Draft(visit) => self.draft(visit).await,
            Visit::Comment(visit) => self.comment(visit).await,
            Visit::Finalize(visit) => self.finalize(visit).await,
            Visit::Publish(visit) => self.publish(visit).await,
            Visit::Claim { visit, finding } => self.claim(visit, finding).await,
            Visit::Check { visit, finding } => self.check(visit, finding).await,
            Visit::Extend { visit, finding } => self.extend(visit, finding).await,
            _ => Ok(()),
        }
    }

    async fn draft(&mut self, visit: usize) -> Result<(), DemoError> {
        if self.seen(visit).await?.status != Status::FieldworkCompleted {
            return Ok(());
        }
        let command = IssueDraft {
            draft_sha256: self.dice.sha256(),
        };
        let method = "yujian.inspection.v1.InspectionService/IssueDraft";
        self.inspection(visit, self.lead(visit), method, command).await?;
        if self.calls[visit].way == Way::Silent {
            self.plan(16, 24, Task::Visit(Visit::Finalize(visit)));
        } else {
            self.plan(1, 9, Task::Visit(Visit::Comment(visit)));
        }
        Ok(())
    }

    async fn comment(&mut self, visit: usize) -> Result<(), DemoError> {
        if self.seen(visit).await?.status != Status::DraftIssued {
            return Ok(());
        }
        let comments = self
            .dice
            .percent(55)
            .then(|| Sensitive::new("部分问题已在检查后立即整改，请予核实"));
        let operator = self.members[self.calls[visit].institution].operator();
        let method = "yujian.inspection.v1.InspectionService/CommentOnDraft";
        self.inspection(visit, operator, method, CommentOnDraft { comments })
            .await?;
        self.plan(1, 6, Task::Visit(Visit::Finalize(visit)));
        Ok(())
    }

    async fn finalize(&mut self, visit: usize) -> Result<(), DemoError> {
        let state = self.seen(visit).await?;
        let waits = match state.status {
            Status::Commented => false,
            Status::DraftIssued => state.comments_due.as_ref().is_some_and(|due| due.due_time >= self.at),
            _ => return Ok(()),
        };
        if waits {
            self.plan(2, 4, Task::Visit(Visit::Finalize(visit)));
            return Ok(());
        }
        let conclusion = if state.findings.is_empty() {
            "检查未发现问题"
        } else {
            "检查发现问题，已责令限期整改"
        };
        let command = FinalizeInspection {
            conclusion: Sensitive::new(conclusion),
            report_sha256: self.dice.sha256(),
        };
        let method = "yujian.inspection.v1.InspectionService/FinalizeInspection";
        self.inspection(visit, self.bureau(visit, 2), method, command).await?;
        match self.calls[visit].way {
            Way::Unpublished => {}
            Way::PublishedLate => self.plan(45, 60, Task::Visit(Visit::Publish(visit))),
            _ => self.plan(1, 14, Task::Visit(Visit::Publish(visit))),
        }
        let grave = state
            .findings
            .values()
            .any(|finding| matches!(finding.weight, Weight::Veto | Weight::Grave));
        if grave && self.calls[visit].purpose != Purpose::FollowUp {
            self.follow_up(visit, &state);
        }
        Ok(())
    }

    /// A re-inspection of the dimensions in which something was found.
    fn follow_up(&mut self, visit: usize, state: &yujian_domain::inspection::Inspection) {
        let reference = self.commands.reference();
        let Some(checklist) = checklist(&reference) else {
            return;
        };
        let mut dimensions: Vec<String> = state
            .findings
            .values()
            .filter_map(|finding| checklist.item(&finding.item))
            .map(|item| item.dimension.clone())
            .collect();
        dimensions.sort();
        dimensions.dedup();
        let institution = self.calls[visit].institution;
        self.follow.insert(institution, dimensions);
        let purpose = Purpose::FollowUp;
        self.plan(15, 40, Task::Visit(Visit::Plan { institution, purpose }));
    }

    async fn publish(&mut self, visit: usize) -> Result<(), DemoError> {
        if self.seen(visit).await?.status != Status::Finalized {
            return Ok(());
        }
        let county = &self.members[self.calls[visit].institution].county;
        let command = PublishInspection {
            place: format!("县级卫生健康部门门户网站 {county}/xzjc/{:05}", visit + 1),
        };
        let method = "yujian.inspection.v1.InspectionService/PublishInspection";
        self.inspection(visit, self.bureau(visit, 1), method, command)
            .await
            .map(|_| ())
    }

    async fn claim(&mut self, visit: usize, finding: u32) -> Result<(), DemoError> {
        let institution = self.calls[visit].institution;
        let state = self.seen(visit).await?.findings.get(&finding).map(|one| one.state);
        if self.members[institution].closed
            || !matches!(state, Some(FindingState::CorrectionDue | FindingState::Overdue))
        {
            return Ok(());
        }
        let command = ClaimCorrection {
            finding,
            description: Sensitive::new("已按要求完成整改，附整改前后照片"),
            evidence: vec![self.dice.sha256()],
        };
        let operator = self.members[institution].operator();
        let method = "yujian.inspection.v1.InspectionService/ClaimCorrection";
        self.inspection(visit, operator, method, command).await?;
        self.plan(1, 8, Task::Visit(Visit::Check { visit, finding }));
        Ok(())
    }

    /// Verifies a claimed correction, or finds that it is none.
    async fn check(&mut self, visit: usize, finding: u32) -> Result<(), DemoError> {
        let state = self.seen(visit).await?;
        let Some(known) = state
            .findings
            .get(&finding)
            .filter(|one| one.state == FindingState::CorrectionClaimed)
        else {
            return Ok(());
        };
        let correction = self.calls[visit].corrections.get(&finding).copied();
        let check = if correction == Some(Correction::ByVisit) {
            CorrectionCheck::Visit
        } else {
            CorrectionCheck::Documents
        };
        if let Some(Correction::Rejected(times)) = correction
            && known.rejected < times
        {
            let most = self.correction_days(visit, known.weight);
            let due_date = self.today().saturating_add(i64::try_from(most).unwrap_or(1).days());
            let command = RejectCorrection {
                finding,
                check,
                reason: Sensitive::new("整改不到位，材料不能证明问题已消除"),
                due_date,
            };
            let method = "yujian.inspection.v1.InspectionService/RejectCorrection";
            self.inspection(visit, self.lead(visit), method, command).await?;
            self.plan(most / 2, most - most / 8, Task::Visit(Visit::Claim { visit, finding }));
            return Ok(());
        }
        let method = "yujian.inspection.v1.InspectionService/VerifyCorrection";
        self.inspection(visit, self.lead(visit), method, VerifyCorrection { finding, check })
            .await
            .map(|_| ())
    }

    async fn extend(&mut self, visit: usize, finding: u32) -> Result<(), DemoError> {
        let state = self.seen(visit).await?;
        let Some(known) = state
            .findings
            .get(&finding)
            .filter(|one| one.state == FindingState::CorrectionDue)
        else {
            return Ok(());
        };
        let today = self.today();
        let more = (self.correction_days(visit, known.weight) / 2).max(1);
        let old = known.due_date.unwrap_or(today);
        let command = ExtendCorrection {
            finding,
            due_date: old.saturating_add(i64::try_from(more).unwrap_or(1).days()),
            reason: Sensitive::new("整改涉及施工，确需延长"),
            approver: self.bureau(visit, 2).id,
        };
        let method = "yujian.inspection.v1.InspectionService/ExtendCorrection";
        self.inspection(visit, self.bureau(visit, 1), method, command).await?;
        let left = u64::try_from((old - today).get_days()).unwrap_or(0);
        self.plan(left, left + more / 2, Task::Visit(Visit::Claim { visit, finding }));
        Ok(())
    }
}
