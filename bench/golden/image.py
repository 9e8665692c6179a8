"""Golden files of handful-image: what Pillow and scikit-image make of pictures that this script draws itself.

    python3 -m venv venv && venv/bin/pip install pillow==13.0.0 numpy scikit-image==0.26.0 tifffile imagecodecs
    venv/bin/python bench/golden/image.py            # from the root of the repository

Writes into crates/handful-image/tests/golden/:

    decode/NAME            a file in some format; decode.csv has a row for it
    decode/NAME.png        what it should decode to, upright RGB8
    decode.csv             file, how (exact, blend, lossy), notes (kinds, in order)
    resize/NAME.png        pictures before; resize.csv: source, geometry, width, height, expected
    resize/NAME.GEOMETRY.SIZE.png   the same afterwards
    hog.png, hog.f32       a 64 x 64 picture and scikit-image's descriptor of it, little-endian f32
    versions.txt           what computed all that
"""

import csv
import io
import platform
import shutil
from pathlib import Path

import numpy as np
import PIL
import skimage
import tifffile
from PIL import Image, ImageOps
from skimage.feature import hog

OUT = Path("crates/handful-image/tests/golden")
GREY = (127, 127, 127)
ORIENTATION = 274
# How a picture is stored so that each tag turns it upright again.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def scene(width, height, noise=0.0, seed=1):
    """Gradients, a disc, a bar and stripes, different in every corner, [h, w, 3] in 0..=255 as floats."""
    y, x = np.mgrid[0:height, 0:width]
    u, v = x / max(width - 1, 1), y / max(height - 1, 1)
    out = np.stack([40 + 180 * u, 30 + 150 * v, 200 - 160 * u * v], axis=-1)
    out[(u - 0.3) ** 2 + (v - 0.35) ** 2 < 0.04] = (230, 60, 30)
    out[(v > 0.75) & (u > 0.5)] = (20, 160, 70)
    out[(u > 0.8) & (v < 0.5) & (x // 3 % 2 == 0)] = (250, 250, 240)
    out += np.random.default_rng(seed).normal(0, noise, out.shape) if noise else 0
    return np.clip(out, 0, 255)


def as_image(values):
    return Image.fromarray(np.round(values).astype(np.uint8))


def over_white(image):
    rgba = np.asarray(image.convert("RGBA")).astype(float)
    alpha = rgba[..., 3:] / 255
    return as_image(rgba[..., :3] * alpha + 255 * (1 - alpha))


def upright_rgb(data):
    return ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")


def saved(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def written(values, **options):
    """A TIFF of samples as they are."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, metadata=None, software=False, **options)
    return buffer.getvalue()


def tagged(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def turned(image, orientation):
    how = STORED[orientation]
    return image if how is None else image.transpose(how)


def decode_cases():
    """(name, bytes, expected image or None for a refusal, how, notes)"""
    picture = as_image(scene(41, 27))
    grey = picture.convert("L")

    def plain(name, data, how, notes=""):
        return name, data, upright_rgb(data), how, notes

    yield plain("baseline_420.jpg", saved(picture, "JPEG", quality=90, subsampling=2), "lossy")
    yield plain("baseline_422.jpg", saved(picture, "JPEG", quality=90, subsampling=1), "lossy")
    yield plain("progressive.jpg", saved(picture, "JPEG", quality=90, progressive=True), "lossy")
    yield plain("grey.jpg", saved(grey, "JPEG", quality=90), "lossy")
    yield plain("restart.jpg", saved(picture, "JPEG", quality=90, subsampling=0, restart_marker_blocks=2), "lossy")
    for tag in STORED:
        data = saved(turned(picture, tag), "JPEG", quality=92, subsampling=0, exif=tagged(tag))
        yield plain(f"orientation_{tag}.jpg", data, "lossy")

    cmyk = saved(picture.convert("CMYK"), "JPEG", quality=92)
    yield plain("cmyk.jpg", cmyk, "lossy", "cmyk_converted")
    # The same code words read as YCCK: only the colour transform in the Adobe marker differs.
    transform = cmyk.index(b"Adobe") + 11
    ycck = cmyk[:transform] + b"\x02" + cmyk[transform + 1 :]
    yield plain("ycck.jpg", ycck, "lossy", "cmyk_converted")

    yield plain("rgb.png", saved(picture, "PNG"), "exact")
    yield plain("palette.png", saved(picture.quantize(16), "PNG"), "exact")
    yield plain("one_bit.png", saved(picture.convert("1"), "PNG"), "exact")
    yield plain("oriented.png", saved(turned(picture, 6), "PNG", exif=tagged(6)), "exact")
    frames = [as_image(scene(20, 14, seed=s, noise=30)) for s in range(3)]
    yield plain("animated.png", saved(frames[0], "PNG", save_all=True, append_images=frames[1:]), "exact", "first_frame_only")

    # 16 bits: by the definition round(255 v / full), because Pillow clips them.
    deep = np.round(scene(41, 27) * 257 + np.linspace(-128, 128, 41)[None, :, None]).clip(0, 65535).astype(np.uint16)
    full = as_image(np.floor(deep[..., 0] * 255.0 / 65535 + 0.5)).convert("RGB")
    yield "grey16.png", saved(Image.fromarray(deep[..., 0]), "PNG"), full, "exact", "sixteen_bit_scaled"
    yield "grey16.tif", saved(Image.fromarray(deep[..., 0]), "TIFF"), full, "exact", "sixteen_bit_scaled"
    twelve = deep[..., 0] >> 4
    full = as_image(np.floor(twelve * 255.0 / 4095 + 0.5)).convert("RGB")
    yield "grey12_in_16.png", saved(Image.fromarray(twelve), "PNG"), full, "exact", "sixteen_bit_scaled"

    alpha = Image.fromarray(np.linspace(0, 255, 41 * 27).reshape(27, 41).astype(np.uint8))
    rgba = picture.copy()
    rgba.putalpha(alpha)
    grey_alpha = Image.merge("LA", (grey, alpha))
    clear = picture.quantize(8)
    data = saved(clear, "PNG", transparency=bytes([0, 128, 255, 255, 255, 255, 255, 255]))
    yield "palette_alpha.png", data, over_white(Image.open(io.BytesIO(data))), "blend", "alpha_over_white"
    yield "rgba.png", saved(rgba, "PNG"), over_white(rgba), "blend", "alpha_over_white"
    yield "grey_alpha.png", saved(grey_alpha, "PNG"), over_white(grey_alpha), "blend", "alpha_over_white"
    opaque = picture.convert("RGBA")
    yield "opaque.png", saved(opaque, "PNG"), picture, "exact", ""

    yield plain("lossless.webp", saved(picture, "WEBP", lossless=True), "exact")
    yield plain("lossy.webp", saved(picture, "WEBP", quality=90), "lossy")
    data = saved(rgba, "WEBP", lossless=True, exact=True)
    yield "alpha.webp", data, over_white(Image.open(io.BytesIO(data))), "blend", "alpha_over_white"
    yield plain("oriented.webp", saved(turned(picture, 8), "WEBP", lossless=True, exif=tagged(8)), "exact")
    data = saved(frames[0], "WEBP", lossless=True, save_all=True, append_images=frames[1:])
    yield "animated.webp", data, frames[0], "exact", "first_frame_only"

    yield plain("rgb.bmp", saved(picture, "BMP"), "exact")
    yield plain("palette.bmp", saved(picture.quantize(16), "BMP"), "exact")
    yield plain("still.gif", saved(picture.quantize(16), "GIF"), "exact")
    data = saved(frames[0].quantize(16), "GIF", save_all=True, append_images=[f.quantize(16) for f in frames[1:]])
    yield plain("animated.gif", data, "exact", "first_frame_only")

    yield plain("lzw.tif", saved(picture, "TIFF", compression="tiff_lzw"), "exact")
    yield plain("deflate.tif", saved(picture, "TIFF", compression="tiff_adobe_deflate"), "exact")
    yield plain("grey.tif", saved(grey, "TIFF"), "exact")
    yield plain("oriented.tif", saved(turned(picture, 5), "TIFF", exif=tagged(5)), "exact")
    yield plain("cmyk.tif", saved(picture.convert("CMYK"), "TIFF", compression="tiff_lzw"), "blend", "cmyk_converted")
    yield plain("palette.tif", saved(picture.quantize(16), "TIFF"), "exact")
    yield plain("jpeg.tif", saved(picture, "TIFF", compression="jpeg", quality=92), "lossy")
    yield plain("fax.tif", saved(picture.convert("1"), "TIFF", compression="group4"), "exact")
    data = written(np.asarray(grey), photometric="miniswhite")
    yield "white_is_zero.tif", data, as_image(255.0 - np.asarray(grey)).convert("RGB"), "exact", ""
    yield "big.tif", written(np.asarray(picture), bigtiff=True, byteorder=">"), picture, "exact", ""

    # Deep samples, by the definition above.
    full = as_image(np.floor(deep * 255.0 / 65535 + 0.5))
    planes = np.moveaxis(deep, -1, 0)
    data = written(planes, photometric="rgb", planarconfig="separate", compression="zlib", rowsperstrip=8)
    yield "planes16.tif", data, full, "exact", "sixteen_bit_scaled"
    floats = scene(41, 27)[..., 0] / 255
    full = as_image(np.floor(floats.astype(np.float32).astype(float) * 255 + 0.5)).convert("RGB")
    yield "float.tif", saved(Image.fromarray(floats.astype(np.float32)), "TIFF"), full, "exact", "float_scaled"
    data = written(floats.astype(np.float32), tile=(16, 16), compression="zlib", predictor=3)
    yield "float_tiles.tif", data, full, "exact", "float_scaled"
    data = written(floats, byteorder=">", rowsperstrip=4, compression="lzw")
    yield "double.tif", data, full, "exact", "float_scaled"
    half = floats.astype(np.float16)
    full = as_image(np.floor(half.astype(float) * 255 + 0.5)).convert("RGB")
    yield "half.tif", written(half), full, "exact", "float_scaled"
    # Heights in metres, say: least and largest become 0 and 255.
    heights = scene(41, 27)[..., :1].astype(np.float32) * 3 - 70
    low, high = float(heights.min()), float(heights.max())
    full = as_image(np.floor((heights[..., 0].astype(float) - low) * 255.0 / (high - low) + 0.5)).convert("RGB")
    yield "heights.tif", written(heights[..., 0]), full, "exact", "float_scaled"

    data = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:], compression="tiff_lzw")
    yield "pages.tif", data, None, "unsupported", ""
    yield "seven_channels.tif", written(np.repeat(np.asarray(grey)[..., None], 7, 2), photometric="minisblack"), None, "unsupported", ""
    yield "signed.tif", written(np.asarray(grey).astype(np.int16)), None, "unsupported", ""
    yield "nan.tif", written(np.where(floats < 0.2, np.nan, floats).astype(np.float32)), None, "unsupported", ""


def center_crop(image, n):
    """torchvision: Resize(n) and CenterCrop(n), on PIL images."""
    w, h = image.size
    short, long = min(w, h), max(w, h)
    new_long = int(n * long / short)
    new_w, new_h = (n, new_long) if w <= h else (new_long, n)
    image = image.resize((new_w, new_h), Image.Resampling.BILINEAR)
    left, top = int(round((new_w - n) / 2.0)), int(round((new_h - n) / 2.0))
    return image.crop((left, top, left + n, top + n))


GEOMETRIES = {
    "center-crop": center_crop,
    "squash": lambda image, n: image.resize((n, n), Image.Resampling.BILINEAR),
    "pad": lambda image, n: ImageOps.pad(image, (n, n), Image.Resampling.BILINEAR, GREY),
}


def write_decode():
    folder = OUT / "decode"
    folder.mkdir()
    with open(OUT / "decode.csv", "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["file", "how", "notes"])
        for name, data, expected, how, notes in decode_cases():
            (folder / name).write_bytes(data)
            if expected is not None:
                expected.save(folder / f"{name}.png", optimize=True)
            rows.writerow([name, how, notes])


def write_resize():
    folder = OUT / "resize"
    folder.mkdir()
    sources = {"wide": (83, 46), "tall": (45, 77), "strip": (90, 5), "tiny": (7, 6)}
    with open(OUT / "resize.csv", "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["source", "how", "width", "height"])
        for seed, (name, (width, height)) in enumerate(sources.items()):
            source = as_image(scene(width, height, noise=25, seed=seed))
            source.save(folder / f"{name}.png", optimize=True)
            for geometry, shape in GEOMETRIES.items():
                for n in (24, 31) if name in ("wide", "tall") else (24,):
                    shape(source, n).save(folder / f"{name}.{geometry}.{n}x{n}.png", optimize=True)
                    rows.writerow([name, geometry, n, n])
            for w, h in [(30, 50), (60, 20), (1, 9)]:
                source.resize((w, h), Image.Resampling.BILINEAR).save(folder / f"{name}.resize.{w}x{h}.png", optimize=True)
                rows.writerow([name, "resize", w, h])


def write_hog():
    square = as_image(scene(64, 64, noise=10))
    square.save(OUT / "hog.png", optimize=True)
    features = hog(
        np.asarray(square),
        orientations=9,
        pixels_per_cell=(8, 8),
        cells_per_block=(2, 2),
        block_norm="L2-Hys",
        channel_axis=-1,
    )
    features.astype("<f4").tofile(OUT / "hog.f32")


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    write_decode()
    write_resize()
    write_hog()
    versions = f"python {platform.python_version()}\npillow {PIL.__version__}\nnumpy {np.__version__}\nscikit-image {skimage.__version__}\ntifffile {tifffile.__version__}\n"
    (OUT / "versions.txt").write_text(versions)
