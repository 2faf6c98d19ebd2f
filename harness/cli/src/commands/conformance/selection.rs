//! Which cases are run: paths and a filter over whole corpora.

use crate::complaint::Complaint;
use regex::Regex;
use std::path::{Path, PathBuf};
use tourbillon_conformance::{Case, Corpus, load_corpus, load_suite};

/// A corpus that is named by one or more paths, loaded whole: ids are unique in all of it.
pub struct Root {
    folder: PathBuf,
    is_corpus: bool,
    /// All of it.
    pub corpus: Corpus,
    chosen: Vec<String>,
}

/// A case that is to run.
#[derive(Clone)]
pub struct Selected<'a> {
    /// The case.
    pub case: &'a Case,
    /// The target by which other commands know it.
    pub target: String,
}

impl Root {
    /// The folder that lists of known failures and the like stand in.
    pub fn beside(&self) -> Option<PathBuf> {
        let parent = self.folder.parent().filter(|_| self.is_corpus)?;
        Some(match parent.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => parent.to_path_buf(),
        })
    }

    /// The cases that were chosen, in order.
    pub fn selected(&self) -> impl Iterator<Item = Selected<'_>> {
        let cases = self.corpus.cases();
        let chosen = cases.filter(|case| self.chosen.binary_search(&case.full_id()).is_ok());
        chosen.map(|case| {
            let file = match self.folder.is_dir() {
                true => self.folder.join(format!("{}.yaml", case.suite)),
                false => self.folder.clone(),
            };
            let target = format!("{}#{}", file.display(), case.id);
            Selected { case, target }
        })
    }
}

/// The corpora that the paths lie in, with the cases that they and the filter choose.
///
/// # Errors
/// Everything that is wrong with paths and files.
pub fn select(paths: &[String], filter: Option<&Regex>) -> Result<Vec<Root>, Vec<String>> {
    let mut roots: Vec<Root> = Vec::new();
    for given in paths {
        let (file, id) = match given.rsplit_once('#') {
            Some((file, id)) if !Path::new(given).exists() => (file, Some(id)),
            Some(_) | None => (given.as_str(), None),
        };
        let path = Path::new(file);
        if !path.exists() {
            let complaint = Complaint::about(path, "there is no such file or folder");
            return Err(vec![
                complaint
                    .with_help("run this where the corpus is, or name it")
                    .to_string(),
            ]);
        }
        let at = root_of(path, &mut roots)?;
        let root = &mut roots[at];
        let before = root.chosen.len();
        let chosen: Vec<String> = root
            .corpus
            .cases()
            .filter(|case| is_below(&root.folder, path, case))
            .filter(|case| id.is_none_or(|id| case.id == id))
            .map(Case::full_id)
            .collect();
        root.chosen.extend(chosen);
        if let Some(id) = id
            && root.chosen.len() == before
        {
            let complaint =
                Complaint::about(path, format!("there is no case `{id}` in this suite"));
            return Err(vec![
                complaint.with_help("check the id after `#`").to_string(),
            ]);
        }
    }
    for root in &mut roots {
        if let Some(filter) = filter {
            root.chosen.retain(|id| filter.is_match(id));
        }
        root.chosen.sort();
        root.chosen.dedup();
    }
    Ok(roots)
}

/// The place of the corpus that a path lies in; it is loaded when it is new.
fn root_of(path: &Path, roots: &mut Vec<Root>) -> Result<usize, Vec<String>> {
    let corpus = path
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == "corpus") && folder.is_dir());
    let folder = corpus.unwrap_or(path).to_path_buf();
    if let Some(at) = roots.iter().position(|root| root.folder == folder) {
        return Ok(at);
    }
    let loaded = match folder.is_dir() {
        true => load_corpus(&folder),
        false => load_suite(&folder).map(|suite| Corpus {
            suites: vec![suite],
        }),
    };
    let corpus_loaded = loaded.map_err(|errors| super::texts(&errors))?;
    roots.push(Root {
        folder,
        is_corpus: corpus.is_some(),
        corpus: corpus_loaded,
        chosen: Vec::new(),
    });
    Ok(roots.len() - 1)
}

/// Whether a case of the corpus in `folder` lies at or below `path`.
fn is_below(folder: &Path, path: &Path, case: &Case) -> bool {
    if path == folder {
        return true;
    }
    let file = folder.join(format!("{}.yaml", case.suite));
    file.starts_with(path)
}
