//! Statements with blocks.

use super::{Failed, Mark, Parsed, Parser};
use crate::ast::*;
use crate::lexer::TokenKind;

impl<'a> Parser<'a, '_> {
    /// A statement with a block, if there is one here.
    pub(super) fn compound_statement(&mut self) -> Parsed<bool> {
        let start = self.mark();
        let kind = match self.kind {
            TokenKind::Def => self.function_def(&[], false)?,
            TokenKind::If => self.if_statement()?,
            TokenKind::Class => self.class_def(&[])?,
            TokenKind::With => self.with_statement(false)?,
            TokenKind::For => self.for_statement(false)?,
            TokenKind::Try => self.try_statement()?,
            TokenKind::While => self.while_statement()?,
            TokenKind::At => {
                self.decorated()?;
                self.note_compound();
                return Ok(true);
            }
            TokenKind::Async => {
                self.require(5)?;
                self.next();
                match self.kind {
                    TokenKind::Def => self.function_def(&[], true)?,
                    TokenKind::With => self.with_statement(true)?,
                    TokenKind::For => self.for_statement(true)?,
                    _ => return Err(Failed),
                }
            }
            TokenKind::Name if self.at_word("match") => match self.match_statement()? {
                Some(kind) => kind,
                None => return Ok(false),
            },
            _ => return Ok(false),
        };
        self.push(kind, start);
        self.note_compound();
        Ok(true)
    }

    /// Notes the statement just pushed as the last one with a block.
    fn note_compound(&mut self) {
        if let Some(statement) = self.stmts.last()
            && statement.range.lineno >= self.last_statement.0
        {
            self.last_statement = (statement.range.lineno, statement.range.col_offset);
        }
    }

    /// `:` and what follows it.
    fn block_after_colon(&mut self) -> Parsed<&'a [Stmt<'a>]> {
        self.expect(TokenKind::Colon)?;
        self.block()
    }

    fn block(&mut self) -> Parsed<&'a [Stmt<'a>]> {
        let base = self.stmts.len();
        if self.eat(TokenKind::Newline) {
            self.expect(TokenKind::Indent)?;
            loop {
                self.statement()?;
                if self.kind == TokenKind::Dedent {
                    break;
                }
                if self.kind == TokenKind::EndMarker {
                    return Err(Failed);
                }
            }
            self.next();
        } else {
            self.simple_statements()?;
        }
        Ok(self.take_stmts(base))
    }

    fn else_block(&mut self) -> Parsed<&'a [Stmt<'a>]> {
        if self.eat(TokenKind::Else) { self.block_after_colon() } else { Ok(&[]) }
    }

    fn decorated(&mut self) -> Parsed<()> {
        let base = self.exprs.len();
        while self.eat(TokenKind::At) {
            let decorator = self.named_expression()?;
            self.exprs.push(decorator);
            self.expect(TokenKind::Newline)?;
        }
        let decorators = self.take_exprs(base);
        let start = self.mark();
        let kind = match self.kind {
            TokenKind::Def => self.function_def(decorators, false)?,
            TokenKind::Class => self.class_def(decorators)?,
            TokenKind::Async => {
                self.require(5)?;
                self.next();
                self.function_def(decorators, true)?
            }
            _ => return Err(Failed),
        };
        self.push(kind, start);
        Ok(())
    }

    fn function_def(&mut self, decorator_list: &'a [&'a Expr<'a>], is_async: bool) -> Parsed<StmtKind<'a>> {
        self.expect(TokenKind::Def)?;
        let name = self.identifier()?;
        let type_params = self.type_params()?;
        self.expect(TokenKind::LPar)?;
        let args = self.parameters()?;
        self.expect(TokenKind::RPar)?;
        let returns = if self.eat(TokenKind::RArrow) { Some(self.expression()?) } else { None };
        self.expect(TokenKind::Colon)?;
        let type_comment = self.function_type_comment()?;
        let body = self.block()?;
        let node =
            self.arena.alloc(FunctionDef { name, args, body, decorator_list, returns, type_comment, type_params });
        Ok(if is_async { StmtKind::AsyncFunctionDef(node) } else { StmtKind::FunctionDef(node) })
    }

    /// The type comment of a function: on the line of its colon, or alone on the next.
    fn function_type_comment(&mut self) -> Parsed<Option<Text<'a>>> {
        if self.kind == TokenKind::Newline && self.ahead(1) == TokenKind::TypeComment {
            if self.ahead(2) != TokenKind::Newline || self.ahead(3) != TokenKind::Indent {
                return Err(Failed);
            }
            self.next();
            return Ok(self.type_comment());
        }
        let comment = self.type_comment();
        if comment.is_some() && self.kind == TokenKind::Newline && self.ahead(1) == TokenKind::TypeComment {
            return Err(Failed);
        }
        Ok(comment)
    }

    fn class_def(&mut self, decorator_list: &'a [&'a Expr<'a>]) -> Parsed<StmtKind<'a>> {
        self.next();
        let name = self.identifier()?;
        let type_params = self.type_params()?;
        let (mut bases, mut keywords): (&[_], &[_]) = (&[], &[]);
        if self.eat(TokenKind::LPar) {
            (bases, keywords) = self.arguments(None)?;
            self.expect(TokenKind::RPar)?;
        }
        let body = self.block_after_colon()?;
        let node = self.arena.alloc(ClassDef { name, bases, keywords, body, decorator_list, type_params });
        Ok(StmtKind::ClassDef(node))
    }

    /// An `if` with its whole chain, which is read in a loop and built from its end.
    fn if_statement(&mut self) -> Parsed<StmtKind<'a>> {
        let mut parts: Vec<(Mark, &Expr<'_>, &[Stmt<'_>])> = Vec::new();
        loop {
            let start = self.mark();
            self.next();
            let test = self.named_expression()?;
            let body = self.block_after_colon()?;
            parts.push((start, test, body));
            if self.kind != TokenKind::Elif {
                break;
            }
            if parts.len() > 2 * super::MAX_DEPTH as usize {
                return Err(Failed);
            }
        }
        let mut orelse = self.else_block()?;
        while parts.len() > 1
            && let Some((start, test, body)) = parts.pop()
        {
            let kind = StmtKind::If(If { test, body, orelse });
            orelse = self.arena.slice(&[Stmt { kind, range: self.span(start) }]);
        }
        let (_, test, body) = parts.pop().ok_or(Failed)?;
        Ok(StmtKind::If(If { test, body, orelse }))
    }

    fn while_statement(&mut self) -> Parsed<StmtKind<'a>> {
        self.next();
        let test = self.named_expression()?;
        let body = self.block_after_colon()?;
        let orelse = self.else_block()?;
        Ok(StmtKind::While(While { test, body, orelse }))
    }

    fn for_statement(&mut self, is_async: bool) -> Parsed<StmtKind<'a>> {
        self.next();
        let target = self.star_targets()?;
        self.expect(TokenKind::In)?;
        let iter = self.star_expressions()?;
        self.expect(TokenKind::Colon)?;
        let type_comment = self.type_comment();
        let body = self.block()?;
        let orelse = self.else_block()?;
        let node = For { target, iter, body, orelse, type_comment };
        Ok(if is_async { StmtKind::AsyncFor(node) } else { StmtKind::For(node) })
    }

    fn with_statement(&mut self, is_async: bool) -> Parsed<StmtKind<'a>> {
        self.next();
        let start = self.pos;
        let mut parenthesized =
            if self.kind == TokenKind::LPar { self.attempt(Self::parenthesized_items) } else { None };
        if is_async && parenthesized.is_some() && self.ahead(1) == TokenKind::TypeComment {
            // This form takes no type comment; perhaps the parentheses are those of an expression.
            self.rewind(start);
            parenthesized = None;
        }
        let items = match parenthesized {
            Some(items) => items,
            None => {
                let mut items = vec![self.with_item()?];
                while self.eat(TokenKind::Comma) {
                    items.push(self.with_item()?);
                }
                self.arena.slice(&items)
            }
        };
        self.expect(TokenKind::Colon)?;
        let type_comment = self.type_comment();
        let body = self.block()?;
        let node = With { items, body, type_comment };
        Ok(if is_async { StmtKind::AsyncWith(node) } else { StmtKind::With(node) })
    }

    /// `(item, ..)` before the colon.
    fn parenthesized_items(&mut self) -> Parsed<&'a [WithItem<'a>]> {
        self.next();
        let mut items = Vec::new();
        loop {
            items.push(self.with_item()?);
            if !self.eat(TokenKind::Comma) || self.kind == TokenKind::RPar {
                break;
            }
        }
        self.expect(TokenKind::RPar)?;
        if self.kind != TokenKind::Colon {
            return Err(Failed);
        }
        Ok(self.arena.slice(&items))
    }

    fn with_item(&mut self) -> Parsed<WithItem<'a>> {
        let context_expr = self.expression()?;
        let mut optional_vars = None;
        if self.eat(TokenKind::As) {
            optional_vars = Some(self.star_target()?);
            if !matches!(self.kind, TokenKind::Comma | TokenKind::RPar | TokenKind::Colon) {
                return Err(Failed);
            }
        }
        Ok(WithItem { context_expr, optional_vars })
    }

    fn try_statement(&mut self) -> Parsed<StmtKind<'a>> {
        self.next();
        let body = self.block_after_colon()?;
        let mut handlers = Vec::new();
        let star = self.kind == TokenKind::Except && self.ahead(1) == TokenKind::Star;
        if star {
            self.require(11)?;
        }
        while self.kind == TokenKind::Except {
            handlers.push(self.except_block(star)?);
        }
        let orelse = if handlers.is_empty() { &[] } else { self.else_block()? };
        let finalbody = if self.eat(TokenKind::Finally) {
            self.block_after_colon()?
        } else if handlers.is_empty() {
            return Err(Failed);
        } else {
            &[]
        };
        let node = Try { body, handlers: self.arena.slice(&handlers), orelse, finalbody };
        Ok(if star { StmtKind::TryStar(node) } else { StmtKind::Try(node) })
    }

    fn except_block(&mut self, star: bool) -> Parsed<ExceptHandler<'a>> {
        let start = self.mark();
        self.next();
        if self.eat(TokenKind::Star) != star {
            return Err(Failed);
        }
        let (mut r#type, mut name) = (None, None);
        if star || self.kind != TokenKind::Colon {
            let first = self.mark();
            let mut value = self.expression()?;
            if self.eat(TokenKind::As) {
                name = Some(self.identifier()?);
            } else if self.kind == TokenKind::Comma {
                self.require(14)?;
                let base = self.exprs.len();
                self.exprs.push(value);
                while self.eat(TokenKind::Comma) && self.starts_expression() {
                    let item = self.expression()?;
                    self.exprs.push(item);
                }
                let elts = self.take_exprs(base);
                value = self.expr(ExprKind::Tuple(Tuple { elts, ctx: ExprContext::Load }), self.span(first));
            }
            r#type = Some(value);
        }
        let body = self.block_after_colon()?;
        let kind = ExceptHandlerKind::ExceptHandler(Handler { r#type, name, body });
        Ok(ExceptHandler { kind, range: self.span(start) })
    }

    /// A `match` statement; `None` when `match` is only a name here.
    fn match_statement(&mut self) -> Parsed<Option<StmtKind<'a>>> {
        match self.ahead(1) {
            TokenKind::Equal
            | TokenKind::Dot
            | TokenKind::Comma
            | TokenKind::Colon
            | TokenKind::Newline
            | TokenKind::RPar => return Ok(None),
            _ => {}
        }
        let subject = self.attempt(|parser| {
            parser.next();
            let subject = parser.subject()?;
            parser.expect(TokenKind::Colon)?;
            parser.expect(TokenKind::Newline)?;
            Ok(subject)
        });
        // A line that ends in a colon is nothing else: from here on there is no way back.
        let Some(subject) = subject else { return Ok(None) };
        self.require(10)?;
        self.expect(TokenKind::Indent)?;
        let mut cases = Vec::new();
        loop {
            if !self.at_word("case") {
                return Err(Failed);
            }
            self.next();
            let pattern = self.patterns()?;
            let guard = if self.eat(TokenKind::If) { Some(self.named_expression()?) } else { None };
            let body = self.block_after_colon()?;
            cases.push(MatchCase { pattern, guard, body });
            if self.eat(TokenKind::Dedent) {
                break;
            }
        }
        Ok(Some(StmtKind::Match(Match { subject, cases: self.arena.slice(&cases) })))
    }

    fn subject(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        let first = self.star_named_expression()?;
        if self.kind != TokenKind::Comma {
            return if matches!(first.kind, ExprKind::Starred(_)) { Err(Failed) } else { Ok(first) };
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(TokenKind::Comma) && (self.starts_expression() || self.kind == TokenKind::Star) {
            let item = self.star_named_expression()?;
            self.exprs.push(item);
        }
        let elts = self.take_exprs(base);
        Ok(self.expr(ExprKind::Tuple(Tuple { elts, ctx: ExprContext::Load }), self.span(start)))
    }
}
