//! malloc(3) for the C library, from the program's own heap: zig's libc would set up a second one for the few bytes that
//! getaddrinfo and opendir take.

use dlmalloc::GlobalDlmalloc;
use libc::{c_int, c_void};
use std::alloc::{GlobalAlloc as _, Layout};
use std::ptr;

/// Bytes before each block, for its size, which free(3) does not get. A multiple of the alignment of all C types.
const HEAD: usize = 16;

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEAD)?, HEAD).ok()
}

// SAFETY, here and below: the signature is that of malloc(3).
#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut c_void {
    calloc(1, size)
}

#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    let Some(layout) = count.checked_mul(size).and_then(layout) else { return ptr::null_mut() };
    // SAFETY: the layout is not empty. The size goes into the head, which is aligned for it.
    unsafe {
        let head = GlobalDlmalloc.alloc_zeroed(layout);
        if head.is_null() {
            return ptr::null_mut();
        }
        head.cast::<usize>().write(layout.size());
        head.add(HEAD).cast()
    }
}

/// std's own allocator names it, so without this one zig's heap would be linked and share [`free`] with this one.
#[unsafe(no_mangle)]
extern "C" fn posix_memalign(block: *mut *mut c_void, align: usize, size: usize) -> c_int {
    let new = if align <= HEAD { malloc(size) } else { ptr::null_mut() };
    if new.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: posix_memalign(3): the caller gives a place for the pointer.
    unsafe { block.write(new) };
    0
}

#[unsafe(no_mangle)]
extern "C" fn realloc(old: *mut c_void, size: usize) -> *mut c_void {
    let new = malloc(size);
    if !old.is_null() && !new.is_null() {
        // SAFETY: `old` is from calloc, so its head says how many bytes may be read; the blocks are apart.
        unsafe {
            let held = old.sub(HEAD).cast::<usize>().read() - HEAD;
            ptr::copy_nonoverlapping(old.cast::<u8>(), new.cast::<u8>(), held.min(size));
        }
        free(old);
    }
    new
}

#[unsafe(no_mangle)]
extern "C" fn free(block: *mut c_void) {
    if !block.is_null() {
        // SAFETY: the block is from calloc, so its head has the size of its layout.
        unsafe {
            let head = block.sub(HEAD);
            let layout = Layout::from_size_align_unchecked(head.cast::<usize>().read(), HEAD);
            GlobalDlmalloc.dealloc(head.cast(), layout);
        }
    }
}
