//! GNU Octave as an engine: the oracle for cases of the synchronous language.
//!
//! Octave runs outside simulation, once, in real time. Functions of a script must be defined before
//! they are called there, so they are moved in front of the script's own code.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::engine::{CaseReport, Engine, SeenOutcome, Status};
use crate::expect::{Expect, Phase};
use crate::matching::{Observed, ObservedError, Verdict, judge};
use crate::schema::{Case, EngineName};
use crate::value::{CanonicalData, CanonicalValue};

/// Runs cases in `octave-cli`.
#[derive(Clone, Debug)]
pub struct Octave {
    command: String,
    version: Option<String>,
    limit: Duration,
}

/// How long one case may take, in seconds.
const LIMIT_SECONDS: u64 = 30;

/// What stands before each part of what the program's end tells us on standard error.
const MARK: &str = "tourbillon-octave:";

impl Octave {
    /// Looks whether `octave-cli` is installed.
    pub fn find() -> Self {
        Self::with_command("octave-cli")
    }

    fn with_command(command: &str) -> Self {
        let version = Command::new(command)
            .arg("--version")
            .output()
            .ok()
            .filter(|output| output.status.success())
            .and_then(|output| {
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                text.lines().next().map(str::to_string)
            });
        Self {
            command: command.into(),
            version,
            limit: Duration::from_secs(LIMIT_SECONDS),
        }
    }

