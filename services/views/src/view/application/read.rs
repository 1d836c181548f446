//! What applications answer.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, Row};
use uuid::Uuid;
use yujian_domain::clock::{ClockKind, ClockRef};
use yujian_domain::event::EventFamily as _;
use yujian_domain::institution::{
    ApplicationKind, ApplicationState, DeemedOutcome, InstitutionEvent, InstitutionType, ItemProblem, ProposedOutcome,
};

use super::{concerned, key, state_columns};
use crate::cell;
use crate::condition::Condition;
use crate::database::natural;
use crate::error::ViewError;
use crate::list::{Counted, List, PageOf};
use crate::model::{
    ApplicationDetail, ApplicationQuery, ApplicationRow, AsOf, ClockBucket, ReturnedItemRow, Scope, SubmissionDetail,
    TimelineRow,
};
use crate::reach::Reach;
use crate::view::clock::{self, Days};
use crate::view::sums::Reading;
use crate::view::timeline;

/// Applications come first, in the order of the list: a page is read without sorting what it does not show.
const FROM: &str = "FROM application a CROSS JOIN institution i ON i.id = a.institution";

/// The same rows, found from the institutions: when these are few, and to count when not all are asked for.
const FROM_FEW: &str = "FROM institution i CROSS JOIN application a ON a.institution = i.id";

const COLUMNS: &str = "a.*, i.name AS institution_name, i.region AS institution_region, i.institution_type,
    EXISTS(SELECT 1 FROM damage d WHERE d.stream = 'institution-' || a.institution) AS damaged";

fn read(connection: &Connection, scope: &Scope, row: &Row<'_>) -> Result<ApplicationRow, ViewError> {
    let (institution, number) = (cell::id(row, "institution")?, row.get("number")?);
    let shown = scope.organisation.is_some();
    let (state, since) = if shown {
        ("shown_state", "shown_since")
    } else {
        ("state", "since")
    };
    let submitted: String = row.get("submitted")?;
    let policy: (Option<String>, Option<u32>) = (row.get("policy_id")?, row.get("policy_version")?);
    let proposed = cell::maybe(row, "proposed", ProposedOutcome::from_code)?;
    let deemed = cell::maybe(row, "deemed", DeemedOutcome::from_code)?;
    let reversed: bool = row.get("deemed_reversed")?;
    Ok(ApplicationRow {
        institution,
        institution_name: row.get("institution_name")?,
        institution_type: cell::surely(row, "institution_type", InstitutionType::from_code)?,
        region: row.get("institution_region")?,
        number,
        kind: cell::maybe(row, "kind", ApplicationKind::from_code)?,
        state: cell::surely(row, state, ApplicationState::from_code)?,
        state_since: cell::day(row, since)?,
        submitted_date: submitted.parse().ok(),
        returned: row.get("returned")?,
        joint: row.get("joint")?,
        policy: policy.0.zip(policy.1),
        proposed: proposed.filter(|_| !shown || row.get("proposed_shown").is_ok_and(|told: bool| told)),
        deemed: deemed.map(|outcome| (outcome, reversed)),
        decided_date: cell::day(row, "decided_date")?,
        late: row.get("late")?,
        certificate_date: cell::day(row, "certificate_date")?,
        certificate_late: row.get("certificate_late")?,
        clock: clock::first_of_application(connection, institution, number)?,
        damaged: row.get("damaged")?,
    })
}

