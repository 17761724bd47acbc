//! What is downloaded: repositories whose large files lie on disk for a file server and whose small ones are in memory.

use crate::Problem;
use crate::content::generated;
use crate::digest;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::path::Path;

/// Large files are made and hashed in pieces, so that the bench itself stays small.
const PIECE: usize = 4 << 20;

/// One million bytes: sizes and rates here are decimal, as `--limit-rate 20M` is.
pub const MEGABYTE: u64 = 1_000_000;

/// Where large files lie below the folder of the bench, named by their SHA-256.
pub const OBJECTS: &str = "objects";

#[derive(Debug)]
pub struct File {
    pub path: String,
    pub size: u64,
    /// The git object id, of the pointer when the file is in LFS.
    pub oid: String,
    pub content: Content,
}

#[derive(Debug)]
pub enum Content {
    /// In LFS: an object of this hash on the content server.
    Object { sha256: String },
    /// In git: the hub has it.
    Small(Bytes),
}

#[derive(Debug)]
pub struct Repository {
    /// `bench/name`
    pub id: String,
    pub commit: String,
    pub files: Vec<File>,
    places: HashMap<String, usize>,
}

impl Repository {
    fn new(name: &str, files: Vec<File>) -> Self {
        let id = format!("bench/{name}");
        let places = files.iter().enumerate().map(|(place, file)| (file.path.clone(), place)).collect();
        Self { commit: digest::sha1_hex(id.as_bytes()), id, files, places }
    }

    /// `count` files in LFS of `size` bytes, written below `folder`.
    pub fn of_large(name: &str, folder: &Path, count: usize, size: u64) -> Result<Self, Problem> {
        let objects = folder.join(OBJECTS);
        fs::create_dir_all(&objects)?;
        let make = |number: usize| {
            let path = format!("model-{:05}-of-{count:05}.safetensors", number + 1);
            write_object(&objects, &format!("{name} {number}"), path, size)
        };
        let files = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..count).map(|number| scope.spawn(move || make(number))).collect();
            let joined = threads.into_iter().map(|thread| thread.join().map_err(|_| "making a file panicked")?);
            joined.collect::<Result<Vec<File>, Problem>>()
        })?;
        Ok(Self::new(name, files))
    }

    /// `count` files in git of 1 to 20 KB.
    pub fn of_small(name: &str, count: u32) -> Self {
        let make = |number: u32| {
            let size = 1_000 + number.wrapping_mul(2_654_435_761) % 19_001;
            let content = generated(u64::from(number) << 32, size as usize);
            let path = format!("part-{:02}/sample-{number:04}.bin", number % 20);
            File { path, size: u64::from(size), oid: digest::git_blob(&content), content: Content::Small(content) }
        };
        Self::new(name, (0..count).map(make).collect())
    }

    pub fn file(&self, path: &str) -> Option<&File> {
        self.places.get(path).map(|place| &self.files[*place])
    }

    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Whether a client delivered all files at their size below `folder`, and with their content if `thoroughly`.
    pub fn check(&self, folder: &Path, thoroughly: bool) -> Result<(), Problem> {
        for file in &self.files {
            let path = folder.join(&file.path);
            let size = fs::metadata(&path).map_err(|error| format!("{}: {error}", file.path))?.len();
            if size != file.size {
                return Err(format!("{} has {size} bytes, not {}", file.path, file.size).into());
            }
            if thoroughly && !file.is_in(&path)? {
                return Err(format!("{} has other content", file.path).into());
            }
        }
        Ok(())
    }
}

impl File {
    fn is_in(&self, path: &Path) -> Result<bool, Problem> {
        Ok(match &self.content {
            Content::Small(content) => fs::read(path)? == *content,
            Content::Object { sha256 } => hash(fs::File::open(path)?)? == *sha256,
        })
    }
}

fn hash(mut file: fs::File) -> Result<String, Problem> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            return Ok(hex(hasher));
        }
        hasher.update(&piece[..count]);
    }
}

fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn write_object(objects: &Path, seed: &str, path: String, size: u64) -> Result<File, Problem> {
    let seed = u64::from_str_radix(&digest::sha256_hex(seed.as_bytes())[..16], 16)?;
    let temporary = objects.join(format!("{seed:x}"));
    let mut file = fs::File::create(&temporary)?;
    let mut hasher = Sha256::new();
    let mut left = size;
    while left > 0 {
        let length = usize::try_from(left)?.min(PIECE);
        let piece = generated(seed ^ left, length);
        file.write_all(&piece)?;
        hasher.update(&piece);
        left -= length as u64;
    }
    let sha256 = hex(hasher);
    fs::rename(&temporary, objects.join(&sha256))?;
    let pointer = digest::lfs_pointer(&sha256, usize::try_from(size)?);
    Ok(File { path, size, oid: digest::git_blob(pointer.as_bytes()), content: Content::Object { sha256 } })
}
