//! Memory of maps that is used again, step after step: fresh pages cost as much time as many a layer.
//!
//! A tensor that nobody else holds gives its memory back when a step is through with it; the next tensor of the same length
//! takes it. Steps of training are alike, so that after the first one nothing new is asked for.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};

/// Memory of one length.
#[derive(Default)]
struct Shelf {
    free: Vec<Vec<f32>>,
    /// How many were taken and haven't come back: no more are accepted, so that what Burn takes by itself and leaves to us
    /// doesn't pile up.
    out: usize,
}

static SHELVES: LazyLock<Mutex<HashMap<usize, Shelf>>> = LazyLock::new(Mutex::default);

/// Shorter ones come and go without trouble.
const LEAST: usize = 1 << 12;

/// `len` numbers of any value.
pub(super) fn take(len: usize) -> Vec<f32> {
    if len < LEAST {
        return vec![0.0; len];
    }
    let mut shelves = SHELVES.lock().unwrap_or_else(PoisonError::into_inner);
    let shelf = shelves.entry(len).or_default();
    shelf.out += 1;
    let used = shelf.free.pop();
    drop(shelves);
    used.unwrap_or_else(|| vec![0.0; len])
}

/// Keeps the memory of a tensor if nobody else holds it.
pub(super) fn give(tensor: FloatTensor<Flex>) {
    let is_whole = tensor.bytes().len() == size_of::<f32>() * tensor.shape().num_elements();
    if !tensor.is_unique() || !tensor.is_contiguous() || !is_whole {
        return;
    }
    let Ok(memory) = tensor.into_data().try_into_vec::<f32>() else {
        return;
    };
    let mut shelves = SHELVES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(shelf) = shelves.get_mut(&memory.len()).filter(|shelf| shelf.out > 0) {
        shelf.out -= 1;
        shelf.free.push(memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;

    #[test]
    fn memory_goes_from_tensor_to_tensor_unless_it_is_shared() {
        const LEN: usize = LEAST + 7;
        let memory = take(LEN);
        let place = memory.as_ptr();
        let tensor = FloatTensor::<Flex>::from_data(TensorData::new(memory, [LEN]));
        let other = tensor.clone();
        give(tensor);
        let fresh = take(LEN);
        assert_ne!(fresh.as_ptr(), place);
        give(other);
        let again = take(LEN);
        assert_eq!(again.as_ptr(), place);
    }

    #[test]
    fn no_more_comes_back_than_was_taken() {
        const LEN: usize = LEAST + 11;
        let tensor = || FloatTensor::<Flex>::from_data(TensorData::new(vec![1.0f32; LEN], [LEN]));
        give(tensor());
        drop(take(LEN));
        for _ in 0..5 {
            give(tensor());
        }
        let shelves = SHELVES.lock().unwrap();
        assert_eq!((shelves[&LEN].free.len(), shelves[&LEN].out), (1, 0));
    }
}
