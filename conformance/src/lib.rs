//! The corpus, its schema, its runner and its coverage of the requirements.

mod checked;
pub mod coverage;
pub mod engine;
pub mod expect;
mod guard;
pub mod known;
pub mod laboratory;
pub mod load;
mod load_error;
pub mod matching;
pub mod native;
pub mod octave;
pub mod recorded;
pub mod requirements;
pub mod run;
pub mod schema;
pub mod soak;
pub mod summary;

pub use laboratory::SimulatedWorld;
pub use load::{Corpus, load_corpus, load_suite, parse_suite};
pub use load_error::LoadError;
pub use schema::{Case, Suite};
pub use tourbillon_world::canonical as value;
pub use tourbillon_world::config as world;
