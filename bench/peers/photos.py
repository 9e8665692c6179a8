"""Which photos are in a folder or list, and how they become pixels: as Handful reads and prepares them, with Pillow."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
TRAIN_FOLDERS = {"train", "val", "valid", "validation"}
PATH_COLUMNS = ["image_path", "file", "image", "path", "filename"]


@dataclass
class Photo:
    path: Path
    shown: str  # relative to the folder, with `/`
    label: str
    is_test: bool


def listed(data):
    """The photos of class folders, split folders or a CSV, sorted by their shown path."""
    data = Path(data)
    photos = from_list(data) if data.suffix == ".csv" else from_folder(data)
    if not photos:
        raise SystemExit(f"error: no photos in `{data}`\ndo: name a folder of class folders, or a CSV with a path and a label")
    return sorted(photos, key=lambda photo: photo.shown)


def from_list(table):
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    column = next(name for name in PATH_COLUMNS if name in rows[0])
    label = "label" if "label" in rows[0] else "class"
    return [
        Photo(table.parent / row[column], row[column], row[label], row.get("split", "") == "test") for row in rows
    ]


def from_folder(folder):
    splits = [name for name in sorted(TRAIN_FOLDERS | {"test"}) if (folder / name).is_dir()]
    photos = []
    for root in [folder / split for split in splits] or [folder]:
        for path in root.rglob("*"):
            inside = path.relative_to(root).parts
            if len(inside) >= 2 and path.suffix.lower() in ENDINGS and path.is_file():
                photos.append(Photo(path, path.relative_to(folder).as_posix(), inside[0], root.name == "test" and bool(splits)))
    return photos


def prepared(image, size_px):
    """Short side to `size_px` by antialiased bilinear, then the middle square: u8 `[size_px, size_px, 3]`."""
    width, height = image.size
    if width <= height:
        target = (size_px, int(size_px * height / width))
    else:
        target = (int(size_px * width / height), size_px)
    image = image.resize(target, Image.Resampling.BILINEAR)
    left, top = round((target[0] - size_px) / 2), round((target[1] - size_px) / 2)
    return np.asarray(image.crop((left, top, left + size_px, top + size_px)))


def decoded(path):
    """Upright RGB."""
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")
