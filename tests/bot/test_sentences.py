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
    assert messages.captions(outcomes) == f"1. A dog.\n2. That one is gone.\n3. {SPEECHLESS}"
    assert messages.captions(outcomes[:1]) == "A dog."
