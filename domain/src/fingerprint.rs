//! Canonical JSON for request fingerprints: sorted members, defaults left out.
