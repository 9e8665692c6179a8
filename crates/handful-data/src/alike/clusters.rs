//! Which images belong together, if these pairs show the same?
//!
//! A chain of pairs may lead from a photo to another that is quite different. So two sets are only joined when their
//! representatives are alike as well, and a set beyond a tenth of all images is taken apart.

use super::{Likeness, Pair};

/// Largest share of the images in one set. Recipe A9.
const LARGEST_SHARE: f64 = 0.1;
/// Sets of this size are left alone however few images there are.
const ALWAYS_FITS: usize = 5;
/// What an oversized set's pairs must have more than its weakest ones, from one attempt to the next. Recipe A9.
const STRICTER: f64 = 0.01;

/// Sets of images that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clusters {
    /// Two or more images in each; ascending, ordered by their first image.
    pub sets: Vec<Vec<usize>>,
    /// Whether a set was taken apart because it was too large.
    pub split_up: bool,
}

/// Joins pairs to sets, the most alike first.
///
/// `together(a, b)` says whether two images of one set, which need not be a pair, are alike enough for that. No set has more
/// than a tenth of the `n_images` (or 5), counting images with the same pixels once: in larger ones only pairs whose edges
/// agree better by 0.01, 0.02 and so on are joined until they are small enough.
pub fn clusters(
    n_images: usize,
    pairs: &[Pair],
    together: &dyn Fn(usize, usize) -> bool,
) -> Clusters {
    let largest = ((LARGEST_SHARE * n_images as f64) as usize).max(ALWAYS_FITS);
    let mut degree = vec![0; n_images];
    for pair in pairs {
        degree[pair.a] += 1;
        degree[pair.b] += 1;
    }
    let forest = Forest {
        degree: &degree,
        together,
    };
    let mut clusters = Clusters::default();
    let mut waiting = vec![pairs.to_vec()];
    while let Some(mut pairs) = waiting.pop() {
        for (set, within) in forest.sets(n_images, &mut pairs) {
            let weakest = within
                .iter()
                .filter(|pair| pair.kind != Likeness::SamePixels)
                .map(|pair| pair.edges)
                .min_by(f64::total_cmp);
            let n_copies = within
                .iter()
                .filter(|p| p.kind == Likeness::SamePixels)
                .count();
            match weakest {
                Some(weakest) if set.len() - n_copies > largest => {
                    clusters.split_up = true;
                    let is_kept = |pair: &Pair| {
                        pair.kind == Likeness::SamePixels || pair.edges >= weakest + STRICTER
                    };
                    waiting.push(within.into_iter().filter(is_kept).collect());
                }
                _ => clusters.sets.push(set),
            }
        }
    }
    clusters.sets.sort_unstable();
    clusters
}

/// Joins what belongs together.
struct Forest<'a> {
    /// Pairs that an image is in.
    degree: &'a [usize],
    together: &'a dyn Fn(usize, usize) -> bool,
}

impl Forest<'_> {
    /// Sets of two or more, each with the pairs inside it.
    fn sets(&self, n_images: usize, pairs: &mut [Pair]) -> Vec<(Vec<usize>, Vec<Pair>)> {
        // Equal pixels first, then by how well edges agree; of equals the first.
        pairs.sort_by(|p, q| {
            let same = |pair: &Pair| pair.kind != Likeness::SamePixels;
            let by_edges = q.edges.total_cmp(&p.edges);
            same(p)
                .cmp(&same(q))
                .then(by_edges)
                .then((p.a, p.b).cmp(&(q.a, q.b)))
        });
        // The representative of each image's set: the image with most pairs, the first of equals.
        let mut of: Vec<usize> = (0..n_images).collect();
        let mut members: Vec<Vec<usize>> = (0..n_images).map(|i| vec![i]).collect();
        for pair in pairs.iter() {
            let (a, b) = (of[pair.a], of[pair.b]);
            let is_pair = (a, b) == (pair.a, pair.b) || pair.kind == Likeness::SamePixels;
            if a == b || !(is_pair || (self.together)(a, b)) {
                continue;
            }
            let rank = |image: usize| (std::cmp::Reverse(self.degree[image]), image);
            let (head, other) = if rank(a) < rank(b) { (a, b) } else { (b, a) };
            for image in std::mem::take(&mut members[other]) {
                of[image] = head;
                members[head].push(image);
            }
        }
        let mut within: Vec<Vec<Pair>> = vec![Vec::new(); n_images];
        for pair in pairs.iter().filter(|pair| of[pair.a] == of[pair.b]) {
            within[of[pair.a]].push(*pair);
        }
        let sets = members.into_iter().zip(within);
        sets.filter(|(set, _)| set.len() > 1)
            .map(|(mut set, within)| {
                set.sort_unstable();
                (set, within)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(a: usize, b: usize, edges: f64) -> Pair {
        let kind = if edges == 1.0 {
            Likeness::SamePixels
        } else {
            Likeness::Near
        };
        Pair {
            a,
            b,
            kind,
            correlation: edges,
            edges,
        }
    }

    #[test]
    fn pairs_that_share_an_image_are_one_set_if_its_ends_are_alike() {
        let pairs = [pair(0, 2, 0.96), pair(2, 5, 0.95), pair(7, 8, 0.93)];
        let all = clusters(60, &pairs, &|_, _| true);
        assert_eq!(all.sets, [vec![0, 2, 5], vec![7, 8]]);
        assert!(!all.split_up);
    }

    #[test]
    fn a_chain_breaks_where_representatives_are_not_alike() {
        // 0 and 2 have most pairs and stand for the others; 1 and 3 join the two.
        let pairs = [
            pair(0, 1, 0.99),
            pair(0, 4, 0.98),
            pair(1, 3, 0.93),
            pair(2, 3, 0.97),
            pair(2, 5, 0.96),
        ];
        let never = |_: usize, _: usize| false;
        assert_eq!(
            clusters(60, &pairs, &never).sets,
            [vec![0, 1, 4], vec![2, 3, 5]]
        );
        let ends = |a: usize, b: usize| (a, b) == (0, 2) || (a, b) == (2, 0);
        assert_eq!(
            clusters(60, &pairs, &ends).sets,
            [(0..6).collect::<Vec<_>>()]
        );
    }

    #[test]
    fn a_set_beyond_a_tenth_is_taken_apart_at_its_weakest_pairs() {
        // Two rings of four, joined by one weak pair, among 60 images: eight are too many.
        let mut pairs: Vec<Pair> = (0..8)
            .map(|i| pair(i / 4 * 4 + i % 4, i / 4 * 4 + (i + 1) % 4, 0.98))
            .collect();
        pairs
            .iter_mut()
            .for_each(|p| (p.a, p.b) = (p.a.min(p.b), p.a.max(p.b)));
        pairs.push(pair(3, 4, 0.93));
        let all = clusters(60, &pairs, &|_, _| true);
        assert_eq!(all.sets, [vec![0, 1, 2, 3], vec![4, 5, 6, 7]]);
        assert!(all.split_up);
        assert!(!clusters(100, &pairs, &|_, _| true).split_up);
    }

    #[test]
    fn equal_pixels_stay_together_whatever_their_number() {
        let pairs: Vec<Pair> = (1..30).map(|b| pair(0, b, 1.0)).collect();
        let all = clusters(31, &pairs, &|_, _| false);
        assert_eq!(all.sets, [(0..30).collect::<Vec<_>>()]);
        assert!(!all.split_up);
    }
}
