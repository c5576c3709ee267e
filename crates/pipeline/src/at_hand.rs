//! The input that a thread works at, for a message when the program runs out of memory.

use std::cell::RefCell;

thread_local! {
    static NAME: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Says which input this thread works at from now on.
pub(crate) fn set(name: &str) {
    NAME.with_borrow_mut(|at_hand| {
        at_hand.clear();
        at_hand.push_str(name);
    });
}

/// Calls `with` with the name of the input that this thread worked at last; not at all when it has worked at none.
/// Allocates nothing.
pub fn last(with: impl FnOnce(&str)) {
    let _in_use = NAME.try_with(|name| {
        if let Ok(name) = name.try_borrow()
            && !name.is_empty()
        {
            with(&name);
        }
    });
}
