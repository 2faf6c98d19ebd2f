//! Which variables an async block assigns after it has read the ones around it under the same name:
//! a definite-assignment analysis.

use crate::names::{Names, free_names};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use tourbillon_syntax::Span;
use tourbillon_syntax::ast::{
    Block, Expression, ExpressionKind, Statement, StatementKind, Step, Target,
};

/// The names that a block assigns, that the code around it has too, and that some path of the block
/// reads before it assigns them; each with the place of the first assignment.
pub(crate) fn captured_writes(
    block: &Block,
    names: &Names,
    sees: impl Fn(&str) -> bool,
) -> Vec<(Rc<str>, Span)> {
    let candidates: BTreeMap<Rc<str>, Span> = names
        .assigned
        .iter()
        .filter(|assigned| !assigned.is_implicit)
        .filter(|assigned| !names.declares(&assigned.name) && sees(&assigned.name))
        .map(|assigned| (assigned.name.clone(), assigned.span))
        .collect();
    if candidates.is_empty() {
        return Vec::new();
    }
    let mut analysis = Analysis {
        candidates: &candidates,
        read_early: BTreeSet::new(),
    };
    analysis.block(block, Some(BTreeSet::new()));
    let read_early = analysis.read_early;
    candidates
        .iter()
        .filter(|(name, _)| read_early.contains(*name))
        .map(|(name, span)| (name.clone(), *span))
        .collect()
}

/// Names that are certainly assigned at a place; `None` where no path leads.
type State = Option<BTreeSet<Rc<str>>>;

struct Analysis<'c> {
    candidates: &'c BTreeMap<Rc<str>, Span>,
    read_early: BTreeSet<Rc<str>>,
}

/// What is certain where two paths meet.
fn join(left: State, right: State) -> State {
    match (left, right) {
        (None, state) | (state, None) => state,
        (Some(left), Some(right)) => Some(left.intersection(&right).cloned().collect()),
    }
}

