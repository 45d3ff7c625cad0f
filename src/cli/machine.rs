//! What this machine has, and how much of it a worker may take.

use deburn::{Error, Result};

/// The part of the machine's memory that a worker may take where nothing else is said. The rest is for the page cache,
/// the run itself and all else: a machine that swaps does not get done.
#[cfg(target_os = "linux")]
const PART: u64 = 80;

/// Parses a size: bytes, or so many K, M, G or T of 1024.
pub fn size(text: &str) -> std::result::Result<u64, String> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor: u64 = match unit.to_ascii_uppercase().trim_end_matches('B').trim_end_matches('I') {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        "T" => 1 << 40,
        _ => return Err("a size is a number with K, M, G or T".into()),
    };
    let number: u64 = digits.parse().map_err(|_| "a size is a number with K, M, G or T".to_owned())?;
    number.checked_mul(factor).ok_or_else(|| "too large".into())
}

/// Lets this process have so many bytes of memory and no more: `RLIMIT_DATA`, which counts what is written to and not
/// what is merely mapped, as models and libraries are. 0 is no limit.
#[cfg(target_os = "linux")]
pub fn limit_memory(bytes: Option<u64>) -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let bytes = bytes.unwrap_or_else(|| memory() / 100 * PART);
    if bytes == 0 {
        return Ok(());
    }
    let maximum = getrlimit(Resource::Data).maximum;
    let bytes = maximum.map_or(bytes, |maximum| maximum.min(bytes));
    setrlimit(Resource::Data, Rlimit { current: Some(bytes), maximum })
        .map_err(|error| Error::io("cannot limit the memory")(error.into()))
}

/// Other systems have no limit that holds.
#[cfg(not(target_os = "linux"))]
pub fn limit_memory(bytes: Option<u64>) -> Result<()> {
    match bytes {
        Some(1..) => Err(Error::Usage("--memory works on Linux alone".into())),
        _ => Ok(()),
    }
}

/// Returns the memory that this process can have: of the machine, or of the container that it is in.
#[cfg(target_os = "linux")]
fn memory() -> u64 {
    let info = rustix::system::sysinfo();
    let machine = info.totalram.saturating_mul(u64::from(info.mem_unit));
    // Both versions of control groups; a container sees its own as the root.
    let files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits = files.iter().filter_map(|file| std::fs::read_to_string(file).ok()?.trim().parse().ok());
    limits.fold(machine, u64::min)
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_units() {
        assert_eq!(
            ["0", "512", "3K", "2m", "1GiB", "1TB"].map(|text| size(text).unwrap()),
            [0, 512, 3072, 2 << 20, 1 << 30, 1 << 40]
        );
        for bad in ["", "G", "-1", "1.5G", "1X", "99999999T"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
