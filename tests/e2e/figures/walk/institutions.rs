//! Any command to an institution.

use serde_json::json;
use uuid::Uuid;
use yujian_domain::envelope::Role;
use yujian_domain::institution::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::values::{ClassType, ExternalId, Places, RegionId};

use super::{INSTITUTIONS, Site, Walk, actor, officer};

/// Papers of a complete filing.
const PAPERS: [PaperKind; 9] = [
    PaperKind::FilingForm,
    PaperKind::Commitment,
    PaperKind::RegistrationCertificate,
    PaperKind::PremisesProof,
    PaperKind::StaffQualifications,
    PaperKind::StaffHealthCertificates,
    PaperKind::HygieneEvaluation,
    PaperKind::FireSafety,
    PaperKind::FoodLicence,
];

impl Walk {
    pub(super) async fn institution(&mut self) -> bool {
        if self.sites.len() < INSTITUTIONS && (self.sites.is_empty() || self.dice.percent(15)) {
            return self.new_institution().await;
        }
        let Some((id, credit_code)) = self.site() else {
            return false;
        };
        let (state, revision) = self.state::<Institution>(id).await;
        let actor = self.somebody(credit_code.as_ref());
        if self.dice.percent(8) {
            let number = self
                .sites
                .iter()
                .find(|site| site.id == id)
                .and_then(|site| site.number);
            return match number {
                Some(number) => self.import_institution(id, number).await,
                None => false,
            };
        }
        let command = self.about_institution(&state, revision);
        self.send::<Institution>(actor, Some(id), command).await.is_some()
    }

    async fn new_institution(&mut self) -> bool {
        if self.dice.percent(15) {
            let number = self.dice.between(1, 1_000_000);
            let id = self.dice.uuid();
            let done = self.import_institution(id, number).await;
            if done {
                self.sites.push(Site {
                    id,
                    credit_code: None,
                    number: Some(number),
                });
            }
            return done;
        }
        let townships: Vec<RegionId> = self
            .commands
            .reference()
            .divisions
            .children("330106")
            .iter()
            .map(|township| township.id.clone())
            .collect();
        let credit_code = self.dice.credit_code();
        // Which mode and ownership go with a type is policy: a walk of chance alone would register hardly anybody.
        let (institution_type, mode, ownership) = if self.dice.percent(95) {
            (InstitutionType::Comprehensive, Mode::Private, Ownership::Private)
        } else {
            (
                self.dice.one(InstitutionType::ALL),
                self.dice.one(Mode::ALL),
                self.dice.one(Ownership::ALL),
            )
        };
        let command = InstitutionCommand::Register(RegisterInstitution {
            name: format!("托育中心{}", self.dice.between(1, 999)),
            credit_code: credit_code.clone(),
            site: "总部".to_owned(),
            address: "文三路1号".to_owned(),
            region: self.dice.one(&townships),
            point: None,
            institution_type,
            also_types: Vec::new(),
            mode,
            ownership,
            registrar: Registrar::MarketSupervision,
            registration_date: self.day(-40, 0),
            representative: RepresentativeInput {
                name: Sensitive::new("张三"),
                identity: None,
                phone: Sensitive::new("10000000000"),
            },
            classes: self.classes(),
        });
        let actor = self.somebody(Some(&credit_code));
        let Some(outcome) = self.send::<Institution>(actor, None, command).await else {
            return false;
        };
        self.sites.push(Site {
            id: outcome.id,
            credit_code: Some(credit_code),
            number: None,
        });
        true
    }

    async fn import_institution(&mut self, id: Uuid, number: u64) -> bool {
        let edition_date = self.dice.percent(70).then(|| self.day(-30, 0));
        let classes = if self.dice.percent(70) {
            self.classes()
        } else {
            Vec::new()
        };
        let command = InstitutionCommand::RecordImported(RecordImportedInstitution {
            external: ExternalId {
                register: "walk".to_owned(),
                number: number.to_string(),
            },
            name: format!("Sunflower {}", self.dice.between(1, 3)),
            address: None,
            region: RegionId::parse(self.dice.one(&["US-48/HARRIS", "US-48/TRAVIS"]), 1949).unwrap(),
            credit_code: None,
            institution_type: InstitutionType::Unknown,
            register_type: None,
            register_status: None,
            mode: Mode::Unknown,
            ownership: Ownership::Unknown,
            classes,
            valid_from_date: None,
            edition_date,
        });
        let importer = actor("importer".to_owned(), Role::Administrator);
        self.send::<Institution>(importer, Some(id), command).await.is_some()
    }

