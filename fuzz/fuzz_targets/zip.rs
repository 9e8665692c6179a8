//! A zip archive is listed, and its members are read, within limits, whatever its bytes are.

#![no_main]

use handful_data::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| parse::zip(bytes));
