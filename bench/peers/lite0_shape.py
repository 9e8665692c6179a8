"""What every definition of EfficientNet-Lite0 here has in common; needs no package, so that a peer loads only its own."""

from pathlib import Path

WEIGHTS = Path(__file__).resolve().parents[2] / "crates/handful-learn/weights/efficientnet_lite0.safetensors"
# (kernel, stride of the first block, blocks); channels and expansion follow from the tensors.
STAGES = [(3, 1, 1), (3, 2, 2), (5, 2, 2), (3, 2, 3), (5, 1, 3), (5, 2, 4), (3, 1, 1)]
NORM_EPS = 1e-3


def same_padding(size, kernel, stride):
    """Pixels before and after: TensorFlow's SAME."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
