//! Figures beside rows, and of single institutions, persons, inspections and incidents, by plain SQL.

use jiff::civil::Date;
use rusqlite::named_params;
use yujian_domain::reference::Reference;

use super::{Rows, number};
use crate::figures::admission::working_days;
use crate::figures::counts::{Figures, lies_in, put, put_ratio};

/// Veto items not met, of inspections that are final: answers cannot change any more.
const VETOES: &str = "SELECT n.id, count(*) FROM inspection n JOIN answer a ON a.inspection = n.id
    JOIN checklist_item k ON k.checklist = json_extract(n.body, '$.checklist.id')
      AND k.version = json_extract(n.body, '$.checklist.version') AND k.code = a.item
    WHERE n.points IS NOT NULL AND k.veto AND a.answer = 'noncompliant' GROUP BY 1";

/// Children of incidents whose guardians must be told and have not been.
const GUARDIANS_UNTOLD: &str = "SELECT n.id, count(*) FROM incident n, json_each(n.body, '$.children') c
    WHERE json_extract(n.body, '$.guardians_due')
      AND NOT EXISTS(SELECT 1 FROM json_each(n.body, '$.told') t WHERE t.value = CAST(c.key AS INTEGER)) GROUP BY 1";

/// Answers, points of what was met and of what was looked at, by dimension.
const RESULTS: &str = "SELECT k.dimension, ifnull(a.answer, 'not_checked') AS answer, count(*), sum(k.points)
    FROM inspection n JOIN checklist_item k ON k.checklist = json_extract(n.body, '$.checklist.id')
      AND k.version = json_extract(n.body, '$.checklist.version')
    LEFT JOIN answer a ON a.inspection = n.id AND a.item = k.code
    WHERE n.id = :id AND (json_extract(n.body, '$.dimensions') = '[]'
      OR k.dimension IN (SELECT d.value FROM json_each(n.body, '$.dimensions') d))
    GROUP BY 1, 2";

/// Visits of the institution in the year of the visit, or of the window before one.
const OF_THE_YEAR: &str = "FROM visit v JOIN inspection n ON n.institution = v.institution
    WHERE n.id = :id AND v.year = CAST(substr(ifnull(n.visited_date, json_extract(n.body, '$.window[0]')), 1, 4) AS INTEGER)";

impl Rows {
    /// Name, what it is of, and the count, of each row.
    fn named(&self, sql: &str, name: &str, figures: &mut Figures) {
        let mut statement = self.0.prepare_cached(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            put(figures, name, row.get::<_, String>(0).unwrap(), number(row, 1));
        }
    }

    /// Working days that open applications have stood where they stand, at a day.
    pub fn days_in_state(&self, at: Date) -> Figures {
        let (mut figures, calendar) = (Figures::new(), Reference::shipped().calendar);
        let sql =
            "SELECT a.institution || '/' || a.number, a.since FROM application a WHERE a.open AND a.since IS NOT NULL";
        let mut statement = self.0.prepare_cached(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let (of, since): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
            let days = working_days(&calendar, since.parse().unwrap(), at);
            put(&mut figures, "application_days_in_state", of, days);
        }
        figures
    }

