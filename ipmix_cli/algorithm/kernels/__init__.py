"""Everything numba compiles for the algorithm, in one folder: the disk cache is keyed on the folder's source.

Conventions: pictures are flat uint8 arrays, rows of interleaved RGB; ``size`` is (height, width); ``box`` is (top,
left, height, width); a target holds the box and nothing else; whatever a kernel needs beside that is passed in.
"""
