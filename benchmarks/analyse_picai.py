"""Write the analysis of the public PI-CAI masks: lesions drawn by people against lesions by a model.

    python benchmarks/analyse_picai.py [--data ../shared/data/picai_labels] [--out docs/analysis]

Writes one page and its plots. Every number, table and list on the page comes from here, and every
compared case is in all of them. Without the data, which are not part of this project, it says so and
writes nothing.
"""

from __future__ import annotations

import argparse
import math
import sys
import textwrap
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from napari_medassist.app.cohort.pairing import pair_files
from napari_medassist.app.cohort.run import evaluate_under
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import (
    CaseEvaluation,
    CohortEvaluation,
    JudgedLesion,
    LesionVerdict,
    Status,
)
from napari_medassist.evaluation.conventions import MEDASSIST, presets
from napari_medassist.evaluation.disagreement import (
    CaseGap,
    false_alarms,
    hidden_errors,
    ranked_gaps,
)
from napari_medassist.evaluation.perceived import case_wise_errors, perceived_errors
from napari_medassist.evaluation.statistics.agreement import (
    CaseValues,
    Correlation,
    correlation,
    kappas,
)
from napari_medassist.evaluation.statistics.resampling import Interval, bootstrap, mean_of, share_of
from svg_plots import Axis, lines, scatter, stacked_bars

NAME = "picai-human-vs-ai"
COMMAND = "python benchmarks/analyse_picai.py"
DICE_CUT_OFFS = (0.5, 0.6, 0.7, 0.8, 0.9)
OVERLAP_CUT_OFFS = (0.1, 0.25, 0.5)
DISTANCE_CUT_OFFS_MM = (3.0, 5.0, 10.0, 20.0)
VOLUMES_ML = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, math.inf)
N_SHOWN = 10
#: Reads the same masks under other conventions; those of surfaces only would repeat the counts.
CONVENTIONS = ("medassist", "asymmetric", "picai", "panoptica", "brats2023_gli")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root = Path(__file__).resolve().parents[1]
    parser.add_argument("--data", type=Path, default=root.parent / "shared" / "data" / "picai_labels")
    parser.add_argument("--out", type=Path, default=root / "docs" / "analysis")
    arguments = parser.parse_args()
    sides = (arguments.data / "human", arguments.data / "ai")
    if not all(side.is_dir() for side in sides):
        print(f"Nothing written: the masks are not at {arguments.data} (folders human and ai).")
        return 1
    known = presets()
    conventions = [known[name] for name in CONVENTIONS if name in known]
    cohorts = evaluate_under(conventions, pair_files(*sides).pairs)
    by_name = {c.name: cohort for c, cohort in zip(conventions, cohorts, strict=True)}
    arguments.out.mkdir(parents=True, exist_ok=True)
    page = Page(by_name)
    (arguments.out / f"{NAME}.md").write_text(page.text(), encoding="utf-8")
    for name, plot in page.plots().items():
        (arguments.out / f"{NAME}-{name}.svg").write_text(plot, encoding="utf-8")
    print(f"Written: {arguments.out / NAME}.md")
    return 0


#: Why some numbers say nothing about the model.
_ON_AI_ALONE = (
    "They were made with the help of radiology reports, which told how many lesions to keep,\n  "
    "so that false alarms in healthy cases could hardly arise."
)


