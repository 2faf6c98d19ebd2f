//! Labels: where a task or an operation comes from, as a path that survives edits of the program.

use std::fmt;

use rustc_hash::FxHashMap;

/// The hash of a label's path: stable for ever, the same on every platform and in every build.
///
/// A label names a task by its parent's label, its own name and its occurrence there, never by a
/// running number of the whole execution. The text of a label is kept by [`Labels`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(pub u64);

impl Label {
    /// The label of a root: a path of one name, printed without an occurrence.
    #[must_use]
    pub fn root(name: &str) -> Label {
        Label(path_hash(0, name, 0))
    }

    /// The label of the `occurrence`-th (from 1) child called `name`.
    #[must_use]
    pub fn child(self, name: &str, occurrence: u32) -> Label {
        Label(path_hash(self.0, name, occurrence))
    }
}

/// The hash of one more step of a path.
///
/// A root has parent 0 and occurrence 0; occurrences of children count from 1. Engines that compute
/// their own labels must use exactly this function, so that their labels and ours are the same.
#[must_use]
pub fn path_hash(parent: u64, name: &str, occurrence: u32) -> u64 {
    join_hash(parent, name_hash(name), occurrence)
}

/// FNV-1a, 64 bits, of a name's bytes.
#[must_use]
pub const fn name_hash(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        index += 1;
    }
    hash
}

/// The step of [`path_hash`] after the name was hashed.
#[inline]
pub(crate) fn join_hash(parent: u64, name: u64, occurrence: u32) -> u64 {
    let salt = u64::from(occurrence).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mix(parent.rotate_left(23) ^ name ^ salt)
}

/// The finalizer of splitmix64: every input bit reaches every output bit.
#[inline]
pub(crate) const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// The text of every label met so far. One table serves all runs of an exploration, so that text is
/// made once and a run only looks up.
#[derive(Debug, Default)]
pub struct Labels {
    parts: FxHashMap<u64, Part>,
}

#[derive(Debug)]
struct Part {
    parent: u64,
    name: Box<str>,
    occurrence: u32,
}

impl Labels {
    /// An empty table.
    #[must_use]
    pub fn new() -> Labels {
        Labels::default()
    }

    /// The label of a root called `name`.
    pub fn root(&mut self, name: &str) -> Label {
        self.note(path_hash(0, name, 0), Label(0), name, 0)
    }

    /// The label of the `occurrence`-th (from 1) task called `name` that `parent` spawned.
    pub fn child(&mut self, parent: Label, name: &str, occurrence: u32) -> Label {
        self.note(
            path_hash(parent.0, name, occurrence),
            parent,
            name,
            occurrence,
        )
    }

    /// The label of the `occurrence`-th (from 1) operation `op` of `task`.
    pub fn operation(&mut self, task: Label, op: &str, occurrence: u32) -> Label {
        self.child(task, op, occurrence)
    }

    /// Remembers the parts of a label whose hash the caller has computed with [`path_hash`].
    #[inline]
    pub fn note(&mut self, hash: u64, parent: Label, name: &str, occurrence: u32) -> Label {
        self.parts.entry(hash).or_insert_with(|| {
            let ours = path_hash(parent.0, name, occurrence);
            debug_assert_eq!(hash, ours, "a foreign path hash");
            Part {
                parent: parent.0,
                name: name.into(),
                occurrence,
            }
        });
        Label(hash)
    }

    /// Whether the parts of `label` are known.
    #[must_use]
    pub fn knows(&self, label: Label) -> bool {
        self.parts.contains_key(&label.0)
    }

    /// The path of `label`: `main`, `main/bump#2`, `main/bump#1/read#3`. A label whose parts were
    /// never noted prints as its hash.
    #[must_use]
    pub fn text(&self, label: Label) -> String {
        let mut text = String::new();
        self.write(label, &mut text);
        text
    }

    /// The last name of a label's path, as it was given: for labels that stand for plain names, such
    /// as those of errors.
    #[must_use]
    pub fn name(&self, label: Label) -> String {
        match self.parts.get(&label.0) {
            Some(part) => part.name.to_string(),
            None => self.text(label),
        }
    }

    fn write(&self, label: Label, text: &mut String) {
        // Paths are as deep as spawns nest; walking up first avoids recursion on deep ones.
        let mut path = Vec::new();
        let mut at = label.0;
        while at != 0 {
            let Some(part) = self.parts.get(&at) else {
                text.push_str(&format!("?{at:016x}"));
                break;
            };
            path.push(part);
            at = part.parent;
        }
        for part in path.iter().rev() {
            if !text.is_empty() {
                text.push('/');
            }
            escape(&part.name, text);
            if part.occurrence != 0 {
                text.push_str(&format!("#{}", part.occurrence));
            }
        }
    }

