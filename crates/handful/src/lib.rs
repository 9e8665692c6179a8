//! What does the person want done, in which order: the workflow of a training and the verbs of the command line.
//!
//! Reading order: [`verbs`] (what can be asked), [`workflow`] (the way of a training), [`extract`] (files to features),
//! [`cache`], [`events`] (how it talks) and [`exit`] (how it ends). Algorithms live on the floors below.

pub mod cache;
pub mod demo;
pub mod disk;
pub mod events;
pub mod exit;
pub mod extract;
pub mod photos;
pub mod rows;
pub mod verbs;
pub mod workflow;
