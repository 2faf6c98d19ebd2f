//! `function` and `async function`.

use super::control::Construct;
use super::{Parser, Result};
use crate::ast::{Function, Ident, Parameter};
use crate::lexer::word_at;
use crate::token::{Keyword, TokenKind};
use std::rc::Rc;

/// What stands between `function` and the body.
struct Signature {
    name: Ident,
    inputs: Vec<Parameter>,
    outputs: Vec<Ident>,
}

impl Parser<'_> {
    /// Whether a function definition is next.
    pub(super) fn at_function(&self) -> bool {
        match self.token.kind {
            TokenKind::Keyword(keyword) => keyword == Keyword::Function && !self.assigns_next(),
            TokenKind::Name => {
                self.slice(self.token.span) == "async"
                    && word_at(self.text_after_token()) == "function"
            }
            _ => false,
        }
    }

    /// Reads a function and puts it with the others.
    pub(super) fn function(&mut self) {
        let start = self.token.span;
        let is_async = self.at(&TokenKind::Name);
        if is_async {
            self.advance();
        }
        self.advance();
        let opener = self.span_from(start);
        let is_nested = self.constructs.last() == Some(&Construct::Function);
        let outer_variables = self.variables.clone();
        if !is_nested {
            self.variables.clear();
        }
        let outer_constructs = std::mem::replace(&mut self.constructs, vec![Construct::Function]);
        let outer_functions = std::mem::take(&mut self.functions);
        let signature = self.head(Self::signature);
        if let Some(signature) = &signature {
            for input in &signature.inputs {
                if let Parameter::Named(name) = input {
                    self.variables.insert(Rc::clone(&name.name));
                }
            }
            for output in &signature.outputs {
                self.variables.insert(Rc::clone(&output.name));
            }
        }
        let mut body = None;
        let read = self.nest_block(|parser| {
            body = Some(parser.block());
            parser.finish(Construct::Function, opener, "");
            Ok(())
        });
        self.variables = outer_variables;
        self.constructs = outer_constructs;
        let nested = std::mem::replace(&mut self.functions, outer_functions);
        let span = self.span_from(start);
        if let (
            Some(Signature {
                name,
                inputs,
                outputs,
            }),
            Some(body),
            Ok(()),
        ) = (signature, body, read)
        {
            self.functions.push(Function {
                name,
                is_async,
                inputs,
                outputs,
                body,
                nested,
                span,
            });
        }
    }

    fn signature(&mut self) -> Result<Signature> {
        let mut outputs = Vec::new();
        let name = if self.at(&TokenKind::OpenBracket) {
            let opener = self.advance().span;
            while self.at(&TokenKind::Name) {
                outputs.push(self.take_name());
                self.accept(&TokenKind::Comma);
            }
            if self.at(&TokenKind::Assign) {
                return self.not_closed(&TokenKind::CloseBracket, opener);
            }
            self.close(&TokenKind::CloseBracket, opener)?;
            if !self.accept(&TokenKind::Assign) {
                return self.unexpected("`=` and the name of the function");
            }
            self.function_name()?
        } else {
            let first = self.function_name()?;
            if self.accept(&TokenKind::Assign) {
                outputs.push(first);
                self.function_name()?
            } else {
                first
            }
        };
        if self.at(&TokenKind::Dot) {
            let message = "A function in a script has a plain name without dots.".to_string();
            return self.fail(self.token.span, "MATLAB:m_unsupported", message, "");
        }
        let has_inputs = self.at(&TokenKind::OpenParen);
        let inputs = if has_inputs {
            self.parameters()?
        } else {
            Vec::new()
        };
        if self.at(&TokenKind::Assign) {
            return self.unexpected("the body of the function");
        }
        Ok(Signature {
            name,
            inputs,
            outputs,
        })
    }

    fn function_name(&mut self) -> Result<Ident> {
        if self.at(&TokenKind::Name) {
            return Ok(self.take_name());
        }
        self.unexpected("the name of a function")
    }
}
