//! The object head, reference counts, and the three ways to hold an object.
//!
//! - [`Object`] is the 16-byte head that every object starts with; `&Object` is a borrowed reference.
//! - [`Obj`] owns one reference: `clone` increments, `drop` decrements. It is a non-null pointer, so
//!   `Result<Obj, Raised>` and `Option<Obj>` have the ABI of C's nullable `PyObject *`.
//! - [`Ref<T>`] is an `Obj` whose layout is known to be `T`.
//!
//! Counts are not atomic: whoever touches an object holds the interpreter lock. Immortal objects (PEP 683) are
//! never counted up or down.

use crate::typeobj::Type;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, offset_of};
use std::ops::Deref;
use std::ptr::NonNull;

/// The count that immortal objects start with, in the middle of the immortal range.
pub const IMMORTAL_INITIAL: u32 = 0xC000_0000;
/// `ob_flags` bit: the object was made immortal.
pub const FLAG_IMMORTAL: u16 = 1;
/// From this bit of `ob_flags` on: [`Object::size_class`].
const CLASS_SHIFT: u32 = 8;
/// `ob_flags` bit: the object lies in static storage.
pub const FLAG_STATIC: u16 = 4;

/// The head of every object (`PyObject`).
#[repr(C)]
pub struct Object {
    refcnt: Cell<u32>,
    overflow: Cell<u16>,
    flags: Cell<u16>,
    ty: Cell<*const Type>,
}

const _: () = {
    assert!(size_of::<Object>() == 16);
    assert!(offset_of!(Object, refcnt) == 0 && offset_of!(Object, overflow) == 4);
    assert!(offset_of!(Object, flags) == 6 && offset_of!(Object, ty) == 8);
};

// SAFETY: objects are only touched by the thread that holds the interpreter lock; static objects are immortal.
unsafe impl Sync for Object {}

impl Object {
    /// A head with one reference and the given type.
    #[inline]
    pub const fn new(ty: &'static Type) -> Object {
        Object { refcnt: Cell::new(1), overflow: Cell::new(0), flags: Cell::new(0), ty: Cell::new(ty) }
    }

    /// A head like that of [`Object::new`], of an object in a block of this size class.
    #[inline(always)]
    pub const fn in_class(ty: *const Type, class: usize) -> Object {
        Object {
            refcnt: Cell::new(1),
            overflow: Cell::new(0),
            flags: Cell::new((class as u16) << CLASS_SHIFT),
            ty: Cell::new(ty),
        }
    }

    /// The size class of the block that the object lies in, by which the block can be kept when the object is gone; 0 for blocks
    /// that go back to the allocator.
    #[inline(always)]
    pub fn size_class(&self) -> usize {
        (self.flags.get() >> CLASS_SHIFT) as usize
    }

    /// The object has moved to a block of another size.
    #[inline]
    pub fn forget_size_class(&self) {
        self.flags.set(self.flags.get() & ((1 << CLASS_SHIFT) - 1));
    }

    /// A head for the `body` handed to [`crate::alloc::new_instance`], which replaces it.
    #[inline]
    pub const fn placeholder() -> Object {
        Object { refcnt: Cell::new(1), overflow: Cell::new(0), flags: Cell::new(0), ty: Cell::new(std::ptr::null()) }
    }

    /// A head for an object in static storage: immortal, word `0x0005_0000_C000_0000`.
    pub const fn immortal(ty: &'static Type) -> Object {
        Object {
            refcnt: Cell::new(IMMORTAL_INITIAL),
            overflow: Cell::new(0),
            flags: Cell::new(FLAG_IMMORTAL | FLAG_STATIC),
            ty: Cell::new(ty),
        }
    }

    /// The object's type (`Py_TYPE`).
    #[inline(always)]
    pub fn ty(&self) -> &Type {
        // SAFETY: every published object has a type, and holds a reference to it when it is a heap type.
        unsafe { &*self.ty.get() }
    }

    /// The address of the type, for identity tests and inline caches.
    #[inline(always)]
    pub fn ty_ptr(&self) -> *const Type {
        self.ty.get()
    }

