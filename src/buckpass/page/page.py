"""The page: one file that a browser shows without network; its what-if is a script of its own, all else needs none."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from buckpass.case import Case
from buckpass.ledger import judged
from buckpass.ledger.in_names import in_names
from buckpass.measured import Record, measure
from buckpass.measured.shares import measure_names
from buckpass.measured.terminal import brief, leading
from buckpass.page.answer import answer, hangs_on
from buckpass.page.by_host import by_host, crisis_anchors
from buckpass.page.cards import CrisisCard, crisis_cards
from buckpass.page.chapters.world import world_chapter
from buckpass.page.drawing import Draw, Drawing, Drawings, drawn_here
from buckpass.page.findings import finding, trust
from buckpass.page.results import Chapter, Judge, ReportResults, gather, quiet
from buckpass.page.side_by_side import crises_of_less
from buckpass.page.theme import (
    BASIS_WORDS,
    VERDICT_COLOURS,
    VERDICT_WORDS,
    Figure,
    ink_on,
    label_colours,
    linked,
    rung_colours,
    unchecked,
)
from buckpass.page.wording import grouped_places, name_of, number, spoken, with_error, with_interval
from buckpass.predict.which_fits import by_id
from buckpass.results.files import refuse_existing, write_whole
from buckpass.results.words import and_join, count_of, sentence

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from buckpass.bargain import Agreement
    from buckpass.evidence.gathered import Gathered
    from buckpass.fitting.posterior import Posterior
    from buckpass.ledger import Verdict
    from buckpass.results.summary import Summary
    from buckpass.results.table import ResultTable

__all__ = ["page_text", "render_page", "write_page"]

MOST_ODD = 4  # crises named in a line
TIP = 64  # letters of a source where it is cited
SEVERAL = 5  # eligible crises from which an organisation's rate is shown


def write_page(
    case: Case,
    posteriors: Mapping[str, Posterior] | None,
    path: str | Path,
    force: bool = False,
    begin: Callable[[str], None] = quiet,
    kept: Gathered | None = None,
) -> Path:
    """Everything known and computed about a case as one self-contained HTML page.

    Parameters
    ----------
    case : what the page is about.
    posteriors : by explanation id; None or empty: the page shows the record and says that the case must be fitted.
    path, force : the file, written whole or not at all; and whether one that is there is replaced.
    begin : called with each step as it begins.
    kept : what was worked out of the posteriors, by default beside the case's own.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputExists
        Something is at `path` and `force` was not asked for; found before anything is computed.
    NotPosteriors
        What was given is none.
    """
    refuse_existing(Path(path), force)
    posteriors = by_id(posteriors) if posteriors else None
    return write_whole(path, page_text(case, posteriors, begin, kept), force=force)


def page_text(
    case: Case, posteriors: Mapping[str, Posterior] | None, begin: Callable[[str], None] = quiet,
    kept: Gathered | None = None, judge: Judge = judged, agree: Callable[..., Agreement] | None = None,
) -> str:  # fmt: skip
    """The page that `write_page` writes. judge, agree : who judges its claims and works its agreement out, for a caller that has
    done so before.
    """
    asked: list[_Pictured] = []
    with unchecked(), Drawings() as draw:  # from the start: its process takes half a second to be ready
        begin("measuring")
        record = measure(case)
        measured = _measured(case, record, draw)  # most of what is drawn, while the fits are asked

        def complete(results: ReportResults) -> ReportResults:
            pictured = _pictured(case, results, draw, measured)  # drawn while years and claims are worked out
            if posteriors and results.model is not None and results.model.weights:
                begin("years ahead")
                results = replace(results, chapters=_years_ahead(case, posteriors, agree))
            results = replace(results, chapters=(*results.chapters, world_chapter(case)))
            asked.append(pictured.also(_drawings(_of_chapters(results), draw)))
            return results

        results = gather(case, posteriors, kept=kept, begin=begin, judge=judge, record=record, before_claims=complete)
        begin("drawing")
        return _rendered(case, results, asked[0])


def render_page(case: Case, results: ReportResults, draw: Draw = drawn_here) -> str:
    """The page as text. Every text of the case is escaped; the page runs at most its own script and asks the network for nothing.

    draw : who draws the figures, each asked for as soon as it is specified.
    """
    pictured = _pictured(case, results, draw, _measured(case, results.record, draw))
    return _rendered(case, results, pictured.also(_drawings(_of_chapters(results), draw)))


ByFigure = tuple[Mapping[int, Drawing], Mapping[int, Drawing]]  # drawings broad, and narrow where that is another


@dataclass(frozen=True)
class _Pictured:
    """The page's figures by name, why there is no map, the cards of its crises, and what draws each of them when it is needed."""

    figures: Mapping[str, Figure]
    no_map: str
    cards: tuple[CrisisCard, ...]
    drawings: ByFigure

    def also(self, more: ByFigure) -> _Pictured:
        """The same with more drawings."""
        broad, narrow = (dict(a) | dict(b) for a, b in zip(self.drawings, more, strict=True))
        return replace(self, drawings=(broad, narrow))

    @property
    def pictures(self) -> dict[str, Callable[[Figure], Markup]]:
        """`drawn` and `drawn_narrow` of a figure, for the page's template."""
        from markupsafe import Markup

        return {
            name: lambda f, of=of: Markup(linked(of[id(f)](), f.rows) if f.rows else of[id(f)]())
            for name, of in zip(("drawn", "drawn_narrow"), self.drawings, strict=True)
        }


