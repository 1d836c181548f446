//! Compiles the .proto files without protoc, keeps the full descriptor set (options and comments included) beside the
//! generated code, and generates messages, clients and servers.

use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("proto");
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([root])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(&files)?;

    // The encoded set keeps custom options; the typed one below drops them, and the code generator does not need them.
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("yujian.bin"), compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure().compile_fds(compiler.file_descriptor_set())?;

    println!("cargo:rerun-if-changed=proto");
    Ok(())
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