    /// Overwrites the type pointer; the caller settles the references of heap types.
    #[inline]
    pub fn set_ty(&self, ty: *const Type) {
        self.ty.set(ty);
    }

    /// The current count (`Py_REFCNT`).
    #[inline(always)]
    pub fn refcnt(&self) -> u32 {
        self.refcnt.get()
    }

    /// Sets the count without regard to immortality. Only allocators and revival use it.
    #[inline]
    pub fn set_refcnt(&self, n: u32) {
        self.refcnt.set(n);
    }

    /// Whether the object is exempt from counting.
    #[inline(always)]
    pub fn is_immortal(&self) -> bool {
        (self.refcnt.get() as i32) < 0
    }

    /// Exempts the object from counting from now on.
    pub fn make_immortal(&self) {
        self.refcnt.set(IMMORTAL_INITIAL);
        self.flags.set(self.flags.get() | FLAG_IMMORTAL);
    }

    /// Whether this is the only reference to the object, so that it may be changed in place.
    #[inline(always)]
    pub fn is_unique(&self) -> bool {
        self.refcnt.get() == 1
    }

    /// Counts one more reference (`Py_INCREF`).
    #[inline(always)]
    pub fn incref(&self) {
        let n = self.refcnt.get();
        if n < IMMORTAL_INITIAL {
            self.refcnt.set(n + 1);
        }
    }

    /// Gives one reference back (`Py_DECREF`).
    ///
    /// # Safety
    /// The caller owns the reference that it gives back, and does not use the object afterwards.
    #[inline(always)]
    pub unsafe fn decref(this: *const Object) {
        // SAFETY: the caller's reference keeps the object alive until here.
        unsafe {
            let n = (*this).refcnt.get();
            if (n as i32) >= 0 {
                (*this).refcnt.set(n - 1);
                if n == 1 {
                    crate::alloc::dealloc(this);
                }
            }
        }
    }

    /// A new owned reference to this object.
    #[inline(always)]
    pub fn to_obj(&self) -> Obj {
        self.incref();
        Obj(NonNull::from(self))
    }

    /// The object's address, as `id()` shows it.
    #[inline(always)]
    pub fn as_ptr(&self) -> *mut Object {
        self as *const Object as *mut Object
    }

    /// Identity (`is`).
    #[inline(always)]
    pub fn is(&self, other: &Object) -> bool {
        std::ptr::eq(self, other)
    }

    /// Whether the type is exactly `ty`.
    #[inline(always)]
    pub fn is_exact(&self, ty: &Type) -> bool {
        std::ptr::eq(self.ty.get(), ty)
    }

    /// Whether the object is `None`.
    #[inline(always)]
    pub fn is_none(&self) -> bool {
        std::ptr::eq(self, crate::types::none::none())
    }

    /// This object as a `T`, if it is an instance of `T`'s type or of a subclass.
    #[inline(always)]
    pub fn downcast<T: Layout>(&self) -> Option<&T> {
        // SAFETY: `Layout` promises that every instance of the type is laid out as `T`.
        if T::is_instance(self) { Some(unsafe { self.cast_unchecked() }) } else { None }
    }

    /// This object as a `T`, if its type is exactly `T`'s.
    #[inline(always)]
    pub fn downcast_exact<T: Layout>(&self) -> Option<&T> {
        // SAFETY: as for `downcast`.
        if self.is_exact(T::type_object()) { Some(unsafe { self.cast_unchecked() }) } else { None }
    }

    /// The receiver of a slot or method as its own layout. The machinery that calls slots and descriptors has already
    /// made sure of the type (that is its contract); debug builds test it again.
    #[inline(always)]
    pub fn cast<T: Layout>(&self) -> &T {
        debug_assert!(
            T::is_instance(self),
            "receiver of type {} is not a {}",
            self.ty().name_str(),
            std::any::type_name::<T>()
        );
        // SAFETY: the slot contract above.
        unsafe { self.cast_unchecked() }
    }

