"""Advise how to share: measure, propose, train the proposals, and answer in words."""
