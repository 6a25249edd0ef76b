"""Greedy and beam search over a decoder, with the semantics of transformers' `generate` (5.x) for one photo.

The decoder is a callable that advances every hypothesis by one token and reports each one's most probable next tokens:
the vocabulary never reaches Python. `width` says how many of them a search needs.
"""

from array import array
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.captioner import Deadline
from inference.manifest import Decoding

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Once = Mapping[int, Sequence[int]]
"""A token to what may not follow it."""


class Step(Protocol):
    """One decoding step for `rows` hypotheses."""

    def __call__(self, tokens: Ints, parents: Ints) -> tuple[Floats, Ints]:
        """Append tokens [rows, new]; row i continues row parents[i] of the step before.

        Returns log-probabilities [rows, width], in descending order, and their tokens [rows, width].
        """


def width(rules: Decoding) -> int:
    """How many next tokens of each hypothesis a search needs: those that it keeps and those that it may have to ban."""
    ngrams = rules.max_length if rules.no_repeat_ngram_size else 0
    once = sum(sorted(map(len, rules.said_once))[-rules.max_length :])
    early = len(rules.end_ids) if rules.min_length else 0
    return _kept(rules) + len(rules.suppressed_ids) + len(rules.banned_phrases) + ngrams + once + early


def search(step: Step, rules: Decoding, deadline: Deadline) -> "list[Hypothesis]":
    """The best sequences of tokens, the start token included, the best one first: one for each beam at most.

    Raises what `deadline.check()` raises, which is asked before each step.
    """
    once = {token: group for group in rules.said_once for token in group}
    chosen = beam_search if rules.beams > 1 else greedy
    return chosen(step, rules, once, deadline)


def greedy(step: Step, rules: Decoding, once: Once, deadline: Deadline) -> "list[Hypothesis]":
    """Take the most probable token until an end token or the cap."""
    sequence, total = _begin(rules), 0.0
    unseen, only = [sequence], np.zeros(1, np.int64)
    while len(sequence) < rules.max_length:
        deadline.check()
        if rules.forced_end_id is not None and len(sequence) == rules.max_length - 1:
            sequence.append(rules.forced_end_id)
            break
        scores, tokens = step(np.array(unseen, np.int64), only)
        banned = _banned(sequence, rules, once)
        place = next(place for place, token in enumerate(tokens[0].tolist()) if token not in banned)
        total += float(scores[0, place])
        sequence.append(int(tokens[0, place]))
        unseen = [sequence[-1:]]
        if sequence[-1] in rules.end_ids:
            break
    return [Hypothesis(sequence, _normalised(total, _found(sequence, rules), rules), 0)]


class Hypothesis(msgspec.Struct, frozen=True):
    """A sequence of tokens, and how probable it is."""

    tokens: list[int]
    score: float  # the sum of log-probabilities; once finished, divided by length ** length_penalty
    parent: int  # the row of the step that made it

    def mean(self, rules: Decoding) -> float:
        """The mean log-probability of a finished one's tokens."""
        length = _found(self.tokens, rules)
        return float(self.score * length**rules.length_penalty / length)


def beam_search(step: Step, rules: Decoding, once: Once, deadline: Deadline) -> list[Hypothesis]:
    """Keep the `beams` best unfinished hypotheses and the `beams` best finished ones until these cannot be beaten.

    Follows `GenerationMixin._beam_search` for a batch of one. Its running scores are float32 sums, and so are these.
    """
    running = [Hypothesis(_begin(rules), 0.0, 0)]
    finished: list[Hypothesis] = []
    unseen = len(running[0].tokens)
    most = rules.max_length - _given(rules)
    # `length` counts what was searched for or forced, the token that this step adds included.
    for length in range(unseen - _given(rules) + 1, most + 1):
        deadline.check()
        full = length == most
        if full and rules.forced_end_id is not None:
            candidates = [Hypothesis([*one.tokens, rules.forced_end_id], one.score, 0) for one in running]
        else:
            tokens = np.array([hypothesis.tokens[-unseen:] for hypothesis in running], np.int64)
            parents = np.array([hypothesis.parent for hypothesis in running], np.int64)
            candidates = _extend(running, *step(tokens, parents), rules, once)
            unseen = 1

        running = []
        for place, candidate in enumerate(candidates):
            if full or candidate.tokens[-1] in rules.end_ids:
                # Only the best `beams` may finish; the others stand by so that enough unfinished ones remain.
                if place < rules.beams:
                    score = _normalised(candidate.score, length, rules)
                    finished.append(Hypothesis(candidate.tokens, score, candidate.parent))
            elif len(running) < rules.beams:
                running.append(candidate)
        finished = sorted(finished, key=lambda hypothesis: -hypothesis.score)[: rules.beams]
        if not running or _settled(finished, running[0].score, length, rules):
            break
    return finished


