"""Things that captions name, each under the words that people use for it.

`score` counts with the first list, after CHAIR (Rohrbach et al., "Object Hallucination in Image Captioning", arXiv
1809.02156): did a caption name what people agree on, and did it name what nobody mentioned? The reward counts the
second list too.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_COUNTED = """
person: man men woman women people guy boy boys girl girls child children kid kids lady baby toddler player skier surfer
 snowboarder skateboarder batter rider crowd couple adult someone chef officer skiers surfers players riders ladies guys
 babies group skater pitcher catcher umpire swimmer soldier soldiers worker workers pedestrian pedestrians
bicycle: bike bikes bicycles bicycle
car: cars car taxi cab suv vehicle vehicles automobile van jeep
motorcycle: motorcycles motorbike motorbikes scooter moped motorcycle
airplane: plane planes airplanes jet jets aircraft airliner airplane jetliner
bus: buses bus
train: trains locomotive train subway tram trolley
truck: trucks truck pickup
boat: boats ship ships sailboat sailboats canoe kayak ferry boat raft vessel
traffic light: stoplight stoplights light lights signal
fire hydrant: hydrant hydrants
sign: signs sign stop
parking meter: meter meters
bench: benches bench
bird: birds bird duck ducks pigeon pigeons seagull seagulls parrot owl swan goose geese eagle chicken flamingo flamingos
cat: cats kitten kittens cat kitty
dog: dogs puppy puppies dog
horse: horses pony horse foal
sheep: lamb lambs sheep goat goats
cow: cows cattle bull calf ox cow bulls
elephant: elephants elephant
bear: bears bear polar
zebra: zebras zebra
giraffe: giraffes giraffe
backpack: backpacks backpack
umbrella: umbrellas umbrella parasol
bag: handbag purse bag bags luggage suitcase suitcases
tie: necktie tie ties
frisbee: frisbees frisbee disc
ski: skis ski skiing
snowboard: snowboards snowboard snowboarding
ball: ball balls soccer baseball football basketball
kite: kites kite
bat: bat bats
skateboard: skateboards skateboard skateboarding
surfboard: surfboards surfboard board surfing
tennis: racket racquet tennis
bottle: bottles bottle
glass: glasses wine wineglass glass
cup: cups mug mugs cup coffee
fork: forks fork
knife: knives knife
spoon: spoons spoon
bowl: bowls bowl
fruit: banana bananas apple apples orange oranges fruit fruits strawberries
sandwich: sandwiches sandwich burger hamburger sub
vegetable: broccoli carrot carrots vegetables vegetable veggies salad
hot dog: hotdog hotdogs
pizza: pizzas pizza
donut: donuts doughnut doughnuts donut pastry pastries
cake: cakes cupcake cupcakes cake dessert
food: food meal dish lunch dinner breakfast meat bread soup rice noodles
plate: plate plates tray
chair: chairs chair stool recliner
couch: sofa couches couch sofas
plant: plants plant flower flowers vase vases bouquet
bed: beds bed bedroom
table: tables table desk desks counter
toilet: toilets toilet urinal urinals bathroom restroom
television: tv television televisions tvs screen monitor monitors
computer: laptop laptops computer computers keyboard keyboards mouse
phone: phone phones cellphone smartphone cell
remote: remote remotes controller wii
oven: ovens oven stove stoves microwave
kitchen: kitchen kitchens
sink: sinks sink
refrigerator: fridge refrigerators refrigerator freezer
book: books book bookshelf bookshelves
clock: clocks clock
teddy bear: teddy stuffed toy toys doll dolls
building: building buildings skyscraper skyscrapers tower house houses church castle
street: street streets road roads sidewalk intersection
beach: beach beaches sand shore
ocean: ocean sea wave waves water lake river pond
snow: snow snowy
grass: grass grassy field pasture meadow lawn
mountain: mountain mountains hill hills slope
tree: tree trees forest woods
window: window windows
fence: fence fences
room: room living
"""
_ALSO_REWARDED = """
shirt: shirt shirts
hat: hat hats cap caps helmet helmets
jacket: jacket coat
suit: suit suits
dress: dress
sunglasses: sunglasses
wall: wall walls
sky: sky clouds cloudy
door: door doors
mirror: mirror mirrors
cabinet: cabinet cabinets shelf shelves
curtain: curtain curtains
lamp: lamp lamps
pole: pole poles
bridge: bridge
tracks: tracks track
station: station platform
airport: airport runway
park: park
court: court
ramp: ramp
bushes: bushes
rock: rock rocks
box: box boxes
basket: basket baskets
camera: camera
flag: flag flags
cheese: cheese
sauce: sauce
chocolate: chocolate
candle: candles candle
towel: towel towels
bathtub: bathtub tub shower
scissors: scissors
blanket: blanket pillow pillows
zoo: zoo
restaurant: restaurant
store: store shop market
"""


def _words(lists: str) -> dict[str, str]:
    """Each word to its thing; a word of two things belongs to the first."""
    found: dict[str, str] = {}
    for entry in lists.strip().replace("\n ", " ").splitlines():
        thing, _, words = entry.partition(": ")
        for word in words.split():
            found.setdefault(word, thing)
    return found


COUNTED = _words(_COUNTED)
REWARDED = _words(_COUNTED.rstrip() + _ALSO_REWARDED)
_AGREEING = 3


@dataclass(frozen=True)
class Naming:
    """Shares. `named`: of the photos on whose thing three people agree, those whose caption names one such thing.

    `invented`: of the things that captions name, those that no person mentioned.
    """

    named: float
    invented: float

    def __str__(self) -> str:
        return f"named {100 * self.named:.1f} %, invented {100 * self.invented:.1f} %"


def things(text: str) -> set[str]:
    """The things that a text names."""
    return {COUNTED[word] for word in re.findall(r"[a-z0-9']+", text.lower()) if word in COUNTED}


def naming(captions: Sequence[str], references: Sequence[Sequence[str]]) -> Naming:
    """Compare the things of one caption of each photo with those that people named."""
    photos = named = said = invented = 0
    for caption, texts in zip(captions, references, strict=True):
        mentions = Counter(thing for text in texts for thing in things(text))
        agreed = {thing for thing, count in mentions.items() if count >= min(_AGREEING, len(texts))}
        mine = things(caption)
        photos += bool(agreed)
        named += bool(agreed & mine)
        said += len(mine)
        invented += len(mine - mentions.keys())
    return Naming(named=named / max(1, photos), invented=invented / max(1, said))
