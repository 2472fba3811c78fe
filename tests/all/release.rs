//! openwrt/release-check names each remaining placeholder, and a release build fails while there is one.
//!
//! Works on copies of the files that the check reads, in a separate git repository. Builds nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const COPIED: [&str; 7] =
    ["Cargo.toml", "Cargo.lock", "CHANGELOG.md", "cross.toml", "openwrt", ".github", "src/policy/time.rs"];
const NICUP: &str = "openwrt/nicup/Makefile";
const LUCI: &str = "openwrt/luci-app-nicup/Makefile";

/// A copy of the files that the check reads.
struct Tree(PathBuf);

impl Tree {
    /// The files as they are today; None without git.
    fn of_today(name: &str) -> Option<Tree> {
        if Command::new("git").arg("--version").output().is_err() {
            println!("SKIP {name}: git is missing");
            return None;
        }
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tree = Tree(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
        let _ = fs::remove_dir_all(&tree.0);
        for file in COPIED {
            let to = tree.0.join(file);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            assert!(Command::new("cp").arg("-R").arg(top.join(file)).arg(&to).status().unwrap().success());
        }
        tree.git(&["init", "-q"]);
        Some(tree)
    }

    /// With every placeholder filled in.
    fn ready(name: &str) -> Option<Tree> {
        let tree = Tree::of_today(name)?;
        tree.set("Cargo.toml", "repository = ", "\"https://git.example.org/ours\"");
        for file in [NICUP, LUCI] {
            tree.set(file, "PKG_MAINTAINER:=", "Ada Lovelace <ada@example.org>");
        }
        for file in tree.naming("https://github.com/nicup/nicup") {
            tree.replace(&file, "https://github.com/nicup/nicup", "https://git.example.org/ours");
        }
        let version = env!("CARGO_PKG_VERSION");
        let section = format!("## [{version}] - 2026-12-24\n");
        fs::write(tree.0.join("CHANGELOG.md"), section).unwrap();
        tree.set("src/policy/time.rs", "pub const RELEASED: i64 = ", "1_798_070_400; // 2026-12-24");
        tree.commit();
        let hash = text(&tree.check(&["--archive"]).stdout);
        assert!(hash.ends_with(&format!("  target/dist/nicup-{version}.tar.gz\n")), "{hash}");
        tree.set(NICUP, "PKG_HASH:=", &hash[..64]);
        tree.commit();
        Some(tree)
    }

    fn git(&self, arguments: &[&str]) {
        let config = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").args(config).args(arguments).current_dir(&self.0).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    }

    fn commit(&self) {
        fs::write(self.0.join(".gitignore"), "/target\n").unwrap();
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "t"]);
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap()
    }

    /// Replaces what follows `start` in the first line that begins with it.
    fn set(&self, file: &str, start: &str, value: &str) {
        let before = self.read(file);
        let line =
            before.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{file}: {start}"));
        self.replace(file, line, &format!("{start}{value}"));
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        let before = self.read(file);
        assert!(before.contains(from), "{file}: {from}");
        fs::write(self.0.join(file), before.replace(from, to)).unwrap();
    }

    /// Files that contain `words`, except the check itself, which must contain the placeholder.
    fn naming(&self, words: &str) -> Vec<String> {
        let search = ["-rlF", "--exclude-dir=.git", "--exclude=release-check", words, "."];
        let output = Command::new("grep").args(search).current_dir(&self.0).output().unwrap();
        text(&output.stdout).lines().map(str::to_owned).collect()
    }

    fn check(&self, arguments: &[&str]) -> Output {
        self.run("release-check", arguments)
    }

    /// Runs a script of openwrt/ from the copy, on the copy.
    fn run(&self, script: &str, arguments: &[&str]) -> Output {
        let script = self.0.join("openwrt").join(script);
        Command::new(script).args(arguments).env("NICUP_TOP", &self.0).output().unwrap()
    }

