//! How many digits does a number bear, and in which unit is it said?

use crate::{Interval, PairedDifference};

/// Half an interval below this share earns one decimal.
const HALF_WIDTH_FOR_A_DECIMAL: f64 = 0.01;

/// A stray minus and a hyphen look alike in most fonts; this one is as wide as the plus.
const MINUS: char = '\u{2212}';

/// An estimated share with its interval: "83 % (95 % interval 80 to 86)".
///
/// `interval` in 0..=1, `level` in (0, 1).
pub fn percent_with_interval(interval: &Interval, level: f64) -> String {
    format!(
        "{} ({} interval {})",
        percent_at(interval),
        percent(level),
        range(interval)
    )
}

/// The estimate of a share alone, as precise as its interval allows: "83 %". For tables that show the interval beside it.
pub fn percent_at(interval: &Interval) -> String {
    share_text(interval.value, decimals(interval))
}

/// The bounds of a share, as precise as the interval allows: "80 to 86".
pub fn range(interval: &Interval) -> String {
    if !(interval.low.is_finite() && interval.high.is_finite()) {
        return "unknown".to_owned();
    }
    let decimals = decimals(interval);
    format!(
        "{:.decimals$} to {:.decimals$}",
        100.0 * interval.low,
        100.0 * interval.high
    )
}

/// A difference of two shares, in points, with its interval: "−1 point (95 % interval −5 to 3)".
pub fn points_with_interval(difference: &Interval, level: f64) -> String {
    let decimals = decimals(difference);
    let value = signed(100.0 * difference.value, decimals);
    let unit = if value.trim_start_matches(['+', MINUS]) == "1" {
        "point"
    } else {
        "points"
    };
    format!(
        "{value} {unit} ({} interval {} to {})",
        percent(level),
        signed(100.0 * difference.low, decimals).trim_start_matches('+'),
        signed(100.0 * difference.high, decimals).trim_start_matches('+'),
    )
}

/// A share that is counted or given, not estimated, in whole per cent: "26 %".
pub fn percent(share: f64) -> String {
    share_text(share, 0)
}

