//! The nodes as data: their descriptions, reading a node field by field, and building one from field values.

use super::{ConstantValue, Text};
use crate::Arena;

/// What a field holds, leaving aside how many of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// A name.
    Identifier,
    /// Text that is not a name.
    String,
    /// A small integer.
    Int,
    /// A constant.
    Constant,
    /// A node of the ASDL type with this name.
    Node(&'static str),
}

impl FieldType {
    /// The name in the ASDL.
    pub fn name(self) -> &'static str {
        match self {
            FieldType::Identifier => "identifier",
            FieldType::String => "string",
            FieldType::Int => "int",
            FieldType::Constant => "constant",
            FieldType::Node(name) => name,
        }
    }
}

/// How many a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// Exactly one.
    One,
    /// One or none: `?`.
    Optional,
    /// A list: `*`.
    Many,
    /// A list in which each may be missing: `?*`.
    OptionalMany,
}

/// One field of a node.
#[derive(Clone, Copy, Debug)]
pub struct FieldInfo {
    /// Its name as Python sees it.
    pub name: &'static str,
    /// What it holds.
    pub ty: FieldType,
    /// How many.
    pub quantifier: Quantifier,
}

/// One node class.
#[derive(Clone, Copy, Debug)]
pub struct NodeInfo {
    /// The class name.
    pub name: &'static str,
    /// The ASDL type it belongs to (for a product the same as `name`).
    pub base: &'static str,
    /// Fields in order.
    pub fields: &'static [FieldInfo],
    /// Whether it has `lineno`, `col_offset`, `end_lineno`, `end_col_offset`.
    pub positions: bool,
}

impl NodeInfo {
    /// The class as the ASDL writes it: `Return(expr? value)`.
    pub fn signature(&self) -> String {
        let field = |field: &FieldInfo| {
            let mark = match field.quantifier {
                Quantifier::One => "",
                Quantifier::Optional => "?",
                Quantifier::Many => "*",
                Quantifier::OptionalMany => "?*",
            };
            format!("{}{mark} {}", field.ty.name(), field.name)
        };
        if self.fields.is_empty() {
            return self.name.to_owned();
        }
        format!("{}({})", self.name, self.fields.iter().map(field).collect::<Vec<_>>().join(", "))
    }
}

/// One ASDL type.
#[derive(Clone, Copy, Debug)]
pub struct TypeInfo {
    /// Its name.
    pub name: &'static str,
    /// Its classes; for a product one with the same name.
    pub nodes: &'static [NodeInfo],
    /// Whether it is a product (a class of its own, without subclasses).
    pub product: bool,
}

/// All ASDL types in the order of the ASDL.
pub static TYPES: &[TypeInfo] = &[
    super::Mod::TYPE,
    super::Stmt::TYPE,
    super::Expr::TYPE,
    super::ExprContext::TYPE,
    super::BoolOperator::TYPE,
    super::Operator::TYPE,
    super::UnaryOperator::TYPE,
    super::CmpOp::TYPE,
    super::Comprehension::TYPE,
    super::ExceptHandler::TYPE,
    super::Arguments::TYPE,
    super::Arg::TYPE,
    super::Keyword::TYPE,
    super::Alias::TYPE,
    super::WithItem::TYPE,
    super::MatchCase::TYPE,
    super::Pattern::TYPE,
    super::TypeIgnore::TYPE,
    super::TypeParam::TYPE,
];

