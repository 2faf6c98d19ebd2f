//! Tables of cases for `assign`.
