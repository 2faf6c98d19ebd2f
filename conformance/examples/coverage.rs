//! Writes the coverage of the requirements: `cargo run -p tourbillon-conformance --example coverage`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use tourbillon_conformance::coverage::{Coverage, load_elsewhere};
use tourbillon_conformance::{LoadError, load_corpus};

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    match report(root) {
        Ok(text) => match std::io::stdout().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(errors) => {
            for error in errors {
                // Without standard error there is nobody left to tell.
                let _ = writeln!(std::io::stderr(), "{error}\n");
            }
            ExitCode::from(2)
        }
    }
}

fn report(root: &Path) -> Result<String, Vec<LoadError>> {
    let corpus = load_corpus(&root.join("corpus"))?;
    let elsewhere = load_elsewhere(&root.join("covered-elsewhere.yaml"), &root.join(".."))?;
    Ok(Coverage::count(&corpus, &elsewhere).to_markdown())
}
