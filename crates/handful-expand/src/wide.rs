//! Loops in the widest registers of the machine, without `unsafe` of ours.

/// Runs a loop that was compiled for each instruction set, as compiled for the widest one of this machine. Integers and single float
/// operations come out the same for all of them.
///
/// `wide!(|| for value in values { ... })`. A macro, because the loop has to become a part of whatever calls it: a closure by itself is
/// compiled for the oldest machine, several times slower, and only an attribute where it is written keeps it from staying by itself.
macro_rules! wide {
    (|| $run:expr) => {
        $crate::wide::run(
            #[inline(always)]
            || $run,
        )
    };
}

pub(crate) use wide;

/// What [`wide!`] calls.
#[inline(always)]
pub(crate) fn run<R>(run: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(run)
}
