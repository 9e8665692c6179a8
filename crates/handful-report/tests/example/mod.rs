//! Made-up runs: a usual one, one with a trained network, a small one, one on look-alikes, a hostile one and a big one. No number here was measured.

pub mod augmentation;
pub mod diagnosis;
mod finding;
mod picture;
pub mod training;

use handful_report::*;
use handful_stats::{Answer, Claim, Conformal, CurvePoint, Hindcast, ReliabilityBin, Said};

/// A usual run: ten classes, groups, a test split, a few bad files.
///
/// `photos` become the thumbnails, as far as they go.
pub fn clothing(photos: &[Vec<u8>]) -> ReportModel {
    let classes: [(&str, usize); 10] = [
        ("dress", 288),
        ("hat", 149),
        ("longsleeve", 576),
        ("outwear", 246),
        ("pants", 559),
        ("shirt", 345),
        ("shoes", 297),
        ("shorts", 257),
        ("skirt", 136),
        ("t-shirt", 556),
    ];
    #[rustfmt::skip]
    let counts: Vec<usize> = vec![
        229,  1, 12, 14,  4,  7,  0,  2, 15,  4,
          2,138,  1,  1,  1,  0,  5,  1,  0,  0,
         10,  0,468, 31,  4, 38,  0,  0,  1, 24,
         11,  0, 36,178,  2, 17,  0,  0,  1,  1,
          3,  0,  2,  1,536,  1,  4, 11,  1,  0,
          8,  1, 47, 19,  1,231,  0,  1,  0, 37,
          0,  2,  0,  0,  1,  0,294,  0,  0,  0,
          3,  0,  0,  0, 22,  1,  0,226,  5,  0,
         19,  1,  1,  1,  3,  0,  0,  9,102,  0,
          5,  2, 19,  1,  0, 41,  0,  2,  1,485,
    ];
    let confusion = Confusion {
        counts,
        n_repeats: 2,
    };
    let mistakes: Vec<(&str, &str, &str, f64)> = vec![
        (
            "train/shirt/0a41d0e5-bd2c-4ed0-9d2c-6f1b2b8a2b71.jpg",
            "shirt",
            "t-shirt",
            0.9991,
        ),
        (
            "train/skirt/4f5c-dress-or-skirt.jpg",
            "skirt",
            "dress",
            0.987,
        ),
        (
            "train/longsleeve/87ab02.jpg",
            "longsleeve",
            "outwear",
            0.981,
        ),
        ("train/shorts/c0ffee.jpg", "shorts", "pants", 0.974),
        ("train/outwear/19f2.jpg", "outwear", "longsleeve", 0.969),
        ("train/t-shirt/552a.jpg", "t-shirt", "shirt", 0.962),
        ("train/dress/77aa.jpg", "dress", "skirt", 0.955),
        ("train/hat/7f10.jpg", "hat", "shoes", 0.941),
        ("train/shirt/bb02.jpg", "shirt", "longsleeve", 0.938),
        ("train/pants/5e11.jpg", "pants", "shorts", 0.921),
        ("train/longsleeve/23cd.jpg", "longsleeve", "t-shirt", 0.913),
        ("train/dress/aa31.jpg", "dress", "outwear", 0.902),
    ];
    ReportModel {
        name: "clothing".into(),
        verdict: Verdict {
            accuracy: interval(0.8468, 0.8342, 0.8588),
            balanced_accuracy: interval(0.835, 0.819, 0.851),
            level: 0.95,
            class_ratio: 4.2,
            majority_class: "longsleeve".into(),
            majority_accuracy: 0.169,
            n_classes: 10,
            n_images: 3409,
            n_groups: Some(3068),
            look_alikes: None,
            test: Some(TestResult {
                accuracy: interval(0.836, 0.795, 0.870),
                n_images: 372,
                difference: interval(-0.011, -0.053, 0.027),
                n_openings: 1,
            }),
        },
        notices: vec![
            Notice {
                severity: Severity::Remark,
                text: "341 photos of the given validation folder joined training as a group of their own.".into(),
                advice: None,
            },
            Notice {
                severity: Severity::Warning,
                text: "\"skirt\" has 136 photos, 4.2 times fewer than \"longsleeve\".".into(),
                advice: Some("More photos of \"skirt\" would tell most.".into()),
            },
            Notice {
                severity: Severity::Remark,
                text: "5 files were skipped or read with a note.".into(),
                advice: Some("They are listed below and in `issues.csv`.".into()),
            },
        ],
        findings: Vec::new(),
        hog_accuracy: Some(interval(0.512, 0.494, 0.530)),
        candidates: vec![
            candidate("centroid, last stage, 128 px", "frozen", 0.93, 0.722, 11.2, Some((0.441, 0.011)), false),
            candidate("lda, last stage, 128 px", "frozen", 0.548, 0.822, 11.2, Some((0.059, 0.006)), false),
            candidate("ridge, last stage, 128 px", "frozen", 0.521, 0.829, 11.2, Some((0.032, 0.005)), false),
            candidate("logistic, last stage, 128 px", "frozen", 0.518, 0.831, 11.2, Some((0.029, 0.005)), false),
            candidate("ridge, last + middle stage, 160 px", "frozen", 0.489, 0.849, 16.8, None, false),
            candidate("logistic, last + middle stage, 128 px", "frozen", 0.491, 0.847, 11.3, Some((0.002, 0.004)), true),
            candidate("lda, middle stage, 128 px", "frozen", 0.672, 0.781, 6.1, Some((0.183, 0.009)), false),
            candidate("colour histogram + HOG, ridge", "control", 1.461, 0.512, 1.4, Some((0.972, 0.017)), false),
            candidate("majority class", "control", 2.151, 0.169, 0.0, Some((1.662, 0.014)), false),
        ],
        claims: vec![Claimed {
            candidate: "logistic, last + middle stage, 128 px".into(),
            baseline: "ridge, last stage, 128 px".into(),
            claim: Claim {
                difference: -0.030,
                low: -0.041,
                high: -0.019,
                p: 0.0004,
                detectable: 0.016,
                said: Said::Better,
            },
        }],
        chosen_again: Some(0.71),
        curve: Some(curve()),
        decisions: vec![
            decision(
                "Geometry",
                "Squash: on 400 photos log-loss 0.58, against 0.61 ± 0.01 for a centre crop and 0.60 ± 0.01 for padding.",
            ),
            decision(
                "Resolution",
                "128 px: on 800 photos 160 px was 0.6 points better (−0.9 to 2.1), under the point that it would have to be worth.",
            ),
            decision("Stages", "Last and middle stage together: log-loss 0.027 ± 0.004 lower than the last stage alone."),
            decision("Head", "Logistic: the cheapest candidate within one standard error of the best."),
        ],
        training: None,
        augmentation: None,
        classes: classes
            .iter()
            .enumerate()
            .map(|(idx, (name, n))| class(name, *n, confusion.counts[idx * 10 + idx] as f64 / *n as f64))
            .collect(),
        confusion,
        calibration: Calibration {
            log_loss: 0.491,
            log_loss_of_shares: Some(2.151),
            ece: 0.021,
            ece_when_perfect: Some(0.016),
            temperature: Some(1.18),
            brier: Some(0.224),
            reliability: [0.45, 0.72, 0.93, 0.99].map(bin).to_vec(),
            sets: Some(Conformal {
                alpha: 0.1,
                threshold: Some(0.83),
                coverage: interval(0.904, 0.893, 0.914),
                mean_size: 1.3,
                singletons: 0.74,
                empty: 0.01,
            }),
        },
        mistakes: mistakes
            .into_iter()
            .enumerate()
            .map(|(idx, (path, label, predicted, probability))| Mistake {
                path: path.into(),
                label: label.into(),
                predicted: predicted.into(),
                probability,
                thumbnail: photos.get(idx).cloned(),
            })
            .collect(),
        unread: Unread {
            files: vec![
                unread("train/hat/IMG_0231.jpg", "truncated", "the file ends after 8 kB", "copy it again from the camera"),
                unread("train/hat/notes.txt", "not_an_image", "plain text", "nothing: it is left out"),
                unread("train/pants/scan.tif", "first_page_only", "3 pages", "save the pages as files if they are photos"),
                unread("train/shirt/IMG_1102.HEIC", "unsupported", "HEIC", "export it as JPEG"),
                unread("train/skirt/empty.png", "empty", "0 bytes", "copy it again from the camera"),
            ],
            n_files: 5,
        },
        made: Made {
            version: "0.1.0".into(),
            seed: 1,
            protocol: "2 × 5-fold, stratified and grouped".into(),
            backbone: Some(BackboneCard {
                name: "EfficientNet-Lite0".into(),
                licence: "Apache-2.0".into(),
                provenance: "trained on ImageNet-1k, tensors of timm's `tf_efficientnet_lite0`".into(),
            }),
            preprocessing: "128 px, squash, bilinear with antialiasing".into(),
            predict_command: "handful predict runs/clothing/model.handful new-photos/".into(),
            train_command: Some("handful train clothing/".into()),
            more: vec![("Photos".into(), "3,409 for training, 372 for the test".into())],
        },
    }
}

