//! Recordings as text: stable, readable, and easy to edit by hand.

use std::fmt::{self, Write};

use serde_yaml::Value;

use super::{Deed, FORMAT, Program, RecordedChoice, Recording};

impl fmt::Display for Recording {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "format: {FORMAT}")?;
        writeln!(out, "made_by: {}", scalar(&self.made_by))?;
        if let Some(program) = &self.program {
            write_program(out, program)?;
        }
        if let Some(case) = &self.case {
            writeln!(out, "case: {}", scalar(case))?;
        }
        for (key, value) in [("session", &self.session), ("world", &self.world)] {
            if let Some(value) = value {
                write_value(out, key, value)?;
            }
        }
        let strategy = &self.strategy;
        write!(out, "strategy: {{name: {}", scalar(&strategy.name))?;
        if let Some(seed) = strategy.seed {
            write!(out, ", seed: {seed}")?;
        }
        if let Some(run) = strategy.run {
            write!(out, ", run: {run}")?;
        }
        if let Some(steps) = strategy.steps {
            write!(out, ", steps: {steps}")?;
        }
        if let Some(chaos) = strategy.chaos {
            write!(out, ", chaos: {chaos}")?;
        }
        if let Some(depth) = strategy.depth {
            write!(out, ", depth: {depth}")?;
        }
        writeln!(out, ", inject: [{}]}}", list(&strategy.inject))?;
        if let Some(failure) = &self.failure {
            let (kind, summary) = (scalar(&failure.kind), scalar(&failure.summary));
            write!(out, "failure: {{kind: {kind}, summary: {summary}")?;
            if let Some(step) = failure.step {
                write!(out, ", step: {step}")?;
            }
            writeln!(out, "}}")?;
        }
        if let Some(hash) = self.trace_hash {
            writeln!(out, "trace_hash: {}", scalar(&format!("{hash:016x}")))?;
        }
        if let Some(length) = self.length {
            writeln!(out, "length: {length}")?;
        }
        if self.choices.is_empty() {
            writeln!(out, "choices: []")?;
        } else {
            writeln!(out, "choices:")?;
        }
        for choice in &self.choices {
            write_choice(out, choice)?;
        }
        if !self.checkpoints.is_empty() {
            let pairs = self.checkpoints.iter();
            let pairs: Vec<String> = pairs
                .map(|(at, hash)| format!("{at}: {}", scalar(&format!("{hash:08x}"))))
                .collect();
            writeln!(out, "checkpoints: {{{}}}", pairs.join(", "))?;
        }
        Ok(())
    }
}

fn write_program(out: &mut fmt::Formatter<'_>, program: &Program) -> fmt::Result {
    writeln!(out, "program:")?;
    writeln!(out, "  name: {}", scalar(&program.name))?;
    if let Some(sha256) = &program.sha256 {
        writeln!(out, "  sha256: {}", scalar(sha256))?;
    }
    if let Some(source) = &program.source {
        write_text(out, 2, "source", source)?;
    }
    if !program.files.is_empty() {
        writeln!(out, "  files:")?;
        for (name, source) in &program.files {
            write_text(out, 4, &scalar(name), source)?;
        }
    }
    Ok(())
}

/// A text as a literal block where that keeps every character, else quoted on one line.
fn write_text(out: &mut fmt::Formatter<'_>, indent: usize, key: &str, text: &str) -> fmt::Result {
    let margin = " ".repeat(indent);
    let plain = |c: char| c == '\n' || c == '\t' || (' '..='~').contains(&c) || is_letter(c);
    let blank = text.lines().all(|line| line.trim().is_empty());
    if !text.chars().all(plain) || blank {
        return writeln!(out, "{margin}{key}: {}", double_quoted(text));
    }
    let chomp = match (text.ends_with('\n'), text.ends_with("\n\n")) {
        (false, _) => "-",
        (true, false) => "",
        (true, true) => "+",
    };
    // The margin is stated where the text's own first spaces would be taken for it.
    let stated = text.starts_with([' ', '\n', '\t']);
    let stated = if stated { "2" } else { "" };
    writeln!(out, "{margin}{key}: |{stated}{chomp}")?;
    let body = text.strip_suffix('\n').unwrap_or(text);
    for line in body.split('\n') {
        if line.is_empty() {
            writeln!(out)?;
        } else {
            writeln!(out, "{margin}  {line}")?;
        }
    }
    Ok(())
}

