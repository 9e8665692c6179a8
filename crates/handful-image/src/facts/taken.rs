//! When was the picture taken?

use super::text;
use exif::{DateTime, Exif, Tag};
use std::fmt;

const SECONDS_A_DAY: i64 = 86_400;

/// A time of the camera's clock, whose zone nobody knows: differences between pictures of one camera mean something,
/// the time itself little. Ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Taken {
    /// 1 to 9999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
}

impl Taken {
    /// Seconds since the beginning of 1970, as if the clock showed UTC.
    ///
    /// # Source
    /// H. Hinnant, "chrono-compatible low-level date algorithms" (`days_from_civil`): years begin in March, so that the
    /// leap day is the last.
    pub fn seconds_since_1970(&self) -> i64 {
        let month = i64::from(self.month);
        let year = i64::from(self.year) - i64::from(month <= 2);
        let month_from_march = (month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(self.day) - 1;
        // Days from 0000-03-01, of which 719,468 lie before 1970.
        let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
        let clock =
            i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        days * SECONDS_A_DAY + clock
    }
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )
    }
}

/// When the shutter was released; else when the file was written, which editors change.
pub(super) fn of(tags: &Exif) -> Option<Taken> {
    [Tag::DateTimeOriginal, Tag::DateTime]
        .iter()
        .find_map(|tag| parsed(text(tags, *tag)?))
}

/// `None` for blanks, zeros and dates that no calendar has.
fn parsed(text: &[u8]) -> Option<Taken> {
    let time = DateTime::from_ascii(text).ok()?;
    let possible = (1..=9999).contains(&time.year)
        && (1..=12).contains(&time.month)
        && (1..=31).contains(&time.day)
        && time.hour < 24
        && time.minute < 60
        && time.second <= 60;
    possible.then_some(Taken {
        year: time.year,
        month: time.month,
        day: time.day,
        hour: time.hour,
        minute: time.minute,
        second: time.second,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> i64 {
        parsed(text.as_bytes())
            .expect("a date")
            .seconds_since_1970()
    }

    #[test]
    fn seconds_are_those_of_the_usual_clock() {
        // `date -u -d "…" +%s`
        assert_eq!(seconds("1970:01:01 00:00:00"), 0);
        assert_eq!(seconds("2000:02:29 12:34:56"), 951_827_696);
        assert_eq!(seconds("2024:12:31 23:59:59"), 1_735_689_599);
        assert_eq!(seconds("1969:12:31 23:59:59"), -1);
    }

    #[test]
    fn later_is_larger_however_it_is_compared() {
        let times = [
            "2019:12:31 23:59:59",
            "2020:01:01 00:00:00",
            "2020:02:01 00:00:00",
        ];
        let times = times.map(|text| parsed(text.as_bytes()).expect("a date"));
        assert!(times.is_sorted());
        assert!(times.is_sorted_by_key(Taken::seconds_since_1970));
    }

    #[test]
    fn blank_and_impossible_dates_are_none() {
        for text in [
            "0000:00:00 00:00:00",
            "    :  :     :  :  ",
            "2020:13:01 00:00:00",
            "2020",
        ] {
            assert_eq!(parsed(text.as_bytes()), None, "{text}");
        }
    }
}
