"""The endpoint for a server that wants an application by its name: `inference.app:app`."""

from common.settings import read_settings
from inference.endpoint import create_app
from inference.settings import InferenceSettings

app = create_app(read_settings(InferenceSettings))
