//! What happens when the system gives no more memory: one sentence and exit code 2, where Rust would abort with a
//! backtrace.
//!
//! The budget of `--memory` bounds what is read at once, but a file larger than the budget is read all the same, and a
//! limit of the system on the address space of a process may be lower. Stable Rust calls no handler when an
//! allocation fails; only the allocator itself notices. The check costs nothing that can be measured.
#![expect(unsafe_code, reason = "an allocator cannot be written without")]

#[cfg(not(target_env = "musl"))]
use std::alloc::System;
use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[cfg(target_env = "musl")]
use mimalloc::MiMalloc as System;

use crate::cli::{Exit, acts};

/// The allocator of the system (with musl, whose own is slow with several threads, mimalloc), for a program that runs [`run`](crate::run) and nothing else: it ends the program when
/// the system refuses memory.
#[derive(Debug)]
pub struct SystemOrEnd;

// SAFETY: every call goes to the allocator of the system, whose contract is the same.
unsafe impl GlobalAlloc for SystemOrEnd {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller has promised.
        checked(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller has promised.
        checked(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller has promised.
        checked(unsafe { System.realloc(old, layout, size) }, size)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller has promised.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[inline]
fn checked(memory: *mut u8, bytes: usize) -> *mut u8 {
    if memory.is_null() {
        end(bytes);
    }
    memory
}

/// Whether a thread ends the program.
static ENDED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether this one does.
    static ENDING: Cell<bool> = const { Cell::new(false) };
}

/// Says what is wrong and ends the program. A report that is being made leaves its hidden folder, as after a kill: to
/// remove it takes memory.
#[cold]
fn end(bytes: usize) -> ! {
    // What ends the program might ask for memory in turn.
    let again = ENDING.replace(true);
    while !again && ENDED.swap(true, Ordering::Relaxed) {
        // Another thread ends the program.
        std::thread::sleep(Duration::from_secs(1));
    }
    if !again {
        let mut message = Message { text: [0; 1024], len: 0 };
        let _full = write!(message, "error: out of memory");
        pipeline::at_hand::last(|name| {
            let _full = write!(message, " at {}", Shown(name));
        });
        let _full = write!(
            message,
            ": the system refused {bytes} bytes\nlower --memory or --threads, or raise the limit of the system (`ulimit -v`)\n"
        );
        let text = &message.text[..message.len];
        #[cfg(unix)]
        let _closed = rustix::io::write(rustix::stdio::stderr(), text);
        #[cfg(not(unix))]
        let _closed = std::io::Write::write(&mut std::io::stderr(), text);
    }
    #[expect(clippy::exit, reason = "nothing can be returned without memory")]
    std::process::exit(Exit::NotDone as i32)
}

/// A message in memory that is there.
struct Message {
    text: [u8; 1024],
    len: usize,
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.text[self.len..];
        let bytes = &text.as_bytes()[..text.len().min(room.len())];
        room[..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
        Ok(())
    }
}

/// The name of a file, its last 200 bytes at most, without characters that act on a terminal.
struct Shown<'n>(&'n str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut start = self.0.len().saturating_sub(200);
        while !self.0.is_char_boundary(start) {
            start += 1;
        }
        self.0[start..].chars().try_for_each(|c| f.write_char(if acts(c) { '?' } else { c }))
    }
}
