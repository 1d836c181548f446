//! A visit from its plan to the publication, and the correction of what was found.

use std::collections::VecDeque;

use jiff::ToSpan;
use uuid::Uuid;
use yujian_domain::envelope::Actor;
use yujian_domain::inspection::{
    AnswerItems, ApproveInspection, AssignInspectors, CheckIn, CheckInMethod, ClaimCorrection, CommentOnDraft,
    CompleteFieldwork, CorrectionCheck, FinalizeInspection, Inspection, InspectionCommand, InspectorInput, IssueDraft,
    OrderCorrection, PlanInspection, PublishInspection, Purpose, Signature, VerifyCorrection,
};
use yujian_domain::institution::Institution;
use yujian_domain::personal::Sensitive;
use yujian_domain::time::day_of;

use super::{Site, Traffic};
use crate::planning::{checklist, inspector};
use crate::visits;
use crate::world::officer;

#[derive(Clone, Copy)]
enum Step {
    Approve,
    Assign,
    CheckIn,
    Count,
    Answer(usize),
    Cite(usize),
    Order(u32),
    Advise(usize),
    Complete,
    Draft,
    Claim(u32),
    Verify(u32),
    Comment,
    Finalize,
    Publish,
}

/// What follows for a visit.
pub(super) struct Next {
    inspection: Uuid,
    site: Site,
    dimensions: Vec<String>,
    failing: Vec<String>,
    advised: Vec<String>,
    steps: VecDeque<Step>,
}

impl Traffic {
    pub(super) async fn plan_visit(&mut self, site: Site) -> Option<Next> {
        let reference = self.commands.reference();
        let checklist = checklist(&reference)?;
        let today = day_of(self.clock.now());
        let purpose = *self.dice.pick(&[Purpose::Routine, Purpose::Random, Purpose::Complaint]);
        let dimensions = visits::dimensions(&mut self.dice, checklist, purpose);
        let (failing, advised) = visits::outcome(&mut self.dice, checklist.chosen(&dimensions));
        let command = PlanInspection {
            institution: site.institution,
            purpose,
            emergency: false,
            ordered_from_above: false,
            checklist: checklist.reference.clone(),
            dimensions: dimensions.clone(),
            from_date: today,
            to_date: today.saturating_add(20.days()),
            announced: false,
            joint_bodies: Vec::new(),
        };
        let method = "yujian.inspection.v1.InspectionService/PlanInspection";
        let actor = officer(&site.county, 1);
        let outcome = self
            .send::<Inspection>(actor, method, None, InspectionCommand::from(command))
            .await?;
        let mut steps = VecDeque::from([Step::Approve, Step::Assign, Step::CheckIn, Step::Count]);
        steps.extend((0..visits::parts(checklist.chosen(&dimensions).count())).map(Step::Answer));
        // Findings are numbered first, advice after them.
        for place in 0..failing.len() {
            steps.push_back(Step::Cite(place));
            steps.push_back(Step::Order(number(place)));
        }
        steps.extend((0..advised.len()).map(Step::Advise));
        steps.extend([Step::Complete, Step::Draft]);
        for place in 0..failing.len() {
            steps.push_back(Step::Claim(number(place)));
            steps.push_back(Step::Verify(number(place)));
        }
        steps.extend([Step::Comment, Step::Finalize, Step::Publish]);
        Some(Next {
            inspection: outcome.id,
            site,
            dimensions,
            failing,
            advised,
            steps,
        })
    }

    pub(super) async fn visit(&mut self, mut next: Next) -> Option<Next> {
        let step = next.steps.pop_front()?;
        let (actor, method, command) = match step {
            Step::Approve | Step::Assign | Step::CheckIn => self.before_the_work(step, &next)?,
            Step::Count | Step::Answer(_) | Step::Cite(_) | Step::Order(_) | Step::Advise(_) | Step::Complete => {
                self.at_the_site(step, &next).await?
            }
            _ => self.after_the_visit(step, &next)?,
        };
        self.send::<Inspection>(actor, method, Some(next.inspection), command)
            .await?;
        Some(next)
    }

    /// The inspectors of the county; the first one leads.
    fn team(&self, county: &str) -> Option<&[(Uuid, String)]> {
        self.roster.inspectors.get(county).and_then(|team| team.get(..2))
    }

    fn lead(&self, county: &str) -> Option<Actor> {
        self.team(county)
            .and_then(|team| team.first())
            .map(|(_, account)| inspector(county, account))
    }

