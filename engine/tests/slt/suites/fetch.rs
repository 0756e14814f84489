//! Gets the files of other projects' tests: once, in a fixed version, into the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

/// The version of the query engine, whose tests are published with it.
const DATAFUSION: &str = "datafusion-sqllogictest-55.2.0";
const DATAFUSION_SHA256: &str = "b270cea4d8c2b2c42773e60164204386fb97d7936736e5f126ac751b86d7dabe";
/// A mirror of SQLite's test suite, which has no releases.
const SQLITE: &str = "https://raw.githubusercontent.com/gregrahn/sqllogictest/d8d4f4b9a351102ec63196a920e8052f4f025509/test";
const SQLITE_SHA256: [(&str, &str); 5] = [
    (
        "select1.test",
        "e93b83d64d06f78aee0e690455b6c604e86ad9a339f77d927a782cefb6b0e1d5",
    ),
    (
        "select2.test",
        "a8ecc3d206c4d4b2cd6a154c18999e558ec97168cd7e327a4369e23aaf31be64",
    ),
    (
        "select3.test",
        "d5c321683bfe903c9be95ebe80a8d23da4d8f4a39193b2087dbc34cb4e137623",
    ),
    (
        "select4.test",
        "155ff6bb9bbf7c2dcf1e5659bb1688dec5dab58126f8dc66d23dcae6df43f59e",
    ),
    (
        "select5.test",
        "049a5d0bf90999c56db2d5880ef28febdc88906526f87069cc96af9f84c99869",
    ),
];

/// DataFusion's files, from the package that cargo fetches.
pub fn datafusion() -> Result<PathBuf, String> {
    let folder = target().join(DATAFUSION);
    let files = folder.join(DATAFUSION).join("test_files");
    if files.is_dir() {
        return Ok(files);
    }
    let (name, version) = DATAFUSION.rsplit_once('-').unwrap();
    let package = match in_registry() {
        Some(package) => package,
        None => {
            let wanted = format!("{name}@{version}");
            // Elsewhere than in this workspace, whose own version would be told.
            let outside = std::env::temp_dir();
            let arguments = ["info", "--quiet", "--registry", "crates-io", &wanted];
            run(Command::new("cargo").args(arguments).current_dir(outside))?;
            in_registry().ok_or("cargo has not kept the package")?
        }
    };
    check(&package, DATAFUSION_SHA256)?;
    let draft = tempfile::tempdir_in(target()).map_err(|error| error.to_string())?;
    run(Command::new("tar")
        .arg("xzf")
        .arg(&package)
        .arg("-C")
        .arg(draft.path()))?;
    std::fs::rename(draft.keep(), &folder).map_err(|error| error.to_string())?;
    Ok(files)
}

/// SQLite's files.
pub fn sqlite() -> Result<PathBuf, String> {
    let folder = match std::env::var_os("TIDEMILL_SQLITE_TESTS") {
        Some(folder) => PathBuf::from(folder),
        None => target().join("sqlite"),
    };
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    for (name, sha256) in SQLITE_SHA256 {
        let file = folder.join(name);
        if !file.is_file() {
            let draft = folder.join(format!("{name}.draft"));
            let url = format!("{SQLITE}/{name}");
            let limits = ["-fsSL", "--connect-timeout", "5", "--max-time", "60"];
            run(Command::new("curl")
                .args(limits)
                .arg(url)
                .arg("-o")
                .arg(&draft))?;
            std::fs::rename(&draft, &file).map_err(|error| error.to_string())?;
        }
        check(&file, sha256)?;
    }
    Ok(folder)
}

/// `<target>/suites`, beside the tests.
fn target() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("suites");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn in_registry() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")))?;
    let registries = std::fs::read_dir(home.join("registry/cache")).ok()?;
    registries
        .filter_map(|registry| Some(registry.ok()?.path().join(format!("{DATAFUSION}.crate"))))
        .find(|package| package.is_file())
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().display().to_string();
    let output = command
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().next().unwrap_or_default();
            Err(format!("{program} cannot fetch it: {said}"))
        }
    }
}

fn check(file: &Path, sha256: &str) -> Result<(), String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let found: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    match found == sha256 {
        true => Ok(()),
        false => Err(format!(
            "{} is not the file that is expected ({found})",
            file.display()
        )),
    }
}