    /// The label that `text` names, noting its parts on the way. The inverse of [`Labels::text`].
    pub fn parse(&mut self, text: &str) -> Result<Label, LabelError> {
        let mut label = Label(0);
        for segment in text.split('/') {
            let (name, occurrence) = match segment.split_once('#') {
                None => (segment, 0),
                Some((name, digits)) => {
                    let canonical = !digits.starts_with(['0', '+']);
                    let number = digits.parse::<u32>().ok().filter(|_| canonical);
                    let number = number.ok_or_else(|| LabelError::occurrence(text, segment))?;
                    (name, number)
                }
            };
            let name = unescape(name).ok_or_else(|| LabelError::escape(text, segment))?;
            if name.is_empty() {
                return Err(LabelError::empty(text));
            }
            label = self.child(label, &name, occurrence);
        }
        Ok(label)
    }
}

/// Why a text is not a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelError {
    message: String,
}

impl LabelError {
    fn occurrence(text: &str, segment: &str) -> LabelError {
        let message = format!(
            "`{text}` is not a label: `{segment}` must end in `#` and a number from 1, as in \
             `main/bump#2`"
        );
        LabelError { message }
    }

    fn escape(text: &str, segment: &str) -> LabelError {
        let message = format!(
            "`{text}` is not a label: in `{segment}` a `%` must be followed by two hexadecimal \
             digits (`%25` is the character itself)"
        );
        LabelError { message }
    }

    fn empty(text: &str) -> LabelError {
        let message = format!("`{text}` is not a label: a step of the path has no name");
        LabelError { message }
    }
}

impl fmt::Display for LabelError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for LabelError {}

/// Names are free text: the characters that structure a path are written as `%` and two digits.
fn escape(name: &str, text: &mut String) {
    for character in name.chars() {
        match character {
            '/' | '#' | '%' => text.push_str(&format!("%{:02X}", u32::from(character))),
            _ if character.is_ascii_control() => {
                text.push_str(&format!("%{:02X}", u32::from(character)));
            }
            _ => text.push(character),
        }
    }
}

fn unescape(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        name.push_str(before);
        let digits = after
            .get(..2)
            .filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let code = u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii)?;
        name.push(char::from(code));
        rest = &after[2..];
    }
    name.push_str(rest);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_hashes_never_change() {
        // Computed once by an independent script from the definition in the documentation.
        let main = path_hash(0, "main", 0);
        let bump = path_hash(main, "bump", 2);
        let read = path_hash(bump, "read", 3);
        assert_eq!(name_hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(name_hash("main"), GOLDEN[0]);
        assert_eq!([main, bump, read], [GOLDEN[1], GOLDEN[2], GOLDEN[3]]);
    }

    const GOLDEN: [u64; 4] = [
        0x1f59_62a2_ce98_03c8,
        0xb137_5cb6_f94d_9218,
        0x8f2a_39cc_aeb1_66a1,
        0xdf93_8b29_c15f_db68,
    ];

    #[test]
    fn texts_round_trip() {
        let mut labels = Labels::new();
        let main = labels.root("main");
        let bump = labels.child(main, "bump", 1);
        let read = labels.operation(bump, "read", 3);
        let odd = labels.child(main, "a/b#1 %\n", 2);
        for (label, text) in [
            (main, "main"),
            (bump, "main/bump#1"),
            (read, "main/bump#1/read#3"),
            (odd, "main/a%2Fb%231 %25%0A#2"),
        ] {
            assert_eq!(labels.text(label), text);
            assert_eq!(Labels::new().parse(text), Ok(label));
        }
    }

    #[test]
    fn an_unknown_label_prints_its_hash() {
        let mut labels = Labels::new();
        assert_eq!(labels.text(Label(0xab)), "?00000000000000ab");
        let child = labels.note(Label(0xab).child("x", 1).0, Label(0xab), "x", 1);
        assert_eq!(labels.text(child), "?00000000000000ab/x#1");
    }

    #[test]
    fn what_is_no_label_is_refused() {
        for text in [
            "",
            "main/",
            "main/bump#",
            "main/bump#0",
            "main/bump#x",
            "m%2",
            "m%FF",
            "a#1#2",
        ] {
            assert!(Labels::new().parse(text).is_err(), "{text}");
        }
    }
}
