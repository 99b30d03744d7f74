"""Reading a network's list: bytes in, drafts of entities and a report out.

Nothing here knows a database or HTTP. The way of a file: ``encodings`` and ``tables`` turn bytes
into rows with their line numbers, ``repair`` mends damaged text, ``headers`` and ``columns`` say
which column is which field, ``drafting`` turns a row into a draft or refuses it with a reason,
``identity`` and ``merging`` say which rows speak of one entity, and ``reading`` carries it out
over a whole file. ``settings`` holds what a person decides, ``preview`` what a person sees first.
"""
