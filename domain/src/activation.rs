//! Activating reference data by command: whether a policy document or a holiday table may become active, and the event that
//! says so. The first start of a log activates what ships without asking here.
//!
//! What is active decides from its first day on. A document whose first day has come already would change decisions that
//! were made, so it takes a second person; so does a table that changes days which have passed.

use jiff::civil::Date;

use crate::calendar::{Calendar, CalendarError, Holiday, implausible};
use crate::check::Check;
use crate::envelope::PolicyRef;
use crate::policy::{NATION, PolicyDocument};
use crate::reference::{ActivePolicy, Reference, sha256_hex};
use crate::rejection::{Reason, Rejection, Violation};
use crate::system::{HolidaysActivated, PolicyActivated};

/// Longest document or table, in bytes: an event holds all of it, and the log takes events of 256 KiB.
const LONGEST_DOCUMENT: usize = 200_000;
/// Longest account and source, in characters.
const LONGEST_NAME: usize = 200;

/// Who activates, and when.
#[derive(Debug, Clone, Copy)]
pub struct Activating<'a> {
    /// Account that asks.
    pub actor: &'a str,
    /// Account of the second person, when one approves.
    pub approver: Option<&'a str>,
    /// Legal day of the activation.
    pub today: Date,
}

impl Activating<'_> {
    /// The second person, when what is asked needs one.
    ///
    /// # Errors
    /// `TWO_PERSON_RULE` when the approver is the one who asks; a violation of `field` under `rule` when there is none.
    fn second_person(&self, rule: &str, message: &str, message_zh: &str) -> Result<String, Rejection> {
        match self.approver {
            None => Err(Rejection::field("approver", rule, message, message_zh)),
            Some(approver) if approver.trim() == self.actor => Err(Rejection::new(
                Reason::TwoPersonRule,
                "another person than the one who activates approves what reaches back",
                "追溯生效须由另一人批准",
            )),
            Some(approver) => Ok(approver.trim().to_owned()),
        }
    }

    fn check(&self, check: &mut Check) {
        check.text_if_some("approver", self.approver, LONGEST_NAME);
    }
}

/// Whether a policy document may become active beside what is `active`, and the event that says so.
///
/// # Errors
/// A violation of `document` or of a member of it (POL-01, POL-04, POL-05), `ALREADY_EXISTS` when another text is active
/// under its id and version (POL-02), `NOTHING_TO_DO` when this one is, `TWO_PERSON_RULE` or a violation of `approver`
/// when its first day has come (POL-03).
pub fn policy(active: &Reference, text: &str, by: &Activating<'_>) -> Result<PolicyActivated, Rejection> {
    let mut check = Check::default();
    by.check(&mut check);
    long(&mut check, "document", text);
    check.done()?;
    let document = parsed(text)?;
    let sha256 = sha256_hex(text);
    // rule: POL-02
    let mut same_id = active.active().iter().filter(|known| known.reference.id == document.id);
    if let Some(known) = same_id
        .clone()
        .find(|known| known.reference.version == document.version)
    {
        return Err(if known.reference.sha256 == sha256 {
            nothing_to_do()
        } else {
            altered(&known.reference)
        });
    }
    let mut check = Check::default();
    // rule: POL-04
    check.ensure(
        document.region == NATION || active.divisions.get(&document.region).is_some(),
        "document.region",
        "POL-04",
        "must be CN or a division of the division tables",
        "须为CN或区划表中的区划代码",
    );
    // rule: POL-05
    let (kind, region) = (document.body.kind(), document.region.as_str());
    check.ensure(
        same_id.all(|known| known.document.body.kind() == kind && known.document.region == region),
        "document.id",
        "POL-05",
        "is the id of a document of another kind or region",
        "该编号已用于其他类别或地区的政策文件",
    );
    let rival = active.active().iter().find(|known| {
        known.reference.id != document.id && known.document.region == region && known.document.body.kind() == kind
    });
    if let Some(rival) = rival {
        let held = &rival.reference.id;
        check.wrong(
            "document.id",
            "POL-05",
            format!(
                "{region} has its {} rules in {held}: a change is a new version of that",
                kind.code()
            ),
            format!("{region}的{}政策为{held}，修改须为其新版本", kind.zh()),
        );
    }
    check.done()?;
    // rule: POL-03
    let retroactive_approver = (document.effective_date <= by.today)
        .then(|| {
            by.second_person(
                "POL-03",
                "is required: the document would apply from a day that has come already",
                "该政策文件的生效日期不晚于今日，须有批准人",
            )
        })
        .transpose()?;
    Ok(PolicyActivated {
        policy: document.id,
        version: document.version,
        sha256,
        effective_date: document.effective_date,
        retroactive_approver,
        document: text.to_owned(),
    })
}

