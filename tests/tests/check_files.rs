//! What `unis check` makes of compressed files, of files that are none, of settings; and what its
//! help says.

use std::path::Path;
use std::process::{Command, Output};

use system_tests::{data, python, unis};

fn check(sources: &[String], more: &[&str]) -> anyhow::Result<Output> {
    let sources = sources.iter().flat_map(|source| ["--source", source]);
    unis::run(["check"].into_iter().chain(sources).chain(more.iter().copied()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Compresses a file by a module of Python's standard library.
fn compress(module: &str, from: &Path, to: &Path) -> anyhow::Result<()> {
    let code = format!(
        "import {module}, sys; {module}.open(sys.argv[2], 'wb').write(open(sys.argv[1], 'rb').read())"
    );
    python::finish(Command::new("python3").args(["-c", &code]).arg(from).arg(to)).map(|_| ())
}

#[test]
fn gzip_bzip2_and_xz_are_recognised_by_their_first_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let plain = check(&data::germany50(), &["--format", "json"]).unwrap();
    let packed: Vec<String> = ["gzip", "bz2", "lzma"]
        .into_iter()
        .zip(data::germany50())
        .map(|(module, source)| {
            let (format, path) = source.split_once('=').unwrap();
            // The name says nothing.
            let to = folder.path().join(format!("{format}.dat"));
            compress(module, Path::new(path), &to).unwrap();
            format!("{format}={}", to.display())
        })
        .collect();
    let said = check(&packed, &["--format", "json"]).unwrap();
    assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
    assert_eq!(text(&said.stdout), text(&plain.stdout));
}

#[test]
fn a_compressed_file_that_is_cut_off_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (module, source) in ["gzip", "bz2", "lzma"].into_iter().zip(data::germany50()) {
        let to = folder.path().join(module);
        let (format, path) = source.split_once('=').unwrap();
        compress(module, Path::new(path), &to).unwrap();
        let bytes = std::fs::read(&to).unwrap();
        std::fs::write(&to, &bytes[..bytes.len() / 2]).unwrap();
        let mut sources = data::germany50();
        sources.retain(|other| !other.starts_with(format));
        sources.push(format!("{format}={}", to.display()));
        let said = check(&sources, &[]).unwrap();
        assert_eq!(said.status.code(), Some(2), "{module}: {}", text(&said.stdout));
        assert!(text(&said.stderr).contains(&to.display().to_string()), "{}", text(&said.stderr));
    }
}

#[test]
fn what_is_no_file_of_the_format_is_refused_by_name_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let junk: Vec<u8> =
        (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(path("junk"), &junk).unwrap();
    std::fs::write(path("empty"), "").unwrap();
    std::fs::write(path("json"), "{\"nodes\": [").unwrap();
    std::fs::write(path("other"), "[1, 2, 3]").unwrap();
    std::fs::create_dir(path("folder")).unwrap();
    for name in ["missing", "folder", "junk", "empty", "json", "other"] {
        for format in ["inventory", "graphml", "nodelink", "prefixes", "neighbours", "alto"] {
            let source = format!("{format}={}", path(name).display());
            // Rows need a graph beside them.
            let graph = (format == "prefixes" || format == "neighbours").then(data::small);
            let sources: Vec<String> = graph.into_iter().flatten().chain([source]).collect();
            let said = check(&sources, &[]).unwrap();
            let error = text(&said.stderr);
            assert_eq!(said.status.code(), Some(2), "{format}={name}: {error}");
            let named =
                error.starts_with("unis: ") && error.contains(&path(name).display().to_string());
            assert!(named && error.lines().count() == 1, "{format}={name}: {error}");
        }
    }
}

#[test]
fn a_pipe_that_nobody_writes_to_ends_a_check() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let said = check(&[format!("gml={}", pipe.display())], &[]).unwrap();
    assert_eq!(said.status.code(), Some(2));
    let error = text(&said.stderr);
    assert!(error.contains("pipe: cannot open: is a pipe that nobody writes to"), "{error}");
}

