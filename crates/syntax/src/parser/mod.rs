//! Tokens to tree: a recursive-descent parser for correct programs.
//!
//! It only says *that* a program is wrong. Which error the reference reports depends on the order in which its grammar's
//! alternatives are tried, so that is worked out by [`crate::diagnose`], which follows that grammar; it runs when
//! this parser gives up.
//!
//! Recursion is bounded: brackets nest at most 200 deep and blocks 100 (the lexer sees to it), and what can nest without
//! either is counted in `depth` or is a loop.

mod atom;
mod call;
mod compound;
mod expr;
mod import;
mod params;
mod pattern;
mod simple;
mod strings;
mod target;

use crate::ast::{self, Expr, ExprContext, ExprKind, Mod, Span, Stmt, Text};
use crate::error::Warning;
use crate::lexer::{Token, TokenKind};
use crate::{Arena, Mode, ParseOptions, unicode};

pub(crate) use strings::literal_body;

/// The program is wrong, or beyond what this parser takes on; the diagnosis will tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failed;

pub(crate) type Parsed<T> = Result<T, Failed>;

/// Nesting that is bounded by nothing else: more than the reference ever allows.
const MAX_DEPTH: u32 = 3000;

/// Where a node begins: line and column.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    lineno: u32,
    col: u32,
}

pub(crate) struct Parser<'a, 't> {
    arena: &'a Arena,
    text: &'a str,
    tokens: &'t [Token],
    pos: usize,
    kind: TokenKind,
    options: &'t ParseOptions,
    pub barry_as_flufl: bool,
    /// Line and column of the last statement with a block.
    pub last_statement: (u32, u32),
    depth: u32,
    /// The token that the last top-level statement begins with, and the one that the statement before it does: what
    /// follows a statement can make the reference complain of the statement itself.
    statement_start: usize,
    pub previous_start: usize,
    /// Expressions of the sequences being read, innermost last.
    exprs: Vec<&'a Expr<'a>>,
    /// Statements of the blocks being read, innermost last.
    stmts: Vec<Stmt<'a>>,
    /// Doubtful escapes.
    pub warnings: Vec<Warning>,
    scratch: Vec<u8>,
}

