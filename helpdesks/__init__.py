"""Helpdesks, one file each: what they send is verified and read, and decisions are written back.

It knows HTTP as a client only, no web framework and no model. Who stores, decides and sends at the
right time is elsewhere.
"""
