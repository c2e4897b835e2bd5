//! `orgsweep completions` and `orgsweep man`: made from the command line's own definition.

use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;
use orgsweep_model::nearest::unknown;

use crate::exit::{Exit, Failure};
use crate::terminal::program;

/// `orgsweep completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "bash: {program} completions bash > ~/.local/share/bash-completion/completions/{program}\n\
                        zsh:  {program} completions zsh > \"${fpath[1]}/_{program}\"\n\
                        fish: {program} completions fish > ~/.config/fish/completions/{program}.fish"
)]
pub struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `orgsweep man`.
#[derive(Debug, Args)]
#[command(after_help = "Read a page with `{program} man scan | man -l -`.")]
pub struct ManArguments {
    /// The command, such as `scan` or `checks list`. Without it, the page of the program.
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    pub command: Vec<String>,
    /// Write the pages of all commands to this directory.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// The script of a shell, for a command line.
pub fn completions(arguments: &CompletionsArguments, mut command_line: Command) -> String {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command_line, program::name(), &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// One page of a command line on standard output, or all of them in a folder.
pub fn man(arguments: &ManArguments, command_line: Command) -> Result<Exit, Failure> {
    let program = program::name();
    let mut root = command_line.name(program.clone()).bin_name(program.clone());
    root.build();
    let Some(folder) = &arguments.out else {
        let mut command = &root;
        for word in &arguments.command {
            let known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
            command = command
                .get_subcommands()
                .find(|inner| inner.get_name() == word)
                .ok_or_else(|| Failure::new(unknown("man", "command", word, &known)))?;
        }
        return crate::terminal::print(&page(command, &arguments.command, &program)?);
    };
    let failed =
        |path: &Path, error: &std::io::Error| Failure::new(format!("--out {}: {error}", path.display()));
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let mut pending = vec![(&root, Vec::new())];
    let mut text = String::new();
    while let Some((command, words)) = pending.pop() {
        let name = [std::slice::from_ref(&program), &words[..]].concat().join("-");
        let path = folder.join(format!("{name}.1"));
        std::fs::write(&path, page(command, &words, &program)?).map_err(|error| failed(&path, &error))?;
        text.push_str(&format!("{}\n", path.display()));
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            pending.push((inner, [&words[..], &[inner.get_name().to_owned()]].concat()));
        }
    }
    crate::terminal::print(&text)?;
    Ok(Exit::Complete)
}

/// The manual page of a command that is named by these words.
fn page(command: &Command, words: &[String], program: &str) -> Result<String, Failure> {
    let title = [&[program.to_owned()], words].concat().join("-");
    // Everything that has its own page is named by it.
    let command =
        command.clone().name(title.clone()).disable_help_subcommand(true).version(env!("CARGO_PKG_VERSION"));
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .title(title.to_uppercase())
        .render(&mut page)
        .map_err(|error| Failure::new(format!("manual page of {title}: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
