//! What the steps of a session touch, by names that no schedule changes.

use tourbillon_host::{Access as EngineAccess, Entangled, Stream};
use tourbillon_sim::label::{Label, name_hash};
use tourbillon_sim::{Access, Object, Run};
use tourbillon_value::ObjectId;

/// Kinds of objects, mixed into their names.
const HANDLE: u64 = name_hash("handle");
const WAITERS: u64 = name_hash("waiters");
const REQUEST: u64 = name_hash("request");
const FAMILY: u64 = name_hash("family");
const WAIT: u64 = name_hash("wait");
const GLOBAL: u64 = name_hash("global");
const OUTPUT: u64 = name_hash("output");
const ERRORS: u64 = name_hash("errors");
const PLACE: u64 = name_hash("place");
const NUMBERS: u64 = name_hash("numbers");
const FILE: u64 = name_hash("file");
const ASKED: u64 = name_hash("asked");
const DEADLINE: u64 = name_hash("deadline");
const ROUTE: u64 = name_hash("route");

/// Objects of which a session or a world has one each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Single {
    Diagnostics,
    LastWarning,
    WarningState,
    Stopwatch,
    Tasks,
    Cleanups,
    /// Requests for input and the answers to them: first come, first served.
    Input,
    /// Readbacks, which come in the order in which they were asked for.
    Readbacks,
    /// How much of the device's memory is left.
    DeviceMemory,
    /// Which background jobs there are and in which order they ended.
    Jobs,
    /// How many cancels may still strike.
    Cancels,
    /// What there is a limited number of on the embedded tier.
    TaskPlaces,
    FuturePlaces,
    WaiterPlaces,
}

/// Names of a session's objects; `salt` tells the sessions of a group apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub salt: u64,
}

impl Names {
    fn object(self, kind: u64, which: u64) -> Object {
        Object(mixed(self.salt ^ kind, which))
    }

    pub fn single(self, which: Single) -> Object {
        self.object(PLACE, which as u64)
    }

    pub fn global(self, name: &str) -> Object {
        self.object(GLOBAL, name_hash(name))
    }

    pub fn console(self, stream: Stream) -> Object {
        match stream {
            Stream::Output => self.object(OUTPUT, 0),
            Stream::Error => self.object(ERRORS, 0),
        }
    }

    /// What a task waits for.
    pub fn wait(self, task: Label) -> Object {
        self.object(WAIT, task.0)
    }

    /// The order in which handle objects were made, whoever made them.
    pub fn numbers(self) -> Object {
        self.object(NUMBERS, 0)
    }

    pub fn file(self, path: &str) -> Object {
        self.object(FILE, name_hash(path))
    }

    /// How many operations of a kind were asked for.
    pub fn asked(self, kind: u64) -> Object {
        self.object(ASKED, kind)
    }

    /// What a server has replied so far.
    pub fn route(self, place: usize) -> Object {
        self.object(ROUTE, place as u64)
    }

    /// What is due at a moment, which fires in the order in which it was asked for.
    pub fn deadline(self, nanoseconds: u64) -> Object {
        self.object(DEADLINE, nanoseconds)
    }
}

/// The handle objects of one run by their maker and how manyeth they were there: their running numbers
/// are others in other schedules.
#[derive(Debug, Default)]
pub(crate) struct Handles {
    // By number, from 1; 0 for what was made before anybody listened.
    names: Vec<u64>,
    // How many each maker has made so far: a session has few makers at a time.
    made: rustc_hash::FxHashMap<u64, u64>,
}

impl Handles {
    pub fn reset(&mut self) {
        self.names.clear();
        self.made.clear();
    }

    /// `maker` has made an object.
    pub fn add(&mut self, id: ObjectId, maker: Label) {
        let made = self.made.entry(maker.0).or_default();
        *made += 1;
        let at = id.0 as usize;
        if self.names.len() <= at {
            self.names.resize(at + 1, 0);
        }
        self.names[at] = mixed(maker.0, *made);
    }

    fn name(&self, id: ObjectId) -> u64 {
        match self.names.get(id.0 as usize) {
            Some(name) if *name != 0 => *name,
            Some(_) | None => id.0,
        }
    }

    pub fn handle(&self, id: ObjectId, names: Names) -> Object {
        names.object(HANDLE, self.name(id))
    }

    pub fn waiters(&self, id: ObjectId, names: Names) -> Object {
        names.object(WAITERS, self.name(id))
    }

    pub fn request(&self, id: ObjectId, names: Names) -> Object {
        names.object(REQUEST, self.name(id))
    }

    pub fn family(&self, id: ObjectId, names: Names) -> Object {
        names.object(FAMILY, self.name(id))
    }
}

/// In which ways the executions of one program were found to depend on the order of steps that share no
/// object. What was seen in one run holds for all that follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entanglement {
    /// The order of making handle objects matters.
    pub numbers: bool,
    /// The order of any two steps does.
    pub all: bool,
    /// Any of these was seen, also where nobody searches with footprints, so that they stay as they are.
    pub was_seen: bool,
}

impl Entanglement {
    /// From now on footprints tell of it; says whether that is new.
    pub fn add(&mut self, why: Entangled) -> bool {
        let known = match why {
            Entangled::Numbers => &mut self.numbers,
            Entangled::Cleanup | Entangled::Collection => &mut self.all,
        };
        !std::mem::replace(known, true)
    }
}

/// How the search sees an access of the engine.
pub(crate) fn touch(run: &mut Run, object: Object, access: EngineAccess) {
    let access = match access {
        EngineAccess::Read => Access::Read,
        EngineAccess::Add => Access::Arrive,
        EngineAccess::Create | EngineAccess::Write => Access::Write,
    };
    run.access(object, access);
}

fn mixed(one: u64, other: u64) -> u64 {
    // SplitMix64's finalizer over both.
    let mut word = one
        .rotate_left(25)
        .wrapping_add(other.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_go_by_their_makers_and_not_by_their_numbers() {
        let (a, b) = (Label(1), Label(2));
        let names = Names::default();
        let (mut one, mut other) = (Handles::default(), Handles::default());
        for (number, maker) in [(1, a), (2, b), (3, a)] {
            one.add(ObjectId(number), maker);
        }
        for (number, maker) in [(1, b), (2, a), (3, a)] {
            other.add(ObjectId(number), maker);
        }
        let pairs = [(1, 2), (2, 1), (3, 3)];
        for (here, there) in pairs {
            let here = one.handle(ObjectId(here), names);
            assert_eq!(here, other.handle(ObjectId(there), names));
        }
        let first = ObjectId(1);
        assert_ne!(one.handle(first, names), one.waiters(first, names));
        assert_ne!(
            one.handle(first, names),
            one.handle(first, Names { salt: 1 })
        );
    }
}
