//! Reads suites strictly: whatever is not understood is an error with its place and its mend.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::guard;
use crate::load_error::LoadError;
use crate::schema::{Case, Suite, SuiteFile};

/// A suite larger than this is refused before it is read.
pub const MAX_FILE_BYTES: u64 = 1 << 20;

/// All suites below a folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Corpus {
    /// The suites in the order of their names.
    pub suites: Vec<Suite>,
}

impl Corpus {
    /// All cases in order.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.suites.iter().flat_map(|suite| &suite.cases)
    }

    /// The case with the full id `suite/id`.
    pub fn find(&self, full_id: &str) -> Option<&Case> {
        self.cases().find(|case| case.full_id() == full_id)
    }
}

/// Reads every `.yaml` file below `root`; all that is wrong with any of them comes back at once.
///
/// # Errors
///
/// What cannot be read, is not a case, or repeats an id.
pub fn load_corpus(root: &Path) -> Result<Corpus, Vec<LoadError>> {
    let mut paths = Vec::new();
    let mut errors = Vec::new();
    collect_files(root, &mut paths, &mut errors);
    let mut suites = Vec::new();
    for path in paths {
        let below = path.strip_prefix(root).unwrap_or(&path).with_extension("");
        let name: Vec<_> = below.iter().map(OsStr::to_string_lossy).collect();
        match read_text(&path)
            .map_err(|error| vec![error])
            .and_then(|text| {
                let suite = parse_suite(&text, &path, &name.join("/"))?;
                Ok((text, suite))
            }) {
            Ok((text, suite)) => suites.push((path, text, suite)),
            Err(found) => errors.extend(found),
        }
    }
    errors.extend(repeated_across(&suites));
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Corpus {
        suites: suites.into_iter().map(|(_, _, suite)| suite).collect(),
    })
}

/// Reads one suite; its name is the path below the nearest folder called `corpus`, else the file's.
///
/// # Errors
///
/// What cannot be read, is not a case, or repeats an id.
pub fn load_suite(path: &Path) -> Result<Suite, Vec<LoadError>> {
    let text = read_text(path).map_err(|error| vec![error])?;
    parse_suite(&text, path, &suite_name(path))
}

fn suite_name(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(OsStr::to_string_lossy).collect();
    let start = parts
        .iter()
        .rposition(|part| part == "corpus")
        .map_or(parts.len() - 1, |at| at + 1);
    let name = parts[start..].join("/");
    name.strip_suffix(".yaml").map_or(name.clone(), Into::into)
}

/// Reads the text of one suite.
///
/// # Errors
///
/// What is not a case, or repeats an id.
pub fn parse_suite(text: &str, path: &Path, name: &str) -> Result<Suite, Vec<LoadError>> {
    if text.trim().is_empty() {
        return Err(vec![
            LoadError::at(path, text, 1, 1, "the file is empty")
                .with_help("a suite is a mapping with `cases`"),
        ]);
    }
    guard::walk(text).map_err(|(error, place)| {
        vec![match guard::second_document(text, &error) {
            Some(line) => LoadError::at(
                path,
                text,
                line,
                1,
                "a suite is one YAML document, and another begins here",
            )
            .with_help("remove the line `---`"),
            None => LoadError::from_yaml(path, text, &error, place),
        }]
    })?;
    let file: SuiteFile = serde_yaml::from_str(text)
        .map_err(|error| vec![LoadError::from_yaml(path, text, &error, (1, 1))])?;
    let mut cases = file.cases;
    if cases.is_empty() {
        return Err(vec![
            LoadError::at(path, text, 1, 1, "`cases` is empty")
                .with_help("write a case or remove the file"),
        ]);
    }
    let mut first_seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut errors = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        match first_seen.get(case.id.as_str()) {
            None => {
                first_seen.insert(&case.id, index);
            }
            Some(earlier) => {
                let (first_line, _) = id_place(text, *earlier);
                let place = id_place(text, index);
                errors.push(repeated_id(
                    path,
                    text,
                    place,
                    case,
                    &format!("line {first_line}"),
                ));
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    for case in &mut cases {
        case.suite = name.into();
    }
    Ok(Suite {
        name: name.into(),
        cases,
    })
}

fn id_place(text: &str, index: usize) -> (usize, usize) {
    guard::locate(text, "cases", index, "id").unwrap_or((1, 1))
}

fn repeated_id(
    path: &Path,
    text: &str,
    place: (usize, usize),
    case: &Case,
    first: &str,
) -> LoadError {
    LoadError::at(
        path,
        text,
        place.0,
        place.1,
        format!("the id `{}` is used already, at {first}", case.id),
    )
    .with_help("ids are never reused, in the whole corpus: give the case a name of its own")
}

fn repeated_across(suites: &[(PathBuf, String, Suite)]) -> Vec<LoadError> {
    let mut first_seen: BTreeMap<&str, (&Path, usize)> = BTreeMap::new();
    let mut errors = Vec::new();
    for (path, text, suite) in suites {
        for (index, case) in suite.cases.iter().enumerate() {
            match first_seen.get(case.id.as_str()) {
                None => {
                    first_seen.insert(&case.id, (path, id_place(text, index).0));
                }
                Some((first, line)) => {
                    let first = format!("{}:{line}", first.display());
                    errors.push(repeated_id(path, text, id_place(text, index), case, &first));
                }
            }
        }
    }
    errors
}

fn collect_files(folder: &Path, found: &mut Vec<PathBuf>, errors: &mut Vec<LoadError>) {
    let entries = std::fs::read_dir(folder).and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
    });
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => {
            errors.push(LoadError::about(
                folder,
                format!("cannot read this folder: {error}"),
            ));
            return;
        }
    };
    // In name order: the order of the disk would leak into reports.
    entries.sort();
    for path in entries {
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            collect_files(&path, found, errors);
        } else if path.extension() == Some(OsStr::new("yaml")) {
            found.push(path);
        } else {
            errors.push(
                LoadError::about(&path, "a file in the corpus that is no suite")
                    .with_help("suites end in `.yaml`; keep other files elsewhere"),
            );
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the loader reads the corpus from the disk, outside simulation"
)]
pub(crate) fn read_text(path: &Path) -> Result<String, LoadError> {
    let unreadable =
        |error: std::io::Error| LoadError::about(path, format!("cannot read this file: {error}"));
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > MAX_FILE_BYTES {
        return Err(LoadError::about(
            path,
            format!("the file has {length} bytes, more than {MAX_FILE_BYTES}"),
        )
        .with_help("split the suite by subject"));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        LoadError::at(
            path,
            &before,
            line,
            column,
            "the file is not UTF-8 from here on",
        )
        .with_help("save it as UTF-8")
    })
}
