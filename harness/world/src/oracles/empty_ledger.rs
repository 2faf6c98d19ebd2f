//! Oracle: when a session was closed, nothing is left of it.

use super::Ledger;

/// What is left, in words; `None` when nothing is.
pub(crate) fn leaks(ledger: &Ledger) -> Option<String> {
    let left: Vec<String> = ledger
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    (!left.is_empty()).then(|| format!("left after the session was closed: {}", left.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_left_is_named() {
        let ledger = |counts: &[(&str, usize)]| -> Ledger {
            let counts = counts.iter();
            counts
                .map(|(kind, count)| ((*kind).to_string().into(), *count))
                .collect()
        };
        assert_eq!(leaks(&ledger(&[("tasks", 0), ("buffers", 0)])), None);
        assert_eq!(
            leaks(&ledger(&[("tasks", 2), ("buffers", 0), ("objects", 1)])).as_deref(),
            Some("left after the session was closed: 1 objects, 2 tasks")
        );
    }
}