fn write_value(out: &mut fmt::Formatter<'_>, key: &str, value: &Value) -> fmt::Result {
    let text = serde_yaml::to_string(value).map_err(|_| fmt::Error)?;
    let text = text.trim_end_matches('\n');
    let inline = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(entries) => entries.is_empty(),
        Value::String(_) | Value::Tagged(_) => false,
    };
    if inline {
        return writeln!(out, "{key}: {text}");
    }
    if let Value::String(text) = value {
        return writeln!(out, "{key}: {}", scalar(text));
    }
    writeln!(out, "{key}:")?;
    for line in text.split('\n') {
        let margin = if line.is_empty() { "" } else { "  " };
        writeln!(out, "{margin}{line}")?;
    }
    Ok(())
}

fn write_choice(out: &mut fmt::Formatter<'_>, choice: &RecordedChoice) -> fmt::Result {
    let (key, extra) = match &choice.deed {
        Deed::Run => ("run", None),
        Deed::Deliver => ("deliver", None),
        Deed::Spurious => ("spurious", None),
        Deed::Delay(by) => ("delay", Some(("by", by.to_string()))),
        Deed::Fault(error) => ("fault", Some(("error", scalar(error)))),
        Deed::Cancel => ("cancel", None),
        Deed::Early => ("early", None),
        Deed::Never => ("never", None),
        Deed::Drop => ("drop", None),
        Deed::Pick(value) => ("pick", Some(("value", value.to_string()))),
    };
    write!(
        out,
        "  - {{at: {}, {key}: {}",
        choice.at,
        scalar(&choice.label)
    )?;
    if let Some((key, value)) = extra {
        write!(out, ", {key}: {value}")?;
    }
    if choice.nth != 0 {
        write!(out, ", nth: {}", choice.nth)?;
    }
    if !choice.of.is_empty() {
        write!(out, ", of: [{}]", list(&choice.of))?;
    }
    writeln!(out, "}}")
}

fn list(items: &[String]) -> String {
    items
        .iter()
        .map(|item| scalar(item))
        .collect::<Vec<_>>()
        .join(", ")
}

fn is_letter(character: char) -> bool {
    !character.is_ascii() && character.is_alphanumeric()
}

/// A string as a YAML scalar that is safe in block and flow style: plain where nothing can be taken
/// for something else, quoted otherwise.
fn scalar(text: &str) -> String {
    let inner = |c: char| c.is_ascii_alphanumeric() || "_./#-=@%".contains(c);
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| inner(c) || c == ' ')
        && !text.contains(" #")
        && !text.ends_with(' ')
        && !words.contains(&text.to_ascii_lowercase().as_str());
    let safe_digits = text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
        && text.bytes().any(|b| matches!(b, b'a'..=b'd' | b'f'));
    if plain || safe_digits {
        return text.to_string();
    }
    if text
        .chars()
        .all(|c| (' '..='~').contains(&c) || is_letter(c))
    {
        return format!("'{}'", text.replace('\'', "''"));
    }
    double_quoted(text)
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            ' '..='~' => quoted.push(character),
            _ if is_letter(character) => quoted.push(character),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(quoted, "\\U{:08X}", u32::from(character));
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_read_back_as_the_same_string() {
        for text in [
            "",
            "main/bump#2",
            "true",
            "No",
            "12",
            "1e10",
            "5b0e",
            "12e4",
            "0x10",
            "a: b",
            "a #b",
            " a",
            "a ",
            "it's",
            "-",
            "~",
            "[x]",
            "{x}",
            "x, y",
            "tab\there",
            "line\nbreak",
            "é",
            "\u{7}\u{2028}\u{1F600}",
            "gpu:DeviceLost",
            "spurious main/a#1",
            "\"",
            "\\",
            "%",
            "@x",
            "!tag",
            "&a",
            "*a",
            ".inf",
            "1_000",
            "1:30",
            "null",
            "c:\\dir",
            "x:",
            "deadbeef",
            "0123abcd",
            "00000000",
            "1e5",
            "12345678",
        ] {
            let flow = format!("{{key: {}, list: [{}]}}", scalar(text), scalar(text));
            let value: Value = serde_yaml::from_str(&flow).expect(&flow);
            assert_eq!(value["key"], Value::String(text.to_string()), "{flow}");
            assert_eq!(value["list"][0], Value::String(text.to_string()), "{flow}");
        }
    }
}
