//! What do the samples of a TIFF mean?
//!
//! Source: TIFF 6.0, photometric interpretations; its section 21 for YCbCr.

use super::page::{BLACK_IS_ZERO, CMYK, JPEG, PALETTE, Page, RGB, WHITE_IS_ZERO, YCBCR};
use crate::decode::Note;
use crate::decode::raster::{Extra, Raster, Samples};
use crate::error::ImageError;
use crate::format::Format;
use tiff::decoder::DecodingResult;

/// Sample formats.
const UNSIGNED: u64 = 1;
const SIGNED: u64 = 2;
const FLOATING: u64 = 3;

/// Why the samples of a page are not read, in words; `None` if they are.
pub(super) fn unreadable(page: &Page) -> Option<String> {
    let (bits, channels) = (page.bits, page.channels);
    match (page.sample_format, bits) {
        (UNSIGNED, 8 | 16) | (FLOATING, 16 | 32 | 64) => {}
        (UNSIGNED, 1 | 2 | 4) if channels == 1 => {}
        (UNSIGNED, _) => return Some(format!("{bits}-bit integer samples")),
        (SIGNED, _) => return Some("signed samples".to_owned()),
        (FLOATING, _) => return Some(format!("{bits}-bit floating-point samples")),
        _ => return Some("samples of an unknown kind".to_owned()),
    }
    let is_integer = page.sample_format == UNSIGNED;
    match page.photometric {
        WHITE_IS_ZERO | BLACK_IS_ZERO => match (channels, extra(page)) {
            (1, _) | (2, Extra::Alpha | Extra::PremultipliedAlpha) => None,
            _ => Some(format!(
                "{channels} channels that aren't red, green and blue"
            )),
        },
        RGB if matches!(channels, 3 | 4) => None,
        RGB => Some(format!("{channels} channels called RGB")),
        PALETTE if channels == 1 && bits <= 8 => None,
        PALETTE => Some("an unusual palette".to_owned()),
        CMYK if channels == 4 && is_integer && page.compression != JPEG => None,
        CMYK => Some("unusual CMYK colours".to_owned()),
        YCBCR if channels == 3 && bits == 8 && page.compression == JPEG => None,
        YCBCR => Some("YCbCr colours that are no JPEG inside".to_owned()),
        8..=10 => Some("Lab colours".to_owned()),
        _ => Some("colours of an unknown kind".to_owned()),
    }
}

/// What a channel besides the colours is.
fn extra(page: &Page) -> Extra {
    let colours = if page.photometric == RGB { 3 } else { 1 };
    match (
        page.channels.saturating_sub(colours),
        page.extra_samples.first(),
    ) {
        (0, _) => Extra::None,
        (_, Some(1)) => Extra::PremultipliedAlpha,
        (_, Some(2)) => Extra::Alpha,
        _ => Extra::Unknown,
    }
}

