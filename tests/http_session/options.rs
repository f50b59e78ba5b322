//! What each option does.
