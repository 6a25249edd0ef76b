"""Greedy and beam search give the tokens that transformers' generate gives, for any decoder."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.generation import GenerationMixin
from transformers.modeling_outputs import CausalLMOutput

from inference.captioner import Cancelled, Deadline, DeadlineExceeded
from inference.manifest import Decoding
from inference.search import Floats, Ints, search, width

START, PAD = 1, 0


class Table:
    """A decoder without a network: a random table's row, picked by a hash of the prefix, holds the logits after it."""

    def __init__(self, seed: int, vocab: int, sharpness: float) -> None:
        self.rows = np.random.default_rng(seed).normal(0, sharpness, (997, vocab)).astype(np.float32)

    def logits(self, prefix: Sequence[int]) -> Floats:
        key = 17
        for token in prefix:
            key = (key * 31 + token + 1) % 997
        row: Floats = self.rows[key]
        return row


class TableModel(PreTrainedModel, GenerationMixin):  # type: ignore[misc]  # (transformers is not typed here)
    """The same decoder as a transformers model."""

    config_class = PreTrainedConfig

    def __init__(self, table: Table) -> None:
        super().__init__(PreTrainedConfig(vocab_size=table.rows.shape[1]))
        self.table = table
        self.anchor = torch.nn.Parameter(torch.zeros(1))

    def forward(self, input_ids: torch.Tensor, **_: object) -> CausalLMOutput:
        logits = np.stack([self.table.logits(row) for row in input_ids.tolist()])
        return CausalLMOutput(logits=torch.from_numpy(logits)[:, None])


class TableStep:
    """The same decoder as `search` drives it."""

    def __init__(self, table: Table, rules: Decoding) -> None:
        self.table, self.width = table, width(rules)
        self.prefixes: list[list[int]] = [[]]

    def __call__(self, tokens: Ints, parents: Ints) -> tuple[Floats, Ints]:
        self.prefixes = [
            [*self.prefixes[parent], *new] for parent, new in zip(parents.tolist(), tokens.tolist(), strict=True)
        ]
        logits = torch.from_numpy(np.stack([self.table.logits(prefix) for prefix in self.prefixes]))
        top = torch.log_softmax(logits, -1).topk(min(self.width, logits.shape[1]))
        return top.values.numpy(), top.indices.numpy()


class SaidOnce(LogitsProcessor):  # type: ignore[misc]  # (transformers is not typed here)
    """`Decoding.said_once`, which transformers lacks, in its terms."""

    def __init__(self, groups: Sequence[Sequence[int]]) -> None:
        self.groups = groups

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.Tensor:
        allowed = scores.clone()
        for row, said in enumerate(input_ids.tolist()):
            for group in self.groups:
                if set(group) & set(said):
                    allowed[row, list(group)] = -torch.inf
        return allowed


def of_transformers(table: Table, rules: Decoding) -> list[int]:
    config = GenerationConfig(
        num_beams=rules.beams,
        max_length=rules.max_length,
        length_penalty=rules.length_penalty if rules.beams > 1 else None,
        early_stopping=rules.early_stopping if rules.beams > 1 else None,
        no_repeat_ngram_size=rules.no_repeat_ngram_size,
        min_length=rules.min_length,
        suppress_tokens=list(rules.suppressed_ids) or None,
        bad_words_ids=[list(phrase) for phrase in rules.banned_phrases] or None,
        forced_bos_token_id=rules.forced_first_id if not rules.prefix_ids else None,
        forced_eos_token_id=rules.forced_end_id,
        eos_token_id=list(rules.end_ids),
        pad_token_id=rules.pad_id,
        use_cache=False,
        do_sample=False,
    )
    ids = torch.tensor([[rules.start_id, *rules.prefix_ids]])
    output = TableModel(table).generate(
        ids,
        attention_mask=torch.ones_like(ids),
        generation_config=config,
        logits_processor=LogitsProcessorList([SaidOnce(rules.said_once)]),
    )
    tokens: list[int] = output[0].tolist()
    return tokens


