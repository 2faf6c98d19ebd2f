//! I1, I2 and I7 on the native host: reads, requests and sleeps that overlap.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, Mode, mkfifoat};
use tourbillon_benches::bars::{Bar, Pace, Wanted};
use tourbillon_benches::samples::Figure;
use tourbillon_host_native::Runtime;

use crate::native::Native;

/// What a read takes, and a request.
const READ: Duration = Duration::from_millis(40);
const REQUEST: Duration = Duration::from_millis(50);

pub fn bars(pace: Pace) -> Vec<Bar> {
    let runtime = Runtime::start().expect("there is a thread");
    vec![
        reads(&runtime, pace),
        requests(&runtime, pace),
        sleeps(&runtime, pace),
    ]
}

/// I1: three reads of pipes whose other ends take their time, at once and one after another.
fn reads(runtime: &Runtime, pace: Pace) -> Bar {
    let native = Native::new(runtime);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let mut ratios = Vec::new();
    for round in 0..pace.slow_rounds {
        let together = slow_reads(&native, folder.path(), round, |names| {
            let reads = names.map(|name| format!("read_async('{name}')"));
            format!("await_all({});\n", reads.join(", "))
        });
        let apart = slow_reads(&native, folder.path(), round, |names| {
            let reads = names.map(|name| format!("fileread('{name}');\n"));
            reads.concat()
        });
        ratios.push(apart / together);
    }
    let name = "I1: three reads of 40 ms in turn, times the same at once";
    Bar::new(name, Figure::of(ratios), "", Wanted::AtLeast(2.5))
}

/// How long a program takes that reads three new pipes, each of which gives its text after a while.
fn slow_reads(
    native: &Native,
    folder: &Path,
    round: usize,
    program: impl Fn([String; 3]) -> String,
) -> f64 {
    let paths = [0, 1, 2].map(|number| folder.join(format!("{round}-{number}")));
    for path in &paths {
        mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).expect("a folder has room for a pipe");
    }
    let names = paths.each_ref().map(|path| path.display().to_string());
    let text = program(names);
    let seconds = std::thread::scope(|scope| {
        for path in &paths {
            scope.spawn(move || {
                // Opens when the reader does.
                let mut end = OpenOptions::new().write(true).open(path);
                std::thread::sleep(READ);
                let written = end.as_mut().map(|end| end.write_all(b"text"));
                written.expect("the pipe opens").expect("it is read");
            });
        }
        native.seconds_of(&text)
    });
    for path in &paths {
        std::fs::remove_file(path).expect("the pipe is there");
    }
    seconds
}

/// I2: ten requests at once beside one.
fn requests(runtime: &Runtime, pace: Pace) -> Bar {
    let native = Native::new(runtime);
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    let program = |count: usize| {
        format!(
            "c = cell(1, {count});\nfor k = 1:{count}, c{{k}} = http_get_async('http://{address}/'); end\n\
             r = await_all(c);\nfor k = 1:{count}, assert(strcmp(r{{k}}.body, 'text')); end\n"
        )
    };
    let (one, ten) = (program(1), program(10));
    let ratios = (0..pace.slow_rounds).map(|_| {
        let (one, ten) = (native.seconds_of(&one), native.seconds_of(&ten));
        ten / one
    });
    let name = "I2: ten requests of 50 ms at once, times one of them";
    Bar::new(name, Figure::of(ratios.collect()), "", Wanted::AtMost(1.5))
}

/// Answers one request after a while.
fn answer(mut stream: TcpStream) {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return,
            Ok(count) => head.extend_from_slice(&chunk[..count]),
        }
    }
    std::thread::sleep(REQUEST);
    // Whoever asked says whether it came.
    let _ = stream.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\ntext",
    );
}

/// I7: three sleeps at once.
fn sleeps(runtime: &Runtime, pace: Pace) -> Bar {
    let native = Native::new(runtime);
    let program = "await_all(sleep_async(0.1), sleep_async(0.1), sleep_async(0.1));\n";
    let milliseconds = (0..pace.slow_rounds).map(|_| native.seconds_of(program) * 1e3);
    let milliseconds: Vec<f64> = milliseconds.collect();
    assert!(
        milliseconds.iter().all(|time| *time >= 100.0),
        "a sleep ended early"
    );
    let name = "I7: three sleeps of 100 ms at once";
    Bar::new(name, Figure::of(milliseconds), " ms", Wanted::AtMost(120.0))
}
