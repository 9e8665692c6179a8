//! Which architecture is this? Told by the names and shapes of tensors, never by the name of a file.

use super::plan::Plan;
use super::{efficientnet_lite, resnet, resnet14};
use crate::{LearnError, Weights};

/// All architectures that can be told, the deeper ones of a family later.
fn plans() -> Vec<Plan> {
    let families = [efficientnet_lite::plans, resnet::plans, resnet14::plans];
    families.iter().flat_map(|plans| plans()).collect()
}

/// The plan of this name.
///
/// # Errors
/// [`LearnError::UnknownArchitecture`] with the names that exist.
pub(super) fn named(name: &str) -> Result<Plan, LearnError> {
    let mut plans = plans();
    match plans.iter().position(|plan| plan.name == name) {
        Some(idx) => Ok(plans.swap_remove(idx)),
        None => {
            let names: Vec<&str> = plans.iter().map(|plan| &plan.name[..]).collect();
            Err(LearnError::UnknownArchitecture {
                found: format!("`{name}`; known are {}", names.join(", ")),
            })
        }
    }
}

/// The plan that these tensors are of.
///
/// # Errors
/// [`LearnError::UnknownArchitecture`] naming the first difference to the nearest one, if it looks like one.
pub(super) fn recognise(weights: &Weights) -> Result<Plan, LearnError> {
    let mut plans = plans();
    let fits = |plan: &Plan| plan.first_difference(weights).is_none();
    // A deeper network also holds every tensor name of a shallower one, so the deepest that fits is the right one.
    if let Some(idx) = plans.iter().rposition(fits) {
        return Ok(plans.swap_remove(idx));
    }
    let differences = |plan: &&Plan| {
        let tensors = plan.tensors();
        let differs = |(name, shape): &&(String, Vec<usize>)| {
            weights.tensors.get(name).is_none_or(|t| &t.shape != shape)
        };
        tensors.iter().filter(differs).count()
    };
    let stem = |plan: &Plan| {
        let (name, shape) = plan.tensors().swap_remove(0);
        Some((weights.tensors.get(&name)?, shape))
    };
    let has_stem = |plan: &&Plan| stem(plan).is_some();
    // Networks for large and small images share nearly all names; what tells them apart is the stem.
    let distance = |plan: &&Plan| {
        let is_other = stem(plan).is_none_or(|(found, shape)| found.shape != shape);
        (is_other, differences(plan))
    };
    let nearest = plans.iter().filter(has_stem).min_by_key(distance);
    let found = match nearest {
        Some(plan) => {
            let difference = plan.first_difference(weights).expect("no plan fits");
            format!("nearest is {}, but {difference}", plan.name)
        }
        None => {
            let names: Vec<&str> = weights.tensors.keys().take(3).map(String::as_str).collect();
            format!(
                "{} tensors, first: {}",
                weights.tensors.len(),
                names.join(", ")
            )
        }
    };
    Err(LearnError::UnknownArchitecture { found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backbone::initial;
    use crate::weights::Stored;

    #[test]
    fn a_network_with_more_in_it_is_refused_by_what_is_more() {
        let plan = named("resnet18").unwrap();
        let mut weights = initial::weights(&plan, 1);
        weights
            .tensors
            .insert("fc.weight".into(), Stored::from_f32(vec![2], &[1.0, 2.0]));
        weights.tensors.insert(
            "bn1.num_batches_tracked".into(),
            Stored::from_f32(vec![], &[1.0]),
        );
        assert_eq!(recognise(&weights).unwrap().name, "resnet18");
        let more = Stored::from_f32(vec![1], &[1.0]);
        weights
            .tensors
            .insert("layer1.0.se.fc1.weight".into(), more);
        let error = recognise(&weights).unwrap_err().to_string();
        assert!(error.contains("nearest is resnet18"), "{error}");
        assert!(
            error.contains("`layer1.0.se.fc1.weight` is no part of it"),
            "{error}"
        );
    }

    /// Tensors as a plan wants them.
    fn blank(plan: &Plan) -> Weights {
        let zeros = |(name, shape): (String, Vec<usize>)| {
            let values = vec![0.0; shape.iter().product()];
            (name, Stored::from_f32(shape, &values))
        };
        Weights {
            tensors: plan.tensors().into_iter().map(zeros).collect(),
            metadata: Default::default(),
        }
    }

    #[test]
    fn every_architecture_is_told_from_all_others() {
        for plan in plans() {
            assert_eq!(recognise(&blank(&plan)).unwrap().name, plan.name);
        }
    }

    #[test]
    fn a_broken_network_for_large_images_is_not_called_one_for_small_ones() {
        // Without its last block resnet18 has all tensors of resnet14w64, but for the stem.
        let mut weights = blank(&named("resnet18").unwrap());
        weights
            .tensors
            .retain(|name, _| !name.starts_with("layer4.1."));
        let error = recognise(&weights).unwrap_err().to_string();
        assert!(error.contains("nearest is resnet18"), "{error}");
    }

    #[test]
    fn a_table_that_lacks_a_tensor_is_refused_by_its_name() {
        let error = recognise(&Weights::default()).unwrap_err().to_string();
        assert!(error.contains("0 tensors"), "{error}");
    }
}