    fn before_the_work(&mut self, step: Step, next: &Next) -> Option<(Actor, &'static str, InspectionCommand)> {
        let county = &next.site.county;
        Some(match step {
            Step::Approve => (
                officer(county, 2),
                "yujian.inspection.v1.InspectionService/ApproveInspection",
                ApproveInspection {
                    approval_number: format!("浙卫检批〔现〕{}号", self.dice.below(100_000)),
                }
                .into(),
            ),
            Step::Assign => {
                let inspectors = self.team(county)?.iter();
                let command = AssignInspectors {
                    inspectors: inspectors
                        .map(|(person, _)| InspectorInput {
                            person: *person,
                            no_conflict: true,
                        })
                        .collect(),
                };
                let method = "yujian.inspection.v1.InspectionService/AssignInspectors";
                (officer(county, 1), method, command.into())
            }
            _ => (
                self.lead(county)?,
                "yujian.inspection.v1.InspectionService/CheckIn",
                CheckIn {
                    method: CheckInMethod::InstitutionCode,
                    point: None,
                }
                .into(),
            ),
        })
    }

    async fn at_the_site(&mut self, step: Step, next: &Next) -> Option<(Actor, &'static str, InspectionCommand)> {
        let reference = self.commands.reference();
        let checklist = checklist(&reference)?;
        let lead = self.lead(&next.site.county)?;
        let dice = &mut self.dice;
        let (method, command): (&'static str, InspectionCommand) = match step {
            Step::Count => {
                let (institution, _) = self.commands.load::<Institution>(next.site.institution).await.ok()??;
                let command = visits::presence(dice, &institution.classes, true);
                ("yujian.inspection.v1.InspectionService/CountPresence", command.into())
            }
            Step::Answer(part) => {
                let answers = visits::answers(dice, checklist.chosen(&next.dimensions), part, &next.failing);
                let command = AnswerItems { answers };
                ("yujian.inspection.v1.InspectionService/AnswerItems", command.into())
            }
            Step::Cite(place) => {
                let command = visits::citation(dice, checklist, next.failing.get(place)?)?;
                ("yujian.inspection.v1.InspectionService/CiteFinding", command.into())
            }
            Step::Order(finding) => {
                // In time for every weight.
                let due_date = day_of(self.clock.now()).saturating_add(3.days());
                let command = OrderCorrection { finding, due_date };
                ("yujian.inspection.v1.InspectionService/OrderCorrection", command.into())
            }
            Step::Advise(place) => {
                let command = visits::advice(checklist, next.advised.get(place)?)?;
                let method = "yujian.inspection.v1.InspectionService/GiveTechnicalAssistance";
                (method, command.into())
            }
            _ => {
                let command = CompleteFieldwork {
                    record_sha256: dice.sha256(),
                    signature: Signature::Signed,
                    witness: None,
                    statement: None,
                };
                let method = "yujian.inspection.v1.InspectionService/CompleteFieldwork";
                (method, command.into())
            }
        };
        Some((lead, method, command))
    }

    fn after_the_visit(&mut self, step: Step, next: &Next) -> Option<(Actor, &'static str, InspectionCommand)> {
        let county = &next.site.county;
        let operator = next.site.operator();
        Some(match step {
            Step::Claim(finding) => (
                operator,
                "yujian.inspection.v1.InspectionService/ClaimCorrection",
                ClaimCorrection {
                    finding,
                    description: Sensitive::new("已完成整改，附照片"),
                    evidence: vec![self.dice.sha256()],
                }
                .into(),
            ),
            Step::Verify(finding) => (
                self.lead(county)?,
                "yujian.inspection.v1.InspectionService/VerifyCorrection",
                VerifyCorrection {
                    finding,
                    check: CorrectionCheck::Documents,
                }
                .into(),
            ),
            Step::Comment => (
                operator,
                "yujian.inspection.v1.InspectionService/CommentOnDraft",
                CommentOnDraft { comments: None }.into(),
            ),
            Step::Finalize => (
                officer(county, 2),
                "yujian.inspection.v1.InspectionService/FinalizeInspection",
                FinalizeInspection {
                    conclusion: Sensitive::new("检查结束，问题已督促整改"),
                    report_sha256: self.dice.sha256(),
                }
                .into(),
            ),
            Step::Publish => (
                officer(county, 1),
                "yujian.inspection.v1.InspectionService/PublishInspection",
                PublishInspection {
                    place: format!("县级卫生健康部门门户网站 {county}/xzjc"),
                }
                .into(),
            ),
            _ => (
                self.lead(county)?,
                "yujian.inspection.v1.InspectionService/IssueDraft",
                IssueDraft {
                    draft_sha256: self.dice.sha256(),
                }
                .into(),
            ),
        })
    }
}

/// Number of the finding on the item at a place.
fn number(place: usize) -> u32 {
    u32::try_from(place + 1).unwrap_or(u32::MAX)
}
