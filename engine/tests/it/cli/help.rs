//! What explains the command line: help, completions and the manual, all from one definition.

use std::io::Write;
use std::process::{Command, Stdio};

use insta::assert_snapshot;

use super::Tidemill;

#[test]
fn help_is_short_or_long() {
    let tidemill = Tidemill::new();
    assert_snapshot!("help_long", tidemill.run(&["--help"]));
    assert_snapshot!("help_short", tidemill.run(&["-h"]));
}

#[test]
fn every_subcommand_has_help_with_examples() {
    let tidemill = Tidemill::new();
    for subcommand in ["run", "doctor", "completions", "man"] {
        for flag in ["-h", "--help"] {
            let help = tidemill.run(&[subcommand, flag]);
            assert!(help.contains("Examples:\n"), "{help}");
            assert!(help.contains(&format!("tidemill {subcommand}")), "{help}");
        }
        let name = format!("help_of_{subcommand}");
        assert_snapshot!(name, tidemill.run(&[subcommand, "--help"]));
    }
}

#[test]
fn completions_know_every_option_and_subcommand() {
    let tidemill = Tidemill::new();
    for shell in ["bash", "zsh", "fish"] {
        let completions = tidemill.run(&["completions", shell]);
        for word in [
            "keep-going",
            "dry-run",
            "log-json",
            "doctor",
            "full-refresh",
            "csv",
        ] {
            assert!(completions.contains(word), "{shell}: {word}");
        }
    }
}

/// Bash reads what is meant for it.
#[test]
fn completions_of_bash_are_a_script() {
    let output = Tidemill::new()
        .command(&["completions", "bash"])
        .output()
        .unwrap();
    let mut bash = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    bash.stdin
        .take()
        .unwrap()
        .write_all(&output.stdout)
        .unwrap();
    assert!(bash.wait().unwrap().success());
}

#[test]
fn the_manual_has_a_page_for_all_and_for_each_subcommand() {
    let tidemill = Tidemill::new();
    let page = tidemill.run(&["man"]);
    for part in [".TH tidemill 1", ".SH OPTIONS", "keep", "Exit codes"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = tidemill.run(&["man", "run"]);
    assert!(page.contains("refresh"), "{page}");
    assert_snapshot!(tidemill.run(&["man", "docter"]), @r"
    exit code 2
    --- stdout
    --- stderr
    error: there is no subcommand `docter`
    hint: did you mean `doctor`?
    ");
}

#[test]
fn a_misspelt_flag_or_subcommand_is_guessed() {
    let tidemill = Tidemill::new();
    assert_snapshot!(
        "misspelt_flag",
        tidemill.run(&["--kep-going", "-c", "SELECT 1"])
    );
    assert_snapshot!("misspelt_subcommand", tidemill.run(&["docter"]));
}
