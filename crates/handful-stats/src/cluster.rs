//! Which items are so alike that they are one: average-linkage clustering, cut at a similarity, and chains of pairs.

/// Clusters of `n` items by average linkage (UPGMA): two clusters are merged while the mean similarity of their pairs is
/// at least `cut`, the most similar first. Returns the cluster of each item, named by its least member.
///
/// `similarity` `[n, n]`, row-major and symmetric; its diagonal is not read. Needs no more memory than that matrix and
/// O(n²) time. Equal similarities are settled by the order of the items.
///
/// # Panics
/// When `similarity` is not `n²` long.
///
/// # Source
/// Nearest-neighbour chain: F. Murtagh, The Computer Journal 26 (1983), 354–359. Average linkage is reducible, so the
/// chain finds the same tree as always merging the globally closest pair; merges never get more similar upwards.
pub fn average_linkage(n: usize, mut similarity: Vec<f32>, cut: f64) -> Vec<usize> {
    assert_eq!(similarity.len(), n * n, "a similarity for each pair");
    let mut size = vec![1usize; n]; // 0: merged into another
    let mut parent: Vec<usize> = (0..n).collect();
    let mut chain: Vec<usize> = Vec::new();
    let mut first_alive = 0;
    loop {
        if chain.is_empty() {
            // A cluster that is alone, or whose nearest is too far away, is done.
            while first_alive < n && size[first_alive] == 0 {
                first_alive += 1;
            }
            if first_alive == n {
                break;
            }
            chain.push(first_alive);
        }
        let tip = chain[chain.len() - 1];
        let before = chain.len().checked_sub(2).map(|i| chain[i]);
        let mut nearest: Option<(usize, f32)> = before.map(|b| (b, similarity[tip * n + b]));
        for other in (0..n).filter(|&o| o != tip && size[o] > 0) {
            let s = similarity[tip * n + other];
            // The one before wins ties, or the chain could run in a circle.
            if nearest.is_none_or(|(_, best)| s > best) {
                nearest = Some((other, s));
            }
        }
        match nearest {
            Some((other, s)) if f64::from(s) >= cut => {
                if before != Some(other) {
                    chain.push(other);
                    continue;
                }
                chain.truncate(chain.len() - 2);
                let (kept, gone) = (tip.min(other), tip.max(other));
                let (a, b) = (size[kept] as f32, size[gone] as f32);
                for third in 0..n {
                    let mean = (a * similarity[kept * n + third]
                        + b * similarity[gone * n + third])
                        / (a + b);
                    similarity[kept * n + third] = mean;
                    similarity[third * n + kept] = mean;
                }
                size[kept] += size[gone];
                size[gone] = 0;
                parent[gone] = kept;
            }
            // Similarities along a chain only rise, so that here the chain has one link. Nothing can be merged with it
            // later either: means of similarities below the cut stay below it.
            _ => {
                chain.clear();
                size[tip] = 0;
                while first_alive < n && size[first_alive] == 0 {
                    first_alive += 1;
                }
            }
        }
    }
    // Parents are always less than their children.
    for item in 0..n {
        parent[item] = parent[parent[item]];
    }
    parent
}

/// What is connected by chains of `links` among `n` items: the component of each item, named by its least member.
///
/// # Panics
/// When a link names an item that is not below `n`.
pub fn connected(n: usize, links: &[(usize, usize)]) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..n).collect();
    fn root(parent: &mut [usize], mut item: usize) -> usize {
        while parent[item] != item {
            parent[item] = parent[parent[item]];
            item = parent[item];
        }
        item
    }
    for &(a, b) in links {
        let (a, b) = (root(&mut parent, a), root(&mut parent, b));
        // The least member stays on top, so that names don't depend on the order of links.
        parent[a.max(b)] = a.min(b);
    }
    (0..n).map(|item| root(&mut parent, item)).collect()
}

/// The finest partition that keeps together what either of two partitions keeps together. Partitions name the part of
/// each item by one of its members.
///
/// # Panics
/// When the partitions are not of the same items.
pub fn join_partitions(a: &[usize], b: &[usize]) -> Vec<usize> {
    assert_eq!(a.len(), b.len(), "two partitions of the same items");
    let links: Vec<(usize, usize)> = a
        .iter()
        .chain(b)
        .copied()
        .zip((0..a.len()).chain(0..a.len()))
        .collect();
    connected(a.len(), &links)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;

    #[test]
    fn chains_connect_whatever_the_order_of_their_links() {
        let expected = [0, 1, 1, 0, 1, 5];
        assert_eq!(connected(6, &[(4, 2), (3, 0), (1, 2)]), expected);
        assert_eq!(connected(6, &[(1, 2), (2, 4), (0, 3)]), expected);
        assert_eq!(
            join_partitions(&[0, 1, 1, 3, 4], &[0, 1, 2, 2, 4]),
            [0, 1, 1, 1, 4]
        );
    }

    /// Always merges the closest pair, computing means from all pairs of the original matrix.
    fn naive(n: usize, similarity: &[f32], cut: f64) -> Vec<usize> {
        let mut clusters: Vec<Vec<usize>> = (0..n).map(|i| vec![i]).collect();
        loop {
            let mut best = (f64::NEG_INFINITY, 0, 0);
            for a in 0..clusters.len() {
                for b in a + 1..clusters.len() {
                    let pairs = clusters[a]
                        .iter()
                        .flat_map(|&i| clusters[b].iter().map(move |&j| (i, j)));
                    let sum: f64 = pairs.map(|(i, j)| f64::from(similarity[i * n + j])).sum();
                    let mean = sum / (clusters[a].len() * clusters[b].len()) as f64;
                    if mean > best.0 {
                        best = (mean, a, b);
                    }
                }
            }
            if clusters.len() < 2 || best.0 < cut {
                break;
            }
            let joined = clusters.remove(best.2);
            clusters[best.1].extend(joined);
        }
        let mut of = vec![0; n];
        for cluster in &clusters {
            let least = *cluster.iter().min().unwrap();
            cluster.iter().for_each(|&i| of[i] = least);
        }
        of
    }

    #[test]
    fn the_chain_finds_what_always_merging_the_closest_pair_finds() {
        use rand::RngExt;
        let mut rng = Seed(7).stream("cluster", 0);
        for n in [0, 1, 2, 3, 9, 30] {
            for cut in [0.3, 0.5, 0.7] {
                let mut similarity = vec![1.0f32; n * n];
                for i in 0..n {
                    for j in 0..i {
                        let s: f32 = rng.random();
                        similarity[i * n + j] = s;
                        similarity[j * n + i] = s;
                    }
                }
                let expected = naive(n, &similarity, cut);
                assert_eq!(
                    average_linkage(n, similarity, cut),
                    expected,
                    "{n} items at {cut}"
                );
            }
        }
    }
}
