//! The .proto files are the reference of the interface, so nothing in them may be without a comment.

use prost_reflect::DescriptorPool;

#[test]
fn every_service_method_message_field_and_value_has_a_comment() {
    let pool = DescriptorPool::decode(yujian_proto::DESCRIPTOR_SET).expect("a sound descriptor set");
    let mut bare = Vec::new();
    for file in pool.files().filter(|file| file.package_name().starts_with("yujian.")) {
        let proto = file.file_descriptor_proto();
        let info = proto.source_code_info.as_ref().expect("source info is kept");
        let mut check = |path: &[i32], name: &str| {
            let commented = info.location.iter().any(|location| {
                location.path == path
                    && !location
                        .leading_comments
                        .as_deref()
                        .unwrap_or_default()
                        .trim()
                        .is_empty()
            });
            if !commented {
                bare.push(format!("{}: {name}", file.name()));
            }
        };
        let index = |position: usize| i32::try_from(position).expect("few members");
        for (m, message) in proto.message_type.iter().enumerate() {
            check(&[4, index(m)], message.name());
            for (f, field) in message.field.iter().enumerate() {
                check(
                    &[4, index(m), 2, index(f)],
                    &format!("{}.{}", message.name(), field.name()),
                );
            }
        }
        for (e, enumeration) in proto.enum_type.iter().enumerate() {
            check(&[5, index(e)], enumeration.name());
            for (v, value) in enumeration.value.iter().enumerate() {
                check(&[5, index(e), 2, index(v)], value.name());
            }
        }
        for (s, service) in proto.service.iter().enumerate() {
            check(&[6, index(s)], service.name());
            for (m, method) in service.method.iter().enumerate() {
                check(
                    &[6, index(s), 2, index(m)],
                    &format!("{}/{}", service.name(), method.name()),
                );
            }
        }
    }
    assert!(bare.is_empty(), "no comment: {bare:#?}");
}

#[test]
fn no_field_is_a_floating_point_number() {
    let pool = DescriptorPool::decode(yujian_proto::DESCRIPTOR_SET).expect("a sound descriptor set");
    for message in pool
        .all_messages()
        .filter(|message| message.full_name().starts_with("yujian."))
    {
        for field in message.fields() {
            assert!(
                !matches!(field.kind(), prost_reflect::Kind::Double | prost_reflect::Kind::Float),
                "{} is a floating-point number",
                field.full_name()
            );
        }
    }
}
