"""Perturbation sequences: a picture that changes slowly from frame to frame, as in ImageNet-P and CIFAR-10-P."""
