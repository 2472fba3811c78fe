//! Checks that files, headings and tests that the documentation refers to exist.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders with files from elsewhere.
const PASSED_OVER: [&str; 3] = ["target", ".git", "node_modules"];

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` whose name ends with one of `ends`.
fn files(folder: &Path, ends: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if entry.file_type().unwrap().is_dir() {
            if !PASSED_OVER.contains(&name.as_str()) {
                found.extend(files(&path, ends));
            }
        } else if ends.iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
    found
}

/// The anchor that GitHub and GitLab make from a heading: lower case, spaces as hyphens, no punctuation.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The text without fenced code blocks.
fn prose(text: &str) -> String {
    let mut inside = false;
    let line = |line: &&str| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    };
    text.lines().filter(line).collect::<Vec<_>>().join("\n")
}

fn anchors(path: &Path) -> Vec<String> {
    let text = prose(&fs::read_to_string(path).unwrap());
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

/// Why a link from `file` is broken.
fn broken(file: &Path, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = if path.is_empty() { file.to_owned() } else { file.parent().unwrap().join(path) };
    if !target.exists() {
        return Some(format!("{}: no file {link}", file.display()));
    }
    let missing = anchor.is_some_and(|anchor| !anchors(&target).iter().any(|other| other == anchor));
    missing.then(|| format!("{}: no heading {link}", file.display()))
}

/// The targets of the links in a Markdown text.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link)
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for file in files(top(), &[".md"]) {
        let text = prose(&fs::read_to_string(&file).unwrap());
        count += links(&text).count();
        wrong.extend(links(&text).filter_map(|link| broken(&file, link)));
    }
    assert!(count > 50, "{count} links");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let readme = top().join("README.md");
    assert!(broken(&readme, "docs/none.md").is_some() && broken(&readme, "docs/guides.md#none").is_some());
}

#[test]
fn the_source_cites_headings_of_the_reference_that_exist() {
    let headings = anchors(&top().join("docs/reference.md"));
    let mut wrong = Vec::new();
    for file in files(&top().join("src"), &[".rs"]).into_iter().chain(files(&top().join("tests"), &[".rs"])) {
        let text = fs::read_to_string(&file).unwrap();
        for cited in text.split("docs/reference.md#").skip(1) {
            let cited: String =
                cited.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect();
            if !cited.is_empty() && !headings.contains(&cited) {
                wrong.push(format!("{}: {cited}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_tests_that_the_documentation_names_exist() {
    let sources = ["src", "tests"].map(|folder| files(&top().join(folder), &[".rs"])).concat();
    let code: String = sources.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for (file, least) in [("SECURITY.md", 15), ("docs/comparison.md", 25), ("tests/all/faults/table.md", 8)] {
        let text = fs::read_to_string(top().join(file)).unwrap();
        // The rows of the first table have tests named after them, which faults checks itself.
        let text = text.split("## Addresses, events and files").last().unwrap();
        let quoted = text.split('`').skip(1).step_by(2);
        let names: Vec<&str> =
            quoted.filter(|word| word.matches('_').count() >= 3 && !word.contains(' ')).collect();
        assert!(names.len() > least, "{file}: {names:?}");
        for name in names {
            // A function, or a row of a table-driven test.
            let forms = [format!("\nfn {name}("), format!("    fn {name}("), format!("\n    {name}: ")];
            let found = forms.iter().any(|form| code.contains(form));
            assert!(found, "{file}: no test {name}");
        }
    }
}

/// The names in `folder` that `text` links to. `folder` ends with `/`, or is empty.
fn indexed(text: &str, folder: &str) -> Vec<String> {
    let name = |link: &str| Some(link.strip_prefix(folder)?.split('/').next()?.to_owned());
    let row = |line: &str| links(line).next().and_then(name);
    let mut names: Vec<String> =
        text.lines().filter(|line| line.starts_with("| [")).filter_map(row).collect();
    names.sort_unstable();
    names
}

/// The entries of a folder, except `left_out`.
fn entries(folder: &Path, left_out: &str) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect();
    names.retain(|name| name != left_out);
    names.sort_unstable();
    names
}

#[test]
fn the_index_of_the_tests_is_whole() {
    let folder = top().join("tests");
    let text = fs::read_to_string(folder.join("README.md")).unwrap();
    let (programs, modules) = text.split_once("\n## all\n").unwrap();
    assert_eq!(indexed(programs, ""), entries(&folder, "README.md"));
    // A module with several files has a folder beside its own file or around its table.
    let stem = |name: &String| name.trim_end_matches(".rs").to_owned();
    let mut there: Vec<String> = entries(&folder.join("all"), "main.rs").iter().map(stem).collect();
    there.dedup();
    let listed: Vec<String> = indexed(modules, "all/").iter().map(stem).collect();
    assert_eq!(listed, there);
}

/// The paragraph titles in a section of a man page, without roff markup.
fn titles(page: &str, section: &str) -> Vec<String> {
    let start = format!(".SH {section}\n");
    let body = page.split_once(&start).and_then(|(_, rest)| rest.split(".SH ").next()).unwrap();
    let plain = |title: &str| {
        let title = title.trim_start_matches(".B ");
        ["\\fB", "\\fI", "\\fR", "\\"].iter().fold(title.to_owned(), |text, mark| text.replace(mark, ""))
    };
    body.split(".TP\n").skip(1).map(|part| plain(part.lines().next().unwrap())).collect()
}

#[test]
fn the_man_page_has_the_commands_options_and_exit_statuses_of_the_program() {
    let page = fs::read_to_string(top().join("docs/nicup.8")).unwrap();
    let help = Command::new(env!("CARGO_BIN_EXE_nicup")).arg("--help").output().unwrap().stdout;
    let help = String::from_utf8(help).unwrap();
    let (_, lists) = help.split_once("Commands:").unwrap();
    let (commands, options) = lists.split_once("Options:").unwrap();
    let indented = |line: &&str| line.starts_with("    ") && !line.starts_with("     ");
    let commands: Vec<&str> =
        commands.lines().filter(indented).filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 5, "{help}");
    assert_eq!(titles(&page, "COMMANDS"), commands);

    let is_option = |line: &&str| line.trim_start().starts_with('-');
    // An option ends at two or more spaces, or at the end of the line.
    let options: Vec<&str> =
        options.lines().filter(is_option).filter_map(|line| line.trim_start().split("  ").next()).collect();
    assert!(options.len() > 10, "{help}");
    assert_eq!(titles(&page, "OPTIONS"), options);

    let source = fs::read_to_string(top().join("src/app/exit.rs")).unwrap();
    let (_, variants) = source.split_once("pub enum Exit {").unwrap();
    let variants = variants.split('}').next().unwrap();
    let statuses: Vec<&str> = variants
        .lines()
        .filter_map(|line| line.trim().strip_suffix(',')?.split_once(" = "))
        .map(|(_, s)| s)
        .collect();
    assert_eq!(titles(&page, "EXIT STATUS"), statuses);
    let reference = fs::read_to_string(top().join("docs/reference.md")).unwrap();
    let (_, table) = reference.split_once("## Exit status").unwrap();
    for status in statuses {
        assert!(table.contains(&format!("\n| {status} | ")), "{status}");
    }
}
