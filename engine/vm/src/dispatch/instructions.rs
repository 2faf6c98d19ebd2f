//! The loop over the instructions of one frame.

use super::loops::{begin_columns, begin_range, next_element};
use super::scalars::{scalar_binary, scalar_index, store_scalar};
use super::values::*;
use super::window::{Window, brace_results, results, truth};
use super::*;

/// The loop itself. `pc` is always that of the instruction after the running one.
pub(super) fn run(
    machine: &Rc<Machine>,
    window: &mut Window<'_>,
    constants: &[Value],
    pc: &mut usize,
    inputs: usize,
    outputs: u8,
) -> Result<Next> {
    let code = &window.function.code[..];
    loop {
        let instruction = code[*pc];
        *pc += 1;
        match instruction {
            Instruction::Statement { cost } => {
                let fuel = machine.fuel.get() - i64::from(cost);
                machine.fuel.set(fuel);
                if fuel > 0 && machine.cleanups.is_empty() {
                    continue;
                }
                if !machine.cleanups.is_empty() || machine.explaining.is_on() {
                    return Ok(Next::Statement);
                }
                // The usual case, without leaving the loop.
                machine.tick();
                if machine.is_cancelled.get() {
                    return Ok(Next::Stopped);
                }
            }
            Instruction::Constant { dst, constant } => match &constants[usize::from(constant)] {
                Value::Double(number) => window.set_double(dst, *number),
                other => window.set(dst, other.clone()),
            },
            Instruction::Move { dst, src } => {
                if let Value::Double(number) = window.registers[usize::from(src)] {
                    window.set_double(dst, number);
                    continue;
                }
                let value = window.read(src)?;
                window.set(dst, value);
            }
            Instruction::Clear { register } => window.set(register, Value::Undefined),
            Instruction::Binary {
                op,
                dst,
                left,
                right,
            } => {
                if let (Value::Double(a), Value::Double(b)) = (
                    &window.registers[usize::from(left)],
                    &window.registers[usize::from(right)],
                ) {
                    let (a, b) = (*a, *b);
                    if scalar_binary(window, op, dst, a, b) {
                        continue;
                    }
                }
                let (left, right) = (window.read(left)?, window.read(right)?);
                let value = match device_binary(machine, op, &left, &right) {
                    Some(value) => value?,
                    None => ops::binary(op, left, right)?,
                };
                window.set(dst, value);
            }
            Instruction::Unary { op, dst, operand } => {
                let value = match (&window.registers[usize::from(operand)], op) {
                    (Value::Double(x), UnaryOp::Minus) => Value::Double(-x),
                    (Value::Bool(x), UnaryOp::Not) => Value::Bool(!x),
                    _ => {
                        let operand = window.read(operand)?;
                        match device_unary(machine, op, &operand) {
                            Some(value) => value?,
                            None => ops::unary(op, operand)?,
                        }
                    }
                };
                window.set(dst, value);
            }
            Instruction::Postfix { op, dst, operand } => {
                let operand = window.read(operand)?;
                let value = ops::postfix(op, operand)?;
                window.set(dst, value);
            }
            Instruction::Range {
                dst,
                base,
                has_step,
            } => {
                let start = window.read(base)?;
                let second = window.read(base + 1)?;
                let value = if has_step {
                    let stop = window.read(base + 2)?;
                    ops::range(&start, Some(&second), &stop)?
                } else {
                    ops::range(&start, None, &second)?
                };
                window.set(dst, value);
            }
            Instruction::ToLogical { dst, src, is_and } => {
                let value = window.read(src)?;
                let truth = match value {
                    Value::Bool(truth) => truth,
                    other => ops::condition(&other, if is_and { "&&" } else { "||" })?,
                };
                window.set(dst, Value::Bool(truth));
            }
            Instruction::Jump { target } => *pc = target as usize,
            Instruction::JumpIfFalse { condition, target } => {
                if !truth(window, condition)? {
                    *pc = target as usize;
                }
            }
            Instruction::JumpIfTrue { condition, target } => {
                if truth(window, condition)? {
                    *pc = target as usize;
                }
            }
            Instruction::JumpIfUndefined { register, target } => {
                if window.registers[usize::from(register)].is_undefined() {
                    *pc = target as usize;
                }
            }
            Instruction::SwitchMatches { dst, subject, case } => {
                let case = window.read(case)?;
                let matches = ops::switch_matches(window.look(subject)?, &case)?;
                window.set(dst, Value::Bool(matches));
            }
            Instruction::ForRange {
                state,
                base,
                has_step,
            } => {
                begin_range(window, state, base, has_step)?;
            }
            Instruction::ForEach { state, src } => {
                let value = window.read(src)?;
                begin_columns(window, state, value);
            }
            Instruction::ForNext { state, dst } => {
                if next_element(window, state, dst)? {
                    *pc += 1;
                }
            }
            Instruction::Paren {
                callee,
                base,
                count,
                outputs: wanted,
            } => {
                if count == 1
                    && wanted <= 1
                    && let Value::Double(at) = window.registers[usize::from(base)]
                {
                    let element = scalar_index(&window.registers[usize::from(callee)], at);
                    if let Some(element) = element {
                        // A part that stayed held would be copied whole at the next store into it.
                        if callee >= window.function.locals {
                            window.set(callee, Value::Undefined);
                        }
                        window.set(base, element);
                        continue;
                    }
                }
                let callee = window.read(callee)?;
                return Ok(Next::Value {
                    callee,
                    base,
                    count,
                    outputs: wanted,
                });
            }
            Instruction::Brace {
                value,
                base,
                count,
                outputs: wanted,
            } => {
                let arguments = window.read_many(base, count);
                // A local is looked at where it is: copying it would only cost.
                let values = if value < window.function.locals {
                    index::brace(window.look(value)?, &arguments)?
                } else {
                    index::brace(&window.read(value)?, &arguments)?
                };
                let wanted = match (wanted, outputs) {
                    (PASS, ALL) => 0,
                    (PASS, outputs) => outputs,
                    (wanted, _) => wanted,
                };
                brace_results(window, base, wanted, values)?;
            }
            Instruction::Field { dst, value, name } => {
                let Value::Char(_) = &constants[usize::from(name)] else {
                    unreachable!("a field's name is a text constant")
                };
                let name = constants[usize::from(name)]
                    .as_text()
                    .expect("a name is a row");
                let found = if value < window.function.locals {
                    member(machine, window.look(value)?, &name)?
                } else {
                    let held = window.look(value)?.clone();
                    let found = member(machine, &held, &name)?;
                    if found.is_some() {
                        window.set(value, Value::Undefined);
                    }
                    found
                };
                match found {
                    Some(values) => {
                        let value = one_of(values)?;
                        window.set(dst, value);
                    }
                    None => {
                        let object = window.read(value)?;
                        return Ok(Next::Method {
                            object,
                            name,
                            arguments: Vec::new(),
                            base: dst,
                            outputs: 1,
                        });
                    }
                }
            }
            Instruction::FieldList { dst, value, name } => {
                let name = constants[usize::from(name)]
                    .as_text()
                    .expect("a name is a row");
                let held = window.read(value)?;
                match member(machine, &held, &name)? {
                    Some(values) => window.set(dst, Value::List(Rc::new(values))),
                    None => {
                        return Ok(Next::Method {
                            object: held,
                            name,
                            arguments: Vec::new(),
                            base: dst,
                            outputs: 1,
                        });
                    }
                }
            }
            Instruction::DynamicField { dst, value, name } => {
                let name = field_name(&window.read(name)?)?;
                let held = window.read(value)?;
                match member(machine, &held, &name)? {
                    Some(values) => {
                        let value = one_of(values)?;
                        window.set(dst, value);
                    }
                    None => return Err(no_member(&held, &name)),
                }
            }
            Instruction::Method {
                value,
                base,
                count,
                outputs,
            } => {
                let name = window
                    .read(base)?
                    .as_text()
                    .expect("a method's name is a text");
                let held = window.read(value)?;
                match member(machine, &held, &name)? {
                    None => {
                        let arguments = window.read_many(base + 1, count);
                        return Ok(Next::Method {
                            object: held,
                            name,
                            arguments,
                            base,
                            outputs,
                        });
                    }
                    Some(values) => {
                        let callee = one_of(values)?;
                        // The arguments move down to where the results will be.
                        let arguments = window.read_many(base + 1, count);
                        window.set(base, Value::List(Rc::new(arguments)));
                        return Ok(Next::Value {
                            callee,
                            base,
                            count: LIST,
                            outputs,
                        });
                    }
                }
            }
            Instruction::End {
                dst,
                value,
                position,
                count,
            } => {
                let held = &window.registers[usize::from(value)];
                let end = if held.is_undefined() {
                    0
                } else {
                    index::end_of(held, usize::from(position), usize::from(count))
                };
                window.set(dst, Value::Double(end as f64));
            }
            Instruction::Store {
                variable,
                base,
                path,
            } => {
                let shapes = &window.function.paths[usize::from(path)];
                let (steps, at) = window.read_path(base, shapes)?;
                let value = window.read(at)?;
                let target = &mut window.registers[usize::from(variable)];
                assign::assign(target, &steps, value)?;
            }
            Instruction::StoreIndex {
                variable,
                index,
                value,
            } => {
                if store_scalar(window, variable, index, value) {
                    continue;
                }
                let index = window.read(index)?;
                let value = window.read(value)?;
                let target = &mut window.registers[usize::from(variable)];
                assign::paren(target, &[index], value)?;
            }
            Instruction::Delete {
                variable,
                base,
                path,
            } => {
                let shapes = &window.function.paths[usize::from(path)];
                let (steps, _) = window.read_path(base, shapes)?;
                let target = &mut window.registers[usize::from(variable)];
                delete(target, &steps)?;
            }
            Instruction::ListNew { dst } => window.set(dst, Value::List(Rc::default())),
            Instruction::ListPush { list, src } => {
                let value = window.read(src)?;
                let Value::List(items) = &mut window.registers[usize::from(list)] else {
                    unreachable!("the compiler puts a list there")
                };
                let items = Rc::make_mut(items);
                match value {
                    Value::List(more) => items.extend(more.iter().cloned()),
                    single => items.push(single),
                }
            }
            Instruction::ListTake { dst, list } => {
                let value = match &mut window.registers[usize::from(list)] {
                    Value::List(items) if items.is_empty() => one_of(Vec::new())?,
                    Value::List(items) => Rc::make_mut(items).remove(0),
                    // A property of an object is one value.
                    single => std::mem::replace(single, Value::List(Rc::default())),
                };
                window.set(dst, value);
            }
            Instruction::ListTakeCell { dst, list, count } => {
                let count = window.look(count)?.as_number().unwrap_or_default() as usize;
                let Value::List(items) = &mut window.registers[usize::from(list)] else {
                    unreachable!("the compiler puts a list there")
                };
                if items.len() < count {
                    return one_of(Vec::new()).map(|_| unreachable!("there is none"));
                }
                let taken = Rc::make_mut(items).drain(..count).collect();
                window.set(dst, Value::cell_row(taken));
            }
            Instruction::JumpIfListEmpty { list, target } => {
                if let Value::List(items) = &window.registers[usize::from(list)]
                    && items.is_empty()
                {
                    *pc = target as usize;
                }
            }
            Instruction::IndexCount { dst, value, list } => {
                let Value::List(indices) = &window.registers[usize::from(list)] else {
                    unreachable!("the compiler puts a list there")
                };
                let count = addressed(&window.registers[usize::from(value)], indices);
                window.set(dst, Value::Double(count as f64));
            }
            Instruction::Want { count } => {
                let count = window.read(count)?.as_number().unwrap_or_default();
                return Ok(Next::Want(count));
            }
            Instruction::Gather { base } => return Ok(Next::Gather(base)),
            Instruction::Matrix { dst, base, shape } => {
                let shape = &window.function.shapes[usize::from(shape)];
                let count: u16 = shape.iter().sum();
                let from = usize::from(base);
                let elements = window.registers[from..from + usize::from(count)]
                    .iter_mut()
                    .map(std::mem::take)
                    .collect();
                let value = concat::build_matrix(rows(elements, shape))?;
                window.set(dst, value);
            }
            Instruction::Cell { dst, base, shape } => {
                let shape = &window.function.shapes[usize::from(shape)];
                let count: u16 = shape.iter().sum();
                let from = usize::from(base);
                let elements = window.registers[from..from + usize::from(count)]
                    .iter_mut()
                    .map(std::mem::take)
                    .collect();
                let value = concat::build_cell(rows(elements, shape))?;
                window.set(dst, value);
            }
            Instruction::Call {
                function,
                base,
                count,
                outputs,
            } => {
                return Ok(Next::Call {
                    function: usize::from(function),
                    base,
                    count,
                    outputs,
                });
            }
            Instruction::CallBuiltin {
                builtin,
                base,
                count,
                outputs,
            } => {
                if count <= 2 && outputs <= 1 {
                    let from = usize::from(base);
                    let arguments = &window.registers[from..from + usize::from(count)];
                    if let Some(number) = Interpreter::scalar_call(builtin, arguments) {
                        window.set_double(base, number);
                        continue;
                    }
                }
                return Ok(Next::Builtin {
                    builtin,
                    base,
                    count,
                    outputs,
                });
            }
            Instruction::CallUnknown {
                name,
                base,
                count,
                outputs,
            } => {
                let name = constants[usize::from(name)]
                    .as_text()
                    .expect("a name is a row");
                return Ok(Next::Unknown {
                    name,
                    base,
                    count,
                    outputs,
                });
            }
            Instruction::AsyncCreate {
                function,
                base,
                count,
            } => {
                return Ok(Next::Async {
                    function: usize::from(function),
                    base,
                    count,
                });
            }
            Instruction::Await {
                base,
                count,
                outputs,
            } => {
                return Ok(Next::Await {
                    base,
                    count,
                    outputs,
                });
            }
            Instruction::Closure {
                dst,
                function,
                base,
                count,
            } => {
                return Ok(Next::Closure {
                    dst,
                    function: usize::from(function),
                    base,
                    count,
                });
            }
            Instruction::Display { src, name } => {
                let name = constants[usize::from(name)]
                    .as_text()
                    .expect("a name is a row");
                machine.print(&display::display_named(&name, window.look(src)?));
            }
            Instruction::InputCount { dst } => window.set(dst, Value::Double(inputs as f64)),
            Instruction::OutputCount { dst } => {
                let count = if outputs == ALL {
                    window.function.outputs.len() as f64
                } else {
                    f64::from(outputs)
                };
                window.set(dst, Value::Double(count));
            }
            Instruction::LoadGlobal { dst, name } => {
                let name = constants[usize::from(name)]
                    .as_text()
                    .expect("a name is a row");
                machine.touch(Object::Global(&name), Access::Read);
                let value = machine.globals.borrow().get(&*name).cloned();
                window.set(dst, value.unwrap_or_else(Value::empty));
            }
            Instruction::StoreGlobal { name, src } => {
                let name = constants[usize::from(name)]
                    .as_text()
                    .expect("a name is a row");
                let value = window.read(src)?;
                machine.store_global(&name, &value);
                let old = machine
                    .globals
                    .borrow_mut()
                    .insert(name.as_str().into(), value);
                drop(old);
            }
            Instruction::StoreGlobalIndex { name, index, value } => {
                let name = constants[usize::from(name)]
                    .as_text()
                    .expect("a name is a row");
                let index = window.read(index)?;
                let value = window.read(value)?;
                // The map gives the value up meanwhile, so that it is changed where it is.
                let held = machine
                    .globals
                    .borrow_mut()
                    .get_mut(&*name)
                    .map(std::mem::take);
                let mut target = held.unwrap_or_else(Value::empty);
                machine.store_global(&name, &value);
                let stored = assign::paren(&mut target, &[index], value);
                let empty = machine
                    .globals
                    .borrow_mut()
                    .insert(name.as_str().into(), target);
                drop(empty);
                stored?;
            }
            Instruction::NewWorkspace { dst } => {
                let made = workspace::create(machine, &window.function.workspace);
                window.set(dst, made);
            }
            Instruction::LoadShared {
                dst,
                workspace,
                slot,
            } => {
                let value = workspace::of(window.look(workspace)?).load(machine, slot)?;
                window.set(dst, value);
            }
            Instruction::LoadSlot {
                dst,
                workspace,
                slot,
            } => {
                let value = workspace::of(window.look(workspace)?).slot(machine, slot);
                window.set(dst, value);
            }
            Instruction::StoreShared {
                workspace,
                slot,
                src,
            } => {
                let value = window.read(src)?;
                let old = workspace::of(window.look(workspace)?).store(machine, slot, value);
                drop(old);
            }
            Instruction::StoreSlot {
                workspace,
                slot,
                src,
            } => {
                let value = std::mem::take(&mut window.registers[usize::from(src)]);
                let old = workspace::of(window.look(workspace)?).store(machine, slot, value);
                drop(old);
            }
            Instruction::ClearShared { workspace, slot } => {
                let none = Value::Undefined;
                let old = workspace::of(window.look(workspace)?).store(machine, slot, none);
                drop(old);
            }
            Instruction::EndCleanup { record } => {
                if let Value::Exception(error) = &window.registers[usize::from(record)] {
                    return Ok(Next::Error(error.clone()));
                }
                if machine.is_cancelled.get() {
                    return Ok(Next::CleanupOver);
                }
            }
            Instruction::JumpIfCompletion {
                completion,
                record,
                target,
            } => {
                let held = &window.registers[usize::from(record)];
                if matches!(held, Value::Double(number) if *number == f64::from(completion)) {
                    *pc = target as usize;
                }
            }
            Instruction::Return => return results(window, outputs).map(Next::Return),
            Instruction::ReturnResults { base } => {
                let count = if outputs == ALL {
                    1
                } else {
                    usize::from(outputs).max(1)
                };
                return Ok(Next::ReturnFrom { base, count });
            }
        }
    }
}
