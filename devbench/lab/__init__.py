"""Several hosts as one lab: agents offer phones, runs are submitted to them. Dask knows who is there and whose turn
it is; everything durable is ours (docs/decisions/0011-lab-over-dask.md).

Nothing here is imported by what measures; a phone's session on an agent is the session of `devbench run`.
"""
