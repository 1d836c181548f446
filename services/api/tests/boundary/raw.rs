//! Calls by path with messages made from the descriptors, so that a test can walk every method there is.

use prost::Message;
use prost::bytes::{Buf, BufMut};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status};

use crate::house::{House, by};

/// Messages as they are on the wire.
#[derive(Debug, Clone, Copy, Default)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut item = vec![0; from.remaining()];
        from.copy_to_slice(&mut item);
        Ok(Some(item))
    }
}

/// Everything that the .proto files say.
pub fn pool() -> DescriptorPool {
    DescriptorPool::decode(yujian_proto::DESCRIPTOR_SET).unwrap()
}

/// Every method of our services.
pub fn methods() -> Vec<MethodDescriptor> {
    pool()
        .services()
        .filter(|service| service.full_name().starts_with("yujian."))
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .collect()
}

/// Whether the method is a command: it has the header.
pub fn is_command(method: &MethodDescriptor) -> bool {
    method.input().get_field_by_name("header").is_some()
}

/// Path of a method, e.g. `/yujian.staffing.v1.StaffingService/BarPerson`.
pub fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// The method of a path.
pub fn method(path: &str) -> MethodDescriptor {
    let (service, name) = path.trim_start_matches('/').split_once('/').unwrap();
    let service = pool().get_service_by_name(service).unwrap();
    service.methods().find(|method| method.name() == name).unwrap()
}

/// Calls a method and answers the first message.
pub async fn call(house: &House, actor: &str, path: &str, request: Vec<u8>) -> Result<Vec<u8>, Status> {
    let mut client = tonic::client::Grpc::new(house.channel.clone());
    client.ready().await.unwrap();
    let request: Request<Vec<u8>> = by(actor, request);
    let path = path.parse().unwrap();
    Ok(client.unary(request, path, Bytes).await?.into_inner())
}

/// The message with `header.validate_only` set.
pub fn dry(path: &str, request: &impl Message) -> Vec<u8> {
    let mut message = DynamicMessage::decode(method(path).input(), request.encode_to_vec().as_slice()).unwrap();
    let mut header = message.get_field_by_name("header").unwrap().into_owned();
    let Value::Message(inner) = &mut header else {
        panic!("the header is a message")
    };
    inner.set_field_by_name("validate_only", Value::Bool(true));
    message.set_field_by_name("header", header);
    message.encode_to_vec()
}

/// The message with another resource name.
pub fn renamed(path: &str, request: &[u8], name: &str) -> Vec<u8> {
    let mut message = DynamicMessage::decode(method(path).input(), request).unwrap();
    message.set_field_by_name("name", Value::String(name.to_owned()));
    message.encode_to_vec()
}
