"""Suites: which models are measured how, as TOML, and the networks that they are made from."""
