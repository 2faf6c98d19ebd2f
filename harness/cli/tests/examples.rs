//! The examples of the book: each runs, prints what stands beside it whatever the schedule, and is shown
//! in the book as it is.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests read the book, and run the command in another process"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How many random schedules of each example must print the same.
const SCHEDULES: &str = "200";

fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// The examples by name, each with its program and what it prints.
fn examples() -> Vec<(String, String, String)> {
    examples_in(&book().join("examples"))
}

fn examples_in(folder: &Path) -> Vec<(String, String, String)> {
    let entries = folder.read_dir().expect("the folder is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("it can be listed").file_name())
        .filter_map(|name| name.to_str()?.strip_suffix(".m").map(str::to_string))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "there are examples");
    let read = |name: &str, ending: &str| {
        let path = folder.join(format!("{name}.{ending}"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let examples = names.into_iter();
    examples
        .map(|name| {
            let (program, printed) = (read(&name, "m"), read(&name, "out"));
            (name, program, printed)
        })
        .collect()
}

/// The standard output of the command in the folder of the examples; it must succeed.
fn output(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tourbillon"))
        .args(arguments)
        .current_dir(book().join("examples"))
        .stdin(Stdio::null())
        .output()
        .expect("the command runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn every_example_prints_what_the_book_says() {
    for (name, _, printed) in examples() {
        let file = format!("{name}.m");
        let found = output(&["sim", &file, "--strategy", "fifo"]);
        assert_eq!(
            found, printed,
            "docs/examples/{name}.out is not what it prints"
        );
    }
}

#[test]
fn no_schedule_changes_what_an_example_prints() {
    for (name, _, printed) in examples() {
        let file = format!("{name}.m");
        let arguments = [
            "explore",
            &file,
            "--schedules",
            SCHEDULES,
            "--format",
            "json",
        ];
        let lines = output(&arguments);
        for line in lines.lines() {
            let object: serde_json::Value = serde_json::from_str(line).expect("JSON");
            if let Some(outcome) = object.get("outcome") {
                assert_eq!(outcome["stdout"], printed.as_str(), "{name}: {line}");
            }
        }
    }
}

#[test]
fn the_book_shows_every_example_as_it_is() {
    let page = std::fs::read_to_string(book().join("language.md")).expect("the page is there");
    for (name, program, printed) in examples() {
        let shown = format!(
            "[`{name}.m`](examples/{name}.m)\n\n```matlab\n{program}```\n\n```text\n{printed}```\n"
        );
        assert!(
            page.contains(&shown),
            "docs/language.md does not show docs/examples/{name}.m and {name}.out as they are; it \
             should have\n{shown}"
        );
    }
}

/// The programs that a newcomer starts from.
fn starters() -> PathBuf {
    book().join("../examples")
}

#[test]
fn programs_to_start_from_print_what_the_guide_says_for_real_and_under_every_schedule() {
    let starters = examples_in(&starters());
    assert!(starters.len() >= 4, "there are some to start from");
    let guide = std::fs::read_to_string(book().join("guide.md")).expect("the page is there");
    for (name, program, printed) in starters {
        let file = format!("../../examples/{name}.m");
        assert_eq!(output(&["run", &file]), printed, "{name}, run");
        let arguments = [
            "explore",
            &file,
            "--schedules",
            SCHEDULES,
            "--format",
            "json",
        ];
        for line in output(&arguments).lines() {
            let object: serde_json::Value = serde_json::from_str(line).expect("JSON");
            if let Some(outcome) = object.get("outcome") {
                assert_eq!(outcome["stdout"], printed.as_str(), "{name}: {line}");
            }
        }
        let shown = format!(
            "[`{name}.m`](../examples/{name}.m)\n\n```matlab\n{program}```\n\n```text\n{printed}```\n"
        );
        assert!(guide.contains(&shown), "docs/guide.md should have\n{shown}");
    }
}

#[test]
fn the_guide_shows_the_documented_example_of_a_watched_session() {
    let guide = std::fs::read_to_string(book().join("guide.md")).expect("the page is there");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../engine/session/src/lib.rs");
    let library = std::fs::read_to_string(root).expect("the crate is there");
    let documented: Vec<&str> = library
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let documented = documented.join("\n");
    let mut parts = documented.split("```").map(str::trim);
    let example = parts.find(|part| part.contains("tracing: true"));
    let example = example.expect("the crate documents an example");
    assert!(
        guide.contains(example),
        "docs/guide.md should have\n{example}"
    );
}

#[test]
fn the_book_shows_the_documented_example_of_the_simulator() {
    let page = std::fs::read_to_string(book().join("simulation.md")).expect("the page is there");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sim/src/lib.rs");
    let library = std::fs::read_to_string(root).expect("the crate is there");
    let example: Vec<&str> = library
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .skip_while(|line| *line != "```")
        .skip(1)
        .take_while(|line| *line != "```")
        .filter(|line| !line.starts_with("# "))
        .collect();
    assert!(example.len() > 10, "the crate documents an example");
    let shown = format!("```rust\n{}\n```\n", example.join("\n"));
    assert!(
        page.contains(&shown),
        "docs/simulation.md does not show the example of harness/sim; it should have\n{shown}"
    );
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let root = book().join("..");
    let mut pages: Vec<PathBuf> = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "conformance/README.md",
    ]
    .iter()
    .map(|name| root.join(name))
    .collect();
    let entries = book().read_dir().expect("docs is there");
    let entries = entries.map(|entry| entry.expect("it can be listed").path());
    pages.extend(entries.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    let mut dead = Vec::new();
    for page in &pages {
        let text = std::fs::read_to_string(page).expect("the page is there");
        let folder = page.parent().expect("a page is in a folder");
        for link in links(&text) {
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => page.clone(),
                file => folder.join(file),
            };
            let is_there = target.exists()
                && (heading.is_empty()
                    || std::fs::read_to_string(&target)
                        .is_ok_and(|text| headings(&text).iter().any(|known| known == heading)));
            if !is_there {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

/// The lines of a page outside of its code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The relative links of a page.
fn links(text: &str) -> Vec<String> {
    let prose: Vec<&str> = prose(text).collect();
    let prose = prose.join("\n");
    let ends = prose.match_indices("](").map(|(at, _)| &prose[at + 2..]);
    ends.filter_map(|rest| rest.split_once(')'))
        .map(|(link, _)| link.to_string())
        .filter(|link| !link.contains("://"))
        .collect()
}

/// The headings of a page as links name them.
fn headings(text: &str) -> Vec<String> {
    let lines = prose(text).filter(|line| line.starts_with('#'));
    let names = lines.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    names
        .map(|name| {
            let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
            name.chars()
                .filter(kept)
                .collect::<String>()
                .replace(' ', "-")
        })
        .collect()
}
