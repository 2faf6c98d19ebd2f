//! A session for the tests of the library: it evaluates nested calls of library functions over
//! literals, `max([1 2; 3 4], [], 2)`, and shows what comes out as a literal.

use crate::{
    Body, Call, CleanupQueue, Context, LibraryState, NativeFrame, Outputs, Start, Step, entry,
    lookup,
};
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use tourbillon_host::{Access, Device, Event, Nanoseconds, Object, Observer, Watch};
use tourbillon_value::{
    Array, Callee, Dims, FunctionHandle, Namespace, ObjectId, ObjectRef, Result, RuntimeError,
    Value,
};

/// The session of a test.
#[derive(Default)]
pub(crate) struct Session {
    pub(crate) output: RefCell<String>,
    pub(crate) errors: RefCell<String>,
    pub(crate) warnings: RefCell<Vec<RuntimeError>>,
    pub(crate) seen: Rc<Seen>,
    watch: OnceCell<Watch>,
    pub(crate) now: Cell<u64>,
    pub(crate) device: RefCell<Option<Rc<dyn Device>>>,
    pub(crate) last_error: RefCell<Option<RuntimeError>>,
    pub(crate) cleanups: Rc<CleanupQueue>,
    pub(crate) state: LibraryState,
    pub(crate) random: Rc<RefCell<crate::RandomStream>>,
    objects: Cell<u64>,
}

/// What whoever watches the session has seen.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) accesses: RefCell<Vec<String>>,
    pub(crate) events: RefCell<Vec<String>>,
}

impl Observer for Seen {
    fn access(&self, object: Object<'_>, access: Access) {
        self.accesses
            .borrow_mut()
            .push(format!("{access:?} {object:?}"));
    }

    fn event(&self, event: &Event<'_>) {
        self.events.borrow_mut().push(format!("{event:?}"));
    }
}

impl Context for Session {
    fn write(&self, text: &str) {
        self.output.borrow_mut().push_str(text);
    }

    fn write_error(&self, text: &str) {
        self.errors.borrow_mut().push_str(text);
    }

    fn state(&self) -> &LibraryState {
        &self.state
    }

    fn warn(&self, warning: RuntimeError) {
        self.warnings.borrow_mut().push(warning);
    }

    fn namespace(&self) -> Namespace {
        Namespace::Matlab
    }

    fn new_object_id(&self) -> ObjectId {
        self.objects.set(self.objects.get() + 1);
        let id = ObjectId(self.objects.get());
        self.access(Object::Handle(id), Access::Create);
        id
    }

    fn adopt(&self, object: &ObjectRef) {
        // Only the number of objects matters here; keeping them would keep them alive.
        assert!(object.id().0 <= self.objects.get());
    }

    fn access(&self, object: Object<'_>, access: Access) {
        self.watch().access(object, access);
    }

    fn event(&self, event: &Event<'_>) {
        self.watch().event(event);
    }

    fn watch(&self) -> Watch {
        let made = || {
            let watch = Watch::new(Some(self.seen.clone()));
            watch.start();
            watch
        };
        self.watch.get_or_init(made).clone()
    }

    fn task_hash(&self) -> u64 {
        0
    }

    fn resolve(&self, name: &str) -> Option<FunctionHandle> {
        Some(FunctionHandle {
            name: name.into(),
            callee: Callee::Builtin(lookup(name)?.0),
            captures: Vec::new(),
            is_anonymous: false,
        })
    }

    fn compile_function(&self, text: &str) -> Result<FunctionHandle> {
        Ok(FunctionHandle {
            name: text.into(),
            callee: Callee::Unresolved,
            captures: Vec::new(),
            is_anonymous: true,
        })
    }

    fn now(&self) -> Nanoseconds {
        Nanoseconds(self.now.get())
    }

    fn random(&self) -> Rc<RefCell<crate::RandomStream>> {
        self.random.clone()
    }

    fn session_seed(&self) -> u64 {
        0
    }

    fn device(&self) -> Option<Rc<dyn Device>> {
        self.device.borrow().clone()
    }

    fn last_error(&self) -> Option<RuntimeError> {
        self.last_error.borrow().clone()
    }

    fn set_last_error(&self, error: Option<RuntimeError>) {
        self.last_error.replace(error);
    }

    fn cleanup_queue(&self) -> Rc<CleanupQueue> {
        self.cleanups.clone()
    }
}

/// What came of a call.
pub(crate) enum Called {
    Values(Outputs),
    Starts(Start),
}

