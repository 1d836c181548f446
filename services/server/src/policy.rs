//! `yujian policy` and `yujian calendar`: which rules hold, what a new document would change, and activating it.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use uuid::Uuid;
use yujian_command::{Activation, ActivationRequest, ActiveReference, CommandError, ListedPolicy};
use yujian_domain::calendar::Holiday;
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::policy::{Difference, NATION, PolicyDocument, PolicyKind};
use yujian_domain::reference::{ActivePolicy, Reference};
use yujian_domain::rejection::Rejection;
use yujian_domain::system::HolidaysActivated;
use yujian_domain::time::day_of;
use yujian_domain::values::RegionId;
use yujian_eventlog::clock::SystemClock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::sqlite::{LogKind, OpenError};

use crate::cli::{ActivateArgs, CalendarAction, CompareArgs, PolicyAction, ShowArgs};
use crate::config::Settings;
use crate::engine::{Place, is_absent, open_to_read};
use crate::house::{House, LOG_FILE};

/// The document or the table is refused: other than a failure to look.
const REFUSED: u8 = 2;
/// Namespace of the request ids of the command line: the same file again is the same request.
const REQUESTS: Uuid = Uuid::from_u128(0x3c1e_8b52_7d0a_4c6f_9a41_2f60_b3d8_5e17);

/// What `yujian policy` was asked for.
pub async fn run(settings: &Settings, action: &PolicyAction) -> anyhow::Result<ExitCode> {
    match action {
        PolicyAction::List => list(settings).await,
        PolicyAction::Show(arguments) => show(settings, arguments).await,
        PolicyAction::Check { file } => check(settings, file).await,
        PolicyAction::Activate(arguments) => activate(settings, arguments).await,
        PolicyAction::Compare(arguments) => compare(settings, arguments).await,
    }
}

/// What `yujian calendar` was asked for.
pub async fn calendar(settings: &Settings, action: &CalendarAction) -> anyhow::Result<ExitCode> {
    match action {
        CalendarAction::Import { activation, source } => {
            let table = read(&activation.file)?;
            let asked = requested(activation, "CLI/ImportCalendar", &table);
            let house = open(settings).await?;
            let done = house.commands.activate_holidays(asked, &table, source.as_deref()).await;
            let Some(done) = told(done)? else {
                return Ok(ExitCode::from(REFUSED));
            };
            writeln!(
                std::io::stdout(),
                "active: the days off up to the end of {}, sha256 {}",
                done.event.last_year,
                &done.event.sha256[..12]
            )?;
            Ok(ExitCode::SUCCESS)
        }
        CalendarAction::Show { year } => show_year(settings, *year).await,
    }
}

/// What is active in the log; before there is one, what its first start would make active.
async fn active(settings: &Settings) -> anyhow::Result<ActiveReference> {
    let place = Place::of(settings)?;
    let none = match &place {
        Place::Embedded(directory) => !directory.join(LOG_FILE).exists(),
        Place::Kurrent(_) => false,
    };
    if none {
        return Ok(before_the_first_start(&place));
    }
    match open_to_read(&place).await {
        Ok((log, _)) => Ok(ActiveReference::read(log.as_ref()).await?),
        Err(error) if is_absent(&error) => Ok(before_the_first_start(&place)),
        Err(error) => Err(error),
    }
}

fn before_the_first_start(place: &Place) -> ActiveReference {
    let _ = writeln!(
        std::io::stderr(),
        "{place} holds no log yet: this is what its first start would make active"
    );
    ActiveReference {
        reference: Arc::new(Reference::shipped()),
        ..ActiveReference::default()
    }
}

