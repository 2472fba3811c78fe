//! A safe interface to libuci: text in, result out. The only place with `unsafe`.
//!
//! Does not compare. libuci keeps parser state in static variables (strtok, its error text), so there must be only one
//! [`Libuci`] at a time and no second thread.
#![allow(unsafe_code)]

use libuci_sys::{
    uci_alloc_context, uci_context, uci_export, uci_free_context, uci_get_errorstr, uci_import, uci_package,
    uci_unload,
};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::io;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

/// uci.h: UCI_FLAG_EXPORT_NAME, which the bindings lack.
const EXPORT_NAME: u32 = 1 << 2;
/// uci.h: UCI_ERR_PARSE.
const ERR_PARSE: c_int = 5;

/// The result of libuci for a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// `uci export`, and the same with generated section names.
    Accepted { export: Vec<u8>, named: Vec<u8> },
    /// libuci's own text and numbers.
    Refused { reason: String, line: u32, byte: u32 },
}

/// A libuci context, strict as libuci is by default.
pub struct Libuci {
    context: NonNull<uci_context>,
    /// Neither Send nor Sync.
    here: PhantomData<*const ()>,
}

impl Libuci {
    pub fn new() -> io::Result<Self> {
        // SAFETY: takes no arguments; the returned context, if any, is freed in drop.
        let context = unsafe { uci_alloc_context() };
        let context = NonNull::new(context).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Libuci { context, here: PhantomData })
    }

    /// Parses the text as the package `t`, as `uci export t` does. The text must not contain NUL.
    pub fn read(&mut self, text: &[u8]) -> io::Result<Verdict> {
        let context = self.context.as_ptr();
        let mut package: *mut uci_package = ptr::null_mut();
        // SAFETY: fmemopen in mode "r" only reads text, which outlives the stream.
        let stream = unsafe { libc::fmemopen(text.as_ptr().cast_mut().cast(), text.len(), c"r".as_ptr()) };
        if stream.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: context and stream are valid; the name outlives the call, which is all libuci needs (it copies it);
        // package is null and single is set, which is how libuci loads a file. Its longjmp stays within its frames.
        let code = unsafe { uci_import(context, stream.cast(), c"t".as_ptr(), &raw mut package, true) };
        // SAFETY: libuci does not keep the stream after uci_import: the next call sets its own.
        unsafe { libc::fclose(stream) };
        if code == ERR_PARSE {
            return self.refusal();
        }
        if code != 0 || package.is_null() {
            return Err(io::Error::other(format!("uci_import returned {code}")));
        }
        let verdict = self.export(package, false).and_then(|export| {
            let named = self.export(package, true)?;
            Ok(Verdict::Accepted { export, named })
        });
        // SAFETY: the package belongs to this context and is not used afterwards.
        unsafe { uci_unload(context, package) };
        verdict
    }

    fn export(&mut self, package: *mut uci_package, named: bool) -> io::Result<Vec<u8>> {
        let mut buffer: *mut c_char = ptr::null_mut();
        let mut size = 0;
        // SAFETY: both variables outlive the stream, which is closed below before they are read.
        let stream = unsafe { libc::open_memstream(&raw mut buffer, &raw mut size) };
        if stream.is_null() {
            return Err(io::Error::last_os_error());
        }
        let context = self.context.as_ptr();
        // SAFETY: the context is valid and not borrowed elsewhere; package is one of its packages; after fclose, buffer
        // points to size bytes from malloc, which are copied, then freed.
        unsafe {
            let strict_only = (*context).flags & !EXPORT_NAME;
            (*context).flags = if named { strict_only | EXPORT_NAME } else { strict_only };
            let code = uci_export(context, stream.cast(), package, true);
            libc::fclose(stream);
            let bytes = std::slice::from_raw_parts(buffer.cast::<u8>(), size).to_vec();
            libc::free(buffer.cast::<c_void>());
            if code == 0 { Ok(bytes) } else { Err(io::Error::other(format!("uci_export returned {code}"))) }
        }
    }

    /// libuci returns reason and line only as text: `Parse error (REASON) at line 3, byte 28`.
    fn refusal(&mut self) -> io::Result<Verdict> {
        let mut words: *mut c_char = ptr::null_mut();
        // SAFETY: the context is valid; words receives a string from malloc or null; a null prefix is allowed.
        unsafe { uci_get_errorstr(self.context.as_ptr(), &raw mut words, ptr::null()) };
        if words.is_null() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        // SAFETY: words is a NUL-terminated string that belongs to us, copied before it is freed.
        let text = unsafe {
            let text = CStr::from_ptr(words).to_string_lossy().into_owned();
            libc::free(words.cast::<c_void>());
            text
        };
        understand(&text).ok_or_else(|| io::Error::other(format!("not understood: {text}")))
    }
}

fn understand(text: &str) -> Option<Verdict> {
    let (reason, place) = text.strip_prefix("Parse error (")?.rsplit_once(") at line ")?;
    let (line, byte) = place.split_once(", byte ")?;
    Some(Verdict::Refused { reason: reason.to_owned(), line: line.parse().ok()?, byte: byte.parse().ok()? })
}

impl Drop for Libuci {
    fn drop(&mut self) {
        // SAFETY: allocated by uci_alloc_context, and not used after this.
        unsafe { uci_free_context(self.context.as_ptr()) };
    }
}
