//! Commands of applications as they are right, and institutions that went through them.

use jiff::civil::Date;
use yujian_domain::envelope::Role;
use yujian_domain::institution::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::values::*;

use super::licence::{names, reasons};
use super::*;

/// A complete application of a kind.
pub fn apply(kind: ApplicationKind) -> SubmitApplication {
    let SubmitFiling {
        papers,
        makes_meals,
        premises,
    } = filing();
    let bare = SubmitApplication {
        kind,
        papers: Vec::new(),
        makes_meals: false,
        premises: None,
        change: None,
        transfer: None,
        waiver: None,
        closing: None,
    };
    let full = SubmitApplication {
        papers,
        makes_meals,
        premises,
        ..bare.clone()
    };
    match kind {
        ApplicationKind::Filing | ApplicationKind::Licence | ApplicationKind::Renewal => full,
        ApplicationKind::Change => SubmitApplication {
            change: Some(ChangeRequest {
                name: Some("西湖区新葵托育中心".to_owned()),
                classes: Some(vec![class("混合班", ClassType::Mixed, 18)]),
            }),
            ..full
        },
        ApplicationKind::Transfer => SubmitApplication {
            transfer: Some(TransferRequest {
                credit_code: CreditCode::parse("91330106MA2B3C4D5D").unwrap(),
                representative: representative("李四"),
            }),
            ..full
        },
        ApplicationKind::Waiver => SubmitApplication {
            waiver: Some(WaiverAsked {
                item: "premises.highest_floor".to_owned(),
                until_date: day("2026-12-31"),
            }),
            ..bare
        },
        ApplicationKind::Closing => SubmitApplication {
            closing: Some(ClosingAsked {
                closing_date: day("2026-03-31"),
                children_to_place: 3,
            }),
            ..bare
        },
    }
}

/// A complete application without some papers.
pub fn apply_without(kind: ApplicationKind, left_out: &[PaperKind]) -> SubmitApplication {
    let mut application = apply(kind);
    application.papers.retain(|paper| !left_out.contains(&paper.kind));
    application
}

pub fn item(item: &str) -> ReturnedItem {
    ReturnedItem {
        item: item.to_owned(),
        rule: "ADM-10".to_owned(),
        problem: ItemProblem::Incomplete,
    }
}

pub fn give_back(application: u32, items: &[&str]) -> ReturnApplication {
    ReturnApplication {
        application,
        items: items.iter().map(|name| item(name)).collect(),
    }
}

pub fn accept(application: u32) -> AcceptApplication {
    AcceptApplication {
        application,
        joint: false,
    }
}

pub fn dismiss(application: u32) -> DismissApplication {
    DismissApplication {
        application,
        ground: DismissalGround::NotRequired,
        competent_authority: None,
    }
}

pub fn withdraw(application: u32) -> WithdrawApplication {
    WithdrawApplication {
        application,
        reason: Sensitive::new("暂不开办"),
    }
}

pub fn ask(application: u32) -> RequestInformation {
    RequestInformation {
        application,
        questions: vec![QuestionInput {
            item: "papers.fire_safety".to_owned(),
            question: Sensitive::new("请说明疏散通道"),
        }],
    }
}

pub fn answer(application: u32) -> ProvideInformation {
    ProvideInformation {
        application,
        papers: vec![paper(PaperKind::FireSafety)],
        statement: Some(Sensitive::new("见平面图")),
    }
}

pub fn registry(application: Option<u32>, outcome: RegistryOutcome, record_date: Date) -> RecordRegistryCheck {
    RecordRegistryCheck {
        application,
        source: RegistrySource::Fire,
        item: "papers.fire_safety".to_owned(),
        number: Some("浙消2026-1".to_owned()),
        outcome,
        valid_to_date: None,
        record_date,
        response_sha256: "ab".repeat(32),
    }
}

pub fn verifier(number: u32) -> Verifier {
    Verifier {
        account: format!("verifier-{number}"),
        certificate: format!("浙330106-{number}"),
    }
}

pub fn visit(application: u32, visit_date: Date) -> RecordSiteVerification {
    RecordSiteVerification {
        application,
        visit_date,
        verifiers: vec![verifier(1), verifier(2)],
        outcome: VerificationOutcome::Meets,
        items: Vec::new(),
        inspection: None,
    }
}

pub fn falls_short(application: u32, visit_date: Date) -> RecordSiteVerification {
    RecordSiteVerification {
        outcome: VerificationOutcome::FallsShort,
        items: vec![item("premises.lowest_floor")],
        ..visit(application, visit_date)
    }
}

pub fn propose(application: u32) -> ProposeDecision {
    ProposeDecision {
        application,
        outcome: ProposedOutcome::Grant,
        conditions: Vec::new(),
        reasons: Vec::new(),
        deceit: None,
    }
}

