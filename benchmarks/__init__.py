"""Speed, memory and size, measured beside peers and written to ``benchmarks/RESULTS.md``.

    python -m benchmarks [--quick] [NAME ...]

Nothing here is asserted in the test suite: a time that fails a build fails it for the machine's
mood. What is asserted is that the work was really done, since a load that failed is very fast.
"""
