//! Is the page whole, safe and small, whatever the run or the folder holds?

mod example;

use handful_report::{
    DiagnosisModel, FindingCard, Interval, PHOTOS_SHOWN, PairedDifference, ReportModel, Severity,
    render, render_augmentation, render_diagnosis, words,
};

/// What mail programs and phones still take.
const LARGEST_PAGE_BYTES: usize = 2_000_000;

/// Elements without an end tag in HTML.
const VOID: [&str; 6] = ["meta", "img", "br", "wbr", "col", "hr"];

#[test]
fn every_tag_is_closed_in_order() {
    for (name, page) in all_pages() {
        let mut open: Vec<String> = Vec::new();
        for tag in tags(&page) {
            match tag.strip_prefix('/') {
                Some(end) => assert_eq!(
                    open.pop().as_deref(),
                    Some(end),
                    "{name}: </{end}> closes another tag"
                ),
                None if VOID.contains(&tag.as_str()) || tag == "!doctype" => {}
                None => open.push(tag),
            }
        }
        assert_eq!(open, Vec::<String>::new(), "{name}: left open");
    }
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    for (name, page) in all_pages() {
        assert!(page.contains("default-src 'none'"), "{name}: no policy");
        for tag in [
            "script", "link", "iframe", "object", "embed", "base", "form", "audio", "video",
        ] {
            assert!(
                !tags(&page).any(|found| found == tag),
                "{name}: has <{tag}>"
            );
        }
        for attribute in attributes(&page) {
            let (key, value) = attribute.split_once('=').unwrap_or((&attribute, ""));
            assert!(!key.starts_with("on"), "{name}: handler {attribute}");
            if [
                "src",
                "href",
                "srcset",
                "action",
                "data",
                "poster",
                "background",
            ]
            .contains(&key)
            {
                let value = value.trim_matches('"');
                assert!(
                    value.starts_with("data:image/") || value.starts_with('#'),
                    "{name}: loads {value}"
                );
            }
        }
        let style = &page[page.find("<style>").unwrap()..page.find("</style>").unwrap()];
        assert!(!style.contains("url(") && !style.contains("@import") && !style.contains("http"));
    }
}

#[test]
fn a_hostile_name_is_text_everywhere() {
    let page = render(&example::hostile());
    assert!(!page.contains("<script"));
    assert!(!page.contains("<img src=http"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("👩‍🔬🧫 microscope"));
    assert!(page.contains("<bdi>كلب صغير</bdi>"));
    assert!(
        !page.contains(['\u{202e}', '\u{1b}', '\0']),
        "a control character reached the page"
    );
    assert!(page.matches("</style>").count() == 1);
}

#[test]
fn a_hostile_folder_is_text_everywhere() {
    let page = render_diagnosis(&example::diagnosis::hostile());
    assert!(!page.contains("<img src=http"));
    assert!(page.contains("&lt;img src=http://evil.example/x.png onerror=alert(1)&gt;"));
    assert!(!page.contains(['\u{202e}', '\u{1b}', '\0']));
    assert!(page.matches("</style>").count() == 1);
}

#[test]
fn the_numbers_that_matter_are_there() {
    let model = example::clothing(&[vec![0xff, 0xd8, 0xff, 0xe0]]);
    let page = render(&model).replace('\u{a0}', " ");
    let expected = [
        "<strong>84 %</strong>",
        "95 % interval 82 to 85; 3,409 photos in 3,068 groups, out of fold",
        "Always guessing &quot;longsleeve&quot; would give 17 %, but 10 % in an average class.",
        "On 372 test photos that were set aside it gets 84 % right (95 % interval 80 to 87)",
        "−1 point (95 % interval −5 to 3)",
        "<b>51 %</b> <span class=\"range\">49 to 53</span>",
        "+0.002 ± 0.004",
        "chosen",
        "2.1 points",
        "Log-loss <b>0.491</b>",
        "among 522 mistakes",
        "4f5c-dress-or-skirt.jpg",
        "over 99 %",
        "data:image/jpeg;base64,/9j/4A==",
        "<code><bdi>truncated</bdi></code>",
        "EfficientNet-Lite0",
        "Apache-2.0",
        "handful predict runs/clothing/model.handful new-photos/",
        "345 photos",
        "47 of 345 photos",
    ];
    for text in expected {
        assert!(page.contains(text), "missing: {text}");
    }
}

#[test]
fn page_and_terminal_say_the_same_sentence() {
    let model = example::clothing(&[]);
    let escaped = words::verdict(&model.verdict).replace('"', "&quot;");
    assert!(render(&model).contains(&escaped));
}

#[test]
fn warnings_come_before_remarks_and_the_verdict_before_all() {
    let page = render(&example::clothing(&[]));
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("missing: {text}"));
    assert!(at("<h1>") < at("Warning: "));
    assert!(at("Warning: ") < at("joined training as a group"));
    assert!(at("joined training as a group") < at("id=\"accuracy\""));
}

