//! Memory of maps that is used again, step after step: fresh pages cost as much time as many a layer.
//!
//! A tensor that nobody else holds gives its memory back when a step is through with it; the next tensor of the same length
//! takes it. Steps of training are alike, so that after the first one nothing new is asked for.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, Element};
use half::bf16;

/// Memory of one length.
pub(super) struct Shelf<S> {
    free: Vec<Vec<S>>,
    /// How many were taken and haven't come back: no more are accepted, so that what Burn takes by itself and leaves to us
    /// doesn't pile up.
    out: usize,
}

type Shelves<S> = Mutex<HashMap<usize, Shelf<S>>>;

/// A number as tensors store it.
pub(super) trait Stored: Element + bytemuck::Pod + Default {
    /// The memory of all lengths.
    fn shelves() -> &'static Shelves<Self>;
}

impl Stored for f32 {
    fn shelves() -> &'static Shelves<f32> {
        static SHELVES: LazyLock<Shelves<f32>> = LazyLock::new(Mutex::default);
        &SHELVES
    }
}

impl Stored for bf16 {
    fn shelves() -> &'static Shelves<bf16> {
        static SHELVES: LazyLock<Shelves<bf16>> = LazyLock::new(Mutex::default);
        &SHELVES
    }
}

/// Shorter ones come and go without trouble.
const LEAST: usize = 1 << 12;

/// `len` numbers of any value.
pub(super) fn take<S: Stored>(len: usize) -> Vec<S> {
    if len < LEAST {
        return vec![S::default(); len];
    }
    let mut shelves = S::shelves().lock().unwrap_or_else(PoisonError::into_inner);
    let shelf = shelves.entry(len).or_insert(Shelf {
        free: Vec::new(),
        out: 0,
    });
    shelf.out += 1;
    let used = shelf.free.pop();
    drop(shelves);
    used.unwrap_or_else(|| vec![S::default(); len])
}

/// Keeps the memory of a tensor if nobody else holds it.
pub(super) fn give(tensor: FloatTensor<Flex>) {
    match tensor.dtype() {
        DType::F32 => give_of::<f32>(tensor),
        DType::BF16 => give_of::<bf16>(tensor),
        _ => {}
    }
}

fn give_of<S: Stored>(tensor: FloatTensor<Flex>) {
    let is_whole = tensor.bytes().len() == size_of::<S>() * tensor.shape().num_elements();
    if !tensor.is_unique() || !tensor.is_contiguous() || !is_whole {
        return;
    }
    let Ok(memory) = tensor.into_data().try_into_vec::<S>() else {
        return;
    };
    let mut shelves = S::shelves().lock().unwrap_or_else(PoisonError::into_inner);
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
        let memory = take::<f32>(LEN);
        let place = memory.as_ptr();
        let tensor = FloatTensor::<Flex>::from_data(TensorData::new(memory, [LEN]));
        let other = tensor.clone();
        give(tensor);
        let fresh = take::<f32>(LEN);
        assert_ne!(fresh.as_ptr(), place);
        give(other);
        let again = take::<f32>(LEN);
        assert_eq!(again.as_ptr(), place);
    }

    #[test]
    fn numbers_of_16_bits_have_memory_of_their_own() {
        const LEN: usize = LEAST + 13;
        let memory = take::<bf16>(LEN);
        let place = memory.as_ptr();
        give(FloatTensor::<Flex>::from_data(TensorData::new(
            memory,
            [LEN],
        )));
        drop(take::<f32>(LEN));
        let again = take::<bf16>(LEN);
        assert_eq!(again.as_ptr(), place);
    }

    #[test]
    fn no_more_comes_back_than_was_taken() {
        const LEN: usize = LEAST + 11;
        let tensor = || FloatTensor::<Flex>::from_data(TensorData::new(vec![1.0f32; LEN], [LEN]));
        give(tensor());
        drop(take::<f32>(LEN));
        for _ in 0..5 {
            give(tensor());
        }
        let shelves = f32::shelves().lock().unwrap();
        assert_eq!((shelves[&LEN].free.len(), shelves[&LEN].out), (1, 0));
    }
}
