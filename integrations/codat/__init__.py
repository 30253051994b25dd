"""Codat: one interface in front of Xero, QuickBooks, Sage, NetSuite, FreeAgent and others."""
