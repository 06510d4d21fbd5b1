//! String literals of all kinds, and how neighbours are joined.

use super::{Failed, Mark, Parsed, Parser};
use crate::Wtf8;
use crate::ast::*;
use crate::error::Warning;
use crate::escape::{self, DoubtfulEscape};
use crate::lexer::{Token, TokenKind};

/// A plain literal taken apart.
pub(crate) struct Literal<'s> {
    pub bytes: bool,
    pub raw: bool,
    pub unicode: bool,
    pub body: &'s str,
    /// Where the body starts in the literal.
    pub body_start: usize,
}

/// Takes a plain string literal apart.
pub(crate) fn literal_body(text: &str) -> Literal<'_> {
    let quote = text.find(['"', '\'']).unwrap_or(0);
    let (mut bytes, mut raw, mut unicode) = (false, false, false);
    for c in text.as_bytes()[..quote].iter() {
        match c | 0x20 {
            b'b' => bytes = true,
            b'r' => raw = true,
            _ => unicode = true,
        }
    }
    // The reference only counts a small `u`.
    unicode &= text.starts_with('u');
    let q = text.as_bytes().get(quote).copied().unwrap_or(0);
    let rest = &text.as_bytes()[quote..];
    let size = if rest.len() >= 6 && rest[1] == q && rest[2] == q { 3 } else { 1 };
    let body = text.get(quote + size..text.len().saturating_sub(size)).unwrap_or_default();
    Literal { bytes, raw, unicode, body, body_start: quote + size }
}

