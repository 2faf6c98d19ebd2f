//! The registers of the running frame: what reading and writing them means.

use super::values::*;
use super::*;

/// The registers of the running frame, and what reading them means.
pub(super) struct Window<'a> {
    pub(super) registers: &'a mut [Value],
    pub(super) function: &'a Function,
}

impl Window<'_> {
    /// Reads an operand: a temporary is consumed, a local is copied and must have a value.
    #[inline]
    pub(super) fn read(&mut self, register: Register) -> Result<Value> {
        let place = usize::from(register);
        if register >= self.function.locals {
            return Ok(std::mem::take(&mut self.registers[place]));
        }
        let value = &self.registers[place];
        if value.is_undefined() {
            return Err(self.undefined(register));
        }
        Ok(value.clone())
    }

    /// The error for a local without a value.
    #[cold]
    pub(super) fn undefined(&self, register: Register) -> RuntimeError {
        let first = self.function.captures;
        if (first..first + self.function.inputs).contains(&register) {
            return errors::missing_input();
        }
        errors::undefined(&self.function.names[usize::from(register)])
    }

    /// Looks at an operand without consuming it.
    pub(super) fn look(&self, register: Register) -> Result<&Value> {
        let value = &self.registers[usize::from(register)];
        if value.is_undefined() {
            return Err(if register < self.function.locals {
                self.undefined(register)
            } else {
                errors::undefined("")
            });
        }
        Ok(value)
    }

    #[inline]
    pub(super) fn set(&mut self, register: Register, value: Value) {
        self.registers[usize::from(register)] = value;
    }

    /// As `set`, for the common case that a scalar replaces a scalar: nothing is to be dropped.
    #[inline]
    pub(super) fn set_double(&mut self, register: Register, number: f64) {
        match &mut self.registers[usize::from(register)] {
            Value::Double(old) => *old = number,
            other => *other = Value::Double(number),
        }
    }

    /// As `set`, for a logical scalar.
    #[inline]
    pub(super) fn set_bool(&mut self, register: Register, truth: bool) {
        match &mut self.registers[usize::from(register)] {
            Value::Bool(old) => *old = truth,
            other => *other = Value::Bool(truth),
        }
    }

    /// Consumes `count` operands from `base`, or the list there.
    pub(super) fn read_many(&mut self, base: Register, count: u8) -> Vec<Value> {
        if count == LIST {
            return self.read_list(base);
        }
        let base = usize::from(base);
        self.registers[base..base + usize::from(count)]
            .iter_mut()
            .map(std::mem::take)
            .collect()
    }

    pub(super) fn read_list(&mut self, register: Register) -> Vec<Value> {
        match std::mem::take(&mut self.registers[usize::from(register)]) {
            Value::List(list) => Rc::try_unwrap(list).unwrap_or_else(|list| (*list).clone()),
            _ => unreachable!("the compiler puts a list there"),
        }
    }

    /// The operands of an assignment path.
    pub(super) fn read_path(
        &mut self,
        base: Register,
        shapes: &[PathShape],
    ) -> Result<(Vec<PathStep>, Register)> {
        let mut at = base;
        let mut steps = Vec::with_capacity(shapes.len());
        for shape in shapes {
            steps.push(match shape {
                PathShape::Paren(count) | PathShape::Brace(count) => {
                    let arguments = self.read_many(at, *count);
                    at += if *count == LIST { 1 } else { u16::from(*count) };
                    match shape {
                        PathShape::Paren(_) => PathStep::Paren(arguments),
                        _ => PathStep::Brace(arguments),
                    }
                }
                PathShape::Field(name) => PathStep::Field((&**name).into()),
                PathShape::DynamicField => {
                    let name = self.read(at)?;
                    at += 1;
                    PathStep::Field(field_name(&name)?.as_str().into())
                }
            });
        }
        Ok((steps, at))
    }
}

#[inline]
pub(super) fn truth(window: &mut Window<'_>, condition: Register) -> Result<bool> {
    match &window.registers[usize::from(condition)] {
        Value::Bool(truth) => Ok(*truth),
        _ => ops::is_true(&window.read(condition)?),
    }
}

/// Puts the values of `value{…}` where they are wanted.
pub(super) fn brace_results(
    window: &mut Window<'_>,
    base: Register,
    wanted: u8,
    values: Vec<Value>,
) -> Result<()> {
    if wanted == SPREAD {
        window.set(base, Value::List(Rc::new(values)));
        return Ok(());
    }
    if wanted == 0 {
        let first = values.into_iter().next().unwrap_or_default();
        window.set(base, first);
        return Ok(());
    }
    if values.len() < usize::from(wanted) {
        return one_of(Vec::new()).map(|_| ());
    }
    for (place, value) in values.into_iter().take(usize::from(wanted)).enumerate() {
        window.set(base + place as u16, value);
    }
    Ok(())
}

/// The outputs of a function that ends.
pub(super) fn results(window: &mut Window<'_>, outputs: u8) -> Result<Outputs> {
    let function = window.function;
    let is_body = outputs == ALL;
    let wanted = if is_body {
        usize::MAX
    } else {
        usize::from(outputs).max(1)
    };
    let mut values = Outputs::new();
    for register in function.outputs.iter().take(wanted) {
        let value = std::mem::take(&mut window.registers[usize::from(*register)]);
        if value.is_undefined() {
            if is_body || outputs == 0 {
                return Ok(values);
            }
            let name = &function.names[usize::from(*register)];
            return Err(errors::unassigned_output(name, &function.name));
        }
        values.push(value);
    }
    if let (true, Some(register)) = (values.len() < wanted, function.varargout) {
        let rest = std::mem::take(&mut window.registers[usize::from(register)]);
        if let Value::Cell(cell) = rest {
            let missing = wanted - values.len();
            values.extend(cell.data().iter().take(missing).cloned());
        }
    }
    if !is_body && values.len() < usize::from(outputs) {
        return Err(errors::unassigned_output("varargout", &function.name));
    }
    Ok(values)
}
