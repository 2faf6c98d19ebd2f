//! The printed reference of the library is that of the functions there are.

#[path = "../examples/reference.rs"]
mod reference;

#[test]
fn the_reference_is_up_to_date() {
    let printed = include_str!("../../../docs/library.md");
    let current = reference::reference();
    let differs = printed.lines().zip(current.lines()).find(|(a, b)| a != b);
    assert!(
        printed == current,
        "docs/library.md is out of date{}: run\n  cargo run -p tourbillon-builtins --example reference > \
         docs/library.md\nfrom the root of the repository",
        differs.map_or(String::new(), |(_, line)| format!(", `{line}` is new"))
    );
}
