//! What do the keys of `recipe.toml` mean, and in which line does each stand?
//!
//! A key is called by the way to it, as in `training.coarse.steps`: `steps` alone means two things.

use toml::de::DeTable;

/// What stands behind keys and behind headers of tables.
const REMARKS: &[(&str, &str)] = &[
    ("schema", "version of this file's format"),
    (
        "strategy",
        "what becomes of the network: frozen, fine-tune or scratch",
    ),
    ("backbone", "architecture of the network"),
    (
        "geometry",
        "how photos become squares: center-crop, squash or pad",
    ),
    ("size_px", "side of the images, 32 to 1024"),
    ("stages", "their spatial means are the features"),
    ("head", "fitted on the features"),
    (
        "views",
        "of a photo: it as it is (as-is), it and its mirror image (mirrored), or it and five windows of a wider square (windows)",
    ),
    (
        "over",
        "the head learns from the mean of the views (mean), or from each, and is then asked about their mean (set) or the photo as it is (training)",
    ),
    ("training", "how the network is trained"),
    (
        "training.trains",
        "what learns: norms, last, last-2, all or { from = 3 }",
    ),
    (
        "training.trains.from",
        "how many of the first stages stay as they are",
    ),
    (
        "training.norms",
        "statistics of norms: frozen, re-estimated (of these photos) or { batch = { momentum = 0.1 } }",
    ),
    (
        "training.norms.batch",
        "norms go by each batch; instead of this table `norms` can be frozen or re-estimated",
    ),
    (
        "training.norms.batch.momentum",
        "share of a batch in the statistics that predictions go by, 0 to 1",
    ),
    (
        "training.optimiser",
        "adamw or { sgd = { momentum = 0.9 } }",
    ),
    (
        "training.optimiser.sgd",
        "gradient descent; instead of this table `optimiser` can be adamw",
    ),
    (
        "training.optimiser.sgd.momentum",
        "share of its speed that a weight keeps from step to step, below 1",
    ),
    (
        "training.learning_rate",
        "at its highest, after the warm-up",
    ),
    (
        "training.schedule.geometric",
        "the rate rises by the same factor in each step, instead of a warm-up and a cosine",
    ),
    (
        "training.schedule.geometric.from",
        "rate of the first step; the last one's is learning_rate",
    ),
    (
        "training.level_decay",
        "what the rate is multiplied with for each finer resolution, 0 to 1",
    ),
    ("training.steps", "how often weights move"),
    ("training.batch", "images a step"),
    (
        "training.accumulate",
        "batches whose gradients make one step",
    ),
    (
        "training.warm_up",
        "share of the steps in which the rate rises, 0 to 1",
    ),
    (
        "training.weight_decay",
        "pull of all weights towards zero, as a share of the rate",
    ),
    (
        "training.pull",
        "pull of pretrained weights towards where they started, as a share of the rate",
    ),
    ("training.clip", "largest norm of all gradients together"),
    (
        "training.precision",
        "numbers of maps and weights in a step: float32 or bfloat16",
    ),
    (
        "training.coarse",
        "a first part of the steps is on smaller images; without this table none is",
    ),
    (
        "training.coarse.steps",
        "share of the steps that is on smaller images, 0.01 to 0.95",
    ),
    (
        "training.coarse.side",
        "their side as a share of size_px, 0.25 to 0.95",
    ),
    (
        "training.label_smoothing",
        "share of each target that is spread over all classes, 0 to 0.5",
    ),
    (
        "training.balance",
        "classes of unequal size: none, class-weights or logit-adjustment",
    ),
    (
        "training.average",
        "whether the model is the moving average of the weights",
    ),
    (
        "training.views",
        "views of a photo that are kept of a frozen part; 0: new ones in each step",
    ),
    (
        "training.policy",
        "what makes views of photos, as `handful augment` writes it; without this table windows do",
    ),
    ("training.policy.name", "what it is called"),
    (
        "training.policy.border",
        "beyond the edge: reflect, edge, mean or { colour = [0, 0, 0] }",
    ),
    (
        "training.policy.interpolation",
        "between pixels: bilinear or nearest",
    ),
    (
        "training.mixing",
        "two photos in one: cutmix, or { mixup = { alpha = 0.2 } }; without this line none",
    ),
    (
        "training.mixing.mixup.alpha",
        "shares are drawn from Beta(alpha, alpha)",
    ),
    (
        "training.patience",
        "epochs without progress after which it stops; without this line never",
    ),
    (
        "training.gradual",
        "whether resolutions join one after the other",
    ),
];

