//! OperatorService: requests into what is asked, advice and standing into answers.

use uuid::Uuid;
use yujian_domain::advice::{self, Advice, Asked, Begins, Measure};
use yujian_domain::envelope::Actor;
use yujian_domain::institution::licence::SubmitApplication;
use yujian_domain::institution::machine::Move;
use yujian_domain::institution::{
    ApplicationKind, ApplicationState, Institution, InstitutionCommand, InstitutionType, Paper, Premises, Regime,
    Status, SubmitFiling,
};
use yujian_domain::policy::Mark;
use yujian_domain::reference::Reference;
use yujian_domain::rejection::{Rejection, Violation};
use yujian_proto::common::v1 as common;
use yujian_proto::licensing::v1 as pb;

use crate::codes::{Coded, number_of};
use crate::convert::authorization::{given, open};
use crate::convert::institution::{clocks, institution, returned_items, told_state};
use crate::convert::licensing::{INSTITUTIONS, paper, premises};
use crate::convert::{date, etag};
use crate::labels::english;
use crate::parse::{Fields, Ground, Header};

/// What an operator asks about; the day may be left out.
pub(crate) fn asked(
    request: pb::AdviseFilingRequest,
    ground: Ground<'_>,
    today: jiff::civil::Date,
) -> Result<Asked, Rejection> {
    let mut f = Fields::default();
    let institution_type: Option<InstitutionType> = f.code("institution_type", request.institution_type);
    let mode = given(&mut f, "mode", request.mode);
    let ownership = given(&mut f, "ownership", request.ownership);
    let region = f
        .some("region", request.region)
        .and_then(|region| f.region("region", region, ground));
    let date = f.optional_date("date", request.date);
    f.finish(|| {
        Some(Asked {
            institution_type: institution_type?,
            mode,
            ownership,
            region: region?,
            makes_meals: request.makes_meals,
            date: date.unwrap_or(today),
        })
    })
}

/// Papers with their premises, before it is known by which regime they are filed.
pub(crate) struct Filing {
    /// Papers.
    papers: Vec<Paper>,
    /// Whether meals are made on site.
    makes_meals: bool,
    /// The premises.
    premises: Option<Premises>,
}

impl Filing {
    /// The command that files them under a regime.
    pub(crate) fn under(&self, regime: Regime) -> InstitutionCommand {
        let (papers, premises) = (self.papers.clone(), self.premises.clone());
        match regime {
            Regime::Filing => SubmitFiling {
                papers,
                makes_meals: self.makes_meals,
                premises,
            }
            .into(),
            Regime::Licence => SubmitApplication {
                kind: ApplicationKind::Licence,
                papers,
                makes_meals: self.makes_meals,
                premises,
                change: None,
                transfer: None,
                waiver: None,
                closing: None,
            }
            .into(),
        }
    }
}

/// Papers to be tried, and for whom.
pub(crate) fn check(request: pb::CheckFilingRequest) -> Result<(Uuid, Filing), Rejection> {
    let mut f = Fields::default();
    let target = f.name("name", INSTITUTIONS, &request.name);
    let papers = f.list("papers", request.papers, paper);
    let premises = request.premises.and_then(|told| premises(&mut f, &told));
    f.finish(|| {
        let filing = Filing {
            papers: papers?,
            makes_meals: request.makes_meals,
            premises,
        };
        Some((target?, filing))
    })
}

/// Papers to be filed: head, target and papers.
pub(crate) fn file(request: pb::FileFilingRequest, ground: Ground<'_>) -> Result<(Header, Uuid, Filing), Rejection> {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let papers = f.list("papers", request.papers, paper);
    let premises = request.premises.and_then(|told| premises(&mut f, &told));
    f.finish(|| {
        let filing = Filing {
            papers: papers?,
            makes_meals: request.makes_meals,
            premises,
        };
        Some((header?, target?, filing))
    })
}

/// What would come of papers that can be taken.
pub(crate) fn checked(regime: Regime, id: Uuid, state: &Institution, actor: &Actor) -> pb::CheckFilingReply {
    let standing = standing(id, state, 0, actor);
    let returned = match regime {
        Regime::Filing => state.status == Status::Returned,
        Regime::Licence => latest(state).is_some_and(|application| application.state == ApplicationState::Returned),
    };
    let clock = |kind: pb::ClockKind| {
        let running = |clock: &&pb::Clock| clock.kind() == kind && clock.state() == pb::ClockState::Running;
        standing
            .as_ref()
            .and_then(|standing| standing.clocks.iter().find(running))
            .and_then(|clock| clock.due.clone())
    };
    let due = match regime {
        Regime::Filing => state
            .application
            .as_ref()
            .and_then(|filing| filing.receipt_due.as_ref())
            .map(crate::convert::deadline),
        Regime::Licence => clock(pb::ClockKind::Completeness),
    };
    pb::CheckFilingReply {
        regime: regime.number(),
        complete: !returned,
        missing: if returned {
            standing.map(|standing| standing.returned_items).unwrap_or_default()
        } else {
            Vec::new()
        },
        problems: Vec::new(),
        institution: Some(institution(id, state, actor)),
        due: due.filter(|_| !returned),
    }
}

