//! Expressions down to operators.

use super::{Failed, Mark, Parsed, Parser};
use crate::ast::*;
use crate::lexer::TokenKind;

/// How tightly a binary operator binds; 0 for anything else.
static PRECEDENCE: [u8; 256] = {
    use TokenKind::*;
    let mut table = [0; 256];
    let levels: [(u8, &[TokenKind]); 6] = [
        (1, &[VBar]),
        (2, &[Circumflex]),
        (3, &[Amper]),
        (4, &[LeftShift, RightShift]),
        (5, &[Plus, Minus]),
        (6, &[Star, Slash, DoubleSlash, Percent, At]),
    ];
    let mut i = 0;
    while i < levels.len() {
        let mut j = 0;
        while j < levels[i].1.len() {
            table[levels[i].1[j] as usize] = levels[i].0;
            j += 1;
        }
        i += 1;
    }
    table
};

/// Whether an expression may begin with a token of this kind.
static STARTS: [bool; 256] = {
    use TokenKind::*;
    let mut table = [false; 256];
    let kinds = [
        Name,
        Number,
        String,
        FStringStart,
        TStringStart,
        LPar,
        LSqb,
        LBrace,
        Plus,
        Minus,
        Tilde,
        Ellipsis,
        True,
        False,
        None,
        Not,
        Lambda,
        Await,
    ];
    let mut i = 0;
    while i < kinds.len() {
        table[kinds[i] as usize] = true;
        i += 1;
    }
    table
};

fn operator(kind: TokenKind) -> Operator {
    use TokenKind::*;
    match kind {
        VBar => Operator::BitOr,
        Circumflex => Operator::BitXor,
        Amper => Operator::BitAnd,
        LeftShift => Operator::LShift,
        RightShift => Operator::RShift,
        Plus => Operator::Add,
        Minus => Operator::Sub,
        Star => Operator::Mult,
        Slash => Operator::Div,
        DoubleSlash => Operator::FloorDiv,
        Percent => Operator::Mod,
        _ => Operator::MatMult,
    }
}