/// A field's value, or one item of it.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// Missing.
    None,
    /// A name.
    Identifier(&'a str),
    /// Text.
    String(Text<'a>),
    /// A small integer.
    Int(i32),
    /// A constant.
    Constant(ConstantValue<'a>),
    /// A node.
    Node(Node<'a>),
    /// A class without fields or positions (contexts and operators).
    Enum(&'static NodeInfo),
    /// A list, in the arena.
    List(&'a [Value<'a>]),
}

macro_rules! node_ref {
    ($($name:ident = $asdl:literal),*) => {
        /// A reference to a node of any ASDL type that has fields.
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs)]
        pub enum Node<'a> { $($name(&'a super::$name<'a>)),* }

        impl<'a> Node<'a> {
            /// Which class it is.
            pub fn info(self) -> &'static NodeInfo {
                match self { $(Node::$name(node) => node.info()),* }
            }

            /// The value of the field with this index; lists are laid out in `arena`.
            pub fn field(self, arena: &'a Arena, index: usize) -> Value<'a> {
                match self { $(Node::$name(node) => node.field(arena, index)),* }
            }

            /// Where it stands, for classes that have positions.
            pub fn span(self) -> Option<super::Span> {
                match self { $(Node::$name(node) => node.span()),* }
            }

            /// Builds a node of the class with this name from the values of its fields; `None` when there is no such
            /// class, or a value does not fit its field.
            pub fn build(arena: &'a Arena, class: &str, values: &[Value<'a>], span: super::Span) -> Option<Node<'a>> {
                for ty in TYPES {
                    for (index, info) in ty.nodes.iter().enumerate() {
                        if info.name == class && info.fields.len() == values.len() {
                            $(if ty.name == $asdl {
                                let node = super::$name::build(arena, index, values, span)?;
                                return Some(Node::$name(arena.alloc(node)));
                            })*
                        }
                    }
                }
                None
            }
        }

        $(by_reference!($name, $asdl);)*
    };
}

/// A type that can be one item of a field.
pub(crate) trait Item<'a>: Copy {
    const TYPE: FieldType;
    fn to_value(&self) -> Value<'a>;
    fn from_value(arena: &'a Arena, value: Value<'a>) -> Option<Self>;
}

/// A type that a field can have.
pub(crate) trait Field<'a>: Copy {
    const TYPE: FieldType;
    const QUANTIFIER: Quantifier;
    fn to_value(&self, arena: &'a Arena) -> Value<'a>;
    fn from_value(arena: &'a Arena, value: Value<'a>) -> Option<Self>;
}

/// The struct behind a node class.
pub(crate) trait Fields<'a>: Copy {
    const FIELDS: &'static [FieldInfo];
    fn field(&self, arena: &'a Arena, index: usize) -> Value<'a>;
    fn build(arena: &'a Arena, values: &[Value<'a>]) -> Option<Self>;
}

impl<'a, T: Fields<'a>> Fields<'a> for &'a T {
    const FIELDS: &'static [FieldInfo] = T::FIELDS;
    fn field(&self, arena: &'a Arena, index: usize) -> Value<'a> {
        (**self).field(arena, index)
    }
    fn build(arena: &'a Arena, values: &[Value<'a>]) -> Option<Self> {
        Some(arena.alloc(T::build(arena, values)?))
    }
}

macro_rules! fields_of_item {
    (single $($ty:ty),*) => {
        $(impl<'a> Field<'a> for $ty {
            const TYPE: FieldType = <$ty as Item<'a>>::TYPE;
            const QUANTIFIER: Quantifier = Quantifier::One;
            fn to_value(&self, _: &'a Arena) -> Value<'a> {
                Item::to_value(self)
            }
            fn from_value(arena: &'a Arena, value: Value<'a>) -> Option<Self> {
                Item::from_value(arena, value)
            }
        })*
    };
    (option $($ty:ty),*) => {
        $(impl<'a> Field<'a> for Option<$ty> {
            const TYPE: FieldType = <$ty as Item<'a>>::TYPE;
            const QUANTIFIER: Quantifier = Quantifier::Optional;
            fn to_value(&self, _: &'a Arena) -> Value<'a> {
                self.as_ref().map_or(Value::None, Item::to_value)
            }
            fn from_value(arena: &'a Arena, value: Value<'a>) -> Option<Self> {
                match value {
                    Value::None => Some(None),
                    value => Some(Some(Item::from_value(arena, value)?)),
                }
            }
        })*
    };
    (slice $($ty:ty),*) => {
        $(impl<'a> Field<'a> for &'a [$ty] {
            const TYPE: FieldType = <&'a $ty as SliceItem<'a>>::TYPE;
            const QUANTIFIER: Quantifier = Quantifier::Many;
            fn to_value(&self, arena: &'a Arena) -> Value<'a> {
                let values: Vec<_> = self.iter().map(|item| SliceItem::to_value(&item)).collect();
                Value::List(arena.slice(&values))
            }
            fn from_value(arena: &'a Arena, value: Value<'a>) -> Option<Self> {
                let Value::List(values) = value else { return None };
                let items: Option<Vec<$ty>> =
                    values.iter().map(|&value| <&'a $ty as SliceItem<'a>>::from_value(arena, value).copied()).collect();
                Some(arena.slice(&items?))
            }
        })*
    };
}

/// A reference into a list that a field can have.
pub(crate) trait SliceItem<'a>: Copy {
    const TYPE: FieldType;
    fn to_value(&self) -> Value<'a>;
    fn from_value(arena: &'a Arena, value: Value<'a>) -> Option<Self>;
}

impl<'a, T: Item<'a>> SliceItem<'a> for &'a T {
    const TYPE: FieldType = T::TYPE;
    fn to_value(&self) -> Value<'a> {
        Item::to_value(*self)
    }
    fn from_value(arena: &'a Arena, value: Value<'a>) -> Option<Self> {
        Some(arena.alloc(T::from_value(arena, value)?))
    }
}

