//! Institutions: one row each, as they stand at the end of what is known.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params_from_iter};
use serde_json::Value as Json;
use uuid::Uuid;
use yujian_domain::divisions::Divisions;
use yujian_domain::institution::{InstitutionEvent, InstitutionType, Mode, Ownership, Status};
use yujian_domain::time::day_of;
use yujian_domain::values::{Datum, ExternalId, Point, RegionId};

use crate::condition::Condition;
use crate::database::{integer, natural, parsed};
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};
use crate::key;
use crate::model::{InstitutionQuery, InstitutionRow, Scope};
use crate::view::fact::{latest_sql, places};
use crate::view::sums::Reading;
use crate::view::{clock, fact};

/// Institutions.
pub(crate) struct Institutions;

impl View for Institutions {
    fn tables(&self) -> &'static [Table] {
        &[Table {
            name: "institution",
            // `region` is empty and `status` is `none` while a damaged record hides what it is. The index of names holds
            // whatever lists are narrowed by: what they leave out is not looked up.
            ddl: "CREATE TABLE institution(id TEXT PRIMARY KEY, name TEXT NOT NULL, credit_code TEXT,
                    external_register TEXT, external_number TEXT, site TEXT, address TEXT, region TEXT NOT NULL,
                    region_entered INTEGER NOT NULL, institution_type TEXT NOT NULL, mode TEXT NOT NULL,
                    ownership TEXT NOT NULL, status TEXT NOT NULL, status_since TEXT, longitude_e7 INTEGER,
                    latitude_e7 INTEGER, datum TEXT, receipt_number TEXT, receipt_date TEXT,
                    imported INTEGER NOT NULL, revision INTEGER NOT NULL) WITHOUT ROWID;
                  CREATE INDEX institution_name ON institution(name, id, region, status, institution_type, credit_code,
                    external_number);
                  CREATE INDEX institution_status ON institution(status, region);
                  CREATE INDEX institution_region ON institution(region);
                  CREATE INDEX institution_credit_code ON institution(credit_code);",
            key: "id",
        }]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let Some(id) = seen.institution else { return Ok(()) };
        if matches!(seen.what, What::System(_)) {
            return Ok(());
        }
        // Whatever names an institution shows that there is one, even when its first record is damaged.
        if !seen.is_of_institution() && exists(transaction, id)? {
            return Ok(());
        }
        let known = Folded::load(transaction, id)?;
        let new = known.is_none();
        let mut folded = known.unwrap_or_else(|| Folded::unknown(id));
        if seen.is_of_institution() {
            folded.revision = seen.revision_column().unwrap_or(folded.revision);
        }
        let mut details = new;
        if let What::Institution(event) = &seen.what {
            folded.stand(event, seen);
            details |= folded.resolve(transaction, seen)?;
        }
        // Columns that an index holds are written only when they may have changed: most events leave them as they are.
        if details {
            folded.save(transaction)
        } else {
            folded.save_standing(transaction)
        }
    }
}

fn exists(connection: &Connection, id: Uuid) -> Result<bool, ViewError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM institution WHERE id = ?")?
        .exists([id.to_string()])?)
}

/// Facts that stand in a column of the row.
const COLUMNS: &[&str] = &[
    "name",
    "credit_code",
    "external",
    "site",
    "address",
    "region",
    "institution_type",
    "mode",
    "ownership",
    "point",
    "receipt.number",
    "receipt.date",
];

/// A row while it is being folded; texts are codes as stored.
struct Folded {
    id: Uuid,
    name: String,
    credit_code: Option<String>,
    external: Option<ExternalId>,
    site: Option<String>,
    address: Option<String>,
    region: String,
    region_entered: u16,
    institution_type: String,
    mode: String,
    ownership: String,
    status: String,
    status_since: Option<String>,
    point: Option<Point>,
    receipt_number: Option<String>,
    receipt_date: Option<String>,
    imported: bool,
    revision: i64,
}

