"""The network: RGB in, two logit maps at half resolution out (0: text region, 1: shrunk center line).

Two strided convolutions to stride 4; stages of depthwise and pointwise convolutions with residuals at strides 4, 8, 16
and 32; a top-down pyramid; pixel shuffle to stride 2. Every operator exists in ONNX opset 14 and in every runtime.
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

PIXEL_MEAN, PIXEL_SPREAD = 127.5, 64.0
OUTPUTS = 2
DEEP_WIDTH = 48  # of the pyramid at strides 32 and 16


@dataclass(frozen=True)
class Shape:
    """Widths and depths: of the first convolution, of the stages, of the pyramid at strides 8 and 4."""

    stem: int = 16
    widths: tuple[int, int, int, int] = (24, 64, 128, 192)
    blocks: tuple[int, int, int, int] = (2, 4, 5, 4)
    pyramid: int = 32


def convolution(
    inputs: int, outputs: int, size: int = 1, *, stride: int = 1, groups: int = 1, active: bool = True
) -> nn.Sequential:
    """A convolution with batch normalization and, if `active`, a ReLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if active else []))


class Block(nn.Module):
    """Depthwise, then pointwise convolution, with a residual where the shape allows."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.depthwise = convolution(inputs, inputs, size, stride=stride, groups=inputs)
        self.pointwise = convolution(inputs, outputs, active=False)
        self.residual = inputs == outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y = self.pointwise(self.depthwise(x))
        return functional.relu(x + y if self.residual else y)


def stage(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
    """A block that halves the resolution, then blocks that keep it."""
    first = Block(inputs, outputs, 5, 2)
    return nn.Sequential(first, *[Block(outputs, outputs, 5) for _ in range(blocks - 1)])


class TextNet(nn.Module):
    def __init__(self, shape: Shape = Shape()) -> None:
        super().__init__()
        at4, at8, at16, at32 = shape.widths
        narrow = shape.pyramid
        self.stem = nn.Sequential(convolution(3, shape.stem, 3, stride=2), convolution(shape.stem, at4, 3, stride=2))
        self.stage4 = nn.Sequential(*[Block(at4, at4) for _ in range(shape.blocks[0])])
        self.stage8 = stage(at4, at8, shape.blocks[1])
        self.stage16 = stage(at8, at16, shape.blocks[2])
        self.stage32 = stage(at16, at32, shape.blocks[3])
        self.lateral32 = convolution(at32, DEEP_WIDTH, active=False)
        self.lateral16 = convolution(at16, DEEP_WIDTH, active=False)
        self.lateral8 = convolution(at8, narrow, active=False)
        self.lateral4 = convolution(at4, narrow, active=False)
        self.merge16 = Block(DEEP_WIDTH, narrow)
        self.merge8 = Block(narrow, narrow)
        self.merge4 = Block(narrow, narrow)
        self.head = nn.Conv2d(narrow, 4 * OUTPUTS, 1)

    def forward(self, x: Tensor) -> Tensor:
        at4 = self.stage4(self.stem(x))
        at8 = self.stage8(at4)
        at16 = self.stage16(at8)
        at32 = self.stage32(at16)
        merged = self.merge16(functional.relu(self.lateral16(at16) + doubled(self.lateral32(at32))))
        merged = self.merge8(functional.relu(self.lateral8(at8) + doubled(merged)))
        merged = self.merge4(functional.relu(self.lateral4(at4) + doubled(merged)))
        return functional.pixel_shuffle(self.head(merged), 2)


class ScoutNet(nn.Module):
    """Says of each cell of 16 pixels whether text stands in it, for a quarter of what `TextNet` costs.

    The first convolution takes pixels four by four without overlap or padding, so that the scaling of the input can be
    made part of its weights.
    """

    def __init__(self, widths: tuple[int, int, int, int] = (32, 48, 96, 128), merged: int = 48) -> None:
        super().__init__()
        at4, at8, at16, at32 = widths
        self.stem = nn.Sequential(nn.Conv2d(3, at4, 4, 4, bias=False), nn.BatchNorm2d(at4), nn.ReLU(inplace=True))
        self.stage8 = stage(at4, at8, 2)
        self.stage16 = stage(at8, at16, 3)
        self.stage32 = stage(at16, at32, 3)
        self.lateral32 = convolution(at32, merged, active=False)
        self.lateral16 = convolution(at16, merged, active=False)
        self.merge16 = Block(merged, merged)
        self.head = nn.Conv2d(merged, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        at16 = self.stage16(self.stage8(self.stem(x)))
        at32 = self.stage32(at16)
        return self.head(self.merge16(functional.relu(self.lateral16(at16) + doubled(self.lateral32(at32)))))


def doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def normalized(x: Tensor) -> Tensor:
    return (x - PIXEL_MEAN) / PIXEL_SPREAD


class Deployed(nn.Module):
    """Float RGB of 0..=255 in, probabilities out: scaling and sigmoid are part of the graph."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.net(normalized(x)))


def scaled_in_weights(net: ScoutNet) -> nn.Module:
    """The same with the scaling in the weights of the first convolution, which has no padding: a pass over the picture less."""
    net = copy.deepcopy(net)
    plain, norm = net.stem[0], net.stem[1]
    first = nn.Conv2d(3, plain.out_channels, 4, 4)
    with torch.no_grad():
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = plain.weight * gain[:, None, None, None]
        first.weight.copy_(weight / PIXEL_SPREAD)
        first.bias.copy_(norm.bias - norm.running_mean * gain - weight.sum((1, 2, 3)) * PIXEL_MEAN / PIXEL_SPREAD)
    net.stem = nn.Sequential(first, nn.ReLU())
    return nn.Sequential(net, nn.Sigmoid())


# How modules were called in checkpoints of the first part of the training (see the model card).
FORMER_NAMES = {
    **{f"s{stride}": f"stage{stride}" for stride in (4, 8, 16, 32)},
    **{f"l{stride}": f"lateral{stride}" for stride in (4, 8, 16, 32)},
    **{f"m{stride}": f"merge{stride}" for stride in (4, 8, 16)},
    **{"dw": "depthwise", "pw": "pointwise"},
}
Weights = dict[str, Tensor]


def renamed(weights: Weights) -> Weights:
    """The weights under today's module names."""
    return {".".join(FORMER_NAMES.get(part, part) for part in name.split(".")): w for name, w in weights.items()}


def start_from(net: TextNet, weights: Weights) -> bool:
    """Loads a checkpoint of the same net or of a narrower, shallower one; true if it is the same.

    Where shapes differ the common part is copied, new inputs of old outputs start at zero and new residual blocks as
    the identity, so that the old function is nearly kept.
    """
    weights, exact, start = renamed(weights), True, {}
    for name, fresh in net.state_dict().items():
        old = weights.get(name)
        if old is not None and old.shape == fresh.shape:
            start[name] = old
            continue
        exact = False
        if old is None:
            start[name] = torch.zeros_like(fresh) if name.endswith("pointwise.1.weight") else fresh
            continue
        widened = fresh.clone()
        if fresh.dim() == 4:
            outputs, inputs = old.shape[:2]
            widened[:outputs] = 0
            widened[:outputs, :inputs] = old
        else:
            widened[: len(old)] = old
        start[name] = widened
    net.load_state_dict(start)
    return exact
