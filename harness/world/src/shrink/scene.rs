//! What is shrunk besides choices: a program, its session and its world.

use tourbillon_sim::SharedRun;
use tourbillon_sim::recording::Recording;

use super::entries;
use super::source;
use crate::config::WorldConfig;
use crate::replay::ReplayError;
use crate::session_config::SessionConfig;
use crate::simulation::Simulation;
use crate::target::{ProgramText, Target};

/// A program with its session and world.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scene {
    pub text: ProgramText,
    pub session: SessionConfig,
    pub world: WorldConfig,
}

/// How much there is of a scene; the first difference counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Measure {
    pub statements: u64,
    /// Entries of the world, and options of the session that are not the usual ones.
    pub entries: u64,
    /// Characters of the texts that show.
    characters: u64,
    /// The sum of all digits: of two numbers with as many, the smaller is simpler.
    digits: u64,
    weight: u64,
}

impl Scene {
    pub fn of(recording: &Recording) -> Result<Scene, ReplayError> {
        let (text, session, world) = crate::replay::scene_of(recording, None)?;
        Ok(Scene {
            text,
            session,
            world,
        })
    }

    /// Its simulation; none when it does not compile, or is beyond this version.
    pub fn simulation(&self, run: &SharedRun) -> Option<Simulation> {
        let target = Target::compile(self.text.clone(), &self.session);
        if let Target::Refused { .. } = target {
            return None;
        }
        Simulation::new(target, self.session.clone(), self.world.clone(), run).ok()
    }

    pub fn measure(&self) -> Measure {
        let mut measure = Measure::default();
        for text in [&self.text.source]
            .into_iter()
            .chain(self.text.files.values())
        {
            measure.statements += source::statements_of(text);
            for character in text.chars().filter(|c| !c.is_whitespace()) {
                measure.characters += 1;
                measure.digits += u64::from(character.to_digit(10).unwrap_or(0));
            }
        }
        let (world, weight) = entries::measure(&self.world);
        let (session, other) = entries::measure(&self.session);
        measure.entries = world + session + self.text.files.len() as u64;
        measure.weight = weight + other;
        measure
    }

    /// How many lines of its texts have something on them.
    pub fn lines(&self) -> u64 {
        let texts = [&self.text.source]
            .into_iter()
            .chain(self.text.files.values());
        let lines = texts.flat_map(|text| text.lines());
        lines.filter(|line| !line.trim().is_empty()).count() as u64
    }

    /// The same without one of its files, in a row.
    pub fn without_files(&self) -> Vec<Scene> {
        let names = self.text.files.keys();
        names
            .map(|name| {
                let mut scene = self.clone();
                scene.text.files.remove(name);
                scene
            })
            .collect()
    }

    /// The same with less in its world or session.
    pub fn with_less_around(&self) -> Vec<Scene> {
        let worlds = entries::reductions(&self.world).into_iter();
        let sessions = entries::reductions(&self.session).into_iter();
        let worlds = worlds.map(|world| Scene {
            world,
            ..self.clone()
        });
        let sessions = sessions.map(|session| Scene {
            session,
            ..self.clone()
        });
        worlds.chain(sessions).collect()
    }

    /// The texts: the main script under no name, and the files.
    pub fn names(&self) -> Vec<Option<String>> {
        let files = self.text.files.keys().cloned().map(Some);
        [None].into_iter().chain(files).collect()
    }

    pub fn source(&self, name: Option<&str>) -> &str {
        match name {
            None => &self.text.source,
            Some(name) => self.text.files.get(name).map_or("", String::as_str),
        }
    }

    pub fn with_source(&self, name: Option<&str>, source: String) -> Scene {
        let mut scene = self.clone();
        match name {
            None => scene.text.source = source,
            Some(name) => {
                scene.text.files.insert(name.to_string(), source);
            }
        }
        scene
    }
}