impl Folded {
    fn unknown(id: Uuid) -> Self {
        Self {
            id,
            name: unnamed(id),
            credit_code: None,
            external: None,
            site: None,
            address: None,
            region: String::new(),
            region_entered: 0,
            institution_type: InstitutionType::Unknown.code().to_owned(),
            mode: Mode::Unknown.code().to_owned(),
            ownership: Ownership::Unknown.code().to_owned(),
            status: Status::None.code().to_owned(),
            status_since: None,
            point: None,
            receipt_number: None,
            receipt_date: None,
            imported: false,
            revision: 0,
        }
    }

    /// Where it stands goes by revision, as in the state that decides: the status that the last event told.
    fn stand(&mut self, event: &InstitutionEvent, seen: &EventSeen<'_>) {
        self.imported |= matches!(event, InstitutionEvent::RecordImported(_));
        if matches!(event, InstitutionEvent::FactCorrected(_)) {
            return;
        }
        for fact in seen.facts.asserted.iter().filter(|fact| fact.key == "status") {
            if let Some(status) = fact.value.as_str() {
                status.clone_into(&mut self.status);
                self.status_since = fact.valid_from.map(|from| day_of(from).to_string());
            }
        }
    }

    /// Takes what the dossier says at the end of what is known, for the facts that this event asserted or withdrew: so
    /// a backdated change or a correction leaves row and dossier of one mind. Answers whether there were any.
    fn resolve(&mut self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<bool, ViewError> {
        let asserted = seen.facts.asserted.iter().map(|fact| fact.key.as_str());
        let withdrawn = seen.facts.withdrawn.iter().map(|(_, _, key)| key.as_str());
        let touched: BTreeSet<&str> = asserted.chain(withdrawn).filter(|key| COLUMNS.contains(key)).collect();
        for key in &touched {
            let value = fact::latest(transaction, self.id, key)?.unwrap_or(Json::Null);
            let text = value.as_str().map(str::to_owned);
            let code = |unknown: &str| text.clone().unwrap_or_else(|| unknown.to_owned());
            match *key {
                "name" => self.name = text.unwrap_or_else(|| unnamed(self.id)),
                "credit_code" => self.credit_code = text,
                "site" => self.site = text,
                "address" => self.address = text,
                "receipt.number" => self.receipt_number = text,
                "receipt.date" => self.receipt_date = text,
                "institution_type" => self.institution_type = code(InstitutionType::Unknown.code()),
                "mode" => self.mode = code(Mode::Unknown.code()),
                "ownership" => self.ownership = code(Ownership::Unknown.code()),
                "external" => self.external = serde_json::from_value(value).ok(),
                "point" => self.point = serde_json::from_value(value).ok(),
                _ => {
                    let region: Option<RegionId> = serde_json::from_value(value).ok();
                    self.region = region.as_ref().map_or(String::new(), |region| region.code().to_owned());
                    self.region_entered = region.map_or(0, |region| region.entered());
                }
            }
        }
        Ok(!touched.is_empty())
    }

    fn load(connection: &Connection, id: Uuid) -> Result<Option<Self>, ViewError> {
        let found = connection
            .prepare_cached("SELECT * FROM institution WHERE id = ?")?
            .query_row([id.to_string()], |row| {
                let folded = Self {
                    id,
                    name: row.get("name")?,
                    credit_code: row.get("credit_code")?,
                    external: external_of(row)?,
                    site: row.get("site")?,
                    address: row.get("address")?,
                    region: row.get("region")?,
                    region_entered: row.get("region_entered")?,
                    institution_type: row.get("institution_type")?,
                    mode: row.get("mode")?,
                    ownership: row.get("ownership")?,
                    status: row.get("status")?,
                    status_since: row.get("status_since")?,
                    point: None,
                    receipt_number: row.get("receipt_number")?,
                    receipt_date: row.get("receipt_date")?,
                    imported: row.get("imported")?,
                    revision: row.get("revision")?,
                };
                Ok((folded, point_of(row)?))
            })
            .optional()?;
        Ok(found.map(|(folded, point)| {
            let point = point.and_then(|(longitude, latitude, datum)| {
                Point::new(longitude, latitude, Datum::from_code(&datum)?).ok()
            });
            Self { point, ..folded }
        }))
    }

    fn save_standing(&self, connection: &Connection) -> Result<(), ViewError> {
        connection
            .prepare_cached(
                "UPDATE institution SET status = ?, status_since = ?, imported = ?, revision = ? WHERE id = ?",
            )?
            .execute((
                &self.status,
                &self.status_since,
                self.imported,
                self.revision,
                self.id.to_string(),
            ))?;
        Ok(())
    }

    fn save(&self, connection: &Connection) -> Result<(), ViewError> {
        let external = self.external.as_ref();
        let point = self.point.as_ref();
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO institution(id, name, credit_code, external_register, external_number, site,
                   address, region, region_entered, institution_type, mode, ownership, status, status_since,
                   longitude_e7, latitude_e7, datum, receipt_number, receipt_date, imported, revision)
                 VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            )?
            .execute(rusqlite::params![
                self.id.to_string(),
                self.name,
                self.credit_code,
                external.map(|external| &external.register),
                external.map(|external| &external.number),
                self.site,
                self.address,
                self.region,
                self.region_entered,
                self.institution_type,
                self.mode,
                self.ownership,
                self.status,
                self.status_since,
                point.map(Point::longitude_e7),
                point.map(Point::latitude_e7),
                point.map(|point| point.datum().code()),
                self.receipt_number,
                self.receipt_date,
                self.imported,
                self.revision,
            ])?;
        Ok(())
    }
}

