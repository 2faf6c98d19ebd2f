//! Arguments, help and mistakes in them.

use crate::Place;

#[test]
fn help_and_version_succeed_on_standard_output() {
    let place = Place::with(&[]);
    for arguments in [&["--help"][..], &["--version"], &["run", "--help"]] {
        let ended = place.run(arguments);
        ended.check(0, &[]);
        assert!(ended.stdout.contains("tourbillon"), "{ended:#?}");
        assert_eq!(ended.stderr, "");
    }
    let help = place.run(&["--help"]).stdout;
    assert!(help.contains("3  a recording diverged"), "{help}");
}

#[test]
fn mistakes_in_arguments_exit_2_and_say_what_there_is() {
    let place = Place::with(&[("p.m", "x = 1;\n")]);
    let check = |arguments: &[&str], part: &str| place.run(arguments).check(2, &[part]);
    check(&[], "Usage: tourbillon");
    check(&["rnu", "p.m"], "'rnu'");
    check(&["run"], "<FILE.m>");
    check(&["run", "p.m", "--gpu", "fast"], "simulated");
    check(&["run", "p.m", "--gpu", "wgpu"], "no wgpu provider");
    check(&["run", "p.m", "--tier", "tiny"], "embedded");
    check(&["run", "p.m", "--timeout", "soon"], "a number of seconds");
    check(&["run", "p.m", "--timeout", "-1"], "");
    check(&["run", "p.m", "--format", "xml"], "json");
}
