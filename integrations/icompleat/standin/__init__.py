"""The stand-in for iCompleat, whole: its API, its trays and life cycle, its webhook, its faults, its pages."""
