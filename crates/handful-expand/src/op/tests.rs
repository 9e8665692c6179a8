//! What holds for every op.