class Page:
    """The page, section by section."""

    def __init__(self, cohorts: dict[str, CohortEvaluation]) -> None:
        self.cohorts = cohorts
        self.cohort = cohorts[MEDASSIST.name]
        self.cases = tuple(self.cohort.cases)
        self.compared = [case for case in self.cases if case.status is Status.OK]
        self.good = MEDASSIST.good_dice
        self.hidden = hidden_errors(self.compared, good_dice=self.good)
        self.alarms = false_alarms(self.compared, good_dice=self.good)

    def text(self) -> str:
        sections = (
            self._introduction,
            self._headline,
            self._situations,
            self._hidden,
            self._false_alarms,
            self._perceived,
            self._agreement,
            self._gaps,
            self._sizes,
            self._conventions,
            self._findings,
            self._limits,
        )
        return "\n\n".join(section() for section in sections) + "\n"

    def plots(self) -> dict[str, str]:
        return {
            "distance": self._plot_distance(),
            "histogram": self._plot_histogram(),
            "hidden": self._plot_hidden(),
        }

    def _introduction(self) -> str:
        apart = [case for case in self.cases if case.status is not Status.OK]
        told = ", ".join(f"`{case.case}`" for case in apart)
        return f"""# Human against AI on {len(self.cases)} public cases

Do voxel-level and lesion-level numbers tell the same story? The PI-CAI challenge published masks of
prostate cancer drawn by people, and masks of a model on the same cases. The people's are the reference
here, the model's the prediction.

This page is written by `{COMMAND}`: each number, table and list comes from
all compared cases, none were chosen. The words are [explained here](../concepts/disagreement.md). Read
the [limits](#limits) before quoting anything.

Of {len(self.cases)} pairs {len(self.compared)} were compared. {len(apart)} were not, because they
lie on different grids and nothing is resampled: {told}."""

    def _headline(self) -> str:
        counts = np.array(
            [(c.tp_reference, c.fn, c.tp_prediction, c.fp) for c in self.compared], dtype=float
        )
        found, missed, true, false = counts.T
        n = len(self.compared)
        with_lesion = [c for c in self.compared if c.n_reference_lesions]
        rows = [
            ("Dice, cases with a reference lesion", *self._mean(with_lesion, "dice")),
            ("Dice, all cases where it is defined", *self._mean(self.compared, "dice")),
            ("HD95 in mm, where it is defined", *self._mean(self.compared, "hd95_mm")),
            ("lesion recall, pooled", bootstrap(share_of(found, found + missed), n), n, 0, 0),
            ("lesion precision, pooled", bootstrap(share_of(true, true + false), n), n, 0, 0),
            ("false lesions per case", bootstrap(share_of(false, np.ones(n)), n), n, 0, 0),
        ]
        table = _table(
            ("", "value", "95 % interval", "cases", "undefined", "of these with a lesion to find"),
            ((name, _f(i.value), _interval(i), n, u, m) for name, i, n, u, m in rows),
        )
        distance = self.cohort.means["hd95_mm"]
        totals = self.cohort.totals
        return f"""## The numbers

{table}

{totals.n_reference_lesions} reference lesions: {totals.tp_reference} found, {totals.fn} missed.
{totals.n_predicted_lesions} predicted lesions: {totals.tp_prediction} true, {totals.fp} false.
Intervals are percentiles of 2000 resamples of cases.

The mean HD95 leaves out {distance.n_undefined} cases. In {distance.n_missed} of them there is a
lesion and the model drew nothing, so the worst misses are not in the mean. It can only be read
together with that number."""

    def _situations(self) -> str:
        both, human, ai, none = (
            [
                c
                for c in self.compared
                if (bool(c.n_reference_lesions), bool(c.n_predicted_lesions)) == k
            ]
            for k in ((True, True), (True, False), (False, True), (False, False))
        )
        right = [c for c in both if not (c.fn or c.fp)]
        table = _table(
            ("people", "model", "cases", "what Dice says", "what the lesions say"),
            (
                ("lesion", "lesion", len(both), "0 to 1", f"{len(right)} without any error"),
                ("lesion", "nothing", len(human), "0", f"{sum(c.fn or 0 for c in human)} missed"),
                ("nothing", "lesion", len(ai), "0", f"{sum(c.fp or 0 for c in ai)} false"),
                ("nothing", "nothing", len(none), "undefined", "nothing to find, nothing claimed"),
            ),
        )
        return f"""## Where there is something to disagree about

{table}

Dice says nothing about the {len(none)} cases of the last row, and 0 about {len(human) + len(ai)}
others, whatever the size of the lesion. Only the {len(both)} cases of the first row have a Dice
that varies.

In {len(ai)} cases the model alone sees a lesion: see the [limits](#limits)."""

    def _hidden(self) -> str:
        hidden = self.hidden
        swept = case_wise_errors(
            self.compared, dice_cut_offs=DICE_CUT_OFFS, overlap_cut_offs=OVERLAP_CUT_OFFS
        )
        table = _table(
            ("Dice from", "overlap from", "good cases", "of these with errors", "missed", "false",
             "poor cases", "false alarms"),
            (
                (e.dice_cut_off, e.overlap_cut_off, e.n_good_cases, e.n_hiding_cases, e.n_missed,
                 e.n_false, e.n_poor_cases, e.n_false_alarms)
                for e in swept
            ),
        )  # fmt: skip
        return f"""## Errors that a good Dice hides

Cases with a Dice of {self.good:g} or more look good: {hidden.n_good_cases}.
Of these, cases that hide lesion errors: {len(hidden.cases)}, with {hidden.n_missed} missed and
{hidden.n_false} false lesions.

{_ids(hidden.cases)}

![Hidden errors and false alarms over the Dice that counts as good]({NAME}-hidden.svg)

The same at other cut-offs. *Overlap from* is the share of a lesion that must be covered for it to be
found, or true.

{table}

![Dice of the cases, with and without lesion errors]({NAME}-histogram.svg)"""

    def _false_alarms(self) -> str:
        alarms = self.alarms
        return f"""## False alarms

Cases with a Dice below {self.good:g}: {alarms.n_poor_cases}. In {len(alarms.cases)} of them no
lesion was missed and none is false: the outlines differ, the findings do not.

{_ids(alarms.cases)}"""

    def _perceived(self) -> str:
        errors = perceived_errors(
            self.compared, dice_cut_offs=DICE_CUT_OFFS, overlap_cut_offs=OVERLAP_CUT_OFFS
        )
        table = _table(
            ("Dice of the lesion from", "overlap from", "missed: perceived", "actual", "apart",
             "false: perceived", "actual", "apart"),
            (
                (e.dice_cut_off, e.overlap_cut_off, e.fn_perceived, e.fn_actual, e.fn_difference,
                 e.fp_perceived, e.fp_actual, e.fp_difference)
                for e in errors
            ),
        )  # fmt: skip
        n_reference = self.cohort.totals.n_reference_lesions
        n_predicted = self.cohort.totals.n_predicted_lesions
        fn, fp = max(e.fn_difference for e in errors), max(e.fp_difference for e in errors)
        at = max(errors, key=lambda e: e.fn_difference + e.fp_difference)
        return f"""## Perceived and actual errors

What if each lesion were judged by its own Dice? Perceived errors are lesions with a Dice below the
cut-off, actual ones those of which too little is covered.

{table}

In this range of cut-offs the two counts are up to {fn} missed lesions (of {n_reference}) and {fp} false
ones (of {n_predicted}) apart: most at a Dice from {at.dice_cut_off:g} and an overlap from
{at.overlap_cut_off:g}. The maximum says as much about the range as about the masks."""

    def _agreement(self) -> str:
        dice = CaseValues.of(self.compared, "dice")
        others = ("hd95_mm", "lesion_recall", "lesion_precision", "lesion_f1")
        found = [correlation(dice, CaseValues.of(self.compared, name)) for name in others]
        with_both = [c for c in self.compared if c.n_reference_lesions and c.n_predicted_lesions]
        among = [
            correlation(CaseValues.of(with_both, "dice"), CaseValues.of(with_both, name))
            for name in others
        ]
        n_one_sided = found[-1].n_pairs - among[-1].n_pairs
        distances = kappas(
            dice,
            CaseValues.of(self.compared, "hd95_mm"),
            first_cut_offs=DICE_CUT_OFFS,
            second_cut_offs=DISTANCE_CUT_OFFS_MM,
        )
        lesions = kappas(
            dice,
            CaseValues.of(self.compared, "lesion_f1"),
            first_cut_offs=DICE_CUT_OFFS,
            second_cut_offs=(0.5, 0.8, 1.0),
        )
        return f"""## Agreement

Correlation of Dice with other numbers, case by case. Distances are negated, so that agreement is
positive.

All compared cases, where both are defined:

{_correlations(found)}

Only cases in which people and model both see a lesion:

{_correlations(among)}

The tables differ by {n_one_sided} cases, in which one side is empty: there Dice and lesion F1 are
both 0 by definition, and agree for that reason alone.

Cohen's kappa of "good by Dice" and "good by HD95":

{_kappas(distances, "HD95 up to (mm)")}

Cohen's kappa of "good by Dice" and "good by lesion F1":

{_kappas(lesions, "lesion F1 from")}

![Dice and HD95 of the cases]({NAME}-distance.svg)

Recall-controlled precision needs predictions with a probability; these are masks."""

    def _gaps(self) -> str:
        gaps = ranked_gaps(self.compared)
        ordered = gaps.largest_first()
        flattered = [g for g in ordered if g.gap > 0]
        belittled = [g for g in ordered if g.gap < 0]
        n_above, n_below = len(flattered), len(belittled)
        n_none = gaps.n_defined - n_above - n_below
        flattered, belittled = flattered[:N_SHOWN], belittled[:N_SHOWN]
        return f"""## The cases with the largest gap

The [ranked gap](../concepts/disagreement.md#the-ranked-gap) orders cases by how far their rank by
Dice is from their rank by lesion F1. It is defined for {gaps.n_defined} cases and not for
{gaps.n_undefined}, in which nobody sees a lesion. Of the former, {n_none} have a gap of 0.

Dice looks better than the lesions are, the first {len(flattered)} of {n_above}:

{_gap_table(flattered)}

Dice looks worse than the lesions are, the first {len(belittled)} of {n_below}:

{_gap_table(belittled)}"""

    def _sizes(self) -> str:
        rows = []
        for low, high in pairwise(VOLUMES_ML):
            inside = [
                [n for c in self.compared for n in c.lesions_of(side) if low <= n.volume_ml < high]
                for side in Side
            ]
            n_found = sum(n.verdict is LesionVerdict.FOUND for n in inside[0])
            n_true = sum(n.verdict is LesionVerdict.TRUE for n in inside[1])
            size = f"{low:g} to {high:g}" if math.isfinite(high) else f"{low:g} and more"
            rows.append(
                (size, len(inside[0]), n_found, _share(n_found, len(inside[0])), len(inside[1]),
                 n_true, _share(n_true, len(inside[1])))
            )  # fmt: skip
        columns = ("volume in ml", "reference", "found", "recall", "predicted", "true", "precision")
        return f"""## Small lesions

{_table(columns, rows)}"""

    def _conventions(self) -> str:
        rows = []
        for name, cohort in self.cohorts.items():
            totals = cohort.totals
            rows.append(
                (f"`{name}`", totals.n_reference_lesions, totals.tp_reference, totals.fn,
                 totals.n_predicted_lesions, totals.tp_prediction, totals.fp,
                 _f(cohort.micro_recall), _f(cohort.micro_precision))
            )  # fmt: skip
        columns = (
            "convention", "reference lesions", "found", "missed", "predicted lesions", "true", "false",
            "recall", "precision",
        )  # fmt: skip
        return f"""## The same masks under other conventions

{_table(columns, rows)}

The masks did not change, only what counts as a lesion and as a hit."""

    def _findings(self) -> str:
        hidden, alarms = self.hidden, self.alarms
        recalls = [cohort.micro_recall for cohort in self.cohorts.values()]
        small, large = ([n for n in self._reference_lesions() if low <= n.volume_ml < high]
                        for low, high in ((0, 0.5), (1, math.inf)))  # fmt: skip
        n_small, n_large = (
            sum(n.verdict is LesionVerdict.FOUND for n in lesions) for lesions in (small, large)
        )
        strict = case_wise_errors(self.compared, dice_cut_offs=[0.5], overlap_cut_offs=[0.5])[0]
        return f"""## What follows, for these masks

- At the usual cut-offs Dice errs mostly to one side: {len(alarms.cases)} of {alarms.n_poor_cases} cases
  with a poor Dice have no lesion error, while {len(hidden.cases)} of {hidden.n_good_cases} with a
  good one hide some.
- That depends on the cut-offs. If half of a lesion must be covered, {strict.n_hiding_cases} of the
  {strict.n_good_cases} cases with a Dice from 0.5 hide errors.
- Small lesions are the ones that are missed: of those below 0.5 ml {n_small} of {len(small)} are
  found, of those from 1 ml on {n_large} of {len(large)}.
- The convention alone moves the recall of the same masks between {min(recalls):.3f} and
  {max(recalls):.3f}. A recall without its convention says little."""

    def _limits(self) -> str:
        nobody = sum(not (c.n_reference_lesions or c.n_predicted_lesions) for c in self.compared)
        return f"""## Limits

- One data set, one model, one set of human masks. Masks only: nobody looked at the images again for
  this page, so that a "missed" lesion is one that the other side did not draw, not a proven cancer
  that was overlooked.
- The model's masks are AI-made and were published as such, for training.
  {_ON_AI_ALONE}
  It is not known here whether the model was trained on some of these cases either. So the numbers
  say how metrics behave, not how good the model is.
- The human masks come from several readers and centres; how far two people would differ is not known.
- Cut-offs (overlap, a good Dice) are conventions. The tables show several; others give other numbers.
- Intervals say how far the numbers depend on which cases were drawn, not on who drew the masks. Many
  cut-offs are looked at on the same cases, and nothing is corrected for that.
- {nobody} of {len(self.compared)} cases have no lesion on either side. They count in false lesions per
  case and in nothing else here.
- These figures cannot be set beside those of other data. Not for care.

Masks: labels of the PI-CAI challenge (Saha et al., 2024; model: Bosma et al., 2023), CC BY-NC 4.0. This
page holds numbers and case numbers only."""

    def _reference_lesions(self) -> list[JudgedLesion]:
        return [n for case in self.compared for n in case.lesions_of(Side.REFERENCE)]

    def _mean(self, cases: Sequence[CaseEvaluation], name: str) -> tuple[Interval, int, int, int]:
        values = [case.score(name) for case in cases]
        undefined = [c for c, v in zip(cases, values, strict=True) if math.isnan(v)]
        n_missed = sum(bool(case.n_reference_lesions) for case in undefined)
        interval = bootstrap(mean_of(values), len(values))
        return interval, len(values) - len(undefined), len(undefined), n_missed

    def _plot_distance(self) -> str:
        groups: dict[str, list[tuple[float, float]]] = {"no lesion error": [], "lesion errors": []}
        for case in self.compared:
            if not math.isnan(case.hd95_mm):
                name = "lesion errors" if case.fn or case.fp else "no lesion error"
                groups[name].append((case.dice, min(max(case.hd95_mm, 0.5), 100)))
        ticks = (0.5, 1, 2, 5, 10, 20, 50, 100)
        return scatter(
            Axis("Dice", 0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1)),
            Axis("HD95 in mm", 0.5, 100, ticks, scale=math.log10),
            groups,
        )

    def _plot_histogram(self) -> str:
        edges = np.linspace(0, 1, 21)
        groups = {}
        for name, wrong in (("no lesion error", False), ("lesion errors", True)):
            dice = [c.dice for c in self.compared if bool(c.fn or c.fp) is wrong]
            groups[name] = np.histogram([d for d in dice if not math.isnan(d)], edges)[0].tolist()
        highest = max(sum(heights) for heights in zip(*groups.values(), strict=True))
        top = math.ceil(highest / 10) * 10
        return stacked_bars(
            Axis("Dice", 0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1)),
            Axis("cases", 0, top, range(0, top + 1, 20)),
            edges.tolist(),
            groups,
        )

    def _plot_hidden(self) -> str:
        cut_offs = np.linspace(0.05, 1, 96)
        swept = case_wise_errors(self.compared, dice_cut_offs=cut_offs.tolist(), overlap_cut_offs=[0.1])
        groups = {
            "cases that hide errors": [(e.dice_cut_off, e.n_hiding_cases) for e in swept],
            "hidden errors (lesions)": [(e.dice_cut_off, e.n_missed + e.n_false) for e in swept],
            "false alarms (cases)": [(e.dice_cut_off, e.n_false_alarms) for e in swept],
        }
        highest = max(value for points in groups.values() for _, value in points)
        top = math.ceil(highest / 20) * 20
        return lines(
            Axis("Dice that counts as good", 0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1)),
            Axis("number", 0, top, range(0, top + 1, 20)),
            groups,
        )


