//! Does `unsafe` keep to its memory? Tests of handful-kernel under the address sanitizer, and its portable code under Miri.
//!
//! Both need Rust's nightly tools, which nothing else here does; `.ci/run` leaves this out.

use std::path::Path;
use std::process::Command;

use crate::command;
use crate::failure::{Failure, Outcome};

/// Miri is some hundred times slower: so many random shapes a test.
const MIRI_CASES: &str = "2";
const ADVICE: &str =
    "install Rust's nightly with `rustup toolchain install nightly --component miri rust-src`";

/// Runs what of the two is asked for: `address`, `miri`, or both for `all`.
pub fn run(root: &Path, what: &str) -> Result<Outcome, Failure> {
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let test = |arguments: &[&str]| {
        let mut cargo = Command::new("cargo");
        cargo
            .args(arguments)
            .args(["-p", "handful-kernel", "--target-dir", "target/sanitize"])
            .current_dir(root)
            // A cargo that runs us would name its own toolchain.
            .env_remove("RUSTUP_TOOLCHAIN");
        cargo
    };
    let mut all_well = true;
    if ["address", "all"].contains(&what) {
        let mut address = test(&["+nightly", "test", "--tests", "--target", &host]);
        address.env("RUSTFLAGS", "-Zsanitizer=address");
        all_well &= command::run(&mut address, ADVICE)?.success();
    }
    if ["miri", "all"].contains(&what) {
        let mut miri = test(&["+nightly", "miri", "test", "--tests"]);
        miri.env("PROPTEST_CASES", MIRI_CASES)
            .env("MIRIFLAGS", "-Zmiri-disable-isolation");
        all_well &= command::run(&mut miri, ADVICE)?.success();
    }
    Ok(Outcome::of(all_well))
}
