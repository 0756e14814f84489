//! What the figures were measured on.

use std::path::Path;
use std::process::Command;

/// One line: processor, cores, memory, system.
pub fn describe() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processor = value(&read("/proc/cpuinfo"), "model name", ':');
    let memory = value(&read("/proc/meminfo"), "MemTotal", ':')
        .and_then(|text| text.trim_end_matches(" kB").parse::<f64>().ok())
        .map(|kibibytes| format!("{:.0} GiB", kibibytes / f64::from(1 << 20)));
    let system = value(&read("/etc/os-release"), "PRETTY_NAME", '=');
    let kernel = read("/proc/sys/kernel/osrelease");
    let parts = [
        processor,
        Some(format!("{} cores", cores())),
        memory,
        system.map(|name| name.trim_matches('"').to_owned()),
        Some(format!("Linux {}", kernel.trim())),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The commit of the sources in `folder`, with a mark when they differ from it.
pub fn commit(folder: &Path) -> Option<String> {
    let arguments = ["describe", "--always", "--dirty", "--exclude=*"];
    let mut git = Command::new("git");
    first_line(git.arg("-C").arg(folder).args(arguments))
}

/// The first line that a command writes; `None` when it is not there or fails.
pub fn first_line(command: &mut Command) -> Option<String> {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(str::to_owned)
}

/// The value of the first line `name <separator> value`.
fn value(text: &str, name: &str, separator: char) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(separator)?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_name() {
        let text = "MemFree:  1 kB\nMemTotal:       24609560 kB\n";
        assert_eq!(value(text, "MemTotal", ':'), Some("24609560 kB".to_owned()));
        assert_eq!(value("NAME=\"x\"", "PRETTY_NAME", '='), None);
    }
}