#[test]
fn what_another_program_writes_into_a_pipe_is_read() {
    let (format, path) = ("inventory", data::project("topology/fixtures/small.toml"));
    let plain = check(&data::small(), &["--format", "json"]).unwrap();
    let script = format!("gzip < \"$1\" | \"$0\" check --format json --source {format}=/dev/stdin");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).arg(unis::program().unwrap()).arg(path);
    let said = shell.output().unwrap();
    assert_eq!(text(&said.stdout), text(&plain.stdout), "{}", text(&said.stderr));
}

#[test]
fn a_settings_file_with_a_key_that_is_none_is_refused_with_a_suggestion() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("unis.toml");
    std::fs::write(&path, "[network]\nsource = []\n\n[limits]\nmax-conections = 5\n").unwrap();
    let said = unis::run(["check", "--config", &path.display().to_string()]).unwrap();
    assert_eq!(said.status.code(), Some(2));
    let error = text(&said.stderr);
    for part in ["unis.toml", "`max-conections`", "did you mean `max-connections`?"] {
        assert!(error.contains(part), "no {part} in {error}");
    }
}

/// A server starts without the partner whose bundle it cannot read, and not at all without a file
/// of hashes: both are worth a word before.
#[test]
fn partners_whose_files_are_of_no_use_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("unis.toml");
    let partners = "[[partner]]\nname = \"acme\"\ntrust-domain = \"a.example\"\nbundle = \"no.pem\"\n\
        [[partner]]\nname = \"bolt\"\ndigest = { user = \"bolt\", ha1-file = \"no.hashes\" }\n";
    let network = format!("[network]\nsource = {:?}\n", data::small());
    std::fs::write(&path, format!("{network}{partners}")).unwrap();
    let file = path.display().to_string();
    let said = unis::run(["check", "--config", &file, "--format", "json"]).unwrap();
    assert_eq!(said.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    let warnings = report["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    for (warning, named) in warnings.iter().zip([["\"acme\"", "no.pem"], ["\"bolt\"", "no.hashes"]])
    {
        assert_eq!(
            (&warning["code"], &warning["file"]),
            (&"partner-files".into(), &file.clone().into())
        );
        for part in named {
            assert!(warning["message"].as_str().unwrap().contains(part), "{warning}");
        }
    }
    let said = unis::run(["check", "--config", &file]).unwrap();
    assert_eq!(said.status.code(), Some(1));
    // They stand apart from the network's, whose own count is another one.
    let told = text(&said.stdout);
    let (network_s, partners_s) = told.split_once("\npartners\n").unwrap();
    assert!(network_s.ends_with("\n  no warnings"), "{network_s}");
    assert_eq!(partners_s.matches("[partner-files]").count(), 2);
    assert!(partners_s.ends_with("\n  2 warnings\n"), "{partners_s}");
    std::fs::write(&path, network).unwrap();
    assert_eq!(unis::run(["check", "--config", &file]).unwrap().status.code(), Some(0));
}

#[test]
fn bad_settings_on_the_command_line_name_key_and_value_and_teach() {
    let cases = [
        ("routingcost.wieght=hops", ["routingcost.wieght", "did you mean `weight`?"]),
        ("routingcost.weight=hop", ["`hop`", "igp, distance, delay, inverse-capacity, hops"]),
        ("rotingcost.weight=hops", ["rotingcost", "did you mean `routingcost`?"]),
        ("max-pairs=many", ["max-pairs", "many"]),
        ("max-pairs", ["max-pairs", "KEY=VALUE"]),
        ("public-view=everything", ["everything", "ordinal"]),
        ("routingcost.penalty.peer=-1", ["peer", "-1"]),
        ("default-pid-cost=-3", ["default-pid-cost", "-3"]),
        ("network.asn=0", ["asn is 0", "expected 1 to 4294967295"]),
        ("trust-domain=Isp.Example", ["trust-domain", "\"Isp.Example\" is no trust domain"]),
        ("server-names=[\"a b\"]", ["server-names", "neither a DNS name nor an address"]),
    ];
    for (setting, parts) in cases {
        let said = check(&data::small(), &["--set", setting]).unwrap();
        assert_eq!(said.status.code(), Some(2), "{setting}: {}", text(&said.stdout));
        let error = text(&said.stderr);
        assert!(parts.iter().all(|part| error.contains(part)), "{setting}: {error}");
    }
}