macro_rules! by_reference {
    ($name:ident, $asdl:literal) => {
        impl<'a> Item<'a> for &'a super::$name<'a> {
            const TYPE: FieldType = FieldType::Node($asdl);
            fn to_value(&self) -> Value<'a> {
                Value::Node(Node::$name(self))
            }
            fn from_value(_: &'a Arena, value: Value<'a>) -> Option<Self> {
                match value {
                    Value::Node(Node::$name(node)) => Some(node),
                    _ => None,
                }
            }
        }
    };
}

macro_rules! by_value {
    ($($name:ident = $asdl:literal),*) => {
        $(impl<'a> Field<'a> for &'a [super::$name<'a>] {
            const TYPE: FieldType = FieldType::Node($asdl);
            const QUANTIFIER: Quantifier = Quantifier::Many;
            fn to_value(&self, arena: &'a Arena) -> Value<'a> {
                let values: Vec<_> = self.iter().map(|node| Value::Node(Node::$name(node))).collect();
                Value::List(arena.slice(&values))
            }
            fn from_value(arena: &'a Arena, value: Value<'a>) -> Option<Self> {
                let Value::List(values) = value else { return None };
                let items: Option<Vec<super::$name<'a>>> = values
                    .iter()
                    .map(|value| match value {
                        Value::Node(Node::$name(node)) => Some(**node),
                        _ => None,
                    })
                    .collect();
                Some(arena.slice(&items?))
            }
        })*
    };
}

node_ref!(
    Mod = "mod",
    Stmt = "stmt",
    Expr = "expr",
    Comprehension = "comprehension",
    ExceptHandler = "excepthandler",
    Arguments = "arguments",
    Arg = "arg",
    Keyword = "keyword",
    Alias = "alias",
    WithItem = "withitem",
    MatchCase = "match_case",
    Pattern = "pattern",
    TypeIgnore = "type_ignore",
    TypeParam = "type_param"
);
by_value!(
    Stmt = "stmt",
    ExceptHandler = "excepthandler",
    Arg = "arg",
    Keyword = "keyword",
    Alias = "alias",
    WithItem = "withitem",
    MatchCase = "match_case",
    TypeIgnore = "type_ignore",
    TypeParam = "type_param",
    Comprehension = "comprehension"
);
fields_of_item!(single &'a super::Expr<'a>, &'a super::Pattern<'a>, &'a super::Arguments<'a>, &'a str, Text<'a>, i32,
    ConstantValue<'a>, &'a ConstantValue<'a>, super::ExprContext, super::BoolOperator, super::Operator,
    super::UnaryOperator);
fields_of_item!(option &'a super::Expr<'a>, &'a super::Pattern<'a>, &'a super::Arg<'a>, &'a str, Text<'a>, i32);
fields_of_item!(slice &'a super::Expr<'a>, &'a super::Pattern<'a>, &'a str, super::CmpOp);

impl<'a> Field<'a> for &'a [Option<&'a super::Expr<'a>>] {
    const TYPE: FieldType = FieldType::Node("expr");
    const QUANTIFIER: Quantifier = Quantifier::OptionalMany;
    fn to_value(&self, arena: &'a Arena) -> Value<'a> {
        let values: Vec<_> = self.iter().map(|item| item.as_ref().map_or(Value::None, Item::to_value)).collect();
        Value::List(arena.slice(&values))
    }
    fn from_value(arena: &'a Arena, value: Value<'a>) -> Option<Self> {
        let Value::List(values) = value else {
            return None;
        };
        let items: Option<Vec<Option<&super::Expr<'_>>>> = values
            .iter()
            .map(|&value| match value {
                Value::None => Some(None),
                value => Some(Some(Item::from_value(arena, value)?)),
            })
            .collect();
        Some(arena.slice(&items?))
    }
}

macro_rules! plain_item {
    ($ty:ty, $field_type:ident, $variant:ident) => {
        impl<'a> Item<'a> for $ty {
            const TYPE: FieldType = FieldType::$field_type;
            fn to_value(&self) -> Value<'a> {
                Value::$variant(*self)
            }
            fn from_value(_: &'a Arena, value: Value<'a>) -> Option<Self> {
                match value {
                    Value::$variant(item) => Some(item),
                    _ => None,
                }
            }
        }
    };
}