/// What keeps papers from being taken at all.
pub(crate) fn problems(regime: Regime, violations: &[Violation]) -> pb::CheckFilingReply {
    pb::CheckFilingReply {
        regime: regime.number(),
        problems: violations
            .iter()
            .map(|violation| pb::FieldProblem {
                field: violation.field.clone(),
                rule: violation.rule.clone(),
                message_en: violation.message.clone(),
                message_zh: violation.message_zh.clone(),
            })
            .collect(),
        ..Default::default()
    }
}

/// The licence application that is open, else the last one.
fn latest(state: &Institution) -> Option<&yujian_domain::institution::LicenceApplication> {
    let licences = || {
        let all = state.licence_applications.values().rev();
        all.filter(|application| application.kind == ApplicationKind::Licence)
    };
    let mut open = licences().filter(|application| !application.state.is_final());
    open.next().or_else(|| licences().next())
}

/// Where the filing or the application for a licence stands: the open one, else the last one; `None` when there was none.
pub(crate) fn standing(id: Uuid, state: &Institution, revision: u64, actor: &Actor) -> Option<pb::FilingStanding> {
    let filing = state.application.as_ref();
    let filing_open = filing.is_some() && matches!(state.status, Status::Returned | Status::Accepted);
    let licence = latest(state).filter(|application| {
        // Numbers are shared: the later one is what is followed, unless the filing is the only open one.
        !(filing_open && application.state.is_final())
            && filing.is_none_or(|filing| application.number > filing.number || !filing_open)
    });
    let told = institution(id, state, actor);
    let of_application = |number: u32| clocks(&state.clocks, |clock| clock.application == Some(number));
    if let Some(application) = licence {
        return Some(pb::FilingStanding {
            regime: Regime::Licence.number(),
            number: application.number,
            decided: application.state.is_final(),
            application_state: told_state(application, actor).number(),
            returned_items: returned_items(&application.returned_items),
            clocks: of_application(application.number),
            institution: Some(told),
            etag: etag(revision),
        });
    }
    if filing.is_none() && state.applications == 0 {
        return None;
    }
    // A filing that was withdrawn is gone from the state; its number is the last that was given.
    let number = filing.map_or(state.applications, |filing| filing.number);
    Some(pb::FilingStanding {
        regime: Regime::Filing.number(),
        number,
        decided: !filing_open,
        application_state: 0,
        returned_items: filing
            .map(|filing| returned_items(&filing.returned_items))
            .unwrap_or_default(),
        clocks: of_application(number),
        institution: Some(told),
        etag: etag(revision),
    })
}

/// Advice as it goes out.
pub(crate) fn advised(asked: &Asked, advice: Advice, reference: &Reference) -> pb::AdviseFilingReply {
    pb::AdviseFilingReply {
        date: Some(date(asked.date)),
        regime: advice.regime.number(),
        competent_authority: advice.competent_authority,
        supervising_authority: advice.supervising_authority,
        conflicts: advice
            .conflicts
            .into_iter()
            .map(|conflict| pb::Conflict {
                field: conflict.field.to_owned(),
                message_en: conflict.message,
                message_zh: conflict.message_zh,
                citation: citation(conflict.mark.as_ref()),
            })
            .collect(),
        r#type: advice.type_rule.map(|rule| pb::TypeAdvice {
            modes: rule.modes.iter().map(|mode| mode.number()).collect(),
            ownership: rule.ownership.iter().map(|ownership| ownership.number()).collect(),
            class_types: rule.class_types.iter().map(|class_type| class_type.number()).collect(),
            needs_places: rule.needs_places,
            shares_place_with: rule.shares_place_with.iter().map(|other| other.number()).collect(),
        }),
        papers: advice.papers.iter().map(paper_advice).collect(),
        standards: advice.standards.into_iter().map(standard).collect(),
        clocks: advice.clocks.iter().map(period).collect(),
        fee_fen: 0,
        steps: advice
            .steps
            .iter()
            .zip(1..)
            .map(|(step, number)| pb::StepAdvice {
                number,
                title_zh: step.title_zh.to_owned(),
                title_en: step.title_en.to_owned(),
                roles: step.by.who.iter().map(|role| role_number(role.as_str())).collect(),
                method: method(step.by).to_owned(),
                law: step.by.law.0.to_owned(),
                article: step.by.law.1.to_owned(),
            })
            .collect(),
        policies: vec![pb::PolicyVersion {
            id: advice.policy.id,
            version: advice.policy.version,
            sha256: advice.policy.sha256,
            title: advice.policy_title,
            region_code: advice.policy_region,
            effective_date: Some(date(advice.policy_effective_date)),
        }],
        holidays_until_date: reference.calendar.covered_until().map(date),
    }
}

