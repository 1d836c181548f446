//! Figures by plain SQL over `views.db`, as the views print it in their documentation, grouped by division.

mod admission;
mod single;

use std::path::Path;

use jiff::civil::Date;
use rusqlite::{Connection, OpenFlags};
use yujian_domain::time::end_of;

use super::alerts::Alert;
use super::counts::{AtWork, Counted, add};

/// The rows that the views keep.
pub struct Rows(Connection);

/// `name`, and a SELECT of division, what it is counted by, and the count; `:at` is the day.
const COUNTS: [(&str, &str); 36] = [
    (
        "engaged_before",
        "SELECT i.region, e.post, count(*) FROM engagement e JOIN institution i ON i.id = e.institution
         WHERE NOT e.standing GROUP BY 1, 2",
    ),
    (
        "institutions_by_status",
        "SELECT i.region, i.status, count(*) FROM institution i GROUP BY i.region, i.status",
    ),
    (
        "inspected",
        "SELECT i.region, '', sum(EXISTS(SELECT 1 FROM inspection n WHERE n.institution = i.id
           AND n.visited_date > date(:at, '-12 months') AND n.visited_date <= :at
           AND n.status NOT IN ('aborted', 'cancelled')))
         FROM institution i WHERE i.status IN ('filed', 'nonconforming', 'licensed') GROUP BY i.region",
    ),
    (
        "damaged_institutions",
        "SELECT i.region, '', count(*) FROM institution i
         WHERE i.id IN (SELECT d.institution FROM damage d) GROUP BY i.region",
    ),
    (
        "receipts_issued",
        "SELECT i.region, '', count(*) FROM application a JOIN institution i ON i.id = a.institution
         WHERE a.kind = 'filing' AND a.decided_date IS NOT NULL GROUP BY i.region",
    ),
    (
        "receipts_late",
        "SELECT i.region, '', sum(a.late) FROM application a JOIN institution i ON i.id = a.institution
         WHERE a.kind = 'filing' AND a.decided_date IS NOT NULL GROUP BY i.region",
    ),
    (
        "receipts_by_month",
        "SELECT i.region, substr(a.decided_date, 1, 7), count(*) FROM application a JOIN institution i ON i.id = a.institution
         WHERE a.kind = 'filing' AND a.decided_date <= :at GROUP BY 1, 2",
    ),
    (
        "on_the_clock",
        "SELECT i.region, '', count(*) FROM clock c JOIN application a ON a.institution = c.institution
           AND a.number = c.application JOIN institution i ON i.id = c.institution
         WHERE c.kind = 'receipt' AND c.state IN ('running', 'expired') AND a.state = 'accepted' AND i.status = 'accepted'
         GROUP BY i.region",
    ),
    (
        "receipts_overdue",
        "SELECT i.region, '', sum(c.due_date < :at) FROM clock c JOIN application a ON a.institution = c.institution
           AND a.number = c.application JOIN institution i ON i.id = c.institution
         WHERE c.kind = 'receipt' AND c.state IN ('running', 'expired') AND a.state = 'accepted' AND i.status = 'accepted'
         GROUP BY i.region",
    ),
    (
        "receipts_due_soon",
        "SELECT i.region, '', sum(c.due_date BETWEEN :at AND :soon) FROM clock c JOIN application a ON a.institution = c.institution
           AND a.number = c.application JOIN institution i ON i.id = c.institution
         WHERE c.kind = 'receipt' AND c.state IN ('running', 'expired') AND a.state = 'accepted' AND i.status = 'accepted'
         GROUP BY i.region",
    ),
    (
        "incidents_by_category",
        "SELECT i.region, n.category, count(*) FROM incident n JOIN institution i ON i.id = n.institution GROUP BY 1, 2",
    ),
    (
        "open_incidents",
        "SELECT i.region, '', sum(n.open) FROM incident n JOIN institution i ON i.id = n.institution GROUP BY 1",
    ),
    (
        "late_incidents",
        "SELECT i.region, '', sum(n.late) FROM incident n JOIN institution i ON i.id = n.institution GROUP BY 1",
    ),
    (
        "incidents_by_month",
        "SELECT i.region, substr(n.day, 1, 7), count(*) FROM incident n JOIN institution i ON i.id = n.institution
         WHERE n.day <> '' AND n.day <= :at GROUP BY 1, 2",
    ),
    (
        "alerts_by_rule",
        "SELECT i.region, l.rule, count(*) FROM alert l JOIN institution i ON i.id = l.institution GROUP BY 1, 2",
    ),
    (
        "alerts",
        "SELECT i.region, '', count(*) FROM alert l JOIN institution i ON i.id = l.institution GROUP BY 1",
    ),
    (
        "damaged_engagements",
        "SELECT i.region, '', count(*) FROM engagement e JOIN institution i ON i.id = e.institution
         WHERE e.standing AND EXISTS(SELECT 1 FROM damage d WHERE d.stream = 'person-' || e.person) GROUP BY 1",
    ),
    (
        "papers",
        "SELECT i.region, c.kind || '/' || CASE WHEN c.expiry_date IS NULL THEN 'none' WHEN c.expiry_date < :at THEN 'expired'
           WHEN c.expiry_date <= date(:at, '+7 days') THEN '7' WHEN c.expiry_date <= date(:at, '+30 days') THEN '30'
           WHEN c.expiry_date <= date(:at, '+90 days') THEN '90' ELSE 'more' END AS bucket, count(*)
         FROM engagement e JOIN credential c ON c.person = e.person JOIN institution i ON i.id = e.institution
         WHERE e.standing AND c.state IN ('verified', 'expired') GROUP BY 1, 2",
    ),
    (
        "papers",
        "SELECT i.region, 'health/' || CASE WHEN p.health_expiry IS NULL OR NOT p.health_passed THEN 'none'
           WHEN p.health_expiry < :at THEN 'expired'
           WHEN p.health_expiry <= date(:at, '+7 days') THEN '7' WHEN p.health_expiry <= date(:at, '+30 days') THEN '30'
           WHEN p.health_expiry <= date(:at, '+90 days') THEN '90' ELSE 'more' END AS bucket, count(*)
         FROM engagement e JOIN person p ON p.id = e.person JOIN institution i ON i.id = e.institution
         WHERE e.standing GROUP BY 1, 2",
    ),
    (
        "papers",
        "SELECT i.region, 'query/' || CASE WHEN p.query_until IS NULL THEN 'none' WHEN p.query_until < :at THEN 'expired'
           WHEN p.query_until <= date(:at, '+7 days') THEN '7' WHEN p.query_until <= date(:at, '+30 days') THEN '30'
           WHEN p.query_until <= date(:at, '+90 days') THEN '90' ELSE 'more' END AS bucket, count(*)
         FROM engagement e JOIN person p ON p.id = e.person JOIN institution i ON i.id = e.institution
         WHERE e.standing GROUP BY 1, 2",
    ),
    (
        "inspections_by_status",
        "SELECT i.region, n.status, count(*) FROM inspection n JOIN institution i ON i.id = n.institution GROUP BY 1, 2",
    ),
    (
        "inspections_by_purpose",
        "SELECT i.region, n.purpose, count(*) FROM inspection n JOIN institution i ON i.id = n.institution GROUP BY 1, 2",
    ),
    (
        "visits_by_month",
        "SELECT i.region, substr(n.visited_date, 1, 7), count(*) FROM inspection n JOIN institution i ON i.id = n.institution
         WHERE n.visited_date <= :at AND n.status NOT IN ('aborted', 'cancelled') GROUP BY 1, 2",
    ),
    (
        "ratio_exceeded",
        "SELECT i.region, '', sum(n.ratio_exceeded) FROM inspection n JOIN institution i ON i.id = n.institution GROUP BY 1",
    ),
    (
        "backfilled",
        "SELECT i.region, '', sum(n.backfilled) FROM inspection n JOIN institution i ON i.id = n.institution GROUP BY 1",
    ),
    (
        "backfilled_late",
        "SELECT i.region, '', sum(n.backfilled_late) FROM inspection n JOIN institution i ON i.id = n.institution GROUP BY 1",
    ),
    (
        "approvals_due",
        "SELECT i.region, '', sum(n.approval_due IS NOT NULL) FROM inspection n JOIN institution i ON i.id = n.institution
         GROUP BY 1",
    ),
    (
        "approvals_overdue",
        "SELECT i.region, '', count(*) FROM inspection n JOIN institution i ON i.id = n.institution
         WHERE n.approval_due < :at GROUP BY 1",
    ),
    (
        "approvals_late",
        "SELECT i.region, '', sum(n.approved_late) FROM inspection n JOIN institution i ON i.id = n.institution GROUP BY 1",
    ),
    (
        "damaged_inspections",
        "SELECT i.region, '', count(*) FROM inspection n JOIN institution i ON i.id = n.institution
         WHERE EXISTS(SELECT 1 FROM damage d WHERE d.stream = 'inspection-' || n.id) GROUP BY 1",
    ),
    (
        "findings_by_state",
        "SELECT i.region, f.state, count(*) FROM finding f JOIN institution i ON i.id = f.institution GROUP BY 1, 2",
    ),
    (
        "findings_by_dimension",
        "SELECT i.region, f.dimension, count(*) FROM finding f JOIN institution i ON i.id = f.institution GROUP BY 1, 2",
    ),
    (
        "findings_by_dimension_and_weight",
        "SELECT i.region, f.dimension || '/' || f.weight, count(*) FROM finding f
         JOIN institution i ON i.id = f.institution GROUP BY 1, 2",
    ),
    (
        "open_findings",
        "SELECT i.region, '', sum(f.open) FROM finding f JOIN institution i ON i.id = f.institution GROUP BY 1",
    ),
    (
        "overdue_corrections",
        "SELECT i.region, '', count(*) FROM finding f JOIN institution i ON i.id = f.institution
         WHERE f.state IN ('correction_due', 'overdue') AND f.due_date < :at GROUP BY 1",
    ),
    (
        "assistance",
        "SELECT i.region, '', count(*) FROM assistance t JOIN institution i ON i.id = t.institution GROUP BY 1",
    ),
];

