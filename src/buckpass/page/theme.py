"""The grammar of all figures: colours, type, what every figure says about itself, and how it becomes a file."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import KW_ONLY, dataclass
from functools import cache
from html import escape, unescape
from typing import Any, Literal, NamedTuple
from xml.etree import ElementTree

import altair as alt
import numpy as np
from altair.utils import schemapi

from buckpass.case import Case
from buckpass.page.drawing import Draw, Drawing, drawn_here
from buckpass.results.words import percent

__all__ = [
    "BASIS_WORDS", "INK", "PALE", "VERDICT_COLOURS", "VERDICT_WORDS", "Figure", "Layered", "PictureFormat", "RowName", "Unchanged", "ink_on", "inline", "is_settled",
    "label_colours", "lighter", "linked", "narrowed", "power_colours", "rung_colours", "styled", "unchecked",
]  # fmt: skip

Layered = alt.LayerChart | alt.FacetChart  # what Altair says a layered chart with properties is
PictureFormat = Literal["svg", "png", "pdf"]
INK, PALE, RULE = "#1f2328", "#6b7280", "#d5d9e0"
# Arial and its metric twins: text is measured where the figure is drawn and set where it is read.
FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
# One hue from light to dark, so that the order survives grey print and every common colour vision.
_LIGHT_RUNGS = ("#eef2f7", "#d3dfee", "#b0c6e0", "#86a7cd")
_DARK_RUNGS = ("#4a74a6", "#335f95", "#123a6b")
VERDICT_COLOURS = {
    "supported": "#1b7f5c", "partly": "#2f6f8f", "contradicted": "#b3402e", "undecided": "#8a6d1d", "premise": "#54608a",
    "not_computed": "#6b7280",
}  # fmt: skip
VERDICT_WORDS = {  # in the order in which they are shown
    "supported": "supported", "partly": "partly", "undecided": "undecided", "contradicted": "contradicted",
    "premise": "premise of the model", "not_computed": "not computed",
}  # fmt: skip
BASIS_WORDS = {
    "seen": "source text seen", "recalled": "recalled, text not seen",
    "absence": "looked for, nothing found", "unsearched": "nobody looked: missing, not zero",
}  # fmt: skip
WRAP = 92  # characters of a title line at the width of a page figure
LEAST_CONTRAST = 4.5  # of text on white
LONGEST_LABEL = 260  # pixels of a name in a picture; what is longer ends in an ellipsis, and stands whole in the text
PHONE = 210  # pixels of plot that a phone shows beside the labels of an axis
_SVG = "http://www.w3.org/2000/svg"
_INHERITED = ("fill", "stroke", "stroke-width", "font-family", "font-size", "font-weight", "font-style", "text-anchor")
_SILENT = ("role", "aria-label", "aria-hidden", "aria-roledescription", "pointer-events", "version")
_DEFAULTS = {"opacity": "1", "fill-opacity": "1", "stroke-opacity": "1", "transform": "translate(0,0)"}
_LENGTHS = ("d", "transform", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "dx", "dy")
_DECIMALS_OF = dict.fromkeys(_LENGTHS, 1) | dict.fromkeys(("opacity", "fill-opacity", "stroke-opacity"), 2)
_KEPT_CLASS = "role-axis-label"  # so that labels of axes can be told from those of marks
_DECIMALS = re.compile(r"-?\d*\.\d+(?:e-?\d+)?")
_NUMBER = r"(-?\d*\.?\d+)"
_START, _MOVED = (
    re.compile(rf"M{_NUMBER},{_NUMBER}(?=[a-z]+[^A-Y]*$)"),
    re.compile(rf"translate\({_NUMBER},{_NUMBER}\)"),
)
_LEVELS = re.compile(r"rgb\((\d+), (\d+), (\d+)\)")
_TEXT = re.compile("<text[^>]*>([^<]*)</text>")
_TEXTS = re.compile(f"<g([^>]*)>((?:{_TEXT.pattern.replace('(', '(?:')})+)</g>")
_IDS = re.compile(r'(id="|url\(#|href="#)([A-Za-z][\w-]*)')


class RowName(NamedTuple):
    """A name as it is printed in a figure, which may have cut it, what it says in full, and where it leads on the page."""

    label: str
    says: str
    anchor: str


@dataclass(frozen=True)
class Figure:
    """A chart with what a reader needs: the finding as title, n and interval, years, unit, sources, and its text in words.

    years : what the figure covers, as `1991–2025`. unit : of what is drawn.
    `narrow` is the chart for a phone where it is another than the same one with smaller plots. one_size : a phone shows the
    chart as it is. A chart may be written as Vega-Lite itself. rows : of names in it, as printed there, that stand for a crisis:
    what each says in full, and the place on the page to which it leads.
    """

    name: str
    title: str
    note: str
    source: str
    alt_text: str
    chart: alt.TopLevelMixin | dict[str, Any]
    narrow: alt.TopLevelMixin | None = None
    _: KW_ONLY
    years: str
    unit: str
    one_size: bool = False
    rows: tuple[RowName, ...] = ()

    @property
    def about(self) -> str:
        """The note with the years that the figure covers and the unit that it draws."""
        return f"{self.note} Years: {self.years}. Unit: {self.unit}."

    def whole(self) -> alt.TopLevelMixin:
        """The chart with title, note and source drawn in it, for a notebook or a file of its own."""
        below = [*textwrap.wrap(self.about, WRAP + 20), *textwrap.wrap(self.source, WRAP + 20)]
        title = alt.TitleParams(textwrap.wrap(self.title, WRAP), subtitle=below)
        chart = alt.Chart.from_dict(self.chart) if isinstance(self.chart, dict) else self.chart
        return styled(chart.properties(title=title))  # type: ignore[attr-defined]

    def picture(self, format: PictureFormat) -> bytes:
        """The figure as a file: `svg`, `png` or `pdf`, without network."""
        import vl_convert

        spec = self.whole().to_json()
        if format == "svg":
            return vl_convert.vegalite_to_svg(spec).encode()
        return vl_convert.vegalite_to_png(spec, scale=2.0) if format == "png" else vl_convert.vegalite_to_pdf(spec)

    def svg(self) -> str:
        """The bare chart as SVG for a page that prints title and notes as text; ids are its own."""
        return self.asked(drawn_here)()

    def asked(self, draw: Draw) -> Drawing:
        """`svg`, asked for now and taken later."""
        return _asked(draw, _specified(self.chart), self.name)

    def asked_narrow(self, draw: Draw) -> Drawing:
        """The same for a phone: panels one below the other, text as large as on a screen."""
        spec = narrowed(_specified(self.chart)) if self.narrow is None else _specified(self.narrow)
        return _asked(draw, spec, f"{self.name}-narrow")

    def _repr_mimebundle_(self, *_args, **_options):
        return self.whole()._repr_mimebundle_()


def inline(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows as a chart's data: in a tuple, since Altair copies every list of a chart at every step, and checks what it wraps."""
    return {"values": tuple(rows)}