impl<'a> Parser<'a, '_> {
    #[inline]
    pub(super) fn starts_expression(&self) -> bool {
        STARTS[self.kind as usize]
    }

    /// `star_expressions`: perhaps a tuple without parentheses.
    pub(super) fn star_expressions(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        let first = self.star_expression()?;
        if self.kind != TokenKind::Comma {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(TokenKind::Comma) && (self.starts_expression() || self.kind == TokenKind::Star) {
            let item = self.star_expression()?;
            self.exprs.push(item);
        }
        let elts = self.take_exprs(base);
        Ok(self.expr(ExprKind::Tuple(Tuple { elts, ctx: ExprContext::Load }), self.span(start)))
    }

    /// `expressions`: the same without stars.
    pub(super) fn expressions(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        let first = self.expression()?;
        if self.kind != TokenKind::Comma {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(TokenKind::Comma) && self.starts_expression() {
            let item = self.expression()?;
            self.exprs.push(item);
        }
        let elts = self.take_exprs(base);
        Ok(self.expr(ExprKind::Tuple(Tuple { elts, ctx: ExprContext::Load }), self.span(start)))
    }

    /// `yield_expr | star_expressions`
    pub(super) fn annotated_rhs(&mut self) -> Parsed<&'a Expr<'a>> {
        if self.kind == TokenKind::Yield { self.yield_expr() } else { self.star_expressions() }
    }

    pub(super) fn yield_expr(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        self.expect(TokenKind::Yield)?;
        if self.eat(TokenKind::From) {
            let value = self.expression()?;
            return Ok(self.expr(ExprKind::YieldFrom(YieldFrom { value }), self.span(start)));
        }
        let value = if self.starts_expression() || self.kind == TokenKind::Star {
            Some(self.star_expressions()?)
        } else {
            None
        };
        Ok(self.expr(ExprKind::Yield(Yield { value }), self.span(start)))
    }

    #[inline]
    pub(super) fn star_expression(&mut self) -> Parsed<&'a Expr<'a>> {
        if self.kind == TokenKind::Star { self.starred() } else { self.expression() }
    }

    /// `star_named_expression`
    #[inline]
    pub(super) fn star_named_expression(&mut self) -> Parsed<&'a Expr<'a>> {
        if self.kind == TokenKind::Star { self.starred() } else { self.named_expression() }
    }

    /// `*` and operators.
    fn starred(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        self.next();
        let value = self.bitwise_or()?;
        Ok(self.expr(ExprKind::Starred(Starred { value, ctx: ExprContext::Load }), self.span(start)))
    }

    #[inline]
    pub(super) fn named_expression(&mut self) -> Parsed<&'a Expr<'a>> {
        if self.kind == TokenKind::Name && self.ahead(1) == TokenKind::ColonEqual {
            return self.assignment_expression();
        }
        let value = self.expression()?;
        if self.kind == TokenKind::ColonEqual { Err(Failed) } else { Ok(value) }
    }

    #[cold]
    fn assignment_expression(&mut self) -> Parsed<&'a Expr<'a>> {
        self.require(8)?;
        let start = self.mark();
        let range = self.token_span(&self.peek());
        let id = self.identifier()?;
        let target = self.name(id, ExprContext::Store, range);
        self.next();
        let value = self.expression()?;
        Ok(self.expr(ExprKind::NamedExpr(NamedExpr { target, value }), self.span(start)))
    }

    /// `expression`
    #[inline]
    pub(super) fn expression(&mut self) -> Parsed<&'a Expr<'a>> {
        if self.kind == TokenKind::Lambda {
            return self.nested(Self::lambda);
        }
        let start = self.mark();
        let value = self.disjunction()?;
        if self.kind == TokenKind::If { self.conditional(start, value) } else { Ok(value) }
    }

    /// After `body` at an `if`: a chain of conditionals is read in a loop and built from its end.
    fn conditional(&mut self, start: Mark, body: &'a Expr<'a>) -> Parsed<&'a Expr<'a>> {
        let mut parts = vec![];
        let (mut start, mut body) = (start, body);
        let mut last = loop {
            self.next();
            let test = self.disjunction()?;
            self.expect(TokenKind::Else)?;
            parts.push((start, body, test));
            start = self.mark();
            if self.kind == TokenKind::Lambda {
                break self.nested(Self::lambda)?;
            }
            body = self.disjunction()?;
            if self.kind != TokenKind::If {
                break body;
            }
            if parts.len() > 2 * super::MAX_DEPTH as usize {
                return Err(Failed);
            }
        };
        for (start, body, test) in parts.into_iter().rev() {
            last = self.expr(ExprKind::IfExp(IfExp { test, body, orelse: last }), self.span(start));
        }
        Ok(last)
    }

    fn lambda(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        self.next();
        let args = self.lambda_parameters()?;
        self.expect(TokenKind::Colon)?;
        let body = self.expression()?;
        Ok(self.expr(ExprKind::Lambda(Lambda { args, body }), self.span(start)))
    }

    /// `disjunction`: everything from `or` down.
    #[inline]
    pub(super) fn disjunction(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        let first = self.conjunction()?;
        if self.kind == TokenKind::Or {
            return self.bool_chain(start, first, TokenKind::Or, BoolOperator::Or, Self::conjunction);
        }
        Ok(first)
    }

    #[inline]
    fn conjunction(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        let first = self.inversion()?;
        if self.kind == TokenKind::And {
            return self.bool_chain(start, first, TokenKind::And, BoolOperator::And, Self::inversion);
        }
        Ok(first)
    }

    fn bool_chain(
        &mut self,
        start: Mark,
        first: &'a Expr<'a>,
        word: TokenKind,
        op: BoolOperator,
        operand: fn(&mut Self) -> Parsed<&'a Expr<'a>>,
    ) -> Parsed<&'a Expr<'a>> {
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(word) {
            let value = operand(self)?;
            self.exprs.push(value);
        }
        let values = self.take_exprs(base);
        Ok(self.expr(ExprKind::BoolOp(BoolOp { op, values }), self.span(start)))
    }

    #[inline]
    fn inversion(&mut self) -> Parsed<&'a Expr<'a>> {
        if self.kind == TokenKind::Not { self.negation() } else { self.comparison() }
    }

    fn negation(&mut self) -> Parsed<&'a Expr<'a>> {
        let first = self.pos;
        while self.eat(TokenKind::Not) {}
        let end = self.pos;
        if end - first > 2 * super::MAX_DEPTH as usize {
            return Err(Failed);
        }
        let mut operand = self.comparison()?;
        for index in (first..end).rev() {
            let token = self.tokens[index];
            let start = Mark { lineno: token.lineno, col: token.col };
            operand = self.expr(ExprKind::UnaryOp(UnaryOp { op: UnaryOperator::Not, operand }), self.span(start));
        }
        Ok(operand)
    }

    #[inline]
    fn comparison(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        let left = self.bitwise_or()?;
        match self.kind {
            TokenKind::EqEqual
            | TokenKind::NotEqual
            | TokenKind::Less
            | TokenKind::LessEqual
            | TokenKind::Greater
            | TokenKind::GreaterEqual
            | TokenKind::In
            | TokenKind::Is => self.compare_chain(start, left),
            TokenKind::Not if self.ahead(1) == TokenKind::In => self.compare_chain(start, left),
            _ => Ok(left),
        }
    }

    fn compare_chain(&mut self, start: Mark, left: &'a Expr<'a>) -> Parsed<&'a Expr<'a>> {
        let base = self.exprs.len();
        let first = self.compare_operator()?.ok_or(Failed)?;
        let right = self.bitwise_or()?;
        self.exprs.push(right);
        let mut more = Vec::new();
        while let Some(op) = self.compare_operator()? {
            let right = self.bitwise_or()?;
            self.exprs.push(right);
            if more.is_empty() {
                more.push(first);
            }
            more.push(op);
        }
        let ops = if more.is_empty() { self.arena.slice(&[first]) } else { self.arena.slice(&more) };
        let comparators = self.take_exprs(base);
        Ok(self.expr(ExprKind::Compare(Compare { left, ops, comparators }), self.span(start)))
    }

    fn compare_operator(&mut self) -> Parsed<Option<CmpOp>> {
        let op = match self.kind {
            TokenKind::EqEqual => CmpOp::Eq,
            TokenKind::NotEqual => {
                // `<>` under PEP 401, and only there.
                if (self.current_text() == "<>") != self.barry_as_flufl {
                    return Err(Failed);
                }
                CmpOp::NotEq
            }
            TokenKind::Less => CmpOp::Lt,
            TokenKind::LessEqual => CmpOp::LtE,
            TokenKind::Greater => CmpOp::Gt,
            TokenKind::GreaterEqual => CmpOp::GtE,
            TokenKind::In => CmpOp::In,
            TokenKind::Is => {
                self.next();
                return Ok(Some(if self.eat(TokenKind::Not) { CmpOp::IsNot } else { CmpOp::Is }));
            }
            TokenKind::Not if self.ahead(1) == TokenKind::In => {
                self.next();
                CmpOp::NotIn
            }
            _ => return Ok(None),
        };
        self.next();
        Ok(Some(op))
    }

    #[inline]
    pub(super) fn bitwise_or(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        let left = self.unary()?;
        if PRECEDENCE[self.kind as usize] == 0 {
            return Ok(left);
        }
        self.binary_rest(start, left, 1)
    }

    /// Operators that bind at least as tightly as `minimum`, after `left`.
    fn binary_rest(&mut self, start: Mark, mut left: &'a Expr<'a>, minimum: u8) -> Parsed<&'a Expr<'a>> {
        loop {
            let precedence = PRECEDENCE[self.kind as usize];
            if precedence < minimum || precedence == 0 {
                return Ok(left);
            }
            let op = operator(self.kind);
            if op == Operator::MatMult {
                self.require(5)?;
            }
            self.next();
            let right_start = self.mark();
            let mut right = self.unary()?;
            if PRECEDENCE[self.kind as usize] > precedence {
                right = self.binary_rest(right_start, right, precedence + 1)?;
            }
            left = self.expr(ExprKind::BinOp(BinOp { left, op, right }), self.span(start));
        }
    }

    /// `factor`
    #[inline]
    fn unary(&mut self) -> Parsed<&'a Expr<'a>> {
        match self.kind {
            TokenKind::Minus | TokenKind::Plus | TokenKind::Tilde => self.unary_chain(),
            _ => self.power(),
        }
    }

    fn unary_chain(&mut self) -> Parsed<&'a Expr<'a>> {
        let first = self.pos;
        while matches!(self.kind, TokenKind::Minus | TokenKind::Plus | TokenKind::Tilde) {
            self.next();
        }
        let end = self.pos;
        if end - first > 2 * super::MAX_DEPTH as usize {
            return Err(Failed);
        }
        let mut operand = self.power()?;
        for index in (first..end).rev() {
            let token = self.tokens[index];
            let op = match token.kind {
                TokenKind::Minus => UnaryOperator::USub,
                TokenKind::Plus => UnaryOperator::UAdd,
                _ => UnaryOperator::Invert,
            };
            let start = Mark { lineno: token.lineno, col: token.col };
            operand = self.expr(ExprKind::UnaryOp(UnaryOp { op, operand }), self.span(start));
        }
        Ok(operand)
    }

    #[inline]
    fn power(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        let left = if self.kind == TokenKind::Await { self.await_expression()? } else { self.primary()? };
        if self.kind != TokenKind::DoubleStar {
            return Ok(left);
        }
        self.next();
        let right = self.nested(Self::unary)?;
        Ok(self.expr(ExprKind::BinOp(BinOp { left, op: Operator::Pow, right }), self.span(start)))
    }

    fn await_expression(&mut self) -> Parsed<&'a Expr<'a>> {
        self.require(5)?;
        let start = self.mark();
        self.next();
        let value = self.primary()?;
        Ok(self.expr(ExprKind::Await(Await { value }), self.span(start)))
    }
}
