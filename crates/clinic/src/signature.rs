//! Python signatures in text form: `(iterable, /, *, key=None, reverse=False)`.

/// How a parameter can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    PositionalOnly,
    Positional,
    VarArgs,
    KeywordOnly,
    VarKw,
}

#[derive(Debug)]
pub struct Parameter {
    pub name: String,
    pub kind: Kind,
    /// Python text of the default.
    pub default: Option<String>,
}

#[derive(Debug)]
pub struct Signature {
    pub parameters: Vec<Parameter>,
}

impl Signature {
    /// Parses the text, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Signature, String> {
        let inner = text
            .trim()
            .strip_prefix('(')
            .and_then(|t| t.strip_suffix(')'))
            .ok_or("a signature stands in parentheses")?;
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut keyword_only = false;
        for part in split(inner) {
            let part = part.trim();
            match part {
                "" => return Err("empty parameter".to_owned()),
                "/" => parameters.iter_mut().for_each(|p| p.kind = Kind::PositionalOnly),
                "*" => keyword_only = true,
                _ => {
                    let (kind, rest) = if let Some(r) = part.strip_prefix("**") {
                        (Kind::VarKw, r)
                    } else if let Some(r) = part.strip_prefix('*') {
                        keyword_only = true;
                        (Kind::VarArgs, r)
                    } else {
                        (if keyword_only { Kind::KeywordOnly } else { Kind::Positional }, part)
                    };
                    let (name, default) = match rest.split_once('=') {
                        Some((n, d)) => (n.trim(), Some(d.trim().to_owned())),
                        None => (rest, None),
                    };
                    parameters.push(Parameter { name: name.to_owned(), kind, default });
                }
            }
        }
        Ok(Signature { parameters })
    }
}

/// Splits at commas outside quotes and brackets.
fn split(s: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut quoted) = (0, 0, false);
    for (i, c) in s.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(&s[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    if !s[start..].trim().is_empty() {
        parts.push(&s[start..]);
    }
    parts
}
