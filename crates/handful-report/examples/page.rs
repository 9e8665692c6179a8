//! Writes a made-up page to stdout: `cargo run -p handful-report --example page -- usual photo.jpg … > page.html`.
//!
//! The first argument is `usual`, `tuned`, `small`, `look-alikes`, `hostile` or `big` for the report of a run, and `diagnosis`,
//! `clean`, `hostile-diagnosis` or `big-diagnosis` for a diagnosis, `augmentation` for what photos bear. JPEG files after it become the thumbnails of
//! mistakes; findings have made-up photos.

#[path = "../tests/example/mod.rs"]
mod example;

use handful_report::{render, render_augmentation, render_diagnosis};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let which = arguments.next().unwrap_or_default();
    let photos = arguments
        .map(std::fs::read)
        .collect::<Result<Vec<_>, _>>()?;
    let page = match which.as_str() {
        "tuned" => render(&example::tuned(&photos)),
        "small" => render(&example::small(&photos)),
        "look-alikes" => render(&example::look_alikes()),
        "hostile" => render(&example::hostile()),
        "big" => render(&example::big(&photos)),
        "diagnosis" => render_diagnosis(&example::diagnosis::leaf_folder()),
        "big-diagnosis" => render_diagnosis(&example::diagnosis::big()),
        "hostile-diagnosis" => render_diagnosis(&example::diagnosis::hostile()),
        "clean" => render_diagnosis(&example::diagnosis::clean()),
        "augmentation" => render_augmentation(&example::augmentation::of("hat")),
        _ => render(&example::clothing(&photos)),
    };
    print!("{page}");
    Ok(())
}
