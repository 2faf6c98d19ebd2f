//! A session on the native host.

use std::rc::Rc;
use std::time::Instant;

use tourbillon_host::Fifo;
use tourbillon_host_native::{NativeConsole, NativeHost, Runtime};
use tourbillon_session::{Session, SessionOptions, Statistics};

/// A session on the native host.
pub struct Native {
    pub host: Rc<NativeHost>,
    pub session: Session,
}

impl Native {
    /// A session without a terminal.
    pub fn new(runtime: &Runtime) -> Native {
        let console = NativeConsole::new(Box::new(std::io::sink()), Box::new(std::io::sink()));
        let host = Rc::new(NativeHost::builder(runtime).console(console).build());
        let options = SessionOptions::default();
        let session = Session::new(host.clone(), Rc::new(Fifo), None, options);
        Native { host, session }
    }

    /// Runs a program; gives its seconds on the wall.
    pub fn seconds_of(&self, program: &str) -> f64 {
        let begin = Instant::now();
        self.run(program);
        begin.elapsed().as_secs_f64()
    }

    /// Runs a program to its end, which is to be good.
    pub fn run(&self, program: &str) -> Statistics {
        let result = self.host.block_on(self.session.execute(program));
        if let Some(error) = result.error {
            panic!("{}", error.message());
        }
        result.statistics
    }
}