#[test]
fn sources_that_are_none_are_refused_with_the_formats() {
    for (source, part) in
        [("inventry=x", "inventory"), ("x", "FORMAT=PATH"), ("inventory=", "inventory=")]
    {
        let said = check(&[source.to_owned()], &[]).unwrap();
        assert_eq!(said.status.code(), Some(2), "{source}");
        assert!(text(&said.stderr).contains(part), "{source}: {}", text(&said.stderr));
    }
    let said = check(&[], &[]).unwrap();
    assert_eq!(said.status.code(), Some(2));
    assert!(text(&said.stderr).contains("--source FORMAT=PATH"), "{}", text(&said.stderr));
}

#[test]
fn a_weight_that_the_files_do_not_carry_is_refused() {
    let germany50 = &data::germany50()[..1];
    for (weight, part) in [("delay", "delay"), ("inverse-capacity", "default-capacity-mbps")] {
        let said = check(germany50, &["--set", &format!("routingcost.weight={weight}")]).unwrap();
        assert_eq!(said.status.code(), Some(2), "{weight}: {}", text(&said.stdout));
        assert!(text(&said.stderr).contains(part), "{weight}: {}", text(&said.stderr));
    }
    let assumed = ["routingcost.weight=inverse-capacity", "default-capacity-mbps=10000"];
    let said =
        check(germany50, &["--set", assumed[0], "--set", assumed[1], "--format", "json"]).unwrap();
    let report = text(&said.stdout);
    assert_eq!(said.status.code(), Some(1), "{report}");
    // One for each of the 88 links, and one for want of prefixes.
    assert_eq!(report.matches("\"missing-capacity\"").count(), 88);
    assert_eq!(report.matches("\"code\"").count(), 89);
}

#[test]
fn help_teaches_the_first_steps_the_formats_and_the_exit_codes() {
    let help = |arguments: &[&str]| {
        let said = unis::run(arguments).unwrap();
        assert_eq!(said.status.code(), Some(0), "{arguments:?}");
        // Whatever the width, words stand one blank apart.
        text(&said.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let top = help(&["--help"]);
    for part in ["unis check --source", "unis serve --source", "unis config default", "RFC 7285"] {
        assert!(top.contains(part), "no {part:?} in {top}");
    }
    for command in ["serve", "check", "rank"] {
        let text = help(&[command, "--help"]);
        let parts = ["FORMAT=PATH", "nodelink", "gzip, bzip2 and xz", "routingcost.weight=hops"];
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    }
    assert!(help(&["check", "--help"]).contains("exit 0 clean, 1 warnings, 2 refused"));
    let said = unis::run(["chek"]).unwrap();
    assert_eq!(said.status.code(), Some(2));
    assert!(text(&said.stderr).contains("'check'"), "{}", text(&said.stderr));
}

#[test]
fn the_default_settings_are_a_settings_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("unis.toml");
    let default = unis::run(["config", "default"]).unwrap();
    assert_eq!(default.status.code(), Some(0));
    std::fs::write(&path, &default.stdout).unwrap();
    let config = ["--config", &path.display().to_string()];
    let said = check(&data::small(), &config).unwrap();
    assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
    let from_file = unis::run(["config", "effective", config[0], config[1]]).unwrap();
    let without = unis::run(["config", "effective"]).unwrap();
    assert_eq!(text(&from_file.stdout), text(&without.stdout));
}