class Unchanged(alt.InlineData):
    """TopoJSON of countries, of which Altair makes no copy with every step of a chart: half of a map's time went there."""

    def __deepcopy__(self, memo: Any = None) -> Unchanged:
        return self


def unchecked() -> AbstractContextManager[None]:
    """Charts put together without a check of every part against the grammar of Vega-Lite: a fifth of their time, for what was checked
    when it was written."""
    return schemapi.debug_mode(False)


def _specified(chart: alt.TopLevelMixin | dict[str, Any]) -> dict[str, Any]:
    """What `styled(chart)` is as a specification, without a copy of the chart for each part of the style, and unchecked."""
    spec = chart if isinstance(chart, dict) else chart.to_dict(validate=False)
    return spec | {"config": _style()}  # type: ignore[operator]


@cache
def _style() -> dict[str, Any]:
    return styled(alt.Chart(inline(())).mark_point()).to_dict()["config"]  # type: ignore[attr-defined]


def _asked(draw: Draw, spec: dict[str, Any], name: str) -> Drawing:
    # what is read aloud is the text beside the picture: labels of single marks would be half of the page
    waiting = draw(spec | {"config": spec["config"] | {"aria": False}})
    return lambda: _with_own_ids(lighter(waiting()), re.sub("[^a-z0-9]", "-", name.lower()))


def _with_own_ids(svg: str, name: str) -> str:
    """Ids with the figure's name, numbered from 1: who draws counts on from one picture to the next.

    >>> _with_own_ids('<g id="clip7"/><use href="#clip7"/><g id="clip9"/>', "map")
    '<g id="map-clip1"/><use href="#map-clip1"/><g id="map-clip2"/>'
    """
    seen: dict[str, int] = {}

    def own(found: re.Match[str]) -> str:
        return f"{found[1]}{name}-{found[2].rstrip('0123456789')}{seen.setdefault(found[2], len(seen) + 1)}"

    return _IDS.sub(own, svg)