impl Analysis<'_> {
    fn block(&mut self, block: &Block, mut state: State) -> State {
        for statement in &block.statements {
            state = self.statement(statement, state);
        }
        state
    }

    fn statement(&mut self, statement: &Statement, mut state: State) -> State {
        match &statement.kind {
            StatementKind::Expression(expression) => {
                self.expression(expression, &state);
                state
            }
            StatementKind::Assign { targets, value, .. } => {
                self.expression(value, &state);
                for target in targets {
                    self.target(target, &mut state);
                }
                state
            }
            StatementKind::If { arms, otherwise } => {
                let mut end = None;
                for (condition, block) in arms {
                    self.expression(condition, &state);
                    end = join(end, self.block(block, state.clone()));
                }
                let rest = match otherwise {
                    Some(block) => self.block(block, state),
                    None => state,
                };
                join(end, rest)
            }
            StatementKind::For {
                target,
                iterable,
                body,
            } => {
                self.expression(iterable, &state);
                // The loop may have no turn, so nothing that it assigns is certain after it.
                let mut inside = state.clone();
                self.target(target, &mut inside);
                self.block(body, inside);
                state
            }
            StatementKind::While { condition, body } => {
                self.expression(condition, &state);
                self.block(body, state.clone());
                state
            }
            StatementKind::Switch {
                subject,
                cases,
                otherwise,
            } => {
                self.expression(subject, &state);
                let mut end = None;
                for (case, block) in cases {
                    self.expression(case, &state);
                    end = join(end, self.block(block, state.clone()));
                }
                let rest = match otherwise {
                    Some(block) => self.block(block, state),
                    None => state,
                };
                join(end, rest)
            }
            StatementKind::Break | StatementKind::Continue | StatementKind::Return => None,
            StatementKind::Try {
                body,
                catch,
                finally,
            } => {
                let before = state.clone();
                let mut end = self.block(body, state);
                // An error may come before anything was assigned.
                let caught = match catch {
                    Some(catch) => {
                        let mut inside = before.clone();
                        if let (Some(variable), Some(assigned)) = (&catch.variable, &mut inside) {
                            assigned.insert(variable.name.clone());
                        }
                        self.block(&catch.body, inside)
                    }
                    None if finally.is_none() => before.clone(),
                    None => None,
                };
                end = join(end, caught);
                match finally {
                    Some(cleanup) => self.cleanup(cleanup, before, end),
                    None => end,
                }
            }
            StatementKind::UnwindProtect { body, cleanup } => {
                let before = state.clone();
                let end = self.block(body, state);
                self.cleanup(cleanup, before, end)
            }
            StatementKind::Global(_) | StatementKind::Error => state,
            StatementKind::Persistent(variables) => {
                for (_, value) in variables {
                    if let Some(value) = value {
                        self.expression(value, &state);
                    }
                }
                state
            }
            StatementKind::Command { name, words } => {
                self.read(&name.name, &state);
                if &*name.name == "clear"
                    && let Some(assigned) = &mut state
                {
                    assigned.retain(|name| {
                        !words.is_empty() && !words.iter().any(|word| word.name == *name)
                    });
                }
                state
            }
        }
    }

    /// Cleanup code begins with what was certain before the guarded code, and adds to its end.
    fn cleanup(&mut self, cleanup: &Block, before: State, end: State) -> State {
        match (self.block(cleanup, before), end) {
            (Some(mut assigned), Some(end)) => {
                assigned.extend(end);
                Some(assigned)
            }
            (None, _) | (_, None) => None,
        }
    }

    fn read(&mut self, name: &Rc<str>, state: &State) {
        if let Some(assigned) = state
            && self.candidates.contains_key(name)
            && !assigned.contains(name)
        {
            self.read_early.insert(name.clone());
        }
    }

    fn target(&mut self, target: &Target, state: &mut State) {
        let Target::Place {
            variable, steps, ..
        } = target
        else {
            return;
        };
        if !steps.is_empty() {
            // Changing a part of a value needs the value.
            self.read(&variable.name, state);
        }
        for step in steps {
            self.step(step, state);
        }
        if let Some(assigned) = state {
            assigned.insert(variable.name.clone());
        }
    }

    fn step(&mut self, step: &Step, state: &State) {
        match step {
            Step::Paren(arguments, _) | Step::Brace(arguments, _) => {
                for argument in arguments {
                    self.expression(argument, state);
                }
            }
            Step::Field(_) => {}
            Step::DynamicField(name, _) => self.expression(name, state),
        }
    }

    fn expression(&mut self, expression: &Expression, state: &State) {
        match &expression.kind {
            ExpressionKind::Number(_)
            | ExpressionKind::Imaginary(_)
            | ExpressionKind::Char(_)
            | ExpressionKind::String(_)
            | ExpressionKind::Colon
            | ExpressionKind::End
            | ExpressionKind::Handle(_)
            | ExpressionKind::Error => {}
            ExpressionKind::Name(name) => self.read(name, state),
            ExpressionKind::Unary(_, operand) | ExpressionKind::Postfix(_, operand) => {
                self.expression(operand, state);
            }
            // What comes after `&&` may not run, but nothing in an expression assigns.
            ExpressionKind::Binary(_, left, right)
            | ExpressionKind::AndAnd(left, right)
            | ExpressionKind::OrOr(left, right) => {
                self.expression(left, state);
                self.expression(right, state);
            }
            ExpressionKind::Range { start, step, stop } => {
                self.expression(start, state);
                if let Some(step) = step {
                    self.expression(step, state);
                }
                self.expression(stop, state);
            }
            ExpressionKind::Matrix(rows) | ExpressionKind::Cell(rows) => {
                for element in rows.iter().flatten() {
                    self.expression(element, state);
                }
            }
            ExpressionKind::Index(base, step) => {
                self.expression(base, state);
                self.step(step, state);
            }
            // Making a function reads what it captures.
            ExpressionKind::Anonymous { inputs, body } => {
                for name in free_names(&Names::of_expression(body), inputs) {
                    self.read(&name, state);
                }
            }
            ExpressionKind::AsyncExpression(body) => {
                for name in Names::of_expression(body).mentioned {
                    self.read(&name, state);
                }
            }
            ExpressionKind::AsyncBlock(body) => {
                let names = Names::of_block(body);
                for name in &names.mentioned {
                    if !names.assigns(name) && !names.declares(name) {
                        self.read(name, state);
                    }
                }
            }
        }
    }
}