/// A count with separated thousands: "3,409".
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its unit, which takes a plain s: "1 photo", "3,409 photos".
pub fn counted(n: usize, unit: &str) -> String {
    format!("{} {unit}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A log-loss in nats: three decimals, which is where the losses of a few hundred photos still differ.
pub fn loss(nats: f64) -> String {
    if nats.is_finite() {
        format!("{nats:.3}")
    } else {
        "unknown".to_owned()
    }
}

/// A difference in log-loss with its standard error: "+0.012 ± 0.004".
pub fn loss_difference(difference: &PairedDifference) -> String {
    format!("{} ± {}", signed(difference.mean, 3), loss(difference.se))
}

/// An estimated loss, or a difference of two, with its interval: "0.12 (95 % interval 0.05 to 0.19)".
pub fn loss_with_interval(interval: &Interval, level: f64) -> String {
    format!(
        "{} ({} interval {})",
        loss_at(interval),
        percent(level),
        loss_range(interval)
    )
}

/// The estimate of a loss alone, as precise as its interval allows: "0.12".
pub fn loss_at(interval: &Interval) -> String {
    nats(interval.value, loss_decimals(interval))
}

/// The bounds of a loss, as precise as the interval allows: "0.05 to 0.19".
pub fn loss_range(interval: &Interval) -> String {
    if !(interval.low.is_finite() && interval.high.is_finite()) {
        return "unknown".to_owned();
    }
    let decimals = loss_decimals(interval);
    format!(
        "{} to {}",
        nats(interval.low, decimals),
        nats(interval.high, decimals)
    )
}

/// How far weights moved, by their length: "0 %", "0.42 %", "3.1 %", "57 %". It is measured and not estimated, and small
/// changes differ.
pub fn percent_changed(share: f64) -> String {
    match 100.0 * share {
        p if !p.is_finite() => "unknown".to_owned(),
        0.0 => "0 %".to_owned(),
        p if p < 0.005 => "under 0.01 %".to_owned(),
        p if p < 0.995 => format!("{p:.2} %"),
        p if p < 9.95 => format!("{p:.1} %"),
        p => format!("{} %", count(p.round() as usize)),
    }
}

/// A similarity in 0..=1: "0.97", and "over 0.99" where it is less than the same.
pub fn similarity(of: f64) -> String {
    match of {
        of if !of.is_finite() => "unknown".to_owned(),
        of if (0.995..1.0).contains(&of) => "over 0.99".to_owned(),
        of => format!("{of:.2}"),
    }
}

/// Milliseconds with two digits or whole: "0.42", "3.1", "57".
pub fn milliseconds(ms: f64) -> String {
    match ms {
        ms if !ms.is_finite() => "unknown".to_owned(),
        ms if ms < 0.995 => format!("{ms:.2}"),
        ms if ms < 9.95 => format!("{ms:.1}"),
        ms => count(ms.round() as usize),
    }
}

/// A ratio: "2.4 times", "12 times"; "many times" where a class is empty and the ratio has no end.
pub fn times(ratio: f64) -> String {
    match ratio {
        ratio if !ratio.is_finite() => "many times".to_owned(),
        ratio if ratio < 9.95 => format!("{ratio:.1} times"),
        ratio => format!("{ratio:.0} times"),
    }
}

/// A learning rate, as it is typed: two digits, which is as near as neighbours in a test of rates are.
pub fn rate(rate: f64) -> String {
    rate_of_two_digits(rate).to_string()
}

/// The number that [`rate`] says.
pub fn rate_of_two_digits(rate: f64) -> f64 {
    format!("{rate:.1e}").parse().unwrap_or(rate)
}

/// Two decimals, and the third where half the interval is under a hundredth.
fn loss_decimals(interval: &Interval) -> usize {
    2 + decimals(interval)
}

fn nats(value: f64, decimals: usize) -> String {
    signed(value, decimals).trim_start_matches('+').to_owned()
}

fn decimals(interval: &Interval) -> usize {
    usize::from((interval.high - interval.low) / 2.0 < HALF_WIDTH_FOR_A_DECIMAL)
}

fn share_text(share: f64, decimals: usize) -> String {
    if !share.is_finite() {
        return "unknown".to_owned();
    }
    let step = 10f64.powi(-(decimals as i32));
    let rounded = format!("{:.decimals$}", 100.0 * share);
    if share < 1.0 && rounded.starts_with("100") {
        format!("over {:.decimals$} %", 100.0 - step)
    } else if share > 0.0 && rounded.bytes().all(|b| b == b'0' || b == b'.') {
        format!("under {step:.decimals$} %")
    } else {
        format!("{rounded} %")
    }
}

/// With a sign that is as wide as a plus, and no sign on what is rounded to zero.
fn signed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "unknown".to_owned();
    }
    let size = format!("{:.decimals$}", value.abs());
    if size.bytes().all(|b| b == b'0' || b == b'.') {
        size
    } else {
        format!("{}{size}", if value < 0.0 { MINUS } else { '+' })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(value: f64, low: f64, high: f64) -> Interval {
        Interval { value, low, high }
    }

    #[test]
    fn a_number_has_no_more_digits_than_its_interval_bears() {
        assert_eq!(
            percent_with_interval(&interval(0.8312, 0.80, 0.86), 0.95),
            "83 % (95 % interval 80 to 86)"
        );
        assert_eq!(
            percent_with_interval(&interval(0.8312, 0.825, 0.837), 0.95),
            "83.1 % (95 % interval 82.5 to 83.7)"
        );
        assert_eq!(
            percent_with_interval(&interval(0.5, 0.4, 0.6), 0.9),
            "50 % (90 % interval 40 to 60)"
        );
    }

    #[test]
    fn a_rate_is_said_as_it_is_typed() {
        assert_eq!(rate(5.179e-4), "0.00052");
        assert_eq!(rate(9.99e-3), "0.01");
        assert_eq!(rate(1e-6), "0.000001");
        assert_eq!(rate_of_two_digits(0.012345), 0.012);
    }

    #[test]
    fn almost_all_is_not_all() {
        assert_eq!(percent(0.9996), "over 99 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.0003), "under 1 %");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent_at(&interval(0.99996, 0.999, 1.0)), "over 99.9 %");
    }

    #[test]
    fn what_is_not_a_number_is_unknown() {
        assert_eq!(
            percent_with_interval(&interval(f64::NAN, f64::NAN, f64::NAN), 0.95),
            "unknown (95 % interval unknown)"
        );
        assert_eq!(loss(f64::INFINITY), "unknown");
    }

    #[test]
    fn differences_carry_a_sign_unless_they_are_nothing() {
        assert_eq!(
            points_with_interval(&interval(0.0, -0.03, 0.03), 0.95),
            "0 points (95 % interval −3 to 3)"
        );
        assert_eq!(
            points_with_interval(&interval(0.0102, -0.03, 0.05), 0.95),
            "+1 point (95 % interval −3 to 5)"
        );
        assert_eq!(
            loss_difference(&PairedDifference {
                mean: -0.0121,
                se: 0.004
            }),
            "−0.012 ± 0.004"
        );
        assert_eq!(
            loss_difference(&PairedDifference {
                mean: -0.0001,
                se: 0.004
            }),
            "0.000 ± 0.004"
        );
    }

    #[test]
    fn a_loss_has_a_third_decimal_where_its_interval_is_narrow() {
        assert_eq!(
            loss_with_interval(&interval(0.1234, 0.05, 0.19), 0.95),
            "0.12 (95 % interval 0.05 to 0.19)"
        );
        assert_eq!(loss_at(&interval(0.1234, 0.12, 0.13)), "0.123");
        assert_eq!(loss_range(&interval(0.0, -0.021, 0.02)), "−0.02 to 0.02");
        assert_eq!(loss_range(&interval(0.5, 0.0, f64::INFINITY)), "unknown");
        assert_eq!(loss_at(&interval(f64::NAN, 0.0, 1.0)), "unknown");
    }

    #[test]
    fn small_changes_keep_their_digits() {
        let said = [0.0, 0.000_01, 0.0042, 0.031, 0.57, f64::NAN].map(percent_changed);
        let expected = ["0 %", "under 0.01 %", "0.42 %", "3.1 %", "57 %", "unknown"];
        assert_eq!(said, expected);
        let said = [1.0, 0.998, 0.97, f64::NAN].map(similarity);
        assert_eq!(said, ["1.00", "over 0.99", "0.97", "unknown"]);
    }

    #[test]
    fn counts_and_times_read_well() {
        assert_eq!(
            [count(0), count(999), count(1000), count(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [counted(1, "photo"), counted(20, "photo")],
            ["1 photo", "20 photos"]
        );
        assert_eq!(
            [milliseconds(0.42), milliseconds(9.96), milliseconds(56.7)],
            ["0.42", "10", "57"]
        );
        assert_eq!([times(2.44), times(9.97)], ["2.4 times", "10 times"]);
    }
}
