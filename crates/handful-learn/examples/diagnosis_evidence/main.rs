//! Does the diagnosis find what is there, and nothing else?
//!
//! `cargo run --release -p handful-learn --example diagnosis_evidence -- WHAT FEATURES DATA OUT`
//!
//! WHAT is one of the questions below. FEATURES is a folder with a file `SET.npy` and `SET.paths.txt` for each set, as
//! `handful embed DATA/SET --imgsz 128 --out FEATURES/SET.npy` writes them; DATA the folder that holds the sets' photos;
//! OUT a folder for tables that other programs read. `cargo xtask evidence` does all of it. Prints Markdown.

mod domain;
mod doubts;
mod set;
mod shortcuts;
mod signal;

use std::env;
use std::path::PathBuf;

/// What an experiment may read and write.
pub struct Folders {
    /// Features of the sets.
    pub features: PathBuf,
    /// Photos of the sets.
    pub data: PathBuf,
    /// For tables.
    pub out: PathBuf,
}

/// A question and what answers it.
type Question = (&'static str, fn(&Folders));

const QUESTIONS: &[Question] = &[
    ("seconds", signal::seconds),
    ("noise", signal::noise),
    ("power", signal::power),
    ("doubts", doubts::planted),
    ("shortcuts", shortcuts::planted_and_clean),
    ("domain", domain::distances),
];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [what, features, data, out] = &arguments[..] else {
        panic!("four arguments are needed: what, features, data, out");
    };
    let folders = Folders {
        features: features.into(),
        data: data.into(),
        out: out.into(),
    };
    let asked: Vec<&Question> = QUESTIONS
        .iter()
        .filter(|(name, _)| what == "all" || what == name)
        .collect();
    assert!(!asked.is_empty(), "no such question: {what}");
    for (name, answer) in asked {
        println!("\n## {name}\n");
        answer(&folders);
    }
}
