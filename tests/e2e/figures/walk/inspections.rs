//! Any command to an inspection.

use std::collections::BTreeMap;

use jiff::{SignedDuration, ToSpan};
use uuid::Uuid;
use yujian_domain::checklist::Checklist;
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::inspection::*;
use yujian_domain::person::Post;
use yujian_domain::personal::Sensitive;
use yujian_domain::values::{ClassType, ExternalId};

use super::{INSPECTIONS, Walk, actor, officer};

fn checklist() -> ChecklistRef {
    ChecklistRef {
        id: "wst-821".to_owned(),
        version: 1,
    }
}

impl Walk {
    pub(super) async fn inspection(&mut self) -> bool {
        let Some((institution, _)) = self.site() else {
            return false;
        };
        if self.inspections.len() < INSPECTIONS && self.dice.percent(6) {
            return self.new_inspection(institution).await;
        }
        // Lately planned ones more often, so that some get far.
        let from = self
            .inspections
            .len()
            .saturating_sub(if self.dice.percent(70) { 3 } else { INSPECTIONS });
        let Some(index) = self.dice.index(self.inspections.len() - from) else {
            return false;
        };
        let id = self.inspections[from + index];
        let (state, _) = self.state::<Inspection>(id).await;
        if state.status == Status::Imported {
            return self.dice.percent(30) && self.import_inspection(id, state.institution.unwrap()).await;
        }
        let command = self.about_inspection(&state);
        let actor = match &command {
            InspectionCommand::CommentOnDraft(_) | InspectionCommand::ClaimCorrection(_) => {
                let site = self.sites.iter().find(|site| Some(site.id) == state.institution);
                let credit_code = site.and_then(|site| site.credit_code.clone());
                self.somebody(credit_code.as_ref())
            }
            InspectionCommand::Approve(_) | InspectionCommand::AssignInspectors(_) => officer(&mut self.dice),
            _ => self.visitor(&state),
        };
        self.send::<Inspection>(actor, Some(id), command).await.is_some()
    }

    /// One of the inspectors assigned, mostly.
    fn visitor(&mut self, state: &Inspection) -> Actor {
        let accounts: Vec<String> = state.inspectors.values().map(|one| one.account.clone()).collect();
        match self.dice.index(accounts.len()) {
            Some(index) if self.dice.percent(75) => actor(accounts[index].clone(), Role::Inspector),
            _ => officer(&mut self.dice),
        }
    }

    async fn new_inspection(&mut self, institution: Uuid) -> bool {
        if self.dice.percent(8) {
            let id = self.dice.uuid();
            let done = self.import_inspection(id, institution).await;
            self.inspections.extend(done.then_some(id));
            return done;
        }
        let emergency = self.dice.percent(20);
        let dimensions: Vec<String> = {
            let reference = self.commands.reference();
            let dimensions = &reference.checklist(&checklist()).unwrap().dimensions;
            dimensions.iter().map(|dimension| dimension.code.clone()).collect()
        };
        let command = InspectionCommand::Plan(PlanInspection {
            institution,
            purpose: if emergency {
                Purpose::Complaint
            } else {
                self.dice.one(Purpose::ALL)
            },
            emergency,
            ordered_from_above: self.dice.percent(10),
            checklist: checklist(),
            dimensions: if self.dice.percent(50) {
                Vec::new()
            } else {
                self.dice.some(&dimensions, 40)
            },
            from_date: self.today(),
            to_date: self.day(3, 12),
            announced: self.dice.percent(50),
            joint_bodies: Vec::new(),
        });
        let actor = officer(&mut self.dice);
        let outcome = self.send::<Inspection>(actor, None, command).await;
        self.inspections.extend(outcome.as_ref().map(|outcome| outcome.id));
        outcome.is_some()
    }

    async fn import_inspection(&mut self, id: Uuid, institution: Uuid) -> bool {
        let command = InspectionCommand::RecordImported(RecordImportedInspection {
            institution,
            external: ExternalId {
                register: "walk".to_owned(),
                number: id.to_string(),
            },
            ordinal: 1,
            visit_date: None,
            kind: self.dice.one(ImportedKind::ALL),
            standard: format!("746.{}", self.dice.between(1, 9_999)),
            weight: self.dice.one(Weight::ALL),
            corrected_date: None,
            details: BTreeMap::new(),
            narrative: None,
        });
        let importer = actor("importer".to_owned(), Role::Administrator);
        self.send::<Inspection>(importer, Some(id), command).await.is_some()
    }

