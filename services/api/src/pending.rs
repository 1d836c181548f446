//! Temporary.
use jiff::civil::Date;
use uuid::Uuid;
use yujian_views::*;
#[allow(dead_code)]
pub(crate) trait Pending {
    async fn persons(&self, _q: PersonQuery) -> Result<Page<PersonRow>, ViewError> {
        Err(ViewError::Unavailable(String::new()))
    }
    async fn person(&self, _s: &Scope, _i: Uuid, _a: Date) -> Result<Option<PersonDetail>, ViewError> {
        Err(ViewError::Unavailable(String::new()))
    }
    async fn staff(&self, _q: StaffQuery) -> Result<Page<EngagementRow>, ViewError> {
        Err(ViewError::Unavailable(String::new()))
    }
    async fn credentials(&self, _q: CredentialQuery) -> Result<Page<CredentialRow>, ViewError> {
        Err(ViewError::Unavailable(String::new()))
    }
    async fn staff_figures(&self, _s: &Scope, _r: Option<&str>, _a: Date) -> Result<StaffFigures, ViewError> {
        Err(ViewError::Unavailable(String::new()))
    }
    async fn person_dossier(&self, _s: &Scope, _i: Uuid) -> Result<Option<DossierFacts>, ViewError> {
        Err(ViewError::Unavailable(String::new()))
    }
    async fn timeline_of_person(
        &self,
        _s: &Scope,
        _i: Uuid,
        _a: Option<String>,
        _l: u32,
    ) -> Result<Page<TimelineRow>, ViewError> {
        Err(ViewError::Unavailable(String::new()))
    }
    async fn inspections(&self, _q: InspectionQuery) -> Result<Page<InspectionRow>, ViewError> {
        Err(ViewError::Unavailable(String::new()))
    }
    async fn inspection(&self, _s: &Scope, _i: Uuid) -> Result<Option<InspectionDetail>, ViewError> {
        Err(ViewError::Unavailable(String::new()))
    }
    async fn findings(&self, _q: FindingQuery) -> Result<Page<FindingRow>, ViewError> {
        Err(ViewError::Unavailable(String::new()))
    }
    async fn conduct_figures(&self, _s: &Scope, _r: Option<&str>, _a: Date) -> Result<ConductFigures, ViewError> {
        Err(ViewError::Unavailable(String::new()))
    }
    async fn alerts(&self, _q: AlertQuery) -> Result<Page<AlertRow>, ViewError> {
        Err(ViewError::Unavailable(String::new()))
    }
}
impl Pending for Views {}