def lighter(svg: str) -> str:
    """The same picture in half the bytes: to tenths of a pixel, without what is not drawn, what all parts share said once.

    >>> bare = '<svg xmlns="http://www.w3.org/2000/svg">{}</svg>'
    >>> print(lighter(bare.format('<g><path d="M0.123,1" fill="red" opacity="1"/><path display="none"/></g>')))
    <svg xmlns="http://www.w3.org/2000/svg"><g fill="red"><path d="M0.1,1" /></g></svg>
    """
    root = ElementTree.fromstring(svg)  # drawn here from a specification, never a stranger's file
    _lighten(root)
    root.set("xmlns", _SVG)
    return ElementTree.tostring(root, encoding="unicode")


def linked(svg: str, rows: Iterable[RowName]) -> str:
    """The picture with the names of its rows as links that say them in full; other text in it, told elsewhere, is not read aloud.

    >>> linked('<g a="1"><text>Long… 1992</text></g><g><text>6</text></g>', [RowName("Long… 1992", "Long war", "crisis-1")])
    '<g a="1"><a href="#crisis-1"><title>Long war</title><text>Long… 1992</text></a></g><g aria-hidden="true"><text>6</text></g>'
    """
    left: dict[str, list[RowName]] = {}
    for row in rows:
        left.setdefault(row.label, []).append(row)

    def named(text: re.Match[str]) -> str:
        waiting = left.get(unescape(text[1]))
        if not waiting:
            return text[0]
        row = waiting.pop(0)
        return f'<a href="#{row.anchor}"><title>{escape(row.says)}</title>{text[0]}</a>'

    def group(found: re.Match[str]) -> str:
        inside = _TEXT.sub(named, found[2])
        unread = "" if inside != found[2] else ' aria-hidden="true"'
        return f"<g{found[1]}{unread}>{inside}</g>"

    return _TEXTS.sub(group, svg)


def _lighten(part: ElementTree.Element) -> None:
    part.tag = part.tag.removeprefix(f"{{{_SVG}}}")
    part[:] = [one for one in part if not _is_unseen(one)]
    for one in part:
        _lighten(one)
    kept = _joined([one for one in part if one.tag != "g" or len(one)])
    for name in _INHERITED if part.tag == "g" else ():
        said = {one.get(name) for one in kept}
        shared = said.pop() if len(said) == 1 else None
        if shared is not None:
            part.set(name, shared)
            for one in kept:
                del one.attrib[name]
    part[:] = [inner for one in kept for inner in (one if one.tag == "g" and not one.attrib else [one])]
    for name, value in list(part.attrib.items()):
        if name in _SILENT or _DEFAULTS.get(name) == value or (name == "class" and _KEPT_CLASS not in value):
            del part.attrib[name]
        elif name in _DECIMALS_OF:
            part.set(name, _rounded(value, _DECIMALS_OF[name]))
        elif levels := _LEVELS.fullmatch(value):
            part.set(name, "#" + "".join(f"{int(level):02x}" for level in levels.groups()))
    if (
        part.tag == "text"
        and not len(part)  # lines of a label count from where it stands
        and not {"x", "y"} & part.attrib.keys()
        and (moved := _MOVED.fullmatch(part.get("transform", "")))
    ):
        del part.attrib["transform"]  # half the letters, 60 KB of a page
        part.attrib |= {"x": moved[1], "y": moved[2]}


def _rounded(text: str, places: int) -> str:
    return _DECIMALS.sub(lambda number: f"{round(float(number[0]), places) + 0:.10g}", text)


def _joined(parts: list[ElementTree.Element]) -> list[ElementTree.Element]:
    """Marks of one shape and look that follow each other, such as cells of a heat map, as one path."""
    kept: list[ElementTree.Element] = []
    last, shape = None, ""
    for one in parts:
        at, moved = _START.match(one.get("d", "")), _MOVED.fullmatch(one.get("transform", "translate(0,0)"))
        if one.tag != "path" or not at or not moved or "opacity" in one.attrib:
            last = None
        else:
            x, y = (f"{float(a) + float(b):.10g}" for a, b in zip(at.groups(), moved.groups(), strict=True))
            rest = one.attrib["d"][at.end() :]
            look = {k: v for k, v in one.attrib.items() if k not in ("d", "transform")}
            if last is not None and rest == shape and look == {k: v for k, v in last.attrib.items() if k != "d"}:
                last.attrib["d"] += f"M{x},{y}{rest}"
                continue
            last, shape = one, rest
            one.attrib.pop("transform", None)
            one.set("d", f"M{x},{y}{rest}")
        kept.append(one)
    return kept