    fn classes(&mut self) -> Vec<Class> {
        (1..=self.dice.count(1, 4))
            .map(|number| Class {
                name: format!("{number}班"),
                class_type: self.dice.one(ClassType::ALL),
                places: Places::new(self.dice.count(5, 20)).unwrap(),
            })
            .collect()
    }

    fn filing(&mut self) -> SubmitFiling {
        let papers = if self.dice.percent(70) {
            PAPERS.to_vec()
        } else {
            self.dice.some(&PAPERS, 80)
        };
        let (issued, ends) = (self.day(-60, -1), self.day(200, 400));
        let paper = |kind| Paper {
            kind,
            issuer: Some("杭州市西湖区".to_owned()),
            number: Some("1".to_owned()),
            issue_date: Some(issued),
            expiry_date: Some(ends),
            sha256: None,
            passed: matches!(kind, PaperKind::HygieneEvaluation | PaperKind::FireSafety).then_some(true),
        };
        SubmitFiling {
            papers: papers.into_iter().map(paper).collect(),
            makes_meals: self.dice.percent(50),
            premises: Some(Premises {
                built_area_cm2: None,
                outdoor_area_cm2: None,
                tenure: Tenure::Leased,
                lease_start_date: Some(self.day(-60, -1)),
                lease_end_date: Some(self.day(1100, 1200)),
                highest_floor: 2,
                lowest_floor: 1,
                area_cm2: Some(9_000_000),
            }),
        }
    }

    fn about_institution(&mut self, state: &Institution, revision: u64) -> InstitutionCommand {
        let words = || Sensitive::new("说明");
        let today = self.today();
        // Before anything else can happen an institution files and gets its receipt.
        let kind = match state.status {
            Status::Registered | Status::Returned if self.dice.percent(60) => 0,
            Status::Accepted if self.dice.percent(35) => self.dice.one(&[1, 2, 2]),
            Status::Suspended if self.dice.percent(50) => 7,
            _ => self.dice.between(0, 10),
        };
        match kind {
            0 => self.filing().into(),
            1 => WithdrawFiling { reason: words() }.into(),
            2 => IssueReceipt {
                receipt_number: format!("浙托备-{}", self.dice.between(1, 9999)),
                issue_date: self.day(-2, 0),
            }
            .into(),
            3 => NotifyNonconformity {
                reasons: vec![NonconformityReason {
                    item: "premises.floor".to_owned(),
                    description: "活动用房位于四层".to_owned(),
                }],
                finding_date: self.day(-3, 0),
            }
            .into(),
            4 => ConfirmConformity { statement: words() }.into(),
            5 => ChangeDetails {
                name: Some(format!("托育中心{}", self.dice.between(1, 999))),
                mode: self.dice.percent(50).then(|| self.dice.one(Mode::ALL)),
                ..ChangeDetails::default()
            }
            .into(),
            6 => ChangeClasses {
                classes: self.classes(),
                effective_date: self.day(-5, 40),
            }
            .into(),
            7 => ResumeInstitution {
                from_date: today,
                statement: words(),
            }
            .into(),
            8 if self.dice.percent(40) => SuspendInstitution {
                kind: self.dice.one(SuspensionKind::ALL),
                reason: words(),
                from_date: today,
                until_date: self.dice.percent(50).then(|| self.day(1, 30)),
            }
            .into(),
            9 if self.dice.percent(4) => CloseInstitution {
                reason: words(),
                closing_date: self.day(-2, 0),
                children_to_place: self.dice.count(0, 9),
            }
            .into(),
            _ => {
                let (key, value) = match self.dice.between(0, 2) {
                    0 => ("name", json!("更正的名称")),
                    1 => ("classes", json!(self.classes())),
                    _ => ("classes", json!(null)),
                };
                CorrectFact {
                    revision: self.dice.between(0, revision),
                    key: key.to_owned(),
                    value: (!value.is_null()).then_some(value),
                    valid_from_date: self.day(-30, 0),
                    reason: words(),
                    approver: officer(&mut self.dice).id,
                }
                .into()
            }
        }
    }
}
