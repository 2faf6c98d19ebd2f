//! Time: waiting, and how long something took.

use crate::inputs::{failure, scalar};
use crate::table::{plain, starts, waits};
use crate::{Call, Entry, Operation, Outputs, Start, one};
use tourbillon_host::{Access, InputKind, Nanoseconds, Object, Request};
use tourbillon_value::{Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    waits(
        "pause",
        0,
        1,
        0,
        pause,
        "pause(s), pause(): the task waits for s seconds, or for a key",
    ),
    starts(
        "sleep_async",
        1,
        1,
        1,
        sleep_async,
        "f = sleep_async(s): a future that ends after s seconds",
    ),
    plain("tic", 0, 0, 1, tic, "tic, t = tic: starts the stopwatch"),
    plain(
        "toc",
        0,
        1,
        1,
        toc,
        "toc, s = toc, s = toc(t): seconds since tic",
    ),
];

/// The end of a wait of that many seconds from now; `None` when it is over already.
fn deadline(call: &Call<'_>) -> Result<Option<Nanoseconds>> {
    let seconds = scalar(call.name, &call.arguments[0])?;
    if seconds.is_nan() {
        return Err(failure(format!(
            "{}: the number of seconds must not be NaN.",
            call.name
        )));
    }
    let span = Nanoseconds::from_seconds(seconds);
    Ok((span > Nanoseconds::ZERO).then(|| call.context.now() + span))
}

fn timer(deadline: Nanoseconds, value: fn() -> Value) -> Start {
    Start::Operation(Operation {
        request: Request::Timer { deadline },
        finish: Box::new(move |_| Ok(value())),
    })
}

fn pause(call: &mut Call<'_>) -> Result<Start> {
    if call.arguments.is_empty() {
        return Ok(Start::Operation(Operation {
            request: Request::Input {
                kind: InputKind::Key,
                prompt: String::new(),
                echo: false,
            },
            finish: Box::new(|_| Ok(Value::Undefined)),
        }));
    }
    Ok(match deadline(call)? {
        Some(deadline) => timer(deadline, || Value::Undefined),
        None => Start::Ready(Value::Undefined),
    })
}

fn sleep_async(call: &mut Call<'_>) -> Result<Start> {
    Ok(match deadline(call)? {
        Some(deadline) => timer(deadline, Value::empty),
        None => Start::Ready(Value::empty()),
    })
}

fn tic(call: &mut Call<'_>) -> Result<Outputs> {
    let now = call.context.now();
    if call.outputs > 0 {
        // MATLAB counts in microseconds; a number of them fits a double for centuries.
        return Ok(one((now.0 / 1000) as f64));
    }
    call.context.access(Object::Stopwatch, Access::Write);
    call.context.state().start_stopwatch(now);
    Ok(Outputs::new())
}

fn toc(call: &mut Call<'_>) -> Result<Outputs> {
    let now = call.context.now();
    let start = match call.arguments.first() {
        Some(start) => {
            let microseconds = scalar(call.name, start)?;
            Nanoseconds((microseconds.max(0.0) as u64).saturating_mul(1000))
        }
        None => {
            call.context.access(Object::Stopwatch, Access::Read);
            call.context.state().stopwatch().ok_or_else(|| {
                failure("You must call 'tic' without an output argument before calling 'toc' without an input argument.")
            })?
        }
    };
    let seconds = Nanoseconds(now.0.saturating_sub(start.0)).as_seconds();
    if call.outputs > 0 {
        return Ok(one(seconds));
    }
    call.context
        .write(&format!("Elapsed time is {seconds:.6} seconds.\n"));
    Ok(Outputs::new())
}

#[cfg(test)]
mod tests {
    use crate::Start;
    use crate::testing::{Called, Session, check_in};
    use tourbillon_host::{InputKind, Request};

    #[test]
    fn waits_are_timers_of_the_host() {
        let session = Session::default();
        session.now.set(500);
        let deadline = |name: &str, seconds: f64| match session.start(name, &[seconds.into()], 0) {
            Ok(Called::Starts(Start::Operation(operation))) => match operation.request {
                Request::Timer { deadline } => Some(deadline.0),
                other => panic!("{other:?}"),
            },
            Ok(Called::Starts(Start::Ready(_))) => None,
            Ok(Called::Starts(Start::Failed(_) | Start::Sequence(..)) | Called::Values(_)) => {
                panic!("no start")
            }
            Err(error) => panic!("{error}"),
        };
        assert_eq!(deadline("pause", 0.5), Some(500_000_500));
        assert_eq!(deadline("sleep_async", 1e-9), Some(501));
        assert_eq!(deadline("pause", 0.0), None);
        assert_eq!(deadline("pause", -1.0), None);
        assert_eq!(deadline("pause", f64::INFINITY), Some(u64::MAX));
        assert!(session.start("pause", &[f64::NAN.into()], 0).is_err());
        let Ok(Called::Starts(Start::Operation(key))) = session.start("pause", &[], 0) else {
            panic!("no operation")
        };
        assert!(matches!(
            key.request,
            Request::Input {
                kind: InputKind::Key,
                ..
            }
        ));
    }

    #[test]
    fn the_stopwatch_belongs_to_the_session() {
        let session = Session::default();
        assert!(session.call("toc", &[], 1).is_err());
        session.call("tic", &[], 0).unwrap();
        session.now.set(1_500_000_000);
        check_in(&session, "toc()", "1.5");
        session.call("toc", &[], 0).unwrap();
        assert_eq!(
            *session.output.borrow(),
            "Elapsed time is 1.500000 seconds.\n"
        );
        check_in(&session, "toc(tic())", "0");
    }
}
