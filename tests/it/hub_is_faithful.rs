//! The hub is only worth something if it behaves like the real one: these tests talk to it without gatedl.
