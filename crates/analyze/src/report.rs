//! Tables and their writers.
