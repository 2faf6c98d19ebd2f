//! How a terminal hands over what is typed: line by line, or key by key, shown or not.

use std::io;

/// What a request needs of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A line that is shown as it is typed, as the terminal does by itself.
    Line,
    /// A line that is not shown.
    HiddenLine,
    /// One key at once, shown or not.
    Key { echo: bool },
}

/// Something whose mode can be set.
pub(crate) trait Terminal: Send {
    /// Whether it is a terminal at all. What is none hands over lines, and shows nothing.
    fn is_terminal(&self) -> bool;

    /// Changes the mode until [`Terminal::restore`].
    fn set(&mut self, mode: Mode) -> io::Result<()>;

    /// Puts the mode back to what it was before the first change.
    fn restore(&mut self);
}

/// What is read from is no terminal.
pub(crate) struct NoTerminal;

impl Terminal for NoTerminal {
    fn is_terminal(&self) -> bool {
        false
    }

    fn set(&mut self, _: Mode) -> io::Result<()> {
        Ok(())
    }

    fn restore(&mut self) {}
}

/// The terminal behind standard input, if there is one.
pub(crate) fn of_process() -> Box<dyn Terminal> {
    use std::io::IsTerminal;
    if io::stdin().is_terminal() {
        Box::new(platform::StandardInput::default())
    } else {
        Box::new(NoTerminal)
    }
}

#[cfg(unix)]
mod platform {
    use super::{Mode, Terminal};
    use rustix::termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
    };
    use std::io;

    /// Standard input, and how its terminal was before.
    #[derive(Default)]
    pub(crate) struct StandardInput {
        before: Option<Termios>,
    }

    impl Terminal for StandardInput {
        fn is_terminal(&self) -> bool {
            true
        }

        fn set(&mut self, mode: Mode) -> io::Result<()> {
            if mode == Mode::Line && self.before.is_none() {
                return Ok(());
            }
            let before = match self.before.take() {
                Some(before) => before,
                None => tcgetattr(io::stdin())?,
            };
            let mut wanted = before.clone();
            self.before = Some(before);
            match mode {
                Mode::Line => {}
                Mode::HiddenLine => wanted.local_modes.remove(LocalModes::ECHO),
                Mode::Key { echo } => {
                    wanted.local_modes.remove(LocalModes::ICANON);
                    wanted.local_modes.set(LocalModes::ECHO, echo);
                    wanted.special_codes[SpecialCodeIndex::VMIN] = 1;
                    wanted.special_codes[SpecialCodeIndex::VTIME] = 0;
                }
            }
            tcsetattr(io::stdin(), OptionalActions::Now, &wanted)?;
            Ok(())
        }

        fn restore(&mut self) {
            if let Some(before) = self.before.take() {
                // A terminal that went away needs no mode.
                let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &before);
            }
        }
    }

    impl Drop for StandardInput {
        fn drop(&mut self) {
            self.restore();
        }
    }
}

#[cfg(not(unix))]
mod platform {
    use super::{Mode, Terminal};
    use std::io;

    /// Standard input as it is: keys come with the line they are typed in.
    #[derive(Default)]
    pub(crate) struct StandardInput;

    impl Terminal for StandardInput {
        fn is_terminal(&self) -> bool {
            false
        }

        fn set(&mut self, mode: Mode) -> io::Result<()> {
            match mode {
                Mode::Line | Mode::Key { .. } => Ok(()),
                Mode::HiddenLine => Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "this terminal cannot hide what is typed",
                )),
            }
        }

        fn restore(&mut self) {}
    }
}
