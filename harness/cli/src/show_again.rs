//! The one command that shows a run again.

use tourbillon_sim::Injections;
use tourbillon_sim::campaign::Witness;
use tourbillon_sim::strategy::Description;

/// Tapes with more choices than this are no pleasure on a command line.
const LONGEST_TAPE: usize = 60;

/// A word for a shell.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The command that makes the run of a witness again without a recording, where there is one.
/// `by_number` says whether the strategy makes a run from its number alone; `unlike` gives the
/// injections that the target does not bring with it. The trouble stops after `chaos` steps.
pub fn command(
    target: &str,
    strategy: &Description,
    by_number: bool,
    witness: &Witness,
    allowed: Injections,
    chaos: Option<u64>,
    unlike: impl Fn(Injections) -> Option<Injections>,
) -> Option<String> {
    if target == "-" {
        return None;
    }
    // A strategy draws its injections anew; a tape holds what became of them.
    let mut injections = allowed;
    let choice = match (&*strategy.name, strategy.seed) {
        ("fifo", _) if by_number => "--strategy fifo".to_string(),
        (name, Some(seed)) if by_number => {
            let mut text = String::new();
            if name != "random" {
                text.push_str(&format!("--strategy {name} "));
            }
            if let Some(depth) = strategy.depth {
                text.push_str(&format!("--depth {depth} "));
            }
            text.push_str(&format!("--seed {seed}"));
            if witness.run > 0 {
                text.push_str(&format!(" --run {}", witness.run));
            }
            text
        }
        _ => {
            injections = witness.injections;
            match tape(&witness.tape)? {
                tape if tape.is_empty() => "--strategy fifo".to_string(),
                tape => format!("--tape {tape}"),
            }
        }
    };
    let inject = inject(unlike(injections));
    let chaos = chaos.map_or(String::new(), |steps| format!(" --chaos {steps}"));
    Some(format!(
        "tourbillon sim {} {choice}{inject}{chaos}",
        quoted(target)
    ))
}

/// The option for injections, if one is needed.
pub fn inject(injections: Option<Injections>) -> String {
    injections.map_or(String::new(), |injections| {
        format!(" --inject {injections}")
    })
}

/// Where a tape leaves the default, as `--tape` reads it.
fn tape(picks: &[u32]) -> Option<String> {
    let left = picks.iter().enumerate().filter(|(_, pick)| **pick != 0);
    let texts: Vec<String> = left.map(|(at, pick)| format!("{at}={pick}")).collect();
    (texts.len() <= LONGEST_TAPE).then(|| texts.join(","))
}

/// Reads what [`tape`] writes.
///
/// # Errors
/// What is no `AT=PICK`.
pub fn parse_tape(text: &str) -> Result<Vec<u32>, String> {
    const LONGEST: usize = 10_000_000;
    let mut picks = Vec::new();
    for entry in text.split(',') {
        let numbers = entry.split_once('=').and_then(|(at, pick)| {
            let at: usize = at.trim().parse().ok().filter(|at| *at < LONGEST)?;
            Some((at, pick.trim().parse::<u32>().ok()?))
        });
        let Some((at, pick)) = numbers else {
            return Err(format!(
                "`{entry}` is no AT=PICK: two whole numbers, the choice point and the candidate taken \
                 there, both counted from 0"
            ));
        };
        if picks.len() <= at {
            picks.resize(at + 1, 0);
        }
        picks[at] = pick;
    }
    Ok(picks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        for (word, expected) in [
            ("a/b-c.m", "a/b-c.m"),
            ("a.yaml#id", "'a.yaml#id'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("a b", "'a b'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }

    #[test]
    fn tapes_go_there_and_back() {
        for picks in [vec![0, 2, 0, 0, 1], vec![3]] {
            let text = tape(&picks).expect("short");
            assert_eq!(parse_tape(&text), Ok(picks));
        }
        assert_eq!(tape(&[0, 0]).as_deref(), Some(""));
        assert_eq!(tape(&[1; 61]), None);
        for wrong in ["", "1", "a=1", "1=b", "1=2,", "99999999999=1", "1=-1"] {
            assert!(parse_tape(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_run_is_named_by_its_seed_or_its_tape() {
        let witness = Witness {
            run: 7,
            tape: vec![0, 1],
            hash: 0,
            injections: tourbillon_sim::Injections::DEFAULT,
        };
        let random = Description {
            name: "random".into(),
            seed: Some(5),
            depth: None,
        };
        let check = |strategy: &Description, by_number, own, expected: &str| {
            let unlike = |injections| Some(injections).filter(|found| *found != own);
            let allowed = Injections::DEFAULT;
            let found = command("p.m", strategy, by_number, &witness, allowed, None, unlike);
            assert_eq!(found.as_deref(), Some(expected));
        };
        let own = Injections::DEFAULT;
        check(&random, true, own, "tourbillon sim p.m --seed 5 --run 7");
        check(&random, false, own, "tourbillon sim p.m --tape 1=1");
        let pct = Description {
            name: "pct".into(),
            depth: Some(3),
            ..random.clone()
        };
        check(
            &pct,
            true,
            own,
            "tourbillon sim p.m --strategy pct --depth 3 --seed 5 --run 7",
        );
        let exhaustive = Description::named("exhaustive");
        check(
            &exhaustive,
            false,
            Injections::NONE,
            "tourbillon sim p.m --tape 1=1 --inject pending",
        );
        let none = |_| None;
        assert_eq!(command("-", &random, true, &witness, own, None, none), None);
    }
}
