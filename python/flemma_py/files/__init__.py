"""Reading the files that a chat names: which may be read unasked, how they are read without being waited for, and
what they are. A file is not the owner: what a chat asks for is looked at before it is opened."""
