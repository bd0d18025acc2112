use alloc::{format, string::ToString};
use core::fmt;

use proptest::prelude::*;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::*;

fn judge(text: &str) -> Result<(), JsonError> {
    parse(text, &JsonLimits::DEFAULT).map(|_| ())
}

#[test]
fn equal_names_are_refused_at_any_depth() {
    for text in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"b":2,"a":1}"#,
        r#"{"x":{"a":1,"a":2}}"#,
        r#"[[{"x":[{"a":1,"b":{},"a":2}]}]]"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"":1,"":2}"#,
        r#"{"a":{"b":1},"a":{}}"#,
        r#"{"q\"":1,"q\u0022":2}"#,
    ] {
        assert_eq!(judge(text), Err(JsonError::DuplicateMember), "{text}");
    }
}

#[test]
fn equal_names_in_different_objects_and_equal_values_are_fine() {
    for text in [
        r#"{"a":{"a":{"a":"a"}},"b":["a","a",{"a":1},{"a":1}]}"#,
        r#"[{"a":1},{"a":1}]"#,
        r#"{"a":"b","b":"a"}"#,
        r#"{"a":"{\"a\":1,\"a\":2}","b":"],}\\"}"#,
        "[]",
        " {\"a\" :\t1 }\r\n",
    ] {
        assert_eq!(judge(text), Ok(()), "{text}");
    }
}

#[test]
fn unknown_members_of_a_typed_read_are_checked_too() {
    #[derive(Debug, serde::Deserialize)]
    struct Known<'a> {
        iss: &'a str,
    }
    let limits = JsonLimits::DEFAULT;
    let known: Known<'_> = from_str(r#"{"iss":"i","x":{"y":1}}"#, &limits).unwrap();
    assert_eq!(known.iss, "i");
    let refused = |text| from_str::<Known<'_>>(text, &limits).unwrap_err();
    assert_eq!(
        refused(r#"{"iss":"i","x":{"y":1,"y":1}}"#),
        JsonError::DuplicateMember
    );
    assert_eq!(
        refused(r#"{"iss":"i","x":1,"x":1}"#),
        JsonError::DuplicateMember
    );
    assert_eq!(refused(r#"{"iss":7}"#), JsonError::UnexpectedType);
    assert_eq!(refused(r#"{"iss":"i","x":"\ud800"}"#), JsonError::Syntax);
    assert_eq!(from_str::<Known<'_>>(r#"["i"]"#, &limits).unwrap().iss, "i");
    assert_eq!(
        object_from_str::<Known<'_>>(r#" ["i"]"#, &limits).unwrap_err(),
        JsonError::UnexpectedType
    );
}

#[test]
fn what_is_not_json_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "[",
        "]",
        "[1,]",
        "{\"a\":1,}",
        "{'a':1}",
        "{a:1}",
        "[1 2]",
        "{\"a\" 1}",
        "[01]",
        "[+1]",
        "[.5]",
        "[1.]",
        "[NaN]",
        "[Infinity]",
        "[1e400]",
        "nul",
        "[1]x",
        "[1]//c",
        "/**/[1]",
        "\u{feff}{}",
        "\"\u{1}\"",
        "\"a",
        "\"\\",
        "[\"\\x\"]",
        "[\"\\ud800\"]",
        "[\"\\udc00\\ud800\"]",
        "[}",
        "{]",
        "[1]\0",
        "{\"a\":1}{\"a\":1}",
        "\"\\\u{e9}\"",
    ] {
        assert_eq!(judge(text), Err(JsonError::Syntax), "{text:?}");
    }
    assert_eq!(judge("[\"\\u0000\"]"), Err(JsonError::Nul));
    assert_eq!(judge("{\"\\u0000\":1}"), Err(JsonError::Nul));
}

#[test]
fn depth_is_allowed_up_to_the_limit() {
    let nest = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    for make in [&nest as &dyn Fn(usize) -> String, &objects] {
        assert_eq!(judge(&make(16)), Ok(()));
        for depth in [17, 1_600, 100_000] {
            assert_eq!(judge(&make(depth)), Err(JsonError::TooDeep { limit: 16 }));
        }
        let hard = JsonLimits::new(JsonLimits::MAX_DEPTH, 256, 8_192).unwrap();
        assert!(parse(&make(32), &hard).is_ok());
        assert_eq!(
            parse(&make(33), &hard),
            Err(JsonError::TooDeep { limit: 32 })
        );
    }
    assert!(JsonLimits::new(33, 256, 8_192).is_none());
}

#[test]
fn members_are_allowed_up_to_the_limit() {
    let object = |members: usize| {
        let members: Vec<_> = (0..members)
            .map(|number| format!("\"{number}\":0"))
            .collect();
        format!("{{{}}}", members.join(","))
    };
    assert_eq!(judge(&object(256)), Ok(()));
    for members in [257, 25_600] {
        let refused = Err(JsonError::TooManyMembers { limit: 256 });
        assert_eq!(judge(&object(members)), refused);
        assert_eq!(judge(&format!("[{}]", object(members))), refused);
    }
    assert_eq!(judge(&format!("[{},{}]", object(256), object(256))), Ok(()));
    assert!(JsonLimits::new(16, 1_025, 8_192).is_none());
}

#[test]
fn strings_are_allowed_up_to_the_limit() {
    let string = |length: usize| format!("[\"{}\"]", "x".repeat(length));
    let name = |length: usize| format!("{{\"{}\":1}}", "x".repeat(length));
    for make in [&string as &dyn Fn(usize) -> String, &name] {
        assert_eq!(judge(&make(8_192)), Ok(()));
        for length in [8_193, 819_200] {
            assert_eq!(
                judge(&make(length)),
                Err(JsonError::StringTooLong { limit: 8_192 })
            );
        }
    }
    assert!(JsonLimits::new(16, 256, 32_769).is_none());
}

/// A plain second opinion: walks the text with serde's visitors and knows nothing of the scanner.
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            Err(E::custom("nul"))
        } else {
            Ok(())
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Unique)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names: Vec<String> = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            if name.contains('\0') || names.contains(&name) {
                return Err(serde::de::Error::custom("duplicate"));
            }
            names.push(name);
            members.next_value_seed(Unique)?;
        }
        Ok(())
    }
}