#[test]
fn candidates_are_sorted_by_loss_and_an_unknown_loss_comes_last() {
    let page = render(&example::hostile());
    let table = &page[page.find("id=\"candidates\"").unwrap()..];
    let at = |text: &str| table.find(text).unwrap();
    assert!(at("0.489") < at("0.491"));
    assert!(at("2.151") < at("unknown"));
}

#[test]
fn what_may_not_be_chosen_is_not_called_best() {
    let mut model = example::clothing(&[]);
    assert!(!render(&model).contains("several views of each photo"));
    let mut mirrored = model.candidates[0].clone();
    mirrored.name = "mirrored".into();
    mirrored.strategy = "views".into();
    mirrored.chosen = false;
    mirrored.log_loss = 0.001;
    mirrored.difference = Some(PairedDifference {
        mean: -0.2,
        se: 0.3,
    });
    model.candidates.push(mirrored);
    let page = render(&model);
    let row = &page[page.find("<bdi>mirrored</bdi>").unwrap()..];
    let row = &row[..row.find("</tr>").unwrap()];
    assert!(!row.contains(">best<"), "{row}");
    assert_eq!(page.matches(">best<").count(), 1);
    assert!(page.contains("several views of each photo"));
}

#[test]
fn the_chosen_candidate_is_shown_even_when_it_is_far_down() {
    let page = render(&example::big(&[]));
    let chosen = page.find("<bdi>candidate 30</bdi>").unwrap();
    assert!(chosen < page.find("47 more candidates").unwrap());
}

#[test]
fn many_classes_get_a_picture_and_a_list_of_pairs() {
    let big = render(&example::big(&[]));
    assert!(big.contains("class=\"heat\"") && big.contains("Confused most"));
    let usual = render(&example::clothing(&[]));
    assert!(!usual.contains("class=\"heat\"") && !usual.contains("Confused most"));
}

#[test]
fn a_big_run_stays_below_two_megabytes() {
    let page = render(&example::big(&[]));
    assert!(page.len() < LARGEST_PAGE_BYTES, "{} bytes", page.len());
    assert!(page.contains("And 1,134 more files"));
    assert_eq!(
        page.matches("<figure>").count(),
        handful_report::MISTAKES_SHOWN
    );
}

#[test]
fn the_densest_confusions_of_a_hundred_classes_stay_small() {
    let mut model = example::big(&[]);
    let class = model.classes[0].clone();
    model.classes = (0..100).map(|_| class.clone()).collect();
    model.confusion.counts = (0..10_000).map(|cell| 1 + cell % 17).collect();
    assert!(render(&model).len() < LARGEST_PAGE_BYTES);
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    for (name, model) in all() {
        assert_eq!(render(&model), render(&model.clone()), "{name}");
    }
}

#[test]
fn a_stored_model_draws_the_same_page() {
    let model = example::tuned(&[vec![1, 2, 3]]);
    let stored = serde_json::to_string(&model).unwrap();
    let read: ReportModel = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, model);
    assert_eq!(render(&read), render(&model));
}

#[test]
fn a_small_run_says_what_it_assumes_and_that_it_may_be_guessing() {
    let page = render(&example::small(&[])).replace('\u{a0}', " ");
    assert!(page.contains("would give 53 %, so this is not clearly better than guessing."));
    assert!(page.contains("Each photo is counted as independent"));
    assert!(page.contains("the first of 10 repeats of the folds"));
    assert!(!page.contains("average class"), "the classes hardly differ");
}

#[test]
fn an_almost_empty_run_is_drawn_too() {
    let mut model = example::clothing(&[]);
    model.notices.clear();
    model.candidates.clear();
    model.decisions.clear();
    model.classes.clear();
    model.confusion.counts.clear();
    model.mistakes.clear();
    model.unread = Default::default();
    model.hog_accuracy = None;
    model.verdict.test = None;
    model.made.backbone = None;
    let nothing = Interval {
        value: f64::NAN,
        low: f64::NAN,
        high: f64::NAN,
    };
    model.verdict.accuracy = nothing;
    model.verdict.balanced_accuracy = nothing;
    let page = render(&model);
    assert!(page.contains("unknown"));
    assert!(
        !page.contains("NaN"),
        "a number that is none reached the page"
    );
    assert!(!page.contains("id=\"mistakes\"") && !page.contains("href=\"#mistakes\""));
}