/// A document as it would be when active, without asking whether it may be.
///
/// # Errors
/// A violation of `document` or of a member of it (POL-01).
pub fn checked(text: &str) -> Result<ActivePolicy, Rejection> {
    let mut check = Check::default();
    long(&mut check, "document", text);
    check.done()?;
    let document = parsed(text)?;
    Ok(ActivePolicy {
        reference: PolicyRef {
            id: document.id.clone(),
            version: document.version,
            sha256: sha256_hex(text),
        },
        document,
        text: text.to_owned(),
    })
}

// rule: POL-01
fn parsed(text: &str) -> Result<PolicyDocument, Rejection> {
    PolicyDocument::parse(text).map_err(|error| {
        let field = match error.path.as_str() {
            "." => "document".to_owned(),
            path => format!("document.{path}"),
        };
        Rejection::field(
            field,
            "POL-01",
            format!("is no policy document: {}", error.message),
            format!("不是有效的政策文件：{}", error.message),
        )
    })
}

fn altered(known: &PolicyRef) -> Rejection {
    Rejection::new(
        Reason::AlreadyExists,
        format!(
            "{} version {} is active with another text, and is never altered: a change is a new version",
            known.id, known.version
        ),
        format!(
            "{}第{}版已生效且内容不同；已生效的版本不得更改，修改须为新版本",
            known.id, known.version
        ),
    )
    .with("policy", &known.id)
    .with("version", known.version.to_string())
    .with("sha256", &known.sha256)
}

/// Whether a holiday table may take the place of the active one, and the event that says so.
///
/// # Errors
/// A violation of `table` with every line that is wrong (CAL-01, CAL-02), `NOTHING_TO_DO` when this text is active,
/// `TWO_PERSON_RULE` or a violation of `approver` when it changes days that have passed (CAL-03).
pub fn holidays(
    active: &Reference,
    table: &str,
    source: Option<&str>,
    by: &Activating<'_>,
) -> Result<HolidaysActivated, Rejection> {
    let mut check = Check::default();
    by.check(&mut check);
    check.text_if_some("source", source, LONGEST_NAME);
    long(&mut check, "table", table);
    check.done()?;
    let calendar = read(table)?;
    let sha256 = sha256_hex(table);
    if active.holidays().is_some_and(|known| known.sha256 == sha256) {
        return Err(nothing_to_do());
    }
    // rule: CAL-02
    if calendar.covered_until() < active.calendar.covered_until() {
        return Err(Rejection::field(
            "table",
            "CAL-02",
            "ends before the active table: deadlines that are firm would become provisional",
            "覆盖年份早于现行节假日表：已确定的期限将变为暂定",
        ));
    }
    // rule: CAL-03
    let changed = active.calendar.differs_until(&calendar, by.today);
    let retroactive_approver = changed
        .first()
        .filter(|_| active.holidays().is_some())
        .map(|day| {
            by.second_person(
                "CAL-03",
                &format!("is required: the table changes days that have passed, {day} first"),
                &format!("该表更改了已过去的日期（最早为{day}），须有批准人"),
            )
        })
        .transpose()?;
    let last_year = calendar.covered_until().and_then(|day| u16::try_from(day.year()).ok());
    Ok(HolidaysActivated {
        sha256,
        last_year: last_year.unwrap_or_default(),
        source: source.map(|source| source.trim().to_owned()),
        retroactive_approver,
        document: table.to_owned(),
    })
}

/// A table that parses and is plausible; else every line that is wrong.
// rule: CAL-01
fn read(table: &str) -> Result<Calendar, Rejection> {
    let wrong = match Holiday::read(table) {
        Ok(rows) => implausible(&rows),
        Err(error) => vec![error],
    };
    let violation = |error: CalendarError| Violation {
        field: "table".to_owned(),
        rule: "CAL-01".to_owned(),
        message: format!("line {}: {}", error.line, error.message),
        message_zh: format!("第{}行：{}", error.line, error.message_zh),
    };
    if !wrong.is_empty() {
        return Err(Rejection::fields(wrong.into_iter().map(violation).collect()));
    }
    Calendar::from_csv(table).map_err(|error| Rejection::fields(vec![violation(error)]))
}

fn long(check: &mut Check, field: &str, text: &str) {
    check.ensure(
        !text.trim().is_empty(),
        field,
        "GEN-03",
        "must not be blank",
        "不能为空",
    );
    check.ensure(
        text.len() <= LONGEST_DOCUMENT,
        field,
        "GEN-03",
        "is too long for one event",
        "内容过长",
    );
}

fn nothing_to_do() -> Rejection {
    Rejection::new(
        Reason::NothingToDo,
        "this text is active already",
        "该内容已生效，无需重复启用",
    )
}
