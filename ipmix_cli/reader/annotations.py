"""Labels and kept fields as training takes them: tensors' types, and nothing that a loader cannot stack."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ipmix_cli.annotations import Annotation, AnnotationSpec, Value


def labels_of(annotations: Sequence[Annotation], spec: AnnotationSpec) -> Any:
    """Return labels that are no classes: float32 (N,), (N, D) or (N, C), a list of texts, or None if there are none.

    >>> labels_of([Annotation((0, 1)), Annotation((1, 1))], AnnotationSpec(labels="multilabel", length=2)).tolist()
    [[0.0, 1.0], [1.0, 1.0]]
    """
    if spec.labels == "none":
        return None
    labels = [one.label for one in annotations]
    return labels if spec.labels == "text" else np.array(labels, np.float32)


def fields_of(annotation: Annotation, spec: AnnotationSpec) -> dict[str, Any]:
    """Return the kept fields of a sample by name: numbers, arrays, text, or what a field of JSON holds."""
    pairs = zip(spec.fields, annotation.fields, strict=True)
    return {field.name: _field(value, field.dtype) for field, value in pairs}


def _field(value: Value, dtype: str) -> Any:
    if dtype == "json":
        return json.loads(str(value))
    return np.array(value, dtype) if isinstance(value, tuple) else value