#[test]
fn a_diagnosis_answers_first_and_shows_its_photos_below() {
    let page = render_diagnosis(&example::diagnosis::leaf_folder()).replace('\u{a0}', " ");
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("missing: {text}"));
    let in_order = [
        "Training on these photos would be unwise: <span class=\"basis\">3 photos are in two classes each",
        "; and 1 more thing is wrong.</span>",
        "1,482 photos in 8 classes to learn from, 372 more held back for the test.",
        "81 % of photos right that it has not seen (95 % interval 79 to 83; always guessing the largest class: 26 %), if every photo shows a different leaf.",
        "id=\"findings\"",
        "<span class=\"severity wrong\">Wrong</span> <code><bdi>label_conflict</bdi></code>",
        "<h3>3 photos are in two classes each: the same file under 2 labels.</h3>",
        "<b>Do: </b>Open each pair,",
        "<dt><bdi>Pairs</bdi></dt><dd>3</dd>",
        "aria-label=\"2 photos that belong together\"",
        "alt=\"Photo labelled birch\"",
        "birch/<wbr>IMG_0100.jpg",
        "And 7 more sets: <code>handful diagnose --json</code> names all.",
        "aria-label=\"12 photos that belong together\"",
        "2 more sets</summary>",
        "And 93 more sets",
        "looks like alder, 99 %",
        "11 more photos</summary>",
        "<span class=\"severity remarks\">Remark</span>",
        "id=\"classes\"",
        "<bdi>hazel</bdi>",
        "<b>24</b> <span class=\"range\">in 9 groups</span>",
        "<bdi>maple</bdi>",
        "id=\"unread\"",
        "And 7 more files.",
        "id=\"made\"",
        "handful train leaves/",
    ];
    let mut before = 0;
    for text in in_order {
        let found = page[before..].find(text).map(|idx| idx + before);
        let found = found.unwrap_or_else(|| panic!("missing or too early: {text}"));
        before = found;
    }
    assert!(at("<h1>") < at("<nav"));
    assert!(
        !page.contains("issues.csv"),
        "a diagnosis writes no such file"
    );
}

#[test]
fn nothing_speaks_against_training_on_a_clean_folder() {
    let page = render_diagnosis(&example::diagnosis::clean());
    assert!(page.contains("<h1>Nothing here speaks against training.</h1>"));
    assert!(!page.contains("id=\"findings\"") && !page.contains("href=\"#findings\""));
    assert!(
        !page.contains(" groups</") && !page.contains("the groups that they are in"),
        "each photo stands for itself"
    );
}

#[test]
fn a_big_diagnosis_stays_below_two_megabytes_and_every_finding_has_a_picture() {
    let page = render_diagnosis(&example::diagnosis::big());
    assert!(page.len() < LARGEST_PAGE_BYTES, "{} bytes", page.len());
    let cards: Vec<&str> = page.split("<article").skip(1).collect();
    assert_eq!(cards.len(), 30);
    assert!(page.contains("1,155 pictures left out"));
    for card in cards {
        assert!(card.contains("<img"));
        assert_eq!(card.matches("<figure>").count(), PHOTOS_SHOWN);
        assert!(card.contains("And 1,020 more sets"));
    }
}

#[test]
fn a_stored_diagnosis_draws_the_same_page() {
    let model = example::diagnosis::leaf_folder();
    let stored = serde_json::to_string(&model).unwrap();
    let read: DiagnosisModel = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, model);
    assert_eq!(render_diagnosis(&read), render_diagnosis(&model));
}

#[test]
fn a_run_that_was_stored_before_there_were_findings_is_drawn() {
    let model = example::clothing(&[]);
    let mut stored = serde_json::to_value(&model).unwrap();
    stored.as_object_mut().unwrap().remove("findings");
    stored.as_object_mut().unwrap().remove("training");
    let verdict = stored["verdict"].as_object_mut().unwrap();
    verdict.remove("look_alikes");
    verdict.insert("scenes".into(), serde_json::Value::Null);
    let read: ReportModel = serde_json::from_value(stored).unwrap();
    assert_eq!(read, model);
}

#[test]
fn two_numbers_lead_where_nothing_tells_which_holds() {
    let page = render(&example::look_alikes()).replace('\u{a0}', " ");
    for text in [
        "about <strong>92.8 %</strong> of new photos right if every photo here shows a different object",
        "but about <strong>68 %</strong> if look-alikes show the same one",
        "95 % intervals 91.9 to 93.7 and 63 to 73",
        "412 photos that look alike kept together",
        "What is in the photos",
        "<code>findings.json</code> names all",
    ] {
        assert!(page.contains(text), "missing: {text}");
    }
    let mut agreed = example::look_alikes();
    let found = agreed.verdict.look_alikes.as_mut().unwrap();
    found.agree = true;
    agreed.verdict.accuracy = found.apart;
    let page = render(&agreed).replace('\u{a0}', " ");
    assert!(page.contains("about <strong>68 %</strong> of new photos right"));
    assert!(page.contains("it gets 92.8 % of photos right"));
}