    /// # Safety
    /// The object is laid out as `T`.
    #[inline(always)]
    pub unsafe fn cast_unchecked<T>(&self) -> &T {
        // SAFETY: the caller's promise.
        unsafe { &*(self as *const Object).cast::<T>() }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} object at {:p}>", self.ty().name_str(), self)
    }
}

/// The head of objects with a variable part (`PyVarObject`): `ob_size` counts its items.
#[repr(C)]
pub struct VarObject {
    /// The head proper.
    pub ob_base: Object,
    /// Number of items.
    pub ob_size: Cell<isize>,
}

const _: () = assert!(size_of::<VarObject>() == 24 && offset_of!(VarObject, ob_size) == 16);

impl VarObject {
    /// A head with one reference.
    pub const fn new(ty: &'static Type, size: isize) -> VarObject {
        VarObject { ob_base: Object::new(ty), ob_size: Cell::new(size) }
    }
    /// A placeholder, see [`Object::placeholder`].
    pub const fn placeholder(size: isize) -> VarObject {
        VarObject { ob_base: Object::placeholder(), ob_size: Cell::new(size) }
    }
    /// A head in static storage.
    pub const fn immortal(ty: &'static Type, size: isize) -> VarObject {
        VarObject { ob_base: Object::immortal(ty), ob_size: Cell::new(size) }
    }
}

/// A Rust struct that is the memory of a Python object.
///
/// # Safety
/// `Self` is `#[repr(C)]`, begins with an [`Object`], and every instance of `type_object()` and of its subclasses
/// starts with a valid `Self`.
pub unsafe trait Layout: Sized + 'static {
    /// The Python type whose instances have this layout.
    fn type_object() -> &'static Type;
    /// Whether `obj` has this layout.
    #[inline(always)]
    fn is_instance(obj: &Object) -> bool {
        obj.is_exact(Self::type_object()) || obj.ty().is_subtype(Self::type_object())
    }
    /// The head.
    #[inline(always)]
    fn as_object(&self) -> &Object {
        // SAFETY: the layout begins with an `Object`.
        unsafe { &*(self as *const Self).cast::<Object>() }
    }
}

/// Declares `$t` as the layout of the type `$ty`: `layout!(List, PyList_Type)`, or with the `tp_flags` bit that marks
/// its subclasses, `layout!(List, PyList_Type, LIST_SUBCLASS)`. Also dereferences `$t` to [`Object`].
#[macro_export]
macro_rules! layout {
    ($t:ty, $ty:expr $(, $flag:ident)?) => {
        // SAFETY: the struct is `#[repr(C)]`, starts with the head, and is what the type's `tp_new` fills in.
        unsafe impl $crate::Layout for $t {
            #[inline(always)]
            fn type_object() -> &'static $crate::Type { &$ty }
            $(#[inline(always)]
            fn is_instance(obj: &$crate::Object) -> bool { obj.ty().has_flag($crate::typeobj::flags::$flag) })?
        }
        impl std::ops::Deref for $t {
            type Target = $crate::Object;
            #[inline(always)]
            fn deref(&self) -> &$crate::Object { $crate::Layout::as_object(self) }
        }
    };
}

/// One owned reference.
#[repr(transparent)]
pub struct Obj(NonNull<Object>);

const _: () = assert!(size_of::<Option<Obj>>() == 8);

impl Obj {
    /// Takes over a reference.
    ///
    /// # Safety
    /// `p` points to an object, and the caller owns one reference to it.
    #[inline(always)]
    pub unsafe fn from_raw(p: *const Object) -> Obj {
        // SAFETY: the caller's promise.
        Obj(unsafe { NonNull::new_unchecked(p as *mut Object) })
    }

    /// Takes over a reference that may be null.
    ///
    /// # Safety
    /// As for [`Obj::from_raw`], when not null.
    #[inline(always)]
    pub unsafe fn from_raw_opt(p: *const Object) -> Option<Obj> {
        NonNull::new(p as *mut Object).map(Obj)
    }