impl Session {
    /// Calls a library function as the machine does.
    pub(crate) fn start(&self, name: &str, arguments: &[Value], outputs: usize) -> Result<Called> {
        let entry = entry(lookup(name).unwrap_or_else(|| panic!("no function {name}")));
        // The machine checks the numbers before it calls.
        if arguments.len() < usize::from(entry.min_inputs) {
            return Err(crate::inputs::coded(
                &crate::codes::NOT_ENOUGH_INPUTS,
                "Not enough input arguments.",
            ));
        }
        if entry.max_inputs != u8::MAX && arguments.len() > usize::from(entry.max_inputs) {
            return Err(crate::inputs::coded(
                &crate::codes::MAX_INPUTS,
                "Too many input arguments.",
            ));
        }
        if entry.max_outputs != u8::MAX && outputs > usize::from(entry.max_outputs) {
            return Err(crate::inputs::coded(
                &crate::codes::MAX_OUTPUTS,
                "Too many output arguments.",
            ));
        }
        let mut arguments = arguments.to_vec();
        let mut call = Call {
            context: self,
            name: entry.name,
            arguments: &mut arguments,
            outputs,
        };
        match entry.body {
            Body::Plain(function) => function(&mut call).map(Called::Values),
            Body::Frame(function) => {
                let frame = function(&mut call)?;
                self.drive(frame).map(Called::Values)
            }
            Body::Waits(function) | Body::Starts(function) => {
                function(&mut call).map(Called::Starts)
            }
            Body::Intrinsic(_) => panic!("{name} is the machine's own"),
        }
    }

    /// Calls a library function that waits for nothing.
    pub(crate) fn call(&self, name: &str, arguments: &[Value], outputs: usize) -> Result<Outputs> {
        match self.start(name, arguments, outputs)? {
            Called::Values(values) => Ok(values),
            Called::Starts(Start::Ready(value)) => Ok(crate::one(value)),
            Called::Starts(Start::Failed(error)) => Err(error),
            Called::Starts(Start::Operation(_) | Start::Sequence(..)) => panic!("{name} waits"),
        }
    }

    fn drive(&self, mut frame: Box<dyn NativeFrame>) -> Result<Outputs> {
        let mut step = frame.step(self, None)?;
        loop {
            match step {
                Step::Return(outputs) => return Ok(outputs),
                Step::Call {
                    function,
                    arguments,
                    outputs,
                } => {
                    let Value::Function(handle) = &function else {
                        panic!("not a handle");
                    };
                    step = match self.call(&handle.name, &arguments, outputs) {
                        Ok(results) => frame.step(self, Some(results))?,
                        Err(error) => frame.failed(self, error)?,
                    };
                }
            }
        }
    }

    /// Evaluates a nested call of library functions over literals; all outputs.
    pub(crate) fn evaluate(&self, source: &str, outputs: usize) -> Result<Outputs> {
        let mut reader = Reader {
            session: self,
            text: source.as_bytes(),
            at: 0,
        };
        let result = reader.expression(outputs)?;
        reader.blanks();
        assert_eq!(reader.at, source.len(), "in {source}");
        Ok(result)
    }
}

/// Checks what each expression gives: `a | b` for two outputs, `error: text` for an error's message.
pub(crate) fn check(cases: &[(&str, &str)]) {
    for (source, wanted) in cases {
        let session = Session::default();
        check_in(&session, source, wanted);
    }
}

/// The same, in a session that remembers.
pub(crate) fn check_in(session: &Session, source: &str, wanted: &str) {
    // A statement for what it does, such as `error(…)`, wants no value.
    let name = source.split('(').next().unwrap_or(source);
    let has_value = lookup(name).is_none_or(|id| entry(id).max_outputs > 0);
    let outputs = if wanted.is_empty() || !has_value {
        0
    } else {
        wanted.matches(" | ").count() + 1
    };
    let got = match session.evaluate(source, outputs) {
        Ok(values) => values.iter().map(show).collect::<Vec<_>>().join(" | "),
        Err(error) if error.identifier().is_empty() => format!("error: {}", error.message()),
        Err(error) => format!("error: {}: {}", error.identifier(), error.message()),
    };
    assert_eq!(got, *wanted, "{source}");
}