impl<'a, 't> Parser<'a, 't> {
    pub fn new(arena: &'a Arena, text: &'a str, tokens: &'t [Token], options: &'t ParseOptions) -> Self {
        Parser {
            arena,
            text,
            tokens,
            pos: 0,
            kind: tokens.first().map_or(TokenKind::EndMarker, |token| token.kind),
            options,
            barry_as_flufl: options.barry_as_flufl,
            last_statement: (0, 0),
            depth: 0,
            statement_start: 0,
            previous_start: 0,
            exprs: Vec::new(),
            stmts: Vec::new(),
            warnings: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Parses everything.
    pub fn parse(&mut self, type_ignores: &[Token]) -> Parsed<Mod<'a>> {
        match self.options.mode {
            Mode::Exec => {
                while self.kind != TokenKind::EndMarker {
                    self.previous_start = self.statement_start;
                    self.statement_start = self.pos;
                    self.statement()?;
                }
                let body = self.take_stmts(0);
                let type_ignores: Vec<_> = type_ignores
                    .iter()
                    .map(|token| {
                        let tag = Text(self.token_text(token));
                        let node = ast::TypeIgnoreComment { lineno: token.lineno as i32, tag };
                        ast::TypeIgnore::TypeIgnore(node)
                    })
                    .collect();
                let type_ignores = self.arena.slice(&type_ignores);
                Ok(Mod::Module(ast::Module { body, type_ignores }))
            }
            Mode::Single => {
                match self.kind {
                    TokenKind::Newline => {
                        let start = self.mark();
                        self.next();
                        let kind = ast::StmtKind::Pass;
                        // Nothing but the line end was read: the range is that of no token.
                        self.stmts.push(Stmt { kind, range: self.span(start) });
                    }
                    TokenKind::EndMarker => return Err(Failed),
                    _ => {
                        if self.compound_statement()? {
                            self.expect(TokenKind::Newline)?;
                        } else {
                            self.simple_statements()?;
                        }
                    }
                }
                Ok(Mod::Interactive(ast::Interactive { body: self.take_stmts(0) }))
            }
            Mode::Eval => {
                let body = self.expressions()?;
                self.end_of_expression()?;
                Ok(Mod::Expression(ast::Expression { body }))
            }
            Mode::FuncType => {
                self.expect(TokenKind::LPar)?;
                let argtypes = self.type_expressions()?;
                self.expect(TokenKind::RPar)?;
                self.expect(TokenKind::RArrow)?;
                let returns = self.expression()?;
                self.end_of_expression()?;
                Ok(Mod::FunctionType(ast::FunctionType { argtypes, returns }))
            }
        }
    }

    fn end_of_expression(&mut self) -> Parsed<()> {
        while self.eat(TokenKind::Newline) {}
        self.expect(TokenKind::EndMarker)
    }

    fn type_expressions(&mut self) -> Parsed<&'a [&'a Expr<'a>]> {
        let base = self.exprs.len();
        if self.kind != TokenKind::RPar {
            let mut stars = 0;
            loop {
                let marks = match self.kind {
                    TokenKind::Star => 1,
                    TokenKind::DoubleStar => 2,
                    _ => 0,
                };
                if marks < stars || marks != 0 && marks == stars {
                    return Err(Failed);
                }
                stars = marks;
                if marks != 0 {
                    self.next();
                }
                let item = self.expression()?;
                self.exprs.push(item);
                if !self.eat(TokenKind::Comma) {
                    break;
                }
            }
        }
        Ok(self.take_exprs(base))
    }

    /// The number of tokens read.
    pub fn consumed(&self) -> usize {
        self.pos
    }

    // Tokens.

    #[inline(always)]
    fn peek(&self) -> Token {
        self.tokens[self.pos]
    }

    /// The kind of the token `n` after the current one.
    #[inline]
    fn ahead(&self, n: usize) -> TokenKind {
        self.tokens.get(self.pos + n).map_or(TokenKind::EndMarker, |token| token.kind)
    }

    /// Goes on to the next token. The end marker is never passed.
    #[inline(always)]
    fn next(&mut self) {
        if let Some(token) = self.tokens.get(self.pos + 1) {
            self.pos += 1;
            self.kind = token.kind;
        }
    }

    /// Goes back to the token with this index.
    #[cold]
    fn rewind(&mut self, pos: usize) {
        self.pos = pos;
        self.kind = self.tokens[pos].kind;
    }

