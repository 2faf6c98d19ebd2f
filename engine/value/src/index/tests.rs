//! Tables of cases for `index`.
