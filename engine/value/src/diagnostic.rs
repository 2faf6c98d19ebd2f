//! The text of an error for people, made at the host boundary and nowhere else.

use crate::{Namespace, Phase, RuntimeError, SourceSpan, StackFrame};
use std::error::Error;
use std::fmt::Write;

/// Causes deeper than this are not indented further, so that a long chain stays readable.
const DEEPEST_INDENT: usize = 12;

/// What is still to be written, last first: causes may nest to any depth.
enum Pending<'a> {
    Cause(&'a RuntimeError, usize),
    Foreign(&'a (dyn Error + 'static), usize),
}

impl RuntimeError {
    /// The error as plain text: message, identifier, place with its source line, library function,
    /// task, phase, call stack, causes, and the foreign errors behind it.
    pub fn format_diagnostic(&self, namespace: Namespace) -> String {
        let mut out = String::new();
        let mut pending = Vec::new();
        write_error(&mut out, self, namespace, "error", 0, &mut pending);
        while let Some(next) = pending.pop() {
            match next {
                Pending::Cause(cause, depth) => {
                    write_error(&mut out, cause, namespace, "caused by", depth, &mut pending);
                }
                Pending::Foreign(error, depth) => {
                    write_lines(&mut out, depth, "source: ", &error.to_string());
                    if let Some(source) = error.source() {
                        pending.push(Pending::Foreign(source, depth));
                    }
                }
            }
        }
        out
    }
}

fn write_error<'a>(
    out: &mut String,
    error: &'a RuntimeError,
    namespace: Namespace,
    head: &str,
    depth: usize,
    pending: &mut Vec<Pending<'a>>,
) {
    write_lines(out, depth, &format!("{head}: "), error.message());
    let inner = depth + 1;
    let identifier = error.identifier_in(namespace);
    if !identifier.is_empty() {
        write_lines(out, inner, "identifier: ", identifier);
    }
    if let Some(place) = error.span() {
        write_place(out, inner, place);
    }
    let context = error.context();
    if let Some(builtin) = &context.builtin {
        write_lines(out, inner, "builtin: ", builtin);
    }
    if let Some(task) = &context.task {
        write_lines(out, inner, "task: ", task);
    }
    match context.phase {
        Phase::Compile => write_lines(out, inner, "phase: ", "compile"),
        Phase::Run => {}
    }
    if !context.stack.is_empty() {
        write_lines(out, inner, "call stack:", "");
        for frame in &context.stack {
            write_lines(out, inner + 1, "", &frame_text(frame));
        }
    }
    if let Some(source) = error.foreign_source() {
        pending.push(Pending::Foreign(source, inner));
    }
    for cause in error.causes().iter().rev() {
        pending.push(Pending::Cause(cause, inner));
    }
}

fn frame_text(frame: &StackFrame) -> String {
    let StackFrame {
        file,
        name,
        line,
        column,
    } = frame;
    if name.is_empty() {
        format!("{file}:{line}:{column}")
    } else {
        format!("{name} ({file}:{line}:{column})")
    }
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth.min(DEEPEST_INDENT) {
        out.push_str("  ");
    }
}

/// `head` and a text that may have several lines, all indented.
fn write_lines(out: &mut String, depth: usize, head: &str, text: &str) {
    for (at, line) in text.split('\n').enumerate() {
        indent(out, depth);
        if at == 0 {
            out.push_str(head);
        } else {
            out.push_str("  ");
        }
        out.push_str(line);
        out.push('\n');
    }
}

/// `--> file:line:column`, the source line, and carets under the span. Columns are characters; a tab
/// before the span is kept, so that the carets stand right wherever tabs go.
fn write_place(out: &mut String, depth: usize, place: &SourceSpan) {
    let SourceSpan { source, span } = place;
    let start = source.position(span.start);
    let end = source.position(span.end);
    indent(out, depth);
    let _ = writeln!(out, "--> {}:{}:{}", source.name(), start.line, start.column);
    let text = source.line(start.line);
    let number = start.line.to_string();
    let length = text.chars().count();
    let before = (start.column as usize - 1).min(length);
    let until = if end.line == start.line {
        end.column as usize - 1
    } else {
        length
    };
    indent(out, depth);
    let _ = writeln!(out, "{number} | {text}");
    indent(out, depth);
    out.extend(number.chars().map(|_| ' '));
    out.push_str(" | ");
    out.extend(
        text.chars()
            .take(before)
            .map(|c| if c == '\t' { '\t' } else { ' ' }),
    );
    out.extend(std::iter::repeat_n(
        '^',
        until.min(length).saturating_sub(before).max(1),
    ));
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use crate::{Namespace, Phase, StackFrame, build_runtime_error, codes};
    use tourbillon_syntax::{Source, Span};

    #[test]
    fn everything_comes_in_order() {
        let source = Source::new("t.m", "x = 1;\n\té = ñandú(x);\n");
        let at = source.text().find("ñ").unwrap();
        let span = Span::new(at, at + "ñandú".len());
        let frame = |name: &str, line| StackFrame {
            file: "t.m".into(),
            name: name.into(),
            line,
            column: 6,
        };
        let disk = std::io::Error::other("disk on fire");
        let inner = build_runtime_error("two\nlines").identifier("a:b").build();
        let error = build_runtime_error("It broke")
            .code(&codes::UNDEFINED_FUNCTION)
            .span(&source, span)
            .builtin("feval")
            .phase(Phase::Compile)
            .stack(vec![frame("inner", 2), frame("", 9)])
            .source(disk)
            .cause(build_runtime_error("why").cause(inner).build())
            .build()
            .with_context(|context| context.task(|| "main/reader#1".into()));
        let expected = "\
error: It broke
  identifier: Octave:undefined-function
  --> t.m:2:6
  2 | \té = ñandú(x);
    | \t    ^^^^^
  builtin: feval
  task: main/reader#1
  phase: compile
  call stack:
    inner (t.m:2:6)
    t.m:9:6
  caused by: why
    caused by: two
      lines
      identifier: a:b
  source: disk on fire
";
        assert_eq!(error.format_diagnostic(Namespace::Octave), expected);
    }

    #[test]
    fn a_bare_message_is_one_line() {
        let error = build_runtime_error("m").build();
        assert_eq!(error.format_diagnostic(Namespace::Matlab), "error: m\n");
    }

    #[test]
    fn a_span_at_the_end_of_the_text_or_over_lines_still_has_a_caret() {
        let source = Source::new("t.m", "f(\n1");
        for (span, carets) in [
            (Span::new(4, 4), "  | \u{20}^"),
            (Span::new(1, 4), "  |  ^"),
        ] {
            let error = build_runtime_error("m").span(&source, span).build();
            let text = error.format_diagnostic(Namespace::Matlab);
            assert!(text.trim_end().ends_with(carets.trim_end()), "{text}");
        }
    }

    #[test]
    fn causes_nest_to_any_depth() {
        let mut error = build_runtime_error("0").build();
        for depth in 1..5000 {
            error = build_runtime_error(depth.to_string()).cause(error).build();
        }
        let text = error.format_diagnostic(Namespace::Matlab);
        assert_eq!(text.lines().count(), 5000);
        assert!(text.ends_with("caused by: 0\n"));
    }
}