plain_item!(&'a str, Identifier, Identifier);
plain_item!(Text<'a>, String, String);
plain_item!(i32, Int, Int);
plain_item!(ConstantValue<'a>, Constant, Constant);

impl<'a> Item<'a> for &'a ConstantValue<'a> {
    const TYPE: FieldType = FieldType::Constant;
    fn to_value(&self) -> Value<'a> {
        Value::Constant(**self)
    }
    fn from_value(arena: &'a Arena, value: Value<'a>) -> Option<Self> {
        match value {
            Value::Constant(item) => Some(arena.alloc(item)),
            _ => None,
        }
    }
}

/// Declares the struct of a node class and its [`Fields`].
macro_rules! fields {
    ($a:lifetime $(#[$doc:meta])* $name:ident { $($field:ident : $ty:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs)]
        pub struct $name<$a> { $(pub $field: $ty),* }

        impl<$a> $crate::ast::table::Fields<$a> for $name<$a> {
            const FIELDS: &'static [$crate::ast::table::FieldInfo] = &[$($crate::ast::table::FieldInfo {
                name: $crate::ast::table::python_name(stringify!($field)),
                ty: <$ty as $crate::ast::table::Field<$a>>::TYPE,
                quantifier: <$ty as $crate::ast::table::Field<$a>>::QUANTIFIER,
            }),*];
            #[allow(unused_assignments)]
            fn field(&self, arena: &$a $crate::Arena, index: usize) -> $crate::ast::table::Value<$a> {
                let mut at = 0;
                $(if index == at {
                    return $crate::ast::table::Field::to_value(&self.$field, arena);
                }
                at += 1;)*
                $crate::ast::table::Value::None
            }
            fn build(arena: &$a $crate::Arena, values: &[$crate::ast::table::Value<$a>]) -> Option<Self> {
                let mut values = values.iter().copied();
                Some($name { $($field: $crate::ast::table::Field::from_value(arena, values.next()?)?),* })
            }
        }
    };
}
pub(crate) use fields;

/// The field name without Rust's mark for raw identifiers.
pub(crate) const fn python_name(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}

