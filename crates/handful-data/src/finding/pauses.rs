//! **Seen:** photos that come in runs, with pauses between them that are much longer than those within.
//! **Why it matters:** a run may be one person, one object or one visit; random folds then ask about what the training has
//! seen.
//! **What to do:** where a run is one thing, say so with `--group-by`. The program does not: runs may mean nothing.

use std::collections::BTreeMap;

use super::{Finding, Severity, counted};

/// Fewer runs than these are chance.
const LEAST_RUNS: usize = 3;
/// At most this share of the steps from photo to photo is a pause: runs have four photos and more on average. Where photos
/// are taken at random moments, or where steps vary without a rhythm, more than half are called pauses.
const MOST_PAUSES: f64 = 0.25;
/// The median pause is at least this many times the median step within runs.
const LONGER: f64 = 4.0;
/// Cameras write whole seconds: two photos of one second are half a second apart.
const SHORTEST_S: f64 = 0.5;
/// Runs whose photos are named; all of them would be all photos.
const MOST_SHOWN: usize = 12;

/// The photos of one camera, in runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    /// Images of each run, in the order in which they were taken.
    pub runs: Vec<Vec<usize>>,
    /// Seconds from which a step is a pause.
    pub pause_s: f64,
    /// Median seconds from photo to photo within runs.
    pub within_s: f64,
}

/// The runs of each camera whose photos come in runs; cameras in the order of their names.
///
/// `taken` in seconds and `camera`, one entry an image; images without a time are in no run. Steps are cut in two where that
/// explains most of the variance of their logarithms. On `hands` (2,062 photos, a signer shows ten digits and the next one
/// follows) two photos of one run have one signer in 97 % of cases, and two of a signer are in one run in 85 %.
///
/// # Source
/// N. Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. SMC 9 (1979), 62-66.
pub fn runs(taken: &[Option<i64>], camera: &[Option<&str>]) -> Vec<Runs> {
    let mut by_camera: BTreeMap<Option<&str>, Vec<(i64, usize)>> = BTreeMap::new();
    for (image, time) in taken.iter().enumerate() {
        if let Some(time) = time {
            by_camera
                .entry(camera[image])
                .or_default()
                .push((*time, image));
        }
    }
    by_camera.into_values().filter_map(runs_of_one).collect()
}

/// What is said of runs; `names` of all images.
pub fn pauses(runs: &[Runs], names: &[String]) -> Vec<Finding> {
    let finding = |runs: &Runs| {
        let named = |run: &Vec<usize>| run.iter().map(|&image| names[image].clone()).collect();
        let n_photos: usize = runs.runs.iter().map(Vec::len).sum();
        Finding {
            kind: "session".into(),
            severity: Severity::Remark,
            text: format!(
                "{n_photos} photos were taken in {} with pauses of {:.0} s and more between, {:.0} s from photo to photo \
                 within",
                counted(runs.runs.len(), "run", "runs"),
                runs.pause_s.ceil(),
                runs.within_s
            ),
            files: runs.runs.iter().take(MOST_SHOWN).map(named).collect(),
            numbers: BTreeMap::from([
                ("photos".into(), n_photos as f64),
                ("runs".into(), runs.runs.len() as f64),
                ("pause_s".into(), runs.pause_s),
                ("within_s".into(), runs.within_s),
            ]),
            advice:
                "if a run shows one person, object or visit, name it in a list and use `--group-by`"
                    .into(),
        }
    };
    runs.iter().map(finding).collect()
}

fn runs_of_one(mut photos: Vec<(i64, usize)>) -> Option<Runs> {
    photos.sort_unstable();
    let step = |a: &(i64, usize), b: &(i64, usize)| ((b.0 - a.0) as f64).max(SHORTEST_S);
    let mut steps: Vec<f64> = photos
        .windows(2)
        .map(|pair| step(&pair[0], &pair[1]))
        .collect();
    steps.sort_by(f64::total_cmp);
    let pause_s = cut(&steps)?;
    let (within, pauses) = steps.split_at(steps.partition_point(|s| *s < pause_s));
    let median = |sorted: &[f64]| sorted[sorted.len() / 2];
    let is_told = pauses.len() + 1 >= LEAST_RUNS
        && pauses.len() as f64 <= MOST_PAUSES * steps.len() as f64
        && median(pauses) >= LONGER * median(within);
    is_told.then(|| Runs {
        runs: photos
            .chunk_by(|a, b| step(a, b) < pause_s)
            .map(|run| run.iter().map(|&(_, image)| image).collect())
            .collect(),
        pause_s,
        within_s: median(within),
    })
}

/// Where ascending numbers are best cut in two: between the values whose logarithms differ most in their means, weighted by
/// how many there are. `None` where all are equal.
fn cut(sorted: &[f64]) -> Option<f64> {
    let n = sorted.len() as f64;
    let total: f64 = sorted.iter().map(|v| v.ln()).sum();
    let (mut below, mut best) = (0.0, None);
    let mut most = 0.0;
    for (i, pair) in sorted.windows(2).enumerate() {
        below += pair[0].ln();
        let n_below = (i + 1) as f64;
        let difference = (total - below) / (n - n_below) - below / n_below;
        let explained = n_below * (n - n_below) * difference * difference;
        if pair[0] < pair[1] && explained > most {
            most = explained;
            best = Some((pair[0] * pair[1]).sqrt());
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use handful_stats::Seed;

    /// Uniform in 0..1.
    fn draw(i: u64) -> f64 {
        (Seed(3).key(i) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn taken(steps: impl Iterator<Item = f64>) -> Vec<Option<i64>> {
        let mut time = 0.0;
        let times = steps.map(|step| {
            time += step;
            Some(time as i64)
        });
        times.collect()
    }

    #[test]
    fn ten_photos_of_each_visitor_are_a_run() {
        let steps = (0..200).map(|i| {
            let waits = if i % 10 == 0 { 40.0 } else { 3.0 };
            waits * (0.6 + draw(i))
        });
        let times = taken(steps);
        let found = runs(&times, &vec![Some("a"); 200]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].runs.len(), 20);
        assert_eq!(found[0].runs[3], (30..40).collect::<Vec<_>>());
        let names: Vec<String> = (0..200).map(|i| format!("{i}.jpg")).collect();
        let told = pauses(&found, &names);
        assert_eq!(
            (told[0].numbers["runs"], told[0].files.len()),
            (20.0, MOST_SHOWN)
        );
    }

    #[test]
    fn photos_at_random_moments_have_no_runs() {
        for start in 0..20 {
            let steps = (0..300).map(|i| -60.0 * (1.0 - draw(start * 1000 + i)).ln());
            assert_eq!(runs(&taken(steps), &vec![None; 300]), []);
        }
    }

    #[test]
    fn few_photos_and_equal_steps_are_no_trouble() {
        assert!(runs(&[None, Some(3)], &[None, None]).is_empty());
        assert!(runs(&[Some(0), Some(5), Some(10)], &[None; 3]).is_empty());
        assert!(runs(&[], &[]).is_empty());
    }
}