/// The usual run, with a trained network that became the model.
pub fn tuned(photos: &[Vec<u8>]) -> ReportModel {
    let mut model = clothing(photos);
    model.candidates.iter_mut().for_each(|of| of.chosen = false);
    let story = training::too_long();
    let tuned = candidate(
        &story.candidate,
        "fine-tune",
        0.447,
        0.861,
        16.9,
        None,
        true,
    );
    model.candidates.insert(0, tuned);
    model.training = Some(story);
    model
}

/// A small run: two classes, no groups, no test split, no difference to guessing.
pub fn small(photos: &[Vec<u8>]) -> ReportModel {
    let mut model = clothing(photos);
    model.name = "insects".into();
    model.verdict = Verdict {
        accuracy: interval(0.62, 0.49, 0.73),
        balanced_accuracy: interval(0.61, 0.48, 0.72),
        class_ratio: 1.14,
        majority_class: "bees".into(),
        majority_accuracy: 0.533,
        n_classes: 2,
        n_images: 60,
        n_groups: None,
        look_alikes: None,
        test: None,
        ..model.verdict
    };
    model.classes = vec![
        class("ants", 28, 16.0 / 28.0),
        class("bees", 32, 21.0 / 32.0),
    ];
    model.confusion = Confusion {
        counts: vec![16, 12, 11, 21],
        n_repeats: 10,
    };
    model.candidates.truncate(3);
    model.candidates[2].chosen = true;
    model.candidates[2].difference = None;
    model.mistakes.truncate(3);
    model.notices.truncate(1);
    model.unread = Unread::default();
    model.hog_accuracy = Some(interval(0.58, 0.45, 0.70));
    model.training = Some(training::too_short());
    model
}

