"""Everything numba compiles for the algorithm, in one folder: the disk cache is keyed on the folder's source.

Conventions: pictures are flat uint8 arrays, rows of interleaved RGB. A ``frame`` says what is made of a picture: its
height and width, then top, left, height and width of the box. A target holds the box and nothing else. Indices are
unsigned (``frames.py``): numba lets signed ones count from the end, and the test for that costs half of the speed.
"""
