"""The numbers by which plans and kernels name operations, mixings and the columns of a plan's row.

A plan's row is made of 8-byte words, seen both as integers and as reals:
four head words, a weight per chain, a length per chain, then the steps, ``STEP_WORDS`` each.
"""

EQUALIZE = 0
MIRROR = 1
INVERT = 2
POSTERIZE = 3
SOLARIZE = 4
ROTATE = 5
SHEAR_X = 6
SHEAR_Y = 7
TRANSLATE_X = 8
TRANSLATE_Y = 9
AUTOCONTRAST = 10
COLOR = 11
CONTRAST = 12
BRIGHTNESS = 13
SHARPNESS = 14
# Of sequences alone (``sequence.py``)
IDENTITY = 15
SOLARIZE_ADD = 16
ERASE = 17
ERASE_WITH_NOISE = 18

# How a geometric operation of a sequence takes pixels: the numbers of Pillow's Image.Resampling
NEAREST = 0
BILINEAR = 2
BICUBIC = 3

ADD = 0
MULTIPLY = 1
RANDOM_PIXELS = 2
RANDOM_ELEMENTS = 3

# What becomes of mixed values outside [0, 1], and in which arithmetic; the published code's is float32
CLIP = 0
WRAP = 1
CLIP_SINGLE = 2

# Kinds of a step, and of a partner
OPERATION = 0
MIXING = 1
PARTNER_MIXING_PICTURE = 0
PARTNER_OPERATION = 1

# Head of a row
BLEND = 0
MIXING_INDEX = 1
CROP_TOP = 2
CROP_LEFT = 3
HEAD_WORDS = 4

# Words of one step
KIND = 0
CODE = 1
PARAMETER = 2
A = 3
B = 4
P = 5
TOP = 6
LEFT = 7
HEIGHT = 8
WIDTH = 9
PARTNER = 10
PARTNER_CODE = 11
PARTNER_PARAMETER = 12
MASK_KEY = 13
STEP_WORDS = 14

# Slots of a copy's stream. Every draw has its own place, so that no draw depends on how many came before it.
DRAW_BLEND = 0
DRAW_MIXING = 1
DRAW_CROP_TOP = 2
DRAW_CROP_LEFT = 3
HEAD_DRAWS = 4

DRAW_WEIGHT = 0
DRAW_CHAIN_KIND = 1
DRAW_LENGTH = 2
CHAIN_DRAWS = 3  # and then max_steps times:

DRAW_CODE = 0  # of three: code, level, sign
DRAW_PATCH_SIZE = 3
DRAW_LEFT = 4
DRAW_TOP = 5
DRAW_SQUARE = 6
DRAW_WIDTH = 7
DRAW_HEIGHT = 8
DRAW_PARTNER = 9
DRAW_PARTNER_CODE = 10  # of three as well
DRAW_BRANCH = 13
DRAW_A = 14
DRAW_B = 15
DRAW_MASK = 16
STEP_DRAWS = 17

# Words of one step of a sequence; a row is its length, then the steps
SEQUENCE_LENGTH = 0
SEQUENCE_HEAD_WORDS = 1
OP_CODE = 0
OP_PARAMETER = 1
OP_RESAMPLE = 2
OP_FILL = 3
OP_NUMBERS = 4  # six words: a matrix, or the mean and standard deviation of noise
OP_TOP = 10
OP_LEFT = 11
OP_HEIGHT = 12
OP_WIDTH = 13
OP_KEY = 14
OP_WORDS = 15

# PRIME: operators, and the words of one step; a row is the blend, weights, lengths, then the steps
DISPLACE = 0
COLOUR = 1
FILTER = 2
PRIME_CODE = 0
PRIME_KEY = 1
PRIME_FIRST = 2
PRIME_COUNT = 3
PRIME_SCALE = 4
PRIME_NUMBERS = 5  # nine words: a filter
PRIME_WORDS = 14
