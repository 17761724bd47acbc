//! A table for people: columns as wide as their content, the first one shortened where the terminal is too narrow.
//!
//! A table that wraps is worse than none; an id that is shortened in its middle can still be told from its neighbours,
//! since they differ at the ends. Into a pipe nothing is shortened.

/// The least that is left of the first column.
const NARROWEST: usize = 16;
/// Between two columns.
const GAP: usize = 2;

/// The heading of a column, and what stands below it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Heading {
    /// Texts, which begin at the left.
    Text(&'static str),
    /// Numbers, which end at the right.
    Number(&'static str),
}

/// The lines of a table, the headings first.
pub(super) fn render<const N: usize>(headings: [Heading; N], rows: &[[String; N]], columns: Option<usize>) -> String {
    let is_number = headings.map(|heading| matches!(heading, Heading::Number(_)));
    let headings = headings.map(|(Heading::Text(text) | Heading::Number(text))| text);
    let length = |text: &str| text.chars().count();
    let mut widths = headings.map(length);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(length(cell));
        }
    }
    if let (Some(columns), Some(first)) = (columns, widths.first().copied()) {
        let total = widths.iter().sum::<usize>() + GAP * (N - 1);
        widths[0] = first.min(first.saturating_sub(total.saturating_sub(columns)).max(NARROWEST));
    }
    let line = |cells: [&str; N]| {
        let cells = cells.iter().zip(widths).zip(is_number).map(|((cell, width), is_number)| {
            let cell = shortened(cell, width);
            if is_number { format!("{cell:>width$}") } else { format!("{cell:width$}") }
        });
        cells.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned() + "\n"
    };
    let rows = rows.iter().map(|row| line(row.each_ref().map(String::as_str)));
    std::iter::once(line(headings)).chain(rows).collect()
}

/// A text with its middle left out, where it is too long.
fn shortened(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let (head, tail) = (kept.div_ceil(2), kept / 2);
    text.chars().take(head).chain(['…']).chain(text.chars().skip(length - tail)).collect()
}

#[cfg(test)]
mod tests {
    use super::Heading::{Number, Text};
    use super::*;

    fn rows() -> Vec<[String; 2]> {
        [["meta-llama/Llama-3.1-8B-Instruct", "granted"], ["gpt2", "not asked for"]]
            .map(|row| row.map(str::to_owned))
            .into()
    }

    #[test]
    fn columns_are_as_wide_as_their_content() {
        let table = "WHAT                              ACCESS\n\
                     meta-llama/Llama-3.1-8B-Instruct  granted\n\
                     gpt2                              not asked for\n";
        assert_eq!(render([Text("WHAT"), Text("ACCESS")], &rows(), None), table);
        assert_eq!(render([Text("WHAT"), Text("ACCESS")], &rows(), Some(80)), table);
    }

    #[test]
    fn numbers_are_set_to_the_right() {
        let rows = [["a", "1.00 GB", "x"], ["b", "9 B", "y"]].map(|row| row.map(str::to_owned));
        assert_eq!(
            render([Text("N"), Number("SIZE"), Text("P")], &rows, None),
            "N     SIZE  P\na  1.00 GB  x\nb      9 B  y\n"
        );
    }

    #[test]
    fn a_narrow_terminal_costs_the_middle_of_the_first_column() {
        let narrow = render([Text("WHAT"), Text("ACCESS")], &rows(), Some(40));
        assert_eq!(narrow.lines().nth(1), Some("meta-llama/L…-8B-Instruct  granted"));
        assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
        assert_eq!(
            render([Text("WHAT"), Text("ACCESS")], &rows(), Some(5)).lines().nth(2),
            Some("gpt2              not asked for")
        );
    }
}
