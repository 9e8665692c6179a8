//! How far has each stage of a network moved: what it says of photos, its weights, and the statistics of its norms?

use handful_image::{Pixels, Preprocessing};
use serde::{Deserialize, Serialize};

use super::cka;
use crate::Backbone;
use crate::features::{Taps, pooled};

/// What happened to one stage of a network between a start and now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageDrift {
    /// Name of the stage.
    pub stage: String,
    /// Unbiased linear [`cka()`] of the stage's pooled features, 1 where they tell the same; `None` where there are fewer than
    /// four images or features without spread. Below 0.9 in early stages is notable, below 0.7 in the last one re-learnt.
    pub cka: Option<f64>,
    /// ‖θ − θ₀‖/‖θ₀‖ over the stage's weights and the weights and biases of its norms, without running statistics. 0.01 to
    /// 0.05 is gentle, above 0.2 destructive.
    pub l2: f64,
    /// Mean over the channels of its norms of |μ − μ₀|/√(σ₀² + ε), the running statistics.
    pub statistics: f64,
}

/// What happened to each stage, first to last, between `before` and `after`; `probe` are prepared images of one size, 512 to
/// 2,000 for numbers that don't scatter. Two passes of them, and little beside.
///
/// # Panics
/// When the two are not of one architecture, or the images differ in size.
///
/// # Source
/// Recipe A13, with its thresholds.
pub fn drift(
    before: &Backbone,
    after: &Backbone,
    probe: &[Pixels],
    preprocessing: &Preprocessing,
) -> Vec<StageDrift> {
    assert_eq!(
        before.card.name, after.card.name,
        "drift is between networks of one architecture"
    );
    let names: Vec<String> = before.stages.iter().map(|s| s.name.clone()).collect();
    let taps = Taps::new(before, &names).expect("the names are its own");
    let [at_start, now] = [before, after].map(|b| pooled(b, probe, preprocessing, &taps));
    let of_stage = |(stage, name): (usize, String)| {
        let span = taps.span(stage).expect("all stages are tapped");
        let columns = |features: &[f32]| -> Vec<f32> {
            let rows = features.chunks_exact(taps.len());
            rows.flat_map(|row| &row[span.clone()]).copied().collect()
        };
        StageDrift {
            stage: name,
            cka: cka(&columns(&at_start), &columns(&now), probe.len()),
            l2: l2(before, after, stage),
            statistics: statistics(before, after, stage),
        }
    };
    names.into_iter().enumerate().map(of_stage).collect()
}

/// ‖θ − θ₀‖/‖θ₀‖ of what a stage learns by gradients.
fn l2(before: &Backbone, after: &Backbone, stage: usize) -> f64 {
    let (mut moved, mut length) = (0.0, 0.0);
    let is_trained = |name: &String| !name.contains(".running_");
    for name in before.tensor_names(stage).iter().filter(|n| is_trained(n)) {
        for (from, to) in values(before, name).iter().zip(values(after, name)) {
            moved += (to - from).powi(2);
            length += from.powi(2);
        }
    }
    // Not 0/0 for what is 0 and stays there.
    if moved == 0.0 {
        0.0
    } else {
        (moved / length).sqrt()
    }
}

/// Mean |μ − μ₀|/√(σ₀² + ε) over all channels of the norms of a stage.
fn statistics(before: &Backbone, after: &Backbone, stage: usize) -> f64 {
    let (mut sum, mut n_channels) = (0.0, 0.0);
    let names = before.tensor_names(stage);
    for norm in names.iter().filter_map(|n| n.strip_suffix(".running_mean")) {
        let of = |backbone: &Backbone, part: &str| values(backbone, &format!("{norm}.{part}"));
        let (from, to) = (of(before, "running_mean"), of(after, "running_mean"));
        for ((from, to), variance) in from.iter().zip(to).zip(of(before, "running_var")) {
            sum += (to - from).abs() / (variance + before.norm_epsilon()).sqrt();
            n_channels += 1.0;
        }
    }
    sum / n_channels
}

fn values(backbone: &Backbone, name: &str) -> Vec<f64> {
    backbone.weights.tensors[name].to_f64()
}

#[cfg(test)]
mod tests {
    use handful_image::Geometry;
    use handful_stats::Seed;

    use super::*;
    use crate::weights::Stored;

    const SIZE_PX: usize = 16;

