//! Writes a made-up report to stdout: `cargo run -p handful-report --example page -- usual photo.jpg … > page.html`.
//!
//! The first argument is `usual`, `small`, `hostile` or `big`; JPEG files after it become the thumbnails.

#[path = "../tests/example/mod.rs"]
mod example;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let which = arguments.next().unwrap_or_default();
    let photos = arguments
        .map(std::fs::read)
        .collect::<Result<Vec<_>, _>>()?;
    let model = match which.as_str() {
        "small" => example::small(&photos),
        "hostile" => example::hostile(),
        "big" => example::big(&photos),
        _ => example::clothing(&photos),
    };
    print!("{}", handful_report::render(&model));
    Ok(())
}
