"""`verilane devices --calibrate`: what was measured, as tables."""

from rich.console import Console
from rich.table import Table

from .._calibration import TREES, WORKLOADS, measure
from .._rates import DeviceTimes, Rates

__all__ = ["calibrate"]

_NOTE = (
    "break-even: from so many items on the device is done sooner than all {cores} cores of the "
    "CPU, which prepare its work and check its answers. Calls that name no device use what is "
    "sooner for signatures; hashes go to a device that is named only, since nothing checks them."
)


def calibrate() -> None:
    """Measures, keeps and shows it."""
    rates, reasons = measure(all_devices=True)
    console = Console()
    for name, times in rates.devices.items():
        console.print(f"\n{name}: {times.title}" if times.title else f"\n{name}")
        console.print(_table(rates, name, times))
    if not rates.devices:
        console.print(_cpu_table(rates))
    for name, reason in reasons.items():
        console.print(f"\n{name}: not measured: {reason}", markup=False, highlight=False)
    console.print("\n" + _NOTE.format(cores=rates.cores), highlight=False)


def _table(rates: Rates, name: str, times: DeviceTimes) -> Table:
    table = Table("scheme", box=None)
    for title in ("CPU /s", "start ms", "device /s", "prepares /s", "break-even"):
        table.add_column(title, justify="right")
    for each in WORKLOADS:
        launch, host = times.launch[each.curve], times.host[each.name]
        table.add_row(
            each.name,
            f"{rates.cpu[each.name].rate:,.0f}",
            f"{1000 * launch.start:.2f}",
            f"{launch.rate:,.0f}",
            f"{host.rate:,.0f}",
            _shown(rates.break_even(name, each.name, each.curve)),
        )
    for tree in TREES if times.launch else ():
        launch = times.launch[tree.name]
        table.add_row(
            tree.name,
            f"{rates.cpu[tree.name].rate:,.0f}",
            f"{1000 * launch.start:.2f}",
            f"{launch.rate:,.0f}",
            "-",
            _shown(rates.break_even_of_roots(name, tree.name)),
        )
    return table


def _shown(number: int | None) -> str:
    return "never" if number is None else f"{number:,}"


def _cpu_table(rates: Rates) -> Table:
    table = Table("scheme", box=None)
    table.add_column("CPU /s", justify="right")
    for each in (*WORKLOADS, *TREES):
        table.add_row(each.name, f"{rates.cpu[each.name].rate:,.0f}")
    return table