    fn noise(n: usize) -> Vec<Pixels> {
        let image = |i: usize| {
            let byte = |at: usize| Seed(i as u64).key(at as u64) as u8;
            Pixels {
                width: SIZE_PX,
                height: SIZE_PX,
                data: (0..3 * SIZE_PX * SIZE_PX).map(byte).collect(),
            }
        };
        (0..n).map(image).collect()
    }

    /// The same network with one tensor changed.
    fn changed(backbone: &Backbone, name: &str, change: impl Fn(f32) -> f32) -> Backbone {
        let mut weights = backbone.weights.clone();
        let tensor = weights.tensors.get_mut(name).expect("it has this tensor");
        let values: Vec<f32> = tensor.to_f32().into_iter().map(change).collect();
        *tensor = Stored::from_f32(tensor.shape.clone(), &values);
        Backbone::load(&weights, backbone.card.clone()).unwrap()
    }

    fn drift_of(before: &Backbone, after: &Backbone, n: usize) -> Vec<StageDrift> {
        let preprocessing = before.preprocessing(Geometry::Squash, SIZE_PX);
        drift(before, after, &noise(n), &preprocessing)
    }

    /// Whether nothing happened to the stage.
    fn is_still(stage: &StageDrift) -> bool {
        (stage.cka, stage.l2, stage.statistics) == (Some(1.0), 0.0, 0.0)
    }

    #[test]
    fn a_network_has_not_drifted_from_itself() {
        let backbone = Backbone::untrained("resnet14", 1).unwrap();
        let stages = drift_of(&backbone, &backbone.clone(), 40);
        let names: Vec<&str> = stages.iter().map(|s| &s.stage[..]).collect();
        assert_eq!(names, ["stem", "layer1", "layer2", "layer3", "layer4"]);
        assert!(stages.iter().all(is_still), "{stages:?}");
    }

    #[test]
    fn what_happens_to_the_last_stage_is_seen_there_alone() {
        let before = Backbone::untrained("resnet14", 1).unwrap();
        // Half of the weights turn their signs.
        let after = changed(&before, "layer4.0.conv1.weight", |w| w.abs());
        let stages = drift_of(&before, &after, 40);
        let (last, earlier) = stages.split_last().unwrap();
        assert!(earlier.iter().all(is_still), "{earlier:?}");
        assert!(last.cka.unwrap() < 0.9 && last.l2 > 0.2, "{last:?}");
        assert_eq!(last.statistics, 0.0);
    }

    #[test]
    fn an_early_change_reaches_the_features_of_later_stages_and_not_their_tensors() {
        let before = Backbone::untrained("resnet14", 1).unwrap();
        let after = changed(&before, "conv1.weight", |w| w.abs());
        let stages = drift_of(&before, &after, 40);
        assert!(stages.iter().all(|s| s.cka.unwrap() < 0.999), "{stages:?}");
        assert!(stages[1..].iter().all(|s| s.l2 == 0.0) && stages[0].l2 > 0.2);
    }

    #[test]
    fn tensors_are_measured_as_defined() {
        let before = Backbone::untrained("resnet14", 1).unwrap();
        // All variances are 1; the stem has one norm.
        let shifted = changed(&before, "bn1.running_mean", |m| m + 0.5);
        let stem = drift_of(&before, &shifted, 8).swap_remove(0);
        let expected = 0.5 / (1.0 + before.norm_epsilon()).sqrt();
        assert!((stem.statistics - expected).abs() < 1e-12, "{stem:?}");
        assert_eq!(stem.l2, 0.0);
        // 432 weights of a stem of 16 channels, 16 of its norm, which are 1, and 16 biases, which are 0.
        let weights = before.weights.tensors["conv1.weight"].to_f64();
        let length: f64 = weights.iter().map(|w| w * w).sum::<f64>() + 16.0;
        let shifted = changed(&before, "bn1.bias", |b| b + 0.25);
        let stem = drift_of(&before, &shifted, 8).swap_remove(0);
        assert!((stem.l2 - (16.0 * 0.25f64.powi(2) / length).sqrt()).abs() < 1e-12);
        assert_eq!(stem.statistics, 0.0);
    }

    #[test]
    fn three_images_leave_what_can_be_told_of_tensors() {
        let backbone = Backbone::untrained("resnet14", 1).unwrap();
        for n in [0, 3] {
            let stages = drift_of(&backbone, &backbone, n);
            assert!(stages.iter().all(|s| s.cka.is_none() && s.l2 == 0.0));
        }
    }
}
