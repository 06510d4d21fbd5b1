//! Arguments of calls and class definitions.

use super::{Failed, Parsed, Parser};
use crate::ast::*;
use crate::lexer::TokenKind;

type Arguments<'a> = (&'a [&'a Expr<'a>], &'a [Keyword<'a>]);

impl<'a> Parser<'a, '_> {
    /// At the `(` of a call.
    pub(super) fn call(&mut self, func: &'a Expr<'a>) -> Parsed<ExprKind<'a>> {
        let start = self.mark();
        self.next();
        if self.eat(TokenKind::RPar) {
            return Ok(ExprKind::Call(Call { func, args: &[], keywords: &[] }));
        }
        // A lone generator expression borrows the parentheses of the call.
        let lone = match self.kind {
            TokenKind::Star | TokenKind::DoubleStar => false,
            TokenKind::Name => self.ahead(1) != TokenKind::Equal,
            _ => true,
        };
        let mut first = None;
        if lone {
            let elt = self.named_expression()?;
            if matches!(self.kind, TokenKind::For | TokenKind::Async) {
                let generators = self.for_if_clauses()?;
                self.expect(TokenKind::RPar)?;
                let genexp = ExprKind::GeneratorExp(GeneratorExp { elt, generators });
                let genexp = self.expr(genexp, self.span(start));
                return Ok(ExprKind::Call(Call { func, args: self.arena.slice(&[genexp]), keywords: &[] }));
            }
            first = Some(elt);
        }
        let (args, keywords) = self.arguments(first)?;
        self.expect(TokenKind::RPar)?;
        Ok(ExprKind::Call(Call { func, args, keywords }))
    }

    /// Arguments up to the closing parenthesis, `first` having been read.
    pub(super) fn arguments(&mut self, first: Option<&'a Expr<'a>>) -> Parsed<Arguments<'a>> {
        let base = self.exprs.len();
        let mut keywords: Vec<Keyword<'a>> = Vec::new();
        let mut unpacked = false;
        if let Some(first) = first {
            self.exprs.push(first);
            if self.kind != TokenKind::RPar {
                self.expect(TokenKind::Comma)?;
            }
        }
        while self.kind != TokenKind::RPar {
            let start = self.mark();
            match self.kind {
                TokenKind::Star => {
                    if unpacked {
                        return Err(Failed);
                    }
                    self.next();
                    let value = self.expression()?;
                    let starred = ExprKind::Starred(Starred { value, ctx: ExprContext::Load });
                    let starred = self.expr(starred, self.span(start));
                    self.exprs.push(starred);
                }
                TokenKind::DoubleStar => {
                    self.next();
                    let value = self.expression()?;
                    keywords.push(Keyword { arg: None, value, range: self.span(start) });
                    unpacked = true;
                }
                TokenKind::Name if self.ahead(1) == TokenKind::Equal => {
                    let arg = self.identifier()?;
                    self.next();
                    let value = self.expression()?;
                    keywords.push(Keyword { arg: Some(arg), value, range: self.span(start) });
                }
                _ => {
                    if !keywords.is_empty() {
                        return Err(Failed);
                    }
                    let value = self.named_expression()?;
                    self.exprs.push(value);
                }
            }
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        let args = self.take_exprs(base);
        Ok((args, self.arena.slice(&keywords)))
    }
}
