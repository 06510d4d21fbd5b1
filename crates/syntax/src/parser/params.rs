//! Parameters of functions and lambdas, and type parameters.

use super::{Failed, Parsed, Parser};
use crate::ast::*;
use crate::lexer::TokenKind;

impl<'a> Parser<'a, '_> {
    /// Up to the closing parenthesis.
    pub(super) fn parameters(&mut self) -> Parsed<&'a Arguments<'a>> {
        self.parameter_list(TokenKind::RPar, true)
    }

    /// Up to the colon.
    pub(super) fn lambda_parameters(&mut self) -> Parsed<&'a Arguments<'a>> {
        self.parameter_list(TokenKind::Colon, false)
    }

    fn parameter_list(&mut self, end: TokenKind, annotated: bool) -> Parsed<&'a Arguments<'a>> {
        let mut posonlyargs: &[Arg<'_>] = &[];
        let mut args: Vec<Arg<'a>> = Vec::new();
        let mut kwonlyargs = Vec::new();
        let mut kw_defaults = Vec::new();
        let (mut vararg, mut kwarg) = (None, None);
        let (mut starred, mut slashed) = (false, false);
        let base = self.exprs.len();
        while self.kind != end {
            match self.kind {
                TokenKind::Slash => {
                    if slashed || starred || args.is_empty() {
                        return Err(Failed);
                    }
                    self.require(8)?;
                    slashed = true;
                    posonlyargs = self.arena.slice(&args);
                    args.clear();
                    self.next();
                }
                TokenKind::Star => {
                    if starred {
                        return Err(Failed);
                    }
                    starred = true;
                    self.next();
                    if self.kind == TokenKind::Comma {
                        // A bare star must be followed by a keyword-only parameter.
                        if self.ahead(1) != TokenKind::Name {
                            return Err(Failed);
                        }
                    } else {
                        let arg = self.parameter(annotated, true)?;
                        vararg = Some(self.parameter_end(arg, end, annotated)?);
                        continue;
                    }
                }
                TokenKind::DoubleStar => {
                    self.next();
                    let arg = self.parameter(annotated, false)?;
                    kwarg = Some(self.parameter_end(arg, end, annotated)?);
                    if self.kind != end {
                        return Err(Failed);
                    }
                    break;
                }
                _ => {
                    let arg = self.parameter(annotated, false)?;
                    let default = if self.eat(TokenKind::Equal) { Some(self.expression()?) } else { None };
                    let arg = *self.parameter_end(arg, end, annotated)?;
                    if starred {
                        kwonlyargs.push(arg);
                        kw_defaults.push(default);
                    } else {
                        args.push(arg);
                        match default {
                            Some(default) => self.exprs.push(default),
                            None if self.exprs.len() > base => return Err(Failed),
                            None => {}
                        }
                    }
                    continue;
                }
            }
            if !self.eat(TokenKind::Comma) && self.kind != end {
                return Err(Failed);
            }
        }
        let defaults = self.take_exprs(base);
        Ok(self.arena.alloc(Arguments {
            posonlyargs,
            args: self.arena.slice(&args),
            vararg,
            kwonlyargs: self.arena.slice(&kwonlyargs),
            kw_defaults: self.arena.slice(&kw_defaults),
            kwarg,
            defaults,
        }))
    }

    /// Name and annotation; the annotation after a `*` may be starred.
    fn parameter(&mut self, annotated: bool, star: bool) -> Parsed<Arg<'a>> {
        let start = self.mark();
        let arg = self.identifier()?;
        let mut annotation = None;
        if annotated && self.eat(TokenKind::Colon) {
            annotation = Some(if star { self.star_expression()? } else { self.expression()? });
        }
        Ok(Arg { arg, annotation, type_comment: None, range: self.span(start) })
    }

    /// The comma after a parameter, unless it is the last, and its type comment.
    fn parameter_end(&mut self, mut arg: Arg<'a>, end: TokenKind, annotated: bool) -> Parsed<&'a Arg<'a>> {
        let comma = self.eat(TokenKind::Comma);
        if annotated {
            arg.type_comment = self.type_comment();
        }
        if !comma && self.kind != end {
            return Err(Failed);
        }
        Ok(self.arena.alloc(arg))
    }

    /// `[T: bound, *Ts, **P]`, if there.
    pub(super) fn type_params(&mut self) -> Parsed<&'a [TypeParam<'a>]> {
        if !self.eat(TokenKind::LSqb) {
            return Ok(&[]);
        }
        self.require(12)?;
        let mut params = Vec::new();
        loop {
            params.push(self.type_param()?);
            if !self.eat(TokenKind::Comma) || self.kind == TokenKind::RSqb {
                break;
            }
        }
        self.expect(TokenKind::RSqb)?;
        Ok(self.arena.slice(&params))
    }

    fn type_param(&mut self) -> Parsed<TypeParam<'a>> {
        let start = self.mark();
        let kind = match self.kind {
            TokenKind::Star => {
                self.next();
                let name = self.identifier()?;
                let default_value = self.type_param_default(true)?;
                TypeParamKind::TypeVarTuple(TypeVarTuple { name, default_value })
            }
            TokenKind::DoubleStar => {
                self.next();
                let name = self.identifier()?;
                let default_value = self.type_param_default(false)?;
                TypeParamKind::ParamSpec(ParamSpec { name, default_value })
            }
            _ => {
                let name = self.identifier()?;
                let bound = if self.eat(TokenKind::Colon) { Some(self.expression()?) } else { None };
                let default_value = self.type_param_default(false)?;
                TypeParamKind::TypeVar(TypeVar { name, bound, default_value })
            }
        };
        Ok(TypeParam { kind, range: self.span(start) })
    }

    fn type_param_default(&mut self, star: bool) -> Parsed<Option<&'a Expr<'a>>> {
        if !self.eat(TokenKind::Equal) {
            return Ok(None);
        }
        self.require(13)?;
        Ok(Some(if star { self.star_expression()? } else { self.expression()? }))
    }
}
