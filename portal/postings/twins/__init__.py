"""One real payment that somebody entered on both sides: found before it is sent, so that it is never there twice."""
