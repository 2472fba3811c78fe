use super::*;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Inner {
    word: String,
    yes: bool,
}
object!(Inner { word, yes });

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Outer {
    small: u32,
    large: u64,
    signed: Option<i64>,
    inner: Option<Inner>,
    list: Vec<Inner>,
    words: Vec<String>,
}
object!(Outer { small, large, signed, inner, list, words });

fn outer() -> Outer {
    let inner = Inner { word: "a \"b\" \\ / \n\r\t\u{1} \u{fc}\u{1f600}".to_owned(), yes: true };
    Outer {
        small: u32::MAX,
        large: u64::MAX,
        signed: Some(i64::MIN),
        inner: None,
        list: vec![inner, Inner::default()],
        words: Vec::new(),
    }
}

#[test]
fn what_is_written_is_read_back() {
    let text = to_text(&outer());
    assert_eq!(from_text(&text), Some(outer()), "{text}");
    assert_eq!(
        text,
        "{\"small\":4294967295,\"large\":18446744073709551615,\"signed\":-9223372036854775808,\"inner\":null,\
         \"list\":[{\"word\":\"a \\\"b\\\" \\\\ / \\n\\r\\t\\u0001 \u{fc}\u{1f600}\",\"yes\":true},\
         {\"word\":\"\",\"yes\":false}],\"words\":[]}"
    );
}

#[test]
fn a_text_that_is_cut_is_not_read() {
    let text = to_text(&outer());
    for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
        assert_eq!(from_text::<Outer>(&text[..cut]), None, "{cut}");
    }
    assert_eq!(from_text::<Outer>(&format!("{text}x")), None);
    assert_eq!(from_text::<Outer>(&format!(" {text}\n")), Some(outer()));
}

#[test]
fn fields_come_in_any_order_and_others_are_passed_over() {
    let text =
        r#" { "yes" : true , "x" : [ { "y" : [ -1.5e+3, null, true, "\"]}" ], "z" : {} } ], "word" : "w" } "#;
    assert_eq!(from_text(text), Some(Inner { word: "w".to_owned(), yes: true }));
    assert_eq!(from_text::<Inner>(r#"{"yes":true}"#), None, "only an Option may be absent");
    let deep =
        |depth| format!("{{\"word\":\"\",\"yes\":true,\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(from_text::<Inner>(&deep(60)).is_some());
    assert_eq!(from_text::<Inner>(&deep(100_000)), None);
}

#[test]
fn characters_may_be_written_as_numbers() {
    let read = |text: &str| from_text::<String>(text);
    assert_eq!(read(r#""\u0041\u00fC\ud83d\ude00\/\b\f""#).as_deref(), Some("A\u{fc}\u{1f600}/\u{8}\u{c}"));
    for wrong in [
        r#""\u12""#,
        r#""\u+123""#,
        r#""\ud83d""#,
        r#""\ud83dx""#,
        r#""\ud83d \ude00""#,
        r#""\ud83d\u0041""#,
        r#""\ud83d\ue000""#,
        r#""\ude00""#,
        r#""\x""#,
        "\"\u{1}\"",
        "\"",
        "\"\\",
        "x",
        "",
        "\"\\u\u{fc}\u{fc}\"",
    ] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
}

#[test]
fn a_value_of_another_type_is_not_read() {
    for number in ["-1", "1.5", "1e3", "4294967296", "\"1\"", "null", "--1", "1-1", "", "+1", "true"] {
        assert_eq!(from_text::<u32>(number), None, "{number}");
    }
    for wrong in ["tru", "0", "\"true\"", "null", "True"] {
        assert_eq!(from_text::<bool>(wrong), None, "{wrong}");
    }
    for wrong in ["{}", "[,]", "[1,]", "[1 2]", "[1", "[null]", "1"] {
        assert_eq!(from_text::<Vec<u64>>(wrong), None, "{wrong}");
    }
    for wrong in [
        "[]",
        "{\"word\"}",
        "{\"word\":\"w\" \"yes\":true}",
        "{word:\"w\",\"yes\":true}",
        "{\"word\":\"w\",\"yes\":true,}",
    ] {
        assert_eq!(from_text::<Inner>(wrong), None, "{wrong}");
    }
    assert_eq!(from_text("[1 , 2]"), Some(vec![1u64, 2]));
}

#[test]
fn a_number_has_a_sign_only_if_it_is_below_zero() {
    assert_eq!([-1, 0, 1].map(|number: i64| to_text(&number)), ["-1", "0", "1"]);
}

#[test]
fn a_sparse_field_is_written_only_if_it_holds_something() {
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Sample {
        id: u32,
        values: Sparse<Vec<String>>,
    }
    object!(Sample { id, values });
    for (values, text) in [(vec![], r#"{"id":1}"#), (vec!["a".to_owned()], r#"{"id":1,"values":["a"]}"#)] {
        let note = Sample { id: 1, values: Sparse(values) };
        assert_eq!(to_text(&note), text);
        assert_eq!(from_text(text), Some(note));
    }
    assert_eq!(from_text::<Sample>(r#"{"id":1,"values":"a"}"#), None);
}

#[test]
fn a_field_that_is_absent_is_empty_even_if_the_default_is_not() {
    #[derive(Debug, PartialEq, Eq)]
    struct Given {
        there: Option<u32>,
        sparse: Sparse<u32>,
    }
    object!(Given { there, sparse });
    impl Default for Given {
        fn default() -> Self {
            Given { there: Some(7), sparse: Sparse(7) }
        }
    }
    assert_eq!(from_text("{}"), Some(Given { there: None, sparse: Sparse(0) }));
    let given = Given { there: Some(8), sparse: Sparse(9) };
    assert_eq!(from_text("{\"there\":8,\"sparse\":9}"), Some(given));
}
