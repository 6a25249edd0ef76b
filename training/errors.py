"""What can be wrong with what the recipe is given."""


class RecipeError(Exception):
    """The data, or the folder to write, is not what the recipe needs; the text says what to do."""