impl<'a> Parser<'a, '_> {
    /// One literal or several in a row.
    pub(super) fn strings(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        if self.kind == TokenKind::String {
            let first = self.plain_string()?;
            if !self.at_string() {
                return Ok(first);
            }
            return self.joined_strings(start, first);
        }
        if self.kind == TokenKind::TStringStart {
            return self.joined_templates(start);
        }
        let first = self.formatted_string()?;
        self.joined_strings(start, first)
    }

    fn at_string(&self) -> bool {
        matches!(self.kind, TokenKind::String | TokenKind::FStringStart | TokenKind::TStringStart)
    }

    fn joined_strings(&mut self, start: Mark, first: &'a Expr<'a>) -> Parsed<&'a Expr<'a>> {
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.at_string() {
            let part = match self.kind {
                TokenKind::String => self.plain_string()?,
                TokenKind::FStringStart => self.formatted_string()?,
                _ => return Err(Failed),
            };
            self.exprs.push(part);
        }
        let parts = self.take_exprs(base);
        let range = self.span(start);
        self.concatenate(parts, range)
    }

    fn joined_templates(&mut self, start: Mark) -> Parsed<&'a Expr<'a>> {
        self.require(14)?;
        let base = self.exprs.len();
        while self.at_string() {
            if self.kind != TokenKind::TStringStart {
                return Err(Failed);
            }
            let part = self.formatted_string()?;
            if let ExprKind::TemplateStr(node) = part.kind {
                self.exprs.extend_from_slice(node.values);
            }
        }
        let values = self.take_exprs(base);
        let values = self.fold_constants(values, true)?;
        Ok(self.expr(ExprKind::TemplateStr(TemplateStr { values }), self.span(start)))
    }

    /// Literals in a row as one.
    fn concatenate(&mut self, parts: &'a [&'a Expr<'a>], range: Span) -> Parsed<&'a Expr<'a>> {
        let is_bytes =
            |part: &&Expr<'_>| matches!(part.kind, ExprKind::Constant(Constant { value: ConstantValue::Bytes(_), .. }));
        let bytes = parts.iter().filter(|part| is_bytes(part)).count();
        if bytes == parts.len() {
            let mut all = Vec::new();
            for part in parts {
                if let ExprKind::Constant(Constant { value: ConstantValue::Bytes(value), .. }) = part.kind {
                    all.extend_from_slice(value);
                }
            }
            let value = ConstantValue::Bytes(self.arena.slice(&all));
            return Ok(self.expr(ExprKind::Constant(Constant { value, kind: None }), range));
        }
        if bytes != 0 {
            return Err(Failed);
        }
        let formatted = parts.iter().any(|part| !matches!(part.kind, ExprKind::Constant(_)));
        if !formatted && let [part] = parts {
            return Ok(part);
        }
        let base = self.exprs.len();
        for part in parts {
            match part.kind {
                ExprKind::JoinedStr(node) => self.exprs.extend_from_slice(node.values),
                _ => self.exprs.push(part),
            }
        }
        let values = self.take_exprs(base);
        let values = self.fold_constants(values, formatted)?;
        if !formatted && let [value] = values {
            return Ok(value);
        }
        Ok(self.expr(ExprKind::JoinedStr(JoinedStr { values }), range))
    }

    /// Joins neighbouring string constants; empty ones are dropped when `drop_empty`.
    fn fold_constants(&mut self, values: &'a [&'a Expr<'a>], drop_empty: bool) -> Parsed<&'a [&'a Expr<'a>]> {
        let base = self.exprs.len();
        let mut rest = values;
        while let Some((&first, tail)) = rest.split_first() {
            rest = tail;
            let ExprKind::Constant(constant) = first.kind else {
                self.exprs.push(first);
                continue;
            };
            let run = tail.iter().take_while(|value| matches!(value.kind, ExprKind::Constant(_))).count();
            let mut value = constant.value;
            let mut node = first;
            if run > 0 {
                self.scratch.clear();
                let all = &values[values.len() - tail.len() - 1..][..run + 1];
                for part in all {
                    if let ExprKind::Constant(Constant { value: ConstantValue::Str(text), .. }) = part.kind {
                        self.scratch.extend_from_slice(text.as_bytes());
                    }
                }
                value = ConstantValue::Str(self.scratch_str());
                let range = first.range.to(tail[run - 1].range);
                node = self.expr(ExprKind::Constant(Constant { value, kind: constant.kind }), range);
                rest = &tail[run..];
            }
            if drop_empty && matches!(value, ConstantValue::Str(text) if text.is_empty()) {
                continue;
            }
            self.exprs.push(node);
        }
        Ok(self.take_exprs(base))
    }

    /// What was collected in `scratch`, in the arena.
    fn scratch_str(&self) -> &'a Wtf8 {
        // SAFETY: only whole UTF-8 strings and encoded code points are ever appended.
        unsafe { Wtf8::from_bytes_unchecked(self.arena.slice(&self.scratch)) }
    }

    fn plain_string(&mut self) -> Parsed<&'a Expr<'a>> {
        let token = self.peek();
        let literal = literal_body(self.token_text(&token));
        let range = self.token_span(&token);
        self.next();
        let escapes = !literal.raw && literal.body.contains('\\');
        let value = if literal.bytes {
            if !literal.body.is_ascii() {
                return Err(Failed);
            }
            if escapes {
                self.scratch.clear();
                let mut doubtful = None;
                escape::decode_bytes(literal.body.as_bytes(), &mut self.scratch, &mut doubtful).map_err(|_| Failed)?;
                self.warn(doubtful, literal.body, token.lineno, token.col, token.start as usize + literal.body_start);
                ConstantValue::Bytes(self.arena.slice(&self.scratch))
            } else {
                ConstantValue::Bytes(literal.body.as_bytes())
            }
        } else if escapes {
            let at = token.start as usize + literal.body_start;
            ConstantValue::Str(self.decoded(literal.body, token.lineno, token.col, at, false)?)
        } else {
            ConstantValue::Str(Wtf8::new(literal.body))
        };
        let kind = literal.unicode.then_some(Text("u"));
        Ok(self.expr(ExprKind::Constant(Constant { value, kind }), range))
    }

    /// Decodes escapes; `lineno` is where the body is said to begin.
    fn decoded(&mut self, body: &'a str, lineno: u32, col: u32, position: usize, formatted: bool) -> Parsed<&'a Wtf8> {
        self.scratch.clear();
        let mut doubtful = None;
        escape::decode_str(body, &mut self.scratch, &mut doubtful).map_err(|_| Failed)?;
        let doubtful = doubtful.filter(|doubtful| !(formatted && doubtful.brace));
        self.warn(doubtful, body, lineno, col, position);
        Ok(self.scratch_str())
    }

    fn warn(&mut self, doubtful: Option<DoubtfulEscape>, body: &str, lineno: u32, col: u32, position: usize) {
        if let Some(DoubtfulEscape { offset, msg, .. }) = doubtful {
            let lines = memchr::memchr_iter(b'\n', &body.as_bytes()[..offset]).count() as u32;
            let position = (position + offset) as u32;
            self.warnings.push(Warning { msg, lineno: lineno + lines, col, position });
        }
    }

    /// One f-string or t-string.
    fn formatted_string(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        let opening = self.current_text();
        let raw = opening.bytes().any(|c| c | 0x20 == b'r');
        let template = self.kind == TokenKind::TStringStart;
        self.next();
        let base = self.exprs.len();
        // Literal parts are decoded only when the end is known: the reference reports doubtful escapes there.
        let mut parts = Vec::new();
        loop {
            match self.kind {
                TokenKind::FStringMiddle | TokenKind::TStringMiddle => {
                    parts.push((self.exprs.len(), self.peek()));
                    self.next();
                }
                TokenKind::LBrace => self.replacement_field(raw, template)?,
                TokenKind::FStringEnd | TokenKind::TStringEnd => break,
                _ => return Err(Failed),
            }
        }
        let end = self.peek();
        self.next();
        let fields: Vec<_> = self.exprs.drain(base..).collect();
        let mut fields = fields.into_iter().enumerate().peekable();
        for (index, token) in parts {
            while let Some((_, field)) = fields.next_if(|(at, _)| at + base < index) {
                self.exprs.push(field);
            }
            if let Some(part) = self.literal_part(token, raw, end.lineno)? {
                self.exprs.push(part);
            }
        }
        self.exprs.extend(fields.map(|(_, field)| field));
        let values = self.take_exprs(base);
        let kind = if template {
            ExprKind::TemplateStr(TemplateStr { values })
        } else {
            ExprKind::JoinedStr(JoinedStr { values })
        };
        Ok(self.expr(kind, self.span(start)))
    }

    /// Literal text of an f-string; nothing when empty.
    fn literal_part(&mut self, token: Token, raw: bool, lineno: u32) -> Parsed<Option<&'a Expr<'a>>> {
        let body = self.token_text(&token);
        let body = &body[..body.len() - usize::from(token.doubled)];
        let text = if raw || !body.contains('\\') {
            Wtf8::new(body)
        } else {
            self.decoded(body, lineno, token.col, token.start as usize, true)?
        };
        if text.is_empty() {
            return Ok(None);
        }
        let constant = Constant { value: ConstantValue::Str(text), kind: None };
        Ok(Some(self.expr(ExprKind::Constant(constant), self.token_span(&token))))
    }

    /// `{value=!r:spec}`; pushes one expression, or two with `=`.
    fn replacement_field(&mut self, raw: bool, template: bool) -> Parsed<()> {
        let start = self.mark();
        let text_start = self.peek().end as usize;
        self.next();
        let value = self.annotated_rhs()?;
        let equal = self.peek().start as usize;
        let debug = self.eat(TokenKind::Equal);
        // The source text goes up to what follows the expression.
        let after = self.peek();
        let source = self.text.get(text_start..after.start as usize).unwrap_or_default();
        let mut debug_end = None;
        let mut conversion = -1;
        if self.eat(TokenKind::Exclamation) {
            let token = self.peek();
            if token.kind != TokenKind::Name || token.start != after.end {
                return Err(Failed);
            }
            conversion = match self.token_text(&token) {
                "s" => 's' as i32,
                "r" => 'r' as i32,
                "a" => 'a' as i32,
                _ => return Err(Failed),
            };
            self.next();
            debug_end = Some((token.lineno, token.col));
        } else if debug && self.kind == TokenKind::RBrace {
            conversion = 'r' as i32;
        }
        let mut format_spec = None;
        if self.kind == TokenKind::Colon {
            let colon = self.peek();
            debug_end = debug_end.or(Some((colon.lineno, colon.col + 1)));
            format_spec = Some(self.format_spec(raw, template)?);
        }
        self.expect(TokenKind::RBrace)?;
        let range = self.span(start);
        let kind = if template {
            let expression = if debug { self.text.get(text_start..equal).unwrap_or_default() } else { source };
            let text = without_comments(expression, self);
            let str = self.arena.alloc(ConstantValue::Str(Wtf8::new(text)));
            ExprKind::Interpolation(Interpolation { value, str, conversion, format_spec })
        } else {
            ExprKind::FormattedValue(FormattedValue { value, conversion, format_spec })
        };
        if debug {
            let (end_lineno, end_col) = debug_end.unwrap_or((range.end_lineno, range.end_col_offset));
            let text = without_comments(source, self);
            let constant = Constant { value: ConstantValue::Str(Wtf8::new(text)), kind: None };
            let place = Span {
                lineno: start.lineno,
                col_offset: start.col + 1,
                end_lineno,
                end_col_offset: end_col.wrapping_sub(1),
            };
            let constant = self.expr(ExprKind::Constant(constant), place);
            self.exprs.push(constant);
        }
        let field = self.expr(kind, range);
        self.exprs.push(field);
        Ok(())
    }

    /// At the colon.
    fn format_spec(&mut self, raw: bool, template: bool) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        self.next();
        let base = self.exprs.len();
        loop {
            match self.kind {
                TokenKind::FStringMiddle | TokenKind::TStringMiddle => {
                    let token = self.peek();
                    self.next();
                    if let Some(part) = self.literal_part(token, raw, token.lineno)? {
                        self.exprs.push(part);
                    }
                }
                TokenKind::LBrace => {
                    // Fields in the spec of a template are ordinary ones.
                    self.replacement_field(raw, false)?;
                }
                _ => break,
            }
        }
        let _ = template;
        let values = self.take_exprs(base);
        let range = self.span(start);
        let values = match values {
            [] => values,
            [one] if matches!(one.kind, ExprKind::Constant(_)) => values,
            _ => self.fold_constants(values, true)?,
        };
        Ok(self.expr(ExprKind::JoinedStr(JoinedStr { values }), range))
    }
}

/// The source of an expression without its comments.
fn without_comments<'a>(source: &'a str, parser: &Parser<'a, '_>) -> &'a str {
    if !source.contains('#') {
        return source;
    }
    let mut quote = None;
    let mut kept = String::with_capacity(source.len());
    let mut comment = false;
    let mut escaped = false;
    for c in source.chars() {
        if comment {
            if c == '\n' {
                comment = false;
                kept.push(c);
            }
            continue;
        }
        if escaped {
            escaped = false;
            kept.push(c);
            continue;
        }
        match (c, quote) {
            ('\\', _) => escaped = true,
            ('"' | '\'', None) => quote = Some(c),
            (_, Some(open)) if open == c => quote = None,
            ('#', None) => {
                comment = true;
                continue;
            }
            _ => {}
        }
        kept.push(c);
    }
    parser.arena.str(&kept)
}
