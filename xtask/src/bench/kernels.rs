//! How near the machine's limit do the kernels run, and how do whole passes and training steps compare with ONNX Runtime and
//! PyTorch?

use std::path::Path;
use std::process::Command;

use crate::command;
use crate::failure::{Failure, Outcome};

/// A program that measures ours, and the script that runs it and its peers in turns.
struct Duel {
    crate_name: &'static str,
    example: &'static str,
    script: &'static str,
}

const PASSES: Duel = Duel {
    crate_name: "handful-kernel",
    example: "speed",
    script: "bench/peers/forward.py",
};
const STEPS: Duel = Duel {
    crate_name: "handful-learn",
    example: "training_step",
    script: "bench/peers/training.py",
};

/// Prints a table of all shapes, and with a Python one of whole passes.
pub fn kernels(root: &Path, peer: Option<&Path>) -> Result<Outcome, Failure> {
    let mut shapes = command::example(root, PASSES.crate_name, PASSES.example);
    if !command::run(shapes.arg("shapes"), "install Rust's cargo")?.success() {
        return Ok(Outcome::Failed);
    }
    let Some(python) = peer else {
        println!("\nWhole passes were not compared: name a Python with `--peer PYTHON`.");
        return Ok(Outcome::Done);
    };
    println!();
    PASSES.run(root, python)
}

/// Prints a table of training steps.
pub fn training(root: &Path, peer: Option<&Path>) -> Result<Outcome, Failure> {
    let Some(python) = peer else {
        return Err(Failure::new(
            "`training` compares with PyTorch",
            "there is no `--peer`",
            "name a Python with `--peer PYTHON`",
        ));
    };
    let mut built = command::example(root, STEPS.crate_name, STEPS.example);
    // One step, so that it is built and known to run.
    let once = [
        "efficientnet_lite0",
        "32",
        "2",
        "last",
        "frozen",
        "float32",
        "1",
    ];
    if !command::run(built.args(once), "install Rust's cargo")?.success() {
        return Ok(Outcome::Failed);
    }
    STEPS.run(root, python)
}

impl Duel {
    fn run(&self, root: &Path, python: &Path) -> Result<Outcome, Failure> {
        let built = root.join("target/release/examples").join(self.example);
        let mut script = Command::new(python);
        script.arg(root.join(self.script)).arg(built);
        let status = command::run(
            &mut script,
            "make a virtual environment with bench/peers/requirements.txt",
        )?;
        Ok(Outcome::of(status.success()))
    }
}
