"""Things: which of them captions name, which they invent, and that none is said twice."""

import pytest

pytest.importorskip("tokenizers")

from training import words
from training.once import said_once
from training.reward import Reward
from training.things import Naming, naming, things

SAID = ["a boat on the water", "two boats near a man", "men and women on a small beach", "a stop sign and a sign"] * 3


def test_a_thing_has_many_words() -> None:
    assert things("A sailboat, two ships: men on the sea") == {"boat", "person", "ocean"}
    assert things("boathouse") == set()


def test_naming_counts_what_people_agree_on_and_what_nobody_said() -> None:
    boats = ["a boat on the water", "a ship at sea", "two boats", "a man fishing", "water"]
    assert naming(["a boat and a dog"], [boats]) == Naming(named=1.0, invented=0.5)
    assert naming(["a man on a bench"], [boats]) == Naming(named=0.0, invented=0.5)
    assert naming(["nothing at all"], [boats]) == Naming(named=0.0, invented=0.0)


def test_photos_on_which_nobody_agrees_are_not_counted_as_named() -> None:
    nobody = ["a cat", "a dog", "a man", "a car", "a tree"]
    assert naming(["a cat", "a boat"], [nobody, ["a boat"] * 5]).named == 1.0


def test_the_reward_is_for_things_that_are_there_for_saying_them_once_and_for_coming_to_an_end() -> None:
    tokenizer = words.learn(SAID, 200)

    def ids(text: str) -> list[int]:
        return words.encode(tokenizer, text, 24)[1:]

    spoken = ["a boat on the water", "two boats near a man", "men and women on a small beach", "a stop sign"]
    reward = Reward(tokenizer, [[ids(text)] for text in spoken], last=1.0)
    right, invented = reward.score(0, ids("a boat on the water")), reward.score(0, ids("a boat on the sign"))
    assert right > reward.score(0, ids("a boat on the boat"))
    assert right > invented
    assert reward.score(0, ids("a boat on the beach")) < reward.score(0, ids("a boat on the water"))
    assert reward.score(0, ids("near man and")) < reward.score(0, ids("and near man")), "it breaks off"


def test_a_thing_and_its_plural_are_said_once_and_what_people_repeat_is_not_held_back() -> None:
    tokenizer = words.learn(SAID, 200)
    vocabulary = tokenizer.get_vocab()
    groups = said_once(tokenizer)
    assert tuple(sorted((vocabulary["boat"], vocabulary["boats"]))) in groups
    assert tuple(sorted((vocabulary["man"], vocabulary["men"]))) in groups
    held = {token for group in groups for token in group}
    assert vocabulary["small"] in held
    assert not held & {vocabulary["sign"], vocabulary["a"], vocabulary["on"]}