def _correlations(found: Iterable[Correlation]) -> str:
    return _table(
        ("Dice and", "Pearson", "95 %", "Spearman", "95 %", "cases", "left out"),
        (
            (f"`{c.second}`", _f(c.pearson.value), _interval(c.pearson), _f(c.spearman.value),
             _interval(c.spearman), c.n_pairs, c.n_dropped)
            for c in found
        ),
    )  # fmt: skip


def _kappas(found: Sequence, second: str) -> str:
    rows = (
        (k.first_cut_off, k.second_cut_off, k.n_first_good, k.n_second_good, _f(k.kappa.value),
         _interval(k.kappa))
        for k in found
    )  # fmt: skip
    columns = ("Dice from", second, "good by Dice", "good by the other", "kappa", "95 %")
    values = [k.kappa.value for k in found if not math.isnan(k.kappa.value)]
    told = f"From {_f(min(values))} to {_f(max(values))}, over {found[0].n_pairs} cases; "
    return f"{_table(columns, rows)}\n\n{told}{found[0].n_dropped} were left out."


def _gap_table(gaps: Sequence[CaseGap]) -> str:
    rows = ((f"`{g.case}`", _f(g.dice), _f(g.lesion_f1), f"{g.gap:+.2f}") for g in gaps)
    return _table(("case", "Dice", "lesion F1", "gap"), rows)


def _ids(cases: Sequence[str]) -> str:
    names = ", ".join(f"`{case}`" for case in cases)
    title = "The case" if len(cases) == 1 else f"The {len(cases)} cases"
    wrapped = textwrap.fill(names or "none", 96, break_on_hyphens=False)
    return f'??? note "{title}"\n\n{textwrap.indent(wrapped, "    ")}'


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines_of_table = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(c) for c in line) + " |" for line in lines_of_table)


def _interval(interval: Interval) -> str:
    return f"{_f(interval.low)} to {_f(interval.high)}"


def _share(part: int, whole: int) -> str:
    return _f(part / whole) if whole else "undefined"


def _f(value: float) -> str:
    # Adding 0 turns -0 into 0.
    return "undefined" if math.isnan(value) else f"{round(value, 3) + 0:.3f}"


if __name__ == "__main__":
    sys.exit(main())
