//! Patterns of `case` clauses.

use super::{Failed, Mark, Parsed, Parser};
use crate::ast::*;
use crate::lexer::TokenKind;

type PatternRef<'a> = &'a Pattern<'a>;

impl<'a> Parser<'a, '_> {
    fn pattern_node(&self, kind: PatternKind<'a>, start: Mark) -> PatternRef<'a> {
        self.arena.alloc(Pattern { kind, range: self.span(start) })
    }

    /// `patterns`: perhaps a sequence without brackets.
    pub(super) fn patterns(&mut self) -> Parsed<PatternRef<'a>> {
        let start = self.mark();
        let star = self.kind == TokenKind::Star;
        let first = self.maybe_star_pattern()?;
        if self.kind != TokenKind::Comma {
            return if star { Err(Failed) } else { Ok(first) };
        }
        let patterns = self.rest_of_sequence(first)?;
        Ok(self.pattern_node(PatternKind::MatchSequence(MatchSequence { patterns }), start))
    }

    /// At the comma after `first`, up to a token that cannot begin a pattern.
    fn rest_of_sequence(&mut self, first: PatternRef<'a>) -> Parsed<&'a [PatternRef<'a>]> {
        let mut patterns = vec![first];
        while self.eat(TokenKind::Comma) {
            if matches!(self.kind, TokenKind::RPar | TokenKind::RSqb | TokenKind::Colon | TokenKind::If) {
                break;
            }
            patterns.push(self.maybe_star_pattern()?);
        }
        Ok(self.arena.slice(&patterns))
    }

    fn maybe_star_pattern(&mut self) -> Parsed<PatternRef<'a>> {
        if self.kind != TokenKind::Star {
            return self.pattern();
        }
        let start = self.mark();
        self.next();
        let name = if self.at_word("_") {
            self.next();
            None
        } else {
            Some(self.capture_target()?)
        };
        Ok(self.pattern_node(PatternKind::MatchStar(MatchStar { name }), start))
    }

    /// A name to bind.
    fn capture_target(&mut self) -> Parsed<&'a str> {
        if self.at_word("_") {
            return Err(Failed);
        }
        let name = self.identifier()?;
        if matches!(self.kind, TokenKind::Dot | TokenKind::LPar | TokenKind::Equal) { Err(Failed) } else { Ok(name) }
    }

    fn pattern(&mut self) -> Parsed<PatternRef<'a>> {
        let start = self.mark();
        let pattern = self.or_pattern()?;
        if !self.eat(TokenKind::As) {
            return Ok(pattern);
        }
        let name = self.capture_target()?;
        Ok(self.pattern_node(PatternKind::MatchAs(MatchAs { pattern: Some(pattern), name: Some(name) }), start))
    }

    fn or_pattern(&mut self) -> Parsed<PatternRef<'a>> {
        let start = self.mark();
        let first = self.closed_pattern()?;
        if self.kind != TokenKind::VBar {
            return Ok(first);
        }
        let mut patterns = vec![first];
        while self.eat(TokenKind::VBar) {
            patterns.push(self.closed_pattern()?);
        }
        let patterns = self.arena.slice(&patterns);
        Ok(self.pattern_node(PatternKind::MatchOr(MatchOr { patterns }), start))
    }

    fn closed_pattern(&mut self) -> Parsed<PatternRef<'a>> {
        let start = self.mark();
        let kind = match self.kind {
            TokenKind::Number
            | TokenKind::Minus
            | TokenKind::String
            | TokenKind::FStringStart
            | TokenKind::TStringStart => {
                let value = self.literal()?;
                PatternKind::MatchValue(MatchValue { value })
            }
            TokenKind::None | TokenKind::True | TokenKind::False => {
                let value = self.singleton();
                self.next();
                PatternKind::MatchSingleton(MatchSingleton { value })
            }
            TokenKind::Name => match self.ahead(1) {
                _ if self.at_word("_") => {
                    self.next();
                    PatternKind::MatchAs(MatchAs { pattern: None, name: None })
                }
                TokenKind::Dot | TokenKind::LPar => {
                    let value = self.name_or_attribute()?;
                    if self.kind == TokenKind::LPar {
                        self.class_pattern(value)?
                    } else if self.kind == TokenKind::Equal {
                        return Err(Failed);
                    } else {
                        PatternKind::MatchValue(MatchValue { value })
                    }
                }
                _ => {
                    let name = self.capture_target()?;
                    PatternKind::MatchAs(MatchAs { pattern: None, name: Some(name) })
                }
            },
            TokenKind::LPar => {
                self.next();
                if self.eat(TokenKind::RPar) {
                    PatternKind::MatchSequence(MatchSequence { patterns: &[] })
                } else {
                    let star = self.kind == TokenKind::Star;
                    let first = self.maybe_star_pattern()?;
                    if self.kind != TokenKind::Comma {
                        if star {
                            return Err(Failed);
                        }
                        self.expect(TokenKind::RPar)?;
                        return Ok(first);
                    }
                    let patterns = self.rest_of_sequence(first)?;
                    self.expect(TokenKind::RPar)?;
                    PatternKind::MatchSequence(MatchSequence { patterns })
                }
            }
            TokenKind::LSqb => {
                self.next();
                let mut patterns: &[PatternRef<'_>] = &[];
                if self.kind != TokenKind::RSqb {
                    let first = self.maybe_star_pattern()?;
                    patterns = self.rest_of_sequence(first)?;
                }
                self.expect(TokenKind::RSqb)?;
                PatternKind::MatchSequence(MatchSequence { patterns })
            }
            TokenKind::LBrace => self.mapping_pattern()?,
            _ => return Err(Failed),
        };
        Ok(self.pattern_node(kind, start))
    }

    fn singleton(&self) -> ConstantValue<'a> {
        match self.kind {
            TokenKind::None => ConstantValue::None,
            TokenKind::True => ConstantValue::True,
            _ => ConstantValue::False,
        }
    }

    /// A number with its sign, a complex number, or strings.
    fn literal(&mut self) -> Parsed<&'a Expr<'a>> {
        if matches!(self.kind, TokenKind::String | TokenKind::FStringStart | TokenKind::TStringStart) {
            return self.strings();
        }
        let start = self.mark();
        let negative = self.eat(TokenKind::Minus);
        let mut left = self.number()?;
        let is_imaginary = |node: &Expr<'_>| {
            matches!(node.kind, ExprKind::Constant(Constant { value: ConstantValue::Complex { .. }, .. }))
        };
        let real = !is_imaginary(left);
        if negative {
            let node = UnaryOp { op: UnaryOperator::USub, operand: left };
            left = self.expr(ExprKind::UnaryOp(node), self.span(start));
        }
        let op = match self.kind {
            TokenKind::Plus => Operator::Add,
            TokenKind::Minus => Operator::Sub,
            _ => return Ok(left),
        };
        self.next();
        let right = self.number()?;
        if !real || !is_imaginary(right) {
            return Err(Failed);
        }
        Ok(self.expr(ExprKind::BinOp(BinOp { left, op, right }), self.span(start)))
    }

    fn name_or_attribute(&mut self) -> Parsed<&'a Expr<'a>> {
        let start = self.mark();
        let id = self.identifier()?;
        let mut value = self.name(id, ExprContext::Load, self.span(start));
        while self.eat(TokenKind::Dot) {
            let attr = self.identifier()?;
            let node = Attribute { value, attr, ctx: ExprContext::Load };
            value = self.expr(ExprKind::Attribute(node), self.span(start));
        }
        Ok(value)
    }

    fn class_pattern(&mut self, cls: &'a Expr<'a>) -> Parsed<PatternKind<'a>> {
        self.next();
        let mut patterns = Vec::new();
        let mut kwd_attrs = Vec::new();
        let mut kwd_patterns = Vec::new();
        while self.kind != TokenKind::RPar {
            if self.kind == TokenKind::Name && self.ahead(1) == TokenKind::Equal {
                kwd_attrs.push(self.identifier()?);
                self.next();
                kwd_patterns.push(self.pattern()?);
            } else if kwd_attrs.is_empty() {
                patterns.push(self.pattern()?);
            } else {
                return Err(Failed);
            }
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        self.expect(TokenKind::RPar)?;
        Ok(PatternKind::MatchClass(MatchClass {
            cls,
            patterns: self.arena.slice(&patterns),
            kwd_attrs: self.arena.slice(&kwd_attrs),
            kwd_patterns: self.arena.slice(&kwd_patterns),
        }))
    }

    fn mapping_pattern(&mut self) -> Parsed<PatternKind<'a>> {
        self.next();
        let base = self.exprs.len();
        let mut patterns = Vec::new();
        let mut rest = None;
        while self.kind != TokenKind::RBrace {
            if self.eat(TokenKind::DoubleStar) {
                rest = Some(self.capture_target()?);
                self.eat(TokenKind::Comma);
                break;
            }
            let key = match self.kind {
                TokenKind::None | TokenKind::True | TokenKind::False => {
                    let value = self.singleton();
                    let range = self.token_span(&self.peek());
                    self.next();
                    self.expr(ExprKind::Constant(Constant { value, kind: None }), range)
                }
                TokenKind::Name => {
                    let key = self.name_or_attribute()?;
                    if matches!(key.kind, ExprKind::Name(_)) {
                        return Err(Failed);
                    }
                    key
                }
                _ => self.literal()?,
            };
            self.expect(TokenKind::Colon)?;
            patterns.push(self.pattern()?);
            self.exprs.push(key);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        self.expect(TokenKind::RBrace)?;
        let keys = self.take_exprs(base);
        Ok(PatternKind::MatchMapping(MatchMapping { keys, patterns: self.arena.slice(&patterns), rest }))
    }
}
