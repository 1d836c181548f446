//! Policies as tests of documents take them.

use std::sync::Arc;

use yujian_domain::reference::Reference;
use yujian_domain::system::PolicyActivated;
use yujian_domain::values::RegionId;

pub fn region(code: &str) -> RegionId {
    RegionId::parse(code, 2023).unwrap()
}

/// A shipped document, as it is activated.
pub fn shipped(id: &str, version: u32) -> PolicyActivated {
    Reference::shipped_policies()
        .into_iter()
        .find(|policy| policy.id == id && policy.version == version)
        .unwrap()
        .into()
}

/// What is in force when these alone were activated.
pub fn reference(policies: &[PolicyActivated]) -> Reference {
    Reference::from_activations(policies, None, Arc::default()).unwrap()
}
