//! Tables of cases for `concat`.