/// The part of the page about the training, with plain spaces.
fn training_part(page: &str) -> String {
    let start = page
        .find("<section id=\"training\">")
        .expect("a part about the training");
    let end = start + page[start..].find("</section>").unwrap();
    page[start..end].replace('\u{a0}', " ")
}

#[test]
fn a_training_is_told_drawn_and_listed() {
    let page = training_part(&render(&example::tuned(&[])));
    let in_order = [
        "<b>Held-out loss is lowest after epoch 6 and rises by 0.12 (95 % interval 0.09 to 0.15) until the end: it was trained \
         for longer than helps.</b>",
        "<bdi>fine-tuned, all stages, 160 px</bdi>, which became the model.",
        "lie 70 % of the way from those it started from to the tuned ones (α = 0.7): there the log-loss out of fold is lowest, \
         0.447, against 0.911 at the start and 0.589 fully tuned.",
        "<b>Log-loss</b> lower is better",
        "aria-labelledby=\"chart-loss-title chart-loss-desc\"",
        "From epoch 0 to epoch 12 held-out loss goes from 0.91 to 0.59, training loss from 0.902 to 0.040.",
        "loss lowest, epoch 6",
        "held-out </tspan>",
        ">0.59</tspan>",
        "training </tspan>",
        ">0.04</tspan>",
        "<b>Photos right</b> higher is better",
        ">85 %</tspan>",
        ">over 99 %</tspan>",
        "The numbers of every look</summary>",
        "<td class=\"n\">0.55 <span class=\"range\">0.51 to 0.59</span></td>",
        "Log-loss at each share of the way</summary>",
        "0.7 <span class=\"tag\">kept</span>",
        "the same recipe gets 98 % of the photos that it learns from right, where guessing gets 17 %: it can learn these photos by heart",
        "Part of what it could tell apart before is lost: on 800 photos of 40 everyday things",
        "81 % right where it was 84 %, −3 points (95 % interval −4 to −2)",
        "<small>kept as it was</small>",
        "<small>gentle change, sees much as before</small>",
        "over 0.99",
        "<small>clear change, notable: sees differently</small>",
        "<small>strong change, re-learnt</small>",
    ];
    let mut before = 0;
    for text in in_order {
        let found = page[before..].find(text).map(|idx| idx + before);
        before = found.unwrap_or_else(|| panic!("missing or too early: {text}"));
    }
    assert_eq!(page.matches("<circle").count(), 2 * 13);
}

#[test]
fn a_training_of_which_little_was_measured_says_only_that() {
    let page = training_part(&render(&example::small(&[])));
    assert!(page.contains(
        "Held-out loss was still falling at the end, by 0.04 (95 % interval 0.02 to 0.06)"
    ));
    assert!(page.contains("was compared and did not become the model"));
    for absent in [
        "weights are kept",
        "at random",
        "<h3>",
        "each share of the way",
        "loss lowest,",
        "unknown",
    ] {
        assert!(!page.contains(absent), "{absent}");
    }
}

#[test]
fn without_a_training_nothing_is_said_of_one() {
    let page = render(&example::clothing(&[]));
    assert!(!page.contains("id=\"training\"") && !page.contains("href=\"#training\""));
    assert!(!page.contains("<polyline"));
    assert!(render(&example::tuned(&[])).contains("href=\"#training\""));
}

#[test]
fn a_training_with_odd_texts_and_numbers_is_drawn() {
    let page = training_part(&render(&example::hostile()));
    assert!(!page.contains("<img") && !page.contains("NaN") && !page.contains("inf"));
    assert!(page.contains("&quot;&gt;&lt;img src=http://evil.example/x.png onerror=alert(1)&gt;"));
    assert!(page.contains("unknown"));
    // Two of the looks are not in the pictures.
    assert_eq!(page.matches("<circle").count(), 2 * 11);
    let mut none = example::tuned(&[]);
    none.training.as_mut().unwrap().training.looks.clear();
    assert!(!training_part(&render(&none)).contains("<svg"));
}

