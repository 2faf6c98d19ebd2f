//! Tables of cases for `display`.
