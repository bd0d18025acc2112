//! The program `cambist`.

fn main() {}
