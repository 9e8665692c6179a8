//! Which changes of somebody's photos keep their labels true, and what do they look like?
//!
//! Reading order: [`guarded`] (the photos judge changes of themselves), [`told`] (what is said of that, in words and as data),
//! [`policies`] (what is worth trying in training), [`changes`] (how a run asks and answers), [`sheet`] (pictures), [`mod@apply`] (copies for other trainers).

pub mod apply;
pub mod changes;
pub mod guarded;
pub mod policies;
pub mod sheet;
pub mod told;

use std::path::PathBuf;

use handful_data::ScanOptions;
use handful_expand::{Op, Policy};
use handful_image::{Geometry, encode_png};
use handful_stats::Seed;

use self::guarded::{Guarded, guard, jury, readable};
use self::policies::Overruled;
use super::backbone::load_backbone;
use super::looks::Looks;
use super::run_folder::{Destination, RunFolder, data_name};
use super::{Machine, Opened, open};
use crate::events::Events;
use crate::exit::Failure;
use crate::extract::Extractor;
use crate::photos::Photos;

/// Side at which photos are looked at unless another is asked for: that of the recipes.
const SIZE_PX: usize = 128;

/// What is wanted.
#[derive(Debug)]
pub struct Asked {
    /// Folder, list or archive.
    pub data: PathBuf,
    /// How it is read.
    pub options: ScanOptions,
    /// Whether each photo is said to show another thing.
    pub each_alone: bool,
    /// Which policy is shown; none: the mildest that the photos bear.
    pub policy: Option<Policy>,
    /// Operations that act although the photos don't bear them.
    pub overruled: Overruled,
    /// Operations to judge.
    pub ops: Vec<&'static dyn Op>,
    /// Side at which photos are looked at, in pixels.
    pub size_px: Option<usize>,
    /// Where copies go, and how many of each photo.
    pub copies: Option<(PathBuf, usize)>,
    /// Seed of all draws.
    pub seed: Seed,
    /// Where the sheet goes.
    pub destination: Destination,
    /// What it runs on.
    pub machine: Machine,
}

/// What came out.
#[derive(Debug)]
pub struct Augmented {
    /// The photos, with the files that gave none.
    pub photos: Photos,
    /// What they say.
    pub guarded: Guarded,
    /// What makes views, as far as the photos bear it.
    pub policy: Policy,
    /// The folder with the sheet.
    pub folder: PathBuf,
    /// Copies that were written.
    pub n_copies: usize,
}

/// Reads the photos, lets them judge, and shows what comes of it.
///
/// # Errors
/// When they can't be read, when there is nothing to hold out, when something can't be written, or when interrupted.
pub fn augment(asked: &Asked, events: &Events) -> Result<Augmented, Failure> {
    let catalog = handful_data::scan(&asked.data, &asked.options)?;
    (catalog.remarks.iter()).for_each(|remark| events.remark(remark.to_string()));
    let mut photos = Photos::from_catalog(catalog);
    if asked.each_alone {
        photos.list.iter_mut().for_each(|photo| photo.group = None);
    }
    let folder = RunFolder::begin(&asked.destination, &asked.data, false)?;
    let made = made(asked, photos, &folder, events);
    let (run, augmented) = folder.whole_or_gone(made)?;
    Ok(Augmented {
        folder: run,
        ..augmented
    })
}

/// The same, with the folder as it will be called.
fn made(
    asked: &Asked,
    mut photos: Photos,
    folder: &RunFolder,
    events: &Events,
) -> Result<Augmented, Failure> {
    let backbone = load_backbone(None)?;
    let extractor = Extractor {
        cache: asked.machine.cache.as_ref(),
        threads: asked.machine.threads,
        events,
    };
    let Opened { training, .. } = open(&mut photos, extractor)?;
    let mut looks = Looks::new(extractor, &photos.list, &backbone)?;
    let jury = readable(&jury(&training, asked.seed), &mut looks)?;
    let size_px = asked.size_px.unwrap_or(SIZE_PX);
    let geometry = Geometry::CenterCrop;
    let guarded = guard(
        (&asked.ops, true),
        &jury,
        &looks,
        (geometry, size_px),
        asked.seed,
        events,
    )?;
    let caps = asked.overruled.lift(&guarded.caps());
    let policy = match &asked.policy {
        Some(policy) => policy.within(&caps),
        None => policies::mild(&caps),
    };

    let shown = sheet::photos(&jury, &looks, geometry, asked.seed)?;
    let found = sheet::augmentation(
        &guarded,
        &photos.classes,
        &shown,
        (&policy, true),
        &asked.overruled,
        asked.seed,
    );
    let png = encode_png(&sheet::contact_sheet(&shown, &policy, asked.seed));
    folder.write("sheet.png", &png)?;
    let policy_file = folder.target().join(POLICY);
    let page = handful_report::AugmentationModel {
        name: data_name(&asked.data),
        n_images: training.len(),
        n_classes: training.n_classes,
        train_command: format!(
            "handful train {} --augment {}",
            asked.data.display(),
            policy_file.display()
        ),
        version: env!("CARGO_PKG_VERSION").into(),
        found,
    };
    folder.write(
        "sheet.html",
        handful_report::render_augmentation(&page).as_bytes(),
    )?;
    folder.write(POLICY, policy.to_text().as_bytes())?;
    for fitted in policies::fitted(&caps) {
        let name = format!("fitted-{}.toml", fitted.name);
        folder.write(&name, fitted.to_text().as_bytes())?;
    }
    let told: Vec<told::Told> = guarded.judged.iter().map(told::Told::of).collect();
    let guard_json = serde_json::to_string_pretty(&told).expect("verdicts are plain data");
    folder.write("guard.json", guard_json.as_bytes())?;
    let n_copies = match &asked.copies {
        None => 0,
        Some((out, copies)) => {
            let all = readable(&training, &mut looks)?;
            apply::apply(
                &photos,
                &all.rows,
                &policy,
                (out, *copies),
                extractor,
                asked.seed,
                events,
            )?
        }
    };
    let issues = std::mem::take(&mut looks.issues);
    drop(looks);
    photos
        .issues
        .extend(issues.into_iter().map(|(_, issue)| issue));
    Ok(Augmented {
        photos,
        guarded,
        policy,
        folder: folder.target().to_owned(),
        n_copies,
    })
}

/// The policy that was shown, in the folder with the sheet.
pub const POLICY: &str = "policy.toml";
