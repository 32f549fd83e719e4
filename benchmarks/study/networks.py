"""The networks that the study trains: a small ResNet, and the paper's WRN-40-4."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional


def _convolution(channels: int, filters: int, stride: int = 1, side: int = 3) -> nn.Sequential:
    layer = nn.Conv2d(channels, filters, side, stride, 1, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(filters), nn.ReLU())


class _Residual(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(_convolution(channels, channels), _convolution(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.branch(x)


def resnet(classes: int) -> nn.Module:
    """Return a ResNet of 0.4 million weights that one core trains at some 3,000 pictures per second, in bfloat16."""
    return nn.Sequential(
        _convolution(3, 32, 2, side=4),  # 16 x 16
        _convolution(32, 64, 2),
        _convolution(64, 128, 2),  # 4 x 4
        _Residual(128),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(128, classes),
    )


class _Wide(nn.Module):
    """A block of a wide residual network (Zagoruyko and Komodakis, 2016): normalised before each convolution."""

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.first = nn.BatchNorm2d(channels)
        self.inner = nn.Sequential(
            nn.Conv2d(channels, filters, 3, stride, 1, bias=False),
            nn.BatchNorm2d(filters),
            nn.ReLU(),
            nn.Conv2d(filters, filters, 3, 1, 1, bias=False),
        )
        same = channels == filters and stride == 1
        self.shortcut = None if same else nn.Conv2d(channels, filters, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        ready = functional.relu(self.first(x))
        return self.inner(ready) + (x if self.shortcut is None else self.shortcut(ready))


def wide_resnet(classes: int, depth: int = 40, width: int = 4) -> nn.Module:
    """Return WRN-depth-width, without dropout."""
    blocks, channels = (depth - 4) // 6, 16
    layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, 1, 1, bias=False)]
    for group, filters in enumerate((16 * width, 32 * width, 64 * width)):
        for block in range(blocks):
            layers.append(_Wide(channels, filters, 2 if group and not block else 1))
            channels = filters
    head = [nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]
    return nn.Sequential(*layers, *head)


NETWORKS: dict[str, Callable[[int], nn.Module]] = {"resnet": resnet, "wrn-40-4": wide_resnet}


def loaded(network: str, classes: int, weights: str) -> nn.Module:
    """Return a trained network, as ``ipmix evaluate --torch`` wants it."""
    made = NETWORKS[network](classes)
    made.load_state_dict(torch.load(weights, weights_only=True))
    return made.eval()
