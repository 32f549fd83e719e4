"""Mean colours and deviations of data sets, in 8 bits: what the zero of normalised pictures is."""

from __future__ import annotations

CIFAR10_MEAN = (125, 123, 114)  # 0.4914, 0.4822, 0.4465 of 255
CIFAR100_MEAN = (129, 124, 112)  # 0.5071, 0.4867, 0.4408
SVHN_MEAN = (112, 113, 121)  # 0.4377, 0.4438, 0.4728
IMAGENET_MEAN = (124, 116, 104)  # 0.485, 0.456, 0.406
IMAGENET_DEVIATION = (58, 57, 57)  # 0.229, 0.224, 0.225