def _measured(case: Case, record: Record, draw: Draw) -> _Pictured:
    """The figures that need no fit."""
    figures, no_map = _figures_of_record(case, record)
    return _Pictured(figures, no_map, (), _drawings([*figures.values()], draw))


def _pictured(case: Case, results: ReportResults, draw: Draw, measured: _Pictured) -> _Pictured:
    """With them those of the fits, and the cards."""
    figures, cards = _figures_of_fits(case, results), crisis_cards(case, results)
    own = [card.figure for card in cards if card.figure is not None]
    whole = replace(measured, figures={**measured.figures, **figures}, cards=cards)
    return whole.also(_drawings([*figures.values(), *own], draw))


def _of_chapters(results: ReportResults) -> list[Figure]:
    return [figure for chapter in results.chapters for figure in chapter.figures]


def _drawings(figures: Sequence[Figure], draw: Draw) -> ByFigure:
    """What draws the figures, all of them asked for at once; a crisis's and the map have one size."""
    narrow = {id(f): f.asked_narrow(draw) for f in figures if not f.one_size}
    return {id(f): f.asked(draw) for f in figures}, narrow


def _rendered(case: Case, results: ReportResults, given: _Pictured) -> str:
    figures, no_map, cards = given.figures, given.no_map, given.cards
    hosts = by_host(case, results.record)
    return _templates().get_template("page.html").render(
        **given.pictures, case=case, results=results, focus=_focus(case), gap_heading=_gap_heading(case, results), answer=answer(case, results), hangs_on=hangs_on(case, results),
        finding=finding(case, results), trust=trust(case, results), lines=_lines(case, results, figures), verdict_groups=_by_verdict(results), named=partial(in_names, case),
        by_host=hosts, powers_compared=_powers_compared(case), opens=crisis_anchors(case), figures=figures, no_map=no_map, cards=_by_theatre(case, cards), sources=_sources(case), anchor=_anchors(case), tips=_tips(case),
        style=_asset("page.css") + (_asset("whatif.css") if results.live else ""), live=results.live, basis_words=BASIS_WORDS, rung_colours=rung_colours(case.rungs.count), verdict_colours=VERDICT_COLOURS,
        known_share=_known_share(results), activity=_activity(case, results),
        under=_changes_under(results), measured=measure_names(case), leaders=leading(results.record.leaders), of_everything=leading(results.record.of_everything), alignments=replace(results.record.alignments, frame=brief(results.record.alignments).frame),
        nested_tables=results.nested.whole_tables() if results.nested else (), explanation_tables=_explanation_tables(results) if results.compared is not None else [], separating=_separating(case, results), same_as=_same_as(results), speaking=_speaking(results),
    )  # fmt: skip


