//! What only few futures have, in a box of its own: of those that are pending most have none of it.

use super::*;

/// What only few futures have.
#[derive(Default)]
pub(crate) struct Extras {
    /// The name that `spawn` was given.
    name: Option<Rc<str>>,
    /// What makes it a future of `parfeval` or of what comes after it.
    feval: Option<Rc<Feval>>,
    /// The function whose outputs are its value, when it has not assigned all of them.
    pub(super) shortfall: Option<Shortfall>,
    pub callbacks: ThinVec<Callback>,
    /// How many callbacks have run or were passed over.
    pub callbacks_done: usize,
    /// The task that runs the callbacks now.
    pub callback_task: Option<TaskId>,
    /// The label of the next such task, given by who registered the callback.
    pub callback_label: Option<Rc<TaskLabel>>,
    /// Futures that take over this one's result.
    pub(super) followers: ThinVec<Future>,
    /// The future whose result this one takes over.
    pub(super) follows: Option<Future>,
    /// Futures whose end waits for this one's: their bodies have ended and had started it.
    pub(super) held_back: ThinVec<Future>,
    pub(super) failure: Option<Rc<Failure>>,
}

impl Core {
    /// What few have, to be changed.
    pub(crate) fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// Takes a part of what few have.
    pub(super) fn take_extra<T: Default>(&mut self, part: impl Fn(&mut Extras) -> &mut T) -> T {
        let extras = self.extras.as_deref_mut();
        extras.map_or_else(T::default, |extras| std::mem::take(part(extras)))
    }

    /// The name that `spawn` was given.
    pub(crate) fn name(&self) -> Option<&Rc<str>> {
        self.extras.as_ref()?.name.as_ref()
    }

    pub(crate) fn set_name(&mut self, name: Rc<str>) {
        self.extras().name = Some(name);
    }

    /// What makes it a future of `parfeval` or of what comes after it.
    pub(crate) fn feval(&self) -> Option<&Rc<Feval>> {
        self.extras.as_ref()?.feval.as_ref()
    }

    pub(crate) fn set_feval(&mut self, feval: Rc<Feval>) {
        self.extras().feval = Some(feval);
    }

    pub(crate) fn set_shortfall(&mut self, shortfall: Shortfall) {
        self.extras().shortfall = Some(shortfall);
    }

    /// In the order of their registration.
    pub(crate) fn callbacks(&self) -> &[Callback] {
        match &self.extras {
            Some(extras) => &extras.callbacks,
            None => &[],
        }
    }

    /// How many callbacks have run or were passed over.
    pub(crate) fn callbacks_done(&self) -> usize {
        self.extras
            .as_ref()
            .map_or(0, |extras| extras.callbacks_done)
    }

    /// Those that have neither run nor been passed over.
    pub(crate) fn callbacks_left(&self) -> &[Callback] {
        let callbacks = self.callbacks();
        &callbacks[self.callbacks_done().min(callbacks.len())..]
    }

    /// The task that runs the callbacks now.
    pub(crate) fn callback_task(&self) -> Option<TaskId> {
        self.extras.as_ref()?.callback_task
    }

    /// Futures that take over this one's result.
    pub(super) fn followers(&self) -> &[Future] {
        match &self.extras {
            Some(extras) => &extras.followers,
            None => &[],
        }
    }

    /// The future whose result this one takes over.
    pub(crate) fn follows(&self) -> Option<&Future> {
        self.extras.as_ref()?.follows.as_ref()
    }

    /// Futures whose end waits for this one's.
    pub(super) fn held_back(&self) -> &[Future] {
        match &self.extras {
            Some(extras) => &extras.held_back,
            None => &[],
        }
    }

    /// Its failure, to be reported unless somebody looks at it.
    pub(super) fn failure(&self) -> Option<&Rc<Failure>> {
        self.extras.as_ref()?.failure.as_ref()
    }
}