pub fn propose_refusal(application: u32) -> ProposeDecision {
    ProposeDecision {
        outcome: ProposedOutcome::Refuse,
        reasons: reasons(),
        ..propose(application)
    }
}

pub fn send_back(application: u32) -> ReturnProposal {
    ReturnProposal {
        application,
        reason: Sensitive::new("请补充现场照片"),
    }
}

/// Decides on what is no new licence, or on a refusal.
pub fn decide(application: u32) -> DecideApplication {
    DecideApplication {
        application,
        licence_number: None,
        effective_date: None,
    }
}

pub fn decide_licence(application: u32) -> DecideApplication {
    DecideApplication {
        licence_number: Some("浙托许330106-0001".to_owned()),
        ..decide(application)
    }
}

pub fn object(application: u32, hearing: bool) -> LodgeObjection {
    LodgeObjection {
        application,
        grounds: Sensitive::new("楼层认定有误"),
        hearing,
    }
}

pub fn decide_objection(application: u32, upheld: bool, hearing_date: Option<Date>) -> DecideObjection {
    DecideObjection {
        application,
        upheld,
        hearing_date,
        statement: Sensitive::new("已听取意见"),
    }
}

pub fn refuse(application: u32) -> RefuseApplication {
    RefuseApplication { application }
}

pub fn certificate(application: u32, issue_date: Date) -> IssueCertificate {
    IssueCertificate {
        application,
        issue_date,
    }
}

impl Desk {
    /// Runs a command and names its events.
    pub fn does(&mut self, command: impl Into<InstitutionCommand>) -> Vec<&'static str> {
        names(&self.run(command).unwrap())
    }

    /// Runs a command that is right.
    pub fn after(&mut self, command: impl Into<InstitutionCommand>) -> &mut Self {
        self.run(command).unwrap();
        self
    }

    /// As the other officer, who decides.
    pub fn second(&mut self) -> &mut Self {
        self.by("officer-2", Role::Officer)
    }

    /// As the officer who handles.
    pub fn first(&mut self) -> &mut Self {
        self.by("officer-1", Role::Officer)
    }

    pub fn operator(&mut self) -> &mut Self {
        self.by("operator-1", Role::Operator)
    }

    pub fn system(&mut self) -> &mut Self {
        self.by("yujian", Role::System)
    }

    /// Where application `number` stands.
    pub fn standing(&self, number: u32) -> ApplicationState {
        self.state.licence_applications[&number].state
    }

    /// Applied for, and its acceptance awaited.
    pub fn submitted(kind: ApplicationKind) -> Self {
        let mut desk = Self::asking(kind);
        desk.after(apply(kind));
        desk
    }

    /// A desk that may ask for this kind: registered for a licence, with a licence for all others.
    pub fn asking(kind: ApplicationKind) -> Self {
        if kind == ApplicationKind::Licence {
            Self::under_licences()
        } else {
            Self::granted_licence()
        }
    }

    /// Number of the application that the desk asks for next.
    pub fn open_number(&self) -> u32 {
        self.state.applications
    }

    /// Accepted on the day on which it came.
    pub fn in_review(kind: ApplicationKind) -> Self {
        let mut desk = Self::submitted(kind);
        desk.after(accept(desk.open_number()));
        desk
    }

    /// The site meets the standards, and a grant is proposed.
    pub fn proposed(kind: ApplicationKind) -> Self {
        let mut desk = Self::in_review(kind);
        desk.propose();
        desk
    }

    /// Verifies the site and proposes a grant of the latest application.
    pub fn propose(&mut self) -> &mut Self {
        let number = self.open_number();
        let today = self.today();
        self.first().after(visit(number, today));
        self.after(propose(number))
    }

    /// A refusal is intended.
    pub fn refusal_intended(kind: ApplicationKind) -> Self {
        let mut desk = Self::in_review(kind);
        let number = desk.open_number();
        desk.after(propose_refusal(number));
        desk.second().after(decide(number)).first();
        desk
    }

    /// Granted by two officers on the day on which it came. A closing's last day of service has come then.
    pub fn granted(kind: ApplicationKind) -> Self {
        let mut desk = Self::proposed(kind);
        let number = desk.open_number();
        desk.second();
        match kind {
            ApplicationKind::Licence => desk.after(decide_licence(number)),
            ApplicationKind::Closing => desk.on("2026-03-31").after(decide(number)),
            _ => desk.after(decide(number)),
        };
        desk.first();
        desk
    }

    /// Holds a licence from 2026-03-02 to 2029-03-01, by commands alone.
    pub fn granted_licence() -> Self {
        Self::granted(ApplicationKind::Licence)
    }

    /// The refusal of a command by its clock: kind and last day.
    pub fn run_out(&self, command: impl Into<InstitutionCommand>) -> (String, String) {
        let Rejection { reason, metadata, .. } = self.refusal(command);
        assert_eq!(reason, Reason::ClockExpired);
        (metadata["clock"].clone(), metadata["due_date"].clone())
    }
}
