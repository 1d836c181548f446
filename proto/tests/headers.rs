//! Every command opens with the header, so that each has a request id and can be tried with `validate_only`.

use prost_reflect::DescriptorPool;

/// How methods that change nothing begin.
const QUERIES: &[&str] = &[
    "Get",
    "List",
    "Replay",
    "Watch",
    "Advise",
    "CheckFiling",
    "CheckPolicy",
    "Compare",
    "Follow",
];
/// Act on keys, on what is derived or on reference data, not on an aggregate: no etag, no time of their own. An activation has
/// its request id and its `validate_only` beside its document.
const OTHERS: &[&str] = &[
    "yujian.audit.v1.AuditService.EraseSubject",
    "yujian.audit.v1.AuditService.RebuildViews",
    "yujian.licensing.v1.PolicyService.ActivateHolidays",
    "yujian.licensing.v1.PolicyService.ActivatePolicy",
];

#[test]
fn every_command_has_the_header() {
    let pool = DescriptorPool::decode(yujian_proto::DESCRIPTOR_SET).expect("a sound descriptor set");
    let mut commands = 0;
    for service in pool
        .services()
        .filter(|service| service.full_name().starts_with("yujian."))
    {
        for method in service.methods() {
            if QUERIES.iter().any(|query| method.name().starts_with(query)) || OTHERS.contains(&method.full_name()) {
                continue;
            }
            commands += 1;
            let header = method.input().get_field_by_name("header");
            let header = header.unwrap_or_else(|| panic!("{} has no header", method.full_name()));
            assert_eq!(header.number(), 1, "{}", method.full_name());
            let kind = header.kind();
            let message = kind.as_message().expect("a message");
            assert_eq!(
                message.full_name(),
                "yujian.common.v1.CommandHeader",
                "{}",
                method.full_name()
            );
            assert!(message.get_field_by_name("validate_only").is_some());
        }
    }
    assert_eq!(
        commands,
        12 + 28 + 1 + 8 + 16 + 24 + 4,
        "licensing, authorization, operator, incident, staffing, inspection, alerts"
    );
}

#[test]
fn queries_take_no_header() {
    let pool = DescriptorPool::decode(yujian_proto::DESCRIPTOR_SET).expect("a sound descriptor set");
    for service in pool
        .services()
        .filter(|service| service.full_name().starts_with("yujian."))
    {
        for method in service.methods() {
            if QUERIES.iter().any(|query| method.name().starts_with(query)) {
                assert!(
                    method.input().get_field_by_name("header").is_none(),
                    "{}",
                    method.full_name()
                );
            }
        }
    }
}
