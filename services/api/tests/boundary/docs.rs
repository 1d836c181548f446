//! The page about the interface says what the code does.

use tonic::Code;
use yujian_api::{ApiReason, MethodRule, check_rules, code_of};
use yujian_domain::rejection::Reason;

#[test]
fn the_table_of_errors_names_every_reason_with_its_code() {
    let page = include_str!("../../../../docs/grpc.md");
    let stated: Vec<(&str, &str)> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split_once("` | "))
        .filter(|(reason, _)| reason.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        .map(|(reason, rest)| (reason, rest.split(' ').next().unwrap_or_default()))
        .collect();
    let built: Vec<(&str, String)> = Reason::ALL
        .iter()
        .map(|reason| (reason.as_str(), name(code_of(reason.kind()))))
        .chain(
            ApiReason::ALL
                .iter()
                .map(|reason| (reason.as_str(), name(reason.code()))),
        )
        .collect();
    let built: Vec<(&str, &str)> = built.iter().map(|(reason, code)| (*reason, code.as_str())).collect();
    assert_eq!(stated, built);
}

#[test]
fn the_table_of_methods_names_every_method_with_its_roles() {
    let page = include_str!("../../../../docs/grpc.md");
    let stated: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| `") && line.contains("Service/"))
        .collect();
    let built: Vec<String> = check_rules()
        .unwrap()
        .iter()
        .map(|(path, rule)| {
            let method = path.rsplit('.').next().unwrap();
            let roles = match rule {
                MethodRule::Public => "everyone, also without an actor".to_owned(),
                MethodRule::Roles(roles) => roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", "),
            };
            format!("| `{method}` | {roles} |")
        })
        .collect();
    assert_eq!(stated, built);
}

/// `FailedPrecondition` as `FAILED_PRECONDITION`.
fn name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}
