//! Import statements.

use super::{Failed, Parsed, Parser};
use crate::ast::*;
use crate::lexer::TokenKind;

impl<'a> Parser<'a, '_> {
    pub(super) fn import_name(&mut self) -> Parsed<StmtKind<'a>> {
        self.next();
        let mut names = Vec::new();
        loop {
            let start = self.mark();
            let name = self.dotted_name()?;
            let asname = if self.eat(TokenKind::As) { Some(self.identifier()?) } else { None };
            names.push(Alias { name, asname, range: self.span(start) });
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        Ok(StmtKind::Import(Import { names: self.arena.slice(&names) }))
    }

    fn dotted_name(&mut self) -> Parsed<&'a str> {
        let first = self.pos;
        let head = self.identifier()?;
        if self.kind != TokenKind::Dot {
            return Ok(head);
        }
        while self.eat(TokenKind::Dot) {
            self.identifier()?;
        }
        let (start, end) = (self.tokens[first].start as usize, self.tokens[self.pos - 1].end as usize);
        let text = self.text.get(start..end).unwrap_or_default();
        if text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.')) {
            return Ok(text);
        }
        // Blanks between the parts, or a name to normalise.
        let parts = self.tokens[first..self.pos].iter().filter(|token| token.kind == TokenKind::Name);
        let parts: Vec<_> = parts.map(|token| self.normalized(self.token_text(token))).collect();
        Ok(self.arena.str(&parts.join(".")))
    }

    pub(super) fn import_from(&mut self) -> Parsed<StmtKind<'a>> {
        self.next();
        let mut level = 0;
        loop {
            match self.kind {
                TokenKind::Dot => level += 1,
                TokenKind::Ellipsis => level += 3,
                _ => break,
            }
            self.next();
        }
        let module = if self.kind == TokenKind::Import && level > 0 { None } else { Some(self.dotted_name()?) };
        self.expect(TokenKind::Import)?;
        let mut names = Vec::new();
        match self.kind {
            TokenKind::Star => {
                let start = self.mark();
                self.next();
                names.push(Alias { name: "*", asname: None, range: self.span(start) });
            }
            TokenKind::LPar => {
                self.next();
                loop {
                    self.import_from_as_name(&mut names)?;
                    if !self.eat(TokenKind::Comma) || self.kind == TokenKind::RPar {
                        break;
                    }
                }
                self.expect(TokenKind::RPar)?;
            }
            _ => loop {
                self.import_from_as_name(&mut names)?;
                if !self.eat(TokenKind::Comma) {
                    break;
                }
            },
        }
        if level == 0 && module == Some("__future__") && names.iter().any(|alias| alias.name == "barry_as_FLUFL") {
            self.barry_as_flufl = true;
        }
        let names = self.arena.slice(&names);
        Ok(StmtKind::ImportFrom(ImportFrom { module, names, level: Some(level) }))
    }

    fn import_from_as_name(&mut self, names: &mut Vec<Alias<'a>>) -> Parsed<()> {
        if self.kind != TokenKind::Name {
            return Err(Failed);
        }
        let start = self.mark();
        let name = self.identifier()?;
        let asname = if self.eat(TokenKind::As) { Some(self.identifier()?) } else { None };
        names.push(Alias { name, asname, range: self.span(start) });
        Ok(())
    }
}
