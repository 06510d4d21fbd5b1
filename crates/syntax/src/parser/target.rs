//! What can be assigned to or deleted.

use super::{Failed, Parsed, Parser};
use crate::ast::*;
use crate::lexer::TokenKind;

impl<'a> Parser<'a, '_> {
    /// `star_targets`, as after `for`.
    pub(super) fn star_targets(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        let first = self.star_target()?;
        if self.kind != TokenKind::Comma {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(TokenKind::Comma) && (self.starts_expression() || self.kind == TokenKind::Star) {
            let item = self.star_target()?;
            self.exprs.push(item);
        }
        let elts = self.take_exprs(base);
        Ok(self.expr(ExprKind::Tuple(Tuple { elts, ctx: ExprContext::Store }), self.span(start)))
    }

    /// `star_target`
    pub(super) fn star_target(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        if self.eat(TokenKind::Star) {
            let value = self.primary()?;
            let value = self.with_context(value, ExprContext::Store, false)?;
            return Ok(self.expr(ExprKind::Starred(Starred { value, ctx: ExprContext::Store }), self.span(start)));
        }
        let value = self.primary()?;
        self.with_context(value, ExprContext::Store, false)
    }

    /// `del_target`
    pub(super) fn del_target(&mut self) -> Parsed<&'a Expr<'a>> {
        let value = self.primary()?;
        self.with_context(value, ExprContext::Del, false)
    }

    /// The same expression as a target; `starred` says whether it may have a star.
    pub(super) fn with_context(
        &mut self,
        target: &'a Expr<'a>,
        ctx: ExprContext,
        starred: bool,
    ) -> Parsed<&'a Expr<'a>> {
        let kind = match target.kind {
            ExprKind::Name(node) => ExprKind::Name(Name { ctx, ..node }),
            ExprKind::Attribute(node) => ExprKind::Attribute(Attribute { ctx, ..node }),
            ExprKind::Subscript(node) => ExprKind::Subscript(Subscript { ctx, ..node }),
            ExprKind::Tuple(node) => ExprKind::Tuple(Tuple { elts: self.elements_with_context(node.elts, ctx)?, ctx }),
            ExprKind::List(node) => ExprKind::List(List { elts: self.elements_with_context(node.elts, ctx)?, ctx }),
            ExprKind::Starred(node) if starred && ctx == ExprContext::Store => {
                ExprKind::Starred(Starred { value: self.with_context(node.value, ctx, false)?, ctx })
            }
            _ => return Err(Failed),
        };
        Ok(self.expr(kind, target.range))
    }

    fn elements_with_context(&mut self, elements: &'a [&'a Expr<'a>], ctx: ExprContext) -> Parsed<&'a [&'a Expr<'a>]> {
        let base = self.exprs.len();
        for element in elements {
            let element = self.with_context(element, ctx, true)?;
            self.exprs.push(element);
        }
        Ok(self.take_exprs(base))
    }
}
