//! Manual pages and completions, as `man` shows them and bash uses them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use system_tests::daemon::program;
use system_tests::python::finish;

/// Some commands of each program, and an option that the page of one has to explain.
const PROGRAMS: [(&str, &[&str], &str, &str); 3] = [
    ("unis", &["serve", "check", "rank", "pki-enroll"], "serve", "--plaintext"),
    ("p2psp", &["serve", "check", "invite", "pki-enroll"], "invite", "--ttl-minutes"),
    ("peer", &["serve", "share", "enroll"], "get", "--output"),
];

/// What `man` shows, without overstriking.
fn shown(page: &Path) -> (String, String) {
    let mut command = Command::new("man");
    command.args(["--warnings", "--local-file"]).arg(page);
    command.env("MANWIDTH", "100").env("MAN_KEEP_FORMATTING", "").env("LC_ALL", "C.UTF-8");
    let output = command.output().unwrap_or_else(|error| panic!("man: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn every_command_has_a_page_that_man_renders() {
    for (name, commands, explained, option) in PROGRAMS {
        let folder = tempfile::tempdir().unwrap();
        let pages = folder.path().join("man1");
        let listed = finish(Command::new(program(name).unwrap()).arg("man").arg(&pages)).unwrap();
        let written: BTreeSet<String> = std::fs::read_dir(&pages)
            .unwrap()
            .map(|entry| entry.unwrap().path().display().to_string())
            .collect();
        let listed: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
        assert_eq!(listed, written);
        assert!(written.contains(&pages.join(format!("{name}.1")).display().to_string()));
        for command in commands {
            let page = pages.join(format!("{name}-{command}.1"));
            assert!(written.contains(&page.display().to_string()), "{command} in {written:?}");
        }
        for page in &written {
            let (text, warnings) = shown(Path::new(page));
            assert_eq!(warnings, "", "{page}");
            let foot = text.lines().rfind(|line| !line.is_empty()).unwrap();
            assert!(foot.starts_with(&format!("{name} 0.")), "{page}: {foot}");
            assert!(!text.contains("EXTRA"), "{text}");
            for heading in ["NAME", "SYNOPSIS", "DESCRIPTION"] {
                assert!(text.lines().any(|line| line == heading), "{heading} in {text}");
            }
        }
        let (text, _) = shown(&pages.join(format!("{name}-{explained}.1")));
        assert!(text.contains(option), "{option} in {text}");
        let (text, _) = shown(&pages.join(format!("{name}.1")));
        let steps = text.split_once("First steps:").unwrap().1;
        let step = format!("{name} config default > ");
        assert!(steps.lines().any(|line| line.trim_start().starts_with(&step)), "{text}");
    }
}

/// bash loads the script and is asked as it asks itself when the key is pressed.
#[test]
fn bash_completes_commands_options_and_values() {
    for (words, offered) in [
        (["unis", "ch"].as_slice(), "check"),
        (&["unis", "serve", "--pl"], "--plaintext"),
        (&["unis", "check", "--format", ""], "json"),
        (&["p2psp", "inv"], "invite"),
        (&["peer", "sea"], "search"),
        (&["p2psp", "pki", "enr"], "enroll"),
    ] {
        let name = words[0];
        let command = format!(
            "source <(\"$1\" completions bash) && COMP_WORDS=({}) COMP_CWORD={} && \
             _{name} {name} \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\" && printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
            words.len() - 1
        );
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-c", &command, "bash"]).arg(program(name).unwrap());
        let replies = finish(&mut bash).unwrap();
        assert!(replies.lines().any(|reply| reply == offered), "{words:?}: {replies:?}");
    }
    for shell in ["zsh", "fish"] {
        let script = finish(Command::new(program("unis").unwrap()).args(["completions", shell]));
        assert!(script.unwrap().contains("plaintext"), "{shell}");
    }
}