/// Institutions in operation with the classes that hold at the end of the day.
const PLACES: &str = "SELECT i.region, (SELECT f.value FROM fact f WHERE f.institution = i.id AND f.key = 'places'
    AND f.withdrawn IS NULL AND (f.valid_from IS NULL OR f.valid_from <= :end) AND (f.valid_to IS NULL OR f.valid_to > :end)
    ORDER BY ifnull(f.valid_from, '') DESC, f.recorded_time DESC, f.stream DESC, f.revision DESC, f.n DESC LIMIT 1)
    FROM institution i WHERE i.status IN ('filed', 'nonconforming', 'licensed')";

const POSTS: &str = "SELECT i.region, e.post, count(*) AS engaged, sum(e.state = 'off_duty') AS off_duty,
    sum(e.qualified) AS qualified, sum(ifnull(p.health_passed AND p.health_expiry >= :at, 0)) AS healthy,
    sum(ifnull(p.query_clear AND p.query_until >= :at, 0)) AS queried,
    sum(ifnull(p.bar_from <= :at AND (p.bar_until IS NULL OR p.bar_until >= :at), 0)) AS barred, sum(NOT e.qualified) AS unqualified
    FROM engagement e JOIN person p ON p.id = e.person JOIN institution i ON i.id = e.institution
    WHERE e.standing GROUP BY i.region, e.post";