/// A page of applications, latest submitted first.
pub(crate) fn page(connection: &Connection, query: &ApplicationQuery) -> Result<PageOf<ApplicationRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and_places(&query.scope, query.region.as_deref());
    if let Some(institution) = query.institution {
        let id = Value::Text(institution.to_string());
        condition.and("a.institution = ? AND i.id = ?", [id.clone(), id]);
    }
    let (state, _) = state_columns(&query.scope);
    condition.and_in(state, query.states.iter().map(|state| state.code()));
    condition.and_in("a.kind", query.kinds.iter().map(|kind| kind.code()));
    condition.and_in("a.deemed", query.deemed.iter().map(|outcome| outcome.code()));
    if query.open_only {
        condition.and("a.open", []);
    }
    if query.returned_at_least > 0 {
        condition.and("a.returned >= ?", [Value::Integer(query.returned_at_least.into())]);
    }
    if let Some(item) = &query.returned_item {
        let mut named = Condition::default();
        named.and(
            "t.institution = a.institution AND t.number = a.number AND t.return_number = a.returned AND t.item = ?",
            [Value::Text(item.clone())],
        );
        condition.and(format!("{state} = 'returned'"), []);
        condition.and_exists("application_item t", named);
    }
    if !query.buckets.is_empty() {
        let days = Days {
            at: query.at,
            soon: query.soon,
        };
        let (sql, values) = clock::application_bucket(days);
        let marks = vec!["?"; query.buckets.len()].join(",");
        let codes = query
            .buckets
            .iter()
            .map(|bucket| Value::Text(ClockBucket::code(*bucket).to_owned()));
        condition.and(format!("{sql} IN ({marks})"), values.into_iter().chain(codes));
    }
    let one = query.institution.is_some();
    let reach = Reach::of(connection, &query.scope, query.region.as_deref(), one, query.limit)?;
    let (from, counted) = match reach {
        Reach::Nowhere | Reach::All => (FROM, "FROM application a"),
        Reach::Many => (FROM, FROM_FEW),
        Reach::Few => (FROM_FEW, FROM_FEW),
    };
    let counted = summed(connection, query)?.map_or(Counted::From(counted), Counted::Known);
    let list = List {
        name: "applications",
        columns: COLUMNS,
        bound: Condition::default(),
        from,
        order: ["a.submitted", "a.institution", "a.number"],
        descending: true,
    };
    let (after, limit) = (query.after.as_deref(), query.limit);
    list.page_counted(connection, condition, after, limit, counted, |row| {
        read(connection, &query.scope, row)
    })
}

/// Applications found from the authority's clocks that run or have run out, in the order of these.
const FROM_CLOCKS: &str = "FROM clock c INDEXED BY clock_case CROSS JOIN institution i ON i.id = c.institution
    CROSS JOIN application a ON a.institution = c.institution AND a.number = c.application";
/// The same, found from the institutions.
const FROM_CLOCKS_FEW: &str =
    "FROM institution i CROSS JOIN clock c INDEXED BY clock_waiting_of ON c.institution = i.id
    CROSS JOIN application a ON a.institution = c.institution AND a.number = c.application";

/// Open applications that the authority must act in, the clock that ends first before the others: so overdue ones come
/// first. Those whose clock stands still, and those that wait for the applicant, are left out.
pub(crate) fn urgent(
    connection: &Connection,
    scope: &Scope,
    region: Option<&str>,
    limit: u32,
) -> Result<Vec<ApplicationRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and_places(scope, region);
    condition.and(
        "c.waiting AND c.owner = 'authority' AND c.state <> 'paused' AND c.application IS NOT NULL AND a.open",
        [],
    );
    let from = match Reach::of(connection, scope, region, false, limit)? {
        Reach::Nowhere => return Ok(Vec::new()),
        Reach::Few => FROM_CLOCKS_FEW,
        Reach::All | Reach::Many => FROM_CLOCKS,
    };
    let sql = format!(
        "SELECT {COLUMNS}, c.kind AS clock_kind, c.revision AS clock_revision {from}{} ORDER BY c.due_date,
           c.institution, c.kind, c.revision",
        condition.sql()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(rusqlite::params_from_iter(condition.values()))?;
    let mut rows = Vec::new();
    while rows.len() < limit as usize
        && let Some(row) = found.next()?
    {
        let clock = ClockRef {
            kind: cell::surely(row, "clock_kind", ClockKind::from_code)?,
            revision: natural(row.get("clock_revision")?),
        };
        let application = read(connection, scope, row)?;
        // One that waits for two clocks stands where the first of them does.
        if application.clock.as_ref().is_some_and(|first| first.clock == clock) {
            rows.push(application);
        }
    }
    Ok(rows)
}

