"""From the document to what a model is asked. Pure: no files are read and no code is evaluated here."""
