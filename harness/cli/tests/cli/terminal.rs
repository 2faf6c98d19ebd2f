//! `tourbillon run` at a terminal: a real one, with its line discipline, whose other end is the test.

use crate::Place;
use pty_process::blocking::{Command, Pty, open};
use rustix::termios::{LocalModes, Termios, tcgetattr};
use std::io::{Read, Write};
use std::process::Child;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// Only there to end a test that failed: nothing waits for time to pass.
const LIMIT: Duration = Duration::from_secs(120);

const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";
const BACKSPACE: &str = "\u{7f}";

/// The command at a terminal, and the one who sits before it.
struct Sitting {
    pty: Arc<Pty>,
    child: Child,
    shown: Receiver<Vec<u8>>,
    /// What was shown, of which so much was waited for.
    seen: String,
    read: usize,
    before: Termios,
    _place: Place,
}

/// How the command left.
#[derive(Debug)]
struct Left {
    code: Option<i32>,
    /// Everything that the screen has shown.
    screen: String,
}

impl Sitting {
    /// Starts `tourbillon run` on a program, at a terminal of its own.
    fn down(program: &str) -> Sitting {
        let place = Place::with(&[("p.m", program)]);
        let (pty, other_end) = open().expect("the system has terminals");
        let pty = Arc::new(pty);
        let before = tcgetattr(&*pty).expect("it is a terminal");
        let command = Command::from(place.terminal_command(&["run", "p.m"]));
        let child = command.spawn(other_end).expect("the command runs");
        let (sender, shown) = channel();
        let screen = Arc::clone(&pty);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // It fails when nobody is at the other end any more.
            while let Ok(count @ 1..) = (&*screen).read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Sitting {
            pty,
            child,
            shown,
            seen: String::new(),
            read: 0,
            before,
            _place: place,
        }
    }

    /// Reads on until the screen shows this.
    #[track_caller]
    fn wait_for(&mut self, text: &str) -> &mut Sitting {
        loop {
            if let Some(at) = self.seen[self.read..].find(text) {
                self.read += at + text.len();
                return self;
            }
            match self.shown.recv_timeout(LIMIT) {
                Ok(bytes) => self.seen += &String::from_utf8_lossy(&bytes),
                Err(_) => panic!("{text:?} is not shown, but {:?}", self.seen),
            }
        }
    }

    /// Waits until the terminal is in such a mode: nothing on the screen says so.
    #[track_caller]
    fn wait_until(&mut self, is_so: impl Fn(LocalModes) -> bool) -> &mut Sitting {
        loop {
            let modes = tcgetattr(&*self.pty).expect("it is a terminal");
            if is_so(modes.local_modes) {
                return self;
            }
            let ended = self.child.try_wait().expect("it is our child");
            assert_eq!(ended, None, "it ended instead");
            thread::yield_now();
        }
    }

    fn type_in(&mut self, keys: &str) -> &mut Sitting {
        let mut keyboard = &*self.pty;
        keyboard.write_all(keys.as_bytes()).expect("it is read");
        self
    }

    /// Waits for the end. The terminal must be as it was.
    #[track_caller]
    fn left(&mut self) -> Left {
        while let Ok(bytes) = self.shown.recv_timeout(LIMIT) {
            self.seen += &String::from_utf8_lossy(&bytes);
        }
        let code = self.child.wait().expect("it is our child").code();
        let after = tcgetattr(&*self.pty).expect("it is a terminal");
        assert_eq!(
            (after.local_modes, after.input_modes, after.output_modes),
            (
                self.before.local_modes,
                self.before.input_modes,
                self.before.output_modes
            ),
            "the terminal is left as it was"
        );
        Left {
            code,
            screen: self.seen.replace("\r\n", "\n"),
        }
    }
}

impl Left {
    /// Checks the exit code and the whole screen.
    #[track_caller]
    fn check(&self, code: i32, screen: &str) {
        assert_eq!((self.code, self.screen.as_str()), (Some(code), screen));
    }
}

fn waits_for_a_key(modes: LocalModes) -> bool {
    !modes.contains(LocalModes::ICANON)
}

#[test]
fn lines_are_shown_as_they_are_typed_or_not_at_all() {
    let program = "name = input('name? ', 's');\nfprintf('hello %s\\n', name);\n\
                   word = input('word? ', 's', 'Echo', false);\n\
                   fprintf('%d letters\\n', numel(word));\n\
                   n = input('number? ');\nfprintf('%d\\n', n + 1);\n";
    let mut sitting = Sitting::down(program);
    sitting.wait_for("name? ").type_in("Adda").wait_for("Adda");
    sitting
        .type_in(&format!("{BACKSPACE}{BACKSPACE}a\n"))
        .wait_for("word? ")
        .type_in("secret\n")
        .wait_for("number? ")
        .type_in("41\n");
    let left = sitting.left();
    assert!(!left.screen.contains("secret"), "{left:?}");
    let rubbed_out = "Adda\u{8} \u{8}\u{8} \u{8}a";
    left.check(
        0,
        &format!("name? {rubbed_out}\nhello Ada\nword? \n6 letters\nnumber? 41\n42\n"),
    );
}

#[test]
fn a_key_is_taken_without_its_line_and_not_shown() {
    let program = "disp('press');\npause();\ndisp('pressed');\npause();\ndisp('again');\n";
    let mut sitting = Sitting::down(program);
    sitting
        .wait_for("press")
        .wait_until(waits_for_a_key)
        .type_in("x")
        .wait_for("pressed")
        .wait_until(waits_for_a_key)
        // An arrow is one key, though it sends three characters.
        .type_in("\u{1b}[A");
    sitting.left().check(0, "press\npressed\nagain\n");
}