/// The value as a literal.
pub(crate) fn show(value: &Value) -> String {
    let number = |number: f64| crate::strings::number::shortest(number, 15);
    let grid = |dims: &Dims, items: Vec<String>| {
        if items.is_empty() {
            return dims.to_string();
        }
        if dims.rank() > 2 {
            return format!("{dims}[{}]", items.join(" "));
        }
        (0..dims.rows())
            .map(|row| {
                (0..dims.columns())
                    .map(|column| items[column * dims.rows() + row].clone())
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect::<Vec<_>>()
            .join("; ")
    };
    match value {
        Value::Double(x) => number(*x),
        Value::Bool(truth) => truth.to_string(),
        Value::DoubleArray(a) => format!(
            "[{}]",
            grid(a.dims(), a.data().iter().map(|x| number(*x)).collect())
        ),
        Value::BoolArray(a) => format!(
            "[{}]",
            grid(a.dims(), a.data().iter().map(bool::to_string).collect())
        ),
        Value::Char(a) if a.dims().rows() == 1 || a.dims().as_slice() == [0, 0] => {
            format!("'{}'", String::from_utf16_lossy(a.data()).escape_debug()).replace("\\'", "'")
        }
        Value::Char(a) => format!(
            "char[{}]",
            grid(
                a.dims(),
                a.data()
                    .iter()
                    .map(|unit| String::from_utf16_lossy(&[*unit]))
                    .collect()
            )
        ),
        Value::Cell(a) => format!(
            "{{{}}}",
            grid(a.dims(), a.data().iter().map(show).collect())
        ),
        Value::Struct(a) => {
            let element = |at: usize| {
                a.fields()
                    .iter()
                    .map(|(name, values)| format!("{name}={}", show(&values[at])))
                    .collect::<Vec<_>>()
                    .join(",")
            };
            if a.dims().is_scalar() {
                format!("<{}>", element(0))
            } else {
                let items = (0..a.count())
                    .map(|at| format!("<{}>", element(at)))
                    .collect();
                format!("struct[{}]", grid(a.dims(), items))
            }
        }
        Value::Function(handle) => format!("@{}", handle.name),
        Value::Exception(error) => format!("!{}:{}", error.identifier(), error.message()),
        Value::Object(object) => format!("{object:?}"),
        Value::Undefined | Value::Colon | Value::List(_) => panic!("an internal value came out"),
    }
}

/// Reads and evaluates the expressions of the tests.
struct Reader<'a> {
    session: &'a Session,
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn blanks(&mut self) {
        while self.peek() == b' ' {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let is_there = self.peek() == byte;
        self.at += usize::from(is_there);
        is_there
    }

    fn value(&mut self) -> Result<Value> {
        let mut outputs = self.expression(1)?;
        Ok(outputs.swap_remove(0))
    }

    fn expression(&mut self, outputs: usize) -> Result<Outputs> {
        self.blanks();
        Ok(match self.peek() {
            b'\'' => crate::one(Value::text(&self.text_literal())),
            b'[' => crate::one(self.matrix()?),
            b'{' => crate::one(self.cell()?),
            b'@' => {
                self.at += 1;
                let name = self.name();
                let handle = self
                    .session
                    .resolve(&name)
                    .unwrap_or_else(|| panic!("@{name}"));
                crate::one(Value::Function(Rc::new(handle)))
            }
            b'-' | b'0'..=b'9' | b'.' => crate::one(self.number()?),
            _ => {
                let name = self.name();
                let mut arguments = Vec::new();
                if self.take(b'(') {
                    while !self.take(b')') {
                        arguments.push(self.value()?);
                        self.take(b',');
                    }
                }
                self.session.call(&name, &arguments, outputs)?
            }
        })
    }

    fn name(&mut self) -> String {
        let start = self.at;
        while matches!(self.peek(), b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.') {
            self.at += 1;
        }
        assert!(
            self.at > start,
            "no name in {}",
            String::from_utf8_lossy(&self.text[start..])
        );
        String::from_utf8_lossy(&self.text[start..self.at]).into_owned()
    }

    fn number(&mut self) -> Result<Value> {
        let negative = self.take(b'-');
        let start = self.at;
        while matches!(self.peek(), b'0'..=b'9' | b'.' | b'e')
            || self.peek() == b'-' && self.text[self.at - 1] == b'e'
        {
            self.at += 1;
        }
        let number = if start == self.at {
            self.value()?.as_number().expect("a number after the sign")
        } else {
            String::from_utf8_lossy(&self.text[start..self.at])
                .parse()
                .expect("a number")
        };
        Ok(Value::Double(if negative { -number } else { number }))
    }

    fn text_literal(&mut self) -> String {
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            match self.peek() {
                b'\'' if self.text.get(self.at + 1) == Some(&b'\'') => {
                    bytes.push(b'\'');
                    self.at += 2;
                }
                b'\'' => {
                    self.at += 1;
                    return String::from_utf8(bytes).expect("tests are UTF-8");
                }
                0 => panic!("the text has no end"),
                byte => {
                    bytes.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    fn rows(&mut self, close: u8) -> Result<(Dims, Vec<Value>)> {
        self.at += 1;
        let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
        while !self.take(close) {
            if self.take(b';') {
                rows.push(Vec::new());
            } else if !self.take(b',') {
                let value = self.value()?;
                rows.last_mut().expect("there is a first row").push(value);
            }
        }
        let columns = rows[0].len();
        let dims = if columns == 0 {
            Dims::new(0, 0)
        } else {
            Dims::new(rows.len(), columns)
        };
        let mut values = Vec::new();
        for column in 0..columns {
            for row in &rows {
                values.push(row[column].clone());
            }
        }
        Ok((dims, values))
    }

    /// Numbers and logicals only, or rows of text of one width.
    fn matrix(&mut self) -> Result<Value> {
        let (dims, values) = self.rows(b']')?;
        if !values.is_empty() && values.iter().all(|value| matches!(value, Value::Bool(_))) {
            let data = values
                .iter()
                .map(|value| matches!(value, Value::Bool(true)))
                .collect();
            return Ok(Value::bools(Array::new(dims, data)));
        }
        if values.iter().all(|value| matches!(value, Value::Char(_))) && !values.is_empty() {
            return Ok(self.session.call("char", &values, 1)?.swap_remove(0));
        }
        let data = values
            .iter()
            .map(|value| value.as_number().expect("tests write numbers"))
            .collect();
        Ok(Value::doubles(Array::new(dims, data)))
    }

    fn cell(&mut self) -> Result<Value> {
        let (dims, values) = self.rows(b'}')?;
        Ok(Value::cell(Array::new(dims, values)))
    }
}