/// The same file with what each key and each table means behind its line.
pub fn explained(text: &str) -> String {
    let places = places(text);
    let explained = |(idx, line): (usize, &str)| {
        let here = places.iter().filter(|(_, at)| *at == idx + 1);
        // A header names all tables on the way; it opens the last one.
        let way = here.map(|(way, _)| way).max_by_key(|way| way.len());
        let remark = way.and_then(|way| REMARKS.iter().find(|(known, _)| known == way));
        match remark {
            Some((_, remark)) => format!("{line}  # {remark}\n"),
            None => format!("{line}\n"),
        }
    };
    text.lines().enumerate().map(explained).collect()
}

/// The line of a key, or of the innermost table on the way to it that is there; none where the file can't be read.
pub fn line_of(text: &str, way: &str) -> Option<usize> {
    let places = places(text);
    let mut way = way;
    loop {
        if let Some((_, line)) = places.iter().find(|(known, _)| known == way) {
            return Some(*line);
        }
        way = way.rsplit_once('.')?.0;
    }
}

/// The way to what [`handful_learn::train::Recipe::check`] calls `name`.
pub fn way_to(name: &str) -> String {
    let way = match name {
        "momentum of norms" => "norms.batch.momentum",
        "momentum" => "optimiser.sgd.momentum",
        "from" => "schedule.geometric.from",
        "steps of coarse" => "coarse.steps",
        "side of coarse" => "coarse.side",
        "alpha of mixup" => "mixing.mixup.alpha",
        other => other,
    };
    format!("training.{way}")
}

/// Number of the line, from 1 on, in which the byte at `place` is.
pub fn line_at(text: &str, place: usize) -> usize {
    let before = text.as_bytes().iter().take(place);
    1 + before.filter(|byte| **byte == b'\n').count()
}

/// Every key with its line, however it is written: below a header, with dots or in braces.
fn places(text: &str) -> Vec<(String, usize)> {
    fn collect(table: &DeTable, before: &str, text: &str, places: &mut Vec<(String, usize)>) {
        for (key, value) in table {
            let way = format!("{before}{}", key.get_ref());
            if let Some(inner) = value.get_ref().as_table() {
                collect(inner, &format!("{way}."), text, places);
            }
            places.push((way, line_at(text, key.span().start)));
        }
    }
    let mut places = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        collect(table.get_ref(), "", text, &mut places);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_one_name_are_told_apart() {
        let text = "[training]\nsteps = 9\n\n[training.coarse]\nsteps = 0.5\n";
        let explained = explained(text);
        let lines: Vec<&str> = explained.lines().collect();
        assert_eq!(lines[1], "steps = 9  # how often weights move");
        assert!(
            lines[4].starts_with("steps = 0.5  # share of the steps"),
            "{explained}"
        );
        assert!(
            lines[3].contains("  # a first part of the steps"),
            "{explained}"
        );
        assert_eq!(line_of(text, "training.steps"), Some(2));
        assert_eq!(line_of(text, "training.coarse.steps"), Some(5));
        assert_eq!(line_of(text, "training.coarse.side"), Some(4));
        assert_eq!(line_of(text, "head"), None);
    }

    #[test]
    fn a_key_is_found_however_it_is_written() {
        let ways = [
            "a = 1\n[training]\nbatch = 2\nnorms = { batch = { momentum = 0.1 } }\n",
            "a = 1\n[training]\nbatch = 2\nnorms.batch.momentum = 0.1\n",
            "a = 1\ntraining.batch = 2\n[training.norms]\nbatch = { momentum = 0.1 }\n",
        ];
        for text in ways {
            assert_eq!(
                line_of(text, "training.norms.batch.momentum"),
                Some(4),
                "{text}"
            );
        }
        assert_eq!(line_of(ways[0], "training.batch"), Some(3));
        assert_eq!(line_of(ways[2], "training.batch"), Some(2));
    }
}
