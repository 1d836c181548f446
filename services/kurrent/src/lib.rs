//! KurrentDB engine.
