"""Greedy and beam search over a decoder, with the semantics of transformers' `generate` (5.x) for one photo.

The decoder is a callable that advances every hypothesis by one token and reports each one's most probable next tokens:
the vocabulary never reaches Python. `width` says how many of them a search needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inference.captioner import Deadline
from inference.folder import Decoding

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class Step(Protocol):
    """One decoding step for `rows` hypotheses."""

    def __call__(self, tokens: Ints, parents: Ints) -> tuple[Floats, Ints]:
        """Append tokens [rows]; row i continues row parents[i] of the step before.

        Returns log-probabilities [rows, width], in descending order, and their tokens [rows, width].
        """


def width(rules: Decoding) -> int:
    """How many next tokens of each hypothesis a search needs: those that it keeps and those that it may have to ban."""
    ngrams = rules.max_length if rules.no_repeat_ngram_size else 0
    return _kept(rules) + len(rules.suppressed_ids) + ngrams


def search(step: Step, rules: Decoding, deadline: Deadline) -> list[int]:
    """The best sequence of tokens, the start token included.

    Raises what `deadline.check()` raises, which is asked before each step.
    """
    return beam_search(step, rules, deadline) if rules.beams > 1 else greedy(step, rules, deadline)


def greedy(step: Step, rules: Decoding, deadline: Deadline) -> list[int]:
    """Take the most probable token until an end token or the cap."""
    sequence = [rules.start_id]
    only = np.zeros(1, np.int64)
    while len(sequence) < rules.max_length:
        deadline.check()
        _, tokens = step(np.array(sequence[-1:], np.int64), only)
        banned = _banned(sequence, rules)
        sequence.append(next(token for token in tokens[0].tolist() if token not in banned))
        if sequence[-1] in rules.end_ids:
            break
    return sequence


@dataclass(frozen=True)
class _Hypothesis:
    tokens: list[int]
    score: np.float32  # the sum of log-probabilities; once finished, divided by length ** length_penalty
    parent: int  # the row of the step that made it


def beam_search(step: Step, rules: Decoding, deadline: Deadline) -> list[int]:
    """Keep the `beams` best unfinished hypotheses and the `beams` best finished ones until these cannot be beaten.

    Follows `GenerationMixin._beam_search` for a batch of one. Its running scores are float32 sums, and so are these.
    """
    running = [_Hypothesis([rules.start_id], np.float32(0), 0)]
    finished: list[_Hypothesis] = []
    for length in range(1, rules.max_length):  # tokens after the start token, the one that this step adds included
        deadline.check()
        last = np.array([hypothesis.tokens[-1] for hypothesis in running], np.int64)
        parents = np.array([hypothesis.parent for hypothesis in running], np.int64)
        candidates = _extend(running, *step(last, parents), rules)

        full = length + 1 >= rules.max_length
        ended = [full or candidate.tokens[-1] in rules.end_ids for candidate in candidates]
        # Only the best `beams` candidates may finish; the others stand by so that enough unfinished ones remain.
        just_finished = [
            replace(candidate, score=candidate.score / np.float32(length**rules.length_penalty))
            for candidate, end in zip(candidates[: rules.beams], ended, strict=False)
            if end
        ]
        finished = sorted(finished + just_finished, key=lambda hypothesis: -hypothesis.score)[: rules.beams]

        going_on = [index for index, end in enumerate(ended) if not end][: rules.beams]
        if not going_on or _settled(finished, candidates[going_on[0]].score, length, rules):
            break
        running = [candidates[index] for index in going_on]
    return finished[0].tokens


def _extend(running: Sequence[_Hypothesis], scores: Floats, tokens: Ints, rules: Decoding) -> list[_Hypothesis]:
    """The best continuations over all hypotheses, in descending order."""
    totals = scores + np.array([hypothesis.score for hypothesis in running], np.float32)[:, None]
    words = tokens.tolist()
    for row, hypothesis in enumerate(running):
        if banned := _banned(hypothesis.tokens, rules):
            totals[row, [word in banned for word in words[row]]] = -np.inf
    best = np.argsort(-totals, axis=None, kind="stable")[: _kept(rules)]
    places = [divmod(index, totals.shape[1]) for index in best.tolist()]
    return [
        _Hypothesis([*running[row].tokens, words[row][column]], totals[row, column], row)
        for row, column in places
        if totals[row, column] > -np.inf
    ]


def _settled(finished: Sequence[_Hypothesis], best_running: np.float32, length: int, rules: Decoding) -> bool:
    """Whether no running hypothesis can enter the finished ones (`_check_early_stop_heuristic`)."""
    if len(finished) < rules.beams:
        return False
    if rules.early_stopping is True:
        return True
    if rules.early_stopping == "never" and rules.length_penalty > 0:
        length = rules.max_length - 1
    return bool(best_running / np.float32(length**rules.length_penalty) <= finished[-1].score)


def _kept(rules: Decoding) -> int:
    """Candidates kept a step: each hypothesis may spend one on every end token and still leave `beams` unfinished."""
    return max(2, 1 + len(rules.end_ids)) * rules.beams if rules.beams > 1 else 1


def _banned(tokens: Sequence[int], rules: Decoding) -> set[int]:
    """The tokens that may not follow: suppressed ones, and those that would repeat an n-gram."""
    banned = set(rules.suppressed_ids)
    size = rules.no_repeat_ngram_size
    if 0 < size <= len(tokens):
        prefix = tokens[len(tokens) - size + 1 :]
        ends = range(size - 1, len(tokens))
        banned.update(tokens[end] for end in ends if tokens[end - size + 1 : end] == prefix)
    return banned