def _years_ahead(
    case: Case, posteriors: Mapping[str, Posterior], agree: Callable[..., Agreement] | None
) -> tuple[Chapter, ...]:
    from buckpass.page.chapters.bargain import agreement_chapter  # loads the simulation: only where there is a fit
    from buckpass.page.chapters.decades import decades_chapter

    found = (agreement_chapter(case, posteriors, agree=agree), decades_chapter(case, posteriors))
    return tuple(chapter for chapter in found if chapter is not None)


def _maps(case: Case, record: Record) -> tuple[list[Figure | None], str]:
    """The maps, or in a sentence why the case's outlines cannot be drawn: that costs the maps, not the page."""
    from buckpass.page.outlines import GeometryUnusable
    from buckpass.page.regional_map import positions_map, regional_map

    try:
        return [regional_map(case, record), positions_map(case)], ""
    except GeometryUnusable as error:
        return [], str(error)


def _figures_of_record(case: Case, record: Record) -> tuple[dict[str, Figure], str]:
    """The figures that the record allows, by name, and why there is no map where its outlines cannot be drawn."""
    from buckpass.page import figures as measured

    maps, no_map = _maps(case, record)
    focus = case.settings.focus.theatre
    others = [t for t in case.theatres if t != focus]
    found = [
        measured.record_heat_map(case, record, [focus]),
        measured.record_heat_map(case, record, others, "elsewhere"),
        measured.shares_over_time(case, record),
        *maps,
    ]
    return {f.name: f for f in found if f is not None}, no_map


def _figures_of_fits(case: Case, results: ReportResults) -> dict[str, Figure]:
    found: list[Figure | None] = []
    if results.model is not None:
        from buckpass.page import model_figures as modelled

        nested = results.nested
        found += [
            modelled.mechanisms_added(case, nested) if nested else modelled.explanations_ranked(case, results.model),
            modelled.gap_taken_apart(case, results.model), modelled.path_in_rationality(case, results.model),
        ]  # fmt: skip
    if results.compared is not None:
        from buckpass.page import comparison_figures as compared

        found.append(compared.crises_by_explanation(case, results.compared))
        if results.forecast is not None:
            found.append(compared.forecasts_drawn(case, results.forecast))
    return {f.name: f for f in found if f is not None}


def _explanation_tables(results: ReportResults) -> list[ResultTable]:
    """The ranking under other readings of the record, and the scores of crises that the fits had not seen."""
    tables = [_with_rivals(results.compared.readings_side_by_side())] if results.compared is not None else []
    return tables + ([results.forecast.ranking()] if results.forecast is not None else [])


def _separating(case: Case, results: ReportResults) -> ResultTable | None:
    """The crises in which the explanations differ; None where there is none, or no comparison."""
    from buckpass.page.comparison_figures import crises_that_separate  # loads the figures: only where a page is drawn

    found = crises_that_separate(case, results.compared) if results.compared is not None else None
    return found if found is not None and len(found) else None


def _with_rivals(table: ResultTable) -> ResultTable:
    """The readings under which more than one explanation was asked; where one stands alone, there is no ranking to show."""
    rivals = [c for c in table.frame.columns if c not in ("reading", "n", "best")]
    shown = table.frame.filter(pl.sum_horizontal(pl.col(rivals).is_not_null()) > 1)
    alone = table.frame.height - shown.height
    left_out = f" Left out: {count_of(alone, 'reading')} under which one fit alone was asked." if alone else ""
    return replace(table, frame=shown, note=f"{table.note}{left_out}")


def _focus(case: Case) -> dict[str, str]:
    focus = case.settings.focus
    return {part: spoken(case, getattr(focus, part)) for part in ("rider", "provider", "theatre")}


def _gap_heading(case: Case, results: ReportResults) -> str:
    """The question that the chapter on the gap can answer: why, only of a crisis in which the rider did less and was expected to."""
    focus, gap = _focus(case), results.model.gap if results.model is not None else None
    if gap is None:
        return f"What {focus['rider']} did beside {focus['provider']}"
    if gap.gap.high < 0:
        return f"Why {focus['rider']} did not do what {focus['provider']} did: {case.crisis(gap.crisis)['name']}"
    return f"What {focus['rider']} and {focus['provider']} were expected to do"


