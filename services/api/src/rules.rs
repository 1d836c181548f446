//! Who may call which method: the `yujian.common.v1.rule` option of each method, read once at start-up.

use std::collections::BTreeMap;

use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, ReflectMessage, Value};
use yujian_domain::envelope::Role;

/// Full name of the method option.
const RULE: &str = "yujian.common.v1.rule";

/// Who may call one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MethodRule {
    /// Anyone, also without an actor.
    Public,
    /// These roles and nobody else.
    Roles(Vec<Role>),
}

/// Why the table can't be built. The server must not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The descriptor set can't be read, or the option is not defined in it.
    #[error("descriptor set: {0}")]
    Descriptors(String),
    /// A method of ours has no rule.
    #[error("method {0} has no {RULE} option")]
    Missing(String),
    /// A rule names nobody, everybody and somebody, or a role that does not exist.
    #[error("method {method}: {problem}")]
    Senseless {
        /// The method.
        method: String,
        /// What is wrong.
        problem: &'static str,
    },
}

/// The rule of every method of our services, by path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTable(BTreeMap<String, MethodRule>);

impl RuleTable {
    /// Reads the rules out of an encoded descriptor set.
    ///
    /// # Errors
    /// When a method of a `yujian.` service has no rule, or one that makes no sense.
    pub fn read(descriptor_set: &[u8]) -> Result<Self, RuleError> {
        let pool = DescriptorPool::decode(descriptor_set).map_err(|error| RuleError::Descriptors(error.to_string()))?;
        let mut table = BTreeMap::new();
        for service in pool
            .services()
            .filter(|service| service.full_name().starts_with("yujian."))
        {
            for method in service.methods() {
                table.insert(
                    format!("/{}/{}", service.full_name(), method.name()),
                    rule_of(&pool, &method)?,
                );
            }
        }
        Ok(Self(table))
    }

    /// The rule of a path such as `/yujian.audit.v1.AuditService/EraseSubject`; `None` when there is no such method.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&MethodRule> {
        self.0.get(path)
    }

    /// Every path with its rule, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &MethodRule)> {
        self.0.iter().map(|(path, rule)| (path.as_str(), rule))
    }
}

/// Reads the rules of the shipped .proto files.
///
/// # Errors
/// When a method has no rule: the server must not start.
pub fn check_rules() -> Result<RuleTable, RuleError> {
    RuleTable::read(yujian_proto::DESCRIPTOR_SET)
}

fn rule_of(pool: &DescriptorPool, method: &MethodDescriptor) -> Result<MethodRule, RuleError> {
    let extension = pool
        .get_extension_by_name(RULE)
        .ok_or_else(|| RuleError::Descriptors(format!("the option {RULE} is not defined")))?;
    let options = method.options();
    if !options.has_extension(&extension) {
        return Err(RuleError::Missing(method.full_name().to_owned()));
    }
    let senseless = |problem| RuleError::Senseless {
        method: method.full_name().to_owned(),
        problem,
    };
    let value = options.get_extension(&extension);
    let rule = value
        .as_message()
        .ok_or_else(|| senseless("the option is no message"))?;
    let public = rule
        .get_field_by_name("public")
        .is_some_and(|field| field.as_bool() == Some(true));
    let roles = roles_of(rule).ok_or_else(|| senseless("a role that does not exist"))?;
    match (public, roles.is_empty()) {
        (true, true) => Ok(MethodRule::Public),
        (false, false) => Ok(MethodRule::Roles(roles)),
        (true, false) => Err(senseless("public, and yet roles are named")),
        (false, true) => Err(senseless("nobody may call it")),
    }
}

/// The roles named; `None` when one of them is unknown.
fn roles_of(rule: &DynamicMessage) -> Option<Vec<Role>> {
    let field = rule.get_field_by_name("roles")?;
    field.as_list()?.iter().map(|value| role_of(value, rule)).collect()
}