/// How many applications there are, where the kept sums tell: by state, open ones by bucket too; by kind, the open ones of
/// it; by one item that they lack; or by a deemed outcome.
fn summed(connection: &Connection, query: &ApplicationQuery) -> Result<Option<u64>, ViewError> {
    if query.institution.is_some() || query.returned_at_least > 0 {
        return Ok(None);
    }
    let days = Days {
        at: query.at,
        soon: query.soon,
    };
    let open = query.open_only;
    let wanted = |state: &str| query.states.is_empty() || query.states.iter().any(|asked| asked.code() == state);
    let in_bucket =
        |standing: &str, day: &str| query.buckets.is_empty() || query.buckets.contains(&days.bucket(standing, day));
    // What is summed by one of these is not summed by two.
    let more = [
        query.returned_item.is_some(),
        !query.deemed.is_empty(),
        !query.kinds.is_empty(),
    ];
    let known = match more.into_iter().filter(|asked| *asked).count() {
        0 => open || query.buckets.is_empty(),
        1 => query.states.is_empty() && query.buckets.is_empty() && (!open || !query.kinds.is_empty()),
        _ => false,
    };
    if !known {
        return Ok(None);
    }
    let reading = Reading::open(connection, &query.scope)?;
    let named = |word: &str| reading.named(query.region.as_deref(), word);
    if let Some(item) = &query.returned_item {
        return Ok(Some(named("item")?.count(&format!("item/{item}"))));
    }
    if !query.deemed.is_empty() {
        let outcomes: BTreeSet<&str> = query.deemed.iter().map(|outcome| outcome.code()).collect();
        let (stand, reversed) = (named("deemed")?, named("reversed")?);
        let count =
            |outcome| stand.count(&format!("deemed/{outcome}")) + reversed.count(&format!("reversed/{outcome}"));
        return Ok(Some(outcomes.into_iter().map(count).sum()));
    }
    if !query.kinds.is_empty() {
        let kinds: BTreeSet<&str> = query.kinds.iter().map(|kind| kind.code()).collect();
        let (sum, part) = (named("kind")?, if open { "open" } else { "all" });
        let count = |kind| sum.count(&format!("kind/{kind}/{part}"));
        return Ok(Some(kinds.into_iter().map(count).sum()));
    }
    let sum = named(if open { "open" } else { "state" })?;
    let counts = sum.iter().filter_map(|(name, day, n)| match name.as_slice() {
        ["open", state, standing] if open => (wanted(state) && in_bucket(standing, day)).then_some(n),
        ["state", state] if !open => wanted(state).then_some(n),
        _ => None,
    });
    Ok(Some(counts.sum()))
}

/// One application within a scope, with everything that is known.
pub(crate) fn detail(
    connection: &Connection,
    scope: &Scope,
    institution: Uuid,
    number: u32,
    as_of: AsOf,
) -> Result<Option<ApplicationDetail>, ViewError> {
    let mut condition = Condition::default();
    condition.and("a.institution = ? AND a.number = ?", key(institution, number));
    condition.and_scope("i", scope);
    let list = List {
        name: "applications",
        columns: COLUMNS,
        bound: Condition::default(),
        from: FROM,
        order: ["a.number"],
        descending: false,
    };
    let found = list.all(connection, &condition, |row| read(connection, scope, row))?;
    let Some(row) = found.into_iter().next() else {
        return Ok(None);
    };
    let clocks = clock::of_application(connection, institution, number)?;
    let names: Vec<ClockRef> = clocks.iter().map(|history| history.row.clock).collect();
    let mut detail = ApplicationDetail {
        row,
        submission: None,
        items: items(connection, institution, number)?,
        clocks,
        checks: Vec::new(),
        verifications: Vec::new(),
        proposal: None,
        steps: Vec::new(),
        as_of,
    };
    for step in timeline::of_stream(connection, scope, institution)? {
        let told = match &step.damaged {
            Some(_) => None,
            None => InstitutionEvent::decode(&step.event_type, step.payload.to_string().as_bytes())
                .ok()
                .flatten(),
        };
        if let Some(event) = told
            && names_it(&event, number, &names, step.revision)
        {
            take(&mut detail, event, step);
        }
    }
    Ok(Some(detail))
}