def _begin(rules: Decoding) -> list[int]:
    """What every sequence begins with; the first step takes all of it at once."""
    forced = [] if rules.forced_first_id is None else [rules.forced_first_id]
    return [rules.start_id, *rules.prefix_ids, *forced]


def _given(rules: Decoding) -> int:
    return 1 + len(rules.prefix_ids)


def _found(tokens: Sequence[int], rules: Decoding) -> int:
    """How many of a sequence's tokens were searched for or forced: a score is the mean of theirs."""
    return len(tokens) - _given(rules)


def _extend(
    running: Sequence[Hypothesis], scores: Floats, tokens: Ints, rules: Decoding, once: Once
) -> list[Hypothesis]:
    """The best continuations over all hypotheses, in descending order."""
    kept = _kept(rules)
    banned = [_banned(hypothesis.tokens, rules, once) for hypothesis in running]
    # Each row has its best first: what is needed of it is as many as are kept, after those that are banned.
    enough = kept + max(map(len, banned))
    totals, places = array("f"), []
    for row, (gains, words) in enumerate(zip(scores[:, :enough].tolist(), tokens[:, :enough].tolist(), strict=True)):
        for gain, word in zip(gains, words, strict=True):
            if word not in banned[row]:
                totals.append(running[row].score + gain)
                places.append((row, word))
    best = sorted(range(len(places)), key=totals.__getitem__, reverse=True)[:kept]
    return [
        Hypothesis([*running[places[index][0]].tokens, places[index][1]], totals[index], places[index][0])
        for index in best
        if totals[index] > -np.inf
    ]


def _normalised(score: float, length: int, rules: Decoding) -> float:
    return float(np.float32(score) / np.float32(length**rules.length_penalty))


def _settled(finished: Sequence[Hypothesis], best_running: float, length: int, rules: Decoding) -> bool:
    """Whether no running hypothesis can enter the finished ones (`_check_early_stop_heuristic`)."""
    if len(finished) < rules.beams:
        return False
    if rules.early_stopping is True:
        return True
    if rules.early_stopping == "never" and rules.length_penalty > 0:
        length = rules.max_length - _given(rules)
    return _normalised(best_running, length, rules) <= finished[-1].score


def _kept(rules: Decoding) -> int:
    """Candidates kept a step: each hypothesis may spend one on every end token and still leave `beams` unfinished."""
    return max(2, 1 + len(rules.end_ids)) * rules.beams if rules.beams > 1 else 1


def _banned(tokens: Sequence[int], rules: Decoding, once: Once) -> set[int]:
    """The tokens that may not follow: too early an end, what is never to be said, not once more, or not after those."""
    banned = set(rules.suppressed_ids)
    if len(tokens) < rules.min_length:
        banned.update(rules.end_ids)
    size = rules.no_repeat_ngram_size
    if 0 < size <= len(tokens):
        prefix = tokens[len(tokens) - size + 1 :]
        ends = range(size - 1, len(tokens))
        banned.update(tokens[end] for end in ends if tokens[end - size + 1 : end] == prefix)
    for *before, last in rules.banned_phrases:
        if len(before) < len(tokens) and tokens[len(tokens) - len(before) :] == before:
            banned.add(last)
    if once:
        for token in tokens:
            banned.update(once.get(token, ()))
    return banned
