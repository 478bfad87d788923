//! Choices of sources that make no network, and files that cannot be read.

use std::path::PathBuf;

use topology::{Options, Penalties, Source};

use crate::files::{Files, fixture};

fn refusal(sources: &[Source], options: &Options) -> String {
    topology::load(sources, options, &()).err().unwrap().to_string()
}

#[test]
fn sources_must_make_a_whole() {
    let options = Options::default();
    assert!(refusal(&[], &options).contains("no sources"));
    let list = fixture("prefixes", "germany50/prefixes.csv");
    assert!(refusal(&[list], &options).contains("no graph among the sources"));
    let mixed = [fixture("alto", "small.toml"), fixture("inventory", "small.toml")];
    assert!(refusal(&mixed, &options).contains("cannot be mixed with `inventory="));
}

#[test]
fn options_without_sense_are_refused() {
    let penalties = Penalties { peer: f64::INFINITY, ..Penalties::default() };
    let options = Options { penalties, ..Options::default() };
    let message = refusal(&[fixture("inventory", "small.toml")], &options);
    assert!(message.starts_with("routingcost.penalty.peer is inf"), "{message}");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let options = Options::default();
    let missing =
        Source { format: "graphml".parse().unwrap(), path: PathBuf::from("no/such.file") };
    let message = refusal(&[missing], &options);
    assert!(message.starts_with("no/such.file: cannot open: "), "{message}");
    let directory = fixture("graphml", "germany50");
    assert!(
        refusal(&[directory], &options).ends_with("germany50: is a directory; expected a file")
    );
    for format in ["inventory", "graphml", "nodelink", "sndlib", "rfc8345", "alto"] {
        let message = Files::new().with(format, "empty", "").refusal();
        assert_eq!(message, "empty: is empty");
        let message = Files::new().with(format, "junk", [b'{', 159, 146, 150, 7]).refusal();
        assert_eq!(message, "junk:1: is not UTF-8 text");
        let message = Files::new().with(format, "zeros", [b'{', 159, 0]).refusal();
        assert_eq!(message, "zeros: is no text: its byte 3 is zero");
    }
}

#[test]
fn an_error_tells_file_and_line_apart() {
    let files = Files::new().with("nodelink", "g.json", "{\n\n?");
    let sources = [Source {
        format: "nodelink".parse().unwrap(),
        path: fixture("nodelink", "germany50/prefixes.csv").path,
    }];
    let error = topology::load(&sources, &Options::default(), &()).err().unwrap();
    assert!(error.file().unwrap().ends_with("prefixes.csv"));
    assert_eq!(error.line(), Some(1));
    assert!(files.refusal().starts_with("g.json:3: "));
}