def of_ours(table: Table, rules: Decoding) -> list[int]:
    return search(TableStep(table, rules), rules, Deadline.after(60))[0].tokens


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    vocab=st.integers(40, 90),
    sharpness=st.sampled_from([0.5, 2.0, 6.0]),
    beams=st.integers(1, 5),
    max_length=st.integers(6, 18),
    length_penalty=st.sampled_from([-1.0, 0.0, 0.6, 1.0, 2.0]),
    early_stopping=st.sampled_from([True, False, "never"]),
    ngram=st.integers(0, 3),
    suppressed=st.sets(st.integers(2, 39), max_size=4),
    ends=st.sets(st.integers(2, 39), min_size=1, max_size=3),
    once=st.lists(st.integers(2, 39), max_size=24, unique=True),
    together=st.integers(1, 3),
    least=st.integers(0, 20),
    prefix=st.lists(st.integers(2, 39), max_size=4),
    phrases=st.lists(st.lists(st.integers(2, 39), min_size=2, max_size=3), max_size=40),
    forced_first=st.none() | st.integers(2, 39),
    forced_end=st.booleans(),
)
def test_search_finds_what_transformers_finds(
    seed: int,
    vocab: int,
    sharpness: float,
    beams: int,
    max_length: int,
    length_penalty: float,
    early_stopping: bool | str,
    ngram: int,
    suppressed: set[int],
    ends: set[int],
    once: list[int],
    together: int,
    least: int,
    prefix: list[int],
    phrases: list[list[int]],
    forced_first: int | None,
    forced_end: bool,
) -> None:
    # An end token is said once by its nature; where it is forced after all, there is nothing else to say.
    once = [token for token in once if token not in ends]
    rules = msgspec.convert(
        {
            "start_id": START,
            "end_ids": sorted(ends),
            "pad_id": PAD,
            "beams": beams,
            "min_length": min(least, max_length),
            "prefix_ids": prefix,
            "banned_phrases": phrases,
            # transformers forces it where one token is there; with a prefix, then, never.
            "forced_first_id": None if prefix or forced_first in ends | suppressed else forced_first,
            "forced_end_id": min(ends - suppressed) if forced_end and ends - suppressed else None,
            "max_length": max_length,
            "length_penalty": length_penalty,
            "early_stopping": early_stopping,
            "no_repeat_ngram_size": ngram,
            "suppressed_ids": sorted(suppressed),
            "said_once": [once[place : place + together] for place in range(0, len(once), together)],
        },
        Decoding,
    )
    table = Table(seed, vocab, sharpness)
    assert of_ours(table, rules) == of_transformers(table, rules)


@pytest.mark.parametrize("beams", [1, 3])
def test_a_thing_is_not_said_twice_where_the_manifest_asks_for_it(beams: int) -> None:
    boat, boats, a, end = 5, 6, 7, 2
    table = Table(1, 50, 0.0)
    table.rows[:, [boat, boats, a, end]] = [9.0, 8.0, 5.0, 4.0]
    rules = msgspec.structs.replace(RULES, beams=beams, max_length=6)
    assert of_ours(table, rules) == [START, *[boat] * 5]
    once = of_ours(table, msgspec.structs.replace(rules, said_once=((boat, boats), (a,))))
    assert once == [START, boat, a, end] if beams == 1 else boats not in once and once.count(boat) == 1


RULES = Decoding(start_id=START, end_ids=(2,), pad_id=PAD, beams=3, max_length=12)


@pytest.mark.parametrize("beams", [1, 3])
def test_the_deadline_is_asked_before_every_step(beams: int) -> None:
    rules = msgspec.structs.replace(RULES, beams=beams)
    with pytest.raises(DeadlineExceeded):
        search(TableStep(Table(1, 50, 1.0), rules), rules, Deadline.after(0))


@pytest.mark.parametrize("beams", [1, 3])
def test_a_client_that_hangs_up_stops_the_search_at_the_next_step(beams: int) -> None:
    rules = msgspec.structs.replace(RULES, beams=beams, suppressed_ids=(2,))
    deadline = Deadline.after(60)
    step = TableStep(Table(1, 50, 1.0), rules)

    def hang_up_at_the_third(tokens: Ints, parents: Ints) -> tuple[Floats, Ints]:
        if len(step.prefixes[0]) == 2:
            deadline.cancel()
        return step(tokens, parents)

    with pytest.raises(Cancelled):
        search(hang_up_at_the_third, rules, deadline)
    assert len(step.prefixes[0]) == 3
