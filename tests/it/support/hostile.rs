//! Texts a hostile or broken server could send where a name, a hash or a message belongs.

/// Names that must never become a path, on any system, and that no git repository can hold.
pub const HOSTILE_NAMES: [&str; 21] = [
    "../x",
    "a/../../x",
    "..",
    ".",
    "a/./x",
    "..\\x",
    "a\\..\\..\\x",
    "/abs",
    "\\abs",
    "C:\\x",
    "\\\\host\\share",
    "a//x",
    "",
    "a/",
    "nul\0byte",
    ".git/config",
    "sub/.GIT/hooks/post-checkout",
    "git~1/config",
    ".git./config",
    ".git::$INDEX_ALLOCATION/config",
    ".g\u{200c}it/config",
];

/// Names that must never become a path either, though a repository may hold them.
pub const ODD_NAMES: [&str; 6] =
    ["data\\train.csv", "line\nbreak", "tab\there", "escape\u{1b}[2J", "right\u{202e}left", ".hg/hgrc"];

/// Names that are fine on Linux and macOS and must be refused (or be harmless) on Windows.
pub const WINDOWS_NAMES: [&str; 7] = ["C:x", "NUL", "con.txt", "a:b", "trailing.", "trailing ", "COM1/x"];

pub const HOSTILE_ETAGS: [&str; 7] = [
    "../../x",
    "",
    "0123456789abcdef",
    "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855a",
    "/etc/passwd",
    "****************************************************************",
];

pub const HOSTILE_COMMITS: [&str; 5] =
    ["../../x", "", "abc", "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", "da39a3ee5e6b4b0d3255bfef95601890afd807099"];

/// Terminal escapes and bidirectional overrides, as a hostile owner could put in a message.
pub const HOSTILE_MESSAGE: &str =
    "\u{1b}[2J\u{1b}]0;owned\u{7}Access \u{202e}detnarg\u{202c} \u{9b}31m\u{2066}now\u{2069}\r\nerror: forged line";
