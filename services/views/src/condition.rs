//! SQL conditions with their values, put together piece by piece.

use rusqlite::types::Value;

use crate::model::Scope;

/// A conjunction. Values are always bound, never written into the text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Condition {
    clauses: Vec<String>,
    values: Vec<Value>,
}

impl Condition {
    /// Adds a clause with its values, in the order of its question marks.
    pub(crate) fn and(&mut self, clause: impl Into<String>, values: impl IntoIterator<Item = Value>) {
        self.clauses.push(clause.into());
        self.values.extend(values);
    }

    /// Adds `column IN (codes)`; an empty list means no restriction.
    pub(crate) fn and_in<'a>(&mut self, column: &str, codes: impl IntoIterator<Item = &'a str>) {
        let values: Vec<Value> = codes.into_iter().map(|code| Value::Text(code.to_owned())).collect();
        if !values.is_empty() {
            let marks = vec!["?"; values.len()].join(",");
            self.and(format!("{column} IN ({marks})"), values);
        }
    }

    /// Adds "`column` is the division `code` or lies within it". The same rule as `RegionId::is_within_code`, as a
    /// range, so that an index serves it.
    pub(crate) fn and_within(&mut self, column: &str, code: &str) {
        let text = |value: String| Value::Text(value);
        let digits = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
        if digits && matches!(code.len(), 2 | 4 | 6 | 9) {
            // ':' follows '9'.
            self.and(
                format!("({column} >= ? AND {column} < ?)"),
                [text(code.to_owned()), text(format!("{code}:"))],
            );
        } else if code.as_bytes().first().is_some_and(u8::is_ascii_uppercase) {
            // '0' follows '/'.
            self.and(
                format!("({column} = ? OR ({column} >= ? AND {column} < ?))"),
                [
                    text(code.to_owned()),
                    text(format!("{code}/")),
                    text(format!("{code}0")),
                ],
            );
        } else {
            self.and("0", []);
        }
    }

    /// Adds what a scope leaves of institutions, of the table known as `alias`.
    pub(crate) fn and_scope(&mut self, alias: &str, scope: &Scope) {
        self.and_scope_within(alias, scope, None);
    }

    /// Adds what a scope leaves of the institutions `i` of a region; `None` is everywhere.
    pub(crate) fn and_places(&mut self, scope: &Scope, region: Option<&str>) {
        self.and_scope_within("i", scope, region);
    }

    fn and_scope_within(&mut self, alias: &str, scope: &Scope, region: Option<&str>) {
        // One range, the narrowest: an index is read between two bounds and no others.
        match narrowest(scope, region).as_deref() {
            None => self.and("0", []),
            Some("") => {}
            Some(DOMESTIC) => self.and(format!("{alias}.region < 'A'"), []),
            Some(code) => self.and_within(&format!("{alias}.region"), code),
        }
        if let Some(organisation) = &scope.organisation {
            self.and(format!("{alias}.credit_code = ?"), [Value::Text(organisation.clone())]);
        }
    }

    /// Adds what a scope may see by the classification of events: an operator nothing that is for the regulator alone.
    pub(crate) fn and_shown(&mut self, alias: &str, scope: &Scope) {
        if scope.organisation.is_some() {
            self.and(format!("{alias}.classification <> 'regulator'"), []);
        }
    }

    /// Adds what an operator may know of inspections, of the table known as `alias`: those announced, and those whose
    /// inspectors have come. What is not announced must not be read by whoever is to be visited.
    pub(crate) fn and_told(&mut self, alias: &str, scope: &Scope) {
        if scope.organisation.is_some() {
            self.and(format!("{alias}.told"), []);
        }
    }

    /// Adds "one of these holds".
    pub(crate) fn and_any(&mut self, alternatives: impl IntoIterator<Item = Self>) {
        let (mut clauses, mut values) = (Vec::new(), Vec::new());
        for alternative in alternatives {
            clauses.push(format!("({})", alternative.all()));
            values.extend(alternative.values);
        }
        if clauses.is_empty() {
            self.and("0", []);
        } else {
            self.and(format!("({})", clauses.join(" OR ")), values);
        }
    }

    /// Adds that a row of `from` fits: `EXISTS(SELECT 1 FROM … WHERE …)`.
    pub(crate) fn and_exists(&mut self, from: &str, fits: Self) {
        self.and(
            format!("EXISTS(SELECT 1 FROM {from} WHERE {})", fits.all()),
            fits.values,
        );
    }

    /// Its clauses joined; `1` when nothing restricts.
    fn all(&self) -> String {
        if self.clauses.is_empty() {
            "1".to_owned()
        } else {
            self.clauses.join(" AND ")
        }
    }

    /// ` WHERE …`, or ` WHERE 1` when nothing restricts.
    pub(crate) fn sql(&self) -> String {
        format!(" WHERE {}", self.all())
    }

    /// ` AND …`, for a statement that has its own conditions already.
    pub(crate) fn and_sql(&self) -> String {
        format!(" AND {}", self.all())
    }

    /// The values of its question marks.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.values.iter()
    }
}

/// What stands for every division of the country itself, where codes stand.
pub(crate) const DOMESTIC: &str = ".";

/// The narrowest division that a scope and a region leave: empty for everything, [`DOMESTIC`] for what lies in no foreign
/// register's tree; `None` when nothing is left.
pub(crate) fn narrowest(scope: &Scope, region: Option<&str>) -> Option<String> {
    let all = if scope.domestic_only { DOMESTIC } else { "" };
    let own = narrower(all.to_owned(), scope.jurisdiction.as_deref())?;
    narrower(own, region)
}

/// The narrower of what is held and of a division that was asked for, of which one holds the other.
fn narrower(held: String, asked: Option<&str>) -> Option<String> {
    let Some(asked) = asked else { return Some(held) };
    let lies_in = |code: &str, whole: &str| match whole {
        "" => true,
        DOMESTIC => !code.is_empty() && !code.as_bytes()[0].is_ascii_uppercase(),
        whole => is_within(code, whole),
    };
    // What is no code holds nothing, itself included.
    if !is_within(asked, asked) {
        None
    } else if lies_in(asked, &held) {
        Some(asked.to_owned())
    } else if lies_in(&held, asked) {
        Some(held)
    } else {
        None
    }
}

/// Whether `region` is the division `code` or lies within it: the rule of [`Condition::and_within`], in Rust.
pub(crate) fn is_within(region: &str, code: &str) -> bool {
    if code.as_bytes().first().is_some_and(u8::is_ascii_uppercase) {
        return region == code || region.strip_prefix(code).is_some_and(|rest| rest.starts_with('/'));
    }
    matches!(code.len(), 2 | 4 | 6 | 9) && code.bytes().all(|byte| byte.is_ascii_digit()) && region.starts_with(code)
}
