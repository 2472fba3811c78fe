//! Writes a fuzzer's initial inputs: for each format DIR/NAME/* (examples) and DIR/NAME.dict (words).
//!
//! It always writes the same files, and none of them is committed.

#[path = "../properties/formats/mod.rs"]
mod formats;

use std::path::Path;
use std::{env, fs, io};

const EXAMPLES: u64 = 200;

fn main() -> io::Result<()> {
    let dir = env::args_os().nth(1).ok_or_else(|| io::Error::other("usage: seeds DIR"))?;
    for format in &formats::ALL {
        let folder = Path::new(&dir).join(format.name);
        fs::create_dir_all(&folder)?;
        for seed in 0..EXAMPLES {
            fs::write(
                folder.join(format!("example-{seed}")),
                (format.sample)(&mut formats::Dice::new(seed)),
            )?;
        }
        let hex = |word: &[u8]| word.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
        let words: String = format.words.iter().map(|word| format!("\"{}\"\n", hex(word))).collect();
        fs::write(folder.with_extension("dict"), words)?;
        if ["config", "import"].contains(&format.name) {
            cases(&folder)?;
        }
    }
    Ok(())
}

/// tests/fixtures/uci-cases, which libuci has parsed.
fn cases(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/uci-cases"))? {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|end| end == "in")) {
            fs::copy(&path, folder.join(name))?;
        }
    }
    Ok(())
}
