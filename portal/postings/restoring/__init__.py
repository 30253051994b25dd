"""After a restore from an older backup: what may have been posted since, and which numbers may have been answered.

The backup knows nothing of what came after it. So nothing that was open is believed (`open_ones`), and no number that
may have been told is used again (`numbers`).
"""
