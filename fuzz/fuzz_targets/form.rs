//! Any bytes as a form: no panic, and what is read can be written and read again as the same pairs.
#![no_main]

use cambist::request::{Form, Parameters};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let limits = cambist::limits::RequestLimits::default();
    let Ok(form) = Form::parse(body, limits.body, limits.parameters) else {
        return;
    };
    let encode =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
    let again: Vec<String> = form
        .pairs()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    // Writing out escapes every byte, so only the length may grow.
    let again = Form::parse(again.join("&").as_bytes(), usize::MAX, limits.parameters).unwrap();
    assert!(form.pairs().eq(again.pairs()));
    let parameters = Parameters::new(form);
    let _ = parameters.check(&["audience"], &limits);
    let _ = parameters.value("scope");
});
