//! A row of the table: one kernel in one size, as it goes from process to process.

use std::fmt;

use tourbillon_kernels::Kernel;

/// What stands before the names of shuttle's strategies.
pub const SHUTTLE: &str = "shuttle ";

/// What was measured of one kernel in one size.
#[derive(Clone, Debug)]
pub struct Row {
    /// The kernel's number.
    pub number: u32,
    /// Its name and size.
    pub label: String,
    /// One for each strategy.
    pub cells: Vec<Cell>,
    /// How many runs of the corrected kernel were made, and how many of them failed.
    pub corrected: (u64, u64),
    /// How many runs the search with reduction made of the corrected kernel, and whether (1) or not
    /// (0) they were all there are.
    pub proof: (u64, u64),
    /// Choices that left the default in the first failing run of the default strategy, and in what
    /// it was shrunk to, and whether (1) or not (0) no run at all has fewer; zeros when none failed.
    pub shrunk: [u64; 3],
}

/// What one strategy did to the faulty kernel.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// The strategy, with `shuttle ` before the other tool's.
    pub name: String,
    /// How many campaigns found the defect.
    pub found: u64,
    /// How many campaigns were made.
    pub tried: u64,
    /// Schedules to the first failure: median and 90th percentile. A campaign without one counts
    /// with all its schedules.
    pub schedules: [u64; 2],
    /// Nanoseconds to the first failure, the same way.
    pub nanoseconds: [u64; 2],
}

impl Cell {
    /// The cell of these campaigns: whether each found the defect, its schedules and nanoseconds.
    pub fn of(name: &str, campaigns: &[(bool, u64, u64)]) -> Cell {
        let percentiles = |measure: fn(&(bool, u64, u64)) -> u64| {
            let mut values: Vec<u64> = campaigns.iter().map(measure).collect();
            values.sort_unstable();
            // The nearest rank.
            [50, 90].map(|percent| values[(values.len() * percent).div_ceil(100) - 1])
        };
        Cell {
            name: name.to_string(),
            found: campaigns.iter().filter(|one| one.0).count() as u64,
            tried: campaigns.len() as u64,
            schedules: percentiles(|one| one.1),
            nanoseconds: percentiles(|one| one.2),
        }
    }

    /// Whether the strategy is one of shuttle's.
    pub fn is_shuttle(&self) -> bool {
        self.name.starts_with(SHUTTLE)
    }

    /// The strategy without its tool.
    pub fn strategy(&self) -> &str {
        self.name.strip_prefix(SHUTTLE).unwrap_or(&self.name)
    }

    /// Whether every campaign found the defect.
    pub fn always(&self) -> bool {
        self.found == self.tried
    }

    /// Whether the medians are those of campaigns that found the defect.
    pub fn usually(&self) -> bool {
        self.found * 2 > self.tried
    }
}

impl Row {
    /// Reads what [`Row`] prints.
    pub fn parse(kernel: &Kernel, line: &str) -> Result<Row, String> {
        let unreadable = || format!("an unreadable row: {line}");
        let mut parts = line.split('\t');
        let label = parts.next().ok_or_else(unreadable)?.to_string();
        let numbers = |text: Option<&str>| -> Option<Vec<u64>> {
            text?.split(' ').map(|number| number.parse().ok()).collect()
        };
        let corrected = numbers(parts.next())
            .filter(|numbers| numbers.len() == 7)
            .ok_or_else(unreadable)?;
        let mut cells = Vec::new();
        while let Some(name) = parts.next() {
            let numbers = numbers(parts.next())
                .filter(|numbers| numbers.len() == 6)
                .ok_or_else(unreadable)?;
            cells.push(Cell {
                name: name.to_string(),
                found: numbers[0],
                tried: numbers[1],
                schedules: [numbers[2], numbers[3]],
                nanoseconds: [numbers[4], numbers[5]],
            });
        }
        Ok(Row {
            number: kernel.number,
            label,
            cells,
            corrected: (corrected[0], corrected[1]),
            proof: (corrected[2], corrected[3]),
            shrunk: [corrected[4], corrected[5], corrected[6]],
        })
    }

    /// The cell of a strategy.
    pub fn cell(&self, name: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.name == name)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{}\t{} {} {} {}",
            self.label, self.corrected.0, self.corrected.1, self.proof.0, self.proof.1
        )?;
        for number in self.shrunk {
            write!(out, " {number}")?;
        }
        for cell in &self.cells {
            let [median, most] = cell.schedules;
            let [median_time, most_time] = cell.nanoseconds;
            write!(
                out,
                "\t{}\t{} {} {median} {most} {median_time} {most_time}",
                cell.name, cell.found, cell.tried
            )?;
        }
        writeln!(out)
    }
}
