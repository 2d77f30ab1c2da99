"""Figures with sliders: computed in Python beforehand, drawn in the browser, with or without a kernel.

One front end (draw.js, slider.js, slider.css) draws whatever figure it is given as data. A figure is a dictionary:

    title      a name for screen readers
    controls   one per slider: label, colour, values (the text at each stop), marks (stops marked)
    panels     title, description, x and y (label, range, ticks as pairs of value and text), square, series
    series     kind line, dots, bars or band; colour; x, y and for a band top; optional label, dashed, thin
    readings   the numbers at every position, in words, nested as the controls are
    meanings   what they mean, a sentence for every position, nested in the same way
    places     positions worth a visit: label, position, and a sentence in place of the meaning
    start      the position that the reader finds; beside places there is a button that restores it

Shapes   x, y, top (stops of control 1, stops of control 2, ..., points), an axis of 1 where a control does
         not matter; bars have one x more than y, their edges. Colours are state, gradient, input, gate,
         other and ink, and mean what they mean in ch5.book.plots.
Read     book/chapters/04_jacobian.ipynb     Tested   tests/test_sliders.py, tests/browser/test_sliders.py

One module a notebook builds its figures: `ch5.book.sliders.jacobian` for page 4. The front end lies here, beside
the object that carries it into JupyterLab and into the page; what only a page needs, the script that
starts it there without a kernel, is book/_static/widgets.js.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from ch5.engine.weights import Array, as_numbers


def source(name: str) -> str:
    """The text of a script or a style sheet that lies here."""
    return Path(__file__).with_name(name).read_text("utf-8")


class Slider(anywidget.AnyWidget):
    """A figure with sliders. `position` counts stops from 0 and follows the reader's hand."""

    _esm = source("draw.js") + source("slider.js")
    _css = source("slider.css")
    figure = traitlets.Dict().tag(sync=True)
    data = traitlets.Bytes().tag(sync=True)
    position = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(self, figure: dict[str, Any]) -> None:
        """Check the figure and pack its arrays. Raises ValueError for shapes that do not fit or are not finite."""
        stops = [len(control["values"]) for control in figure["controls"]]
        for words in ("readings", "meanings"):
            if np.shape(figure[words]) != tuple(stops):
                raise ValueError(f"{words} must have shape {tuple(stops)}, got {np.shape(figure[words])}")
        for position in [figure["start"], *(place["position"] for place in figure["places"])]:
            _check_position(position, stops)
        packed: list[Array] = []
        described = _pack(figure, stops, packed)
        super().__init__(
            figure=described,
            data=np.concatenate(packed).astype("<f4").tobytes(),
            position=list(figure["start"]),
        )

    @traitlets.validate("position")
    def _there(self, proposal: Any) -> list[int]:
        """Refuse a stop that is not there, with the error at which traitlets goes back to the last position."""
        try:
            _check_position(
                proposal["value"], [len(control["values"]) for control in self.figure["controls"]]
            )
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None
        return proposal["value"]

    def __repr__(self) -> str:
        """The same on every run: notebooks compare it."""
        return f"Slider({', '.join(control['label'] for control in self.figure['controls'])})"


def control(label: str, colour: str, values: list[str], marks: Sequence[int] = ()) -> dict[str, Any]:
    """A slider: the text shown at each stop, and the stops that are marked below it."""
    return {"label": label, "colour": colour, "values": values, "marks": list(marks)}


def axis(label: str, low: float, high: float, ticks: dict[Any, str]) -> dict[str, Any]:
    """An axis from low to high, with the text at each tick."""
    return {"label": label, "range": [float(low), float(high)], "ticks": list(ticks.items())}


def series(kind: str, colour: str, x: Array, y: Array, **more: Any) -> dict[str, Any]:
    """What a panel draws; more is top, label, dashed or thin."""
    return {"kind": kind, "colour": colour, "x": x, "y": y, **more}


def _check_position(position: Sequence[int], stops: list[int]) -> None:
    if len(position) != len(stops) or not all(0 <= i < n for i, n in zip(position, stops, strict=True)):
        raise ValueError(f"a position must have stops below {stops}, got {position}")


def _pack(part: Any, stops: list[int], packed: list[Array]) -> Any:
    """The same description with every array replaced by where it lies among the packed numbers."""
    if isinstance(part, dict):
        if "kind" in part:  # a series, whose numbers may be given as lists
            part = part | {key: as_numbers(key, part[key]) for key in ("x", "y", "top") if key in part}
        return {key: _pack(value, stops, packed) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_pack(value, stops, packed) for value in part]
    if not isinstance(part, np.ndarray):
        return part
    array = as_numbers("an array of the figure", part)
    if array.ndim != len(stops) + 1 or any(n not in (1, s) for n, s in zip(array.shape, stops, strict=False)):
        needs = "".join(f"{s} or 1, " for s in stops)
        raise ValueError(f"an array of the figure must have shape ({needs}points), got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"an array of the figure must be finite, got NaN or infinity in shape {array.shape}")
    start = sum(a.size for a in packed)
    packed.append(array.ravel())
    return {"start": start, "shape": list(array.shape)}