    /// The first line of what the installed command says about itself.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    fn observe(&self, case: &Case) -> Result<Observed, (Status, String)> {
        let wanted = wanted_values(&case.expect);
        let program = harnessed(&case.program, &wanted);
        let output = self.execute(&program)?;
        let Some((before, after)) = output.errors.split_once(MARK) else {
            // The wrapper itself was not compiled: the program does not parse.
            let message = output.errors.trim().to_string();
            if !message.contains("parse error") {
                return Err((Status::Crash, format!("octave-cli ended early: {message}")));
            }
            let error = ObservedError {
                message,
                phase: Some(Phase::Compile),
                ..ObservedError::default()
            };
            return Ok(Observed {
                error: Some(error),
                ..Observed::default()
            });
        };
        let mut observed = Observed {
            stdout: output.text,
            ..Observed::default()
        };
        observed.diagnostics = before.lines().filter_map(warning_identifier).collect();
        for part in after.split(MARK) {
            let mut tokens = Tokens(part);
            let broken = || {
                (
                    Status::Crash,
                    format!("octave-cli gave an unreadable report: {part:?}"),
                )
            };
            match tokens.word() {
                Some("end") => {}
                Some("error") => observed.error = Some(tokens.error().ok_or_else(broken)?),
                Some("value") => {
                    let name = tokens.text().ok_or_else(broken)?;
                    observed
                        .values
                        .insert(name, tokens.value().ok_or_else(broken)?);
                }
                Some(_) | None => return Err(broken()),
            }
        }
        Ok(observed)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "another engine runs in real time, outside simulation"
    )]
    fn execute(&self, program: &str) -> Result<Output, (Status, String)> {
        let crash = |error: std::io::Error| {
            (
                Status::Crash,
                format!("cannot run {}: {error}", self.command),
            )
        };
        let mut child = Command::new(&self.command)
            .args([
                "--no-init-file",
                "--no-site-file",
                "--no-history",
                "--quiet",
                "--eval",
                program,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(crash)?;
        let text = drain(child.stdout.take());
        let errors = drain(child.stderr.take());
        let deadline = Instant::now() + self.limit;
        loop {
            match child.try_wait().map_err(crash)? {
                Some(_) => break,
                None if Instant::now() >= deadline => {
                    stop(&mut child);
                    return Err((
                        Status::Timeout,
                        format!("took longer than {} s", self.limit.as_secs()),
                    ));
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        }
        let joined = |thread: std::thread::JoinHandle<String>| {
            thread
                .join()
                .map_err(|_| (Status::Crash, "a reader thread panicked".to_string()))
        };
        Ok(Output {
            text: joined(text)?,
            errors: joined(errors)?,
        })
    }
}

struct Output {
    text: String,
    errors: String,
}

#[expect(
    clippy::disallowed_methods,
    reason = "two pipes of another engine must be read at once"
)]
fn drain(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What came before a broken pipe is still what the engine said.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn stop(child: &mut Child) {
    // It may have ended by itself in between: then there is nothing to stop.
    let _ = child.kill();
    let _ = child.wait();
}

impl Engine for Octave {
    fn name(&self) -> EngineName {
        EngineName::Octave
    }

    fn run(&self, case: &Case) -> CaseReport {
        if !case.engines.contains(&EngineName::Octave) {
            return CaseReport::without_runs(
                case,
                Status::Skip,
                "the case has no meaning for octave",
            );
        }
        if self.version.is_none() {
            let reason = format!("{} is not installed", self.command);
            return CaseReport::without_runs(case, Status::Skip, reason);
        }
        let observed = match self.observe(case) {
            Ok(observed) => observed,
            Err((status, reason)) => return CaseReport::without_runs(case, status, reason),
        };
        let (status, reason) = match judge(&case.expect, &observed) {
            Verdict::Allowed(_) => (Status::Pass, None),
            Verdict::NotAllowed(text) => (Status::Fail, Some(text)),
            Verdict::Forbidden(name) => (
                Status::Fail,
                Some(format!("the forbidden outcome `{name}`")),
            ),
            Verdict::Ambiguous(first, second) => (
                Status::Fail,
                Some(format!("the run matches both `{first}` and `{second}`")),
            ),
        };
        CaseReport {
            id: case.full_id(),
            status,
            schedules: 1,
            // Without tasks there is one schedule.
            exhausted: true,
            outcomes: vec![SeenOutcome {
                outcome: observed,
                count: 1,
                witness: None,
            }],
            reason,
            replay: Some(format!(
                "tourbillon conformance --engine octave --filter '^{}$'",
                case.full_id()
            )),
        }
    }
}

fn wanted_values(expect: &Expect) -> Vec<&str> {
    let outcomes = expect.allowed.iter().chain(&expect.forbidden);
    let mut names: Vec<&str> = outcomes
        .flat_map(|outcome| outcome.values.keys().map(String::as_str))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The functions that write values and errors as words that [`Tokens`] reads.
const REPORTER: &str = r"
function tourbillon_text__(t)
  fprintf(stderr, ' %d', numel(t)); fprintf(stderr, ' %d', double(t));
end
function tourbillon_value__(v)
  if isa(v, 'containers.Map')
    c = 'containers.Map';
  else
    c = class(v);
  end
  tourbillon_text__(c);
  if strcmp(c, 'containers.Map')
    k = keys(v); w = values(v);
    fprintf(stderr, ' 2 %d 1', numel(k));
    for i = 1:numel(k)
      if ischar(k{i}) t = k{i}; else t = num2str(k{i}); end
      tourbillon_text__(t); tourbillon_value__(w{i});
    end
    return;
  end
  fprintf(stderr, ' %d', ndims(v)); fprintf(stderr, ' %d', size(v));
  if iscell(v)
    for i = 1:numel(v) tourbillon_value__(v{i}); end
  elseif isstruct(v)
    n = fieldnames(v); fprintf(stderr, ' %d', numel(n));
    for i = 1:numel(n) tourbillon_text__(n{i}); tourbillon_value__(v.(n{i})); end
  elseif ischar(v) || islogical(v) || isnumeric(v)
    fprintf(stderr, ' %.17g', double(v));
  elseif isa(v, 'function_handle')
    tourbillon_text__(func2str(v));
  end
end
";

fn harnessed(program: &str, wanted: &[&str]) -> String {
    let (script, functions) = functions_apart(program);
    let mut text = format!(
        "1;\nwarning('off', 'Octave:empty-range');\n{REPORTER}{functions}\ntry\n{script}\n"
    );
    text.push_str("catch tourbillon_error__\n");
    let say = |text: &mut String, what: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  fprintf(stderr, '{MARK} {what}');");
    };
    say(&mut text, "error");
    text.push_str("  tourbillon_text__(tourbillon_error__.identifier);\n");
    text.push_str("  tourbillon_text__(tourbillon_error__.message);\nend\n");
    for name in wanted {
        let _ = writeln!(text, "if exist('{name}', 'var')");
        say(&mut text, "value");
        let _ = writeln!(
            text,
            "  tourbillon_text__('{name}'); tourbillon_value__({name});\nend"
        );
    }
    say(&mut text, "end");
    text
}

/// The script's own code, and the functions that follow it: from the first line that begins one.
fn functions_apart(program: &str) -> (&str, &str) {
    let mut at = 0;
    for line in program.split_inclusive('\n') {
        if line.starts_with("function ") {
            return (&program[..at], &program[at..]);
        }
        at += line.len();
    }
    (program, "")
}

fn warning_identifier(line: &str) -> Option<String> {
    // Octave prints no identifiers with its warnings: one line is one diagnostic without a name.
    line.starts_with("warning: ")
        .then(|| "octave:warning".to_string())
}

/// The words that [`REPORTER`] writes.
struct Tokens<'a>(&'a str);

impl<'a> Tokens<'a> {
    fn word(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        if text.is_empty() {
            return None;
        }
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.0 = rest;
        Some(word)
    }

    fn count(&mut self) -> Option<usize> {
        self.word()?.parse().ok()
    }

    fn number(&mut self) -> Option<f64> {
        match self.word()? {
            "NaN" => Some(f64::NAN),
            "Inf" => Some(f64::INFINITY),
            "-Inf" => Some(f64::NEG_INFINITY),
            word => word.parse().ok(),
        }
    }

    fn text(&mut self) -> Option<String> {
        let count = self.count()?;
        let bytes: Option<Vec<u8>> = (0..count)
            .map(|_| self.word().and_then(|word| word.parse().ok()))
            .collect();
        String::from_utf8(bytes?).ok()
    }

    fn error(&mut self) -> Option<ObservedError> {
        let identifier = self.text()?;
        let message = self.text()?;
        Some(ObservedError {
            identifier,
            message,
            phase: Some(Phase::Run),
            ..ObservedError::default()
        })
    }

    fn value(&mut self) -> Option<CanonicalValue> {
        let class = self.text()?;
        let dimensions = self.count()?;
        let size: Vec<usize> = (0..dimensions)
            .map(|_| self.count())
            .collect::<Option<_>>()?;
        let count: usize = size.iter().product();
        let size = size.into();
        let data = match class.as_str() {
            "char" => {
                let codes: Vec<f64> = (0..count).map(|_| self.number()).collect::<Option<_>>()?;
                let bytes = codes.iter().map(|code| *code as u8).collect();
                CanonicalData::Text(String::from_utf8(bytes).ok()?.into())
            }
            "logical" => CanonicalData::Logicals(
                (0..count)
                    .map(|_| self.number().map(|value| value != 0.0))
                    .collect::<Option<_>>()?,
            ),
            "cell" => {
                CanonicalData::Cells((0..count).map(|_| self.value()).collect::<Option<_>>()?)
            }
            "struct" => {
                let fields = self.count()?;
                CanonicalData::Fields(self.fields(fields)?)
            }
            "containers.Map" => CanonicalData::Fields(self.fields(count)?),
            "function_handle" => CanonicalData::Opaque(self.text()?.into()),
            _ => CanonicalData::Numbers((0..count).map(|_| self.number()).collect::<Option<_>>()?),
        };
        let class = class.into();
        Some(CanonicalValue { class, size, data })
    }

    fn fields(&mut self, count: usize) -> Option<Vec<(Cow<'static, str>, CanonicalValue)>> {
        (0..count)
            .map(|_| Some((self.text()?.into(), self.value()?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(program: &str, expect: &str) -> Case {
        let text = format!(
            "cases:\n  - id: one\n    title: t\n    requires: [B5]\n    engines: [self, octave]\n    \
             program: {}\n    expect: {expect}\n",
            serde_json::Value::from(program)
        );
        let mut suite =
            crate::load::parse_suite(&text, std::path::Path::new("s.yaml"), "s").expect("good");
        suite.cases.remove(0)
    }

    fn check(program: &str, expect: &str, status: Status) {
        let octave = Octave::find();
        let report = octave.run(&case(program, expect));
        // Without Octave the engine says so, and that is all it can say.
        let status = if octave.version().is_some() {
            status
        } else {
            Status::Skip
        };
        assert_eq!(report.status, status, "{program}: {:?}", report.reason);
    }

    #[test]
    fn programs_run_and_are_judged() {
        check(
            "fprintf('%d\\n', twice(4));\nfunction y = twice(x)\n  y = 2 * x;\nend\n",
            "{stdout: \"8\\n\"}",
            Status::Pass,
        );
        check("disp(3)", "{stdout: \"4\\n\"}", Status::Fail);
        check(
            "error('a:b', 'no %d', 1);",
            "{error: {identifier: 'a:b', message: no 1}}",
            Status::Pass,
        );
        check(
            "x = (3",
            "{error: {message_matches: parse error, phase: compile}}",
            Status::Pass,
        );
    }

    #[test]
    fn values_come_back_whole() {
        check(
            "a = [1 2; 3 NaN]; s = struct('k', {{1, 'two'}}); b = a > 1; m = containers.Map('x', 2);",
            "{values: {a: [[1, 2], [3, .nan]], b: {class: logical, size: [2, 2], data: [false, true, true, false]}, \
             s: {class: struct, data: {k: {class: cell, data: [1, two]}}}, \
             m: {class: containers.Map, data: {x: 2}}}}",
            Status::Pass,
        );
    }

    #[test]
    fn an_engine_that_is_not_there_is_a_skip_with_its_reason() {
        let octave = Octave::with_command("no-such-octave-here");
        let report = octave.run(&case("x = 1;", "{values: {x: 1}}"));
        assert_eq!(report.status, Status::Skip);
        assert_eq!(
            report.reason.as_deref(),
            Some("no-such-octave-here is not installed")
        );
    }
}
