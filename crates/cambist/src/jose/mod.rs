//! JSON Object Signing and Encryption, the part the core needs.
