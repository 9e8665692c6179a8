//! One vector a photo, for those photos of a list that have one: how 100,000 of them are kept in one piece of memory.
//!
//! A vector of its own a photo would lie between whatever else was allocated while it was made, and what was freed could
//! not be given back to the system.

/// Vectors of one length, by position of a photo in a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    width: usize,
    /// Where the vector of each photo lies in `values`, in vectors.
    places: Vec<Option<u32>>,
    values: Vec<f32>,
}

impl Rows {
    /// Of a list of `n_photos`, of which about `n_expected` will have a vector of `width` numbers; none has one yet.
    pub fn new(n_photos: usize, n_expected: usize, width: usize) -> Rows {
        Rows {
            width,
            places: vec![None; n_photos],
            values: Vec::with_capacity(n_expected * width),
        }
    }

    /// The vector of a photo, if it has one.
    ///
    /// # Panics
    /// When there are not so many photos.
    pub fn get(&self, photo: usize) -> Option<&[f32]> {
        let place = self.places[photo]? as usize;
        Some(&self.values[place * self.width..][..self.width])
    }

    /// Keeps the vector of a photo; one that it has already stays.
    ///
    /// # Panics
    /// When there are not so many photos, or when the vector has another length than the others.
    pub fn put(&mut self, photo: usize, vector: &[f32]) {
        assert_eq!(vector.len(), self.width, "vectors of one table are as long");
        if self.places[photo].is_none() {
            let place = self.values.len() / self.width.max(1);
            self.places[photo] = Some(u32::try_from(place).expect("fewer than 4 billion photos"));
            self.values.extend_from_slice(vector);
        }
    }

    /// The same with the vectors of these photos alone, as far as they have one.
    pub fn only(&self, photos: &[usize]) -> Rows {
        let mut only = Rows::new(self.places.len(), photos.len(), self.width);
        only.put_all(photos.iter().filter_map(|&p| Some((p, self.get(p)?))));
        only
    }

    /// Takes over what another table of the same photos has.
    pub fn join(&mut self, other: Rows) {
        if self.values.is_empty() {
            *self = other;
        } else {
            self.put_all((0..other.places.len()).filter_map(|p| Some((p, other.get(p)?))));
        }
    }

    fn put_all<'a>(&mut self, vectors: impl Iterator<Item = (usize, &'a [f32])>) {
        vectors.for_each(|(photo, vector)| self.put(photo, vector));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_found_by_photo_in_whatever_order_they_came() {
        let mut rows = Rows::new(4, 2, 2);
        rows.put(3, &[3.0, 30.0]);
        rows.put(1, &[1.0, 10.0]);
        rows.put(1, &[9.0, 9.0]);
        assert_eq!(rows.get(1), Some(&[1.0, 10.0][..]));
        assert_eq!(rows.get(3), Some(&[3.0, 30.0][..]));
        assert_eq!((rows.get(0), rows.get(2)), (None, None));

        let mut joined = rows.only(&[0, 3]);
        assert_eq!((joined.get(1), joined.get(3)), (None, rows.get(3)));
        let mut more = Rows::new(4, 1, 2);
        more.put(0, &[0.5, 5.0]);
        joined.join(more);
        assert_eq!(joined.get(0), Some(&[0.5, 5.0][..]));
        assert_eq!(joined.get(3), rows.get(3));
    }
}
