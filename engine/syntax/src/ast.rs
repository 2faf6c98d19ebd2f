//! The syntax tree: what was written, with the place of every part. Names are not yet resolved:
//! `a(1)` is an index or a call, and only the compiler knows which.

use crate::Span;
use std::rc::Rc;

/// A name and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Ident {
    /// The name as written.
    pub name: Rc<str>,
    /// Its place.
    pub span: Span,
}

/// A whole text: the script's code and the functions around it, in source order.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct File {
    /// The script's code.
    pub body: Block,
    /// Local functions; they may stand before or after the code.
    pub functions: Vec<Function>,
}

/// Statements in order.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Block {
    /// The statements.
    pub statements: Vec<Statement>,
}

/// `function` or `async function`, with its body.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: Ident,
    /// Whether it was declared `async`.
    pub is_async: bool,
    /// Inputs in order; the last may be `varargin`.
    pub inputs: Vec<Parameter>,
    /// Outputs in order; the last may be `varargout`.
    pub outputs: Vec<Ident>,
    /// Its code.
    pub body: Block,
    /// The functions inside it, which share its variables.
    pub nested: Vec<Function>,
    /// From the first keyword to `end`.
    pub span: Span,
}

/// An input of a function.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    /// A named input.
    Named(Ident),
    /// `~`: an input that the function does not look at.
    Ignored(Span),
}

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it does.
    pub kind: StatementKind,
    /// Without the terminator.
    pub span: Span,
    /// Whether its result is displayed: it ended without `;`.
    pub prints: bool,
}

/// The kinds of statement.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// An expression on its own; its value goes to `ans` when it has one and is no plain variable.
    Expression(Expression),
    /// `target = value` and `[a, b] = value`; one target stands for the first form.
    Assign {
        /// Left side, at least one.
        targets: Vec<Target>,
        /// Whether the left side was in brackets.
        bracketed: bool,
        /// Right side.
        value: Expression,
    },
    /// `if`, `elseif`…, `else`.
    If {
        /// Condition and block of each arm in order.
        arms: Vec<(Expression, Block)>,
        /// The `else` block.
        otherwise: Option<Block>,
    },
    /// `for target = iterable`.
    For {
        /// The loop variable, possibly indexed.
        target: Target,
        /// What it runs over, column by column.
        iterable: Expression,
        /// The body.
        body: Block,
    },
    /// `while condition`.
    While {
        /// The condition.
        condition: Expression,
        /// The body.
        body: Block,
    },
    /// `switch subject`.
    Switch {
        /// What is compared.
        subject: Expression,
        /// Value and block of each case.
        cases: Vec<(Expression, Block)>,
        /// The `otherwise` block.
        otherwise: Option<Block>,
    },
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `return`.
    Return,
    /// `try … catch … finally … end`; at least one of the two clauses is there, or neither: a bare
    /// `try … end` swallows the error, as in MATLAB.
    Try {
        /// The guarded code.
        body: Block,
        /// The `catch` clause.
        catch: Option<Catch>,
        /// The `finally` clause (an extension of this language).
        finally: Option<Block>,
    },
    /// `unwind_protect … unwind_protect_cleanup … end_unwind_protect`.
    UnwindProtect {
        /// The guarded code.
        body: Block,
        /// Runs in any case.
        cleanup: Block,
    },
    /// `global a b`.
    Global(Vec<Ident>),
    /// `persistent a b`, each with an optional first value.
    Persistent(Vec<(Ident, Option<Expression>)>),
    /// Command syntax: `clear x y`, `hold on`. The words are char rows.
    Command {
        /// The function's name.
        name: Ident,
        /// Its words.
        words: Vec<Ident>,
    },
    /// A place where the parser gave up and went on; there is a diagnostic for it.
    Error,
}

/// The `catch` clause.
#[derive(Clone, Debug, PartialEq)]
pub struct Catch {
    /// The variable that takes the exception.
    pub variable: Option<Ident>,
    /// The handler.
    pub body: Block,
}

