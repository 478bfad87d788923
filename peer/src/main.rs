//! `peer`: arguments, then the command. What each does stands in `cli`.

fn main() {}