/// What a row is called while nothing that is known names the institution.
fn unnamed(id: Uuid) -> String {
    format!("institution-{id}")
}

fn external_of(row: &Row<'_>) -> rusqlite::Result<Option<ExternalId>> {
    let (register, number): (Option<String>, Option<String>) =
        (row.get("external_register")?, row.get("external_number")?);
    Ok(register
        .zip(number)
        .map(|(register, number)| ExternalId { register, number }))
}

fn point_of(row: &Row<'_>) -> rusqlite::Result<Option<(i32, i32, String)>> {
    let (longitude, latitude, datum) = (row.get("longitude_e7")?, row.get("latitude_e7")?, row.get("datum")?);
    Ok(match (longitude, latitude, datum) {
        (Some(longitude), Some(latitude), Some(datum)) => Some((longitude, latitude, datum)),
        _ => None,
    })
}

fn select() -> String {
    format!(
        "SELECT i.*, {places} AS places, {classes} AS classes,
           (SELECT count(*) FROM incident n WHERE n.institution = i.id) AS incidents,
           (SELECT count(*) FROM incident n WHERE n.institution = i.id AND n.open) AS open_incidents,
           EXISTS(SELECT 1 FROM damage d WHERE d.institution = i.id) AS damaged
         FROM institution i",
        places = latest_sql("places", "i"),
        classes = latest_sql("classes", "i"),
    )
}