const AT_WORK: &str = "SELECT e.person, i.region,
    ifnull(p.bar_from <= :at AND (p.bar_until IS NULL OR p.bar_until >= :at), 0)
    FROM engagement e JOIN person p ON p.id = e.person JOIN institution i ON i.id = e.institution WHERE e.standing";

const CORRECTIONS: &str = "SELECT i.region, sum(f.state IN ('correction_due', 'overdue') AND f.due_date >= :at) AS due,
    sum(f.state IN ('correction_due', 'overdue') AND f.due_date < :at) AS overdue,
    sum(f.state = 'correction_claimed') AS correction_claimed, sum(f.state = 'verified') AS verified,
    sum(f.state = 'corrected_on_site') AS corrected_on_site, sum(f.state = 'cited') AS cited,
    sum(f.rejected) AS rejections, sum(f.extended > 0) AS findings_extended
    FROM finding f JOIN institution i ON i.id = f.institution GROUP BY i.region";

const VISITS: &str = "SELECT i.region, sum(y.counted) AS visits_counted, sum(y.noted) AS visits_noted,
    sum(ifnull(y.counted >= y.cap, 0)) AS at_cap FROM (
      SELECT v.institution, sum(v.counts) AS counted, sum(NOT v.counts) AS noted, (SELECT l.cap FROM visit l
        WHERE l.institution = v.institution AND l.year = v.year AND l.counts AND l.cap IS NOT NULL
        ORDER BY l.revision DESC LIMIT 1) AS cap
      FROM visit v WHERE v.year = CAST(substr(:at, 1, 4) AS INTEGER) GROUP BY v.institution) y
    JOIN institution i ON i.id = y.institution GROUP BY i.region";