fn citation(mark: Option<&Mark>) -> Option<pb::Citation> {
    mark.map(|mark| pb::Citation {
        law: mark
            .legal_basis
            .as_ref()
            .map(|basis| basis.law.clone())
            .unwrap_or_default(),
        article: mark
            .legal_basis
            .as_ref()
            .map(|basis| basis.article.clone())
            .unwrap_or_default(),
        source: mark.source.number(),
        note: mark.note.clone().unwrap_or_default(),
    })
}

fn paper_advice(paper: &advice::Paper) -> pb::PaperAdvice {
    let rule = &paper.rule;
    pb::PaperAdvice {
        kind: rule.kind.number(),
        title_zh: rule.kind.zh().to_owned(),
        title_en: english(rule.kind.code()),
        when_meals: rule.when_meals,
        for_this_type: rule.types.is_some(),
        must_pass: rule.must_pass,
        must_be_valid: rule.must_be_valid,
        needs_expiry: rule.needs_expiry,
        citation: citation(paper.mark.as_ref()),
    }
}

fn standard(standard: advice::Standard) -> pb::StandardAdvice {
    let unit = match standard.measure {
        Measure::Years => pb::StandardUnit::Years,
        Measure::Floor => pb::StandardUnit::Floor,
        Measure::Cm2PerPlace => pb::StandardUnit::Cm2PerPlace,
        Measure::Places => pb::StandardUnit::Places,
        Measure::Classes => pb::StandardUnit::Classes,
        Measure::YesNo => pb::StandardUnit::YesNo,
    };
    pb::StandardAdvice {
        key: standard.key,
        title_zh: standard.title_zh,
        title_en: standard.title_en,
        value: standard.value,
        unit: unit.into(),
        citation: citation(standard.mark.as_ref()),
    }
}

fn period(period: &advice::Period) -> pb::ClockAdvice {
    let (begins_zh, begins_en) = begins(period.begins);
    pb::ClockAdvice {
        kind: period.kind.number(),
        owner: period.kind.owner().number(),
        title_zh: period.kind.zh().to_owned(),
        title_en: english(period.kind.code()),
        begins_zh: begins_zh.to_owned(),
        begins_en: begins_en.to_owned(),
        unit: pb::ClockUnit::WorkingDays.into(),
        count: period.working_days,
        extension: period.extension,
        due_date: period.due_date.map(date),
        provisional: period.provisional,
        deemed: number_of(period.deemed),
        citation: citation(period.mark.as_ref()),
    }
}

fn begins(begins: Begins) -> (&'static str, &'static str) {
    match begins {
        Begins::Papers => ("收到材料之日", "the papers come in"),
        Begins::Finding => ("发现不符合标准之日", "the finding that it is not up to standard"),
        Begins::Acceptance => ("受理之日", "the application is accepted"),
        Begins::Return => ("告知补正之日", "the application is returned"),
        Begins::Question => ("要求补充资料之日", "information is asked for"),
        Begins::Decision => ("作出决定之日", "the decision"),
        Begins::Intention => ("告知拟不予许可之日", "the notice of an intended refusal"),
        Begins::HearingRequest => ("提出听证申请之日", "a hearing is asked for"),
    }
}

/// A role on the wire by its name in the header; 0 when it is not one of a caller's.
fn role_number(role: &str) -> i32 {
    common::Role::from_str_name(&format!("ROLE_{}", role.to_ascii_uppercase())).map_or(0, Into::into)
}

/// The method that carries out a step.
fn method(by: &Move) -> &'static str {
    match by.command {
        "submit_filing" | "submit_application" => "OperatorService/FileFiling",
        "issue_receipt" => "LicensingService/IssueReceipt",
        "notify_nonconformity" => "LicensingService/NotifyNonconformity",
        "change_details" => "LicensingService/ChangeDetails",
        "close" => "LicensingService/CloseInstitution",
        "accept_application" => "AuthorizationService/AcceptApplication",
        "provide_information" => "AuthorizationService/ProvideInformation",
        "record_site_verification" => "AuthorizationService/RecordSiteVerification",
        "decide_application" => "AuthorizationService/DecideApplication",
        "lodge_objection" => "AuthorizationService/LodgeObjection",
        "issue_certificate" => "AuthorizationService/IssueCertificate",
        "record_condition_met" => "AuthorizationService/RecordConditionMet",
        _ => "",
    }
}
