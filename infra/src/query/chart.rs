//! Bars and sparklines of eighths of a character.
//!
//! ```text
//! bars      9  ██████         sparkline   ▁▄█ ▂
//!          -3  ▐█ at the left of zero
//! ```
//!
//! **Invariant:** all bars of a chart have one scale, which begins at zero; what is not zero is
//! seen.

/// How wide the longest bar is, in characters.
const WIDTH: usize = 24;
/// A bar's last character, by how many eighths of it are filled from the left.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// The heights of a sparkline.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Returns a bar for each number, all from one zero; nothing for what is none.
pub(super) fn bars(numbers: &[Option<f64>]) -> Vec<String> {
    let known = || numbers.iter().copied().flatten();
    let (least, most) = (known().fold(0.0, f64::min), known().fold(0.0, f64::max));
    let of_character = (most - least) / WIDTH as f64;
    let at_left = if least < 0.0 { (-least / of_character).ceil() as usize } else { 0 };
    let bar = |number: &Option<f64>| match number {
        None | Some(0.0) => String::new(),
        Some(number) if *number < 0.0 => {
            // Only a half can be filled from the right.
            let halves = ((-number / of_character * 2.0).round() as usize).clamp(1, at_left * 2);
            let bar = format!("{}{}", ["", "▐"][halves % 2], "█".repeat(halves / 2));
            " ".repeat(at_left - halves.div_ceil(2)) + &bar
        }
        Some(number) => {
            let eighths = ((number / of_character * 8.0).round() as usize).max(1);
            format!("{}{}{}", " ".repeat(at_left), "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
        }
    };
    numbers.iter().map(bar).collect()
}

/// Returns a character for each number, from the least to the greatest; a space for what is none.
pub(super) fn sparkline(numbers: &[Option<f64>]) -> String {
    let known = || numbers.iter().copied().flatten();
    let least = known().fold(f64::INFINITY, f64::min);
    let most = known().fold(f64::NEG_INFINITY, f64::max);
    let steps = (HEIGHTS.len() - 1) as f64;
    let height = |number: f64| match most > least {
        true => HEIGHTS[((number - least) / (most - least) * steps).round() as usize],
        false => HEIGHTS[HEIGHTS.len() / 2],
    };
    numbers.iter().map(|number| number.map_or(' ', height)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(numbers: &[Option<f64>]) -> String {
        bars(numbers).into_iter().map(|bar| format!("|{bar}\n")).collect()
    }

    #[test]
    fn the_longest_bar_has_the_whole_width_and_the_shortest_is_seen() {
        let numbers = [Some(24.0), Some(12.5), Some(1.0), Some(0.001), Some(0.0), None];
        insta::assert_snapshot!(drawn(&numbers), @r"
        |████████████████████████
        |████████████▌
        |█
        |▏
        |
        |
        ");
    }

    #[test]
    fn what_is_below_zero_stands_at_its_left() {
        let numbers = [Some(18.0), Some(-6.0), Some(-2.5), Some(-0.001), None, Some(1.5)];
        insta::assert_snapshot!(drawn(&numbers), @r"
        |      ██████████████████
        |██████
        |   ▐██
        |     ▐
        |
        |      █▌
        ");
        insta::assert_snapshot!(drawn(&[Some(-3.0), Some(-1.0)]), @r"
        |████████████████████████
        |                ████████
        ");
    }

    #[test]
    fn nothing_to_draw_is_no_bar() {
        assert_eq!(bars(&[]), Vec::<String>::new());
        assert_eq!(bars(&[None, Some(0.0)]), ["", ""]);
        assert_eq!(bars(&[Some(1e37), Some(-1e37)]).len(), 2);
    }

    #[test]
    fn a_sparkline_goes_from_the_least_to_the_greatest() {
        let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0].map(Some);
        assert_eq!(sparkline(&numbers), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[Some(-1.0), None, Some(1.0)]), "▁ █");
        assert_eq!(sparkline(&[Some(2.0), Some(2.0)]), "▅▅");
        assert_eq!(sparkline(&[]), "");
    }
}