    /// Hands the reference out; someone else now owes the decref.
    #[inline(always)]
    pub fn into_raw(self) -> *mut Object {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// As a typed reference, if the type (or a base) is `T`'s.
    #[inline]
    pub fn downcast_into<T: Layout>(self) -> Result<Ref<T>, Obj> {
        if T::is_instance(&self) { Ok(Ref { obj: self, layout: PhantomData }) } else { Err(self) }
    }

    /// # Safety
    /// The object is laid out as `T`.
    #[inline(always)]
    pub unsafe fn cast_into_unchecked<T: Layout>(self) -> Ref<T> {
        Ref { obj: self, layout: PhantomData }
    }
}

impl Clone for Obj {
    #[inline(always)]
    fn clone(&self) -> Obj {
        self.incref();
        Obj(self.0)
    }
}

impl Drop for Obj {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: this value owns the reference.
        unsafe { Object::decref(self.0.as_ptr()) }
    }
}

impl Deref for Obj {
    type Target = Object;
    #[inline(always)]
    fn deref(&self) -> &Object {
        // SAFETY: the owned reference keeps the object alive.
        unsafe { self.0.as_ref() }
    }
}

impl fmt::Debug for Obj {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// One owned reference to an object laid out as `T`.
#[repr(transparent)]
pub struct Ref<T: Layout> {
    obj: Obj,
    layout: PhantomData<T>,
}

impl<T: Layout> Ref<T> {
    /// Forgets the layout.
    #[inline(always)]
    pub fn into_obj(self) -> Obj {
        self.obj
    }
    /// The reference as an untyped one.
    #[inline(always)]
    pub fn as_obj(&self) -> &Obj {
        &self.obj
    }
    /// A new owned reference to a borrowed object.
    #[inline(always)]
    pub fn from_borrowed(t: &T) -> Ref<T> {
        Ref { obj: t.as_object().to_obj(), layout: PhantomData }
    }
}

impl<T: Layout> Clone for Ref<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        Ref { obj: self.obj.clone(), layout: PhantomData }
    }
}

impl<T: Layout> Deref for Ref<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the layout was established when the reference was typed.
        unsafe { self.obj.cast_unchecked() }
    }
}

impl<T: Layout> From<Ref<T>> for Obj {
    #[inline(always)]
    fn from(r: Ref<T>) -> Obj {
        r.obj
    }
}

/// A field that holds an owned reference or nothing, changeable behind `&`. Zeroed memory is the empty field.
#[repr(transparent)]
pub struct ObjCell(Cell<Option<Obj>>);

impl ObjCell {
    /// An empty field.
    pub const fn empty() -> ObjCell {
        ObjCell(Cell::new(None))
    }
    /// A field holding `o`.
    pub const fn new(o: Obj) -> ObjCell {
        ObjCell(Cell::new(Some(o)))
    }
    /// A field holding `o` or nothing.
    pub const fn from_opt(o: Option<Obj>) -> ObjCell {
        ObjCell(Cell::new(o))
    }
    #[inline(always)]
    fn raw(&self) -> *mut Object {
        // SAFETY: `Option<Obj>` has the representation of a nullable pointer, and reading it takes no reference.
        unsafe { *self.0.as_ptr().cast::<*mut Object>() }
    }
    /// The object, borrowed. The borrow is good until the field is next written: where Python code may run meanwhile, take
    /// [`ObjCell::get_owned`].
    #[inline(always)]
    pub fn get(&self) -> Option<&Object> {
        // SAFETY: a non-null field holds a live object.
        unsafe { self.raw().as_ref() }
    }
    /// A new reference to the object.
    #[inline(always)]
    pub fn get_owned(&self) -> Option<Obj> {
        self.get().map(Object::to_obj)
    }
    /// Whether the field is empty.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.raw().is_null()
    }
    /// Stores `o`; the old object is released after the store, since its finaliser may look here.
    #[inline(always)]
    pub fn set(&self, o: Option<Obj>) {
        drop(self.0.replace(o));
    }
    /// Stores `o` and hands out what was there.
    #[inline(always)]
    pub fn replace(&self, o: Option<Obj>) -> Option<Obj> {
        self.0.replace(o)
    }
    /// Empties the field.
    #[inline(always)]
    pub fn take(&self) -> Option<Obj> {
        self.0.replace(None)
    }
}