fn second_opinion(text: &str) -> bool {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Unique.deserialize(&mut deserializer).is_ok() && deserializer.end().is_ok()
}

fn json_like() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1".to_string()),
        Just("null".to_string()),
        Just("-0.5e3".to_string()),
        Just(r#""a""#.to_string()),
        Just(r#""\"],{\\""#.to_string()),
        Just(r#""\u0061""#.to_string()),
        Just(r#""\u0000""#.to_string()),
        Just(r#""\ud83d\ude00""#.to_string()),
        Just(r#""\ud800""#.to_string()),
    ];
    let name = prop_oneof![
        Just(r#""a""#),
        Just(r#""\u0061""#),
        Just(r#""b""#),
        Just(r#""""#),
        Just(r#""c\"""#),
        Just(r#""}""#),
        Just(r#""d""#),
        Just(r#""e,""#),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec((name.clone(), inner), 0..5).prop_map(|members| {
                let members: Vec<_> = members
                    .iter()
                    .map(|(name, value)| format!("{name}: {value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn the_scanner_agrees_with_a_plain_walk(text in json_like()) {
        prop_assert_eq!(judge(&text).is_ok(), second_opinion(&text), "{}", text);
    }

    #[test]
    fn the_scanner_agrees_with_a_plain_walk_on_damaged_texts(
        text in json_like(),
        place in any::<prop::sample::Index>(),
        with in prop::sample::select(alloc::vec!["", "\"", "\\", "{", "}", "[", "]", ",", ":", "a", " "]),
    ) {
        let place = place.index(text.chars().count());
        let before = text.chars().take(place);
        let damaged: String =
            before.chain(with.chars()).chain(text.chars().skip(place).skip(1)).collect();
        prop_assert_eq!(judge(&damaged).is_ok(), second_opinion(&damaged), "{}", damaged);
    }

    #[test]
    fn any_text_is_judged_without_a_panic(text in any::<String>()) {
        prop_assert_eq!(judge(&text).is_ok(), second_opinion(&text));
    }
}
