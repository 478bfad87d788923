//! Names that would do harm where they are shown.

use crate::files::Files;

/// As JSON and TOML write it: a terminal's escape, a faked line, a mark of direction, C1's escape.
const EVIL: &str = r#""\u001b]0;x\u0007\nunis: no warnings\u202e\u009b2J""#;
/// As it may be shown.
const SHOWN: &str = r"\u{1b}]0;x\u{7}\nunis: no warnings\u{202e}\u{9b}2J";

fn is_harmless(message: &str) {
    let bad = |character: char| character.is_control() || character == '\u{202e}';
    assert!(!message.contains(bad), "{message:?}");
    assert!(message.contains(SHOWN), "{message}");
}

#[test]
fn warnings_and_refusals_are_one_harmless_line_whatever_names_say() {
    let node = |id: u8| format!("{{\"id\": {id}, \"label\": {EVIL}}}");
    let (one, two) = (node(1), node(2));
    let graph =
        format!("{{\"nodes\": [{one}, {two}], \"links\": [{{\"source\": 1, \"target\": 2}}]}}");
    let network = Files::new().with("nodelink", "a.json", graph).network();
    let twice = network.warnings().iter().filter(|warning| warning.code == "duplicate-label");
    assert_eq!(twice.clone().count(), 2);
    twice.for_each(|warning| is_harmless(&warning.to_string()));
    let pop = format!("[[pop]]\nname = {EVIL}\n");
    is_harmless(&Files::new().with("inventory", "a.toml", format!("{pop}{pop}")).refusal());
}

#[test]
fn so_is_the_name_of_a_file() {
    let name = "a\u{1b}[2J\nb.gml";
    let network = Files::new().with("gml", name, "graph [ node [ id 1 label \"A\" ] ]").network();
    let warning = network.warnings().first().unwrap().to_string();
    assert!(warning.contains(r"a\u{1b}[2J\nb.gml: no node"), "{warning:?}");
    let refusal = Files::new().with("gml", name, "graph [").refusal();
    assert!(refusal.starts_with(r"a\u{1b}[2J\nb.gml:1: the file ends"), "{refusal:?}");
}

#[test]
fn an_infinite_number_is_refused_by_its_name_and_line() {
    let graph = "{\"nodes\": [{\"id\": 1}, {\"id\": 2}], \"links\": [\n\
                 {\"source\": 1, \"target\": 2, \"weight\": Infinity}]}";
    let refusal = Files::new().with("nodelink", "a.json", graph).refusal();
    assert_eq!(refusal, "a.json:2: weight is inf; expected a finite number, not below 0");
}

#[test]
fn a_number_of_300_digits_is_not_shown_whole() {
    for digits in ["9".repeat(300), "1e300".to_owned()] {
        let graph = format!(
            "graph [ node [ id 1 label \"A\" ] node [ id 2 label \"B\" ] \
             edge [ source 1 target 2 weight {digits} ] ]"
        );
        let refusal = Files::new().with("gml", "a.gml", graph).refusal();
        assert!(refusal.contains("more digits); at most 4294967295 can be counted"), "{refusal}");
        assert!(refusal.len() < 120, "{refusal}");
    }
}