/// Whether an event belongs to the course of the application: it names it, or one of its clocks.
fn names_it(event: &InstitutionEvent, number: u32, clocks: &[ClockRef], revision: u64) -> bool {
    use InstitutionEvent as E;
    let named = match event {
        E::ClockStarted(event) => return clocks.iter().any(|c| c.kind == event.kind && c.revision == revision),
        E::ClockPaused(event) => return clocks.contains(&event.clock),
        E::ClockResumed(event) => return clocks.contains(&event.clock),
        E::ClockExtended(event) => return clocks.contains(&event.clock),
        E::ClockRecomputed(event) => return clocks.contains(&event.clock),
        E::ClockMet(event) => return clocks.contains(&event.clock),
        E::ClockExpired(event) => return clocks.contains(&event.clock),
        E::ClockCancelled(event) => return clocks.contains(&event.clock),
        E::RegistryChecked(event) => event.application,
        E::LicenceGranted(event) => Some(event.application),
        E::LicenceRenewed(event) => Some(event.application),
        E::AuthorizationTransferred(event) => Some(event.application),
        E::WaiverGranted(event) => Some(event.application),
        E::ConditionImposed(event) => event.application,
        E::RegimeChanged(event) => Some(event.application),
        event => concerned(event),
    };
    named == Some(number)
}

fn take(detail: &mut ApplicationDetail, event: InstitutionEvent, step: TimelineRow) {
    use InstitutionEvent as E;
    match event {
        E::FilingSubmitted(event) => {
            detail.submission = Some(SubmissionDetail {
                papers: event.papers,
                makes_meals: event.makes_meals,
                premises: event.premises,
                ..SubmissionDetail::default()
            });
        }
        E::ApplicationSubmitted(event) => {
            detail.submission = Some(SubmissionDetail {
                papers: event.papers,
                makes_meals: event.makes_meals,
                premises: event.premises,
                change: event.change,
                transfer: event.transfer,
                waiver: event.waiver,
                closing: event.closing,
            });
        }
        E::InformationProvided(event) => {
            let submission = detail.submission.get_or_insert_default();
            for paper in event.papers {
                submission.papers.retain(|held| held.kind != paper.kind);
                submission.papers.push(paper);
            }
        }
        E::RegistryChecked(event) => detail.checks.push((step.revision, event)),
        E::SiteVerified(event) => detail.verifications.push((step.revision, event)),
        E::DecisionProposed(event) => detail.proposal = Some(event),
        E::ProposalReturned(_) => detail.proposal = None,
        E::ObjectionDecided(event) if event.upheld => detail.proposal = None,
        _ => {}
    }
    detail.steps.push(step);
}

fn items(connection: &Connection, institution: Uuid, number: u32) -> Result<Vec<ReturnedItemRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and("t.institution = ? AND t.number = ?", key(institution, number));
    let list = List {
        name: "application_items",
        columns: "t.*",
        bound: Condition::default(),
        from: "FROM application_item t",
        order: ["t.return_number", "t.n"],
        descending: false,
    };
    list.all(connection, &condition, |row| {
        Ok(ReturnedItemRow {
            return_number: row.get("return_number")?,
            returned_date: cell::day(row, "returned_date")?,
            item: row.get("item")?,
            rule: row.get("rule")?,
            problem: cell::surely(row, "problem", ItemProblem::from_code)?,
        })
    })
}
