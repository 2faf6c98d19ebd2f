//! Capacities, and the error when one is reached.

use core::fmt;

/// What there is a limited number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// Live tasks.
    Tasks,
    /// Futures that have not ended.
    Futures,
    /// Registered wakers: who waits for which future.
    Wakers,
}

impl Resource {
    /// One of them, in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Tasks => "task",
            Resource::Futures => "future",
            Resource::Wakers => "waiter",
        }
    }
}

/// How much room there is of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacities {
    /// Live tasks.
    pub tasks: usize,
    /// Futures that have not ended.
    pub futures: usize,
    /// Registered wakers.
    pub wakers: usize,
}

impl Capacities {
    /// Those of the embedded tier.
    pub const EMBEDDED: Capacities = Capacities {
        tasks: 16,
        futures: 32,
        wakers: 64,
    };
}

/// There is no room for another one; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapacityExceeded {
    /// Of what.
    pub resource: Resource,
    /// How many there may be.
    pub capacity: usize,
}

impl fmt::Display for CapacityExceeded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "There is no room for another {}: this tier has {}.",
            self.resource.name(),
            self.capacity
        )
    }
}

impl core::error::Error for CapacityExceeded {}
