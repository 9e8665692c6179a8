//! Photos of which it is known what they bear.

use std::sync::atomic::AtomicBool;

use handful_expand::{Op, named};
use handful_image::{Geometry, Pixels};
use handful_stats::{Folds, Seed};
use rand::RngExt;

use super::{Guard, Judged, Sight, Verdict, caps};
use crate::Backbone;

const PX: usize = 32;
const N: usize = 160;

/// A picture of a bright rectangle on a dark, noisy ground.
fn picture(
    random: &mut impl RngExt,
    [left, top, right, bottom]: [usize; 4],
    colour: [u8; 3],
) -> Pixels {
    let mut picture = Pixels::filled(PX, PX, [0; 3]);
    for (i, pixel) in picture.data.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        let (x, y) = (i % PX, i / PX);
        let is_inside = (left..right).contains(&x) && (top..bottom).contains(&y);
        let base = if is_inside { colour } else { [40; 3] };
        *pixel = base.map(|v| v.saturating_add(random.random_range(0..30)));
    }
    picture
}

struct Photos {
    squares: Vec<Pixels>,
    labels: Vec<usize>,
    groups: Vec<usize>,
}

fn photos(draw: impl Fn(usize, &mut rand::rngs::ChaCha8Rng) -> Pixels) -> Photos {
    let labels: Vec<usize> = (0..N).map(|i| i % 2).collect();
    let squares = labels.iter().enumerate();
    let squares = squares.map(|(i, &label)| draw(label, &mut Seed(5).stream("photo", i as u64)));
    Photos {
        squares: squares.collect(),
        labels: labels.clone(),
        groups: (0..N).collect(),
    }
}

/// What a guard says of these operations.
fn judged(photos: &Photos, names: &[&str]) -> (Vec<Judged>, super::Orientation) {
    let backbone = Backbone::untrained("resnet14", 1).unwrap();
    let preprocessing = backbone.preprocessing(Geometry::CenterCrop, PX);
    let folds = Folds::assign(&photos.labels, &photos.groups, 2, 5, 1, Seed(0)).unwrap();
    let is_stopped = AtomicBool::new(false);
    let guard = Guard::new(
        Sight::new(&backbone, preprocessing),
        &photos.squares,
        &photos.labels,
        &photos.groups,
        2,
        folds,
        Seed(0),
        &is_stopped,
    )
    .and_then(Guard::thorough)
    .unwrap();
    let ops: Vec<&'static dyn Op> = names.iter().map(|name| named(name).unwrap()).collect();
    (
        guard.judge(&ops, &|_| ()).unwrap(),
        guard.orientation().unwrap(),
    )
}

#[test]
fn mirroring_is_harmful_where_left_and_right_are_the_classes_and_safe_where_they_say_nothing() {
    // A bar at the left is one class, a bar at the right the other.
    let sides = photos(|label, random| {
        let left = if label == 0 { 2 } else { PX - 10 };
        picture(random, [left, 6, left + 8, 26], [200; 3])
    });
    let (of_sides, _) = judged(&sides, &["horizontal_flip"]);
    assert_eq!(of_sides[0].decisive().verdict, Verdict::Harmful);
    assert!(caps(&of_sides).is_empty());
    // High or low, anywhere across.
    let heights = photos(|label, random| {
        let left = random.random_range(0..PX - 8);
        let top = if label == 0 { 2 } else { PX - 10 };
        picture(random, [left, top, left + 8, top + 8], [200; 3])
    });
    let (of_heights, orientation) = judged(&heights, &["horizontal_flip", "vertical_flip"]);
    let verdicts: Vec<Verdict> = of_heights.iter().map(|j| j.decisive().verdict).collect();
    assert_eq!(
        verdicts,
        [Verdict::Safe, Verdict::Harmful],
        "{of_heights:?}"
    );
    assert_eq!(
        caps(&of_heights).keys().collect::<Vec<_>>(),
        ["horizontal_flip"]
    );
    assert!(!orientation.is_absent());
}

#[test]
fn pictures_without_an_up_bear_every_pose() {
    // A large or a small square, anywhere.
    let anywhere = photos(|label, random| {
        let side = if label == 0 { 6 } else { 14 };
        let mut place = || random.random_range(0..PX - side);
        let (left, top) = (place(), place());
        picture(random, [left, top, left + side, top + side], [200; 3])
    });
    let (poses, orientation) = judged(
        &anywhere,
        &["horizontal_flip", "vertical_flip", "quarter_turns"],
    );
    assert!(orientation.is_absent(), "{orientation:?}");
    for pose in poses {
        assert_eq!(pose.decisive().verdict, Verdict::Safe, "{pose:?}");
    }
}

#[test]
fn darkness_is_refused_where_nothing_can_be_seen_in_it_and_little_light_is_not() {
    let shades = photos(|label, random| {
        let value = if label == 0 { 120 } else { 220 };
        picture(random, [8, 8, 24, 24], [value; 3])
    });
    let (judged, _) = judged(&shades, &["brightness"]);
    let darker = judged.iter().find(|j| j.ends[0] < 1.0).unwrap();
    // Half the light makes a bright square of the one class a dull one of the other.
    assert!(
        darker.safe.as_ref().is_none_or(|safe| safe[0] > 0.5),
        "{darker:?}"
    );
    let limit = darker.limit().unwrap();
    assert!(matches!(limit.verdict, Verdict::Harmful | Verdict::Unreal));
}

#[test]
fn changes_of_a_mark_are_noticed_where_photos_show_little_else() {
    let plain = photos(|_, random| picture(random, [0, 0, 1, 1], [40; 3]));
    let backbone = Backbone::untrained("resnet14", 1).unwrap();
    let preprocessing = backbone.preprocessing(Geometry::CenterCrop, PX);
    let folds = Folds::assign(&plain.labels, &plain.groups, 2, 5, 1, Seed(0)).unwrap();
    let is_stopped = AtomicBool::new(false);
    let guard = Guard::new(
        Sight::new(&backbone, preprocessing),
        &plain.squares,
        &plain.labels,
        &plain.groups,
        2,
        folds,
        Seed(0),
        &is_stopped,
    );
    let powers = guard.unwrap().power().unwrap();
    let changes: Vec<&str> = powers.iter().map(|p| p.operation.as_str()).collect();
    let expected = ["horizontal_flip", "vertical_flip", "quarter_turns", "hue"];
    assert_eq!(changes, expected);
    for power in powers {
        assert!(power.alarms >= 9 && power.of == 10, "{power:?}");
    }
}
