"""Beside the DAG: what changed between two versions of the dataset. The only place that knows git."""
