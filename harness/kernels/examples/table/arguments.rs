//! What the command line says.

/// The options of the table.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// So many campaigns for each cell.
    pub seeds: u64,
    /// So many schedules of each strategy a corrected kernel has to pass.
    pub passes: u64,
    /// So many kernels at a time.
    pub jobs: usize,
    /// Fail when the page says what it should not.
    pub check: bool,
    /// This kernel only.
    pub kernel: Option<String>,
    /// Print the rows of this kernel instead of the page.
    pub row: Option<u32>,
}

const USAGE: &str = "table [--quick] [--check] [--seeds N] [--passes N] [--jobs N] [--kernel NAME]";

impl Arguments {
    /// Reads the command line without the program's name.
    pub fn read(words: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let mut arguments = Arguments {
            seeds: 100,
            passes: 2_000,
            jobs: 2,
            check: false,
            kernel: None,
            row: None,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
            let number = |text: String| match text.parse::<u32>() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(format!("`{text}` is no whole number from 1")),
            };
            match word.as_str() {
                "--quick" => (arguments.seeds, arguments.passes) = (10, 200),
                "--check" => arguments.check = true,
                "--seeds" => arguments.seeds = number(value()?)?.into(),
                "--passes" => arguments.passes = number(value()?)?.into(),
                "--jobs" => arguments.jobs = number(value()?)? as usize,
                "--kernel" => arguments.kernel = Some(value()?),
                "--row" => arguments.row = Some(number(value()?)?),
                _ => return Err(format!("`{word}` is no option; usage: {USAGE}")),
            }
        }
        Ok(arguments)
    }

    /// Whether the kernel of that name is to be measured.
    pub fn wants(&self, name: &str) -> bool {
        self.kernel.as_ref().is_none_or(|wanted| wanted == name)
    }

    /// The command line of the process that measures one kernel.
    pub fn of_row(&self, number: u32) -> Vec<String> {
        let pairs = [
            ("--seeds", self.seeds),
            ("--passes", self.passes),
            ("--row", number.into()),
        ];
        pairs
            .iter()
            .flat_map(|(option, value)| [option.to_string(), value.to_string()])
            .collect()
    }
}
