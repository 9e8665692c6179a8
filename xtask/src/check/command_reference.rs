//! Does `docs/cli.md` say what the program's own help says?

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use super::{Complaint, Repository, Verdict, compare_or_write};

/// The generated page.
const PAGE: &str = "docs/cli.md";

/// Compares the page with the help of every verb, or writes it.
pub fn check(repository: &Repository) -> Verdict {
    let overview = help(repository, &[])?;
    let verbs = verbs(&overview);
    if verbs.is_empty() {
        return Err(Complaint::new(
            "`handful --help` lists no verbs",
            "give the program its verbs, then check again",
        ));
    }
    let mut pages = vec![("handful".to_owned(), overview)];
    for verb in verbs {
        pages.push((format!("handful {verb}"), help(repository, &[&verb])?));
    }
    compare_or_write(repository, PAGE, &reference(&pages))
}

/// What `handful VERB --help` prints.
fn help(repository: &Repository, verb: &[&str]) -> Result<String, Complaint> {
    let command = format!(
        "cargo run -q -p handful -- {}",
        [verb, &["--help"]].concat().join(" ")
    );
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(command.split(' ').skip(1))
        .current_dir(repository.root)
        // The width is the program's own; a terminal's width or colours must not reach the page.
        .env_remove("COLUMNS")
        .env_remove("CLICOLOR_FORCE")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Complaint::new(format!("`{command}`: {error}"), "install cargo"))?;
    if !output.status.success() {
        let found = format!("`{command}` ended with {}", output.status);
        return Err(Complaint::new(
            found,
            "make the program build and its help print",
        ));
    }
    String::from_utf8(output.stdout).map_err(|_| {
        Complaint::new(
            format!("`{command}` prints bytes that are not UTF-8"),
            "mend the help's text",
        )
    })
}

/// The verbs under `Commands:`, in the help's order, but clap's own `help`.
fn verbs(overview: &str) -> Vec<String> {
    overview
        .lines()
        .skip_while(|line| line.trim_end() != "Commands:")
        .skip(1)
        .take_while(|line| !line.trim().is_empty())
        // A verb stands two spaces in; its wrapped description stands further right.
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .map(str::to_owned)
        .collect()
}

/// The page: a heading and a block of text for each `(command, help)`.
fn reference(pages: &[(String, String)]) -> String {
    let mut page = String::from(
        "# The command line\n\n\
         <!-- Generated from the program's own help by `cargo xtask check --write`. -->\n\n\
         Exit codes and the formats of files are in the other pages of this folder.\n",
    );
    for (command, help) in pages {
        // Panics can't happen: a String takes every write.
        let _ = write!(page, "\n## `{command}`\n\n```text\n");
        for line in help.trim_end().lines() {
            let _ = writeln!(page, "{}", line.trim_end());
        }
        page.push_str("```\n");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERVIEW: &str = "A classifier from a handful of photos\n\nUsage: handful <COMMAND>\n\nCommands:\n  train    \
                            Train on a folder\n           and judge the result  \n  predict  Use a model\n  help     \
                            Print this message\n\nOptions:\n  -h, --help  Print help\n";

    #[test]
    fn verbs_are_read_from_the_overview_without_wrapped_lines_and_help() {
        assert_eq!(verbs(OVERVIEW), ["train", "predict"]);
        assert_eq!(verbs("no list here"), Vec::<String>::new());
    }

    #[test]
    fn the_page_has_a_block_for_every_command_and_no_trailing_spaces() {
        let page = reference(&[
            ("handful".into(), OVERVIEW.into()),
            ("handful train".into(), "Train\n\n".into()),
        ]);
        assert!(
            page.contains("\n## `handful train`\n\n```text\nTrain\n```\n"),
            "{page}"
        );
        assert!(page.lines().all(|line| line == line.trim_end()));
    }
}
