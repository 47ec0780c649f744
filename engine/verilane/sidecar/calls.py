"""Counts each connection's calls from their headers on, whatever their kind.

gRPC calls the handler of a method that takes one message when that is whole, and until then nobody
knows of the call. So these are handed to gRPC as methods that take a stream of messages, which are
called at once, and read one.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from .front import Front

__all__ = ["Calls"]


class Calls(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """What gRPC asks for the handler of every call."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        """Returns a handler that is counted, or None where there is no such method."""
        found = await continuation(details)
        if found is None:
            return None
        if found.unary_unary or found.unary_stream:
            taken = _of_one_message(found.unary_unary or found.unary_stream)
        else:
            taken = found.stream_unary or found.stream_stream
        kind = (
            grpc.stream_stream_rpc_method_handler
            if found.response_streaming
            else grpc.stream_unary_rpc_method_handler
        )
        return kind(self._counted(taken), found.request_deserializer, found.response_serializer)

    def _counted(self, behaviour: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isasyncgenfunction(behaviour):

            async def generate(requests: Any, context: Any) -> AsyncIterator[Any]:
                with self._open(context):
                    async for response in behaviour(requests, context):
                        yield response

            return generate

        async def answer(requests: Any, context: Any) -> Any:
            with self._open(context):
                return await behaviour(requests, context)

        return answer

    @contextmanager
    def _open(self, context: Any) -> Iterator[None]:
        account = self._front.account(context.peer())
        if account is None:  # it is gone
            yield
            return
        account.begin()
        try:
            yield
        finally:
            account.end()


def _of_one_message(behaviour: Callable[..., Any]) -> Callable[..., Any]:
    async def answer(_: Any, context: Any) -> Any:
        request = await context.read()
        if request is grpc.aio.EOF:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a message is missing")
        return await behaviour(request, context)

    return answer
