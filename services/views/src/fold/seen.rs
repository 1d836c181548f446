//! One item of the log as views see it: what it is, and whom it concerns.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, Transaction};
use uuid::Uuid;
use yujian_domain::alert::AlertEvent;
use yujian_domain::dossier::{FactChange, Seen, facts, person_facts};
use yujian_domain::envelope::{Classification, Metadata, parse_metadata};
use yujian_domain::event::EventFamily;
use yujian_domain::incident::IncidentEvent;
use yujian_domain::inspection::InspectionEvent;
use yujian_domain::institution::InstitutionEvent;
use yujian_domain::person::PersonEvent;
use yujian_domain::system::SystemEvent;
use yujian_domain::visits::VisitsEvent;
use yujian_eventlog::{Item, Record};

use crate::error::ViewError;
use crate::view;

/// What an item of the log is.
pub(crate) enum What {
    /// An event of an institution.
    Institution(Box<InstitutionEvent>),
    /// An event of an incident.
    Incident(Box<IncidentEvent>),
    /// An event of a person.
    Person(Box<PersonEvent>),
    /// An event of an inspection.
    Inspection(Box<InspectionEvent>),
    /// An alert.
    Alert(Box<AlertEvent>),
    /// An event of a counter of visits.
    Visits(Box<VisitsEvent>),
    /// An event of Yujian's own streams.
    System(Box<SystemEvent>),
    /// An event of a type that this version does not know.
    Unknown,
    /// A record that can't be served, or does not read as what its type says.
    Damaged(String),
}

/// Whose stream an item stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// An institution's.
    Institution(Uuid),
    /// An incident's.
    Incident(Uuid),
    /// A person's.
    Person(Uuid),
    /// An inspection's.
    Inspection(Uuid),
    /// An alert's.
    Alert(Uuid),
    /// The counter of an institution's visits in a year.
    Visits(Uuid, i16),
    /// Any other, or not known.
    Other,
}

impl Home {
    fn of(stream: &str) -> Self {
        let Some((category, id)) = stream.split_once('-') else {
            return Self::Other;
        };
        let home: fn(Uuid) -> Self = match category {
            "institution" => Self::Institution,
            "incident" => Self::Incident,
            "person" => Self::Person,
            "inspection" => Self::Inspection,
            "alert" => Self::Alert,
            "visits" => {
                let counter = id.rsplit_once('.').and_then(|(institution, year)| {
                    Some(Self::Visits(Uuid::parse_str(institution).ok()?, year.parse().ok()?))
                });
                return counter.unwrap_or(Self::Other);
            }
            _ => return Self::Other,
        };
        Uuid::parse_str(id).map_or(Self::Other, home)
    }
}

/// An item of the log as views see it.
pub(crate) struct EventSeen<'a> {
    /// Stream; empty when a damaged record does not even tell that.
    pub(crate) stream: &'a str,
    /// Whose stream that is.
    pub(crate) home: Home,
    /// Revision, when known.
    pub(crate) revision: Option<u64>,
    /// The record, unless it is damaged.
    pub(crate) record: Option<&'a Record>,
    /// Its envelope, when it reads.
    pub(crate) metadata: Option<Metadata>,
    /// What it is.
    pub(crate) what: What,
    /// Institution concerned, when known: the one whose stream it is, the one of the incident, inspection, alert or
    /// counter, or the one that an event of a person names.
    pub(crate) institution: Option<Uuid>,
    /// Institutions whose pages it touches: the one concerned, and for a person those where the person stands engaged.
    pub(crate) touched: BTreeSet<Uuid>,
    /// What it does to the institution's dossier.
    pub(crate) facts: FactChange,
    /// What it does to the person's dossier.
    pub(crate) person_facts: FactChange,
    /// When it was recorded; for a damaged record, when the one before it was.
    pub(crate) recorded_time: Timestamp,
}

impl<'a> EventSeen<'a> {
    /// Revision as rows hold it.
    pub(crate) fn revision_column(&self) -> Option<i64> {
        self.revision.map(crate::database::integer)
    }

    /// The legal day from which the event has effect, when known.
    pub(crate) fn effective_day(&self) -> Option<Date> {
        let metadata = self.metadata.as_ref()?;
        metadata
            .effective_from
            .map(yujian_domain::time::day_of)
            .or(metadata.occurred.day())
    }

    /// The legal day on which it happened, when known.
    pub(crate) fn occurred_day(&self) -> Option<Date> {
        self.metadata.as_ref().and_then(|metadata| metadata.occurred.day())
    }

    /// Who may see it. What does not read is for the regulator, who can see to it.
    pub(crate) fn classification(&self) -> Classification {
        let metadata = self.metadata.as_ref();
        metadata.map_or(Classification::Regulator, |metadata| metadata.classification)
    }

