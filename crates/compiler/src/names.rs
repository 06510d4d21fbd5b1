//! Names as small ids.

use bumpalo::Bump;
use rustc_hash::FxHashMap;
use taipan_bytecode::Str;

/// An interned name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Name(pub u32);

macro_rules! well_known {
    ($($id:ident = $text:literal),* $(,)?) => {
        /// Names that the compiler itself uses; their ids are fixed.
        pub mod known {
            use super::Name;
            #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
            enum Number { $($id),* }
            $(#[doc = concat!("The name `", $text, "`.")] pub const $id: Name = Name(Number::$id as u32);)*
        }
        const WELL_KNOWN: &[&str] = &[$($text),*];
    };
}
well_known! {
    EMPTY = "",
    TOP = "top",
    MODULE_CODE = "<module>",
    LAMBDA_CODE = "<lambda>",
    GENEXPR_CODE = "<genexpr>",
    LISTCOMP_CODE = "<listcomp>",
    SETCOMP_CODE = "<setcomp>",
    DICTCOMP_CODE = "<dictcomp>",
    LAMBDA = "lambda",
    GENEXPR = "genexpr",
    LISTCOMP = "listcomp",
    SETCOMP = "setcomp",
    DICTCOMP = "dictcomp",
    DOT_ZERO = ".0",
    DOT_FORMAT = ".format",
    FORMAT = "format",
    DOT_TYPE_PARAMS = ".type_params",
    DOT_GENERIC_BASE = ".generic_base",
    DOT_DEFAULTS = ".defaults",
    DOT_KWDEFAULTS = ".kwdefaults",
    CLASS = "__class__",
    CLASSDICT = "__classdict__",
    CLASSCELL = "__classcell__",
    CLASSDICTCELL = "__classdictcell__",
    CONDITIONAL_ANNOTATIONS = "__conditional_annotations__",
    ANNOTATE = "__annotate__",
    ANNOTATE_FUNC = "__annotate_func__",
    ANNOTATIONS = "__annotations__",
    DOC = "__doc__",
    NAME = "__name__",
    MODULE = "__module__",
    QUALNAME = "__qualname__",
    FIRSTLINENO = "__firstlineno__",
    STATIC_ATTRIBUTES = "__static_attributes__",
    TYPE_PARAMS = "__type_params__",
    DEBUG = "__debug__",
    SUPER = "super",
    RETURN = "return",
}

/// The interner.
pub struct Names<'a> {
    bump: &'a Bump,
    ids: FxHashMap<&'a str, Name>,
    texts: Vec<&'a str>,
    shared: Vec<Option<Str>>,
    /// Which names are private to a class.
    private: Vec<bool>,
}

impl<'a> Names<'a> {
    /// An interner that knows the well-known names; texts that it makes itself go into `bump`.
    pub fn new(bump: &'a Bump) -> Names<'a> {
        let mut ids = FxHashMap::default();
        ids.reserve(500);
        let mut names = Names { bump, ids, texts: Vec::new(), shared: Vec::new(), private: Vec::new() };
        for text in WELL_KNOWN {
            names.intern(text);
        }
        names
    }

    /// The id of a text.
    pub fn intern(&mut self, text: &'a str) -> Name {
        let next = Name(self.texts.len() as u32);
        *self.ids.entry(text).or_insert_with(|| {
            self.texts.push(text);
            self.shared.push(None);
            self.private.push(text.starts_with("__") && !text.ends_with("__") && !text.contains('.'));
            next
        })
    }

    /// The id of a text that does not live long enough.
    pub fn intern_copy(&mut self, text: &str) -> Name {
        match self.ids.get(text) {
            Some(&name) => name,
            None => self.intern(self.bump.alloc_str(text)),
        }
    }

    /// The text of a name.
    #[inline]
    pub fn text(&self, name: Name) -> &'a str {
        self.texts[name.0 as usize]
    }

    /// The name as a string of code objects; the same allocation every time.
    pub fn shared(&mut self, name: Name) -> Str {
        let text = self.texts[name.0 as usize];
        self.shared[name.0 as usize].get_or_insert_with(|| Str::from(text)).clone()
    }

    /// Private names of a class: `__x` becomes `_Class__x`.
    pub fn mangle(&mut self, class: Option<Name>, name: Name) -> Name {
        let Some(class) = class else { return name };
        if !self.private[name.0 as usize] {
            return name;
        }
        let text = self.text(name);
        let class = self.text(class).trim_start_matches('_');
        if class.is_empty() {
            return name;
        }
        self.intern_copy(&format!("_{class}{text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mangles_like_the_reference() {
        let bump = Bump::new();
        let mut names = Names::new(&bump);
        let class = names.intern("_Spam");
        for (name, expected) in
            [("__x", "_Spam__x"), ("__x__", "__x__"), ("_x", "_x"), ("__a.b", "__a.b"), ("__", "__")]
        {
            let id = names.intern(name);
            let mangled = names.mangle(Some(class), id);
            assert_eq!(names.text(mangled), expected);
        }
        let underscores = names.intern("___");
        let id = names.intern("__x");
        assert_eq!(names.mangle(Some(underscores), id), id);
        assert_eq!(names.text(known::RETURN), "return");
    }
}
