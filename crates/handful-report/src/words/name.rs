//! How is a name from a folder said, when it may hold anything?

/// Longest name inside a sentence, in terminal columns: room for a candidate's, but for an ensemble's, of which no sentence speaks.
const NAME_COLUMNS: usize = 64;

/// A name in quotes, made [`visible`] and cut to most of a terminal line.
pub fn quoted(name: &str) -> String {
    let name = shortened(&visible(name), NAME_COLUMNS);
    // An isolate keeps a right-to-left name from pulling the rest of the line to its side.
    match name.chars().any(is_right_to_left) {
        true => format!("\"\u{2068}{name}\u{2069}\""),
        false => format!("\"{name}\""),
    }
}

/// A name with every control and direction-changing character shown as U+FFFD, so that it can't steer what shows it.
pub fn visible(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_control() || steers_direction(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// At most `columns` wide, with an ellipsis where something was cut: in the middle, because names of classes and files
/// often differ at their ends only. East Asian characters and emoji count as two.
pub fn shortened(name: &str, columns: usize) -> String {
    if name.chars().map(columns_of).sum::<usize>() <= columns {
        return name.to_owned();
    }
    let room = columns.saturating_sub(1); // The ellipsis.
    let room_at_end = room * 2 / 5;
    let end: Vec<char> = fitting(name.chars().rev(), room_at_end).collect();
    let start: String = fitting(name.chars(), room - room_at_end).collect();
    let end: String = end.into_iter().rev().collect();
    format!("{}…{}", start.trim_end(), end.trim_start())
}

/// The first characters that fit into `columns`.
fn fitting(characters: impl Iterator<Item = char>, columns: usize) -> impl Iterator<Item = char> {
    characters
        .scan(0, |width, c| {
            *width += columns_of(c);
            Some((*width, c))
        })
        .take_while(move |(width, _)| *width <= columns)
        .map(|(_, c)| c)
}

fn steers_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Hebrew, Arabic and their neighbours, as blocks of Unicode: enough to decide whether an isolate is needed.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{0590}'..='\u{08ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

fn columns_of(c: char) -> usize {
    match c {
        '\u{0300}'..='\u{036f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_neither_colour_the_terminal_nor_turn_the_line_around() {
        assert_eq!(
            quoted("\u{1b}[31mred\u{202e}"),
            "\"\u{fffd}[31mred\u{fffd}\""
        );
        assert_eq!(quoted("كلب"), "\"\u{2068}كلب\u{2069}\"");
        assert_eq!(quoted("👩‍🔬"), "\"👩‍🔬\"");
        assert_eq!(quoted(&"x".repeat(300)).chars().count(), NAME_COLUMNS + 2);
        assert_eq!(shortened("日本語の名前", 8), "日本…前");
        assert_eq!(
            shortened("Produce-Granny-Smith-40", 18),
            "Produce-Gra…ith-40"
        );
        assert_eq!(shortened("long", 0), "…");
    }
}
