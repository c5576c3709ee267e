//! Lists the files of testdata/dump for `analyze demo`.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| env::var_os(name).map(PathBuf::from).unwrap_or_default();
    let dump = variable("CARGO_MANIFEST_DIR").join("../../testdata/dump");
    println!("cargo::rerun-if-changed={}", dump.display());
    let mut files = Vec::new();
    list(&dump, &mut files)?;
    files.sort();
    let mut code = String::from("static DUMP: &[(&str, &[u8])] = &[\n");
    for file in &files {
        let name = file.strip_prefix(&dump).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let _never =
            writeln!(code, "    ({name:?}, include_bytes!({:?})),", file.to_string_lossy());
    }
    code += "];\n";
    fs::write(variable("OUT_DIR").join("demo.rs"), code)
}

/// Adds the files below `folder`.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