def _is_unseen(one: ElementTree.Element) -> bool:
    """Marks that draw nothing: not displayed, without extent, or the ground of a plot without colour."""
    is_bare = one.get("class") == "background" and not {"fill", "stroke"} & one.attrib.keys()
    return one.get("display") == "none" or one.get("d") in ("", "M0,0h0v0h0Z") or is_bare


def narrowed(spec: Any, widest: int = PHONE) -> Any:
    """A Vega-Lite specification with no plot wider than `widest` pixels and no two side by side.

    >>> narrowed({"hconcat": [{"mark": "bar", "width": 480}], "height": 300})
    {'vconcat': [{'mark': 'bar', 'width': 210}], 'height': 300}
    """
    if not isinstance(spec, dict):
        return spec
    parts = ("hconcat", "vconcat", "layer")
    narrow = {
        ("vconcat" if k == "hconcat" else k): [narrowed(s, widest) for s in v] if k in parts else v
        for k, v in spec.items()
    }
    if isinstance(spec.get("width"), (int, float)):
        narrow["width"] = min(spec["width"], widest)
    return narrow


def power_colours(case: Case) -> dict[str, str]:
    """The colour of each power, as the case gives it: the same on page, dashboard and in notebooks."""
    return {power.id: power.colour for power in case.settings.powers}


def by_power(case: Case, powers: Sequence[str]) -> alt.Color:
    """Marks coloured by power, without a legend: the names stand at the ends of the lines."""
    colours = power_colours(case)
    return alt.Color("power:N", scale=alt.Scale(domain=powers, range=[colours[p] for p in powers]), legend=None)


def rung_colours(count: int) -> tuple[str, ...]:
    """A shade for each of so many rungs, from light to dark, none so middling that no text is read on it."""
    light = round(count * len(_LIGHT_RUNGS) / (len(_LIGHT_RUNGS) + len(_DARK_RUNGS)))
    return (*_spread(_LIGHT_RUNGS, light), *_spread(_DARK_RUNGS, count - light))


def _spread(shades: tuple[str, ...], count: int) -> list[str]:
    """So many colours over the range of the shades, the darkest last."""
    places = np.linspace(len(shades) - 1, 0, count)[::-1]
    channels = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in shades])
    mixed = [np.interp(places, range(len(shades)), channel).round().astype(int) for channel in channels.T]
    return ["#" + "".join(f"{c:02x}" for c in colour) for colour in zip(*mixed, strict=True)]


def label_colours(case: Case) -> dict[str, str]:
    """The colour of each power as text on white: darkened where it would not be read (contrast 4.5 to 1, WCAG 2.2)."""
    return {power.id: _readable(power.colour) for power in case.settings.powers}


def _readable(colour: str) -> str:
    while 1.05 / (_luminance(colour) + 0.05) < LEAST_CONTRAST:
        colour = "#" + "".join(f"{int(int(colour[i : i + 2], 16) * 0.93):02x}" for i in (1, 3, 5))
    return colour


def is_settled(chances: Iterable[float]) -> bool:
    """Whether all of these round to 100 %, or all to 0 %: there is nothing to draw.

    >>> is_settled([0.999, 1.0]), is_settled([0.999, 0.4])
    (True, False)
    """
    return {percent(chance) for chance in chances} in ({"100 %"}, {"0 %"})


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on a colour (relative luminance, WCAG 2.2).

    >>> ink_on("#000000"), ink_on("#ffffff")
    ('#ffffff', '#1f2328')
    """
    luminance = _luminance(colour)
    return INK if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#ffffff"


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def styled(chart: alt.TopLevelMixin) -> alt.TopLevelMixin:
    """The chart in the grammar's type, rules and spacing."""
    return (
        chart.configure(font=FONT, background="white", padding={"left": 12, "right": 12, "top": 8, "bottom": 8})  # type: ignore[attr-defined]
        .configure_title(anchor="start", fontSize=15, fontWeight=600, color=INK, subtitleColor=PALE,
                         subtitleFontSize=11, subtitlePadding=6, offset=12)
        .configure_axis(labelColor=INK, titleColor=PALE, titleFontWeight=400, labelFontSize=12, titleFontSize=12,
                        domainColor=RULE, tickColor=RULE, gridColor="#eceff3", labelLimit=LONGEST_LABEL)
        .configure_text(limit=LONGEST_LABEL)
        .configure_header(labelColor=INK, labelFontSize=13, labelFontWeight=600, title=None, labelLimit=LONGEST_LABEL)
        .configure_view(stroke=None)
        .configure_concat(spacing=24)
    )  # fmt: skip