/// The left side of an assignment.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// `~` in a list of targets.
    Ignored(Span),
    /// A variable with any number of index steps: `s.a(3).b{2}`.
    Place {
        /// The variable.
        variable: Ident,
        /// The steps, outermost first.
        steps: Vec<Step>,
        /// The whole place.
        span: Span,
    },
}

/// One step of an index chain.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `(…)`.
    Paren(Vec<Expression>, Span),
    /// `{…}`.
    Brace(Vec<Expression>, Span),
    /// `.name`.
    Field(Ident),
    /// `.(expression)`.
    DynamicField(Box<Expression>, Span),
}

/// One expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Its place.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpressionKind {
    /// A real number.
    Number(f64),
    /// A number with the suffix `i` or `j`.
    Imaginary(f64),
    /// `'text'`, with doubled quotes resolved.
    Char(String),
    /// `"text"`, with doubled quotes resolved.
    String(String),
    /// A name: a variable or a function without arguments.
    Name(Rc<str>),
    /// `:` alone as an argument.
    Colon,
    /// `end` inside an index.
    End,
    /// `-x`, `~x`, `+x`.
    Unary(UnaryOp, Box<Expression>),
    /// `x'` and `x.'`.
    Postfix(PostfixOp, Box<Expression>),
    /// `x + y` and so on.
    Binary(BinaryOp, Box<Expression>, Box<Expression>),
    /// `x && y`.
    AndAnd(Box<Expression>, Box<Expression>),
    /// `x || y`.
    OrOr(Box<Expression>, Box<Expression>),
    /// `start:stop` and `start:step:stop`.
    Range {
        /// First value.
        start: Box<Expression>,
        /// Distance, 1 when absent.
        step: Option<Box<Expression>>,
        /// Last value at most.
        stop: Box<Expression>,
    },
    /// `[…]`, row by row.
    Matrix(Vec<Vec<Expression>>),
    /// `{…}`, row by row.
    Cell(Vec<Vec<Expression>>),
    /// An index or a call, one step.
    Index(Box<Expression>, Box<Step>),
    /// `@(a, b) body`.
    Anonymous {
        /// Inputs.
        inputs: Vec<Parameter>,
        /// The body.
        body: Box<Expression>,
    },
    /// `@name`, also with dots.
    Handle(Rc<str>),
    /// `async @() expression`.
    AsyncExpression(Box<Expression>),
    /// `async @() do … end`.
    AsyncBlock(Block),
    /// A place where the parser gave up and went on; there is a diagnostic for it.
    Error,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `+x`
    Plus,
    /// `-x`
    Minus,
    /// `~x` and `!x`
    Not,
}

/// Postfix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostfixOp {
    /// `x'`
    ConjugateTranspose,
    /// `x.'`
    Transpose,
}

/// Operators between two operands that evaluate both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `.*`
    ElementMultiply,
    /// `*`
    Multiply,
    /// `./`
    ElementRightDivide,
    /// `/`
    RightDivide,
    /// `.\`
    ElementLeftDivide,
    /// `\`
    LeftDivide,
    /// `.^`
    ElementPower,
    /// `^`
    Power,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `==`
    Equal,
    /// `~=` and `!=`
    NotEqual,
    /// `&`
    And,
    /// `|`
    Or,
}

impl BinaryOp {
    /// The operator as people write it.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::ElementMultiply => ".*",
            BinaryOp::Multiply => "*",
            BinaryOp::ElementRightDivide => "./",
            BinaryOp::RightDivide => "/",
            BinaryOp::ElementLeftDivide => ".\\",
            BinaryOp::LeftDivide => "\\",
            BinaryOp::ElementPower => ".^",
            BinaryOp::Power => "^",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "~=",
            BinaryOp::And => "&",
            BinaryOp::Or => "|",
        }
    }
}
