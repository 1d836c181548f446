//! Who may ask for what: by the regime in force, by where the institution stands, by what else is open, and by what has
//! been held against it.

use jiff::civil::Date;

use super::clocking::run_out;
use crate::aggregate::Context;
use crate::clock::ClockKind;
use crate::institution::machine::LICENSING_LAW;
use crate::institution::{
    ApplicationKind, ApplicationState, AuthorizationKind, Institution, LicenceApplication, Status, SuspensionKind,
};
use crate::rejection::{LegalBasis, Reason, Rejection};
use crate::values::RegionId;

/// States from which a licence may be applied for: as for a filing, and by who held something that has ended.
const WITHOUT_LICENCE: &[Status] = &[
    Status::Registered,
    Status::Filed,
    Status::Nonconforming,
    Status::Revoked,
    Status::Expired,
    Status::Imported,
];
/// States in which a licence may be held.
const WITH_LICENCE: &[Status] = &[Status::Licensed, Status::Suspended];

/// Refuses a filing where the licence regime holds on the day on which its papers came, also papers that come anew: a
/// regime is chosen by that day, and only what was accepted before ends under the one that it began under.
///
/// # Errors
/// `REGIME_NOT_IN_FORCE`, with the regime that is and the command to use.
// rule: ADM-41
pub(super) fn filing_is_in_force(region: &RegionId, day: Date, context: &Context<'_>) -> Result<(), Rejection> {
    let Ok((_, policy)) = context.reference.licence(region, day) else {
        return Ok(());
    };
    Err(Rejection::new(
        Reason::RegimeNotInForce,
        format!(
            "licences are in force in {} on {day}: apply for one by submit_application, a returned filing is withdrawn first",
            region.code()
        ),
        format!("{day}在{}实行许可制：请申请许可；已退回的备案请先撤回", region.code()),
    )
    .citing(LegalBasis::new(LICENSING_LAW, "§29"))
    .with("regime", "licence")
    .with("command", "submit_application")
    .with("region", region.code())
    .with("date", day.to_string())
    .with("policy", policy.id)
    .with("version", policy.version.to_string()))
}

/// The article that an application of this kind rests on.
pub(super) fn kind_basis(kind: ApplicationKind) -> LegalBasis {
    let article = match kind {
        ApplicationKind::Filing | ApplicationKind::Licence | ApplicationKind::Waiver => "§29",
        ApplicationKind::Change => "§49",
        ApplicationKind::Renewal => "§50",
        ApplicationKind::Transfer => "§9",
        ApplicationKind::Closing => "§70",
    };
    LegalBasis::new(LICENSING_LAW, article)
}

/// Whether where the institution stands goes with an application of this kind; asked again at the grant.
///
/// # Errors
/// `ILLEGAL_TRANSITION`, or `CLOCK_EXPIRED` for a renewal after the licence ran out.
// rule: ADM-43
pub(super) fn standing(state: &Institution, kind: ApplicationKind, day: Date) -> Result<(), Rejection> {
    let allowed = if kind == ApplicationKind::Licence {
        WITHOUT_LICENCE
    } else {
        WITH_LICENCE
    };
    let held = state
        .authorization
        .as_ref()
        .filter(|held| held.kind == AuthorizationKind::Licence && held.ended.is_none());
    if !allowed.contains(&state.status) || (kind != ApplicationKind::Licence && held.is_none()) {
        let allowed: Vec<&str> = allowed.iter().map(|status| status.code()).collect();
        let what = if kind == ApplicationKind::Licence {
            ("a licence is for who holds none", "已持有许可或停业期间不能申请许可")
        } else {
            ("it is for who holds a licence", "仅持有许可的机构可以申请")
        };
        return Err(does_not_stand(state, kind, what.0, what.1).with("allowed_from", allowed.join(", ")));
    }
    let by_order = state
        .suspension
        .as_ref()
        .is_some_and(|suspension| suspension.kind != SuspensionKind::Voluntary);
    if by_order && matches!(kind, ApplicationKind::Renewal | ApplicationKind::Transfer) {
        return Err(does_not_stand(
            state,
            kind,
            "the authority suspended the institution",
            "机构处于责令停业期间",
        ));
    }
    // rule: ADM-46
    match held.and_then(|held| held.valid_to_date) {
        Some(valid_to) if kind == ApplicationKind::Renewal && day > valid_to => Err(run_out(
            ClockKind::Renewal,
            valid_to,
            "the licence has run out; apply for a new one",
            "许可有效期已届满，请重新申请许可",
        )),
        _ => Ok(()),
    }
}

