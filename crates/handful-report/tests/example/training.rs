//! Made-up trainings: one that goes on for too long, one that is still falling, and one whose every text and number is odd.

use handful_report::*;
use handful_stats::{Course, Seen, Training};

use super::interval;

/// Held-out loss and accuracy, training loss and accuracy, after each epoch from 0 on.
const OVERFITTED: [[f64; 4]; 13] = [
    [0.911, 0.731, 0.902, 0.734],
    [0.624, 0.801, 0.571, 0.823],
    [0.541, 0.828, 0.446, 0.866],
    [0.502, 0.841, 0.359, 0.894],
    [0.481, 0.849, 0.287, 0.918],
    [0.470, 0.854, 0.226, 0.939],
    [0.467, 0.857, 0.176, 0.957],
    [0.474, 0.858, 0.137, 0.970],
    [0.489, 0.857, 0.105, 0.980],
    [0.511, 0.856, 0.081, 0.986],
    [0.538, 0.853, 0.062, 0.991],
    [0.563, 0.852, 0.049, 0.994],
    [0.589, 0.851, 0.040, 0.996],
];

fn look((epoch, of): (usize, &[f64; 4])) -> Seen {
    let [held, right, train, train_right] = *of;
    // Losses scatter more the surer the model is.
    let half = 0.024 + 0.0011 * epoch as f64;
    Seen {
        epoch: epoch as f64,
        train_loss: train,
        train_accuracy: train_right,
        held_loss: interval(held, held - half, held + half),
        held_accuracy: interval(right, right - 0.0128, right + 0.0119),
        gap: interval(held - train, held - train - half, held - train + half),
    }
}

fn stage(stage: &str, trained: bool, cka: Option<f64>, l2: f64) -> StageForgetting {
    StageForgetting {
        stage: stage.into(),
        trained,
        cka,
        l2,
    }
}

fn skill(before: f64, after: f64, half: f64) -> SkillChange {
    let change = after - before;
    SkillChange {
        before,
        after,
        difference: interval(change, change - half, change + half),
    }
}

fn probe(stage: &str, trained: bool, right: f64, log_loss: f64) -> StageProbe {
    StageProbe {
        stage: stage.into(),
        trained,
        accuracy: interval(right, right - 0.028, right + 0.028),
        log_loss,
    }
}

/// Trained for longer than helps, with everything measured.
pub fn too_long() -> TrainingStory {
    TrainingStory {
        candidate: "fine-tuned, all stages, 160 px".into(),
        chosen: true,
        training: Training {
            looks: OVERFITTED.iter().enumerate().map(look).collect(),
            course: Course::Overfits {
                since_epoch: 6.0,
                rise: interval(0.121, 0.092, 0.150),
            },
        },
        shuffled: Some(Shuffled {
            train_accuracy: 0.978,
            chance: 0.169,
        }),
        forgetting: Some(Forgetting {
            stages: vec![
                stage("stem", false, Some(1.0), 0.0),
                stage("stage 1", true, Some(0.996), 0.0042),
                stage("stage 2", true, Some(0.981), 0.021),
                stage("stage 3", true, Some(0.884), 0.083),
                stage("stage 4", true, Some(0.812), 0.147),
                stage("head convolution", true, Some(0.643), 0.234),
            ],
            probe: "40 everyday things that it was not tuned on".into(),
            n_probe: 800,
            ridge: skill(0.842, 0.811, 0.014),
            knn: skill(0.774, 0.729, 0.019),
        }),
        probes: vec![
            probe("stem", false, 0.312, 2.01),
            probe("stage 1", true, 0.488, 1.62),
            probe("stage 2", true, 0.671, 1.13),
            probe("stage 3", true, 0.792, 0.71),
            probe("stage 4", true, 0.761, 0.79),
            probe("head convolution", true, 0.704, 0.95),
        ],
        alpha: 0.7,
        by_alpha: [0.911, 0.498, 0.462, 0.447, 0.481, 0.589]
            .into_iter()
            .zip([0.0, 0.3, 0.5, 0.7, 0.9, 1.0])
            .map(|(loss, alpha)| (alpha, loss))
            .collect(),
    }
}

/// Short, looked at four times, with nothing else measured.
pub fn too_short() -> TrainingStory {
    TrainingStory {
        candidate: "fine-tuned, last stage, 128 px".into(),
        chosen: false,
        training: Training {
            looks: OVERFITTED[..4].iter().enumerate().map(look).collect(),
            course: Course::StillFalling {
                fall: interval(0.039, 0.022, 0.056),
            },
        },
        shuffled: None,
        forgetting: None,
        probes: Vec::new(),
        alpha: 1.0,
        by_alpha: Vec::new(),
    }
}

/// `nasty` wherever a text is, and numbers that are none.
pub fn hostile(nasty: &str) -> TrainingStory {
    let mut story = too_long();
    story.candidate = nasty.into();
    let forgetting = story.forgetting.as_mut().expect("it was measured");
    forgetting.probe = nasty.into();
    forgetting.stages[1].stage = nasty.into();
    forgetting.stages[2].cka = Some(f64::NAN);
    forgetting.stages[3].l2 = f64::INFINITY;
    forgetting.ridge.after = f64::NAN;
    forgetting.knn.difference.low = f64::NAN;
    story.probes[1].stage = nasty.into();
    story.probes[2].accuracy.value = f64::NAN;
    story.probes[3].log_loss = f64::NAN;
    story.training.looks[2].held_loss.high = f64::INFINITY;
    story.training.looks[3].train_loss = f64::NAN;
    story.by_alpha[1].1 = f64::NAN;
    story
}
