"""The command line: ``loyalty-pos``, one file for each group of commands.

Every command that creates or reads prints one JSON object with ``--json``; it ends with 0, with 1
and one clear line, or with 2 for wrong usage.
"""

from __future__ import annotations

import click

from loyalty_pos import __version__
from loyalty_pos.cli import (
    adapters,
    campaign,
    cards,
    database,
    export,
    habits,
    imports,
    pricing,
    programme,
    proof,
    reports,
    segment,
    serve,
    shop,
    simulate,
)
from loyalty_pos.cli.base import Commands

__all__ = ["main"]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="loyalty-pos")
def main() -> None:
    """The loyalty half of a shop's till.

    Settings come from LOYALTY_POS_... in the environment, or from the TOML file that
    LOYALTY_POS_CONFIG names; `doctor` shows what is in force.
    """


for _command in (
    *(serve.demo, serve.serve, database.db, database.backup, database.restore, database.doctor),
    *(proof.ledger, reports.report, database.jobs, shop.store, shop.terminal, shop.staff, cards.cards, imports.import_),
    *(habits.habits, export.export),
    *(programme.programme, pricing.price, pricing.vectors, segment.segment, campaign.campaign),
    *(simulate.simulate, adapters.adapters),
):
    main.add_command(_command)
