//! A COCO file is read or refused, whatever its bytes are.

#![no_main]

use handful_data::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| parse::coco(bytes));
