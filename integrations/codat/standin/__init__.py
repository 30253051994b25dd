"""What stands behind the stand-in for Codat: its companies, its cache, and the accounting systems on its far side."""
