"""Reading a network's list: bytes in, drafts of entities and a report out.

Nothing here knows a database or HTTP. The way of a file: ``encodings`` and ``tables`` turn bytes
into rows with their line numbers, ``repair`` mends damaged text, ``columns`` says which column is
which field, ``drafting`` turns a row into a draft or refuses it with a reason, ``identity`` says
which rows speak of one entity, and ``drafts`` carries it out over a whole file.
"""
