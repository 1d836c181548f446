//! What a row of a foreign register says, fact by fact: to see what a later edition changes, and what is held otherwise
//! here.

use serde_json::{Value, json};

use super::{Institution, InstitutionType, Mode, Ownership, RecordImported, RecordImportedInstitution, RegisterFact};

impl From<&RecordImportedInstitution> for RecordImported {
    /// The row as its event holds it, before it is known what it changes.
    fn from(command: &RecordImportedInstitution) -> Self {
        Self {
            external: command.external.clone(),
            name: command.name.clone(),
            address: command.address.clone(),
            region: command.region.clone(),
            credit_code: command.credit_code.clone(),
            institution_type: command.institution_type,
            register_type: command.register_type.clone(),
            register_status: command.register_status.clone(),
            mode: command.mode,
            ownership: command.ownership,
            classes: command.classes.clone(),
            valid_from_date: command.valid_from_date,
            edition_date: command.edition_date,
            changed: Vec::new(),
        }
    }
}

impl RecordImported {
    /// What the row says of a fact, in the dossier's form; `None` when it does not tell. A code without counterpart
    /// (`unknown`) and an empty list of classes tell nothing.
    #[must_use]
    pub fn told(&self, fact: RegisterFact) -> Option<Value> {
        match fact {
            RegisterFact::Name => Some(json!(self.name)),
            RegisterFact::Address => self.address.as_ref().map(|address| json!(address)),
            RegisterFact::Region => Some(json!(self.region)),
            RegisterFact::CreditCode => self.credit_code.as_ref().map(|code| json!(code)),
            RegisterFact::InstitutionType => {
                (self.institution_type != InstitutionType::Unknown).then(|| json!(self.institution_type))
            }
            RegisterFact::RegisterType => self.register_type.as_ref().map(|words| json!(words)),
            RegisterFact::RegisterStatus => self.register_status.as_ref().map(|words| json!(words)),
            RegisterFact::Mode => (self.mode != Mode::Unknown).then(|| json!(self.mode)),
            RegisterFact::Ownership => (self.ownership != Ownership::Unknown).then(|| json!(self.ownership)),
            RegisterFact::Classes => (!self.classes.is_empty()).then(|| json!(self.classes)),
        }
    }

    /// Facts that this row changes: told otherwise than by the row `before`, and held here as that row told them, or
    /// already as this one does. What was changed here by an act of its own outranks the register.
    // rule: GEN-10
    #[must_use]
    pub fn changes(&self, before: &Self, held: &Institution) -> Vec<RegisterFact> {
        let changes = |fact: &RegisterFact| {
            let (told, earlier, here) = (self.told(*fact), before.told(*fact), held.holds(*fact));
            told.is_some() && told != earlier && (here == earlier || here == told)
        };
        RegisterFact::ALL.iter().copied().filter(changes).collect()
    }

    /// Facts that this row tells and the institution holds otherwise.
    #[must_use]
    pub fn held_otherwise(&self, held: &Institution) -> Vec<RegisterFact> {
        let otherwise = |fact: &RegisterFact| {
            let told = self.told(*fact);
            told.is_some() && told != held.holds(*fact)
        };
        RegisterFact::ALL.iter().copied().filter(otherwise).collect()
    }

    /// Places over all classes.
    #[must_use]
    pub fn places(&self) -> u64 {
        self.classes.iter().map(|class| u64::from(class.places.count())).sum()
    }
}

impl Institution {
    /// What is held of a fact; `None` when it is not known. The register's own words stand in its rows alone.
    fn holds(&self, fact: RegisterFact) -> Option<Value> {
        match fact {
            RegisterFact::Name => Some(json!(self.name)),
            RegisterFact::Address => self.address.as_ref().map(|address| json!(address)),
            RegisterFact::Region => self.region.as_ref().map(|region| json!(region)),
            RegisterFact::CreditCode => self.credit_code.as_ref().map(|code| json!(code)),
            RegisterFact::InstitutionType => self
                .institution_type
                .filter(|code| *code != InstitutionType::Unknown)
                .map(|code| json!(code)),
            RegisterFact::RegisterType | RegisterFact::RegisterStatus => {
                self.imported.as_ref().and_then(|row| row.told(fact))
            }
            RegisterFact::Mode => self.mode.filter(|code| *code != Mode::Unknown).map(|code| json!(code)),
            RegisterFact::Ownership => self
                .ownership
                .filter(|code| *code != Ownership::Unknown)
                .map(|code| json!(code)),
            RegisterFact::Classes => (!self.classes.is_empty()).then(|| json!(self.classes)),
        }
    }
}
