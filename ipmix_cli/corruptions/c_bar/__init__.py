"""The corruptions of CIFAR-10-C-bar and ImageNet-C-bar, chosen to look unlike those of CIFAR-10-C and ImageNet-C.

Mintun, Kirillov and Xie, "On Interaction Between Augmentations and Corruptions in Natural Corruption Robustness",
NeurIPS 2021; github.com/facebookresearch/augmentation-corruption at ba4d5a5, imagenet_c_bar/corrupt.py.

Their code knows square pictures alone. Here lengths (radii, wavelengths, amplitudes) follow the short side, and places
the side that they lie along.
"""
