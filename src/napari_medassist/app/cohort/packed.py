"""Results of many cases in little memory: kept as compressed JSON, made into objects when looked at."""

from __future__ import annotations

import json
import zlib
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import overload

from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.app.cohort.plain import from_plain, to_plain
from napari_medassist.app.cohort.swept import SweptCase
from napari_medassist.core.results import CaseEvaluation, ScoredCase, Settings


@dataclass(frozen=True)
class CaseRecord:
    """What is kept of a case.

    Parameters
    ----------
    evaluation
        The comparison.
    scored
        What detection curves need; None unless the prediction is a map of confidences.
    swept
        Its lesions at each cut-off; None unless they were asked for.
    labels_held
        Of the labels that were chosen, those that one of its files holds; None if none was chosen.
    """

    evaluation: CaseEvaluation
    scored: ScoredCase | None = None
    swept: SweptCase | None = None
    labels_held: tuple[int, ...] | None = None


#: How a record ends, as :func:`to_json` writes it, that holds the comparison only.
_NOTHING_MORE = b',"scored":null,"swept":null,"labels_held":null}'

#: Cases that are held as objects: a few megabytes.
_N_HELD = 1000


def to_json(record: CaseRecord) -> str:
    """Return a record as one line of JSON; NaN stays NaN."""
    return json.dumps(to_plain(record), separators=(",", ":"))


def from_json(text: str) -> CaseRecord:
    """Return the record that :func:`to_json` was given."""
    return from_plain(CaseRecord, json.loads(text))


class PackedCases(Sequence[CaseEvaluation]):
    """The cases of a cohort, each made into an object anew when it is asked for.

    A case takes some hundred bytes, so that the memory of a long run hardly grows. The first thousand
    are held once they were looked at.

    Parameters
    ----------
    pairs
        The cases' names, groups and files, in order; a kept result may stem from a case of another
        name.
    packed
        A result a case, from :func:`pack`.
    convention
        The settings that all cases share.
    """

    def __init__(
        self, pairs: Sequence[FilePair], packed: Sequence[bytes], convention: Settings
    ) -> None:
        self.pairs = tuple(pairs)
        self._packed = tuple(packed)
        self._convention = convention
        self._held: dict[int, CaseEvaluation] = {}

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.pairs)

    @overload
    def __getitem__(self, index: int) -> CaseEvaluation: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[CaseEvaluation, ...]: ...
    def __getitem__(self, index: int | slice) -> CaseEvaluation | tuple[CaseEvaluation, ...]:
        """Return a case, or several."""
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        place = range(len(self))[index]
        if place in self._held:
            return self._held[place]
        pair, evaluation = self.pairs[place], self._record(place).evaluation
        found = replace(evaluation, case=pair.case, group=pair.group, convention=self._convention)
        if place < _N_HELD:
            self._held[place] = found
        return found

    def __iter__(self) -> Iterator[CaseEvaluation]:
        """Go through the cases."""
        return (self[index] for index in range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Tell whether two cohorts hold the same results, undefined values being equal."""
        if not isinstance(other, PackedCases):
            return NotImplemented
        return (self._names(), self._contents(), self._convention) == (
            other._names(),
            other._contents(),
            other._convention,
        )

    def __hash__(self) -> int:
        """Return a hash of the names."""
        return hash(self._names())

    def scored(self) -> tuple[ScoredCase, ...]:
        """Return what detection curves need of the cases that have it."""
        records = zip(self._records_with_more(), self.pairs, strict=True)
        return tuple(
            replace(record.scored, case=pair.case)
            for record, pair in records
            if record is not None and record.scored is not None
        )

    def _names(self) -> tuple[tuple[str, str], ...]:
        return tuple((pair.case, pair.group) for pair in self.pairs)

    def swept(self) -> tuple[SweptCase, ...]:
        """Return the lesions at each cut-off of the cases that were swept."""
        records = (record for record in self._records_with_more() if record is not None)
        return tuple(record.swept for record in records if record.swept is not None)

    def labels_held(self) -> frozenset[int]:
        """Return which of the labels that were chosen occur in any file of any case."""
        records = (record for record in self._records_with_more() if record is not None)
        return frozenset(label for record in records for label in record.labels_held or ())

    def only(self, names: Container[str]) -> PackedCases:
        """Return the cases of these names, in the same order."""
        places = [place for place, pair in enumerate(self.pairs) if pair.case in names]
        return PackedCases(
            [self.pairs[place] for place in places],
            [self._packed[place] for place in places],
            self._convention,
        )

    def _records_with_more(self) -> Iterator[CaseRecord | None]:
        """Go through the records; None where one plainly holds the comparison and nothing else."""
        for packed in self._packed:
            text = zlib.decompress(packed)
            yield None if text.endswith(_NOTHING_MORE) else from_json(text.decode())

    def _record(self, index: int) -> CaseRecord:
        return from_json(zlib.decompress(self._packed[index]).decode())

    def _contents(self) -> list[str]:
        """Return the records as text, without the names that they were computed under."""
        return [_comparable(self._record(index)) for index in range(len(self))]


def _comparable(record: CaseRecord) -> str:
    """Return a record as text that is the same for the same result, read from tables or computed."""
    scores = {name: float(value) for name, value in record.evaluation.scores.items()}
    nameless = replace(record.evaluation, case="", group="", scores=scores)
    # Which labels the files hold stands in no table.
    return json.dumps(to_plain(replace(record, evaluation=nameless, labels_held=None)), sort_keys=True)


def pack(text: str) -> bytes:
    """Return a record in JSON, compressed."""
    return zlib.compress(text.encode(), 1)
