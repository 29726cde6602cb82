"""Measurements and rehearsals beside the pipeline, one command each."""