    fn about_inspection(&mut self, state: &Inspection) -> InspectionCommand {
        let before = matches!(state.status, Status::Planned | Status::Approved | Status::Assigned);
        let after = matches!(
            state.status,
            Status::FieldworkCompleted | Status::DraftIssued | Status::Commented | Status::Finalized
        );
        match self.dice.between(1, 100) {
            1..=85 if before => self.before_the_visit(),
            1..=75 if state.status == Status::CheckedIn => self.at_the_site(state),
            1..=35 if after => self.report(),
            36..=90 if after => self.correction(state),
            _ => match self.dice.between(0, 3) {
                0 => self.before_the_visit(),
                1 => self.at_the_site(state),
                2 => self.report(),
                _ => self.correction(state),
            },
        }
    }

    fn before_the_visit(&mut self) -> InspectionCommand {
        let people: Vec<Uuid> = self.inspectors.iter().map(|(person, _)| *person).collect();
        let person = self.dice.one(&people);
        match self.dice.between(0, 9) {
            0..=2 => ApproveInspection {
                approval_number: format!("西湖卫检〔2026〕{}号", self.dice.between(1, 99)),
            }
            .into(),
            3 | 4 => AssignInspectors {
                inspectors: self
                    .dice
                    .some(&people, 70)
                    .into_iter()
                    .map(|person| InspectorInput {
                        person,
                        no_conflict: true,
                    })
                    .collect(),
            }
            .into(),
            5 => RequestRecusal {
                person,
                ground: self.dice.one(RecusalGround::ALL),
                note: None,
            }
            .into(),
            6 => DecideRecusal {
                person,
                granted: self.dice.percent(50),
            }
            .into(),
            7 => BackfillCheckIn {
                arrived_time: self.now - SignedDuration::from_mins(self.dice.signed(1, 3_000)),
                reason: self.dice.one(BackfillReason::ALL),
            }
            .into(),
            8 if self.dice.percent(15) => CancelInspection {
                reason: self.dice.one(CancelReason::ALL),
            }
            .into(),
            _ => CheckIn {
                method: CheckInMethod::InstitutionCode,
                point: None,
            }
            .into(),
        }
    }

    fn item(&mut self, checklist: &Checklist) -> (String, Weight) {
        let item = &checklist.items[self.dice.index(checklist.items.len()).unwrap()];
        let weight = if item.veto { Weight::Veto } else { item.weight };
        (item.code.clone(), weight)
    }

    fn answers(&mut self, checklist: &Checklist) -> AnswerItems {
        let mut answers = BTreeMap::new();
        for _ in 0..self.dice.count(1, 12) {
            let (item, _) = self.item(checklist);
            let evidence = (0..self.dice.count(1, 3)).map(|_| self.dice.sha256()).collect();
            let answer = ItemAnswer {
                item: item.clone(),
                answer: self.dice.one(Answer::ALL),
                observation: None,
                evidence,
            };
            answers.insert(item, answer);
        }
        AnswerItems {
            answers: answers.into_values().collect(),
        }
    }

    /// How many of each of some are there.
    fn headcount<T: Clone + Ord>(&mut self, all: &[T], most: u32) -> BTreeMap<T, u32> {
        let some = self.dice.some(all, 40);
        some.into_iter().map(|one| (one, self.dice.count(0, most))).collect()
    }