fn number(row: &rusqlite::Row<'_>, column: impl rusqlite::RowIndex) -> u64 {
    u64::try_from(row.get::<_, i64>(column).unwrap()).unwrap()
}

impl Rows {
    /// Opens the file beside the server that writes it.
    pub fn of(data: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(data.join("views.db"), flags).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
        Self(connection)
    }

    fn each(&self, sql: &str, at: Date, soon: Date, mut take: impl FnMut(&rusqlite::Row<'_>)) {
        let mut statement = self.0.prepare_cached(sql).unwrap();
        for (name, value) in [
            (":at", at.to_string()),
            (":soon", soon.to_string()),
            (":end", format!("{:.9}", end_of(at))),
        ] {
            if let Some(index) = statement.parameter_index(name).unwrap() {
                statement.raw_bind_parameter(index, value).unwrap();
            }
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().unwrap() {
            take(row);
        }
    }

    /// Alerts with the division of their institution.
    pub fn told_alerts(&self) -> Vec<Alert> {
        let mut statement = self
            .0
            .prepare_cached(
                "SELECT i.region, l.rule, l.severity, ifnull(l.policy_id || '@' || l.policy_version, '-'), l.status,
                   l.acknowledged_time IS NOT NULL
                 FROM alert l JOIN institution i ON i.id = l.institution",
            )
            .unwrap();
        let alert = |row: &rusqlite::Row<'_>| {
            Ok(Alert {
                region: row.get(0)?,
                rule: row.get(1)?,
                severity: row.get(2)?,
                policy: row.get(3)?,
                status: row.get(4)?,
                acknowledged: row.get(5)?,
            })
        };
        statement.query_map([], alert).unwrap().map(Result::unwrap).collect()
    }

    /// Everything counted at a day.
    pub fn count(&self, at: Date, soon: Date) -> Counted {
        let mut counted = Counted::default();
        for (name, sql) in COUNTS {
            self.each(sql, at, soon, |row| {
                let counts = counted.by_region.entry(row.get(0).unwrap()).or_default();
                add(counts, name, row.get::<_, String>(1).unwrap(), number(row, 2));
            });
        }
        self.each(PLACES, at, soon, |row| {
            let counts = counted.by_region.entry(row.get(0).unwrap()).or_default();
            let places = row
                .get::<_, Option<String>>(1)
                .unwrap()
                .map_or(0, |text| text.parse().unwrap());
            add(counts, "places", "", places);
        });
        self.each(POSTS, at, soon, |row| {
            let counts = counted.by_region.entry(row.get(0).unwrap()).or_default();
            let post: String = row.get(1).unwrap();
            for name in [
                "engaged",
                "off_duty",
                "qualified",
                "healthy",
                "queried",
                "barred",
                "unqualified",
            ] {
                add(counts, name, &post, number(row, name));
            }
        });
        self.each(AT_WORK, at, soon, |row| {
            counted.at_work.push(AtWork {
                person: row.get(0).unwrap(),
                region: row.get(1).unwrap(),
                barred: row.get(2).unwrap(),
            });
        });
        self.each(CORRECTIONS, at, soon, |row| {
            let counts = counted.by_region.entry(row.get(0).unwrap()).or_default();
            for state in [
                "due",
                "overdue",
                "correction_claimed",
                "verified",
                "corrected_on_site",
                "cited",
            ] {
                add(counts, "corrections", state, number(row, state));
            }
            for name in ["rejections", "findings_extended"] {
                add(counts, name, "", number(row, name));
            }
        });
        self.each(VISITS, at, soon, |row| {
            let counts = counted.by_region.entry(row.get(0).unwrap()).or_default();
            for name in ["visits_counted", "visits_noted", "at_cap"] {
                add(counts, name, "", number(row, name));
            }
        });
        counted
    }
}