fn read(connection: &Connection, row: &Row<'_>) -> Result<InstitutionRow, ViewError> {
    let text = |column: &'static str| row.get::<_, String>(column);
    let day = |column: &'static str| -> Result<Option<jiff::civil::Date>, ViewError> {
        let found: Option<String> = row.get(column)?;
        found
            .map(|text| parsed(&text, column, |text| text.parse().ok()))
            .transpose()
    };
    let id = text("id")?;
    let classes: Option<String> = row.get("classes")?;
    let clock = clock::receipt_due(connection, &id)?.filter(|_| {
        row.get_ref("status")
            .is_ok_and(|status| status.as_str() == Ok(Status::Accepted.code()))
    });
    Ok(InstitutionRow {
        id: parsed(&id, "id", |text| Uuid::parse_str(text).ok())?,
        name: text("name")?,
        credit_code: row.get("credit_code")?,
        external: external_of(row)?.map(|external| (external.register, external.number)),
        site: row.get("site")?,
        address: row.get("address")?,
        region: text("region")?,
        region_entered: row.get("region_entered")?,
        institution_type: parsed(
            &text("institution_type")?,
            "institution_type",
            InstitutionType::from_code,
        )?,
        mode: parsed(&text("mode")?, "mode", Mode::from_code)?,
        ownership: parsed(&text("ownership")?, "ownership", Ownership::from_code)?,
        status: parsed(&text("status")?, "status", Status::from_code)?,
        status_since: day("status_since")?,
        places: places(row.get("places")?),
        // What a correction may have put in their place reads as no classes.
        classes: classes
            .and_then(|json| serde_json::from_str(&json).ok())
            .unwrap_or_default(),
        point: point_of(row)?,
        receipt_number: row.get("receipt_number")?,
        receipt_date: day("receipt_date")?,
        receipt_due: clock.map(|(due, _)| due),
        receipt_due_provisional: clock.is_some_and(|(_, provisional)| provisional),
        open_incidents: natural(row.get("open_incidents")?),
        incidents: natural(row.get("incidents")?),
        revision: natural(row.get("revision")?),
        damaged: row.get("damaged")?,
        imported: row.get("imported")?,
    })
}

/// One institution within a scope.
pub(crate) fn one(connection: &Connection, scope: &Scope, id: Uuid) -> Result<Option<InstitutionRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and("i.id = ?", [Value::Text(id.to_string())]);
    condition.and_scope("i", scope);
    let mut statement = connection.prepare_cached(&format!("{}{}", select(), condition.sql()))?;
    let mut rows = statement.query(params_from_iter(condition.values()))?;
    rows.next()?.map(|row| read(connection, row)).transpose()
}

/// Whether the institution is there and within a scope.
pub(crate) fn visible(connection: &Connection, scope: &Scope, id: Uuid) -> Result<bool, ViewError> {
    let mut condition = Condition::default();
    condition.and("i.id = ?", [Value::Text(id.to_string())]);
    condition.and_scope("i", scope);
    let sql = format!("SELECT 1 FROM institution i{}", condition.sql());
    Ok(connection
        .prepare_cached(&sql)?
        .exists(params_from_iter(condition.values()))?)
}

/// Institutions in the order of lists, with what narrows them, from an index alone.
const NARROWED: &str = "FROM institution i INDEXED BY institution_name";

/// How many institutions there are, where the kept sums tell: by state.
fn summed(connection: &Connection, query: &InstitutionQuery) -> Result<Option<u64>, ViewError> {
    let searched = query.search.as_deref().is_some_and(|search| !search.trim().is_empty());
    if searched || !query.types.is_empty() || query.damaged_only {
        return Ok(None);
    }
    let sum = Reading::open(connection, &query.scope)?.named(query.region.as_deref(), "status")?;
    let counts = sum
        .by_code("status/")
        .into_iter()
        .filter(|(status, _)| query.statuses.is_empty() || query.statuses.iter().any(|asked| asked.code() == status));
    Ok(Some(counts.map(|(_, n)| n).sum()))
}

/// Ids of a page, with one more when it is not the last, and how many institutions there are in all. Unless that is known,
/// each has to be looked at, and is looked at once: the page is found on the way.
fn narrowed(
    connection: &Connection,
    mut condition: Condition,
    after: Option<[String; 2]>,
    limit: usize,
    total: Option<u64>,
) -> Result<(Vec<String>, u64), ViewError> {
    let (later, key) = match after {
        None => ("1", Vec::new()),
        Some(key) => ("(i.name, i.id) > (?, ?)", key.map(Value::Text).to_vec()),
    };
    let mut ids = Vec::new();
    if let Some(total) = total {
        condition.and(later, key);
        condition.and(
            "1 ORDER BY i.name, i.id LIMIT ?",
            // None is looked for after the last.
            [Value::Integer(integer(total.min(limit as u64 + 1)))],
        );
        let sql = format!("SELECT i.id {NARROWED}{}", condition.sql());
        let mut statement = connection.prepare_cached(&sql)?;
        let mut found = statement.query(params_from_iter(condition.values()))?;
        while let Some(row) = found.next()? {
            ids.push(row.get(0)?);
        }
        return Ok((ids, total));
    }
    let sql = format!(
        "SELECT i.id, {later} {NARROWED}{} ORDER BY i.name, i.id",
        condition.sql()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params_from_iter(key.iter().chain(condition.values())))?;
    let mut total = 0;
    while let Some(row) = found.next()? {
        total += 1;
        if ids.len() <= limit && row.get(1)? {
            ids.push(row.get(0)?);
        }
    }
    Ok((ids, total))
}

