//! Every help, short and long, of every command there is.

use super::Record;
use crate::support::orgsweep;

/// The commands below one, as its help lists them.
fn commands_below(command: &[String]) -> Vec<Vec<String>> {
    let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
    let text = orgsweep(&words).output;
    let lines = text.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines.map_while(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let names = names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    names.map(|name| [command, &[name.to_owned()]].concat()).collect()
}

#[test]
fn every_help_is_held() {
    let mut commands = vec![Vec::new()];
    let mut next = 0;
    while let Some(command) = commands.get(next).cloned() {
        commands.extend(commands_below(&command));
        next += 1;
    }
    assert!(commands.len() >= 16, "{commands:?}");
    for command in &commands {
        let mut record = Record::new(&[]);
        for option in ["-h", "--help"] {
            let mut help = crate::support::program();
            record.run(help.args(command).arg(option));
        }
        let name: String = command.iter().map(|word| format!("-{word}")).collect();
        record.compare(&format!("help{name}"));
    }
}

#[test]
fn without_a_command_and_asked_for_its_version() {
    let mut record = Record::new(&[]);
    for arguments in [&[][..], &["--version"], &["checks"], &["help", "ddl"]] {
        record.run(crate::support::program().args(arguments));
    }
    record.compare("help-otherwise");
}