/// Gives unpacked samples their meaning. The page is one that [`unreadable`] has nothing against.
///
/// # Errors
/// `Corrupt` when there are fewer samples or colours than the tags say.
pub(super) fn raster(
    unpacked: DecodingResult,
    n_planes: usize,
    page: &Page,
) -> Result<Raster, ImageError> {
    let (width, height) = (page.width as usize, page.height as usize);
    let samples = match unpacked {
        DecodingResult::U8(values) if page.bits < 8 => {
            Samples::Eight(spread(&values, width, page.bits as usize))
        }
        DecodingResult::U8(values) => Samples::Eight(interleaved(values, n_planes)),
        DecodingResult::U16(values) => Samples::Sixteen(interleaved(values, n_planes)),
        DecodingResult::F16(values) => {
            let values = values.into_iter().map(|value| value.to_f32()).collect();
            Samples::Floats(interleaved(values, n_planes))
        }
        DecodingResult::F32(values) => Samples::Floats(interleaved(values, n_planes)),
        DecodingResult::F64(values) => {
            let values = values.into_iter().map(|value| value as f32).collect();
            Samples::Floats(interleaved(values, n_planes))
        }
        _ => return Err(corrupt("its samples are of another type than its tags say")),
    };
    let length = match &samples {
        Samples::Eight(values) => values.len(),
        Samples::Sixteen(values) => values.len(),
        Samples::Floats(values) => values.len(),
    };
    if length != width * height * page.channels as usize {
        return Err(corrupt("it decodes to another size than its tags say"));
    }

    let samples = match (page.photometric, samples) {
        (PALETTE, Samples::Eight(indices)) => Samples::Eight(coloured(&indices, page)?),
        // Grey of a few bits.
        (_, Samples::Eight(mut values)) if page.bits < 8 => {
            let largest = (1_u8 << page.bits) - 1;
            values.iter_mut().for_each(|value| *value *= 255 / largest);
            Samples::Eight(values)
        }
        (CMYK, Samples::Eight(inks)) => Samples::Eight(printed(&inks)),
        (CMYK, Samples::Sixteen(inks)) => {
            let eight = |ink: &u16| ((u32::from(*ink) * 255 + 32_767) / 65_535) as u8;
            Samples::Eight(printed(&inks.iter().map(eight).collect::<Vec<_>>()))
        }
        (YCBCR, Samples::Eight(values)) => Samples::Eight(of_luma_and_chroma(&values)),
        (_, samples) => samples,
    };
    Ok(Raster {
        width,
        height,
        is_colour: matches!(page.photometric, RGB | PALETTE | CMYK | YCBCR),
        extra: match page.photometric {
            WHITE_IS_ZERO | BLACK_IS_ZERO | RGB => extra(page),
            _ => Extra::None,
        },
        white_is_zero: page.photometric == WHITE_IS_ZERO,
        samples,
        notes: if page.photometric == CMYK {
            vec![Note::CmykConverted]
        } else {
            Vec::new()
        },
    })
}

fn corrupt(reason: &str) -> ImageError {
    ImageError::Corrupt {
        format: Format::Tiff,
        reason: reason.to_owned(),
    }
}

/// One value a byte of rows in which 8, 4 or 2 stand in one; rows start with a byte of their own.
fn spread(packed: &[u8], width: usize, bits: usize) -> Vec<u8> {
    let a_byte = 8 / bits;
    let mask = (1_u8 << bits) - 1;
    packed
        .chunks_exact(width.div_ceil(a_byte))
        .flat_map(|row| {
            (0..width).map(move |x| row[x / a_byte] >> (8 - bits - x % a_byte * bits) & mask)
        })
        .collect()
}

/// Channels side by side, of planes one behind the other.
fn interleaved<T: Copy>(values: Vec<T>, n_planes: usize) -> Vec<T> {
    if n_planes <= 1 {
        return values;
    }
    let plane = values.len() / n_planes;
    (0..plane * n_planes)
        .map(|i| values[i % n_planes * plane + i / n_planes])
        .collect()
}

/// The colours of palette entries.
///
/// They have 16 bits, of which the upper 8 are taken; some writers fill in 8-bit values instead, as libtiff knows, too.
fn coloured(indices: &[u8], page: &Page) -> Result<Vec<u8>, ImageError> {
    let n = 1 << page.bits;
    let map = &page.colour_map;
    if map.len() < 3 * n {
        return Err(corrupt("its palette has too few colours"));
    }
    let shift = if map.iter().all(|value| *value < 256) {
        0
    } else {
        8
    };
    let colours: Vec<[u8; 3]> = (0..n)
        .map(|i| [i, n + i, 2 * n + i].map(|at| (map[at] >> shift) as u8))
        .collect();
    Ok(indices
        .iter()
        .flat_map(|i| colours[usize::from(*i)])
        .collect())
}

/// Light that inks leave: `(255 - ink) (255 - black) / 255`, as Pillow has it, without a colour profile.
fn printed(inks: &[u8]) -> Vec<u8> {
    let (pixels, _) = inks.as_chunks::<4>();
    pixels
        .iter()
        .flat_map(|[c, m, y, k]| {
            let paper = 255 - u32::from(*k);
            [c, m, y].map(|ink| (((255 - u32::from(*ink)) * paper + 127) / 255) as u8)
        })
        .collect()
}

