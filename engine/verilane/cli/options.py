"""What several commands take, and the statuses that they end with."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

__all__ = ["BAD_USE", "INTERRUPTED", "NOT_VALID", "DeviceName", "Threads", "takes"]

# Exit statuses beside 0.
NOT_VALID, BAD_USE, INTERRUPTED = 1, 2, 130

Threads = Annotated[int | None, typer.Option(min=1, help="Cores to use (default: all).")]
DeviceName = Annotated[
    str | None, typer.Option(metavar="NAME", help="A device of `verilane devices`.")
]


def takes(group: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes options of a dataclass's fields: the command's first parameter is filled with one."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        shared = inspect.signature(group).parameters
        _, *own = inspect.signature(command).parameters.values()

        @functools.wraps(command)
        def run(**given: Any) -> None:
            options = group(**{name: given.pop(name) for name in shared})
            command(options, **given)

        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters = [each.replace(kind=keyword) for each in (*own, *shared.values())]
        # What typer reads, each version in its own way.
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return run

    return decorate