    /// The same as rows hold it: the code in the envelope.
    pub(crate) fn classification_column(&self) -> &'static str {
        match self.classification() {
            Classification::Public => "public",
            Classification::Operator => "operator",
            Classification::Regulator => "regulator",
        }
    }

    /// Whether it stands in the stream of an institution.
    pub(crate) fn is_of_institution(&self) -> bool {
        matches!(self.home, Home::Institution(_))
    }

    /// The person in whose stream it stands; nothing for Yujian's own events there.
    pub(crate) fn person(&self) -> Option<Uuid> {
        match (self.home, &self.what) {
            (_, What::System(_)) => None,
            (Home::Person(person), _) => Some(person),
            _ => None,
        }
    }

    /// The incident in whose stream it stands.
    pub(crate) fn incident(&self) -> Option<Uuid> {
        match self.home {
            Home::Incident(incident) => Some(incident),
            _ => None,
        }
    }

    /// The inspection in whose stream it stands.
    pub(crate) fn inspection(&self) -> Option<Uuid> {
        match self.home {
            Home::Inspection(inspection) => Some(inspection),
            _ => None,
        }
    }

    /// Reads an item. The rows tell whose the streams are that do not name their institution in every event.
    pub(crate) fn read(transaction: &Transaction<'_>, item: &'a Item, last: Timestamp) -> Result<Self, ViewError> {
        let stream = match item {
            Item::Record(record) => record.stream.as_str(),
            Item::Damaged(damage) => damage.stream.as_ref().map_or("", |stream| stream.as_str()),
        };
        let mut seen = Self {
            stream,
            home: Home::of(stream),
            revision: None,
            record: None,
            metadata: None,
            what: What::Unknown,
            institution: None,
            touched: BTreeSet::new(),
            facts: FactChange::default(),
            person_facts: FactChange::default(),
            recorded_time: last,
        };
        match item {
            Item::Record(record) => {
                seen.revision = Some(record.revision);
                seen.record = Some(record);
                seen.recorded_time = record.recorded_time;
                match parse_metadata(&record.metadata) {
                    Ok(metadata) => {
                        seen.metadata = Some(metadata);
                        seen.what = decode(seen.home, record);
                    }
                    // The texts of these errors may quote a payload; the rows of views say only what kind of fault it is.
                    Err(_) => seen.what = What::Damaged("the envelope does not read".to_owned()),
                }
            }
            Item::Damaged(damage) => {
                seen.revision = damage.revision;
                seen.what = What::Damaged(damage.problem.clone());
            }
        }
        if !matches!(seen.what, What::System(_)) {
            seen.institution = seen.find_institution(transaction)?;
            seen.touched.extend(seen.institution);
            if let Home::Person(person) = seen.home {
                seen.touched.extend(view::engagement::standing_at(transaction, person)?);
            }
        }
        seen.take_facts();
        Ok(seen)
    }

    fn find_institution(&self, connection: &Connection) -> Result<Option<Uuid>, ViewError> {
        Ok(match (self.home, &self.what) {
            (Home::Institution(id) | Home::Visits(id, _), _) => Some(id),
            // The first event that names an institution settles it, as in the state that decides.
            (Home::Incident(id), what) => match (view::incident::institution_of(connection, id)?, what) {
                (None, What::Incident(event)) => view::incident::names(event),
                (known, _) => known,
            },
            (Home::Inspection(id), what) => match (view::inspection::institution_of(connection, id)?, what) {
                (None, What::Inspection(event)) => view::inspection::names(event),
                (known, _) => known,
            },
            (_, What::Person(event)) => event.institution(),
            // Only its first event names the institution.
            (Home::Alert(id), What::Alert(event)) => match event.as_ref() {
                AlertEvent::AlertRaised(raised) => Some(raised.institution),
                _ => view::alert::concerned(connection, id)?.map(|concerned| concerned.institution),
            },
            _ => None,
        })
    }

    /// What it does to the dossiers of the institution and of the person.
    fn take_facts(&mut self) {
        let Some(record) = self.record else { return };
        if matches!(self.what, What::System(_) | What::Unknown | What::Damaged(_)) {
            return;
        }
        let seen = asserting(record);
        let of_institution = self.institution.map_or(Ok(None), |_| facts(&seen));
        let of_person = self.person().map_or(Ok(None), |_| person_facts(&seen));
        match (of_institution, of_person) {
            (Ok(of_institution), Ok(of_person)) => {
                self.facts = of_institution.unwrap_or_default();
                self.person_facts = of_person.unwrap_or_default();
            }
            _ => self.what = What::Damaged(fault(record)),
        }
    }
}

/// A record as the dossier sees it.
fn asserting(record: &Record) -> Seen<'_> {
    Seen {
        stream: record.stream.as_str(),
        revision: record.revision,
        event_id: record.id,
        event_type: &record.event_type,
        metadata: &record.metadata,
        payload: &record.payload,
        recorded_time: record.recorded_time,
    }
}

fn fault(record: &Record) -> String {
    format!("the payload does not read as {}", record.event_type)
}

/// Reads a payload as the family whose stream it stands in, else as one of Yujian's own events.
fn decode(home: Home, record: &Record) -> What {
    let read = match home {
        Home::Institution(_) => family(record, What::Institution),
        Home::Incident(_) => family(record, What::Incident),
        Home::Person(_) => family(record, What::Person),
        Home::Inspection(_) => family(record, What::Inspection),
        Home::Alert(_) => family(record, What::Alert),
        Home::Visits(..) => family(record, What::Visits),
        Home::Other => None,
    };
    read.or_else(|| family(record, What::System)).unwrap_or(What::Unknown)
}

fn family<E: EventFamily>(record: &Record, what: fn(Box<E>) -> What) -> Option<What> {
    match E::decode(&record.event_type, &record.payload) {
        Ok(event) => event.map(|event| what(Box::new(event))),
        Err(_) => Some(What::Damaged(fault(record))),
    }
}
