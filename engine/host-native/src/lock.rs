//! A lock that outlives panics of others.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A panic elsewhere while the lock was held leaves nothing half done here.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
