"""fakesnow's rewriting of a statement, without those of its passes that have nothing to rewrite in it.

fakesnow walks the whole statement once for each of some eighty things that it knows to rewrite, which took half of the
server's time; most are about a kind of node that a statement seldom has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import Expr, exp

Kinds = tuple[type[Expr], ...]

_SHOW: Kinds = (exp.Show,)
CONCERNED: dict[str, Kinds] = {
    "identifier": (exp.Table,),
    "alter_session": (exp.Alter,),
    "current_version": (exp.CurrentVersion,),
    "set_schema": (exp.Use,),
    "create_database": (exp.Create,),
    "extract_comment_on_table": (exp.Create, exp.Comment, exp.Alter),
    "extract_comment_on_columns": (exp.Alter,),
    "drop_schema_cascade": (exp.Drop,),
    "tag": (exp.Alter, exp.Command, exp.Create, exp.Drop),
    "semi_structured_types": (exp.DataType,),
    "try_parse_json": (exp.Anonymous,),
    "split": (exp.Split,),
    "trim_cast_varchar": (exp.Trim,),
    "indices_to_json_extract": (exp.Bracket,),
    "json_extract_cast_as_varchar": (exp.Cast,),
    "json_extract_cased_as_varchar": (exp.Upper, exp.Lower),
    "json_extract_precedence": (exp.JSONExtract, exp.JSONExtractScalar),
    "flatten_value_cast_as_varchar": (exp.Cast,),
    "flatten": (exp.Lateral, exp.TableFromRows),
    "regex_replace": (exp.RegexpReplace,),
    "regex_substr": (exp.RegexpExtract,),
    "result_scan": (exp.Select,),
    "sequence_nextval": (exp.Column,),
    "values_columns": (exp.Values,),
    "to_date": (exp.Anonymous,),
    "timestamp_offsets": (exp.Cast,),
    "to_decimal": (exp.ToNumber,),
    "to_timestamp": (exp.UnixToTime, exp.Anonymous, exp.Cast),
    "to_variant": (exp.ToVariant,),
    "object_construct": (exp.StarMap, exp.Struct, exp.JSONObject),
    "timestamp_ntz": (exp.DataType,),
    "float_to_double": (exp.DataType,),
    "extract_text_length": (exp.Create, exp.Alter),
    "sample": (exp.TableSample,),
    "array_size": (exp.ArraySize,),
    "random": (exp.Select,),
    "array_agg_within_group": (exp.WithinGroup,),
    "array_agg": (exp.ArrayAgg, exp.Window),
    "object_agg": (exp.ObjectAgg,),
    "array_construct_etc": (exp.ArrayConstructCompact, exp.Array, exp.ArrayConcat),
    "dateadd_date_cast": (exp.DateAdd,),
    "dateadd_string_literal_timestamp_cast": (exp.DateAdd,),
    "datediff_string_literal_timestamp_cast": (exp.DateDiff,),
    "show_databases": _SHOW,
    "show_functions": (exp.Show, exp.Command),
    "show_procedures": _SHOW,
    "show_parameters": (exp.Command,),
    "show_warehouses": _SHOW,
    "show_schemas": _SHOW,
    "show_tables_etc": _SHOW,
    "show_columns": _SHOW,
    "show_stages": _SHOW,
    "show_sequences": _SHOW,
    "show_keys": _SHOW,
    "show_users": _SHOW,
    "create_user": (exp.Command,),
    "haversine": (exp.Anonymous,),
    "hex_string": (exp.HexString,),
    "sha256": (exp.SHA2, exp.SHA2Digest, exp.Anonymous),
    "create_clone": (exp.Create,),
    "alias_in_join": (exp.Select,),
    "alias_in_where": (exp.Select,),
    "create_stage": (exp.Create,),
    "create_file_format": (exp.Create,),
    "list_stage": (exp.ListStage,),
    "put_stage": (exp.Put,),
    "create_table_as": (exp.Create,),
}
"""Of fakesnow's passes: the nodes that each looks for first. One that is not named here is always made."""


def rewritten(cursor: FakeSnowflakeCursor, statement: Expr) -> Expr:
    """As `cursor._transform` answers it; like there, `statement` itself is changed."""
    passes = _Passes(statement)
    cursor._transform(cast(Any, passes), None)
    return passes.statement


class _Passes:
    """Stands for the statement while fakesnow passes over it."""

    def __init__(self, statement: Expr) -> None:
        self.statement = statement
        self._kinds = _kinds(statement)

    def transform(self, function: Callable[..., Any], *args: object, copy: bool = True, **kwargs: object) -> _Passes:
        """As `Expr.transform`, which asks `function` about every node."""
        concerned = CONCERNED.get(_name(function), (Expr,))
        if not any(issubclass(kind, concerned) for kind in self._kinds):
            return self
        self._kinds = set()
        left = [self.statement]
        while left:
            node = left.pop()
            if isinstance(node, concerned):
                parent, key, index = node.parent, node.arg_key, node.index
                changed = function(node, *args, **kwargs)
                if node is self.statement:
                    self.statement = changed
                elif parent and key and changed is not node:
                    parent.set(key, changed, index)
                if changed is not node:
                    self._kinds |= _kinds(changed)
                    continue
            self._kinds.add(type(node))
            left += _children(node)
        return self


def _kinds(statement: Expr) -> set[type[Expr]]:
    return {type(node) for node in statement.dfs()}


def _children(node: Expr) -> list[Expr]:
    """The last one first."""
    children: list[Expr] = []
    for value in node.args.values():
        if isinstance(value, Expr):
            children.append(value)
        elif isinstance(value, list):
            children += [item for item in value if isinstance(item, Expr)]
    children.reverse()
    return children


def _name(function: Callable[..., Any]) -> str:
    """Of the pass, which fakesnow hands over either itself or in a lambda that calls `transforms.NAME`."""
    if function.__name__ != "<lambda>":
        return function.__name__
    module, name, *_ = function.__code__.co_names
    return str(name) if module == "transforms" else ""
