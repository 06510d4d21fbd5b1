//! The attributes that turn a Rust function into a native Python function.
//!
//! ```text
//! /// Append object to the end of the list.
//! #[method(signature = "(object, /)")]
//! fn append(this: &List, object: &Object) -> PyResult<()> { .. }
//! ```
//!
//! The function stays as it is. Beside it appears a module of the same name with `DEF`, a `MethodDef` whose convention
//! (METH_NOARGS, METH_O, METH_FASTCALL, ...) follows from the signature, and whose doc carries the text signature.
//! Everything that is the same for all functions lives in `taipan_object::args`; the expansion is one static and one call.
//!
//! - `#[function]`: of a module; `#[method]`: receives `self` first; `#[classmethod]`: receives the type (`&Type`) first; `#[staticmethod]`.
//! - options: `signature = "(a, b=1, /, *args, c=None, **kwargs)"`, `name = "list"` when the Rust name differs, `text = false` for functions
//!   without `__text_signature__`, `shown = "(...)"` when the shown signature differs from the parsed one, `coexist`, `self_module` (a `#[function]`
//!   whose first Rust parameter is the module object, `&Object`), `varargs` (METH_VARARGS instead of METH_FASTCALL).
//! - parameters convert by `FromArg`; `Option<T>` takes `None`; `Given<T>` tells absent from `None`; `*args` is `&[&Object]`, `**kwargs` is `KwArgs`.
//! - answers convert by `IntoPy`.

mod signature;

use proc_macro::TokenStream;
use proc_macro2::{Ident, Span, TokenStream as Tokens};
use quote::{format_ident, quote};
use signature::{Kind, Parameter, Signature};
use syn::parse::{Parse, ParseStream};
use syn::{Expr, ExprLit, FnArg, ItemFn, Lit, LitBool, LitStr, Meta, Token, Type, parse_macro_input};

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Function,
    Method,
    Class,
    Static,
}

#[derive(Default)]
struct Options {
    signature: Option<LitStr>,
    name: Option<LitStr>,
    shown: Option<LitStr>,
    no_text: bool,
    coexist: bool,
    self_module: bool,
    varargs: bool,
}

impl Parse for Options {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut o = Options::default();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            match key.to_string().as_str() {
                "signature" | "name" | "shown" => {
                    input.parse::<Token![=]>()?;
                    let v: LitStr = input.parse()?;
                    match key.to_string().as_str() {
                        "signature" => o.signature = Some(v),
                        "name" => o.name = Some(v),
                        _ => o.shown = Some(v),
                    }
                }
                "text" => {
                    input.parse::<Token![=]>()?;
                    o.no_text = !input.parse::<LitBool>()?.value;
                }
                "coexist" => o.coexist = true,
                "self_module" => o.self_module = true,
                "varargs" => o.varargs = true,
                _ => return Err(syn::Error::new(key.span(), "unknown option")),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(o)
    }
}

/// A function of a module.
#[proc_macro_attribute]
pub fn function(attr: TokenStream, item: TokenStream) -> TokenStream {
    expand(Role::Function, attr, item)
}

/// A method; the first Rust parameter is the receiver.
#[proc_macro_attribute]
pub fn method(attr: TokenStream, item: TokenStream) -> TokenStream {
    expand(Role::Method, attr, item)
}

/// A class method; the first Rust parameter is the class, `&Type`.
#[proc_macro_attribute]
pub fn classmethod(attr: TokenStream, item: TokenStream) -> TokenStream {
    expand(Role::Class, attr, item)
}

/// A static method.
#[proc_macro_attribute]
pub fn staticmethod(attr: TokenStream, item: TokenStream) -> TokenStream {
    expand(Role::Static, attr, item)
}

