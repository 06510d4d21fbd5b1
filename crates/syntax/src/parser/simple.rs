//! Statements of one line.

use super::{Failed, Mark, Parsed, Parser};
use crate::ast::*;
use crate::lexer::TokenKind;

impl<'a> Parser<'a, '_> {
    #[inline]
    pub(super) fn push(&mut self, kind: StmtKind<'a>, start: Mark) {
        let range = self.span(start);
        self.stmts.push(Stmt { kind, range });
    }

    /// One statement, or a line of simple ones.
    pub(super) fn statement(&mut self) -> Parsed<()> {
        if self.compound_statement()? { Ok(()) } else { self.simple_statements() }
    }

    /// A line.
    pub(super) fn simple_statements(&mut self) -> Parsed<()> {
        loop {
            self.simple_statement()?;
            if self.eat(TokenKind::Newline) {
                return Ok(());
            }
            self.expect(TokenKind::Semi)?;
            if self.eat(TokenKind::Newline) {
                return Ok(());
            }
        }
    }

    fn simple_statement(&mut self) -> Parsed<()> {
        let start = self.mark();
        let kind = match self.kind {
            TokenKind::Return => {
                self.next();
                let value = if self.starts_expression() || self.kind == TokenKind::Star {
                    Some(self.star_expressions()?)
                } else {
                    None
                };
                StmtKind::Return(Return { value })
            }
            TokenKind::Import => self.import_name()?,
            TokenKind::From => self.import_from()?,
            TokenKind::Raise => {
                self.next();
                let mut raise = Raise { exc: None, cause: None };
                if self.starts_expression() {
                    raise.exc = Some(self.expression()?);
                    if self.eat(TokenKind::From) {
                        raise.cause = Some(self.expression()?);
                    }
                }
                StmtKind::Raise(raise)
            }
            TokenKind::Pass => {
                self.next();
                StmtKind::Pass
            }
            TokenKind::Break => {
                self.next();
                StmtKind::Break
            }
            TokenKind::Continue => {
                self.next();
                StmtKind::Continue
            }
            TokenKind::Del => self.delete()?,
            TokenKind::Assert => {
                self.next();
                let test = self.expression()?;
                let msg = if self.eat(TokenKind::Comma) { Some(self.expression()?) } else { None };
                StmtKind::Assert(Assert { test, msg })
            }
            TokenKind::Global => {
                self.next();
                StmtKind::Global(Global { names: self.names()? })
            }
            TokenKind::Nonlocal => {
                self.next();
                StmtKind::Nonlocal(Nonlocal { names: self.names()? })
            }
            TokenKind::Name if self.ahead(1) == TokenKind::Name && self.at_word("type") => self.type_alias()?,
            _ => self.expression_statement(start)?,
        };
        self.push(kind, start);
        Ok(())
    }

    fn names(&mut self) -> Parsed<&'a [&'a str]> {
        let mut names = vec![self.identifier()?];
        while self.eat(TokenKind::Comma) {
            names.push(self.identifier()?);
        }
        Ok(self.arena.slice(&names))
    }

    fn delete(&mut self) -> Parsed<StmtKind<'a>> {
        self.next();
        let base = self.exprs.len();
        loop {
            let target = self.del_target()?;
            self.exprs.push(target);
            if !self.eat(TokenKind::Comma) || matches!(self.kind, TokenKind::Semi | TokenKind::Newline) {
                break;
            }
        }
        let targets = self.take_exprs(base);
        if !matches!(self.kind, TokenKind::Semi | TokenKind::Newline) {
            return Err(Failed);
        }
        Ok(StmtKind::Delete(Delete { targets }))
    }

    fn type_alias(&mut self) -> Parsed<StmtKind<'a>> {
        self.require(12)?;
        self.next();
        let range = self.token_span(&self.peek());
        let id = self.identifier()?;
        let name = self.name(id, ExprContext::Store, range);
        let type_params = self.type_params()?;
        self.expect(TokenKind::Equal)?;
        let value = self.expression()?;
        Ok(StmtKind::TypeAlias(TypeAlias { name, type_params, value }))
    }

    /// An expression, an assignment of any kind.
    fn expression_statement(&mut self, start: Mark) -> Parsed<StmtKind<'a>> {
        let first_kind = self.kind;
        let first = self.annotated_rhs()?;
        match self.kind {
            TokenKind::Newline | TokenKind::Semi => Ok(StmtKind::Expr(ExprStmt { value: first })),
            TokenKind::Equal => self.assignment(first),
            TokenKind::Colon => self.annotated_assignment(first, first_kind, start),
            _ => match self.augmented_operator() {
                Some(op) => {
                    if !is_single_target(first) {
                        return Err(Failed);
                    }
                    if op == Operator::MatMult {
                        self.require(5)?;
                    }
                    let target = self.with_context(first, ExprContext::Store, false)?;
                    self.next();
                    let value = self.annotated_rhs()?;
                    Ok(StmtKind::AugAssign(AugAssign { target, op, value }))
                }
                None => Ok(StmtKind::Expr(ExprStmt { value: first })),
            },
        }
    }

    fn assignment(&mut self, first: &'a Expr<'a>) -> Parsed<StmtKind<'a>> {
        let mut value = first;
        let base = self.exprs.len();
        while self.eat(TokenKind::Equal) {
            let target = self.with_context(value, ExprContext::Store, true)?;
            self.exprs.push(target);
            value = self.annotated_rhs()?;
        }
        let targets = self.take_exprs(base);
        let type_comment = self.type_comment();
        Ok(StmtKind::Assign(Assign { targets, value, type_comment }))
    }

    /// The type comment that may stand here.
    pub(super) fn type_comment(&mut self) -> Option<Text<'a>> {
        if self.kind != TokenKind::TypeComment {
            return None;
        }
        let text = self.current_text();
        self.next();
        Some(Text(text))
    }

    fn annotated_assignment(
        &mut self,
        target: &'a Expr<'a>,
        first_kind: TokenKind,
        start: Mark,
    ) -> Parsed<StmtKind<'a>> {
        if !is_single_target(target) {
            return Err(Failed);
        }
        self.require(6)?;
        // `(a): int` is not simple. A name's own place tells whether it stands in parentheses.
        let bare = first_kind == TokenKind::Name && target.range.col_offset == start.col;
        let simple = i32::from(bare && matches!(target.kind, ExprKind::Name(_)));
        let target = self.with_context(target, ExprContext::Store, false)?;
        self.next();
        let annotation = self.expression()?;
        let value = if self.eat(TokenKind::Equal) { Some(self.annotated_rhs()?) } else { None };
        Ok(StmtKind::AnnAssign(AnnAssign { target, annotation, value, simple }))
    }

    fn augmented_operator(&self) -> Option<Operator> {
        Some(match self.kind {
            TokenKind::PlusEqual => Operator::Add,
            TokenKind::MinEqual => Operator::Sub,
            TokenKind::StarEqual => Operator::Mult,
            TokenKind::AtEqual => Operator::MatMult,
            TokenKind::SlashEqual => Operator::Div,
            TokenKind::PercentEqual => Operator::Mod,
            TokenKind::AmperEqual => Operator::BitAnd,
            TokenKind::VBarEqual => Operator::BitOr,
            TokenKind::CircumflexEqual => Operator::BitXor,
            TokenKind::LeftShiftEqual => Operator::LShift,
            TokenKind::RightShiftEqual => Operator::RShift,
            TokenKind::DoubleStarEqual => Operator::Pow,
            TokenKind::DoubleSlashEqual => Operator::FloorDiv,
            _ => return None,
        })
    }
}

/// Whether it may be annotated or changed in place.
fn is_single_target(target: &Expr<'_>) -> bool {
    matches!(target.kind, ExprKind::Name(_) | ExprKind::Attribute(_) | ExprKind::Subscript(_))
}