    #[inline(always)]
    fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.kind == kind;
        if found {
            self.next();
        }
        found
    }

    #[inline(always)]
    fn expect(&mut self, kind: TokenKind) -> Parsed<()> {
        if self.kind == kind {
            self.next();
            Ok(())
        } else {
            Err(Failed)
        }
    }

    #[inline]
    fn token_text(&self, token: &Token) -> &'a str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    #[inline]
    fn current_text(&self) -> &'a str {
        self.token_text(&self.peek())
    }

    /// Whether the current token is the soft keyword `word`.
    #[inline]
    fn at_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Name && self.current_text() == word
    }

    /// The current name, in normal form.
    #[inline]
    fn identifier(&mut self) -> Parsed<&'a str> {
        if self.kind != TokenKind::Name {
            return Err(Failed);
        }
        let text = self.current_text();
        self.next();
        if text.is_ascii() { Ok(text) } else { Ok(self.normalized(text)) }
    }

    #[cold]
    fn normalized(&self, name: &'a str) -> &'a str {
        match unicode::normalize(name) {
            Some(normal) => self.arena.str(&normal),
            None => name,
        }
    }

    // Positions.

    #[inline(always)]
    fn mark(&self) -> Mark {
        let token = &self.tokens[self.pos];
        Mark { lineno: token.lineno, col: token.col }
    }

    /// From `start` to the end of the last token read that is not a line end or (de)indentation.
    #[inline]
    fn span(&self, start: Mark) -> Span {
        let mut index = self.pos.wrapping_sub(1);
        let token = loop {
            match self.tokens.get(index) {
                Some(token) if is_layout(token.kind) => index = index.wrapping_sub(1),
                Some(token) => break token,
                None => {
                    // Only layout was read: the reference uses the first token's own place.
                    return Span { lineno: start.lineno, col_offset: start.col, end_lineno: 0, end_col_offset: 0 };
                }
            }
        };
        let (end_lineno, end_col_offset) = self.token_end(token);
        Span { lineno: start.lineno, col_offset: start.col, end_lineno, end_col_offset }
    }

    #[inline]
    fn token_end(&self, token: &Token) -> (u32, u32) {
        token_end(self.text, token)
    }

    #[inline]
    fn token_span(&self, token: &Token) -> Span {
        let (end_lineno, end_col_offset) = self.token_end(token);
        Span { lineno: token.lineno, col_offset: token.col, end_lineno, end_col_offset }
    }

    // Nodes.

    #[inline]
    fn expr(&self, kind: ExprKind<'a>, range: Span) -> &'a Expr<'a> {
        self.arena.alloc(Expr { kind, range })
    }

    /// The expressions pushed since `base`, in the arena.
    #[inline]
    fn take_exprs(&mut self, base: usize) -> &'a [&'a Expr<'a>] {
        let items = self.arena.slice(&self.exprs[base..]);
        self.exprs.truncate(base);
        items
    }

    /// The statements pushed since `base`, in the arena.
    fn take_stmts(&mut self, base: usize) -> &'a [Stmt<'a>] {
        let items = self.arena.slice(&self.stmts[base..]);
        self.stmts.truncate(base);
        items
    }

    fn name(&self, id: &'a str, ctx: ExprContext, range: Span) -> &'a Expr<'a> {
        self.expr(ExprKind::Name(ast::Name { id, ctx }), range)
    }

    /// Refuses what came with version 3.`minor`, if an older one is asked for.
    #[inline]
    fn require(&self, minor: u32) -> Parsed<()> {
        if self.options.feature_version < minor { Err(Failed) } else { Ok(()) }
    }

    /// Counts a nesting that no bracket bounds.
    #[inline]
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(Failed);
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// Tries `parse`; when it fails, goes back to where it began.
    fn attempt<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Option<T> {
        let (pos, depth) = (self.pos, self.depth);
        let (exprs, stmts, warnings) = (self.exprs.len(), self.stmts.len(), self.warnings.len());
        match parse(self) {
            Ok(value) => Some(value),
            Err(Failed) => {
                self.rewind(pos);
                self.depth = depth;
                self.exprs.truncate(exprs);
                self.stmts.truncate(stmts);
                self.warnings.truncate(warnings);
                None
            }
        }
    }
}

/// Tokens that do not count for where a node ends.
pub(crate) fn is_layout(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Newline | TokenKind::Indent | TokenKind::Dedent | TokenKind::EndMarker)
}

/// Line and column after a token.
#[inline]
pub(crate) fn token_end(text: &str, token: &Token) -> (u32, u32) {
    if !token.multiline {
        return (token.lineno, token.col + (token.end - token.start));
    }
    let body = &text.as_bytes()[token.start as usize..token.end as usize];
    let lines = memchr::memchr_iter(b'\n', body).count();
    let last = memchr::memrchr(b'\n', body).map_or(0, |n| n + 1);
    let column = if lines == 0 { token.col as usize + body.len() } else { body.len() - last };
    (token.lineno + lines as u32, column as u32)
}