#[test]
fn tasks_go_on_while_somebody_thinks() {
    let program = "f = input_async('name? ', 's');\nt = spawn(count());\nawait(t);\n\
                   fprintf('hello %s\\n', await(f));\nasync function count()\n  \
                   for k = 1:3\n    pause(0.001);\n    disp(k);\n  end\nend\n";
    let mut sitting = Sitting::down(program);
    sitting
        .wait_for("name? ")
        .wait_for("3")
        .type_in("Ada\n")
        .wait_for("hello Ada");
    assert_eq!(sitting.left().code, Some(0));
}

#[test]
fn ctrl_d_is_the_end_of_the_input_once() {
    let program = "try\n  input('name? ', 's');\ncatch e\n  disp(e.identifier);\nend\n\
                   s = input('again? ', 's');\ndisp(s);\ninput('last? ', 's');\n";
    let mut sitting = Sitting::down(program);
    sitting
        .wait_for("name? ")
        .type_in(CTRL_D)
        .wait_for("again? ")
        // After the beginning of a line, the first only sends what is there.
        .type_in(&format!("cut{CTRL_D}{CTRL_D}"))
        .wait_for("last? ")
        .type_in(CTRL_D);
    let left = sitting.left();
    let (before, error) = left.screen.split_once("error: ").expect("it fails at last");
    assert_eq!(
        before,
        "name? \ninput:EndOfInput\nagain? cut\ncut\nlast? \n"
    );
    assert!(error.contains("input:EndOfInput"), "{left:?}");
    assert_eq!(left.code, Some(1));
}

/// Presses Ctrl-C where the program is, after which its cleanup must run; before it the cleanups of
/// tasks say that these are gone.
#[track_caller]
fn interrupted(program: &str, gone: &[&str], get_there: impl Fn(&mut Sitting)) {
    let program = format!("c = onCleanup(@() disp('cleaned'));\n{program}");
    let mut sitting = Sitting::down(&program);
    get_there(&mut sitting);
    sitting.type_in(CTRL_C);
    let left = sitting.left();
    assert_eq!(left.code, Some(1), "{left:?}");
    let (before, after) = left.screen.split_once("cleaned\n").expect(&left.screen);
    // Ctrl-C at a prompt ends its line; elsewhere the terminal's own `^C` stands where it was pressed.
    let rest = before.strip_suffix("^C").unwrap_or(before);
    assert!(rest.is_empty() || rest.ends_with('\n'), "{left:?}");
    assert!(after.starts_with("error: "), "{left:?}");
    assert!(after.contains("async:ExecutionCancelled"), "{left:?}");
    assert!(!left.screen.contains("never"), "{left:?}");
    let tasks: Vec<&str> = before
        .lines()
        .map(|line| line.trim_start_matches("^C"))
        .filter(|line| line.ends_with("gone"))
        .collect();
    assert_eq!(tasks, gone, "{left:?}");
}

#[test]
fn ctrl_c_at_a_prompt_cancels() {
    let caught = "try\n  input('name? ', 's');\ncatch\n  disp('never');\nend\ndisp('never');\n";
    interrupted(caught, &[], |sitting| {
        sitting.wait_for("name? ").type_in("half").wait_for("half");
    });
    let hidden = "input('word? ', 's', 'Echo', false);\ndisp('never');\n";
    interrupted(hidden, &[], |sitting| {
        sitting.wait_for("word? ");
    });
}

#[test]
fn ctrl_c_in_a_loop_that_never_waits_cancels() {
    let program = "disp('busy');\nk = 0;\nwhile true\n  k = k + 1;\nend\n";
    interrupted(program, &[], |sitting| {
        sitting.wait_for("busy");
    });
}

#[test]
fn ctrl_c_at_a_pause_cancels() {
    interrupted("pause();\ndisp('never');\n", &[], |sitting| {
        sitting.wait_until(waits_for_a_key);
    });
    interrupted(
        "disp('sleeps');\npause(1000);\ndisp('never');\n",
        &[],
        |sitting| {
            sitting.wait_for("sleeps");
        },
    );
}

#[test]
fn ctrl_c_stops_every_task_and_each_cleans_up() {
    let program = "t = spawn(waits('first'));\nu = spawn(waits('second'));\nawait_all(t, u);\n\
                   async function waits(name)\n  c = onCleanup(@() disp([name ' gone']));\n  \
                   disp('waiting');\n  pause(1000);\nend\n";
    interrupted(program, &["first gone", "second gone"], |sitting| {
        sitting.wait_for("waiting").wait_for("waiting");
    });
}

#[test]
fn a_second_ctrl_c_ends_it_at_once_and_restores_the_terminal() {
    // A cleanup that never ends, while another one waits for a key.
    let program = "t = spawn(holds());\nu = spawn(asks());\nawait_all(t, u);\n\
                   async function asks()\n  c = onCleanup(@() pause());\n  disp('asks');\n  \
                   pause(1000);\nend\n\
                   async function holds()\n  c = onCleanup(@() forever());\n  \
                   disp('holds');\n  pause(1000);\nend\n\
                   function forever()\n  pause(0.05);\n  disp('cleaning');\n  while true\n  end\nend\n";
    let mut sitting = Sitting::down(program);
    sitting
        .wait_for("holds")
        .wait_for("asks")
        .type_in(CTRL_C)
        .wait_for("cleaning")
        .wait_until(waits_for_a_key)
        .type_in(CTRL_C);
    let left = sitting.left();
    assert_eq!(left.code, Some(1), "{left:?}");
}
