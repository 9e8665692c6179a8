//! Which photos belong together? Those of one set side by side in a frame, further sets one click away.

use maud::{Markup, html};

use super::folded;
use crate::picture::{self, Budget};
use crate::{Photo, text, words};

/// Photos that are drawn of a finding: whoever has looked at forty knows what kind of thing it is.
pub const PHOTOS_SHOWN: usize = 40;
/// Photos that are drawn of one set among several: enough to see what they have in common.
pub const SET_SHOWN: usize = 8;
/// Photos that are open at once, in whole sets: two rows on a desk.
const OPEN_PHOTOS: usize = 12;
/// Longest label in a caption, in columns of text: two lines.
const LABEL_COLUMNS: usize = 40;

/// The photos of a finding. `n_more` sets are not among `sets`; `elsewhere` says where to read of them.
pub(super) fn gallery(
    sets: &[Vec<Photo>],
    n_more: usize,
    elsewhere: &str,
    budget: &mut Budget,
) -> Markup {
    let most = photos_of_a_set(sets.len() + n_more);
    let shown = &sets[..whole_sets(sets, PHOTOS_SHOWN)];
    let n_more = n_more + sets.len() - shown.len();
    let (open, closed) = shown.split_at(whole_sets(shown, OPEN_PHOTOS));
    // A frame around a single photo would say nothing.
    let of = match sets.iter().all(|set| set.len() == 1) {
        true => "photo",
        false => "set",
    };
    html! {
        @if !open.is_empty() {
            (frames(open, most, budget))
            (folded(
                (!closed.is_empty()).then(|| frames(closed, most, budget)),
                &words::counted(closed.len(), &format!("more {of}")),
            ))
        }
        @if n_more > 0 {
            p.note { "And " (words::counted(n_more, &format!("more {of}"))) ": " (text::prose(elsewhere)) "." }
        }
    }
}

/// Photos that are drawn of each of so many sets.
pub fn photos_of_a_set(n_sets: usize) -> usize {
    if n_sets == 1 { PHOTOS_SHOWN } else { SET_SHOWN }
}

/// How many sets from the first on draw at most `n_photos` together; at least one, so that there is something to see.
fn whole_sets(sets: &[Vec<Photo>], n_photos: usize) -> usize {
    let fitting = sets
        .iter()
        .scan(0, |total, set| {
            *total += set.len().min(SET_SHOWN);
            Some(*total)
        })
        .take_while(|total| *total <= n_photos)
        .count();
    fitting.max(1).min(sets.len())
}

fn frames(sets: &[Vec<Photo>], most: usize, budget: &mut Budget) -> Markup {
    html! {
        div.sets {
            @for set in sets.iter().filter(|set| !set.is_empty()) {
                @if let [alone] = set.as_slice() { (figure(alone, budget)) }
                @else { (frame(set, most, budget)) }
            }
        }
    }
}

/// One set, of which `most` photos are drawn. A long one is open as far as a page of sets would be.
fn frame(set: &[Photo], most: usize, budget: &mut Budget) -> Markup {
    let (open, closed) = set.split_at(set.len().min(most).min(OPEN_PHOTOS));
    let closed = &closed[..closed.len().min(most - open.len())];
    let n_more = set.len() - open.len() - closed.len();
    let about = format!(
        "{} that belong together",
        words::counted(set.len(), "photo")
    );
    let mut figures = |photos: &[Photo]| {
        html! {
            div.photos { @for photo in photos { (figure(photo, budget)) } }
        }
    };
    html! {
        div.set role="group" aria-label=(about) {
            (figures(open))
            (folded(
                (!closed.is_empty()).then(|| figures(closed)),
                &format!("{} of this set", words::counted(closed.len(), "more photo")),
            ))
            @if n_more > 0 { p.note { "And " (words::counted(n_more, "more photo")) " of this set." } }
        }
    }
}

fn figure(photo: &Photo, budget: &mut Budget) -> Markup {
    let label = photo
        .label
        .as_ref()
        .map(|label| words::shortened(&words::visible(label), LABEL_COLUMNS));
    let about = match &label {
        Some(label) => format!("Photo labelled {label}"),
        None => "Photo without a label".to_owned(),
    };
    let bytes = budget.spend(photo.thumbnail.as_deref());
    html! {
        figure {
            (picture::field(bytes, &about))
            figcaption {
                @if let Some(label) = &label { b.label { (text::name(label)) } }
                @if let Some(note) = &photo.note { span.remark { (text::prose(note)) } }
                span.path { (text::path(&photo.path)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(n_photos: usize) -> Vec<Photo> {
        let photo = |idx: usize| Photo {
            path: format!("a/{idx}.jpg"),
            label: None,
            note: None,
            thumbnail: None,
        };
        (0..n_photos).map(photo).collect()
    }

    fn drawn(sets: &[Vec<Photo>], n_more: usize) -> String {
        gallery(sets, n_more, "`x.json` names all", &mut Budget::of(0)).into_string()
    }

    #[test]
    fn sets_stay_whole_and_the_rest_is_counted() {
        let pairs: Vec<_> = (0..30).map(|_| set(2)).collect();
        let page = drawn(&pairs, 5);
        assert_eq!(page.matches("<figure>").count(), PHOTOS_SHOWN);
        assert!(page.contains("14 more sets</summary>"), "{page}");
        assert!(page.contains("And 15 more sets: <code>x.json</code> names all."));
    }

    #[test]
    fn a_set_that_is_longer_than_all_room_is_cut_and_says_so() {
        let page = drawn(&[set(60)], 0);
        assert_eq!(page.matches("<figure>").count(), PHOTOS_SHOWN);
        assert!(page.contains("28 more photos of this set</summary>"));
        assert!(page.contains("And 20 more photos of this set."));
        assert!(page.contains("60 photos that belong together"));
    }

    #[test]
    fn of_several_long_sets_the_first_photos_are_shown_and_the_rest_is_counted() {
        let page = drawn(&[set(60), set(3)], 0);
        assert_eq!(page.matches("<figure>").count(), SET_SHOWN + 3);
        assert!(page.contains("And 52 more photos of this set."));
        assert!(page.contains("60 photos that belong together"));
    }

    #[test]
    fn photos_by_themselves_have_no_frame() {
        let singles: Vec<_> = (0..13).map(|_| set(1)).collect();
        let page = drawn(&singles, 0);
        assert!(!page.contains("role=\"group\""));
        assert!(page.contains("1 more photo</summary>"));
    }

    #[test]
    fn a_finding_without_photos_has_no_gallery() {
        assert_eq!(drawn(&[], 0), "");
    }
}