def _no_gap(case: Case, results: ReportResults) -> str:
    """Why there is no gap between rider and provider to take apart."""
    assert results.model is not None
    focus, crises = _focus(case), crises_of_less(case)
    if not crises:
        return f"in no crisis of {focus['theatre']} did {focus['rider']} do less than {focus['provider']}"
    if results.model.gap is None:
        return results.model.refusal.removesuffix(".") or "the crisis did not enter the fits, or one of the two could not act there"  # fmt: skip
    return (
        f"of the {count_of(len(crises), 'crisis', 'crises')} in which {focus['rider']} did less than {focus['provider']}, in none does the "
        "model expect that of it beyond its 90 % interval"
    )


def _by_verdict(results: ReportResults) -> list[tuple[str, str, list[Verdict]]]:
    """Groups of verdicts: the word, its label, and the verdicts in the case's order; only groups that have some."""
    groups = [(word, VERDICT_WORDS[word], [v for v in results.verdicts if v.verdict == word]) for word in VERDICT_WORDS]
    return [group for group in groups if group[2]]


def _powers_compared(case: Case) -> list[tuple[str, str]]:
    """Name and colour of provider and rider, as map and timeline draw them."""
    colours, focus = label_colours(case), case.settings.focus
    return [(name_of(case, power), colours[power]) for power in (focus.provider, focus.rider)]


def _of_organisations(case: Case, results: ReportResults) -> str:
    """How often each organisation of the focus deployed where it could have; empty where none could."""
    rows = {row["organisation"]: row for row in _activity(case, results)}
    found = [(o, rows[o]) for o in case.settings.focus.organisations if o in rows]
    said = [
        f"{o} deployed in {row['acts']} of {count_of(row['n'], 'crisis', 'crises')} in which it could have" if k == 0 else f"{o} in {row['acts']} of {row['n']}"
        for k, (o, row) in enumerate(found)
    ]  # fmt: skip
    return f"{'in all theatres, ' if said and len(case.theatres) > 1 else ''}{and_join(said)}"


def _lines(case: Case, results: ReportResults, figures: Mapping[str, Figure]) -> dict[str, str]:
    """The finding of each chapter in one line; of chapters that have nothing to show, none."""
    found = {name: figure.title for name, figure in figures.items()}
    lines = {
        "record": _of_organisations(case, results) or found.get("elsewhere", ""),
        "shares": found.get("positions") or found.get("shares") or _led(results),
        "crises": _unexpected(case, results) or f"{count_of(case.crises.height, 'crisis', 'crises')}, each with who was asked and who did what",
        "trust": _coded(results),
        "sources": _seen(case),
    }  # fmt: skip
    if results.model is not None:
        lines["explanations"] = found.get("explanations") or results.model.refusal.removesuffix(".")
        lines["gap"] = found.get("gap") or _no_gap(case, results)
    return lines


def _unexpected(case: Case, results: ReportResults) -> str:
    """In how many crises some power did what the model gave less than one chance in ten."""
    expected = results.model.expected if results.model is not None else {}
    rows = [r for r in results.record.responses.frame.drop_nulls("rung").iter_rows(named=True)
            if (r["crisis"], r["actor"]) in expected]  # fmt: skip
    crises = {r["crisis"] for r in rows}
    odd = {r["crisis"] for r in rows if expected[r["crisis"], r["actor"]].is_surprised_by(r["low"], r["high"])}
    if not rows:
        return ""
    which = f": {and_join((case.crisis(c)['name'] for c in sorted(odd)), most=MOST_ODD)}" if odd else ""
    return f"in {len(odd)} of {count_of(len(crises), 'crisis', 'crises')} some power did what the model held unlikely{which}"


def _led(results: ReportResults) -> str:
    """What the chapter on shares holds where it has no figure; empty where it holds nothing."""
    n = len(leading(results.record.leaders))
    return f"{count_of(n, 'share')}, with whom each is of" if n else ""


