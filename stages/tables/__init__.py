"""The one reader and writer of tables, JSON Lines and reports; outputs that appear whole or not at all."""

from stages.tables.files import cache, whole
from stages.tables.lines import DIGITS, dump_line, read_json, read_lines, rounded, write_json, write_lines
from stages.tables.rules import Rule
from stages.tables.shards import (
    ROWS,
    Columns,
    Shard,
    empty,
    plain,
    read,
    read_columns,
    schema_of,
    shards,
    sort_by_id,
    write,
)

__all__ = [
    "DIGITS",
    "ROWS",
    "Columns",
    "Rule",
    "Shard",
    "cache",
    "dump_line",
    "empty",
    "plain",
    "read",
    "read_columns",
    "read_json",
    "read_lines",
    "rounded",
    "schema_of",
    "shards",
    "sort_by_id",
    "whole",
    "write",
    "write_json",
    "write_lines",
]
