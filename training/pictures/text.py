"""What stands in the pictures: words of several languages, names, prices and lines of programs."""

from random import Random

_LANGUAGES = (
    "the report is ready and we can meet on monday please check the numbers before lunch because some of them changed "
    "last night nobody told me about new plans for this summer but I think it will work out well in the end",
    "please find our new opening hours below this offer ends soon read more about how people travel to cities around "
    "the world and why small shops matter when prices rise a good story needs time",
    "how to install the package first open settings then choose your account and follow each step if something fails "
    "restart your computer or write to support every answer helps other users",
    "wir treffen uns am Montag im Büro bitte bring die Unterlagen mit danach gehen alle zusammen essen weil das Wetter "
    "endlich schön wird und niemand mehr arbeiten möchte",
    "nous serons là demain matin avec les enfants il faut acheter du pain et préparer la salle avant que tout le monde "
    "arrive merci beaucoup pour votre réponse à bientôt",
    "la reunión empieza a las nueve por favor envía el documento antes del viernes todos los precios incluyen "
    "impuestos gracias por tu ayuda nos vemos pronto en la oficina",
    "мы встретимся завтра утром у входа пожалуйста возьми с собой билеты потому что очередь будет длинной а погода "
    "обещает быть хорошей весь день",
    "η συνάντηση αρχίζει στις εννέα παρακαλώ φέρε τα χαρτιά μαζί σου γιατί αύριο δεν θα είμαστε εδώ καλή συνέχεια",
    "toplantı pazartesi günü başlıyor lütfen belgeleri yanında getir çünkü yarın burada olmayacağız hepinize "
    "teşekkürler",
)
_WEIGHTS = (6, 5, 5, 2, 2, 2, 2, 1, 1)
_NAMES = [
    "Ada",
    "Ben",
    "Chloe",
    "Diego",
    "Elif",
    "Femi",
    "Grace",
    "Hana",
    "Ivan",
    "Julia",
    "Kofi",
    "Lena",
    "Marco",
    "Nora",
    "Omar",
    "Petra",
    "Quinn",
    "Rosa",
    "Sam",
    "Tariq",
    "Uma",
]
_THINGS = [
    "Coffee",
    "Tea",
    "Bread",
    "Milk",
    "Apples",
    "Cheese",
    "Soap",
    "Rice",
    "Pasta",
    "Butter",
    "Eggs",
    "Juice",
    "Salad",
    "Soup",
    "Cake",
    "Water",
    "Chocolate",
    "Onions",
    "Batteries",
    "Paper",
    "Notebook",
    "Pens",
]
_CODE = (
    "import {a}",
    "from {a} import {b}",
    "def {a}({b}, {c}):",
    "    return {a} + {b}",
    "    if {a} is None:",
    "        raise ValueError({s})",
    "for {a} in range({n}):",
    "    {a} = {b}.{c}({n})",
    "class {A}:",
    "const {a} = await {b}({s});",
    "function {a}({b}) {{",
    "  return {a}.map({b} => {b}.{c});",
    "}}",
    "if ({a} > {n}) {{ {b}(); }}",
    "# {w}",
    "// {w}",
    "{a} = [{n}, {n}, {n}]",
    "print({s})",
    '<div class="{a}">{w}</div>',
    "let {a}: {A} = {n};",
    "SELECT {a}, {b} FROM {c} WHERE {a} = {n};",
    "",
)
_IDENTIFIERS = [
    "user",
    "total",
    "index",
    "result",
    "items",
    "name",
    "value",
    "count",
    "path",
    "config",
    "node",
    "data",
    "size",
    "key",
    "parse",
    "load",
    "save",
    "run",
]
_COMMANDS = (
    "ls -la",
    "cd projects/{a}",
    "git status",
    "git log --oneline",
    "python {a}.py --{b} {n}",
    "npm install {a}",
    "docker ps",
    "make test",
    "ssh {a}@{b}",
    "cat {a}.txt",
    "top",
    "curl localhost:{n}/{a}",
)


class Writer:
    """Writes in one language, by lot."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._words = random.choices(_LANGUAGES, _WEIGHTS)[0].split()

    def phrase(self, fewest: int, most: int) -> str:
        """So many words in a row, without a mark at the end."""
        text = " ".join(self._random.choice(self._words) for _ in range(self._random.randint(fewest, most)))
        return text[0].upper() + text[1:]

    def title(self) -> str:
        """A headline."""
        return self.phrase(2, 5)

    def paragraph(self, fewest: int = 3, most: int = 7) -> str:
        """So many sentences."""
        return " ".join(f"{self.phrase(4, 13)}." for _ in range(self._random.randint(fewest, most)))

    def name(self) -> str:
        """A first name."""
        return self._random.choice(_NAMES)

    def goods(self) -> str:
        """Something that a shop sells."""
        return self._random.choice(_THINGS)

    def price(self) -> str:
        """A number with two decimals."""
        return f"{self._random.uniform(0.5, 90):.2f}"

    def clock(self) -> str:
        """A time of day."""
        return f"{self._random.randint(0, 23)}:{self._random.randint(0, 59):02}"

    def code(self) -> str:
        """A line of a program."""
        return self._filled(self._random.choice(_CODE))

    def command(self) -> str:
        """What somebody types into a terminal."""
        return self._filled(self._random.choice(_COMMANDS))

    def _filled(self, form: str) -> str:
        a, b, c = self._random.sample(_IDENTIFIERS, 3)
        word = self.phrase(2, 5).lower()
        return form.format(
            a=a, b=b, c=c, A=a.capitalize(), w=word, s=f'"{word}"', n=self._random.choice((0, 1, 2, 10, 64, 100, 8000))
        )