    fn at_the_site(&mut self, state: &Inspection) -> InspectionCommand {
        let reference = self.commands.reference();
        let checklist = reference.checklist(&checklist()).unwrap();
        let unmet: Vec<String> = state
            .answers
            .iter()
            .filter(|(_, answer)| **answer == Answer::Noncompliant)
            .map(|(item, _)| item.clone())
            .collect();
        let cited = state
            .findings
            .iter()
            .filter(|(_, one)| one.state == FindingState::Cited);
        let cited: Vec<u32> = cited.map(|(finding, _)| *finding).collect();
        match self.dice.between(0, 15) {
            0..=4 => self.answers(checklist).into(),
            5 => CountPresence {
                children: self.headcount(ClassType::ALL, 30),
                carers: self.headcount(ClassType::ALL, 6),
                staff: self.headcount(Post::ALL, 4),
            }
            .into(),
            6 | 7 | 13 if !unmet.is_empty() => {
                let item = self.dice.one(&unmet);
                let veto = checklist.item(&item).is_some_and(|item| item.veto);
                CiteFinding {
                    item,
                    weight: if veto { Weight::Veto } else { self.dice.one(Weight::ALL) },
                    extent: self.dice.one(Extent::ALL),
                    children_at_risk: self.dice.count(0, 20),
                    measure: self.dice.percent(50).then(|| self.dice.one(ImmediateMeasure::ALL)),
                    description: Sensitive::new("未按规定指导"),
                }
                .into()
            }
            8 => GiveTechnicalAssistance {
                item: self.item(checklist).0,
                advice: Sensitive::new("建议每周开展一次"),
            }
            .into(),
            9 | 14 if !cited.is_empty() => RecordCorrectedOnSite {
                finding: self.dice.one(&cited),
            }
            .into(),
            10 | 11 => OrderCorrection {
                finding: self.dice.count(1, 4),
                due_date: self.day(0, 30),
            }
            .into(),
            12 if self.dice.percent(25) => AbortInspection {
                reason: self.dice.one(AbortReason::ALL),
                note: None,
            }
            .into(),
            _ => CompleteFieldwork {
                record_sha256: self.dice.sha256(),
                signature: Signature::Signed,
                witness: None,
                statement: None,
            }
            .into(),
        }
    }

    fn report(&mut self) -> InspectionCommand {
        match self.dice.between(0, 3) {
            0 => IssueDraft {
                draft_sha256: self.dice.sha256(),
            }
            .into(),
            1 => CommentOnDraft {
                comments: self.dice.percent(50).then(|| Sensitive::new("无异议")),
            }
            .into(),
            2 => FinalizeInspection {
                conclusion: Sensitive::new("限期整改"),
                report_sha256: self.dice.sha256(),
            }
            .into(),
            _ => PublishInspection {
                place: "https://example.gov.cn/7".to_owned(),
            }
            .into(),
        }
    }

    fn correction(&mut self, state: &Inspection) -> InspectionCommand {
        let findings: Vec<u32> = state.findings.keys().copied().chain([1]).collect();
        let finding = self.dice.one(&findings);
        let kind = match state.findings.get(&finding).map(|finding| finding.state) {
            Some(FindingState::Cited) if self.dice.percent(50) => 5,
            Some(FindingState::CorrectionDue | FindingState::Overdue) if self.dice.percent(75) => {
                self.dice.one(&[0, 6, 6])
            }
            Some(FindingState::CorrectionClaimed) if self.dice.percent(60) => self.dice.one(&[2, 3]),
            _ => self.dice.between(0, 7),
        };
        match kind {
            0 | 1 => ClaimCorrection {
                finding,
                description: Sensitive::new("已整改"),
                evidence: vec![self.dice.sha256()],
            }
            .into(),
            2 => VerifyCorrection {
                finding,
                check: self.dice.one(CorrectionCheck::ALL),
            }
            .into(),
            3 | 4 => RejectCorrection {
                finding,
                check: self.dice.one(CorrectionCheck::ALL),
                reason: Sensitive::new("仍未开展"),
                due_date: self.day(1, 5),
            }
            .into(),
            5 => OrderCorrection {
                finding,
                due_date: self.day(0, 30),
            }
            .into(),
            _ => ExtendCorrection {
                finding,
                due_date: {
                    let due = state.findings.get(&finding).and_then(|finding| finding.due_date);
                    due.unwrap_or(self.today())
                        .saturating_add(self.dice.signed(0, 4).days())
                },
                reason: Sensitive::new("等待到货"),
                approver: officer(&mut self.dice).id,
            }
            .into(),
        }
    }
}