async fn list(settings: &Settings) -> anyhow::Result<ExitCode> {
    let active = active(settings).await?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:<18} {:>7}  {:<10} {:<6} {:<10}  state",
        "id", "version", "kind", "region", "first day"
    )?;
    for listed in active.policies_listed() {
        let document = &listed.policy.document;
        writeln!(
            out,
            "{:<18} {:>7}  {:<10} {:<6} {:<10}  {}",
            document.id,
            document.version,
            document.body.kind().code(),
            document.region,
            document.effective_date,
            state(&active, &listed)
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How a document stands in words.
fn state(active: &ActiveReference, listed: &ListedPolicy) -> String {
    match &listed.activation {
        Some(activation) => {
            let approver = activation.event.retroactive_approver.as_ref();
            let approved = approver.map_or_else(String::new, |approver| format!(", approved by {approver}"));
            format!(
                "active since {} by {}{approved}",
                day_of(activation.time),
                activation.by
            )
        }
        None if active.reference.document(&listed.policy.reference).is_some() => {
            "active from the first start".to_owned()
        }
        None => "shipped, not activated".to_owned(),
    }
}

async fn show(settings: &Settings, arguments: &ShowArgs) -> anyhow::Result<ExitCode> {
    let active = active(settings).await?;
    let listed = active.policies_listed();
    let asked = |one: &&ListedPolicy| {
        let reference = &one.policy.reference;
        reference.id == arguments.id && arguments.version.is_none_or(|version| reference.version == version)
    };
    // By id and version, so the last one is the highest.
    let found = listed.iter().rfind(asked);
    let found = found.with_context(|| format!("no policy {}: `yujian policy list` names them", arguments.id))?;
    let document = &found.policy.document;
    let values = PolicyDocument::values(&found.policy.text)?;
    let mut out = std::io::stdout().lock();
    if let Some(path) = &arguments.value {
        let value = values.get(path);
        let value = value.with_context(|| format!("{} has no value {path}", arguments.id))?;
        writeln!(out, "{value}")?;
        if let Some(mark) = said(document, path) {
            writeln!(out, "{mark}")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "{}", heading(&found.policy))?;
    writeln!(
        out,
        "{}, sha256 {}",
        state(&active, found),
        found.policy.reference.sha256
    )?;
    for basis in &document.legal_basis {
        writeln!(out, "  {} {}", basis.law, basis.article)?;
    }
    for (path, value) in &values {
        writeln!(out, "{path} = {value}")?;
        if let Some(mark) = said(document, path) {
            writeln!(out, "    {mark}")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn heading(policy: &ActivePolicy) -> String {
    let document = &policy.document;
    format!(
        "{} version {}: {}, {} in {} from {}",
        document.id,
        document.version,
        document.title,
        document.body.kind().code(),
        document.region,
        document.effective_date
    )
}

/// Where a value comes from, when it carries a mark.
fn said(document: &PolicyDocument, path: &str) -> Option<String> {
    let mark = document.mark(path)?;
    let basis = mark.legal_basis.as_ref();
    let basis = basis.map_or_else(String::new, |basis| format!(" {} {}", basis.law, basis.article));
    let note = mark.note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
    Some(format!("{}{basis}{note}", mark.source.code()))
}

async fn check(settings: &Settings, file: &Path) -> anyhow::Result<ExitCode> {
    let text = read(file)?;
    let checked = match yujian_domain::activation::checked(&text) {
        Ok(checked) => checked,
        Err(refused) => return refuse(&refused),
    };
    let document = &checked.document;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", heading(&checked))?;
    let values = PolicyDocument::values(&text)?.len();
    writeln!(out, "{values} values, sha256 {}", checked.reference.sha256)?;
    let active = active(settings).await?;
    let region = region(&active.reference, &document.region);
    let rival = region.as_ref().and_then(|region| {
        active
            .reference
            .in_force(document.body.kind(), region, document.effective_date)
    });
    match rival {
        None => writeln!(out, "nothing decides there on its first day today")?,
        Some(rival) => {
            writeln!(
                out,
                "today that day is decided by {} version {}",
                rival.reference.id, rival.reference.version
            )?;
            differences(&mut out, &PolicyDocument::differences(&rival.text, &text)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn differences(out: &mut impl Write, differences: &[Difference]) -> std::io::Result<()> {
    let shown = |value: Option<&String>| value.map_or_else(|| "(none)".to_owned(), Clone::clone);
    if differences.is_empty() {
        writeln!(out, "no value differs")?;
    }
    for one in differences {
        let (before, after) = (shown(one.before.as_ref()), shown(one.after.as_ref()));
        writeln!(out, "{}: {before} -> {after}", one.path)?;
    }
    Ok(())
}

async fn activate(settings: &Settings, arguments: &ActivateArgs) -> anyhow::Result<ExitCode> {
    let text = read(&arguments.file)?;
    let asked = requested(arguments, "CLI/ActivatePolicy", &text);
    let house = open(settings).await?;
    let Some(done) = told(house.commands.activate_policy(asked, &text).await)? else {
        return Ok(ExitCode::from(REFUSED));
    };
    let event = done.event;
    writeln!(
        std::io::stdout(),
        "active: {} version {}, from {}, sha256 {}",
        event.policy,
        event.version,
        event.effective_date,
        &event.sha256[..12]
    )?;
    Ok(ExitCode::SUCCESS)
}

async fn compare(settings: &Settings, arguments: &CompareArgs) -> anyhow::Result<ExitCode> {
    let active = active(settings).await?;
    let kind = PolicyKind::from_code(&arguments.kind);
    let kind = kind.with_context(|| {
        let kinds: Vec<&str> = PolicyKind::ALL.iter().map(|kind| kind.code()).collect();
        format!("{} is no kind of policy: {}", arguments.kind, kinds.join(", "))
    })?;
    let place = region(&active.reference, &arguments.region);
    let place = place.with_context(|| format!("{} is no division code", arguments.region))?;
    let (act, decision) = (arguments.act_date, arguments.decision_date);
    let comparison = match active.reference.compare(kind, &place, act, decision) {
        Ok(comparison) => comparison,
        Err(refused) => return refuse(&refused),
    };
    let mut out = std::io::stdout().lock();
    for (what, on, found) in [
        ("act", act, comparison.at_act),
        ("decision", decision, comparison.at_decision),
    ] {
        let named = found.map_or_else(|| "no rule in force".to_owned(), heading);
        writeln!(out, "{what} on {on}: {named}")?;
    }
    differences(&mut out, &comparison.differences)?;
    writeln!(
        out,
        "the rule of the day of the act counts unless the later one is milder (行政处罚法 §37): which is, a person says"
    )?;
    Ok(ExitCode::SUCCESS)
}

async fn show_year(settings: &Settings, year: i16) -> anyhow::Result<ExitCode> {
    let active = active(settings).await?;
    let mut out = std::io::stdout().lock();
    let Some(table) = active.reference.holidays() else {
        anyhow::bail!("no holiday table is active");
    };
    let mut days = Holiday::read(&table.document)?;
    days.retain(|day| day.date.year() == year);
    days.sort_by_key(|day| day.date);
    for day in &days {
        let kind = if day.off { "off " } else { "work" };
        writeln!(out, "{}  {kind}  {}", day.date, day.name)?;
    }
    let covered = active.reference.calendar.covered_until();
    if covered.is_none_or(|covered| year > covered.year()) {
        writeln!(out, "no notice for {year} yet: deadlines there are provisional")?;
    } else if days.is_empty() {
        writeln!(out, "the table holds no day of {year}: the ordinary week")?;
    }
    writeln!(out, "{}", table_said(table, active.holidays.last()))?;
    Ok(ExitCode::SUCCESS)
}

fn table_said(table: &HolidaysActivated, activation: Option<&Activation<HolidaysActivated>>) -> String {
    let since = activation.map_or_else(
        || "active from the first start".to_owned(),
        |known| format!("active since {} by {}", day_of(known.time), known.by),
    );
    let source = table
        .source
        .as_ref()
        .map_or_else(String::new, |source| format!(", {source}"));
    format!("table up to the end of {}{source}: {since}", table.last_year)
}

/// A region to choose documents by; for the nation a code that lies in no division, where only the nation's hold.
fn region(reference: &Reference, code: &str) -> Option<RegionId> {
    const IN_NO_DIVISION: &str = "CN-0";
    let known = reference.divisions.get(code).map(|division| division.id.clone());
    let code = if code == NATION { IN_NO_DIVISION } else { code };
    // Documents are chosen by code; any valid year of entry lets a former division be asked about.
    known.or_else(|| RegionId::parse(code, 2020).ok())
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}

/// The request of a file: the same file with the same approver again is the same request.
fn requested(arguments: &ActivateArgs, method: &'static str, text: &str) -> ActivationRequest {
    let approver = arguments.approver.clone();
    let said = format!(
        "{method}|{}|{}|{text}",
        arguments.account,
        approver.as_deref().unwrap_or_default()
    );
    ActivationRequest {
        actor: Actor {
            id: arguments.account.clone(),
            role: Role::Administrator,
            organisation: None,
            jurisdiction: None,
        },
        request_id: Uuid::new_v5(&REQUESTS, said.as_bytes()),
        method,
        approver,
        validate_only: false,
    }
}

/// The house of a log that nobody serves.
async fn open(settings: &Settings) -> anyhow::Result<House> {
    let clock = Arc::new(SystemClock::default());
    let opened = House::open(settings, LogKind::Real, clock, Arc::new(Entropy::Os)).await;
    opened.map_err(|error| {
        let served = error
            .chain()
            .any(|cause| matches!(cause.downcast_ref::<OpenError>(), Some(OpenError::Locked)));
        if served {
            error.context(
                "a server uses this data directory: activate through it, with yujian.licensing.v1.PolicyService",
            )
        } else {
            error
        }
    })
}

/// The outcome of a command; `None` when it was refused, which is told.
fn told<T>(outcome: Result<T, CommandError>) -> anyhow::Result<Option<T>> {
    match outcome {
        Ok(done) => Ok(Some(done)),
        Err(CommandError::Rejected(refused)) => {
            refuse(&refused)?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn refuse(refused: &Rejection) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stderr().lock();
    writeln!(out, "refused: {refused}")?;
    for violation in &refused.violations {
        writeln!(out, "  {} ({}): {}", violation.field, violation.rule, violation.message)?;
    }
    Ok(ExitCode::from(REFUSED))
}
