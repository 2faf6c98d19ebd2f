//! What a kernel is: its program in two variants, and what a search needs to find the defect.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tourbillon_sim::{Injections, Sim};

use crate::runtime::Runtime;

/// A kernel: a program with a defect that some schedules show, and its correction.
///
/// A failure is a panic, a violated invariant, a deadlock or a leak. Production's own schedule
/// (first in, first out, nothing injected) never fails.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Its number in the list of kernels.
    pub number: u32,
    /// Its name, in one word.
    pub name: &'static str,
    /// What goes wrong, in one line.
    pub title: &'static str,
    /// Where such a defect was found, or the literature that has it.
    pub source: &'static str,
    /// How large it may be, from the smallest; [`UNSIZED`] when it has but one size.
    pub sizes: &'static [u32],
    /// What the search may inject.
    pub injections: Injections,
    /// The program.
    pub body: Body,
}

/// The sizes of a kernel that comes in one size.
pub const UNSIZED: &[u32] = &[0];

/// Which of a kernel's two programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// The one with the defect.
    Faulty,
    /// The one without: nothing may fail in it.
    Corrected,
}

/// A run of a kernel, boxed.
pub type Program = Pin<Box<dyn Future<Output = ()>>>;

/// A program written once for every runtime.
pub trait Model {
    /// One run of the program.
    fn run<R: Runtime>(
        runtime: R,
        variant: Variant,
        size: u32,
    ) -> impl Future<Output = ()> + 'static;
}

/// The entry points of a kernel's program, one for each runtime that it has.
#[derive(Clone, Copy)]
pub struct Body {
    simulated: fn(Sim, Variant, u32) -> Program,
    #[cfg(feature = "shuttle")]
    shuttled: Option<fn(Injections, Variant, u32)>,
}

impl Body {
    /// The program of `M` on every runtime there is.
    #[must_use]
    pub const fn of<M: Model>() -> Body {
        Body {
            simulated: |sim, variant, size| Box::pin(M::run(sim, variant, size)),
            #[cfg(feature = "shuttle")]
            shuttled: Some(crate::shuttled::run::<M>),
        }
    }

    /// A program that only the simulator can run.
    #[must_use]
    pub const fn simulated(program: fn(Sim, Variant, u32) -> Program) -> Body {
        Body {
            simulated: program,
            #[cfg(feature = "shuttle")]
            shuttled: None,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Body").finish_non_exhaustive()
    }
}

impl Kernel {
    /// The program, as [`tourbillon_sim::Explorer`] takes it.
    pub fn program(&self, variant: Variant, size: u32) -> impl Fn(Sim) -> Program + Clone + use<> {
        let simulated = self.body.simulated;
        move |sim| simulated(sim, variant, size)
    }

    /// The program, as `shuttle::Runner` takes it; `None` when shuttle cannot run it.
    #[cfg(feature = "shuttle")]
    #[must_use]
    pub fn shuttled(
        &self,
        variant: Variant,
        size: u32,
    ) -> Option<impl Fn() + Send + Sync + Clone + 'static + use<>> {
        let shuttled = self.body.shuttled?;
        let injections = self.injections;
        Some(move || shuttled(injections, variant, size))
    }

    /// The name, with the size where there are several.
    #[must_use]
    pub fn label(&self, size: u32) -> String {
        if self.sizes == UNSIZED {
            self.name.to_string()
        } else {
            format!("{} {size}", self.name)
        }
    }
}