/// A run on photos that look alike: nothing tells whether they show one leaf, so two numbers lead.
pub fn look_alikes() -> ReportModel {
    let mut model = clothing(&[]);
    model.name = "leaves".into();
    model.findings = finding::leaves().split_off(2);
    model.verdict = Verdict {
        accuracy: interval(0.928, 0.919, 0.937),
        class_ratio: 1.4,
        n_groups: None,
        look_alikes: Some(LookAlikes {
            by: Sign::Looks,
            apart: interval(0.68, 0.63, 0.73),
            random: interval(0.928, 0.919, 0.937),
            n_sets: 96,
            n_photos: 412,
            agree: false,
        }),
        ..model.verdict
    };
    model
}

/// A run whose every text tries to break the page.
pub fn hostile() -> ReportModel {
    let mut model = clothing(&[]);
    let names = [
        "<script>alert(1)</script>",
        "\"><img src=http://evil.example/x.png onerror=alert(1)>",
        "👩‍🔬🧫 microscope",
        "كلب صغير",
        "</style></title><!--",
        "a\u{202e}gnp.exe\u{1b}[31m\u{0}",
        "& &amp; &lt;",
        "日本語の名前がとても長いのです",
        "`code` 50 % `",
    ];
    let long = "very-long-name-".repeat(40);
    for (idx, class) in model.classes.iter_mut().enumerate() {
        class.name = names.get(idx).map_or(long.clone(), |name| (*name).into());
    }
    let nasty = format!("{}\u{202e}\u{1b}", names[1]);
    model.name = names[0].into();
    model.verdict.majority_class = names[3].into();
    model.training = Some(training::hostile(&nasty));
    model.candidates[0].name = nasty.clone();
    model.candidates[0].strategy = nasty.clone();
    model.candidates[0].log_loss = f64::NAN;
    model.notices[0].text = nasty.clone();
    model.notices[1].advice = Some(nasty.clone());
    model.decisions[0].topic = nasty.clone();
    model.decisions[0].text = nasty.clone();
    model.mistakes[0].label = names[3].into();
    model.mistakes[0].predicted = long.clone();
    model.mistakes[0].path = nasty.clone();
    model.mistakes[1].path = long;
    model.mistakes[1].label = names[0].into();
    model.unread.files[0].path = nasty.clone();
    model.unread.files[0].kind = nasty.clone();
    model.unread.files[0].detail = nasty.clone();
    model.made.predict_command = nasty.clone();
    model.made.protocol = nasty.clone();
    model.made.preprocessing = nasty.clone();
    model.made.more.push((nasty.clone(), nasty.clone()));
    model.made.backbone = Some(BackboneCard {
        name: nasty.clone(),
        licence: nasty.clone(),
        provenance: nasty,
    });
    model
}

