//! Two sessions in one simulated process never meet.

mod support;

use support::{once, run};
use tourbillon_sim::strategy::Random;
use tourbillon_world::{MemberConfig, SessionConfig, Target, WorldGroup};

const FIRST: &str = r"global g; g = 1;
m = containers.Map('KeyType', 'char', 'ValueType', 'double'); m('n') = 0;
a = spawn(work(m, 'a.txt')); b = spawn(work(m, 'b.txt'));
await_all(a, b);
fprintf('%d %d %s', m('n'), g, input('? ', 's'));
async function work(m, path)
  text = fileread(path);
  pause(0.01);
  m('n') = m('n') + numel(text);
  yield_now();
end";

const SECOND: &str = r"global g; g = 2; c = onCleanup(@() fprintf('closed'));
f = spawn(slow()); on_success(f, @(v) fprintf('%d ', v));
try, await(f, 'Timeout', 0.001); catch e, fprintf('%s ', e.identifier); end
filewrite('a.txt', 'other'); fprintf('%s ', fileread('a.txt'));
await(f); x = gather(gpuArray([g 3]) * 2); fprintf('%d ', x);
async function y = slow()
  pause(0.02);
  y = 5;
end";

fn member(source: &str, world: &str) -> MemberConfig {
    let session = SessionConfig::default();
    MemberConfig {
        target: Target::script(source, &session),
        session,
        world: serde_yaml::from_str(world).expect(world),
    }
}

#[test]
fn sessions_interleaved_have_the_outcomes_they_have_alone() {
    let worlds = [
        "{disk: {a.txt: one, b.txt: four}, input: [{line: first}]}",
        "{disk: {a.txt: two}, latency: {write: 0.005}}",
    ];
    let alone = [FIRST, SECOND].map(|source| source.to_string());
    let alone: Vec<String> = alone
        .iter()
        .zip(worlds)
        .map(|(source, world)| {
            let result = once(source, world);
            assert_eq!(result.verdict.kind.name(), "pass", "{:?}", result.verdict);
            result.outcome.key()
        })
        .collect();
    let run = run(Random::new(11), "pending,spurious");
    let members = vec![member(FIRST, worlds[0]), member(SECOND, worlds[1])];
    let mut group = WorldGroup::new(members, &run).expect("nothing that cannot be done");
    let mut hashes = std::collections::BTreeSet::new();
    for number in 0..10_000 {
        assert!(run.borrow_mut().begin(number));
        let results = group.run_once();
        for (result, alone) in results.iter().zip(&alone) {
            assert_eq!(result.verdict.kind.name(), "pass", "{:?}", result.verdict);
            assert_eq!(result.outcome.key(), *alone, "schedule {number}");
        }
        hashes.insert(run.borrow_mut().end(true));
    }
    assert!(
        hashes.len() > 5_000,
        "only {} different schedules",
        hashes.len()
    );
}