fn does_not_stand(state: &Institution, kind: ApplicationKind, message: &str, message_zh: &str) -> Rejection {
    Rejection::new(
        Reason::IllegalTransition,
        format!(
            "an application of kind {} is not possible while the institution is {}: {message}",
            kind.code(),
            state.status.code()
        ),
        format!(
            "机构处于“{}”状态，不能办理{}申请：{message_zh}",
            state.status.zh(),
            kind.zh()
        ),
    )
    .citing(kind_basis(kind))
    .with("state", state.status.code())
    .with("kind", kind.code())
}

/// The open application of a kind, which the papers may come anew for: only once it was returned.
///
/// # Errors
/// `ALREADY_EXISTS` while it is being handled.
// rule: ADM-44
pub(super) fn open_of_kind(
    state: &Institution,
    kind: ApplicationKind,
) -> Result<Option<&LicenceApplication>, Rejection> {
    let mut open = open(state).filter(|application| application.kind == kind);
    let Some(application) = open.next() else {
        return Ok(None);
    };
    if application.state == ApplicationState::Returned {
        return Ok(Some(application));
    }
    Err(already_open(application))
}

/// Who closes asks for nothing else: closing stands alone among the open applications. All other kinds go together:
/// a transfer must not cost the licence its renewal, and a change or waiver holds whoever runs the institution.
///
/// # Errors
/// `ALREADY_EXISTS` with the application that is in the way.
// rule: ADM-44
pub(super) fn alone(state: &Institution, kind: ApplicationKind) -> Result<(), Rejection> {
    let closing = ApplicationKind::Closing;
    let in_the_way = open(state).find(|application| kind == closing || application.kind == closing);
    in_the_way.map_or(Ok(()), |application| Err(already_open(application)))
}

fn open(state: &Institution) -> impl Iterator<Item = &LicenceApplication> {
    let applications = state.licence_applications.values();
    applications.filter(|application| !application.state.is_final())
}

fn already_open(application: &LicenceApplication) -> Rejection {
    let number = application.number;
    Rejection::new(
        Reason::AlreadyExists,
        format!(
            "application {number} of kind {} is open; it is decided or withdrawn first",
            application.kind.code()
        ),
        format!("第{number}号{}申请尚未办结，须先办结或撤回", application.kind.zh()),
    )
    .citing(LegalBasis::new(LICENSING_LAW, "§29"))
    .with("application", number.to_string())
    .with("kind", application.kind.code())
    .with("state", application.state.code())
}

/// After deceit no licence is applied for before a day (行政许可法 §78, §79).
// rule: ADM-45
pub(super) fn not_barred(state: &Institution, kind: ApplicationKind, day: Date) -> Result<(), Rejection> {
    match state.barred_until {
        Some(until) if kind == ApplicationKind::Licence && day <= until => Err(Rejection::new(
            Reason::ApplicantBarred,
            format!("after deceit no licence may be applied for up to and with {until}"),
            format!("因隐瞒情况、提供虚假材料或以不正当手段取得许可，{until}前（含当日）不得再次申请"),
        )
        .citing(LegalBasis::new(LICENSING_LAW, "§78、§79"))
        .with("barred_until_date", until.to_string())),
        _ => Ok(()),
    }
}
