"""`verilane devices --calibrate`: what was measured, as tables."""

from rich.console import Console
from rich.table import Table

from .._calibration import WORKLOADS, Workload, measure
from .._rates import DeviceTimes, Rates

__all__ = ["calibrate"]

_NOTE = (
    "break-even: from so many items on the device is done sooner than all {cores} cores of the "
    "CPU, which prepare its work and check its answers. Calls that name no device use what is "
    "sooner."
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
            _break_even(rates, name, each),
        )
    return table


def _break_even(rates: Rates, name: str, workload: Workload) -> str:
    number = rates.break_even(name, workload.name, workload.curve)
    return "never" if number is None else f"{number:,}"


def _cpu_table(rates: Rates) -> Table:
    table = Table("scheme", box=None)
    table.add_column("CPU /s", justify="right")
    for each in WORKLOADS:
        table.add_row(each.name, f"{rates.cpu[each.name].rate:,.0f}")
    return table
