"""Who could serve whom: candidate arcs from offers and wants, and why they are what they are.

Pure code: values in, values out. ``entries``, ``rules``, ``utility``, ``explanations``, ``words``
and ``figures`` are plain Python and may be imported anywhere; ``search`` and what it stands on
need numpy and scipy, and are imported by the process that matches alone.
"""
