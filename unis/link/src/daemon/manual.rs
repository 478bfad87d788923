//! The commands `man` and `completions` of a daemon, made from its own command line.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::builder::Resettable;
use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;

/// Arguments of the command `man`.
#[derive(Args, Debug)]
pub struct ManArguments {
    /// Folder to write them to, such as /usr/local/share/man/man1; created if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Arguments of the command `completions`.
#[derive(Args, Debug)]
pub struct CompletionArguments {
    /// The shell that reads them
    #[arg(value_enum)]
    shell: Shell,
}

/// Writes a manual page for the program and one for each of its commands; prints their names.
///
/// # Errors
/// The folder or a page cannot be written.
pub fn man<C: CommandFactory>(
    arguments: &ManArguments,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let mut program = C::command().disable_help_subcommand(true);
    program.build();
    let version = program.get_version().unwrap_or_default();
    let source = format!("{} {version}", program.get_name());
    write_pages(&program, &source, folder, out)?;
    Ok(ExitCode::SUCCESS)
}

fn write_pages(
    command: &Command,
    source: &str,
    folder: &Path,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    // Examples are set as they stand, which the generator's own section does not do.
    let examples = command.get_after_long_help().or_else(|| command.get_after_help());
    let examples = examples.map(ToString::to_string);
    let bare = command.clone().after_help(Resettable::Reset).after_long_help(Resettable::Reset);
    let page = clap_mangen::Man::new(bare);
    let path = folder.join(page.get_filename());
    let mut text = Vec::new();
    page.render(&mut text)?;
    let mut text = titled(&String::from_utf8_lossy(&text), &command_title(&path), source);
    if let Some(examples) = examples {
        text.push_str(&as_it_stands(&examples));
    }
    std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    writeln!(out, "{}", path.display())?;
    let mut commands = command.get_subcommands().filter(|command| !command.is_hide_set());
    commands.try_for_each(|command| write_pages(command, source, folder, out))
}

/// `unis-serve` of `…/unis-serve.1`.
fn command_title(page: &Path) -> String {
    page.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The page with a title line that says which program it is of (man(7)): the generator leaves an
/// empty date out, so that what follows is taken for it, and names the command alone.
fn titled(page: &str, title: &str, source: &str) -> String {
    let line = format!(".TH {title} 1 \"\" \"{source}\" \"User Commands\"");
    let lines = page.lines().map(|old| if old.starts_with(".TH ") { &line } else { old });
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// A section of lines that are neither filled nor adjusted (man(7)).
fn as_it_stands(examples: &str) -> String {
    let mut section = ".SH EXAMPLES\n.nf\n".to_owned();
    for line in examples.lines() {
        // A full stop or an apostrophe in front would be a request; hyphens are minus signs.
        section.push_str("\\&");
        section.push_str(&line.replace('\\', "\\e").replace('-', "\\-"));
        section.push('\n');
    }
    section + ".fi\n"
}

/// Prints the script that makes a shell complete commands, options and their values.
///
/// # Errors
/// It cannot be printed.
pub fn completions<C: CommandFactory>(
    arguments: &CompletionArguments,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let mut program = C::command();
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, name, &mut script);
    out.write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
