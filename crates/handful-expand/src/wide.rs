//! Loops in the widest registers of the machine, without `unsafe` of ours.

/// Runs a loop that was compiled for each instruction set, as compiled for the widest one of this machine. Integers and single float
/// operations come out the same for all of them.
#[inline(always)]
pub(crate) fn wide<R>(run: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(run)
}
