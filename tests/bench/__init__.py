"""`make bench`: what a webhook costs, beside a bare view that inserts one row, on the same servers in the same run."""
