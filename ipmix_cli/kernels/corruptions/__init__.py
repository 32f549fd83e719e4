"""Kernels of the corruptions: random fields, filters, zooms and colour, in the order of operations of NumPy and SciPy.

Float arithmetic is done in the order of the published code, as its results are truncated to bytes: one rounding error
turns 200 into 199. Pictures are (H, W, 3) uint8; float work is flat or (H, W * C).
"""
