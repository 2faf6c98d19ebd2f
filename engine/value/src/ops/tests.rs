//! Tables of cases for `ops`.
