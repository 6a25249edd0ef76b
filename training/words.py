"""The vocabulary: word pieces learned from the training captions."""

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

PAD, UNKNOWN, START, END = range(4)
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def learn(captions: Iterable[str], size: int) -> Tokenizer:
    """A tokenizer of at most `size` pieces whose encodings run from START to END.

    A piece must be seen three times: rarer words are spelled in pieces, so that few captions hold an unknown one.
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token=SPECIAL[UNKNOWN], max_input_chars_per_word=40))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=True)
    trainer = trainers.WordPieceTrainer(vocab_size=size, min_frequency=3, special_tokens=SPECIAL, show_progress=False)
    tokenizer.train_from_iterator(captions, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{SPECIAL[START]} $A {SPECIAL[END]}",
        special_tokens=[(SPECIAL[START], START), (SPECIAL[END], END)],
    )
    return tokenizer


def encode(tokenizer: Tokenizer, caption: str, longest: int) -> list[int]:
    """Token ids from START to END, cut to `longest` in all."""
    ids: list[int] = tokenizer.encode(caption).ids
    return ids if len(ids) <= longest else [*ids[: longest - 1], END]