fn role_of(value: &Value, rule: &DynamicMessage) -> Option<Role> {
    let field = rule.descriptor().get_field_by_name("roles")?;
    let kind = field.kind();
    let named = kind.as_enum()?.get_value(value.as_enum_number()?)?;
    let name = named.name().strip_prefix("ROLE_")?.to_ascii_lowercase();
    Role::ALL
        .iter()
        .copied()
        .find(|role| role.as_str() == name && *role != Role::System)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_method_has_a_rule() {
        let table = check_rules().unwrap();
        assert_eq!(table.iter().count(), 142);
        assert_eq!(
            table.get("/yujian.audit.v1.AuditService/EraseSubject"),
            Some(&MethodRule::Roles(vec![Role::Administrator]))
        );
        assert_eq!(
            table.get("/yujian.supervision.v1.SupervisionService/GetFreshness"),
            Some(&MethodRule::Public)
        );
        assert_eq!(table.get("/yujian.audit.v1.AuditService/Nothing"), None);
    }

    #[test]
    fn only_freshness_is_public() {
        let table = check_rules().unwrap();
        let public: Vec<&str> = table
            .iter()
            .filter(|(_, rule)| **rule == MethodRule::Public)
            .map(|(path, _)| path)
            .collect();
        assert_eq!(public, ["/yujian.supervision.v1.SupervisionService/GetFreshness"]);
    }

    #[test]
    fn auditors_call_no_command() {
        for (path, rule) in check_rules().unwrap().iter() {
            let query = |name: &str| {
                ["Get", "List", "Replay", "Advise", "Follow", "Compare"]
                    .iter()
                    .any(|verb| name.starts_with(verb))
            };
            let reads = path.contains("SupervisionService") || path.rsplit('/').next().is_some_and(query);
            if let MethodRule::Roles(roles) = rule {
                assert!(reads || !roles.contains(&Role::Auditor), "{path}");
            }
        }
    }

    #[test]
    fn a_bureau_pushes_what_its_register_says_and_decides_nothing_about_licences() {
        let table = check_rules().unwrap();
        let open_to_bureaus: Vec<&str> = table
            .iter()
            .filter(|(path, _)| path.contains(".AuthorizationService/"))
            .filter(|(_, rule)| matches!(rule, MethodRule::Roles(roles) if roles.contains(&Role::Bureau)))
            .map(|(path, _)| path)
            .collect();
        assert_eq!(
            open_to_bureaus,
            ["/yujian.licensing.v1.AuthorizationService/RecordRegistryCheck"]
        );
    }

    #[test]
    fn what_was_found_about_a_person_is_not_for_operators() {
        let table = check_rules().unwrap();
        for path in [
            "/yujian.supervision.v1.AlertService/GetAlert",
            "/yujian.supervision.v1.AlertService/ListAlerts",
            "/yujian.audit.v1.AuditService/ReplayPerson",
            "/yujian.supervision.v1.SupervisionService/GetPersonDossier",
            "/yujian.supervision.v1.SupervisionService/ListPersonTimeline",
            "/yujian.supervision.v1.SupervisionService/ListAlerts",
        ] {
            let Some(MethodRule::Roles(roles)) = table.get(path) else {
                panic!("{path}")
            };
            assert!(!roles.contains(&Role::Operator), "{path}");
        }
    }

    /// Takes the options off one method of the shipped set.
    fn without_rule_of(name: &str) -> Vec<u8> {
        use prost::Message;
        let mut set = prost_types::FileDescriptorSet::decode(yujian_proto::DESCRIPTOR_SET).unwrap();
        // Decoding with prost drops custom options everywhere, so that the one file is enough to show the fault.
        for file in &mut set.file {
            file.service.retain(|service| service.name() == name);
        }
        set.encode_to_vec()
    }

    #[test]
    fn a_method_without_a_rule_stops_the_start() {
        let error = RuleTable::read(&without_rule_of("AuditService")).unwrap_err();
        assert_eq!(
            error,
            RuleError::Missing("yujian.audit.v1.AuditService.ReplayInstitution".to_owned())
        );
    }

    #[test]
    fn a_broken_descriptor_set_stops_the_start() {
        assert!(matches!(RuleTable::read(b"nonsense"), Err(RuleError::Descriptors(_))));
    }
}
