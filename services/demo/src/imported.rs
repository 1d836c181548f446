//! What an old register knew: an institution, an incident, a visit with a finding and advice.

use std::collections::BTreeMap;

use uuid::Uuid;
use yujian_command::{Outcome, Request};
use yujian_domain::aggregate::Aggregate;
use yujian_domain::envelope::{Actor, Provenance, Role};
use yujian_domain::incident::{self, Category, Incident, IncidentCommand, Injury, RecordImportedIncident, Severity};
use yujian_domain::inspection::{ImportedKind, Inspection, InspectionCommand, RecordImportedInspection, Weight};
use yujian_domain::institution::{Institution, InstitutionCommand, RecordImportedInstitution};
use yujian_domain::time::Occurred;
use yujian_domain::values::ExternalId;

use crate::story::{DemoError, Story};

const REGISTER: &str = "浙江省托育机构旧台账";
const INSTITUTIONS: Uuid = Uuid::from_u128(0x2f6d_3d3a_7f0e_4d61_9a11_6f0c_77d1_0b5e);
const INCIDENTS: Uuid = Uuid::from_u128(0x8d5b_3c11_4a27_4f3e_b0a5_54a3_3d0f_9e41);
const INSPECTIONS: Uuid = Uuid::from_u128(0x61c8_0f5d_3b92_4a07_8e64_c1a9_52f7_70d3);

fn importer() -> Actor {
    Actor {
        id: "importer".to_owned(),
        role: Role::Administrator,
        organisation: None,
        jurisdiction: None,
    }
}

fn external(number: &str) -> ExternalId {
    ExternalId {
        register: REGISTER.to_owned(),
        number: number.to_owned(),
    }
}

impl Story<'_> {
    pub(crate) async fn import(&mut self, index: usize) -> Result<(), DemoError> {
        let member = &self.members[index];
        let number = format!("{index:05}");
        let command = InstitutionCommand::RecordImported(RecordImportedInstitution {
            external: external(&number),
            name: member.name.clone(),
            address: Some(member.address.clone()),
            region: member.region.clone(),
            credit_code: None,
            institution_type: member.institution_type,
            register_type: Some("早教中心".to_owned()),
            register_status: None,
            mode: member.mode,
            ownership: member.ownership,
            classes: member.classes.clone(),
            valid_from_date: None,
            edition_date: None,
        });
        let id = Uuid::new_v5(&INSTITUTIONS, number.as_bytes());
        let institution = self.import_row::<Institution>(index, id, command).await?.id;
        self.members[index].id = Some(institution);
        self.import_incident(index, institution).await?;
        self.import_visit(index, institution).await
    }

    async fn import_row<A: Aggregate>(
        &mut self,
        index: usize,
        id: Uuid,
        command: A::Command,
    ) -> Result<Outcome<A>, DemoError> {
        let mut request = Request::new(importer(), self.dice.uuid(), "yujian import", Some(id), command);
        request.occurred = Some(Occurred::Unknown);
        request.provenance = Some(Provenance {
            source: REGISTER.to_owned(),
            sha256: "0".repeat(64),
            line: index as u64 + 2,
        });
        self.execute("import", request).await
    }

    async fn import_incident(&mut self, index: usize, institution: Uuid) -> Result<(), DemoError> {
        let number = format!("S{index:05}");
        let command = IncidentCommand::RecordImported(RecordImportedIncident {
            institution,
            external: external(&number),
            ordinal: 1,
            category: Category::MinorInjury,
            intake_date: None,
            completed_date: None,
            injury: Injury::Fall,
            severity: Severity::Minor,
            outcome: incident::Outcome::Unknown,
            details: BTreeMap::new(),
            narrative: None,
        });
        let id = Uuid::new_v5(&INCIDENTS, number.as_bytes());
        self.import_row::<Incident>(index, id, command).await.map(|_| ())
    }

    async fn import_visit(&mut self, index: usize, institution: Uuid) -> Result<(), DemoError> {
        let number = format!("J{index:05}");
        let id = Uuid::new_v5(&INSPECTIONS, number.as_bytes());
        for (kind, standard, weight) in [
            (ImportedKind::Finding, "安全通道应保持畅通", Weight::General),
            (ImportedKind::TechnicalAssistance, "食谱公示", Weight::Unknown),
        ] {
            let command = InspectionCommand::RecordImported(RecordImportedInspection {
                institution,
                external: external(&number),
                ordinal: 1,
                visit_date: None,
                kind,
                standard: standard.to_owned(),
                weight,
                corrected_date: None,
                details: BTreeMap::new(),
                narrative: None,
            });
            self.import_row::<Inspection>(index, id, command).await?;
        }
        Ok(())
    }
}
