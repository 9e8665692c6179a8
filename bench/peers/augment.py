"""How many views a second do Albumentations, Pillow, torchvision and Kornia make with one thread?

    venv/bin/python bench/peers/augment.py            # needs bench/peers/requirements.txt

The same picture of 224 px and the same amounts as `cargo run --release -p handful-expand --example views_a_second`: half of each
operation's range towards its far end. Every output is materialised: a view of memory does not count. Prints
`operation,peer,images_a_second`, medians of nine rounds.
"""

import math
import os
import statistics
import time

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import albumentations as A
import cv2
import kornia
import numpy as np
import torch
from kornia import augmentation as K
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from torchvision.transforms import v2
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as F

SIDE = 224
ROUNDS, A_ROUND_S = 9, 0.06


def picture():
    i = np.arange(SIDE * SIDE * 3, dtype=np.uint64)
    x, y, c = i // 3 % SIDE, i // 3 // SIDE, i % 3
    edge = np.where((x // 20 + y // 30) % 2 == 0, 50, 0)
    value = 20 + x * (c + 1) // 4 + y // 5 + edge + i * 2654435761 % 17
    return value.astype(np.uint8).reshape(SIDE, SIDE, 3)


ARRAY = picture()
PIL = Image.fromarray(ARRAY)
TENSOR = torch.from_numpy(ARRAY).permute(2, 0, 1).contiguous()
FLOATS = TENSOR[None].float() / 255


def albumentations(transform):
    return lambda: np.ascontiguousarray(transform(image=ARRAY)["image"])


def pillow(work):
    return lambda: work(PIL).load()


def torchvision(work):
    return lambda: work(TENSOR).contiguous()


def kornia_of(work):
    return lambda: work(FLOATS).contiguous()


def affine(**changed):
    arguments = dict(angle=0.0, translate=[0, 0], scale=1.0, shear=[0.0, 0.0], interpolation=InterpolationMode.BILINEAR)
    arguments.update(changed)
    return lambda image: F.affine(image, **arguments)


def warp(matrix):
    bilinear = Image.Resampling.BILINEAR
    return lambda image: image.transform(image.size, Image.Transform.AFFINE, matrix, bilinear)


def centred(a, b, d, e):
    """Output to input round the middle."""
    m = SIDE / 2
    return (a, b, m - a * m - b * m, d, e, m - d * m - e * m)


def all_of():
    """Operation, peer, what makes one view."""
    linear = cv2.INTER_LINEAR
    reflect = cv2.BORDER_REFLECT_101
    slant = math.degrees(math.atan(0.495))
    always = dict(p=1.0)
    k = dict(p=1.0, same_on_batch=True)

    yield "horizontal_flip", "albumentations", albumentations(A.HorizontalFlip(**always))
    yield "horizontal_flip", "pillow", pillow(ImageOps.mirror)
    yield "horizontal_flip", "torchvision", torchvision(F.horizontal_flip)
    yield "horizontal_flip", "kornia", kornia_of(kornia.geometry.transform.hflip)
    yield "vertical_flip", "albumentations", albumentations(A.VerticalFlip(**always))
    yield "vertical_flip", "pillow", pillow(ImageOps.flip)
    yield "vertical_flip", "torchvision", torchvision(F.vertical_flip)
    yield "vertical_flip", "kornia", kornia_of(kornia.geometry.transform.vflip)
    yield "quarter_turns", "albumentations", albumentations(A.RandomRotate90(**always))
    yield "quarter_turns", "pillow", pillow(lambda i: i.transpose(Image.Transpose.ROTATE_90))
    yield "quarter_turns", "torchvision", torchvision(lambda i: torch.rot90(i, 1, [1, 2]))
    yield "rotation", "albumentations", albumentations(A.Rotate((90, 90), linear, reflect, **always))
    yield "rotation", "pillow", pillow(lambda i: i.rotate(-89, Image.Resampling.BILINEAR))
    yield "rotation", "torchvision", torchvision(affine(angle=90.0))
    yield "rotation", "kornia", kornia_of(K.RandomRotation((90.0, 90.0), **k))
    for name, percent, shift, matrix in [
        ("translate_x", {"x": (0.25, 0.25), "y": (0, 0)}, [56, 0], (1, 0, -56, 0, 1, 0)),
        ("translate_y", {"x": (0, 0), "y": (0.25, 0.25)}, [0, 56], (1, 0, 0, 0, 1, -56)),
    ]:
        yield name, "albumentations", albumentations(A.Affine(translate_percent=percent, border_mode=reflect, **always))
        yield name, "pillow", pillow(warp(matrix))
        yield name, "torchvision", torchvision(affine(translate=shift))
    yield "zoom", "albumentations", albumentations(A.Affine(scale=(1.5, 1.5), border_mode=reflect, **always))
    yield "zoom", "pillow", pillow(warp(centred(1 / 1.5, 0, 0, 1 / 1.5)))
    yield "zoom", "torchvision", torchvision(affine(scale=1.5))
    yield "zoom", "kornia", kornia_of(K.RandomAffine(0.0, scale=(1.5, 1.5), **k))
    for name, axis, matrix in [("shear_x", "x", centred(1, 0.495, 0, 1)), ("shear_y", "y", centred(1, 0, 0.495, 1))]:
        shear = {"x": (0, 0), "y": (0, 0)} | {axis: (slant, slant)}
        degrees = [slant, 0.0] if axis == "x" else [0.0, slant]
        yield name, "albumentations", albumentations(A.Affine(shear=shear, border_mode=reflect, **always))
        yield name, "pillow", pillow(warp(matrix))
        yield name, "torchvision", torchvision(affine(shear=degrees))
        yield name, "kornia", kornia_of(K.RandomAffine(0.0, shear=(slant, slant), **k))
    yield "perspective", "albumentations", albumentations(A.Perspective((0.2, 0.2), border_mode=reflect, **always))
    yield "perspective", "torchvision", torchvision(v2.RandomPerspective(0.4, p=1.0))
    yield "perspective", "kornia", kornia_of(K.RandomPerspective(0.4, **k))
    cut = A.RandomResizedCrop((SIDE, SIDE), scale=(0.54, 1.0), **always)
    yield "crop", "albumentations", albumentations(cut)
    yield "crop", "torchvision", torchvision(v2.RandomResizedCrop(SIDE, scale=(0.54, 1.0), antialias=True))
    yield "crop", "kornia", kornia_of(K.RandomResizedCrop((SIDE, SIDE), scale=(0.54, 1.0), **k))
    yield "elastic", "albumentations", albumentations(A.ElasticTransform(alpha=100, sigma=20, border_mode=reflect, **always))
    yield "elastic", "torchvision", torchvision(v2.ElasticTransform(alpha=100.0, sigma=20.0))
    yield "elastic", "kornia", kornia_of(K.RandomElasticTransform(**k))
    for name, enhance, function, jitter in [
        ("brightness", ImageEnhance.Brightness, F.adjust_brightness, A.ColorJitter((3, 3), (1, 1), (1, 1), (0, 0), **always)),
        ("contrast", ImageEnhance.Contrast, F.adjust_contrast, A.ColorJitter((1, 1), (3, 3), (1, 1), (0, 0), **always)),
        ("saturation", ImageEnhance.Color, F.adjust_saturation, A.ColorJitter((1, 1), (1, 1), (3, 3), (0, 0), **always)),
    ]:
        yield name, "albumentations", albumentations(jitter)
        yield name, "pillow", pillow(lambda i, enhance=enhance: enhance(i).enhance(3.0))
        yield name, "torchvision", torchvision(lambda i, function=function: function(i, 3.0))
    yield "brightness", "kornia", kornia_of(lambda i: kornia.enhance.adjust_brightness_accumulative(i, 3.0))
    yield "contrast", "kornia", kornia_of(lambda i: kornia.enhance.adjust_contrast_with_mean_subtraction(i, 3.0))
    yield "saturation", "kornia", kornia_of(lambda i: kornia.enhance.adjust_saturation(i, 3.0))
    yield "hue", "albumentations", albumentations(A.ColorJitter((1, 1), (1, 1), (1, 1), (0.25, 0.25), **always))
    yield "hue", "torchvision", torchvision(lambda i: F.adjust_hue(i, 0.25))
    yield "hue", "kornia", kornia_of(lambda i: kornia.enhance.adjust_hue(i, math.pi / 2))
    yield "gamma", "albumentations", albumentations(A.RandomGamma((200, 200), **always))
    yield "gamma", "torchvision", torchvision(lambda i: F.adjust_gamma(i, 2.0))
    yield "gamma", "kornia", kornia_of(lambda i: kornia.enhance.adjust_gamma(i, 2.0))
    yield "sharpness", "pillow", pillow(lambda i: ImageEnhance.Sharpness(i).enhance(3.0))
    yield "sharpness", "torchvision", torchvision(lambda i: F.adjust_sharpness(i, 3.0))
    yield "sharpness", "kornia", kornia_of(lambda i: kornia.enhance.sharpness(i, 3.0))
    yield "posterize", "albumentations", albumentations(A.Posterize((4, 4), **always))
    yield "posterize", "pillow", pillow(lambda i: ImageOps.posterize(i, 4))
    yield "posterize", "torchvision", torchvision(lambda i: F.posterize(i, 4))
    yield "posterize", "kornia", kornia_of(lambda i: kornia.enhance.posterize(i, 4))
    yield "solarize", "albumentations", albumentations(A.Solarize((0.5, 0.5), **always))
    yield "solarize", "pillow", pillow(lambda i: ImageOps.solarize(i, 128))
    yield "solarize", "torchvision", torchvision(lambda i: F.solarize(i, 128))
    yield "solarize", "kornia", kornia_of(lambda i: kornia.enhance.solarize(i, 0.5))
    yield "autocontrast", "albumentations", albumentations(A.AutoContrast(**always))
    yield "autocontrast", "pillow", pillow(ImageOps.autocontrast)
    yield "autocontrast", "torchvision", torchvision(F.autocontrast)
    yield "equalize", "albumentations", albumentations(A.Equalize(by_channels=True, **always))
    yield "equalize", "pillow", pillow(ImageOps.equalize)
    yield "equalize", "torchvision", torchvision(F.equalize)
    yield "equalize", "kornia", kornia_of(kornia.enhance.equalize)
    yield "clahe", "albumentations", albumentations(A.CLAHE((4.5, 4.5), **always))
    yield "clahe", "kornia", kornia_of(lambda i: kornia.enhance.equalize_clahe(i, 4.5))
    yield "grayscale", "albumentations", albumentations(A.ToGray(**always))
    yield "grayscale", "pillow", pillow(lambda i: i.convert("L").convert("RGB"))
    yield "grayscale", "torchvision", torchvision(lambda i: F.rgb_to_grayscale(i, num_output_channels=3))
    yield "channel_shuffle", "albumentations", albumentations(A.ChannelShuffle(**always))
    yield "channel_shuffle", "torchvision", torchvision(lambda i: F.permute_channels(i, [1, 2, 0]))
    sigma = 0.02 * SIDE
    size = 2 * math.ceil(3 * sigma) + 1
    yield "gaussian_blur", "albumentations", albumentations(A.GaussianBlur((size, size), (sigma, sigma), **always))
    yield "gaussian_blur", "pillow", pillow(lambda i: i.filter(ImageFilter.GaussianBlur(sigma)))
    yield "gaussian_blur", "torchvision", torchvision(lambda i: F.gaussian_blur(i, [size, size], [sigma, sigma]))
    yield "gaussian_blur", "kornia", kornia_of(lambda i: kornia.filters.gaussian_blur2d(i, (size, size), (sigma, sigma)))
    yield "motion_blur", "albumentations", albumentations(A.MotionBlur((13, 13), **always))
    yield "motion_blur", "kornia", kornia_of(K.RandomMotionBlur(13, 45.0, 0.0, **k))
    yield "gaussian_noise", "albumentations", albumentations(A.GaussNoise((32 / 255, 32 / 255), **always))
    yield "gaussian_noise", "torchvision", torchvision(lambda i: F.gaussian_noise(i.float() / 255, 0.0, 32 / 255))
    yield "shot_noise", "albumentations", albumentations(A.ShotNoise((0.1, 0.1), **always))
    yield "iso_noise", "albumentations", albumentations(A.ISONoise(intensity=(0.3, 0.3), **always))
    yield "jpeg", "albumentations", albumentations(A.ImageCompression(quality_range=(52, 52), **always))
    yield "jpeg", "torchvision", torchvision(lambda i: F.jpeg(i, 52))
    area = dict(downscale=cv2.INTER_AREA, upscale=linear)
    yield "downscale", "albumentations", albumentations(A.Downscale((0.55, 0.55), area, **always))
    yield "erasing", "albumentations", albumentations(A.Erasing(scale=(0.025, 0.25), **always))
    yield "erasing", "torchvision", torchvision(v2.RandomErasing(p=1.0, scale=(0.025, 0.25)))
    yield "erasing", "kornia", kornia_of(K.RandomErasing(scale=(0.025, 0.25), **k))
    holes = dict(num_holes_range=(8, 8), hole_height_range=(0.177, 0.177), hole_width_range=(0.177, 0.177))
    yield "coarse_dropout", "albumentations", albumentations(A.CoarseDropout(**holes, **always))
    yield "fog", "albumentations", albumentations(A.RandomFog(fog_coef_range=(0.45, 0.45), **always))
    yield "shadow", "albumentations", albumentations(A.RandomShadow(**always))
    yield "glare", "albumentations", albumentations(A.RandomSunFlare(**always))

    colours = A.ColorJitter((0.8, 1.2), (0.8, 1.2), (0.8, 1.2), (0, 0), p=1.0)
    usual = [A.HorizontalFlip(p=0.5), A.Rotate((-15, 15), linear, reflect, p=1.0), colours]
    yield "policy usual", "albumentations", albumentations(A.Compose(usual))
    jitter = v2.ColorJitter(0.2, 0.2, 0.2)
    turn = v2.RandomRotation(15, InterpolationMode.BILINEAR)
    usual = v2.Compose([v2.RandomHorizontalFlip(), turn, jitter])
    yield "policy usual", "torchvision", torchvision(usual)
    yield "policy usual", "pillow", pillow(usual)
    usual = torch.nn.Sequential(K.RandomHorizontalFlip(), K.RandomRotation(15.0, p=1.0), K.ColorJitter(0.2, 0.2, 0.2, p=1.0))
    yield "policy usual", "kornia", kornia_of(usual)
    yield "policy trivial_augment_wide", "torchvision", torchvision(v2.TrivialAugmentWide())
    yield "policy trivial_augment_wide", "pillow", pillow(v2.TrivialAugmentWide())
    yield "policy rand_augment", "torchvision", torchvision(v2.RandAugment())
    yield "policy rand_augment", "pillow", pillow(v2.RandAugment())


def a_second(make):
    make()
    speeds = []
    for _ in range(ROUNDS):
        started, n = time.perf_counter(), 0
        while time.perf_counter() - started < A_ROUND_S:
            make()
            n += 1
        speeds.append(n / (time.perf_counter() - started))
    return statistics.median(speeds)


def main():
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    print("operation,peer,images_a_second")
    for operation, peer, make in all_of():
        print(f"{operation},{peer},{a_second(make):.0f}", flush=True)


if __name__ == "__main__":
    main()
