//! How near the machine's limit do the kernels run, and how do whole passes compare with ONNX Runtime and PyTorch?

use std::path::Path;
use std::process::Command;

use crate::command;
use crate::failure::{Failure, Outcome};

/// The example of handful-kernel that measures, and where it is built.
const EXAMPLE: &str = "speed";
const BUILT: &str = "target/release/examples/speed";
/// The peers, in turns with ours.
const PEERS: &str = "bench/peers/forward.py";

/// Prints a table of all shapes, and with a Python one of whole passes.
pub fn run(root: &Path, peer: Option<&Path>) -> Result<Outcome, Failure> {
    let mut shapes = command::example(root, "handful-kernel", EXAMPLE);
    if !command::run(shapes.arg("shapes"), "install Rust's cargo")?.success() {
        return Ok(Outcome::Failed);
    }
    let Some(python) = peer else {
        println!("\nWhole passes were not compared: name a Python with `--peer PYTHON`.");
        return Ok(Outcome::Done);
    };
    println!();
    let mut passes = Command::new(python);
    passes.arg(root.join(PEERS)).arg(root.join(BUILT));
    let status = command::run(
        &mut passes,
        "make a virtual environment with bench/peers/requirements.txt",
    )?;
    Ok(Outcome::of(status.success()))
}
