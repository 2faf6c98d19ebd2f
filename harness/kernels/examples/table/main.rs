//! Makes the page of the bug kernels: schedules and time to the first failure, side by side with
//! shuttle.
//!
//! `cargo run --release -p tourbillon-kernels --features shuttle --example table > docs/kernels.md`
#![allow(clippy::print_stdout, reason = "the page is what this program is for")]
#![allow(clippy::print_stderr, reason = "progress")]

mod arguments;
mod measure;
mod page;
mod row;

use std::collections::VecDeque;
use std::io::Read;
use std::process::{Child, Command, ExitCode, Stdio};

use tourbillon_kernels::{Kernel, all};

use arguments::Arguments;
use row::Row;

fn main() -> ExitCode {
    let done =
        Arguments::read(std::env::args().skip(1)).and_then(|arguments| match arguments.row {
            Some(number) => measure_one(number, &arguments),
            None => make_page(&arguments),
        });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("table: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Measures one kernel and prints its rows for the process that makes the page.
fn measure_one(number: u32, arguments: &Arguments) -> Result<(), String> {
    let kernel = all().iter().find(|kernel| kernel.number == number);
    let kernel = kernel.ok_or_else(|| format!("there is no kernel {number}"))?;
    measure::prepare();
    for &size in kernel.sizes {
        print!("{}", measure::row(kernel, size, arguments)?);
    }
    Ok(())
}

/// Measures every kernel in a process of its own and prints the page. Of their own, because shuttle
/// leaks the stacks of executions that fail.
fn make_page(arguments: &Arguments) -> Result<(), String> {
    let mut waiting: VecDeque<&Kernel> = all()
        .iter()
        .filter(|kernel| arguments.wants(kernel.name))
        .collect();
    if waiting.is_empty() {
        return Err("there is no kernel of that name".to_string());
    }
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut running: VecDeque<(&Kernel, Child)> = VecDeque::new();
    let mut rows = Vec::new();
    while !(waiting.is_empty() && running.is_empty()) {
        while running.len() < arguments.jobs
            && let Some(kernel) = waiting.pop_front()
        {
            let mut command = Command::new(&program);
            command
                .args(arguments.of_row(kernel.number))
                .stdout(Stdio::piped())
                // Shuttle tells of every deadlock.
                .stderr(Stdio::null());
            let child = command.spawn().map_err(|error| error.to_string())?;
            running.push_back((kernel, child));
        }
        if let Some((kernel, child)) = running.pop_front() {
            let measured = finish(child)?;
            let text = measured.ok_or_else(|| {
                let (name, number) = (kernel.name, kernel.number);
                format!("`{name}` was not measured; `--row {number}` says why")
            })?;
            for line in text.lines() {
                rows.push(Row::parse(kernel, line)?);
            }
            eprintln!("{:>2} {}", kernel.number, kernel.name);
        }
    }
    print!("{}", page::page(&rows, arguments));
    let complaints = page::complaints(&rows);
    if arguments.check && !complaints.is_empty() {
        return Err(complaints.join("\ntable: "));
    }
    Ok(())
}

/// What a process printed; `None` when it failed.
fn finish(mut child: Child) -> Result<Option<String>, String> {
    let mut text = String::new();
    if let Some(output) = &mut child.stdout {
        let read = output.read_to_string(&mut text);
        read.map_err(|error| error.to_string())?;
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    Ok(status.success().then_some(text))
}
