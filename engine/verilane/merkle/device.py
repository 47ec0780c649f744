"""Trees on a device that is not the CPU: levels are made there from each other, and stay."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._columns import Column
from .._cpu_trees import LoneRule
from .._device_hashes import Hasher, Part, parts
from .._device_nodes import NODE, DeviceNodes
from .kinds import Run, levels_above

__all__ = ["DeviceRun"]

# Leaves of the largest subtree that is hashed at a time, as a power of two, and groups of leaves
# that are put together with their numbers at a time.
_LOG2_MOST_LEAVES = 24
_INDEXED_GROUPS = 1 << 17


@dataclass(frozen=True, slots=True)
class DeviceRun(Run):
    """A Run whose nodes are hashed on a device; a few at a time are left to the CPU."""

    hasher: Hasher

    def on_cpu(self) -> Run:
        """Returns the same on the CPU."""
        return Run(self.kind, self.hash, self.isa, self.threads)

    def height(self) -> int:
        """Of subtrees: as many leaves as there is memory for, with what is made of them."""
        leaves = min(self.hasher.machine.room(NODE, NODE), 1 << _LOG2_MOST_LEAVES)
        return (leaves.bit_length() - 1) // (self.kind.width.bit_length() - 1)

    def empty(self, n: int) -> Any:
        """Returns memory for n nodes on the device."""
        return DeviceNodes.empty(self.hasher.machine, n)

    def pairs(self, children: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """As Run's, on the CPU."""
        return self.on_cpu().pairs(children)

    # ---- Leaves, and the subtrees over them ----

    def nodes(self, leaves: Column, *, height: int, first: int, total: int, out: Any) -> bool:
        """As Run's. out: on the device or not."""
        grain, width = self.kind.width**height, self.kind.width
        chunk = max(self.hasher.machine.room(NODE, NODE) // grain, 1) * grain
        mutated = False
        for start in range(0, leaves.n, chunk):
            part = _slice(leaves, start, min(start + chunk, leaves.n))
            place = slice(start // grain, -(-(start + part.n) // grain))
            if height == 0 and isinstance(out, DeviceNodes):
                self._put_leaves(out[place], part)
                continue
            nodes = self._whole_groups(part.n)
            self._put_leaves(nodes, part)
            number = first + start
            for level in range(min(height, levels_above(total, width))):
                above = self._whole_groups(-(-len(nodes) // width))
                children = nodes.reshape(len(above), NODE * width)
                size, number = number + len(nodes), number // width
                found = self.parents(above, children, nodes=size, level=level, first=number)
                mutated |= len(found) > 0
                nodes = above
            out[place] = nodes if isinstance(out, DeviceNodes) else np.asarray(nodes)
        return mutated

    def _whole_groups(self, n: int) -> DeviceNodes:
        """Returns memory for n nodes, and for those that would make their last group whole."""
        width = self.kind.width
        nodes: DeviceNodes = self.empty(-(-n // width) * width)[:n]
        return nodes

    def _put_leaves(self, nodes: DeviceNodes, leaves: Column) -> None:
        """Fills level 0."""
        if not self.kind.hashed_leaves:
            start = 0 if leaves.offsets is None else int(leaves.offsets[0])
            nodes[:] = leaves.data[start : start + NODE * leaves.n]
            return
        for part in parts(self.hasher.machine, leaves, 4):
            self.hasher.messages(
                nodes.buffer,
                nodes.first + part.start,
                part,
                width=leaves.width,
                prefix=self.kind.leaf_prefix,
            )

    # ---- Parents ----

    def parents(
        self,
        out: Any,
        children: Any,
        *,
        nodes: int,
        level: int,
        first: int = 0,
        groups: "NDArray[np.uint64] | None" = None,
    ) -> NDArray[np.intp]:
        """As Run's. out, children: on the device or not; the children's memory is that of whole
        groups, and may be written where there is no node. groups: ascending.
        """
        n, width = len(out), self.kind.width
        if n == 0:
            return np.zeros(0, np.intp)
        if not isinstance(children, DeviceNodes):
            most = self.hasher.machine.room(NODE * width, NODE)
            if n > most and groups is None:
                return self._in_parts(most, out, children, nodes=nodes, level=level, first=first)
            children = DeviceNodes.of(self.hasher.machine, children)
        to = out if isinstance(out, DeviceNodes) else self.empty(n)
        if groups is None:
            groups = np.arange(first, first + n, dtype=np.uint64)
        last = int(groups[-1])
        in_last = min(width, nodes - width * last)
        whole = n if in_last == width else n - 1
        found = np.zeros(0, np.intp)
        if level == 0 and self.kind.indexed:
            self._indexed(to, children, groups, width * (n - 1) + in_last)
        else:
            if self.kind.lone == LoneRule.TWICE:
                found = self._equal(children[:whole])
            self._whole(to[:whole], children[:whole])
            if whole < n:
                self._lone(to[whole:n], children[whole:n], in_last, level)
        if to is not out:
            out[:] = np.asarray(to)
        return found

    def _in_parts(
        self, most: int, out: Any, children: Any, *, nodes: int, level: int, first: int
    ) -> NDArray[np.intp]:
        """The parents of groups that come from the CPU, more of them than there is memory for."""
        found: list[NDArray[np.intp]] = []
        rows, width = children.reshape(-1, NODE), self.kind.width
        for start in range(0, len(out), most):
            stop, number = start + most, first + start
            there, part = out[start:stop], rows[width * start : width * stop]
            some = self.parents(there, part, nodes=nodes, level=level, first=number)
            found.append(some + start)
        return np.concatenate(found)

    def _whole(self, to: DeviceNodes, children: DeviceNodes) -> None:
        at, data = (to.buffer, to.first), children.buffer
        if self.kind.width == 2:
            self.hasher.nodes(
                *at,
                data,
                children.first,
                len(to),
                prefix=self.kind.node_prefix,
                is_sorted=self.kind.is_sorted,
            )
        else:
            width = NODE * self.kind.width
            self.hasher.rows(*at, data, NODE * children.first, len(to), width=width)

    def _lone(self, to: DeviceNodes, group: DeviceNodes, size: int, level: int) -> None:
        """The parent of a group that is not whole: of a lone node, in a binary tree."""
        members = group.reshape(-1, NODE)
        if self.kind.lone == LoneRule.HASH:
            start, width = NODE * group.first, NODE * size
            self.hasher.rows(to.buffer, to.first, group.buffer, start, 1, width=width)
            return
        if self.kind.lone == LoneRule.UP:
            to[:1] = members[:1]
            return
        if self.kind.lone == LoneRule.TWICE:
            members[1:] = members[:1]
        else:
            members[1:] = np.frombuffer(self.zero(level), np.uint8)
        self._whole(to, group)

    def _indexed(
        self, to: DeviceNodes, children: DeviceNodes, groups: "NDArray[np.uint64]", leaves: int
    ) -> None:
        """The parents of leaves that are hashed after rlp(index). leaves: how many there are."""
        width, machine = self.kind.width, self.hasher.machine
        for start in range(0, len(groups), _INDEXED_GROUPS):
            some = groups[start : start + _INDEXED_GROUPS]
            n = min(leaves - width * start, width * len(some))
            numbers = (some[:, None] * np.uint64(width) + np.arange(width, dtype=np.uint64)).ravel()
            ends = np.cumsum(NODE + _rlp_bytes(numbers[:n]))
            offsets = np.concatenate([np.zeros(1, np.int64), ends])
            data = machine.buffer(int(offsets[-1]) + 8)
            machine.launch(
                machine.program("nodes.cl"),
                "nodes_indexed",
                n,
                data,
                machine.upload(offsets.astype(np.uint32)),
                children.buffer,
                children.first + width * start,
                machine.upload(some),
                width,
            )
            of_groups = np.append(offsets[:-1:width], offsets[-1]).astype(np.uint32)
            part = Part(0, len(some), data, machine.upload(of_groups))
            self.hasher.messages(to.buffer, to.first + start, part)

    def _equal(self, pairs: DeviceNodes) -> NDArray[np.intp]:
        """Returns which pairs have two equal nodes. They come here only if there is one."""
        machine = self.hasher.machine
        flag = machine.upload(np.zeros(1, np.uint32))
        start = pairs.first // 2
        machine.launch(
            machine.program("nodes.cl"), "nodes_equal", len(pairs), flag, pairs.buffer, start
        )
        any_equal = np.zeros(1, np.uint32)
        machine.read(any_equal, flag)
        if not any_equal[0]:
            return np.zeros(0, np.intp)
        rows = np.asarray(pairs).reshape(-1, 2, NODE)
        return np.flatnonzero((rows[:, 0] == rows[:, 1]).all(axis=1))


def _slice(column: Column, start: int, stop: int) -> Column:
    if column.offsets is None:
        data = column.data[start * column.width : stop * column.width]
        return Column(data, None, column.width, stop - start)
    return Column(column.data, column.offsets[start : stop + 1], 0, stop - start)


def _rlp_bytes(numbers: "NDArray[np.uint64]") -> "NDArray[np.int64]":
    """Returns how many bytes rlp(number) has."""
    sizes = np.ones(len(numbers), np.int64)
    for power in (7, *range(8, 64, 8)):
        sizes += numbers >> np.uint64(power) != 0
    return sizes
