//! What holds for every method there is.

use prost_reflect::MethodDescriptor;
use tonic::Code;
use tonic_types::StatusExt;
use yujian_api::{MethodRule, check_rules};

use crate::house::*;
use crate::raw;

/// A caller of each role.
fn callers() -> Vec<(&'static str, String)> {
    vec![
        (
            "operator",
            format!("role=operator; id=a; organisation={}", credit_code(1)),
        ),
        ("officer", OFFICER.to_owned()),
        ("inspector", "role=inspector; id=a; jurisdiction=330106".to_owned()),
        ("auditor", AUDITOR.to_owned()),
        (
            "bureau",
            "role=bureau; id=a; organisation=police; jurisdiction=330106".to_owned(),
        ),
        ("administrator", ADMINISTRATOR.to_owned()),
    ]
}

#[tokio::test]
async fn a_role_that_the_rule_does_not_name_is_turned_away_from_every_method() {
    let house = House::start().await;
    let rules = check_rules().unwrap();
    for method in raw::methods() {
        let path = raw::path(&method);
        let Some(MethodRule::Roles(allowed)) = rules.get(&path) else {
            continue;
        };
        for (role, caller) in callers() {
            let may = allowed.iter().any(|one| one.as_str() == role);
            if may && !raw::is_command(&method) {
                continue;
            }
            let refused = raw::call(&house, &caller, &path, Vec::new()).await.expect_err(&path);
            let told = why(&refused);
            if may {
                assert_eq!(told.0, Code::InvalidArgument, "{path} {role}");
            } else {
                assert_eq!(told, is(Code::PermissionDenied, "ROLE_NOT_ALLOWED"), "{path} {role}");
            }
        }
    }
}

/// Fields that the comments call required, as an empty request must name them.
fn required(method: &MethodDescriptor) -> Vec<String> {
    let message = method.input();
    let file = message.parent_file();
    let proto = file.file_descriptor_proto();
    let info = proto.source_code_info.as_ref().unwrap();
    let index = proto
        .message_type
        .iter()
        .position(|one| one.name() == message.name())
        .unwrap();
    let comment = |field: usize| {
        let path = [4, i32::try_from(index).unwrap(), 2, i32::try_from(field).unwrap()];
        let found = info.location.iter().find(|location| location.path == path).unwrap();
        found.leading_comments.clone().unwrap_or_default()
    };
    proto.message_type[index]
        .field
        .iter()
        .enumerate()
        .filter(|(field, _)| comment(*field).contains("Required"))
        .map(|(_, field)| match field.name() {
            "header" => "header.request_id".to_owned(),
            name => name.to_owned(),
        })
        .collect()
}

#[tokio::test]
async fn an_empty_command_is_told_of_every_required_field_at_once() {
    let house = House::start().await;
    let rules = check_rules().unwrap();
    for method in raw::methods().iter().filter(|method| raw::is_command(method)) {
        let path = raw::path(method);
        let Some(MethodRule::Roles(allowed)) = rules.get(&path) else {
            panic!("{path} has a rule")
        };
        let role = allowed[0].as_str();
        let (_, caller) = callers().into_iter().find(|(one, _)| *one == role).unwrap();
        let refused = raw::call(&house, &caller, &path, Vec::new()).await.expect_err(&path);
        let details = refused.get_error_details();
        let told = fields(&refused);
        for field in required(method) {
            assert!(told.contains(&field), "{path} does not ask for {field}: {told:?}");
        }
        assert!(
            details.bad_request().unwrap().field_violations.iter().all(|violation| {
                violation
                    .localized_message
                    .as_ref()
                    .is_some_and(|text| !text.message.is_empty())
            }),
            "{path}"
        );
    }
}
