//! The program as a person runs it: output, exit code and files of real commands on the demo's photos.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use handful::demo::PHOTOS;
use handful::exit;
use handful::workflow::plan::{CandidatePlan, Plan, SCHEMA};
use handful::workflow::recipe_file::RecipeFile;
use handful_image::Geometry;
use handful_learn::backbone::{EMBEDDED, Precision};
use handful_learn::features::Views;
use handful_learn::head::{Centroid, Ridge};
use handful_learn::train::{Recipe, Trains};
use handful_learn::{Backbone, Bundle};
use serde_json::Value;
use tempfile::TempDir;

/// Photos a class of the small set: enough for folds, few enough for seconds.
const PER_CLASS: usize = 12;
const CLASSES: [&str; 3] = ["dress", "hat", "shoes"];

fn run(dir: &Path, arguments: &[&str]) -> Output {
    // What takes minutes is asked for where it is what is tested.
    let tunes = ["--strategy", "--freeze", "--plan", "--find-lr", "--recipe"];
    let is_frozen = arguments[0] == "train" && !arguments.iter().any(|a| tunes.contains(a));
    let frozen: &[&str] = if is_frozen {
        &["--strategy", "frozen"]
    } else {
        &[]
    };
    Command::new(env!("CARGO_BIN_EXE_handful"))
        .args(arguments)
        .args(frozen)
        .current_dir(dir)
        .env("HANDFUL_CACHE_DIR", dir.join("cache"))
        .env("NO_COLOR", "1")
        .output()
        .expect("the program starts")
}

fn ok(dir: &Path, arguments: &[&str]) -> String {
    let output = run(dir, arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("results are text")
}

/// What a verb prints as JSON at its end: on a busy machine lines of progress come before it.
fn result(dir: &Path, arguments: &[&str]) -> Value {
    let said = ok(dir, arguments);
    let last = said.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|e| panic!("{e}: {said}"))
}