/// RGB of luma and chroma of the full range (ITU-R BT.601, as JFIF has it).
fn of_luma_and_chroma(values: &[u8]) -> Vec<u8> {
    let (pixels, _) = values.as_chunks::<3>();
    pixels
        .iter()
        .flat_map(|[y, cb, cr]| {
            let (y, cb, cr) = (
                f32::from(*y),
                f32::from(*cb) - 128.0,
                f32::from(*cr) - 128.0,
            );
            let rgb = [
                y + 1.402 * cr,
                y - 0.344_136 * cb - 0.714_136 * cr,
                y + 1.772 * cb,
            ];
            // Casting cuts off at 0 and 255.
            rgb.map(|value| (value + 0.5) as u8)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(photometric: u64, bits: u64, channels: u64) -> Page {
        let mut page = Page::default();
        (page.width, page.height) = (2, 1);
        (page.photometric, page.bits, page.channels) = (photometric, bits, channels);
        (page.compression, page.sample_format) = (1, UNSIGNED);
        page
    }

    fn eight(raster: Raster) -> Vec<u8> {
        match raster.samples {
            Samples::Eight(values) => values,
            _ => panic!("8 bits"),
        }
    }

    #[test]
    fn few_bits_are_spread_from_the_left_and_rows_start_anew() {
        assert_eq!(
            spread(&[0b1010_0000, 0b0110_0000], 3, 1),
            [1, 0, 1, 0, 1, 1]
        );
        assert_eq!(spread(&[0x4F, 0x30, 0x12, 0x30], 3, 4), [4, 15, 3, 1, 2, 3]);
    }

    #[test]
    fn four_grey_bits_use_the_whole_range() {
        let raster = raster(
            DecodingResult::U8(vec![0xF3]),
            1,
            &page(BLACK_IS_ZERO, 4, 1),
        );
        assert_eq!(eight(raster.expect("two pixels")), [255, 51]);
    }

    #[test]
    fn planes_become_pixels() {
        let planes = vec![1, 2, 10, 20, 100, 200];
        let raster = raster(DecodingResult::U8(planes), 3, &page(RGB, 8, 3));
        assert_eq!(eight(raster.expect("two pixels")), [1, 10, 100, 2, 20, 200]);
    }

    #[test]
    fn palettes_of_16_and_of_8_bits_are_looked_up() {
        for shift in [0, 8] {
            let colours = [255_u64, 1, 0, 0, 2, 0, 0, 0, 3, 4, 0, 0].map(|c| c << shift);
            let mut page = page(PALETTE, 2, 1);
            page.colour_map = colours.to_vec();
            let raster = raster(DecodingResult::U8(vec![0b0001_0000]), 1, &page);
            assert_eq!(eight(raster.expect("two pixels")), [255, 2, 3, 1, 0, 4]);
        }
        let short = raster(DecodingResult::U8(vec![0]), 1, &page(PALETTE, 2, 1));
        assert!(short.is_err());
    }

    #[test]
    fn red_is_red_in_inks_and_in_luma_and_chroma() {
        assert_eq!(printed(&[0, 255, 255, 0]), [255, 0, 0]);
        assert_eq!(of_luma_and_chroma(&[76, 85, 255]), [254, 0, 0]);
    }

    #[test]
    fn what_is_not_read_is_called_by_its_name() {
        let named = |page: Page| unreadable(&page).unwrap_or_default();
        assert_eq!(named(page(RGB, 8, 3)), "");
        assert_eq!(named(page(BLACK_IS_ZERO, 32, 1)), "32-bit integer samples");
        assert_eq!(named(page(BLACK_IS_ZERO, 12, 1)), "12-bit integer samples");
        assert!(named(page(BLACK_IS_ZERO, 8, 3)).contains("3 channels"));
        assert!(named(page(8, 8, 3)).contains("Lab"));
        let mut signed = page(BLACK_IS_ZERO, 16, 1);
        signed.sample_format = SIGNED;
        assert_eq!(named(signed), "signed samples");
    }
}
