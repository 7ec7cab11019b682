"""Views of the exchanges and of the results: texts and files that say what was found."""
