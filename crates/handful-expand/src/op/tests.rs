//! What holds for every op.

use std::collections::BTreeSet;

use handful_image::Pixels;
use handful_stats::Seed;

use super::{Change, Kind, OPS, Op, named};
use crate::border::Border;
use crate::resample::Interpolation;
use crate::target::{Mask, Rect};
use crate::view::View;

/// A picture with slopes, an edge and noise in all channels.
fn picture(width: usize, height: usize) -> Pixels {
    let value = |i: usize| {
        let (x, y, c) = (i / 3 % width, i / 3 / width, i % 3);
        let edge = if (x + y) % 23 < 9 { 70 } else { 0 };
        (40 + 90 * x / width.max(2) + 50 * y / height.max(2) + 23 * c + edge + i * 7 % 11) as u8
    };
    Pixels {
        width,
        height,
        data: (0..3 * width * height).map(value).collect(),
    }
}

fn change(op: &dyn Op, amount: f32, size: [usize; 2], draw: u64) -> View {
    View::by(op, amount, size, &mut Seed(9).stream(op.name(), draw))
}

fn ends(op: &dyn Op) -> Vec<f32> {
    op.range().ends().collect()
}

#[test]
fn names_tell_ops_apart() {
    let names: BTreeSet<&str> = OPS.iter().map(|op| op.name()).collect();
    assert_eq!(names.len(), OPS.len());
    for op in OPS {
        let is_snake = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(op.name().chars().all(is_snake), "{}", op.name());
        assert!(!op.summary().is_empty() && named(op.name()).is_some());
        let range = op.range();
        assert!(range.low <= range.neutral && range.neutral <= range.high);
        assert!(range.low < range.high, "{}", op.name());
    }
    let kinds: Vec<Kind> = OPS.iter().map(|op| op.kind()).collect();
    assert!(kinds.is_sorted(), "ops act in the order of their kinds");
}

#[test]
fn the_neutral_amount_changes_nothing() {
    for op in OPS {
        let photo = picture(33, 20);
        let view = change(*op, op.range().neutral, [33, 20], 0);
        assert_eq!(view.of(&photo), photo, "{}", op.name());
    }
}

#[test]
fn every_op_does_something_at_its_ends_and_the_same_for_the_same_draw() {
    for op in OPS {
        for end in ends(*op) {
            let photo = picture(64, 48);
            let views: Vec<Pixels> = (0..6)
                .map(|draw| change(*op, end, [64, 48], draw).of(&photo))
                .collect();
            assert!(views.iter().any(|v| *v != photo), "{} at {end}", op.name());
            assert_eq!(views[3], change(*op, end, [64, 48], 3).of(&photo));
        }
    }
}

#[test]
fn views_keep_their_size_and_other_sizes_are_no_matter() {
    for op in OPS {
        for [width, height] in [[1, 1], [1, 7], [5, 3], [64, 48], [17, 16]] {
            for end in ends(*op) {
                let view = change(*op, end, [width, height], 1);
                let seen = view.of(&picture(width, height));
                assert_eq!((seen.width, seen.height), (width, height), "{}", op.name());
                assert_eq!(seen.data.len(), 3 * width * height);
            }
        }
    }
}

#[test]
fn masks_move_with_pictures_of_things_and_only_with_geometry() {
    const SIDE: usize = 40;
    let mask = Mask {
        width: SIDE,
        height: SIDE,
        data: (0..SIDE * SIDE)
            .map(|i| u8::from((8..25).contains(&(i % SIDE)) && (5..30).contains(&(i / SIDE))))
            .collect(),
    };
    let painted = Pixels {
        width: SIDE,
        height: SIDE,
        data: mask.data.iter().flat_map(|&m| [m * 255; 3]).collect(),
    };
    for op in OPS {
        for end in ends(*op) {
            let view = View {
                border: Border::Colour([0; 3]),
                interpolation: Interpolation::Nearest,
                ..change(*op, end, [SIDE; 2], 2)
            };
            let moved = view.mask(&mask, 0);
            match op.kind() {
                Kind::Geometry => {
                    let seen = view.of(&painted);
                    let as_mask: Vec<u8> = seen.data.iter().step_by(3).map(|v| v / 255).collect();
                    assert_eq!(moved.data, as_mask, "{}", op.name());
                }
                _ => assert_eq!(moved, mask, "{}", op.name()),
            }
        }
    }
}

#[test]
fn only_geometry_moves_anything() {
    for op in OPS {
        for end in ends(*op) {
            let made = op.change(end, [9, 9], &mut Seed(1).stream("kind", 0));
            let is_warp = matches!(made, Change::Warp(_));
            assert_eq!(is_warp, op.kind() == Kind::Geometry, "{}", op.name());
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(60))]

    #[test]
    fn boxes_stay_on_their_pixels(
        idx in 0..OPS.len(),
        strength in 0.05f32..0.5,
        is_high in proptest::bool::ANY,
        draw in 0u64..1000,
        left in 20usize..60, top in 20usize..60,
        width in 12usize..40, height in 12usize..40,
    ) {
        const SIDE: usize = 120;
        let geometry: Vec<&dyn Op> = OPS.iter().copied().filter(|op| op.kind() == Kind::Geometry).collect();
        let op = geometry[idx % geometry.len()];
        let all = ends(op);
        let end = all[usize::from(is_high) % all.len()];
        let view = View {
            border: Border::Colour([0; 3]),
            ..change(op, op.range().towards(end, strength), [SIDE; 2], draw)
        };
        let mut photo = Pixels::filled(SIDE, SIDE, [0; 3]);
        for y in top..top + height {
            for x in left..left + width {
                photo.data[3 * (y * SIDE + x)..][..3].fill(255);
            }
        }
        let thing = Rect {
            left: left as f64,
            top: top as f64,
            right: (left + width) as f64,
            bottom: (top + height) as f64,
        };
        let seen = view.of(&photo);
        let lit: Vec<(usize, usize)> = (0..SIDE * SIDE)
            .filter(|i| seen.data[3 * i] > 127)
            .map(|i| (i % SIDE, i / SIDE))
            .collect();
        let found = view.rects(&[thing], [SIDE; 2], 0.0)[0];
        if let (Some(rect), false) = (found, lit.is_empty()) {
            let least = |v: &dyn Fn(&(usize, usize)) -> usize| lit.iter().map(v).min().unwrap_or(0) as f64;
            let most = |v: &dyn Fn(&(usize, usize)) -> usize| lit.iter().map(v).max().unwrap_or(0) as f64 + 1.0;
            // Half a pixel at an edge is lit or not, and a corner that is turned lights none of the pixels that it cuts; a bend is
            // followed at points of its outline, and cut at the edge it may bulge between them.
            let pixels = 2.5;
            proptest::prop_assert!(rect.left <= least(&|p| p.0) + pixels, "{} {rect:?} {}", op.name(), least(&|p| p.0));
            proptest::prop_assert!(rect.top <= least(&|p| p.1) + pixels);
            proptest::prop_assert!(rect.right >= most(&|p| p.0) - pixels);
            proptest::prop_assert!(rect.bottom >= most(&|p| p.1) - pixels);
            let tight = 0.25 * (thing.right - thing.left).max(thing.bottom - thing.top) + 4.0;
            proptest::prop_assert!(rect.left >= least(&|p| p.0) - tight, "{}", op.name());
            proptest::prop_assert!(rect.right <= most(&|p| p.0) + tight, "{}", op.name());
        }
    }
}
