//! The gRPC interface of Yujian: messages, clients and servers, compiled from `proto/` without protoc.
//!
//! The comments in the .proto files are the reference of the interface: units, time bases, errors, articles. The
//! descriptor set keeps them, together with the `yujian.common.v1.rule` option that says who may call a method.

/// Everything that the .proto files say, as an encoded `google.protobuf.FileDescriptorSet` with all imports: served by
/// reflection, and read at start-up for the rule of each method.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/yujian.bin"));

/// What all services share.
pub mod common {
    /// `yujian.common.v1`.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yujian.common.v1.rs"));
    }
}

/// Institutions: registration, filing, licences and what stands on them, one-stop filing.
pub mod licensing {
    /// `yujian.licensing.v1`.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yujian.licensing.v1.rs"));
    }
}

/// Incidents.
pub mod incident {
    /// `yujian.incident.v1`.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yujian.incident.v1.rs"));
    }
}

/// Staff.
pub mod staffing {
    /// `yujian.staffing.v1`.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yujian.staffing.v1.rs"));
    }
}

/// Inspections.
pub mod inspection {
    /// `yujian.inspection.v1`.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yujian.inspection.v1.rs"));
    }
}

/// Queries and the stream of changes.
pub mod supervision {
    /// `yujian.supervision.v1`.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yujian.supervision.v1.rs"));
    }
}

/// Replay and erasure.
pub mod audit {
    /// `yujian.audit.v1`.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yujian.audit.v1.rs"));
    }
}
