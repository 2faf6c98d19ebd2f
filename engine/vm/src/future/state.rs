//! The states of a future, as programs and hosts see them.

use super::{FutureObject, State};
use tourbillon_host::EventState;
use tourbillon_value::{RuntimeError, Value};

/// The state of a future, as programs see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FutureState {
    /// Not started.
    Created,
    /// Started, not ended.
    Pending,
    /// Ended with a value.
    Success,
    /// Ended with an error.
    Failure,
    /// Ended by cancellation.
    Cancelled,
}

impl FutureState {
    /// What `f.State` gives.
    pub fn name(self) -> &'static str {
        match self {
            FutureState::Created => "created",
            FutureState::Pending => "pending",
            FutureState::Success => "success",
            FutureState::Failure => "failure",
            FutureState::Cancelled => "cancelled",
        }
    }

    /// Whether it is one of the last three.
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            FutureState::Success | FutureState::Failure | FutureState::Cancelled
        )
    }

    pub(super) fn for_event(self) -> EventState {
        match self {
            FutureState::Created => EventState::Created,
            FutureState::Pending => EventState::Pending,
            FutureState::Success => EventState::Success,
            FutureState::Failure => EventState::Failure,
            FutureState::Cancelled => EventState::Cancelled,
        }
    }
}

/// A future as hosts see it: for reports and canonical values.
#[derive(Clone, Debug)]
pub struct FutureView {
    /// Its state.
    pub state: FutureState,
    /// Its value, when it succeeded with one.
    pub value: Option<Value>,
    /// Its error, when it failed or was cancelled.
    pub error: Option<RuntimeError>,
}

/// The view of a value that is a future.
pub fn future_view(value: &Value) -> Option<FutureView> {
    let object = value.as_object::<FutureObject>()?;
    let core = object.core.borrow();
    let (value, error) = match &core.state {
        State::Success(values) => (values.first().cloned(), None),
        State::Failure(error) | State::Cancelled(error) => (None, Some(error.clone())),
        State::Created(_) | State::Pending => (None, None),
    };
    Some(FutureView {
        state: core.state.kind(),
        value,
        error,
    })
}
