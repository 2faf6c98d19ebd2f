//! Output: `disp`, `display`, `fprintf`.

use crate::inputs::{coded, text};
use crate::strings::message;
use crate::table::plain;
use crate::{Call, Entry, Outputs, codes, one};
use tourbillon_value::{Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "disp",
        1,
        1,
        1,
        disp,
        "disp(x), s = disp(x): shows a value without its name",
    ),
    plain(
        "display",
        1,
        1,
        0,
        display,
        "display(x): shows a value with its name",
    ),
    plain(
        "fdisp",
        2,
        2,
        0,
        fdisp,
        "fdisp(stream, x): shows a value on a stream",
    ),
    plain(
        "fflush",
        1,
        1,
        0,
        fflush,
        "fflush(stream): output is never held back, so there is nothing to do",
    ),
    plain(
        "fprintf",
        1,
        u8::MAX,
        1,
        fprintf,
        "fprintf(template, values…), fprintf(1, …): formatted text to the output; 2 is the error stream",
    ),
    plain(
        "fputs",
        2,
        2,
        0,
        fputs,
        "fputs(stream, text): a text as it is",
    ),
    plain(
        "printf",
        1,
        u8::MAX,
        0,
        printf,
        "printf(template, values…): formatted text to the output",
    ),
    plain(
        "puts",
        1,
        1,
        0,
        puts,
        "puts(text): a text as it is to the output",
    ),
    plain(
        "stderr",
        0,
        0,
        1,
        |_| Ok(one(2.0)),
        "n = stderr: the number of the error stream",
    ),
    plain(
        "stdout",
        0,
        0,
        1,
        |_| Ok(one(1.0)),
        "n = stdout: the number of the output",
    ),
];

fn disp(call: &mut Call<'_>) -> Result<Outputs> {
    let text = tourbillon_value::display::disp(&call.arguments[0]);
    if call.outputs > 0 {
        return Ok(one(&*text));
    }
    call.context.write(&text);
    Ok(Outputs::new())
}

fn display(call: &mut Call<'_>) -> Result<Outputs> {
    // The machine knows the name of a variable; a value that comes here has none.
    call.context
        .write(&tourbillon_value::display::display_named(
            "ans",
            &call.arguments[0],
        ));
    Ok(Outputs::new())
}

/// The number of a stream: 1 is the output, 2 the error stream.
fn stream(value: &Value) -> Result<f64> {
    match value.as_number() {
        Some(stream) if stream == 1.0 || stream == 2.0 => Ok(stream),
        _ => Err(coded(
            &codes::BAD_FILE,
            "Invalid file identifier. Use fopen to generate a valid file identifier.",
        )),
    }
}

fn write(call: &Call<'_>, stream: f64, text: &str) {
    if stream == 2.0 {
        call.context.write_error(text);
    } else {
        call.context.write(text);
    }
}

fn fprintf(call: &mut Call<'_>) -> Result<Outputs> {
    let (to, rest) = match &*call.arguments {
        [to @ (Value::Double(_) | Value::Bool(_)), rest @ ..] if !rest.is_empty() => {
            (stream(to)?, rest)
        }
        all => (1.0, all),
    };
    let text = message(&rest[0], &rest[1..])?;
    write(call, to, &text);
    Ok(if call.outputs > 0 {
        one(text.len() as f64)
    } else {
        Outputs::new()
    })
}

fn printf(call: &mut Call<'_>) -> Result<Outputs> {
    let text = message(&call.arguments[0], &call.arguments[1..])?;
    call.context.write(&text);
    Ok(Outputs::new())
}

fn puts(call: &mut Call<'_>) -> Result<Outputs> {
    let text = text(call.name, &call.arguments[0])?;
    call.context.write(&text);
    Ok(Outputs::new())
}

fn fputs(call: &mut Call<'_>) -> Result<Outputs> {
    let to = stream(&call.arguments[0])?;
    let text = text(call.name, &call.arguments[1])?;
    write(call, to, &text);
    Ok(Outputs::new())
}

fn fdisp(call: &mut Call<'_>) -> Result<Outputs> {
    let to = stream(&call.arguments[0])?;
    let text = tourbillon_value::display::disp(&call.arguments[1]);
    write(call, to, &text);
    Ok(Outputs::new())
}

fn fflush(call: &mut Call<'_>) -> Result<Outputs> {
    stream(&call.arguments[0])?;
    Ok(Outputs::new())
}

#[cfg(test)]
mod tests {
    use crate::testing::Session;
    use tourbillon_value::Value;

    #[test]
    fn fprintf_writes_to_the_stream_that_is_named() {
        let session = Session::default();
        let text = |text: &str| Value::text(text);
        session
            .call("fprintf", &[text("a%d\\n"), 1.0.into()], 0)
            .unwrap();
        session
            .call("fprintf", &[1.0.into(), text("b\\n")], 0)
            .unwrap();
        session
            .call("fprintf", &[2.0.into(), text("%s"), text("c")], 0)
            .unwrap();
        let count = session.call("fprintf", &[text("xyz")], 1).unwrap();
        session.call("fputs", &[2.0.into(), text("%d")], 0).unwrap();
        session.call("puts", &[text("%d")], 0).unwrap();
        session.call("fdisp", &[1.0.into(), text("q")], 0).unwrap();
        assert_eq!(*session.output.borrow(), "a1\nb\nxyz%dq\n");
        assert_eq!(*session.errors.borrow(), "c%d");
        assert_eq!(count[0].as_number(), Some(3.0));
        let error = session
            .call("fprintf", &[7.0.into(), text("b")], 0)
            .unwrap_err();
        assert_eq!(error.identifier(), "MATLAB:FileIO:InvalidFid");
    }

    #[test]
    fn disp_shows_a_value() {
        let session = Session::default();
        session.call("disp", &["hello".into()], 0).unwrap();
        session.call("disp", &[3.0.into()], 0).unwrap();
        assert_eq!(*session.output.borrow(), "hello\n     3\n");
    }
}
