//! Background jobs of sessions on the native host.

use std::cell::RefCell;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::rc::Rc;
use tourbillon_host::Fifo;
use tourbillon_host_native::{NativeConsole, NativeHost, Runtime};
use tourbillon_session::{Session, SessionOptions};

#[derive(Clone, Default)]
struct Shown(Rc<RefCell<Vec<u8>>>);

impl Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a program with `DIR` for a folder of its own; what it printed, and its error's identifier.
fn run(workers: usize, program: &str) -> (String, Option<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let workers = NonZeroUsize::new(workers).expect("one or more");
    let runtime = Runtime::with_workers(workers).expect("the machine has threads to spare");
    let shown = Shown::default();
    let console = NativeConsole::new(Box::new(shown.clone()), Box::new(io::sink()));
    let host = Rc::new(NativeHost::builder(&runtime).console(console).build());
    let session = Session::new(host.clone(), Rc::new(Fifo), None, SessionOptions::default());
    let program = program.replace("DIR", &folder.path().display().to_string());
    let error = host.block_on(async {
        let result = session.execute(&program).await;
        let error = result.error.map(|error| error.identifier().to_owned());
        drop(result.values);
        session.close().await.expect("the session is idle");
        error
    });
    assert_eq!(host.outstanding(), 0);
    let mut ledger = session.ledger();
    // A worker may still be about to let go of the waker that it called.
    ledger.remove("wakers");
    assert!(ledger.values().all(|count| *count == 0), "{ledger:?}");
    let text = String::from_utf8(shown.0.take()).expect("text");
    (text, error)
}

/// Each job waits for the other's file: one after another they would never end.
#[test]
fn two_jobs_run_at_the_same_time() {
    let (text, error) = run(
        2,
        r"f(1) = parfeval(backgroundPool, @meet, 1, 'DIR/a', 'DIR/b');
          f(2) = parfeval(backgroundPool, @meet, 1, 'DIR/b', 'DIR/a');
          fprintf('%d %d\n', fetchOutputs(f));
          function y = meet(own, other)
            filewrite(own, 'here');
            while ~isfile(other)
            end
            y = numel(fileread(other));
          end",
    );
    assert_eq!((text.as_str(), error), ("4 4\n", None));
}

/// The session computes without a wait and sees that the job goes on meanwhile.
#[test]
fn a_job_runs_while_the_session_computes() {
    let (text, error) = run(
        1,
        r"f = parfeval(@() 7, 1);
          while ~strcmp(f.State, 'finished')
          end
          fprintf('%d\n', fetchOutputs(f));",
    );
    assert_eq!((text.as_str(), error), ("7\n", None));
}

#[test]
fn a_job_that_waits_for_a_worker_never_runs_once_it_is_cancelled() {
    let (text, error) = run(
        1,
        r"a = parfeval(@hold, 0, 'DIR/go');
          b = parfeval(@() filewrite('DIR/ran', ''), 0);
          wait(a, 'running');
          fprintf('%s %d ', b.State, cancel(b));
          filewrite('DIR/go', '');
          wait(a);
          c = parfeval(@() isfile('DIR/ran'), 1);
          fprintf('%d\n', fetchOutputs(c));
          function hold(file)
            while ~isfile(file)
              pause(0.001);
            end
          end",
    );
    assert_eq!((text.as_str(), error), ("queued 1 0\n", None));
}

#[test]
fn a_job_that_computes_for_ever_stops_and_its_cleanup_runs_before_the_session_ends() {
    let (text, error) = run(
        2,
        r"c = onCleanup(@() fprintf('%d\n', isfile('DIR/cleaned')));
          f = parfeval(@forever, 0);
          wait(f, 'running');
          cancel(f);
          error('x:y', 'over');
          function forever()
            c = onCleanup(@() filewrite('DIR/cleaned', ''));
            while true
            end
          end",
    );
    assert_eq!(error.as_deref(), Some("x:y"));
    // The job may have been stopped before it made its cleanup; otherwise that has run.
    assert!(["0\n", "1\n"].contains(&text.as_str()), "{text:?}");
}

#[test]
fn many_jobs_on_two_workers_all_end() {
    let (text, error) = run(
        2,
        r"for i = 100:-1:1
            f(i) = parfeval(@(x) x, 1, i);
          end
          total = 0;
          for i = 1:100
            [k, v] = fetchNext(f);
            total = total + v;
          end
          fprintf('%d %d\n', total, all([f.Read]));",
    );
    assert_eq!((text.as_str(), error), ("5050 1\n", None));
}
