//! Cryptography as the core sees it.