fn expand(role: Role, attr: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(attr as Options);
    let f = parse_macro_input!(item as ItemFn);
    generate(role, options, &f)
        .unwrap_or_else(|e| {
            let e = e.to_compile_error();
            quote!(#f #e)
        })
        .into()
}

fn docstring(f: &ItemFn) -> String {
    let mut doc = String::new();
    for a in &f.attrs {
        if let Meta::NameValue(nv) = &a.meta
            && nv.path.is_ident("doc")
            && let Expr::Lit(ExprLit { lit: Lit::Str(s), .. }) = &nv.value
        {
            let line = s.value();
            if !doc.is_empty() {
                doc.push('\n');
            }
            doc.push_str(line.strip_prefix(' ').unwrap_or(&line));
        }
    }
    doc
}

fn is_type(t: &Type, names: &[&str]) -> bool {
    match t {
        Type::Path(p) => p.path.segments.last().is_some_and(|s| names.contains(&s.ident.to_string().as_str())),
        Type::Reference(r) => is_type(&r.elem, names),
        _ => false,
    }
}

/// The Rust expression for a parameter's default, from its Python text and its Rust type.
fn default_value(p: &Parameter, ty: &Type, krate: &Tokens) -> syn::Result<Tokens> {
    if matches!(ty, Type::Path(_)) && is_type(ty, &["Option", "Given"]) {
        return Ok(quote!(::core::default::Default::default()));
    }
    let text = p.default.as_deref().unwrap_or("");
    match text {
        "None" if matches!(ty, Type::Reference(_)) => Ok(quote!(#krate::types::none::none())),
        "True" => Ok(quote!(true)),
        "False" => Ok(quote!(false)),
        "sys.maxsize" if is_type(ty, &["Clipped"]) => Ok(quote!(#krate::args::Clipped(isize::MAX))),
        "sys.maxsize" => Ok(quote!(isize::MAX)),
        _ => {
            let text = match text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
                Some(t) if is_type(ty, &["char"]) => format!("{:?}", t.chars().next().unwrap_or(' ')),
                Some(t) => format!("{t:?}"),
                None => text.to_owned(),
            };
            let e: Expr = syn::parse_str(&text).map_err(|_| {
                syn::Error::new(
                    Span::call_site(),
                    format!("default `{text}` of `{}` needs an Option or Given type", p.name),
                )
            })?;
            if is_type(ty, &["Clipped"]) { Ok(quote!(#krate::args::Clipped(#e))) } else { Ok(quote!(#e)) }
        }
    }
}

fn generate(role: Role, options: Options, f: &ItemFn) -> syn::Result<Tokens> {
    let krate = quote!(::taipan_object);
    let rust_name = &f.sig.ident;
    let py_name =
        options.name.as_ref().map_or_else(|| rust_name.to_string().trim_start_matches("r#").to_owned(), LitStr::value);
    let sig_text = options.signature.as_ref().map_or_else(|| "()".to_owned(), LitStr::value);
    let sig_span = options.signature.as_ref().map_or(rust_name.span(), LitStr::span);
    let sig = Signature::parse(&sig_text).map_err(|m| syn::Error::new(sig_span, m))?;

    // Rust parameters after the thread and the receiver.
    let mut rust_params: Vec<&Type> = Vec::new();
    for a in &f.sig.inputs {
        match a {
            FnArg::Typed(t) => rust_params.push(&t.ty),
            FnArg::Receiver(r) => return Err(syn::Error::new_spanned(r, "name the receiver `this`")),
        }
    }
    let takes_thread = rust_params.first().is_some_and(|t| matches!(t, Type::Reference(_)) && is_type(t, &["Thread"]));
    let mut rest = &rust_params[takes_thread as usize..];
    let takes_self = matches!(role, Role::Method | Role::Class) || options.self_module;
    if takes_self {
        if rest.is_empty() {
            return Err(syn::Error::new(rust_name.span(), "the first parameter must be the receiver"));
        }
        rest = &rest[1..];
    }
    if rest.len() != sig.parameters.len() {
        return Err(syn::Error::new(
            sig_span,
            format!("the signature has {} parameters, the function {}", sig.parameters.len(), rest.len()),
        ));
    }

    let named: Vec<(&Parameter, &Type)> = sig
        .parameters
        .iter()
        .zip(rest.iter().copied())
        .filter(|(p, _)| matches!(p.kind, Kind::PositionalOnly | Kind::Positional | Kind::KeywordOnly))
        .collect();
    let n = named.len();
    let has = |k: Kind| sig.parameters.iter().any(|p| p.kind == k);
    let varargs = has(Kind::VarArgs);
    let varkw = has(Kind::VarKw);
    let keywords = varkw || has(Kind::Positional) || has(Kind::KeywordOnly);

    let receiver = match (role, options.self_module) {
        (Role::Class, _) => quote!(#krate::args::class_receiver(slf),),
        (Role::Method, _) | (_, true) => quote!(#krate::method::FromSelf::from_self(#krate::args::receiver(slf)),),
        _ => quote!(),
    };
    let thread = if takes_thread { quote!(#krate::Thread::current(),) } else { quote!() };
    let call = |args: Tokens| quote!(#krate::method::IntoPy::into_py(super::#rust_name(#thread #receiver #args)));

    let mut index = 0usize;
    let mut arg_exprs = Vec::new();
    let one_arg = n == 1 && !keywords && !varargs;
    for (p, ty) in sig.parameters.iter().zip(rest) {
        match p.kind {
            Kind::VarArgs => {
                let positional =
                    sig.parameters.iter().filter(|p| matches!(p.kind, Kind::PositionalOnly | Kind::Positional)).count();
                arg_exprs.push(quote!(call.positional().get(#positional..).unwrap_or(&[])));
            }
            Kind::VarKw => arg_exprs.push(quote!(call.keywords())),
            _ => {
                let i = index;
                index += 1;
                let position = if one_arg { 0 } else { i + 1 };
                let shown = if p.kind == Kind::PositionalOnly { "" } else { p.name.as_str() };
                let cx = quote!(&#krate::args::ArgContext { func: NAME, position: #position, name: #shown });
                let present = quote!(#krate::args::FromArg::from_arg(a, #cx)?);
                let absent = if p.default.is_some() {
                    default_value(p, ty, &krate)?
                } else {
                    // The binder has made sure of required arguments.
                    quote!(#krate::args::absent())
                };
                arg_exprs.push(quote!(match out[#i] { Some(a) => #present, None => #absent }));
            }
        }
    }

    let params = named.iter().map(|(p, _)| {
        let name = if p.kind == Kind::PositionalOnly { "" } else { p.name.as_str() };
        let required = p.default.is_none();
        quote!(#krate::args::Param { name: #name, required: #required })
    });
    let posonly = named.iter().filter(|(p, _)| p.kind == Kind::PositionalOnly).count();
    let positional = named.iter().filter(|(p, _)| p.kind != Kind::KeywordOnly).count();
    let sig_const = quote! {
        static SIGNATURE: #krate::args::Signature = #krate::args::Signature {
            name: NAME, params: &[#(#params),*], posonly: #posonly, positional: #positional, varargs: #varargs, varkw: #varkw,
        };
    };

    let slf = format_ident!("slf");
    let (body, flags, field) = if options.varargs {
        let call_expr = call(quote!(#(#arg_exprs),*));
        // A function without METH_KEYWORDS is called with two arguments: a third parameter would be garbage.
        let (parameters, kwargs, binder, flags, field) = if keywords {
            (
                quote!(args: &#krate::Object, kwargs: Option<&#krate::Object>),
                quote!(kwargs),
                format_ident!("bind_keywords"),
                0x3,
                format_ident!("keywords"),
            )
        } else {
            (
                quote!(args: Option<&#krate::Object>),
                quote!(None),
                format_ident!("bind_positional"),
                0x1,
                format_ident!("plain"),
            )
        };
        let args = if keywords { quote!(args) } else { quote!(#krate::args::receiver(args)) };
        (
            quote! {
                #sig_const
                extern "C" fn entry(#slf: Option<&#krate::Object>, #parameters) -> #krate::PyResult {
                    #krate::args::with_tuple_args(NAME, #args, #kwargs, |call| {
                        let mut out = [None; #n];
                        #krate::args::#binder(&SIGNATURE, call, &mut out)?;
                        #call_expr
                    })
                }
            },
            flags,
            field,
        )
    } else if sig.parameters.is_empty() {
        let call_expr = call(quote!());
        (
            quote! {
                extern "C" fn entry(#slf: Option<&#krate::Object>, _: Option<&#krate::Object>) -> #krate::PyResult { #call_expr }
            },
            0x4,
            format_ident!("plain"),
        )
    } else if one_arg && named[0].0.default.is_none() {
        let call_expr = call(
            quote!(#krate::args::FromArg::from_arg(arg, &#krate::args::ArgContext { func: NAME, position: 0, name: "" })?),
        );
        (
            quote! {
                extern "C" fn entry(#slf: Option<&#krate::Object>, arg: Option<&#krate::Object>) -> #krate::PyResult {
                    let arg = #krate::args::receiver(arg);
                    #call_expr
                }
            },
            0x8,
            format_ident!("plain"),
        )
    } else if !keywords {
        let call_expr = call(quote!(#(#arg_exprs),*));
        (
            quote! {
                #sig_const
                unsafe extern "C" fn entry(#slf: Option<&#krate::Object>, args: *const *const #krate::Object, nargs: isize) -> #krate::PyResult {
                    // SAFETY: METH_FASTCALL passes `nargs` live arguments.
                    let call = unsafe { #krate::args::CallArgs::from_raw(args, nargs as usize, None) };
                    let mut out = [None; #n];
                    #krate::args::bind_positional(&SIGNATURE, call, &mut out)?;
                    #call_expr
                }
            },
            0x80,
            format_ident!("fast"),
        )
    } else {
        let call_expr = call(quote!(#(#arg_exprs),*));
        (
            quote! {
                #sig_const
                unsafe extern "C" fn entry(#slf: Option<&#krate::Object>, args: *const *const #krate::Object, nargs: isize, kwnames: Option<&#krate::Object>) -> #krate::PyResult {
                    // SAFETY: METH_FASTCALL | METH_KEYWORDS passes live arguments, one more for each name.
                    let call = unsafe { #krate::args::CallArgs::from_raw(args, nargs as usize, kwnames) };
                    let mut out = [None; #n];
                    #krate::args::bind_keywords(&SIGNATURE, call, &mut out)?;
                    #call_expr
                }
            },
            0x82,
            format_ident!("fast_keywords"),
        )
    };
    let flags = flags
        | match role {
            Role::Class => 0x10,
            Role::Static => 0x20,
            _ => 0,
        }
        | if options.coexist { 0x40 } else { 0 };

    let doc = docstring(f);
    let shown = options.shown.as_ref().map_or(sig_text.clone(), LitStr::value);
    let inner = shown.trim().strip_prefix('(').unwrap_or("").to_owned();
    let first = match role {
        Role::Function => "$module",
        Role::Method => "$self",
        Role::Class => "$type",
        Role::Static => "",
    };
    let text = match (first, inner.as_str()) {
        ("", _) => format!("({inner}"),
        (_, ")") => format!("({first}, /)"),
        _ if inner.contains('/') => format!("({first}, {inner}"),
        _ => format!("({first}, /, {inner}"),
    };
    let full = if options.no_text { doc } else { format!("{py_name}{text}\n--\n\n{doc}") };
    let full = std::ffi::CString::new(full).map_err(|_| syn::Error::new(sig_span, "NUL in docstring"))?;
    let doc_lit = proc_macro2::Literal::c_string(&full);
    let cname = std::ffi::CString::new(py_name.clone()).map_err(|_| syn::Error::new(sig_span, "NUL in name"))?;
    let cname_lit = proc_macro2::Literal::c_string(&cname);
    Ok(quote! {
        #f
        #[doc(hidden)]
        #[allow(unused_variables, unused_mut, missing_docs, clippy::all)]
        pub mod #rust_name {
            #[allow(unused_imports)]
            use super::*;
            const NAME: &str = #py_name;
            #body
            pub const DEF: #krate::method::MethodDef = #krate::method::MethodDef {
                name: #cname_lit.as_ptr(),
                meth: #krate::method::MethodPtr { #field: entry },
                flags: #flags,
                doc: #doc_lit.as_ptr(),
            };
        }
    })
}
