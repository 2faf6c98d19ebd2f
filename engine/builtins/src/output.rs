//! Output: `disp`, `display`, `fprintf`.

use crate::inputs::coded;
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
        "fprintf",
        1,
        u8::MAX,
        1,
        fprintf,
        "fprintf(template, values…), fprintf(1, …): formatted text to the output; 2 is the error stream",
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

fn fprintf(call: &mut Call<'_>) -> Result<Outputs> {
    let (stream, rest) = match &*call.arguments {
        [Value::Double(stream), rest @ ..] if !rest.is_empty() => (*stream, rest),
        all => (1.0, all),
    };
    if stream != 1.0 && stream != 2.0 {
        return Err(coded(
            &codes::BAD_FILE,
            "Invalid file identifier. Use fopen to generate a valid file identifier.",
        ));
    }
    // fprintf(x) of a number shows it by its own template.
    let text = match &rest[0] {
        number @ (Value::Double(_)
        | Value::Bool(_)
        | Value::DoubleArray(_)
        | Value::BoolArray(_)) => message(&Value::text("%g "), std::slice::from_ref(number))?,
        template => message(template, &rest[1..])?,
    };
    let Value::Char(units) = text else {
        unreachable!("a message is text")
    };
    let text = String::from_utf16_lossy(units.data());
    if stream == 1.0 {
        call.context.write(&text);
    } else {
        call.context.write_error(&text);
    }
    Ok(if call.outputs > 0 {
        one(text.len() as f64)
    } else {
        Outputs::new()
    })
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
        assert_eq!(*session.output.borrow(), "a1\nb\nxyz");
        assert_eq!(*session.errors.borrow(), "c");
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