#[test]
fn what_is_wrong_comes_before_warnings_among_the_notices() {
    let mut model = example::clothing(&[]);
    model.notices[2].severity = Severity::Error;
    let page = render(&model);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("missing: {text}"));
    assert!(at("<strong>Wrong: </strong>") < at("<strong>Warning: </strong>"));
}

#[test]
fn a_finding_without_advice_asks_for_nothing() {
    let mut model = example::diagnosis::clean();
    model.findings = vec![FindingCard {
        advice: String::new(),
        ..example::diagnosis::leaf_folder().findings[5].clone()
    }];
    assert!(!render_diagnosis(&model).contains("Do: "));
}

/// Every page that is drawn here, with its name.
#[test]
fn what_photos_bear_is_answered_first_and_shown_below() {
    let page = render_augmentation(&example::augmentation::of("clothing")).replace('\u{a0}', " ");
    for text in [
        "These photos bear 2 of 3 changes",
        "horizontal flip",
        "40 % of hat is read as shoes",
        "Overruled by",
        "2 more photos",
        "handful train clothing --augment policy.toml",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(page.matches("<img").count(), 6 * 2 + 4);
}

#[test]
fn a_hostile_class_is_text_among_its_views() {
    let hostile = "<script>alert(1)</script>\u{202e}\u{1b}\0";
    let page = render_augmentation(&example::augmentation::of(hostile));
    assert!(!page.contains("<script"));
    assert!(!page.contains(['\u{202e}', '\u{1b}', '\0']));
}

#[test]
fn a_run_shows_what_training_saw() {
    let model = ReportModel {
        augmentation: Some(example::augmentation::part("hat")),
        ..example::clothing(&[])
    };
    let page = render(&model);
    assert!(page.contains("The network learned from views") && page.contains("rotation 12"));
    assert!(!render(&example::clothing(&[])).contains("Which changes the photos bear"));
}

fn all_pages() -> Vec<(&'static str, String)> {
    let diagnoses = [
        ("diagnosis", example::diagnosis::leaf_folder()),
        ("clean diagnosis", example::diagnosis::clean()),
        ("hostile diagnosis", example::diagnosis::hostile()),
        ("big diagnosis", example::diagnosis::big()),
    ];
    let runs = all().into_iter();
    let mut pages: Vec<_> = runs.map(|(name, model)| (name, render(&model))).collect();
    pages.extend(diagnoses.map(|(name, model)| (name, render_diagnosis(&model))));
    let hostile = "<script>alert(1)</script>\u{202e}\u{1b}\0";
    let views = [("augmentation", "hat"), ("hostile augmentation", hostile)];
    let views = views.map(|(name, label)| (name, example::augmentation::of(label)));
    pages.extend(views.map(|(name, model)| (name, render_augmentation(&model))));
    pages
}

fn all() -> [(&'static str, ReportModel); 6] {
    [
        ("usual", example::clothing(&[vec![0xff, 0xd8, 0xff]])),
        ("tuned", example::tuned(&[])),
        ("small", example::small(&[])),
        ("look-alikes", example::look_alikes()),
        ("hostile", example::hostile()),
        ("big", example::big(&[])),
    ]
}

/// Names of all tags in order, `/` first where they close. The style is skipped: it isn't markup.
fn tags(page: &str) -> impl Iterator<Item = String> {
    inner_of_tags(page).into_iter().map(|inner| {
        inner
            .split(|c: char| c.is_whitespace() || c == '>')
            .next()
            .unwrap_or_default()
            .to_lowercase()
    })
}

/// All attributes as `key="value"`.
fn attributes(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for inner in inner_of_tags(page) {
        let (mut quoted, mut word) = (false, String::new());
        for c in inner.chars().chain([' ']) {
            quoted ^= c == '"';
            if c.is_whitespace() && !quoted {
                found.push(std::mem::take(&mut word));
            } else {
                word.push(c);
            }
        }
    }
    found.retain(|word| word.contains('='));
    found
}

/// What stands between `<` and the `>` that ends the tag, which isn't one inside quotes.
fn inner_of_tags(page: &str) -> Vec<String> {
    let style = page.find("<style>").unwrap() + "<style>".len()..page.find("</style>").unwrap();
    let mut inner = Vec::new();
    let mut current: Option<(String, bool)> = None;
    for (_, c) in page.char_indices().filter(|(idx, _)| !style.contains(idx)) {
        match (&mut current, c) {
            (None, '<') => current = Some((String::new(), false)),
            (None, _) => {}
            (Some((text, false)), '>') => {
                inner.push(std::mem::take(text));
                current = None;
            }
            (Some((text, quoted)), c) => {
                *quoted ^= c == '"';
                text.push(c);
            }
        }
    }
    assert!(current.is_none(), "a tag never ends");
    inner
}