/// A big run: 81 classes with 5,000 photos, every pair confused somewhere, more mistakes and bad files than are shown.
pub fn big(photos: &[Vec<u8>]) -> ReportModel {
    let k = 81;
    let mut model = clothing(photos);
    // A fixed scatter: no draw is needed to fill the cells.
    let counts: Vec<usize> = (0..k * k)
        .map(|cell| match (cell / k, cell % k) {
            (row, column) if row == column => 30 + (row * 37) % 41,
            (row, column) if row / 4 == column / 4 => (row * 7 + column * 3) % 8,
            (row, column) => usize::from((row * 31 + column * 17) % 23 == 0),
        })
        .collect();
    let n_of = |row: usize| counts[row * k..(row + 1) * k].iter().sum::<usize>();
    model.name = "grocery".into();
    model.classes = (0..k)
        .map(|idx| {
            let n = n_of(idx);
            class(
                &format!(
                    "Produce-{}-{idx}",
                    ["Granny-Smith", "Milk", "Aubergine", "Leek"][idx % 4]
                ),
                n,
                counts[idx * k + idx] as f64 / n as f64,
            )
        })
        .collect();
    model.verdict.n_images = 5000;
    model.verdict.n_groups = None;
    model.verdict.n_classes = k;
    model.verdict.majority_class = model.classes[40].name.clone();
    model.confusion = Confusion {
        counts,
        n_repeats: 1,
    };
    model.mistakes = (0..500)
        .map(|idx| Mistake {
            thumbnail: Some(vec![0xff; 30_000]),
            ..model.mistakes[idx % 12].clone()
        })
        .collect();
    if !photos.is_empty() {
        for (idx, mistake) in model.mistakes.iter_mut().enumerate() {
            mistake.thumbnail = Some(photos[idx % photos.len()].clone());
        }
    }
    model.candidates = (0..60)
        .map(|idx| {
            candidate(
                &format!("candidate {idx}"),
                "frozen",
                0.5 + idx as f64 / 100.0,
                0.8,
                11.0,
                None,
                idx == 30,
            )
        })
        .collect();
    model.unread = Unread {
        files: (0..300)
            .map(|idx| {
                unread(
                    &format!("a/{idx}.jpg"),
                    "truncated",
                    "cut short",
                    "copy it again",
                )
            })
            .collect(),
        n_files: 1234,
    };
    model
}

fn interval(value: f64, low: f64, high: f64) -> Interval {
    Interval { value, low, high }
}

fn candidate(
    name: &str,
    strategy: &str,
    log_loss: f64,
    accuracy: f64,
    ms: f64,
    difference: Option<(f64, f64)>,
    chosen: bool,
) -> Candidate {
    Candidate {
        name: name.into(),
        strategy: strategy.into(),
        log_loss,
        accuracy: interval(accuracy, accuracy - 0.013, accuracy + 0.0125),
        predict_ms: (ms > 0.0).then_some(ms),
        difference: difference.map(|(mean, se)| PairedDifference { mean, se }),
        chosen,
    }
}

/// With an interval that is about as wide as it should be; the exact one doesn't matter here.
fn class(name: &str, n_images: usize, recall: f64) -> ClassResult {
    let half = 1.96 * (recall * (1.0 - recall) / n_images as f64).sqrt() + 1.0 / n_images as f64;
    ClassResult {
        name: name.into(),
        n_images,
        recall: Some(interval(
            recall,
            (recall - half).max(0.0),
            (recall + half).min(1.0),
        )),
    }
}

fn decision(topic: &str, text: &str) -> Decision {
    Decision {
        topic: topic.into(),
        text: text.into(),
    }
}

fn unread(path: &str, kind: &str, detail: &str, advice: &str) -> UnreadFile {
    UnreadFile {
        path: path.into(),
        kind: kind.into(),
        detail: detail.into(),
        advice: advice.into(),
    }
}

/// Photos of which the top class was given this probability, and is right a little less often.
fn bin(confidence: f64) -> ReliabilityBin {
    ReliabilityBin {
        confidence,
        accuracy: interval(confidence - 0.02, confidence - 0.05, confidence),
        n_images: 852,
    }
}

/// A curve that has not come to its end.
fn curve() -> Curve {
    let point = |size: f64, error: f64| CurvePoint {
        size,
        error: interval(error, error - 0.012, error + 0.012),
    };
    Curve {
        candidate: "ridge, last + middle stage, 128 px".into(),
        points: vec![
            point(341.0, 0.24),
            point(682.0, 0.20),
            point(1364.0, 0.18),
            point(2045.0, 0.165),
            point(2727.0, 0.153),
        ],
        gain: 0.02,
        answer: Answer::Images {
            more: 2600,
            total: 6009,
        },
        hindcast: Some(Hindcast {
            size: 2727.0,
            predicted: interval(0.149, 0.131, 0.167),
            measured: 0.153,
            covered: true,
        }),
    }
}
