//! The table of options.