def _coded(results: ReportResults) -> str:
    rows = results.record.responses.frame
    seen, known = rows.filter(pl.col("basis") == "seen").height, rows["rung"].count()
    if not known:
        return "no response is coded yet"
    several = results.record.agreement.rows()
    coders = f"{several[0]['n']:,} were read by more than one coder" if several else "one coder"
    return f"{seen:,} of {known:,} coded responses rest on a text that was seen; {coders}"


def _seen(case: Case) -> str:
    seen = sum(s.basis == "seen" for s in case.sources.values())
    return f"{count_of(len(case.sources), 'source')}, the text of {seen:,} seen, the others marked; each opens from where it is cited"


def _tips(case: Case) -> dict[str, str]:
    """What a source is, in a line that shows where it is cited."""
    return {key: textwrap.shorten(source.citation, TIP, placeholder=" …") for key, source in case.sources.items()}


def _by_theatre(case: Case, cards: tuple[CrisisCard, ...]) -> list[tuple[str, list[CrisisCard]]]:
    focus = case.settings.focus.theatre
    order = [focus, *(t for t in case.theatres if t != focus)]
    groups = [(case.theatre(t).name, [c for c in cards if c.theatre == t]) for t in order]
    return [(name, group) for name, group in groups if group]


def _sources(case: Case) -> list[Any]:
    """By whoever made them; what nobody is known to have made stands by its key."""
    return sorted(case.sources.values(), key=lambda s: (s.citation if s.has_makers else s.key).casefold())


def _anchors(case: Case) -> dict[str, str]:
    """An id of the page's own for each source key, whatever stands in the key."""
    return {key: f"s{i}" for i, key in enumerate(case.sources, start=1)}


def _activity(case: Case, results: ReportResults) -> list[dict[str, Any]]:
    """Organisations that could have acted and were looked up: the focus's, and those with several chances."""
    focus = case.settings.focus.organisations
    return [
        row
        for row in results.record.activity.rows()
        if row["n"] and (row["organisation"] in focus or row["n"] >= SEVERAL)
    ]


def _same_as(results: ReportResults) -> list[tuple[str, str]]:
    """Each explanation with those ranked below it that the record cannot tell from it; each pair stands once."""
    if results.model is None:
        return []
    names = {f.id: f.name for f in results.model.fits}
    pairs = [(names[e], and_join(names[b] for a, b in results.model.indistinguishable if a == e)) for e in names]
    return [(name, others) for name, others in pairs if others]


def _changes_under(results: ReportResults) -> dict[str, list[str]]:
    """By claim, in words, what its verdict becomes under another coding."""
    found: dict[str, list[str]] = {}
    for condition in results.under:
        for one in condition.changed:
            found.setdefault(one.id, []).append(f"with {condition.condition}: {one.after.replace('_', ' ')}")
    return found


def _speaking(results: ReportResults) -> str:
    """The explanation that speaks."""
    return and_join(results.model.weights if results.model else ())


def _known_share(results: ReportResults) -> str:
    rung = results.record.responses.frame["rung"]
    return f"{rung.count():,} of {len(rung):,}"


def change(moved: Summary) -> str:
    """A difference with its interval, to two decimals; one that rounds to nothing is said to be none."""
    shown = [_signed(v) for v in (moved.mean, moved.low, moved.high)]
    return "none" if set(shown) == {"0.00"} else f"{shown[0]} ({shown[1]} to {shown[2]})"


def _signed(value: float) -> str:
    return "0.00" if abs(value) < 0.005 else f"{value:+.2f}".replace("-", "−")


def _with_code(text: str) -> Markup:
    """What stands between two backticks as code, all of it escaped."""
    from markupsafe import Markup, escape

    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(loader=FunctionLoader(_asset), autoescape=True, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    made.filters |= {
        "number": number,
        "with_error": with_error,
        "sentence": sentence,
        "change": change,
        "ink_on": ink_on,
        "code": _with_code,
    }
    made.globals |= {"with_interval": with_interval, "grouped_places": grouped_places, "count_of": count_of}
    return made


def _asset(name: str) -> str:
    return resources.files("buckpass.page").joinpath("assets", name).read_text("utf-8")