    /// Figures that stand beside institutions, inspections and incidents in lists.
    pub fn of_lists(&self) -> Figures {
        let mut figures = Figures::new();
        self.named(
            "SELECT i.id, CAST(ifnull((SELECT f.value FROM fact f WHERE f.institution = i.id AND f.key = 'places'
               AND f.withdrawn IS NULL AND f.valid_to IS NULL ORDER BY ifnull(f.valid_from, '') DESC, f.recorded_time DESC,
               f.stream DESC, f.revision DESC, f.n DESC LIMIT 1), '0') AS INTEGER) FROM institution i",
            "institution_places",
            &mut figures,
        );
        for (name, sql) in [
            (
                "institution_open_incidents",
                "SELECT n.institution, count(*) FROM incident n WHERE n.open GROUP BY 1",
            ),
            (
                "inspection_findings",
                "SELECT f.inspection, count(*) FROM finding f GROUP BY 1",
            ),
            (
                "inspection_open_findings",
                "SELECT f.inspection, count(*) FROM finding f WHERE f.open GROUP BY 1",
            ),
            (
                "inspection_points",
                "SELECT n.id, n.points FROM inspection n WHERE n.points IS NOT NULL",
            ),
            (
                "inspection_points_of",
                "SELECT n.id, n.points_of FROM inspection n WHERE n.points IS NOT NULL",
            ),
            (
                "application_returned",
                "SELECT a.institution || '/' || a.number, a.returned FROM application a",
            ),
            ("inspection_vetoes", VETOES),
            ("incident_guardians_untold", GUARDIANS_UNTOLD),
        ] {
            self.named(sql, name, &mut figures);
        }
        figures
    }

    fn one(&self, sql: &str, id: &str) -> u64 {
        let mut statement = self.0.prepare_cached(sql).unwrap();
        statement
            .query_row(named_params! {":id": id}, |row| Ok(number(row, 0)))
            .unwrap()
    }

    /// Figures of the dossier of an institution.
    pub fn of_institution(&self, id: &str) -> Figures {
        let mut figures = Figures::new();
        for (name, sql) in [
            (
                "institution_engaged",
                "SELECT count(*) FROM engagement e WHERE e.institution = :id AND e.standing",
            ),
            (
                "institution_inspections",
                "SELECT count(*) FROM inspection n WHERE n.institution = :id",
            ),
            (
                "institution_findings",
                "SELECT count(*) FROM finding f WHERE f.institution = :id",
            ),
            (
                "institution_alerts",
                "SELECT count(*) FROM alert l WHERE l.institution = :id",
            ),
            (
                "institution_incidents",
                "SELECT count(*) FROM incident n WHERE n.institution = :id",
            ),
            (
                "institution_events",
                "SELECT count(*) FROM timeline t WHERE t.institution = :id",
            ),
        ] {
            put(&mut figures, name, id, self.one(sql, id));
        }
        let places = ("institution_places".to_owned(), id.to_owned());
        if let Some(value) = self.of_lists().remove(&places) {
            figures.insert(places, value);
        }
        figures
    }

    /// Figures of a person.
    pub fn of_person(&self, id: &str) -> Figures {
        let mut figures = Figures::new();
        for (name, sql) in [
            ("person_alerts", "SELECT count(*) FROM alert l WHERE l.person = :id"),
            (
                "person_engagements",
                "SELECT count(*) FROM engagement e WHERE e.person = :id",
            ),
            (
                "person_training_hours",
                "SELECT ifnull(sum(t.hours), 0) FROM training t WHERE t.person = :id",
            ),
            (
                "person_events",
                "SELECT count(*) FROM person_timeline t WHERE t.person = :id",
            ),
        ] {
            put(&mut figures, name, id, self.one(sql, id));
        }
        figures
    }

    /// Each row of a SELECT about one thing: the first column, and the second as a number.
    fn rows_of(&self, sql: &str, id: &str) -> Vec<(String, u64)> {
        let mut statement = self.0.prepare_cached(sql).unwrap();
        let rows = statement.query_map(named_params! {":id": id}, |row| Ok((row.get(0)?, number(row, 1))));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// Credentials of persons engaged or registered in a division: all, those that have ended, and those of persons at work.
    pub fn credentials(&self, region: &str, at: Date) -> [u64; 3] {
        let mut places = self
            .0
            .prepare_cached(
                "SELECT c.expiry_date < :at, EXISTS(SELECT 1 FROM engagement e WHERE e.person = c.person AND e.standing),
                   (SELECT json_group_array(region) FROM (SELECT i.region FROM engagement e
                      JOIN institution i ON i.id = e.institution WHERE e.person = c.person AND e.standing
                      UNION ALL SELECT p.region FROM person p WHERE p.id = c.person))
                 FROM credential c",
            )
            .unwrap();
        let rows = places.query_map(named_params! {":at": at.to_string()}, |row| {
            Ok((
                row.get::<_, Option<bool>>(0)?,
                row.get::<_, bool>(1)?,
                row.get::<_, String>(2)?,
            ))
        });
        let mut sums = [0; 3];
        for (ended, at_work, regions) in rows.unwrap().map(Result::unwrap) {
            let regions: Vec<Option<String>> = serde_json::from_str(&regions).unwrap();
            if region.is_empty() || regions.iter().flatten().any(|code| lies_in(code, region)) {
                sums[0] += 1;
                sums[1] += u64::from(ended == Some(true));
                sums[2] += u64::from(at_work);
            }
        }
        sums
    }

    /// What the views could not take in.
    pub fn of_status(&self) -> Figures {
        let mut figures = Figures::new();
        for (name, sql) in [
            ("damaged_records", "SELECT count(*) FROM damage WHERE :id = ''"),
            (
                "unknown_events",
                "SELECT ifnull(sum(u.events), 0) FROM unknown_type u WHERE :id = ''",
            ),
        ] {
            put(&mut figures, name, "", self.one(sql, ""));
        }
        figures
    }

    /// Figures of an inspection.
    pub fn of_inspection(&self, id: &str) -> Figures {
        let mut figures = self.of_lists();
        figures.retain(|(name, of), _| of == id && name != "inspection_open_findings");
        for (name, sql) in [
            (
                "inspection_imported_rows",
                "SELECT json_extract(n.body, '$.imported_rows') FROM inspection n WHERE n.id = :id",
            ),
            (
                "inspection_recused",
                "SELECT json_array_length(n.body, '$.recused') FROM inspection n WHERE n.id = :id",
            ),
            (
                "inspection_unmet",
                "SELECT count(*) FROM answer a WHERE a.inspection = :id AND a.answer IN ('noncompliant', 'not_checked')",
            ),
            (
                "inspection_events",
                "SELECT count(*) FROM timeline t WHERE t.stream = 'inspection-' || :id",
            ),
            (
                "year_visits_counted",
                &format!("SELECT ifnull(sum(v.counts), 0) {OF_THE_YEAR}"),
            ),
            (
                "year_visits_noted",
                &format!("SELECT ifnull(sum(NOT v.counts), 0) {OF_THE_YEAR}"),
            ),
            (
                "year_visits_cap",
                &format!(
                    "SELECT ifnull((SELECT v.cap {OF_THE_YEAR} AND v.cap IS NOT NULL ORDER BY v.revision DESC LIMIT 1), 0)"
                ),
            ),
        ] {
            put(&mut figures, name, id, self.one(sql, id));
        }
        self.results(id, &mut figures);
        for (name, sql) in [
            (
                "answer_evidence",
                "SELECT a.item, json_array_length(a.evidence) FROM answer a
                 WHERE a.inspection = :id AND a.answer IN ('noncompliant', 'not_checked')",
            ),
            (
                "children_at_risk",
                "SELECT CAST(f.number AS TEXT), f.children_at_risk FROM finding f WHERE f.inspection = :id",
            ),
            (
                "staff_present",
                "SELECT s.key, s.value FROM inspection n, json_each(n.body, '$.presence.staff') s WHERE n.id = :id",
            ),
        ] {
            for (of, count) in self.rows_of(sql, id) {
                put(&mut figures, name, format!("{id}/{of}"), count);
            }
        }
        let present = |who: &str| {
            let sql = format!(
                "SELECT c.key, c.value FROM inspection n, json_each(n.body, '$.presence.{who}') c WHERE n.id = :id"
            );
            self.rows_of(&sql, id)
        };
        let children = present("children");
        for (class, count) in &children {
            put(&mut figures, "children_present", format!("{id}/{class}"), *count);
        }
        for (class, carers) in present("carers") {
            let of = format!("{id}/{class}");
            put(&mut figures, "carers_present", &of, carers);
            let children = children.iter().find(|(one, _)| *one == class);
            put_ratio(&mut figures, of, children.map_or(0, |(_, count)| *count), carers);
        }
        figures
    }

    fn results(&self, id: &str, figures: &mut Figures) {
        let mut statement = self.0.prepare_cached(RESULTS).unwrap();
        let mut rows = statement.query(named_params! {":id": id}).unwrap();
        let mut points = std::collections::BTreeMap::<String, [u64; 2]>::new();
        while let Some(row) = rows.next().unwrap() {
            let (dimension, answer): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
            let of = format!("{id}/{dimension}/{answer}");
            put(figures, "inspection_answers", of, number(row, 2));
            let [met, looked_at] = points.entry(dimension).or_default();
            *met += if answer == "compliant" { number(row, 3) } else { 0 };
            *looked_at += match answer.as_str() {
                "compliant" | "noncompliant" => number(row, 3),
                _ => 0,
            };
        }
        for (dimension, [met, looked_at]) in points {
            put(figures, "dimension_points", format!("{id}/{dimension}"), met);
            put(figures, "dimension_points_of", format!("{id}/{dimension}"), looked_at);
        }
    }

    /// Figures of an incident.
    pub fn of_incident(&self, id: &str) -> Figures {
        let mut figures = self.of_lists();
        figures.retain(|(_, of), _| of == id);
        for (name, sql) in [
            (
                "incident_imported_rows",
                "SELECT json_extract(n.body, '$.imported_rows') FROM incident n WHERE n.id = :id",
            ),
            (
                "incident_events",
                "SELECT count(*) FROM timeline t WHERE t.stream = 'incident-' || :id",
            ),
            (
                "incident_children_present",
                "SELECT ifnull(max(json_extract(t.payload, '$.children_present')), 0) FROM timeline t
                 WHERE t.stream = 'incident-' || :id",
            ),
            (
                "incident_staff_present",
                "SELECT ifnull(max(json_extract(t.payload, '$.staff_present')), 0) FROM timeline t
                 WHERE t.stream = 'incident-' || :id",
            ),
        ] {
            put(&mut figures, name, id, self.one(sql, id));
        }
        let ages = self.rows_of(
            "SELECT json_extract(c.value, '$.number') || '', ifnull(json_extract(c.value, '$.age_months'), 0)
             FROM timeline t, json_each(t.payload, '$.children') c WHERE t.stream = 'incident-' || :id",
            id,
        );
        for (child, months) in ages {
            put(&mut figures, "child_age_months", format!("{id}/{child}"), months);
        }
        figures
    }
}
