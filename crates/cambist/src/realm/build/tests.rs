//! Building a realm: what is refused and where, and what comes out.
