//! What the suites and the micro-benchmarks share: the data that they run on.

pub mod generate;