/// Declares an ASDL sum whose classes have no fields.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident = $asdl:literal { $($(#[$vdoc:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// The ASDL type.
            pub const TYPE: $crate::ast::table::TypeInfo = $crate::ast::table::TypeInfo {
                name: $asdl,
                nodes: {
                    static NODES: &[$crate::ast::table::NodeInfo] = &[$($crate::ast::table::NodeInfo {
                        name: stringify!($variant),
                        base: $asdl,
                        fields: &[],
                        positions: false,
                    }),*];
                    NODES
                },
                product: false,
            };
        }

        impl<'a> $crate::ast::table::Item<'a> for $name {
            const TYPE: $crate::ast::table::FieldType = $crate::ast::table::FieldType::Node($asdl);
            fn to_value(&self) -> $crate::ast::table::Value<'a> {
                $crate::ast::table::Value::Enum(&$name::TYPE.nodes[*self as usize])
            }
            fn from_value(_: &'a $crate::Arena, value: $crate::ast::table::Value<'a>) -> Option<Self> {
                match value {
                    $($crate::ast::table::Value::Enum(info)
                        if info.base == $asdl && info.name == stringify!($variant) => Some($name::$variant),)*
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use enumeration;

/// Declares an ASDL product.
macro_rules! product {
    (@positions $a:lifetime $(#[$doc:meta])* $name:ident { $($field:ident : $ty:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs)]
        pub struct $name<$a> {
            $(pub $field: $ty,)*
            /// Where it stands.
            pub range: Span,
        }
        impl<$a> $name<$a> {
            pub(crate) fn span(&self) -> Option<Span> {
                Some(self.range)
            }
            pub(crate) fn build(
                arena: &$a $crate::Arena, _: usize, values: &[$crate::ast::table::Value<$a>], range: Span,
            ) -> Option<Self> {
                let mut values = values.iter().copied();
                Some($name { $($field: $crate::ast::table::Field::from_value(arena, values.next()?)?,)* range })
            }
        }
    };
    (@no_positions $a:lifetime $(#[$doc:meta])* $name:ident { $($field:ident : $ty:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs)]
        pub struct $name<$a> { $(pub $field: $ty,)* }
        impl<$a> $name<$a> {
            pub(crate) fn span(&self) -> Option<Span> {
                None
            }
            pub(crate) fn build(
                arena: &$a $crate::Arena, _: usize, values: &[$crate::ast::table::Value<$a>], _: Span,
            ) -> Option<Self> {
                let mut values = values.iter().copied();
                Some($name { $($field: $crate::ast::table::Field::from_value(arena, values.next()?)?,)* })
            }
        }
    };
    ($a:lifetime; $(#[$doc:meta])* $name:ident = $asdl:literal, $positions:ident { $($field:ident : $ty:ty),* $(,)? }) => {
        product!(@$positions $a $(#[$doc])* $name { $($field : $ty),* });
        impl<$a> $name<$a> {
            /// The ASDL type.
            pub const TYPE: $crate::ast::table::TypeInfo = $crate::ast::table::TypeInfo {
                name: $asdl,
                nodes: &[$crate::ast::table::NodeInfo {
                    name: $asdl,
                    base: $asdl,
                    fields: &[$($crate::ast::table::FieldInfo {
                        name: stringify!($field),
                        ty: <$ty as $crate::ast::table::Field<$a>>::TYPE,
                        quantifier: <$ty as $crate::ast::table::Field<$a>>::QUANTIFIER,
                    }),*],
                    positions: $crate::ast::table::has_positions!($positions),
                }],
                product: true,
            };
            pub(crate) fn info(&self) -> &'static $crate::ast::table::NodeInfo {
                &$name::TYPE.nodes[0]
            }
            #[allow(unused_assignments)]
            pub(crate) fn field(&self, arena: &$a $crate::Arena, index: usize) -> $crate::ast::table::Value<$a> {
                let mut at = 0;
                $(if index == at {
                    return $crate::ast::table::Field::to_value(&self.$field, arena);
                }
                at += 1;)*
                $crate::ast::table::Value::None
            }
        }
    };
}
pub(crate) use product;

macro_rules! has_positions {
    (positions) => {
        true
    };
    (no_positions) => {
        false
    };
}
pub(crate) use has_positions;

/// Declares an ASDL sum: each class in the list is `inline` (its struct in the enum), `boxed` (behind a reference),
/// or a `unit` without fields; `= Name` names the struct otherwise than the class, `shares Name` uses another's.
macro_rules! sum {
    // The classes one by one: declare the struct, note variant and payload.
    (@each $a:lifetime $head:tt [$($done:tt)*] $(#[$doc:meta])* inline $variant:ident { $($body:tt)* } , $($rest:tt)*) => {
        $crate::ast::table::fields!($a $(#[$doc])* $variant { $($body)* });
        sum!(@each $a $head [$($done)* { [$(#[$doc])*] $variant ($variant<$a>) }] $($rest)*);
    };
    (@each $a:lifetime $head:tt [$($done:tt)*] $(#[$doc:meta])* inline $variant:ident = $name:ident { $($body:tt)* } , $($rest:tt)*) => {
        $crate::ast::table::fields!($a $(#[$doc])* $name { $($body)* });
        sum!(@each $a $head [$($done)* { [$(#[$doc])*] $variant ($name<$a>) }] $($rest)*);
    };
    (@each $a:lifetime $head:tt [$($done:tt)*] $(#[$doc:meta])* inline $variant:ident shares $name:ident , $($rest:tt)*) => {
        sum!(@each $a $head [$($done)* { [$(#[$doc])*] $variant ($name<$a>) }] $($rest)*);
    };
    (@each $a:lifetime $head:tt [$($done:tt)*] $(#[$doc:meta])* boxed $variant:ident { $($body:tt)* } , $($rest:tt)*) => {
        $crate::ast::table::fields!($a $(#[$doc])* $variant { $($body)* });
        sum!(@each $a $head [$($done)* { [$(#[$doc])*] $variant (&$a $variant<$a>) }] $($rest)*);
    };
    (@each $a:lifetime $head:tt [$($done:tt)*] $(#[$doc:meta])* boxed $variant:ident shares $name:ident , $($rest:tt)*) => {
        sum!(@each $a $head [$($done)* { [$(#[$doc])*] $variant (&$a $name<$a>) }] $($rest)*);
    };
    (@each $a:lifetime $head:tt [$($done:tt)*] $(#[$doc:meta])* unit $variant:ident , $($rest:tt)*) => {
        sum!(@each $a $head [$($done)* { [$(#[$doc])*] $variant }] $($rest)*);
    };
    // All seen: the enum and what is read off it.
    (@each $a:lifetime { $kind:ident $asdl:literal $positions:ident [$($kdoc:tt)*] }
        [$({ [$($doc:tt)*] $variant:ident $(($payload:ty))? })*]) => {
        $($kdoc)*
        #[derive(Clone, Copy, Debug)]
        pub enum $kind<$a> { $($($doc)* $variant $(($payload))?),* }

        impl<$a> $kind<$a> {
            pub(crate) const NODES: &'static [$crate::ast::table::NodeInfo] = &[$($crate::ast::table::NodeInfo {
                name: stringify!($variant),
                base: $asdl,
                fields: $crate::ast::table::fields_of!($($payload)?),
                positions: $crate::ast::table::has_positions!($positions),
            }),*];

            /// The description of this class.
            pub fn info(&self) -> &'static $crate::ast::table::NodeInfo {
                let mut at = 0;
                $(if matches!(self, $kind::$variant { .. }) {
                    return &Self::NODES[at];
                }
                at += 1;)*
                &Self::NODES[at - 1]
            }

            #[allow(unused_variables)]
            pub(crate) fn read(&self, arena: &$a $crate::Arena, index: usize) -> $crate::ast::table::Value<$a> {
                match self {
                    $($crate::ast::table::class_pattern!(node, $kind::$variant $(, $payload)?) => {
                        $(return <$payload as $crate::ast::table::Fields<$a>>::field(node, arena, index);)?
                        #[allow(unreachable_code)]
                        $crate::ast::table::Value::None
                    })*
                }
            }

            #[allow(unused_assignments)]
            pub(crate) fn make(
                arena: &$a $crate::Arena, class: usize, values: &[$crate::ast::table::Value<$a>],
            ) -> Option<Self> {
                let mut at = 0;
                $(if class == at {
                    return Some($kind::$variant $(
                        (<$payload as $crate::ast::table::Fields<$a>>::build(arena, values)?)
                    )?);
                }
                at += 1;)*
                None
            }
        }
    };
    // With positions: a struct around the enum.
    ($a:lifetime; $(#[$doc:meta])* $name:ident, $kind:ident = $asdl:literal, positions { $($classes:tt)* }) => {
        sum!(@each $a { $kind $asdl positions [#[doc = concat!("Which `", $asdl, "` it is.")]] } [] $($classes)*);
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<$a> {
            /// Which node.
            pub kind: $kind<$a>,
            /// Where it stands.
            pub range: Span,
        }
        impl<$a> $name<$a> {
            /// The ASDL type.
            pub const TYPE: $crate::ast::table::TypeInfo =
                $crate::ast::table::TypeInfo { name: $asdl, nodes: $kind::NODES, product: false };
            pub(crate) fn info(&self) -> &'static $crate::ast::table::NodeInfo {
                self.kind.info()
            }
            pub(crate) fn field(&self, arena: &$a $crate::Arena, index: usize) -> $crate::ast::table::Value<$a> {
                self.kind.read(arena, index)
            }
            pub(crate) fn span(&self) -> Option<Span> {
                Some(self.range)
            }
            pub(crate) fn build(
                arena: &$a $crate::Arena, class: usize, values: &[$crate::ast::table::Value<$a>], range: Span,
            ) -> Option<Self> {
                Some($name { kind: $kind::make(arena, class, values)?, range })
            }
        }
    };
    // Without: the enum alone.
    ($a:lifetime; $(#[$doc:meta])* $name:ident = $asdl:literal, no_positions { $($classes:tt)* }) => {
        sum!(@each $a { $name $asdl no_positions [$(#[$doc])*] } [] $($classes)*);
        impl<$a> $name<$a> {
            /// The ASDL type.
            pub const TYPE: $crate::ast::table::TypeInfo =
                $crate::ast::table::TypeInfo { name: $asdl, nodes: $name::NODES, product: false };
            pub(crate) fn field(&self, arena: &$a $crate::Arena, index: usize) -> $crate::ast::table::Value<$a> {
                self.read(arena, index)
            }
            pub(crate) fn span(&self) -> Option<Span> {
                None
            }
            pub(crate) fn build(
                arena: &$a $crate::Arena, class: usize, values: &[$crate::ast::table::Value<$a>], _: Span,
            ) -> Option<Self> {
                $name::make(arena, class, values)
            }
        }
    };
}
pub(crate) use sum;

macro_rules! class_pattern {
    ($node:ident, $path:path) => {
        $path
    };
    ($node:ident, $path:path, $payload:ty) => {
        $path($node)
    };
}
pub(crate) use class_pattern;

macro_rules! fields_of {
    () => {
        &[]
    };
    ($payload:ty) => {
        <$payload as $crate::ast::table::Fields>::FIELDS
    };
}
pub(crate) use fields_of;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::{Mod, Span, dump};
    use crate::{ParseOptions, parse};

    #[test]
    fn signatures() {
        let found: Vec<_> = TYPES.iter().flat_map(|ty| ty.nodes).map(NodeInfo::signature).collect();
        for expected in [
            "Module(stmt* body, type_ignore* type_ignores)",
            "AsyncFor(expr target, expr iter, stmt* body, stmt* orelse, string? type_comment)",
            "ImportFrom(identifier? module, alias* names, int? level)",
            "Dict(expr?* keys, expr* values)",
            "Interpolation(expr value, constant str, int conversion, expr? format_spec)",
            "ExceptHandler(expr? type, identifier? name, stmt* body)",
            "arguments(arg* posonlyargs, arg* args, arg? vararg, arg* kwonlyargs, expr?* kw_defaults, arg? kwarg, \
             expr* defaults)",
            "MatchSingleton(constant value)",
            "TypeIgnore(int lineno, string tag)",
            "Pass",
            "MatMult",
        ] {
            assert!(found.iter().any(|signature| signature == expected), "{expected}");
        }
    }

    /// Builds a value anew from its parts.
    fn rebuilt<'a>(arena: &'a Arena, value: Value<'a>) -> Value<'a> {
        match value {
            Value::Node(node) => {
                let fields: Vec<_> =
                    (0..node.info().fields.len()).map(|index| rebuilt(arena, node.field(arena, index))).collect();
                let span = node.span().unwrap_or(Span::default());
                Value::Node(Node::build(arena, node.info().name, &fields, span).expect("fields that fit"))
            }
            Value::List(items) => {
                let items: Vec<_> = items.iter().map(|&item| rebuilt(arena, item)).collect();
                Value::List(arena.slice(&items))
            }
            other => other,
        }
    }

    #[test]
    fn trees_can_be_taken_apart_and_put_together() {
        let source = "@d\ndef f(a, *b: c, d=1, **e) -> g:\n  for x in {**y, z: 1}: return x\n  match q:\n    case \
                      A(1, k=None) | [*_]: f\"{a!r:>{b}}\"\ntry: import a.b\nexcept* E as e: pass\n";
        let arena = Arena::new();
        let tree = parse(&arena, source, &ParseOptions::default(), &mut Vec::new()).expect("a correct program");
        let tree: &Mod<'_> = arena.alloc(tree);
        let Value::Node(Node::Mod(again)) = rebuilt(&arena, Value::Node(Node::Mod(tree))) else {
            panic!("not a module");
        };
        assert_eq!(dump(again), dump(tree));
        assert!(Node::build(&arena, "Return", &[Value::Int(1)], Span::default()).is_none());
        assert!(Node::build(&arena, "Nothing", &[], Span::default()).is_none());
    }
}
