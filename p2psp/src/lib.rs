//! P2PSP.
