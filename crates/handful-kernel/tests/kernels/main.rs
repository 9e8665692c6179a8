//! Every kernel on every instruction set of this machine against definitions in f64 that anybody can check by eye.

mod bfloat16;
mod bfloat16_gradients;
mod denormals;
mod forward;
mod gradients;
mod reference;
mod transformer;
