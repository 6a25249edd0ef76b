"""The first version's handler: Mangum starts the app's lifespan, in which the model loads, with every invocation."""

from mangum import Mangum

from tests.bench.mvp import app

handler = Mangum(app)