    /// The lines that name something missing.
    fn missing(&self) -> Vec<String> {
        let output = self.check(&[]);
        let printed = text(&output.stdout);
        let mut lines: Vec<String> = printed.lines().map(str::to_owned).collect();
        let last = lines.pop().unwrap_or_default();
        if lines.is_empty() {
            assert_eq!(
                (output.status.code(), last),
                (Some(0), format!("ready to release {}", env!("CARGO_PKG_VERSION")))
            );
        } else {
            let count = format!("{} of the release's values are missing: see docs/releasing.md", lines.len());
            assert_eq!((output.status.code(), last), (Some(1), count));
        }
        lines
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_tree_with_every_value_set_is_ready() {
    let Some(tree) = Tree::ready("a_tree_with_every_value_set_is_ready") else { return };
    assert_eq!(tree.missing(), [""; 0]);
}

#[test]
fn todays_placeholders_are_named() {
    let Some(tree) = Tree::of_today("todays_placeholders_are_named") else { return };
    tree.commit();
    let missing = tree.missing();
    println!("{}", missing.join("\n"));
    for (file, value, placeholder) in [
        (NICUP, "PKG_MAINTAINER", "PKG_MAINTAINER:=nicup maintainers <maintainers@nicup.example>"),
        (LUCI, "PKG_MAINTAINER", "PKG_MAINTAINER:=nicup maintainers <maintainers@nicup.example>"),
        (NICUP, "PKG_HASH", "PKG_HASH:=skip"),
        ("Cargo.toml", "repository", "repository = \"https://github.com/nicup/nicup\""),
    ] {
        let there = tree.read(file).lines().any(|line| line == placeholder);
        let named =
            missing.iter().any(|line| line.starts_with(&format!("{file}: {value} is the placeholder")));
        assert_eq!(named, there, "{file}: {value}: {missing:#?}");
    }
}

#[test]
fn each_value_that_is_left_out_is_named_with_its_file() {
    let name = "each_value_that_is_left_out_is_named_with_its_file";
    let Some(tree) = Tree::ready(name) else { return };
    let rows = [
        (NICUP, "PKG_MAINTAINER:=", "nicup <maintainers@nicup.example>", "PKG_MAINTAINER is the placeholder"),
        (NICUP, "PKG_MAINTAINER:=", "", "PKG_MAINTAINER is ''"),
        (LUCI, "PKG_MAINTAINER:=", "Ada Lovelace", "PKG_MAINTAINER is 'Ada Lovelace'"),
        (NICUP, "PKG_VERSION:=", "9.9.9", "PKG_VERSION is 9.9.9"),
        (LUCI, "PKG_VERSION:=", "9.9.9", "PKG_VERSION is 9.9.9"),
        ("Cargo.lock", "name = \"nicup\"", "\nversion = \"9.9.9\"", "nicup is 9.9.9"),
        (
            "Cargo.toml",
            "repository = ",
            "\"https://github.com/nicup/nicup\"",
            "repository is the placeholder",
        ),
        (
            NICUP,
            "PKG_SOURCE_URL:=",
            "https://github.com/nicup/nicup/releases",
            "the placeholder https://github.com",
        ),
        ("CHANGELOG.md", "## [", "Unreleased]", "has no section"),
        ("src/policy/time.rs", "pub const RELEASED: i64 = ", "1_793_491_200;", "RELEASED is 2026-11-01"),
        (NICUP, "PKG_HASH:=", "skip", "PKG_HASH is the placeholder"),
        (NICUP, "PKG_HASH:=", &"0".repeat(64), "PKG_HASH is not the hash"),
    ];
    for (file, start, value, named) in rows {
        let before = tree.read(file);
        tree.set(file, start, value);
        let mut missing = tree.missing();
        fs::write(tree.0.join(file), before).unwrap();
        if named.starts_with("RELEASED") {
            // RELEASED is also the time of the files in the archive, so their hash changes, too.
            assert!(missing.pop().unwrap().contains("PKG_HASH is not the hash"));
        }
        let [line] = &missing[..] else { panic!("{start}{value}: {missing:#?}") };
        assert!(line.starts_with(&format!("{file}: ")) && line.contains(named), "{start}{value}: {line}");
    }
    fs::remove_dir_all(tree.0.join(".git")).unwrap();
    let missing = tree.missing();
    assert!(
        missing.len() == 1 && missing[0].contains("run openwrt/release-check in a git checkout"),
        "{missing:?}"
    );
}

#[test]
fn a_release_build_refuses_while_a_placeholder_is_left() {
    let Some(tree) = Tree::ready("a_release_build_refuses_while_a_placeholder_is_left") else { return };
    let built = tree.run("build", &["--release", "--list"]);
    assert!(built.status.success() && text(&built.stdout).contains("mipsel_24kc"), "{}", text(&built.stderr));
    tree.set(NICUP, "PKG_HASH:=", "skip");
    let refused = tree.run("build", &["--release", "--list"]);
    let printed = text(&refused.stderr);
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{printed}");
    assert!(
        printed.contains("PKG_HASH is the placeholder") && printed.ends_with("not ready to release\n"),
        "{printed}"
    );
}
