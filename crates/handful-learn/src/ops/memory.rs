//! Memory of maps that is used again, step after step: fresh pages cost as much time as many a layer.
//!
//! A tensor that nobody else holds gives its memory back when a step is through with it; the next tensor of the same length
//! takes it. Steps of training are alike, so that after the first one nothing new is asked for.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;

/// What is free, by length.
static FREE: LazyLock<Mutex<HashMap<usize, Vec<Vec<f32>>>>> = LazyLock::new(Mutex::default);

/// Shorter ones come and go without trouble.
const LEAST: usize = 1 << 12;

/// `len` numbers of any value.
pub(super) fn take(len: usize) -> Vec<f32> {
    if len < LEAST {
        return vec![0.0; len];
    }
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    let used = free.get_mut(&len).and_then(Vec::pop);
    drop(free);
    used.unwrap_or_else(|| vec![0.0; len])
}

/// Keeps the memory of a tensor if nobody else holds it.
pub(super) fn give(tensor: FloatTensor<Flex>) {
    if !tensor.is_unique() || !tensor.is_contiguous() {
        return;
    }
    let Ok(memory) = tensor.into_data().try_into_vec::<f32>() else {
        return;
    };
    if memory.len() >= LEAST {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        free.entry(memory.len()).or_default().push(memory);
    }
}

/// Gives all of it back to the system: after a training.
pub fn release_memory() {
    FREE.lock().unwrap_or_else(PoisonError::into_inner).clear();
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
}
