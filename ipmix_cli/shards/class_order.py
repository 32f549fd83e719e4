"""Classes as other readers number them, and whether that agrees with a data set's labels.

torchvision's ImageFolder numbers the folders that are there, in the order of their names; Hugging Face's class labels
need a name of its own for each class.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

CLASS_FOLDERS = ("files", "folders")
"""The output formats that torchvision's ImageFolder reads."""


def distinct_names(class_names: Sequence[str]) -> list[str]:
    """Return a name of its own for each class: one that was there before gets its label's number.

    >>> distinct_names(["crane", "hen", "crane", "crane_2"])
    ['crane', 'hen', 'crane_2_', 'crane_2']
    """
    if len(set(class_names)) == len(class_names):
        return list(class_names)
    found: dict[str, None] = {}
    for label, name in enumerate(class_names):
        unique = name
        if name in found:
            unique = f"{name}_{label}"
            while unique in found or unique in class_names:
                unique += "_"
        found[unique] = None
    return list(found)


def class_without_folder(labels: Collection[int]) -> int | None:
    """Return the first label that has no pictures though a later one has; None if there is none.

    It gets no folder, so that ImageFolder would number each later class one lower.

    >>> class_without_folder({0, 2}), class_without_folder({0, 1})
    (1, None)
    """
    return next((label for label in range(max(labels, default=-1)) if label not in labels), None)
