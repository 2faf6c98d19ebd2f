//! What the user types: lines as text, or as values.

use crate::inputs::{failure, text};
use crate::literal;
use crate::table::{plain, starts, waits};
use crate::{Call, Entry, Operation, Outputs, Start, one};
use tourbillon_host::{InputKind, Request, Response};
use tourbillon_value::{Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    waits(
        "input",
        0,
        4,
        1,
        input,
        "x = input(prompt), s = input(prompt, 's'): asks for a value or a text; …, 'Echo', false: hidden while typed",
    ),
    starts(
        "input_async",
        0,
        4,
        1,
        input,
        "f = input_async(prompt), input_async(prompt, 's'), …, 'Echo', tf: the future of a value or a text",
    ),
    plain(
        "str2num",
        1,
        1,
        2,
        str2num,
        "[x, tf] = str2num(text): the value of a text made of literals",
    ),
];

fn input(call: &mut Call<'_>) -> Result<Start> {
    let prompt = match call.arguments.first() {
        Some(prompt) => text(call.name, prompt)?,
        None => String::new(),
    };
    let (as_text, options) = match call.arguments.get(1..).unwrap_or_default() {
        [kind, options @ ..] if kind.as_text().as_deref() == Some("s") => (true, options),
        // One argument more is a kind, two are an option.
        [_] => return Err(failure("The second argument to INPUT must be 's'.")),
        options => (false, options),
    };
    let echo = echo(options)?;
    // The escapes of a prompt are resolved, as in MATLAB.
    let units: Vec<u16> = prompt.encode_utf16().collect();
    let prompt = String::from_utf16_lossy(&crate::strings::template::unescape(&units));
    Ok(Start::Operation(Operation {
        request: Request::Input {
            kind: InputKind::Line,
            prompt,
            echo,
        },
        finish: if as_text {
            Box::new(|response| line(response).map(|line| Value::text(&line)))
        } else {
            Box::new(|response| literal::evaluate(&line(response)?))
        },
    }))
}

/// The options of a request: `'Echo', false` keeps what is typed off the screen.
fn echo(options: &[Value]) -> Result<bool> {
    match options {
        [] => Ok(true),
        [name, value]
            if name
                .as_text()
                .is_some_and(|name| name.eq_ignore_ascii_case("echo")) =>
        {
            match value {
                Value::Bool(shown) => Ok(*shown),
                Value::Double(number) if *number == 0.0 || *number == 1.0 => Ok(*number == 1.0),
                _ => Err(failure(
                    "The value of the option 'Echo' must be true or false.",
                )),
            }
        }
        _ => Err(failure(
            "The options of INPUT are 's' and then 'Echo' with true or false.",
        )),
    }
}

fn line(response: Response) -> Result<String> {
    match response {
        Response::Line(line) => Ok(line),
        other => Err(tourbillon_value::build_runtime_error(format!(
            "The input handler gave no line: {other:?}"
        ))
        .identifier("input:WrongKind")
        .build()),
    }
}

fn str2num(call: &mut Call<'_>) -> Result<Outputs> {
    let text = text(call.name, &call.arguments[0])?;
    let value = literal::evaluate(&format!("[{text}]"));
    let ok = value.is_ok();
    let mut outputs = one(value.unwrap_or_else(|_| Value::empty()));
    if call.outputs > 1 {
        outputs.push(Value::Bool(ok));
    }
    Ok(outputs)
}

#[cfg(test)]
mod tests {
    use crate::Start;
    use crate::testing::{Called, Session, check, show};
    use tourbillon_host::{InputKind, Request, Response};
    use tourbillon_value::Value;

    fn answer(arguments: &[Value], line: &str) -> Result<String, String> {
        let Ok(Called::Starts(Start::Operation(operation))) =
            Session::default().start("input", arguments, 1)
        else {
            panic!("input asks the host")
        };
        let Request::Input {
            kind: InputKind::Line,
            prompt,
            echo: true,
        } = operation.request
        else {
            panic!("a line is asked for")
        };
        assert_eq!(prompt, "n?\n");
        (operation.finish)(Response::Line(line.to_owned()))
            .map(|value| show(&value))
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn input_is_a_value_or_a_text() {
        let prompt = Value::text("n?\\n");
        let text = [prompt.clone(), "s".into()];
        assert_eq!(answer(&text, "3+4").as_deref(), Ok("'3+4'"));
        let value = [prompt];
        assert_eq!(answer(&value, "3+4").as_deref(), Ok("7"));
        assert_eq!(answer(&value, "[1 2; 3 4]").as_deref(), Ok("[1 2; 3 4]"));
        assert_eq!(answer(&value, "'abc'").as_deref(), Ok("'abc'"));
        assert_eq!(answer(&value, "").as_deref(), Ok("[0x0]"));
        assert_eq!(
            answer(&value, "abc"),
            Err("Unrecognized function or variable 'abc'.".to_owned())
        );
    }

    #[test]
    fn what_is_typed_can_be_hidden() {
        let echo = |arguments: &[Value]| match Session::default().start("input", arguments, 1) {
            Ok(Called::Starts(Start::Operation(operation))) => match operation.request {
                Request::Input { echo, .. } => Ok(echo),
                other => panic!("{} is no input", other.name()),
            },
            Ok(_) => panic!("input asks the host"),
            Err(error) => Err(error.message().to_owned()),
        };
        let (prompt, kind) = (Value::text("? "), Value::from("s"));
        let option = |value: Value| [prompt.clone(), kind.clone(), "Echo".into(), value];
        assert_eq!(echo(&[prompt.clone(), kind.clone()]), Ok(true));
        assert_eq!(echo(&option(Value::Bool(false))), Ok(false));
        assert_eq!(echo(&option(Value::Double(1.0))), Ok(true));
        let value = [prompt.clone(), "echo".into(), Value::Bool(false)];
        assert_eq!(echo(&value), Ok(false), "a value can be hidden as well");
        let failed = Err("The value of the option 'Echo' must be true or false.".to_owned());
        assert_eq!(echo(&option("no".into())), failed);
        let half = [prompt.clone(), kind.clone(), "Echo".into()];
        let unknown = [prompt.clone(), "Color".into(), Value::Bool(true)];
        for wrong in [&half[..], &unknown[..]] {
            let failed =
                Err("The options of INPUT are 's' and then 'Echo' with true or false.".to_owned());
            assert_eq!(echo(wrong), failed);
        }
    }

    #[test]
    fn a_host_that_answers_another_kind_is_told_so() {
        let Ok(Called::Starts(Start::Operation(operation))) =
            Session::default().start("input", &[], 1)
        else {
            panic!("input asks the host")
        };
        let error = (operation.finish)(Response::Key("a".to_owned())).unwrap_err();
        assert_eq!(error.identifier(), "input:WrongKind");
    }

    #[test]
    fn str2num_reads_literals() {
        check(&[
            ("str2num('3.5')", "3.5 | true"),
            ("str2num('1 2; 3 4')", "[1 2; 3 4]"),
            ("str2num('2*pi > 6')", "true"),
            ("str2num('delete(x)')", "[0x0] | false"),
            ("str2num('1 +')", "[0x0] | false"),
        ]);
    }
}