/// The exit code and what was said on stderr.
fn code_and_stderr(dir: &Path, arguments: &[&str]) -> (u8, String) {
    let output = run(dir, arguments);
    let code = output.status.code().expect("the program ends by itself");
    (
        code as u8,
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// `photos/<class>/NNN.jpg` and `new/<class>/NNN.jpg`.
fn small_set() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in PHOTOS {
        let parts: Vec<&str> = name.split('/').collect();
        let number: usize = parts[2].trim_end_matches(".jpg").parse().unwrap();
        if !CLASSES.contains(&parts[1]) || number > PER_CLASS {
            continue;
        }
        let part = if parts[0] == "train" { "photos" } else { "new" };
        let path = dir.path().join(part).join(parts[1]).join(parts[2]);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    dir
}

fn json(path: PathBuf) -> Value {
    serde_json::from_slice(&fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        .unwrap()
}

#[test]
fn a_folder_becomes_a_model_that_any_process_can_use() {
    let dir = small_set();
    let at = dir.path();
    let said = ok(
        at,
        &[
            "train",
            "photos",
            "--imgsz",
            "64",
            "--threads",
            "2",
            "--test",
            "new",
            "--name",
            "two",
        ],
    );
    assert!(said.contains("95 % interval"), "{said}");
    let run_dir = at.join("runs/two");

    // The machine-readable outputs are an interface.
    let metrics = json(run_dir.join("metrics.json"));
    for key in ["accuracy", "balanced_accuracy", "hog_accuracy"] {
        for part in ["value", "low", "high"] {
            assert!(metrics[key][part].is_f64(), "{key}.{part}");
        }
    }
    for key in ["log_loss", "ece", "majority_accuracy", "train_accuracy"] {
        assert!(metrics[key].is_f64(), "{key}");
    }
    assert_eq!(metrics["images"], 36);
    assert_eq!(metrics["classes"], 3);
    assert_eq!(metrics["seed"], 0);
    assert_eq!(metrics["test"]["images"], 30);
    assert!(
        metrics["accuracy"]["value"].as_f64().unwrap() > 0.6,
        "three kinds of clothing are easy: {metrics}"
    );
    let head = |name: &str| {
        fs::read_to_string(run_dir.join(name))
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        head("candidates.csv"),
        "candidate,strategy,log_loss,accuracy,low,high,predict_ms,chosen"
    );
    assert_eq!(
        head("predictions.csv"),
        "path,label,predicted,fold,probability,dress,hat,shoes"
    );
    assert_eq!(head("issues.csv"), "path,kind,detail,advice");
    for name in [
        "folds.csv",
        "plan.json",
        "recipe.toml",
        "events.jsonl",
        "timing.json",
        "report.html",
        "model.handful",
    ] {
        assert!(run_dir.join(name).is_file(), "{name}");
    }
    assert!(
        fs::read_dir(at.join("photos")).unwrap().count() == 3,
        "nothing is written among the photos"
    );

    // Same seed, same bytes, for any number of threads and without the cache.
    ok(
        at,
        &[
            "train",
            "photos",
            "--imgsz",
            "64",
            "--threads",
            "1",
            "--test",
            "new",
            "--name",
            "one",
            "--no-cache",
        ],
    );
    for name in [
        "metrics.json",
        "folds.csv",
        "predictions.csv",
        "candidates.csv",
        "plan.json",
        "model.handful",
    ] {
        let bytes = |run: &str| fs::read(at.join("runs").join(run).join(name)).unwrap();
        let same = if name == "candidates.csv" {
            // Its predict_ms is a time.
            let without_time = |run: &str| {
                let text = String::from_utf8(bytes(run)).unwrap();
                let row = |l: &str| {
                    l.split(',')
                        .enumerate()
                        .filter(|(i, _)| *i != 6)
                        .map(|(_, c)| c.to_owned())
                        .collect()
                };
                text.lines().map(row).collect::<Vec<Vec<String>>>()
            };
            without_time("one") == without_time("two")
        } else {
            bytes("one") == bytes("two")
        };
        assert!(same, "{name} differs between one and two threads");
    }

    // A plan repeats a run without measuring.
    ok(
        at,
        &[
            "train",
            "photos",
            "--plan",
            "runs/two/plan.json",
            "--test",
            "new",
            "--name",
            "again",
        ],
    );
    assert_eq!(
        metrics["accuracy"],
        json(at.join("runs/again/metrics.json"))["accuracy"]
    );

    // A fresh process gives the probabilities that the test split gave.
    let evaluated = result(at, &["eval", "runs/two/model.handful", "new", "--json"]);
    assert_eq!(evaluated["accuracy"], metrics["test"]["accuracy"]);
    assert_eq!(evaluated["log_loss"], metrics["test"]["log_loss"]);

    // So does a model whose images vote, which are in its file; and this is the second look at these photos.
    let mut plan = json(run_dir.join("plan.json"));
    let mut candidates = plan["candidates"].as_array().unwrap().clone();
    candidates.retain(|candidate| candidate["head"] == "knn");
    plan["candidates"] = Value::Array(candidates);
    fs::write(at.join("knn.json"), plan.to_string()).unwrap();
    let train = ["train", "photos", "--plan", "knn.json", "--test", "new"];
    ok(at, &[&train[..], &["--name", "votes"]].concat());
    let tested = json(at.join("runs/votes/metrics.json"))["test"].clone();
    let evaluate = ["eval", "runs/votes/model.handful", "new", "--json"];
    let evaluated = result(at, &evaluate);
    assert_eq!(evaluated["log_loss"], tested["log_loss"]);
    assert_eq!(
        (&tested["openings"], &evaluated["openings"]),
        (&1.into(), &2.into())
    );

    let model = "runs/two/model.handful";
    let lines = ok(at, &["predict", model, "new/hat", "--json", "--top-k", "2"]);
    assert_eq!(lines.lines().count(), 10);
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["top"].as_array().unwrap().len(), 2);
    let alone: Value = serde_json::from_str(&ok(
        at,
        &[
            "predict",
            model,
            "new/hat/001.jpg",
            "--json",
            "--top-k",
            "2",
        ],
    ))
    .unwrap();
    let p = |v: &Value| v["probability"].as_f64().unwrap();
    assert!(
        (p(&alone) - p(&first)).abs() < 1e-5,
        "alone {alone}, in a batch {first}"
    );
    let table = ok(
        at,
        &[
            "predict",
            model,
            "new/hat",
            "--format",
            "csv",
            "--probabilities",
        ],
    );
    assert!(
        table.starts_with("path,label,probability,set,dress,hat,shoes\n"),
        "{table}"
    );

    let page = fs::read(run_dir.join("report.html")).unwrap();
    ok(at, &["report", "runs/two"]);
    assert!(
        page == fs::read(run_dir.join("report.html")).unwrap(),
        "the report is drawn again from its data"
    );
}

/// Whether a candidate of a plan is a trained network by itself, in no ensemble.
fn is_tuned(candidate: &Value) -> bool {
    candidate["tune"].is_object() && candidate["beside"].is_null()
}

#[test]
fn a_network_is_fine_tuned_and_the_same_again_from_its_plan() {
    let dir = small_set();
    let at = dir.path();
    let train = ["train", "photos", "--test", "new", "--threads"];
    let how = [
        "--imgsz", "32", "--freeze", "last", "--lr", "0.001", "--epochs", "1",
    ];
    let first = [&train[..], &["2", "--name", "first"], &how].concat();
    ok(at, &first);
    let run = at.join("runs/first");
    let table = fs::read_to_string(run.join("candidates.csv")).unwrap();
    let tuned = table.lines().find(|line| line.contains(",fine-tune,"));
    let tuned = tuned.expect("a candidate");
    assert!(
        tuned.starts_with("efficientnet_lite0/32/fine-tune/last@0.001,"),
        "{tuned}"
    );
    // With frozen features it is a candidate once more.
    let ensemble = table.lines().find(|line| line.contains(",ensemble,"));
    let ensemble = ensemble.expect("a candidate");
    let both = "efficientnet_lite0/32/fine-tune/last@0.001 & 32/";
    assert!(ensemble.starts_with(both), "{ensemble}");
    let metrics = json(run.join("metrics.json"));
    let evaluate = ["eval", "runs/first/model.handful", "new", "--json"];
    let evaluated = result(at, &evaluate);
    assert_eq!(evaluated["log_loss"], metrics["test"]["log_loss"]);
    let training = &metrics["training"];
    assert!(training["training"]["looks"].as_array().unwrap().len() > 3);
    assert_eq!(training["by_alpha"].as_array().unwrap().len(), 5);
    let probes = training["probes"].as_array().unwrap();
    assert_eq!(probes.len(), 9, "a ridge on each stage");
    assert_eq!(probes[8]["trained"], true);
    let events = fs::read_to_string(run.join("events.jsonl")).unwrap();
    assert!(events.contains(
        r#"{"event":"look","network":"efficientnet_lite0","recipe":"last@0.001","fold":0,"step":0"#
    ));

    // The plan trains what was trained. So that the tuned one is the model, it stands alone in another plan.
    let plan = run.join("plan.json");
    let again = ["1", "--name", "again", "--no-cache", "--plan"];
    ok(
        at,
        &[&train[..], &again, &[plan.to_str().unwrap()]].concat(),
    );
    let bytes = |run: &str, name: &str| fs::read(at.join("runs").join(run).join(name)).unwrap();
    for name in [
        "metrics.json",
        "predictions.csv",
        "plan.json",
        "model.handful",
    ] {
        assert!(
            bytes("first", name) == bytes("again", name),
            "{name} differs"
        );
    }
    let mut plan = json(plan);
    let mut candidates = plan["candidates"].as_array().unwrap().clone();
    candidates.retain(|candidate| candidate["tune"].is_object());
    plan["candidates"] = Value::Array(candidates.clone());
    fs::write(at.join("halves.json"), plan.to_string()).unwrap();
    let halves = ["2", "--name", "halves", "--plan", "halves.json"];
    let (code, said) = code_and_stderr(at, &[&train[..], &halves].concat());
    assert_eq!(code, exit::NOT_WHAT_IT_CLAIMS, "{said}");
    assert!(
        said.contains("an ensemble of other than a fine-tuned"),
        "{said}"
    );
    candidates.retain(is_tuned);
    plan["candidates"] = Value::Array(candidates);
    fs::write(at.join("tuned.json"), plan.to_string()).unwrap();
    let alone = ["2", "--name", "alone", "--plan", "tuned.json"];
    ok(at, &[&train[..], &alone].concat());
    let metrics = json(at.join("runs/alone/metrics.json"));
    assert_eq!(
        metrics["winner"],
        "efficientnet_lite0/32/fine-tune/last@0.001"
    );
    let forgetting = &metrics["training"]["forgetting"];
    assert_eq!(forgetting["stages"][0]["l2"], 0.0, "the stem is frozen");
    assert!(forgetting["stages"][8]["l2"].as_f64().unwrap() > 0.0);
    assert!(metrics["training"]["shuffled"]["train_accuracy"].is_f64());
    // The file predicts what the test was told.
    let evaluate = ["eval", "runs/alone/model.handful", "new", "--json"];
    let evaluated = result(at, &evaluate);
    assert_eq!(evaluated["log_loss"], metrics["test"]["log_loss"]);
}

/// A plan of an even pair, so that what they say together is better than what either says.
fn plan_of_a_pair(precision: Precision) -> Plan {
    let network = EMBEDDED.load();
    let recipe = Recipe {
        precision,
        ..Recipe::new(Trains::Last, 1e-3, 40, 9)
    };
    let tuned = CandidatePlan::trained(32, &network, &recipe);
    let frozen = CandidatePlan::frozen(32, &tuned.stages, &Centroid);
    let baseline = CandidatePlan::frozen(32, &tuned.stages, &Ridge);
    let both = CandidatePlan {
        beside: Some(Box::new(frozen.clone())),
        ..tuned.clone()
    };
    Plan {
        schema: SCHEMA,
        version: "0".into(),
        seed: 0,
        folds: 3,
        repeats: 1,
        backbone: network.weights.digest().to_owned(),
        precision,
        geometry: Geometry::Squash,
        curve: true,
        look_px: None,
        candidates: vec![frozen, baseline, tuned, both],
    }
}

#[test]
fn an_ensemble_becomes_the_model() {
    let dir = small_set();
    let at = dir.path();
    let name = "efficientnet_lite0/32/fine-tune/last@0.001 & 32/head/centroid";
    let mut from_nothing = plan_of_a_pair(Precision::Float32);
    let mut looks_again = from_nothing.clone();
    for tuned in &mut from_nothing.candidates[2..] {
        tuned.scratch = Some("resnet14".into());
    }
    looks_again.candidates[0].views = Views::Mirrored;
    looks_again.candidates[3].beside = Some(Box::new(looks_again.candidates[0].clone()));
    for wrong in [from_nothing, looks_again] {
        fs::write(
            at.join("wrong.json"),
            serde_json::to_string(&wrong).unwrap(),
        )
        .unwrap();
        let (code, said) = code_and_stderr(at, &["train", "photos", "--plan", "wrong.json"]);
        assert_eq!(code, exit::NOT_WHAT_IT_CLAIMS, "{said}");
        assert!(
            said.contains("an ensemble of other than a fine-tuned"),
            "{said}"
        );
    }
    for precision in [Precision::Float32, Precision::Bfloat16] {
        let plan = serde_json::to_string(&plan_of_a_pair(precision)).unwrap();
        fs::write(at.join("pair.json"), plan).unwrap();
        let run = format!("{precision:?}").to_lowercase();
        let train = ["train", "photos", "--plan", "pair.json", "--test", "new"];
        let (code, said) = code_and_stderr(at, &[&train[..], &["--name", &run]].concat());
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("The model is an ensemble"), "{said}");
        assert!(said.contains("\n  & 32/head/centroid\n"), "{said}");
        let folder = at.join("runs").join(&run);
        let metrics = json(folder.join("metrics.json"));
        assert_eq!(metrics["winner"], name);
        // What was trained is told of the part that was trained.
        let story = &json(folder.join("report.json"))["training"];
        assert_eq!(story["chosen"], true);
        assert_eq!(
            story["candidate"],
            "efficientnet_lite0/32/fine-tune/last@0.001"
        );
        // What may be claimed names no ensemble, and the page says why.
        let claims = metrics["claims"].as_array().unwrap();
        let names = claims
            .iter()
            .map(|claim| claim["candidate"].as_str().unwrap());
        let expected = ["32/head/centroid", "32/fine-tune/last@0.001"]
            .map(|c| format!("efficientnet_lite0/{c}"));
        let of_network: Vec<&str> = names.filter(|name| name.starts_with("eff")).collect();
        assert_eq!(of_network, expected);
        let page = fs::read_to_string(folder.join("report.html")).unwrap();
        assert!(page.contains("An ensemble, A &amp; B, is"));
        // Another process that has the model alone says the same, and other views are other answers of both.
        let model = format!("runs/{run}/model.handful");
        let eval = |views: &[&str]| {
            let said = result(
                at,
                &[&["eval", &model, "new", "--json"][..], views].concat(),
            );
            said["log_loss"].as_f64().unwrap()
        };
        let test = metrics["test"]["log_loss"].as_f64().unwrap();
        assert_eq!(eval(&[]), test);
        assert_eq!(eval(&["--views", "as-is"]), test);
        assert_ne!(eval(&["--views", "mirrored"]), test);
        let bundle = Bundle::from_bytes(&fs::read(folder.join("model.handful")).unwrap()).unwrap();
        let computes = bundle.members.iter().map(|m| m.backbone.precision());
        assert_eq!(computes.collect::<Vec<_>>(), [precision; 2]);
    }
}

#[test]
fn a_recipe_is_read_back_and_trained_with() {
    let dir = small_set();
    let at = dir.path();
    let network = Backbone::untrained("efficientnet_lite0", 0).unwrap();
    let recipe = Recipe::new(Trains::Last, 1e-3, 4, 9);
    let plan = CandidatePlan::trained(48, &network, &recipe);
    let file = RecipeFile::of(&plan, "efficientnet_lite0", Geometry::Squash);
    fs::write(at.join("my.toml"), file.to_toml()).unwrap();
    assert_eq!(RecipeFile::read(&at.join("my.toml")).unwrap(), file);

    ok(
        at,
        &["train", "photos", "--recipe", "my.toml", "--name", "run"],
    );
    let run = at.join("runs/run");
    let trained = json(run.join("plan.json"));
    assert_eq!(trained["geometry"], "squash");
    let candidates = trained["candidates"].as_array().unwrap();
    let tuned: Vec<&Value> = candidates.iter().filter(|c| is_tuned(c)).collect();
    assert_eq!(tuned.len(), 1, "exactly that one: {trained}");
    assert_eq!(tuned[0]["tune"], serde_json::to_value(&recipe).unwrap());
    assert!(candidates.iter().all(|c| c["size_px"] == 48));
    assert!(candidates.len() > 1, "frozen ones stand beside it");

    // The run says how its own model is made, whichever won.
    let written = RecipeFile::read(&run.join("recipe.toml")).unwrap();
    let winner = json(run.join("metrics.json"))["winner"].clone();
    let winner = winner.as_str().unwrap();
    let is_it = |c: &&Value| {
        let plan: CandidatePlan = serde_json::from_value((*c).clone()).unwrap();
        plan.name("efficientnet_lite0") == winner
    };
    let winner = candidates.iter().find(is_it).expect("it was judged");
    let winner: CandidatePlan = serde_json::from_value(winner.clone()).unwrap();
    assert_eq!(
        written,
        RecipeFile::of(&winner, "efficientnet_lite0", Geometry::Squash)
    );

    let text = file.to_toml();
    let line = 1 + text
        .lines()
        .position(|l| l.starts_with("batch = "))
        .unwrap();
    let wrong = text.replace("batch = ", "batsch = ");
    fs::write(at.join("wrong.toml"), wrong).unwrap();
    let (code, said) = code_and_stderr(at, &["train", "photos", "--recipe", "wrong.toml"]);
    assert_eq!(code, exit::NOT_WHAT_IT_CLAIMS, "{said}");
    assert!(
        said.contains(&format!("`wrong.toml`, line {line},")),
        "{said}"
    );
    assert!(said.contains("`batsch`"), "{said}");
    let both = ["train", "photos", "--lr", "1", "--recipe", "my.toml"];
    assert_eq!(code_and_stderr(at, &both).0, exit::USAGE);
    let other = text.replace("efficientnet_lite0", "resnet18");
    fs::write(at.join("other.toml"), other).unwrap();
    let (code, said) = code_and_stderr(at, &["train", "photos", "--recipe", "other.toml"]);
    assert_eq!(code, exit::USAGE, "{said}");
    assert!(said.contains("`resnet18`"), "{said}");
}

#[test]
fn a_network_from_nothing_is_a_candidate_like_any_other() {
    let dir = small_set();
    let at = dir.path();
    let train = ["train", "photos", "--test", "new"];
    let how = ["--strategy", "scratch", "--imgsz", "32", "--lr", "0.05"];
    let first = ["--epochs", "3", "--name", "first"];
    ok(at, &[&train[..], &how, &first].concat());
    let name = "resnet14/32/scratch/all@0.05";
    let table = fs::read_to_string(at.join("runs/first/candidates.csv")).unwrap();
    let row = table.lines().find(|line| line.starts_with(name));
    let row = row.expect("a candidate");
    assert!(row.starts_with(&format!("{name},scratch,")), "{row}");
    let claims = json(at.join("runs/first/metrics.json"))["claims"].clone();
    let is_it = |claim: &&Value| claim["candidate"] == name;
    assert!(claims.as_array().unwrap().iter().any(|c| is_it(&c)));

    // The plan repeats it, for any number of threads; it had nothing to forget, nothing to be blended with, and no stages to probe.
    let mut plan = json(at.join("runs/first/plan.json"));
    let of_plan = plan["candidates"].as_array_mut().unwrap();
    of_plan.retain(|candidate| candidate["scratch"].is_string() || candidate["head"] == "ridge");
    fs::write(at.join("few.json"), plan.to_string()).unwrap();
    for (name, threads) in [("one", "1"), ("two", "2")] {
        let again = ["--plan", "few.json", "--name", name, "--threads", threads];
        let output = run(at, &[&train[..], &again].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let is_told = said.contains("Training from nothing (resnet14/32/scratch/");
        assert!(is_told && !said.contains("weights are kept"), "{said}");
    }
    let bytes = |run: &str| fs::read(at.join("runs").join(run).join("metrics.json")).unwrap();
    assert!(bytes("one") == bytes("two"), "threads change nothing");
    let training = &json(at.join("runs/one/metrics.json"))["training"];
    assert_eq!(training["candidate"], name);
    assert!(training["forgetting"].is_null());
    assert!(training["by_alpha"].as_array().unwrap().is_empty());
    assert!(training["probes"].as_array().unwrap().is_empty());
    assert!(training["training"]["looks"].as_array().unwrap().len() > 3);

    let (code, said) = code_and_stderr(at, &[&train[..], &how, &["--freeze", "last"]].concat());
    assert_eq!(code, exit::USAGE, "{said}");
    assert!(said.contains("nothing to freeze"), "{said}");
}

#[test]
fn learning_rates_are_tested_and_one_is_suggested() {
    let dir = small_set();
    let at = dir.path();
    let train = ["train", "photos", "--imgsz", "32", "--find-lr"];
    let said = ok(at, &train);
    let run = at.join("runs/photos-find-lr");
    let svg = fs::read_to_string(run.join("learning_rate.svg")).unwrap();
    assert!(
        svg.starts_with("<svg ") && svg.contains("<polyline"),
        "{svg}"
    );
    let table = fs::read_to_string(run.join("learning_rate.csv")).unwrap();
    let mut rows = table.lines();
    assert_eq!(
        rows.next(),
        Some("step,rate,loss,loss_at_start,smoothed_loss")
    );
    let n_steps = rows.count();
    let files: Vec<_> = fs::read_dir(&run).unwrap().collect();
    assert_eq!(files.len(), 2, "no model and no traces: {files:?}");

    // The same curve on another number of threads, as one object.
    let how = ["--json", "--threads", "1", "--name", "again"];
    let out = ok(at, &[&train[..], &how].concat());
    let found: Value = serde_json::from_str(out.trim()).unwrap_or_else(|e| panic!("{e}: {out}"));
    let again = at.join("runs/again-find-lr/learning_rate.csv");
    assert!(fs::read_to_string(again).unwrap() == table);
    let curve = found["curve"].as_array().unwrap();
    assert_eq!(curve.len(), n_steps);
    assert_eq!(curve[0]["rate"], 1e-6);
    assert_eq!(found["trains"], "last");
    assert_eq!(found["size_px"], 32);
    match found["suggested"].as_f64() {
        Some(rate) => {
            assert!((1e-6..=1e-1).contains(&rate), "{rate}");
            assert!(
                said.starts_with(&format!("learning rate {rate}: ")),
                "{said}"
            );
            let next = found["next"].as_str().unwrap();
            let typed = format!(
                "handful train photos --imgsz 32 --lr {rate} --json --threads 1 --name again"
            );
            assert_eq!(next, typed);
        }
        None => panic!("twelve photos of a class have something to learn: {found}"),
    }

    for flags in [
        &["--plan", "plan.json"][..],
        &["--resume"],
        &["--strategy", "frozen"],
        &["--lr", "0.001"],
    ] {
        let (code, said) =
            code_and_stderr(at, &[&["train", "photos", "--find-lr"], flags].concat());
        assert_eq!(code, exit::USAGE, "{flags:?}: {said}");
        assert!(said.contains("--find-lr"), "{flags:?}: {said}");
    }
    let (code, said) = code_and_stderr(at, &[&train[..], &["--out", "photos/found"]].concat());
    assert_eq!(code, exit::USAGE, "{said}");
}

#[test]
fn what_a_plan_says_is_not_said_once_more() {
    let dir = tempfile::tempdir().unwrap();
    for flag in [
        &["--strategy", "auto"][..],
        &["--epochs", "3"],
        &["--lr", "0.001"],
        &["--batch", "8"],
        &["--freeze", "last"],
        &["--patience", "2"],
        &["--augment", "usual"],
        &["--allow", "vertical_flip"],
        &["--imgsz", "64"],
        &["--folds", "3"],
        &["--recipe", "my.toml"],
    ] {
        let plan = ["train", "photos", "--plan", "plan.json"];
        let (code, said) = code_and_stderr(dir.path(), &[&plan[..], flag].concat());
        assert_eq!(code, exit::USAGE, "{flag:?}: {said}");
        let is_named = said.contains(flag[0]) && said.contains("--plan");
        assert!(is_named, "{flag:?}: {said}");
    }
}

#[test]
fn a_network_that_is_fine_tuned_in_bfloat16_predicts_in_it() {
    let dir = small_set();
    let at = dir.path();
    let train = ["train", "photos", "--test", "new", "--threads", "2"];
    let how = ["--imgsz", "32", "--freeze", "last", "--lr", "0.001"];
    let first = ["--name", "first", "--epochs", "1"];
    let precision = ["--precision", "bfloat16"];
    ok(at, &[&train[..], &how, &first, &precision].concat());
    let mut plan = json(at.join("runs/first/plan.json"));
    let mut candidates = plan["candidates"].as_array().unwrap().clone();
    candidates.retain(is_tuned);
    assert_eq!(candidates[0]["tune"]["precision"], "bfloat16");
    plan["candidates"] = Value::Array(candidates);
    fs::write(at.join("tuned.json"), plan.to_string()).unwrap();
    // The plan says which, and nobody else has to.
    let alone = ["--name", "alone", "--plan", "tuned.json"];
    ok(at, &[&train[..], &alone].concat());
    let metrics = json(at.join("runs/alone/metrics.json"));
    assert_eq!(
        metrics["winner"],
        "efficientnet_lite0/32/fine-tune/last@0.001"
    );
    let evaluate = ["eval", "runs/alone/model.handful", "new", "--json"];
    let evaluated = result(at, &evaluate);
    assert_eq!(evaluated["log_loss"], metrics["test"]["log_loss"]);
}

#[test]
fn photos_judge_changes_of_themselves_and_copies_are_made_of_them() {
    let dir = small_set();
    let at = dir.path();
    let only = [
        "--only",
        "horizontal_flip,brightness,rotation",
        "--imgsz",
        "64",
    ];
    let said = ok(
        at,
        &[
            &[
                "augment",
                "photos",
                "--save-policy",
                "mine.toml",
                "--apply",
                "copies",
            ][..],
            &["--copies", "2", "--allow", "rotation"],
            &only[..],
        ]
        .concat(),
    );
    for text in [
        "quarter turn",
        "horizontal_flip",
        "brightness",
        "sheet.html",
    ] {
        assert!(said.contains(text), "{said}");
    }
    let made = at.join("runs/photos-augment");
    for file in ["sheet.html", "sheet.png", "policy.toml", "guard.json"] {
        assert!(made.join(file).is_file(), "{file}");
    }
    // Brightness is judged in both directions.
    let guard = json(made.join("guard.json"));
    let told: Vec<&str> = (guard.as_array().unwrap().iter())
        .map(|one| one["operation"].as_str().unwrap())
        .collect();
    assert_eq!(
        told,
        ["horizontal_flip", "brightness", "brightness", "rotation"]
    );
    for one in guard.as_array().unwrap() {
        let verdict = one["verdict"].as_str().unwrap();
        assert!(["safe", "harmful", "unreal", "unknown"].contains(&verdict));
        assert!(one["evidence"]["mix"]["low"].is_f64());
    }
    let policy = fs::read_to_string(at.join("mine.toml")).unwrap();
    assert_eq!(
        policy,
        fs::read_to_string(made.join("policy.toml")).unwrap()
    );
    let copies = fs::read_to_string(at.join("copies/list.csv")).unwrap();
    assert_eq!(copies.lines().count(), 1 + 2 * 36);
    let again = at
        .join("copies")
        .join(copies.lines().nth(1).unwrap().split(',').next().unwrap());
    assert!(again.is_file(), "{}", again.display());
    // The copies are photos that can be trained on, and stay together.
    let said = ok(at, &["diagnose", "copies/list.csv"]);
    assert!(said.contains("72 photos in 3 classes"), "{said}");

    // The same, machine-readable, and the same verdicts for any number of threads.
    let lines = ok(
        at,
        &[
            &[
                "augment",
                "photos",
                "--json",
                "--threads",
                "1",
                "--out",
                "other",
            ][..],
            &only[..],
        ]
        .concat(),
    );
    let of_lines: Vec<Value> = lines
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(Value::from(of_lines), guard);
    for (arguments, what) in [
        (
            &["augment", "photos", "--apply", "photos/new"][..],
            "lie in the folder",
        ),
        (&["augment", "photos", "--out", "other"], "is there already"),
        (
            &["augment", "photos", "--policy", "wild"],
            "no policy `wild`",
        ),
        (&["augment", "photos", "--only", "vflip"], "vertical_flip"),
    ] {
        let (code, said) = code_and_stderr(at, arguments);
        assert_eq!(code, exit::USAGE);
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn a_model_on_views_predicts_with_those_that_it_is_asked_about() {
    let dir = small_set();
    let at = dir.path();
    let how = ["--imgsz", "64", "--test", "new"];
    ok(
        at,
        &[&["train", "photos", "--name", "first"][..], &how].concat(),
    );
    let plan = json(at.join("runs/first/plan.json"));
    let candidates = plan["candidates"].as_array().unwrap();
    let ridge = candidates.iter().find(|c| c["head"] == "ridge").unwrap();
    let with = |views: &str, over: &str| {
        let (mut plan, mut candidate) = (plan.clone(), ridge.clone());
        candidate["views"] = views.into();
        candidate["over"] = over.into();
        plan["candidates"] = vec![candidate].into();
        fs::write(at.join(format!("{views}-{over}.json")), plan.to_string()).unwrap();
    };
    let eval = |name: &str, more: &[&str]| -> Value {
        let model = format!("runs/{name}/model.handful");
        let said = ok(at, &[&["eval", &model, "new", "--json"][..], more].concat());
        serde_json::from_str(said.lines().last().unwrap()).unwrap()
    };
    for (views, over, named, strategy, asked) in [
        ("mirrored", "mean", "+mirrored/", "views", "mirrored"),
        ("windows", "set", "+windows-set/", "views", "windows"),
        (
            "windows",
            "training",
            "+windows-training/",
            "frozen",
            "as-is",
        ),
    ] {
        with(views, over);
        let (name, file) = (format!("{views}-{over}"), format!("{views}-{over}.json"));
        let by_plan = ["--plan", &file, "--test", "new", "--name", &name];
        ok(at, &[&["train", "photos"][..], &by_plan].concat());
        let metrics = json(at.join(format!("runs/{name}/metrics.json")));
        assert!(metrics["winner"].as_str().unwrap().contains(named));
        let candidates = at.join(format!("runs/{name}/candidates.csv"));
        let candidates = fs::read_to_string(candidates).unwrap();
        let line = candidates.lines().nth(1).unwrap();
        assert!(line.contains(&format!(",{strategy},")), "{candidates}");
        // Another process that has the model alone sees photos the same way.
        let test = eval(&name, &[]);
        for key in ["accuracy", "log_loss"] {
            assert_eq!(test[key], metrics["test"][key], "{name}: {key}");
        }
        // Saying what the model does anyway changes nothing; other views do.
        assert_eq!(
            eval(&name, &["--views", asked])["log_loss"],
            test["log_loss"]
        );
        for other in ["as-is", "mirrored", "windows"] {
            let changed = eval(&name, &["--views", other])["log_loss"] != test["log_loss"];
            assert_eq!(changed, other != asked, "{name}: {other}");
        }
        // The recipe of the run says so, too.
        let recipe = fs::read_to_string(at.join(format!("runs/{name}/recipe.toml"))).unwrap();
        assert!(recipe.contains(&format!("views = \"{views}\"")), "{recipe}");
        assert_eq!(recipe.contains("\nover = "), over != "mean", "{recipe}");
    }
    for (views, over, head) in [("as-is", "set", "ridge"), ("windows", "set", "knn")] {
        let (mut plan, mut candidate) = (plan.clone(), ridge.clone());
        candidate["views"] = views.into();
        candidate["over"] = over.into();
        candidate["head"] = head.into();
        plan["candidates"] = vec![candidate].into();
        fs::write(at.join("wrong.json"), plan.to_string()).unwrap();
        let (_, said) = code_and_stderr(at, &["train", "photos", "--plan", "wrong.json"]);
        assert!(said.contains("is not a plan"), "{said}");
    }
}

#[test]
fn a_network_is_trained_on_views_by_a_policy_as_far_as_photos_bear_it() {
    let dir = small_set();
    let at = dir.path();
    let policy = "name = 'turned'\n[[step]]\n[[step.op]]\nname = 'rotation'\nrange = [-10.0, 10.0]\n[[step.op]]\nname = 'vertical_flip'\n";
    fs::write(at.join("turned.toml"), policy).unwrap();
    let how = [
        "--freeze", "last", "--lr", "0.001", "--epochs", "2", "--imgsz", "64",
    ];
    let views = [
        "--augment",
        "turned.toml",
        "--allow",
        "vertical_flip",
        "--name",
        "turned",
    ];
    ok(at, &[&["train", "photos"][..], &how, &views].concat());
    let run_dir = at.join("runs/turned");
    let metrics = json(run_dir.join("metrics.json"));
    assert_eq!(metrics["augmentation"]["overruled"][0], "vertical_flip");
    let plan = json(run_dir.join("plan.json"));
    let trained: Vec<&Value> = (plan["candidates"].as_array().unwrap().iter())
        .filter(|c| is_tuned(c))
        .collect();
    let [tuned] = trained[..] else {
        panic!("{plan}")
    };
    let policy = tuned["tune"]["policy"].clone();
    assert_eq!(policy["name"], "turned");
    // What was overruled is there, whatever else is.
    assert!(policy.to_string().contains("vertical_flip"), "{policy}");
    let page = fs::read_to_string(run_dir.join("report.html")).unwrap();
    assert!(page.contains("Which changes the photos bear"));
    // A plan says it all: nothing is judged again.
    let from = ["--plan", "runs/turned/plan.json", "--name", "again"];
    ok(at, &[&["train", "photos"][..], &from].concat());
    let of = |name: &str| fs::read(at.join("runs").join(name).join("model.handful")).unwrap();
    assert!(of("turned") == of("again"), "the same model from its plan");
}

#[test]
fn five_photos_are_enough_for_a_run_and_for_no_claim() {
    let dir = small_set();
    let at = dir.path();
    for class in ["dress", "hat", "shoes"] {
        for photo in fs::read_dir(at.join("photos").join(class)).unwrap() {
            let path = photo.unwrap().path();
            let number: usize = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
            if class == "shoes" || number > 2 + usize::from(class == "hat") {
                fs::remove_file(path).unwrap();
            }
        }
    }
    fs::remove_dir(at.join("photos/shoes")).unwrap();
    ok(at, &["train", "photos", "--imgsz", "64", "--name", "tiny"]);
    let metrics = json(at.join("runs/tiny/metrics.json"));
    assert_eq!(metrics["images"], 5);
    assert!(
        metrics["sets"]["threshold"].is_null(),
        "nine groups are the least"
    );
    let why = &metrics["learning_curve"]["two_points"]["cannot_tell"]["why"];
    assert!(why.is_string(), "{metrics}");
    for claim in metrics["claims"].as_array().unwrap() {
        assert_eq!(claim["verdict"], "no difference seen");
    }
}

#[test]
fn features_are_written_as_numpy_csv_and_safetensors() {
    let dir = small_set();
    let at = dir.path();
    for name in ["f.npy", "f.csv", "f.safetensors"] {
        ok(
            at,
            &[
                "embed",
                "photos/hat",
                "--out",
                name,
                "--imgsz",
                "64",
                "--stages",
                "blocks.4,head",
            ],
        );
    }
    let npy = fs::read(at.join("f.npy")).unwrap();
    assert!(npy.starts_with(b"\x93NUMPY\x01\x00"));
    let header_end = 10 + usize::from(u16::from_le_bytes([npy[8], npy[9]]));
    assert_eq!(header_end % 64, 0);
    assert!(String::from_utf8_lossy(&npy[..header_end]).contains("'shape': (12, 1392)"));
    assert_eq!(npy.len(), header_end + 12 * 1392 * 4);
    assert_eq!(
        fs::read_to_string(at.join("f.paths.txt"))
            .unwrap()
            .lines()
            .count(),
        12
    );
    let csv = fs::read_to_string(at.join("f.csv")).unwrap();
    let second: f32 = csv
        .lines()
        .nth(1)
        .unwrap()
        .split(',')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let in_npy = f32::from_le_bytes(npy[header_end..header_end + 4].try_into().unwrap());
    assert_eq!(second, in_npy);
}

#[test]
fn every_way_to_fail_has_its_code_and_says_what_to_do() {
    let dir = small_set();
    let at = dir.path();
    fs::create_dir(at.join("flat")).unwrap();
    fs::copy(at.join("new/hat/001.jpg"), at.join("flat/hat_1.jpg")).unwrap();
    let model = "photos/hat/001.jpg";
    let cases: [(&[&str], u8, &str); 8] = [
        (&["train", "nowhere"], exit::IO, "nowhere"),
        (&["train", "flat"], exit::DATA, "no class folders"),
        (
            &["train", "photos", "--out", "photos/run"],
            exit::USAGE,
            "--out",
        ),
        (&["train", "photos", "--folds", "1"], exit::USAGE, "--folds"),
        (
            &["train", "photos", "--strategy", "auto", "--lr", "20"],
            exit::USAGE,
            "`--lr` is 20",
        ),
        (
            &["train", "photos", "--strategy", "frozen", "--lr", "0.001"],
            exit::USAGE,
            "`--lr` with `--strategy frozen`",
        ),
        (
            &["train", "photos", "--resume", "--name", "x"],
            exit::USAGE,
            "no interrupted run",
        ),
        (
            &["predict", model, "new"],
            exit::NOT_WHAT_IT_CLAIMS,
            "001.jpg",
        ),
    ];
    for (arguments, code, part) in cases {
        let (found, said) = code_and_stderr(at, arguments);
        assert_eq!(found, code, "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
    let (code, said) = code_and_stderr(&at.join("photos"), &["train", "."]);
    assert_eq!(code, exit::USAGE, "{said}");
    assert!(said.contains("--out ../"), "{said}");
    assert!(!at.join("photos/runs").exists());
}

#[test]
fn a_bad_file_is_named_and_the_rest_go_on() {
    let dir = small_set();
    let at = dir.path();
    let whole = fs::read(at.join("photos/hat/001.jpg")).unwrap();
    fs::write(at.join("photos/hat/cut.jpg"), &whole[..whole.len() / 2]).unwrap();
    fs::write(at.join("photos/hat/empty.jpg"), b"").unwrap();
    fs::write(
        at.join("photos/hat/page.jpg"),
        b"<!DOCTYPE html><html></html>",
    )
    .unwrap();
    let (code, said) = code_and_stderr(
        at,
        &[
            "train", "photos", "--imgsz", "64", "--strict", "--name", "strict",
        ],
    );
    assert_eq!(code, exit::STRICT, "{said}");
    let issues = fs::read_to_string(at.join("runs/strict/issues.csv")).unwrap();
    for part in [
        "hat/cut.jpg,truncated",
        "hat/empty.jpg,empty",
        "hat/page.jpg,not_an_image",
    ] {
        assert!(issues.contains(part), "{issues}");
    }
    assert_eq!(json(at.join("runs/strict/metrics.json"))["images"], 36);
}

#[test]
fn copies_are_found_stay_in_one_fold_and_leaks_are_told() {
    let dir = small_set();
    let at = dir.path();
    let copy = |from: &str, to: &str| fs::copy(at.join(from), at.join(to)).unwrap();
    copy("photos/hat/001.jpg", "photos/hat/copy.jpg");
    copy("photos/hat/002.jpg", "photos/shoes/hat.jpg");
    let findings = |text: &str| -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap();
        text.lines().map(parse).collect()
    };
    let of_kind = |all: &[Value], kind: &str| -> Value {
        let found = all.iter().find(|f| f["kind"] == kind);
        found.unwrap_or_else(|| panic!("{kind} in {all:?}")).clone()
    };
    let all = findings(&ok(at, &["diagnose", "photos", "--json"]));
    assert_eq!(
        all[0]["kind"], "label_conflict",
        "what matters most comes first"
    );
    let copies = of_kind(&all, "exact_duplicate");
    assert_eq!(copies["files"][0][1], "hat/copy.jpg");
    let said = ok(at, &["diagnose", "photos"]);
    assert!(said.contains("hat/001.jpg  =  hat/copy.jpg"), "{said}");

    // Each pair counts as one photo and is in one fold.
    let train = ["train", "photos", "--imgsz", "64", "--name", "copies"];
    ok(at, &train);
    let metrics = json(at.join("runs/copies/metrics.json"));
    assert_eq!(
        (&metrics["images"], &metrics["groups"]),
        (&38.into(), &36.into())
    );
    let folds = fs::read_to_string(at.join("runs/copies/folds.csv")).unwrap();
    let fold = |path: &str| {
        let row = folds.lines().find(|l| l.starts_with(path)).unwrap();
        row.split_once(',').unwrap().1.to_owned()
    };
    assert_eq!(fold("hat/001.jpg"), fold("hat/copy.jpg"));
    assert_eq!(fold("hat/002.jpg"), fold("shoes/hat.jpg"));
    let written = &json(at.join("runs/copies/findings.json"))["findings"];
    let written = written.as_array().unwrap();
    assert_eq!(of_kind(written, "exact_duplicate"), copies);
    assert_eq!(of_kind(written, "label_conflict"), all[0]);

    // A test photo that is also learnt from makes the test worthless, and the exit code says so.
    for (from, to) in [("photos", "split/train"), ("new", "split/test")] {
        fs::create_dir_all(at.join("split")).unwrap();
        fs::rename(at.join(from), at.join(to)).unwrap();
    }
    copy("split/train/dress/001.jpg", "split/test/dress/leak.jpg");
    let output = run(at, &["diagnose", "split", "--json"]);
    assert_eq!(output.status.code(), Some(i32::from(exit::DATA)));
    let all = findings(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(all[0]["kind"], "leak");
    assert_eq!(all[0]["numbers"]["leaked"], 1.0);
}

#[test]
fn several_shots_of_one_thing_are_seen_without_being_told() {
    let dir = small_set();
    let at = dir.path();
    // Four shots of each of four things a class: the same photo, stored at other qualities.
    for class in CLASSES {
        for number in 1..=PER_CLASS {
            let path = at.join(format!("photos/{class}/{number:03}.jpg"));
            if number > 4 {
                fs::remove_file(path).unwrap();
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            let pixels = handful_image::decode(&bytes, &handful_image::Limits::default())
                .unwrap()
                .pixels;
            for quality in [40, 60, 80] {
                let shot = at.join(format!("photos/{class}/{number:03}-{quality}.jpg"));
                fs::write(shot, handful_image::encode_jpeg(&pixels, quality)).unwrap();
            }
        }
    }
    ok(at, &["train", "photos", "--imgsz", "64", "--name", "shots"]);
    let metrics = json(at.join("runs/shots/metrics.json"));
    assert_eq!(metrics["images"], 48);
    assert_eq!(metrics["groups"], 12, "the shots of a thing are one group");
    let findings = &json(at.join("runs/shots/findings.json"))["findings"];
    let near = findings
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["kind"] == "near_duplicate");
    assert_eq!(
        near.unwrap()["numbers"]["photos"],
        48.0,
        "each has another like it"
    );
    let page = ok(
        at,
        &["diagnose", "photos", "--html", "page.html", "--top", "1"],
    );
    assert!(page.contains("48 photos"), "{page}");
    let page = fs::read_to_string(at.join("page.html")).unwrap();
    assert!(
        page.contains("data:image/jpeg;base64,"),
        "the photos are on the page"
    );
    // A person who says what belongs together is believed.
    ok(
        at,
        &[
            "train",
            "photos",
            "--imgsz",
            "64",
            "--name",
            "told",
            "--group-by",
            "([a-z]+/\\d+)",
        ],
    );
    let told = json(at.join("runs/told/metrics.json"));
    assert_eq!(
        (&told["groups"], &told["scenes"]),
        (&12.into(), &Value::Null)
    );
}

/// Where the weights lie that are too large for the repository.
const SHARED_WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/weights");

#[test]
fn another_backbone_is_used_and_travels_in_the_model() {
    let weights = Path::new(SHARED_WEIGHTS).join("efficientnet_lite2.safetensors");
    if !weights.is_file() {
        eprintln!("skipped: there is no `{}`", weights.display());
        return;
    }
    let dir = small_set();
    let at = dir.path();
    let file = weights.to_str().unwrap();
    let arguments = [
        "train", "photos", "--imgsz", "64", "--name", "lite2", "--model",
    ];
    ok(at, &[&arguments[..], &[file]].concat());
    let winner = &json(at.join("runs/lite2/metrics.json"))["winner"];
    assert!(
        winner
            .as_str()
            .unwrap()
            .starts_with("efficientnet_lite2/64/"),
        "{winner}"
    );
    // The file is not needed any more: the model holds its backbone.
    let table = ok(
        at,
        &[
            "predict",
            "runs/lite2/model.handful",
            "new",
            "--format",
            "csv",
        ],
    );
    assert_eq!(table.lines().count(), 31);
    // A plan belongs to its backbone.
    let (code, said) = code_and_stderr(at, &["train", "photos", "--plan", "runs/lite2/plan.json"]);
    assert_eq!(code, exit::USAGE, "{said}");
    assert!(said.contains("--model"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_run_that_was_killed_goes_on_where_it_was() {
    let dir = small_set();
    let at = dir.path();
    let name = ["--imgsz", "64", "--name"];
    let train = |run: &'static str, more: &'static [&'static str]| {
        [&["train", "photos"], &name[..], &[run], more].concat()
    };
    ok(at, &train("whole", &[]));

    // Killed, not asked to stop, as soon as the first candidates are on disk.
    let partial = at.join("runs/.cut.partial");
    let mut child = Command::new(env!("CARGO_BIN_EXE_handful"))
        .args(train("cut", &[]))
        .current_dir(at)
        .env("HANDFUL_CACHE_DIR", at.join("cache"))
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let kept = || {
        fs::read_dir(partial.join("candidates")).map_or(0, |entries| {
            let is_whole =
                |e: &fs::DirEntry| e.path().extension().is_some_and(|x| x == "safetensors");
            entries.flatten().filter(is_whole).count()
        })
    };
    while kept() == 0 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        !at.join("runs/cut").exists(),
        "it was too fast to be killed"
    );
    assert!(kept() > 0);

    // Without `--resume` nobody takes it for a run.
    let (code, _) = code_and_stderr(at, &["report", "runs/cut"]);
    assert_ne!(code, exit::DONE);
    ok(at, &train("cut", &["--resume"]));
    assert!(!partial.exists());
    for file in ["metrics.json", "plan.json", "folds.csv", "predictions.csv"] {
        assert_eq!(
            fs::read(at.join("runs/cut").join(file)).unwrap(),
            fs::read(at.join("runs/whole").join(file)).unwrap(),
            "{file}"
        );
    }
}

#[test]
#[cfg(unix)]
fn a_training_that_was_interrupted_goes_on_to_the_same_bytes() {
    let dir = small_set();
    let at = dir.path();
    let how = [
        "--strategy",
        "fine-tune",
        "--freeze",
        "last",
        "--lr",
        "0.001",
    ];
    let how = [&how[..], &["--epochs", "6", "--imgsz", "32", "--name"]].concat();
    let train = |run: &'static str| [&["train", "photos"], &how[..], &[run]].concat();
    ok(at, &train("whole"));

    // Asked to stop in the middle of the first fold's training, after it was looked at.
    let mut child = Command::new(env!("CARGO_BIN_EXE_handful"))
        .args(train("cut"))
        .current_dir(at)
        .env("HANDFUL_CACHE_DIR", at.join("cache"))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let events = at.join("runs/.cut.partial/events.jsonl");
    let is_under_way = || {
        let text = fs::read_to_string(&events).unwrap_or_default();
        let mut looks = text
            .lines()
            .filter(|line| line.contains(r#""event":"look""#));
        looks.any(|line| !line.contains(r#""step":0,"#))
    };
    while !is_under_way() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let pid = child.id().to_string();
    let asked = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(asked.success());
    let code = child.wait().unwrap().code();
    assert_eq!(code, Some(exit::INTERRUPTED.into()));
    assert!(
        at.join("runs/.cut.partial/candidates/training.safetensors")
            .exists()
    );

    ok(at, &[&train("cut")[..], &["--resume"]].concat());
    for file in [
        "metrics.json",
        "plan.json",
        "predictions.csv",
        "model.handful",
    ] {
        assert!(
            fs::read(at.join("runs/cut").join(file)).unwrap()
                == fs::read(at.join("runs/whole").join(file)).unwrap(),
            "{file} differs"
        );
    }
}
