//! A protocol double of KurrentDB for tests.
