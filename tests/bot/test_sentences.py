"""A caption is said as a sentence."""

import pytest

from bot import messages
from bot.messages import SPEECHLESS, sentence
from bot.outcomes import Captioned, Outcome, Refused


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ("a dog running on grass", "A dog running on grass."),
        ("  a dog \n running on grass ", "A dog running on grass."),
        ("a dog, a cat and a man , ", "A dog, a cat and a man."),
        ("two zebras in a field .", "Two zebras in a field ."),
        ("A dog.", "A dog."),
        ("what a dog!", "What a dog!"),
        ("is that a dog?", "Is that a dog?"),
        ("a dog and then…", "A dog and then…"),
        ("3 dogs", "3 dogs."),
        ("iPhones on a table", "iPhones on a table."),
        ("NASA's rocket", "NASA's rocket."),
        ("a", "A."),
        ("éclairs sur une table", "Éclairs sur une table."),
        ("ßig", "Ssig."),
        ("a cat 🐈", "A cat 🐈."),
    ],
)
def test_a_caption_gets_a_capital_and_a_full_stop(caption: str, said: str) -> None:
    assert sentence(caption) == said


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ('a sign that says "stop"', 'A sign that says "stop".'),
        ('a sign that says "stop!"', 'A sign that says "stop!"'),
        ('"stop" is on a sign', '"Stop" is on a sign.'),
        ("“a dog”", "“A dog”."),
        ("a dog (on grass)", "A dog (on grass)."),
        ("¿un perro?", "¿Un perro?"),
        ("a dog's bowl", "A dog's bowl."),
    ],
)
def test_quotation_marks_and_brackets_are_left_where_they_are(caption: str, said: str) -> None:
    assert sentence(caption) == said


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ("собака бежит по траве", "Собака бежит по траве."),
        ("ένας σκύλος", "Ένας σκύλος."),
        ("一只狗在草地上", "一只狗在草地上。"),
        ("犬が走っている", "犬が走っている。"),
        ("一只狗在草地上。", "一只狗在草地上。"),
        ("「犬」と書いてある", "「犬」と書いてある。"),
        ("개가 달린다", "개가 달린다."),
        ("घास पर एक कुत्ता", "घास पर एक कुत्ता।"),
        ("كلب يركض", "كلب يركض."),
        ("هل هذا كلب؟", "هل هذا كلب؟"),
        ("สุนัขวิ่ง", "สุนัขวิ่ง"),
    ],
)
def test_other_scripts_end_their_own_way(caption: str, said: str) -> None:
    assert sentence(caption) == said


@pytest.mark.parametrize("caption", ["", "   ", " \n", '""', ",", ".", "( )"])
def test_no_words_at_all_are_owned_up_to(caption: str) -> None:
    assert sentence(caption) == SPEECHLESS


@pytest.mark.parametrize("caption", ["a dog", "a sign that says “stop”", "犬", "a dog and then…", "iPhones", "สุนัข"])
def test_a_sentence_stays_as_it_is(caption: str) -> None:
    assert sentence(sentence(caption)) == sentence(caption)


def test_refusals_are_sentences_already() -> None:
    outcomes: list[Outcome] = [Captioned("a dog"), Refused("That one is gone."), Captioned("")]
    assert messages.captions(outcomes, 4096) == f"1. A dog.\n2. That one is gone.\n3. {SPEECHLESS}"
    assert messages.captions(outcomes[:1], 4096) == "A dog."


@pytest.mark.parametrize("limit", [4096, 8000])
def test_an_albums_detailed_captions_are_cut_so_that_each_photo_has_one(limit: int) -> None:
    long = " ".join(f"word{index}" for index in range(400)) + "."
    outcomes = [Captioned(text) for text in ("a dog", *[long] * 8, "a cat")]
    said = messages.captions(outcomes, limit)
    assert limit - 200 < len(said) <= limit
    lines = said.splitlines()
    assert (lines[0], lines[9]) == ("1. A dog.", "10. A cat.")
    for number, line in enumerate(lines[1:9], start=2):
        assert line.startswith(f"{number}. Word0 word1 ") and line.endswith("…")
        assert line.removesuffix("…").split()[-1] in long.split()


def test_where_words_have_no_spaces_a_caption_is_cut_between_letters() -> None:
    said = messages.captions([Captioned("海" * 5000)], 4096)
    assert said == "海" * 4095 + "…"


def test_what_fits_is_left_whole() -> None:
    outcomes = [Captioned("a" * 50 + "."), Captioned("a dog")]
    whole = messages.captions(outcomes, 4096)
    assert messages.captions(outcomes, len(whole)) == whole
    assert len(messages.captions(outcomes, len(whole) - 1)) <= len(whole) - 1