/// A page of institutions in order of name, then id: rows, key of the next page, rows in all.
pub(crate) fn page(
    connection: &Connection,
    divisions: &Divisions,
    query: &InstitutionQuery,
) -> Result<(Vec<InstitutionRow>, Option<String>, u64), ViewError> {
    let mut condition = Condition::default();
    condition.and_places(&query.scope, query.region.as_deref());
    condition.and_in("i.status", query.statuses.iter().map(|status| status.code()));
    condition.and_in("i.institution_type", query.types.iter().map(|kind| kind.code()));
    if query.damaged_only {
        condition.and("i.id IN (SELECT d.institution FROM damage d)", []);
    }
    if let Some(search) = query
        .search
        .as_deref()
        .map(str::trim)
        .filter(|search| !search.is_empty())
    {
        and_search(&mut condition, divisions, search);
    }
    let after = match &query.after {
        Some(after) => Some(key::decode::<2>("institutions", after)?),
        None => None,
    };
    let limit = key::limit(query.limit);
    let (ids, total) = narrowed(connection, condition, after, limit, summed(connection, query)?)?;
    let more = ids.len() > limit;
    let ids = serde_json::to_string(&ids[..ids.len().min(limit)]).expect("a list of texts is plain JSON");
    // The signs keep the order from being read off an index, past every institution that is not asked for.
    let mut statement = connection.prepare_cached(&format!(
        "{} WHERE i.id IN (SELECT value FROM json_each(?)) ORDER BY +i.name, +i.id",
        select()
    ))?;
    let mut found = statement.query([ids])?;
    let mut rows = Vec::with_capacity(limit);
    while let Some(row) = found.next()? {
        rows.push(read(connection, row)?);
    }
    let next = if more {
        rows.last()
            .map(|row| key::encode("institutions", &[&row.name, &row.id.to_string()]))
    } else {
        None
    };
    Ok((rows, next, total))
}

/// Part of the name, or beginning of credit code, register number, division code or division name.
fn and_search(condition: &mut Condition, divisions: &Divisions, search: &str) {
    let named: Vec<&str> = divisions
        .iter()
        .filter(|division| division.name.starts_with(search))
        .map(|division| division.id.code())
        .collect();
    // Only ASCII letters have another case, as SQLite sees it: a search without any is compared as it is.
    let named_so = if search.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        "instr(lower(i.name), lower(?)) > 0"
    } else {
        "instr(i.name, ?) > 0"
    };
    let mut clauses = format!(
        "{named_so} OR substr(i.external_number, 1, length(?)) = ?
          OR (i.region >= 'A' AND instr(upper(i.region), '/' || upper(?)) > 0)"
    );
    let mut values = vec![Value::Text(search.to_owned()); 4];
    // Codes are ASCII: a name in Chinese is not looked for in those of every institution.
    if search.is_ascii() {
        clauses += " OR substr(i.credit_code, 1, length(?)) = upper(?) OR substr(i.region, 1, length(?)) = upper(?)";
        values.extend(vec![Value::Text(search.to_owned()); 4]);
    }
    if !named.is_empty() {
        let codes = serde_json::to_string(&named).expect("a list of texts is plain JSON");
        clauses += " OR EXISTS(SELECT 1 FROM json_each(?) c WHERE substr(i.region, 1, length(c.value)) = c.value)";
        values.push(Value::Text(codes));
    }
    condition.and(format!("({clauses})"), values);
}
