//! Atoms and displays, and what may follow an atom.

use super::{Failed, Mark, Parsed, Parser};
use crate::ast::*;
use crate::lexer::TokenKind;
use crate::number;

impl<'a> Parser<'a, '_> {
    /// `primary`: an atom with attributes, calls and subscripts.
    #[inline]
    pub(super) fn primary(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        let mut value = self.atom()?;
        loop {
            let kind = match self.kind {
                TokenKind::Dot => {
                    self.next();
                    let attr = self.identifier()?;
                    ExprKind::Attribute(Attribute { value, attr, ctx: ExprContext::Load })
                }
                TokenKind::LPar => self.call(value)?,
                TokenKind::LSqb => {
                    self.next();
                    let slice = self.slices()?;
                    self.expect(TokenKind::RSqb)?;
                    ExprKind::Subscript(Subscript { value, slice, ctx: ExprContext::Load })
                }
                _ => return Ok(value),
            };
            value = self.expr(kind, self.span(start));
        }
    }

    fn constant(&mut self, value: ConstantValue<'a>) -> &'a Expr<'a> {
        let range = self.token_span(&self.peek());
        self.next();
        self.expr(ExprKind::Constant(Constant { value, kind: None }), range)
    }

    #[inline]
    fn atom(&mut self) -> Parsed<&'a Expr<'a>> {
        match self.kind {
            TokenKind::Name => {
                let range = self.token_span(&self.peek());
                let id = self.identifier()?;
                Ok(self.name(id, ExprContext::Load, range))
            }
            TokenKind::Number => self.number(),
            TokenKind::String | TokenKind::FStringStart | TokenKind::TStringStart => self.strings(),
            TokenKind::LPar => self.parenthesized(),
            TokenKind::LSqb => self.list(),
            TokenKind::LBrace => self.braces(),
            TokenKind::None => Ok(self.constant(ConstantValue::None)),
            TokenKind::True => Ok(self.constant(ConstantValue::True)),
            TokenKind::False => Ok(self.constant(ConstantValue::False)),
            TokenKind::Ellipsis => Ok(self.constant(ConstantValue::Ellipsis)),
            _ => Err(Failed),
        }
    }

    pub(super) fn number(&mut self) -> Parsed<&'a Expr<'a>> {
        if self.kind != TokenKind::Number {
            return Err(Failed);
        }
        let text = self.current_text();
        if text.contains('_') {
            self.require(6)?;
        }
        let value = number::parse(self.arena, text, self.options.int_max_str_digits).map_err(|_| Failed)?;
        Ok(self.constant(value))
    }

    /// `(`: a group, a tuple or a generator expression.
    fn parenthesized(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        self.next();
        let first = match self.kind {
            TokenKind::RPar => {
                self.next();
                let tuple = Tuple { elts: &[], ctx: ExprContext::Load };
                return Ok(self.expr(ExprKind::Tuple(tuple), self.span(start)));
            }
            TokenKind::Yield => {
                let value = self.yield_expr()?;
                self.expect(TokenKind::RPar)?;
                return Ok(value);
            }
            _ => self.star_named_expression()?,
        };
        match self.kind {
            TokenKind::RPar => {
                self.next();
                // An inner group may hold the star, but that has failed on its own.
                if matches!(first.kind, ExprKind::Starred(_)) { Err(Failed) } else { Ok(first) }
            }
            TokenKind::Comma => {
                let elts = self.rest_of_elements(first)?;
                self.expect(TokenKind::RPar)?;
                let tuple = Tuple { elts, ctx: ExprContext::Load };
                Ok(self.expr(ExprKind::Tuple(tuple), self.span(start)))
            }
            TokenKind::For | TokenKind::Async => {
                let generators = self.element_comprehension(first)?;
                self.expect(TokenKind::RPar)?;
                let genexp = GeneratorExp { elt: first, generators };
                Ok(self.expr(ExprKind::GeneratorExp(genexp), self.span(start)))
            }
            _ => Err(Failed),
        }
    }

    /// At the comma after `first`: the other elements of a display.
    fn rest_of_elements(&mut self, first: &'a Expr<'a>) -> Parsed<&'a [&'a Expr<'a>]> {
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(TokenKind::Comma) && (self.starts_expression() || self.kind == TokenKind::Star) {
            let item = self.star_named_expression()?;
            self.exprs.push(item);
        }
        Ok(self.take_exprs(base))
    }

    fn element_comprehension(&mut self, elt: &'a Expr<'a>) -> Parsed<&'a [Comprehension<'a>]> {
        if matches!(elt.kind, ExprKind::Starred(_)) {
            return Err(Failed);
        }
        self.for_if_clauses()
    }

    fn list(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        self.next();
        if self.eat(TokenKind::RSqb) {
            let list = List { elts: &[], ctx: ExprContext::Load };
            return Ok(self.expr(ExprKind::List(list), self.span(start)));
        }
        let first = self.star_named_expression()?;
        let kind = if matches!(self.kind, TokenKind::For | TokenKind::Async) {
            let generators = self.element_comprehension(first)?;
            ExprKind::ListComp(ListComp { elt: first, generators })
        } else {
            ExprKind::List(List { elts: self.rest_of_elements(first)?, ctx: ExprContext::Load })
        };
        self.expect(TokenKind::RSqb)?;
        Ok(self.expr(kind, self.span(start)))
    }

    /// `{`: a dictionary, a set, or a comprehension of either.
    fn braces(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        self.next();
        match self.kind {
            TokenKind::RBrace => {
                self.next();
                return Ok(self.expr(ExprKind::Dict(Dict { keys: &[], values: &[] }), self.span(start)));
            }
            TokenKind::DoubleStar => return self.dict(start, None),
            TokenKind::Star => return self.set(start),
            _ => {}
        }
        if self.kind == TokenKind::Name && self.ahead(1) == TokenKind::ColonEqual {
            return self.set(start);
        }
        let first = self.expression()?;
        if self.kind == TokenKind::Colon {
            return self.dict(start, Some(first));
        }
        if self.kind == TokenKind::ColonEqual {
            return Err(Failed);
        }
        self.set_after(start, first)
    }

    fn set(&mut self, start: Mark) -> Parsed<&'a Expr<'a>> {
        let first = self.star_named_expression()?;
        self.set_after(start, first)
    }

    fn set_after(&mut self, start: Mark, first: &'a Expr<'a>) -> Parsed<&'a Expr<'a>> {
        let kind = if matches!(self.kind, TokenKind::For | TokenKind::Async) {
            let generators = self.element_comprehension(first)?;
            ExprKind::SetComp(SetComp { elt: first, generators })
        } else {
            ExprKind::Set(Set { elts: self.rest_of_elements(first)? })
        };
        self.expect(TokenKind::RBrace)?;
        Ok(self.expr(kind, self.span(start)))
    }

    /// After the first key, or at a `**`.
    fn dict(&mut self, start: Mark, first: Option<&'a Expr<'a>>) -> Parsed<&'a Expr<'a>> {
        let mut keys = Vec::new();
        let base = self.exprs.len();
        let mut key = first;
        loop {
            if key.is_none() {
                if self.eat(TokenKind::DoubleStar) {
                    keys.push(None);
                    let value = self.bitwise_or()?;
                    self.exprs.push(value);
                } else if self.starts_expression() {
                    key = Some(self.expression()?);
                } else {
                    break;
                }
            }
            if let Some(found) = key.take() {
                self.expect(TokenKind::Colon)?;
                let value = self.expression()?;
                if keys.is_empty() && matches!(self.kind, TokenKind::For | TokenKind::Async) {
                    let generators = self.for_if_clauses()?;
                    self.expect(TokenKind::RBrace)?;
                    let node = DictComp { key: found, value, generators };
                    return Ok(self.expr(ExprKind::DictComp(node), self.span(start)));
                }
                keys.push(Some(found));
                self.exprs.push(value);
            }
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        self.expect(TokenKind::RBrace)?;
        let values = self.take_exprs(base);
        let keys = self.arena.slice(&keys);
        Ok(self.expr(ExprKind::Dict(Dict { keys, values }), self.span(start)))
    }

    pub(super) fn for_if_clauses(&mut self) -> Parsed<&'a [Comprehension<'a>]> {
        let first = self.for_if_clause()?;
        if !matches!(self.kind, TokenKind::For | TokenKind::Async) {
            return Ok(self.arena.slice(&[first]));
        }
        let mut clauses = vec![first];
        while matches!(self.kind, TokenKind::For | TokenKind::Async) {
            clauses.push(self.for_if_clause()?);
        }
        Ok(self.arena.slice(&clauses))
    }

    fn for_if_clause(&mut self) -> Parsed<Comprehension<'a>> {
        let is_async = self.eat(TokenKind::Async);
        if is_async {
            self.require(6)?;
        }
        self.expect(TokenKind::For)?;
        let target = self.star_targets()?;
        self.expect(TokenKind::In)?;
        let iter = self.disjunction()?;
        let base = self.exprs.len();
        while self.eat(TokenKind::If) {
            let test = self.disjunction()?;
            self.exprs.push(test);
        }
        let ifs = self.take_exprs(base);
        Ok(Comprehension { target, iter, ifs, is_async: is_async.into() })
    }

    /// What stands between the brackets of a subscript.
    fn slices(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        let first = self.slice_or_starred()?;
        if self.kind != TokenKind::Comma && !matches!(first.kind, ExprKind::Starred(_)) {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(TokenKind::Comma) && self.kind != TokenKind::RSqb {
            let item = self.slice_or_starred()?;
            self.exprs.push(item);
        }
        let elts = self.take_exprs(base);
        Ok(self.expr(ExprKind::Tuple(Tuple { elts, ctx: ExprContext::Load }), self.span(start)))
    }

    fn slice_or_starred(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        if self.eat(TokenKind::Star) {
            let value = self.expression()?;
            return Ok(self.expr(ExprKind::Starred(Starred { value, ctx: ExprContext::Load }), self.span(start)));
        }
        let mut lower = None;
        if self.kind != TokenKind::Colon {
            if self.kind == TokenKind::Name && self.ahead(1) == TokenKind::ColonEqual {
                return self.named_expression();
            }
            let value = self.expression()?;
            if self.kind != TokenKind::Colon {
                return if self.kind == TokenKind::ColonEqual { Err(Failed) } else { Ok(value) };
            }
            lower = Some(value);
        }
        self.expect(TokenKind::Colon)?;
        let upper = if self.starts_expression() { Some(self.expression()?) } else { None };
        let mut step = None;
        if self.eat(TokenKind::Colon) && self.starts_expression() {
            step = Some(self.expression()?);
        }
        Ok(self.expr(ExprKind::Slice(Slice { lower, upper, step }), self.span(start)))
    }
}
