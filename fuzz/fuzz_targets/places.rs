#![no_main]

libfuzzer_sys::fuzz_target!(init: deburn_fuzz::allow_fenced_panics(), |data: &[u8]| deburn_fuzz::places(data));
