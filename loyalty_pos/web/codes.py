"""The pictures a scanner reads: QR and barcodes as SVG paths, drawn by us from plain modules.

Only attributes and classes are used, never ``style``, so a strict content policy lets them
through.  A QR is a full one with four clear modules; a barcode has ten clear modules each side.
"""

from __future__ import annotations

from typing import Any

from barcode.ean import EuropeanArticleNumber13
from markupsafe import Markup
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

QUIET_BARS = 10
QUIET_QR = 4

# Code 128 (ISO/IEC 15417): the bar and space widths of its values, six digits each.
_WIDTHS = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222"
    "123122123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321"
    "232121111323131123131321112313132113132311211313231113231311112133112331132131113123113321133121"
    "313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111111224"
    "111422121124121421141122141221112214112412122114122411142112142211241211221114413111241112134111"
    "111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141114113"
    "114311411113411311113141114131311141411131211412211214211232"
)
_START_B, _START_C, _CODE_C, _STOP = 104, 105, 99, "2331112"


def qr(content: str, label: str) -> Markup:
    """A QR code as an SVG of class ``qr``; ``label`` is its accessible name."""
    code: QRCode[Any] = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_QR)
    code.add_data(content)
    code.make(fit=True)
    rows = code.get_matrix()
    path = "".join(f"M{start} {y}.5h{length}" for y, row in enumerate(rows) for start, length in _runs(row))
    size = len(rows)
    return Markup('<svg class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="{1}"><path d="{2}"/></svg>').format(
        size, label, path
    )


def barcode(digits: str, label: str) -> Markup:
    """EAN-13 for 13 digits (a card), Code 128 for any other (a coupon), as an SVG of class ``bc``."""
    modules = _ean13(digits) if len(digits) == 13 else _code128(digits)
    path = "".join(f"M{start} 0h{length}v10H{start}z" for start, length in _runs(modules))
    width = len(modules) + 2 * QUIET_BARS
    return Markup(
        '<svg class="bc" viewBox="-{0} 0 {1} 10" preserveAspectRatio="none" role="img" aria-label="{2}">'
        '<path d="{3}"/></svg>'
    ).format(QUIET_BARS, width, label, path)


def _ean13(digits: str) -> list[bool]:
    return [module == "1" for module in EuropeanArticleNumber13(digits).build()[0]]


def _code128(digits: str) -> list[bool]:
    """The modules of digits in pairs (code set C); of an odd number the first stands alone.

    Drawn here because python-barcode drops a leading "99", the prefix of every coupon.
    """
    odd = len(digits) % 2
    values = [_START_B, ord(digits[0]) - 32, _CODE_C] if odd else [_START_C]
    values += [int(digits[at : at + 2]) for at in range(odd, len(digits), 2)]
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % 103
    widths = "".join(_WIDTHS[6 * value : 6 * value + 6] for value in [*values, check]) + _STOP
    return [at % 2 == 0 for at, width in enumerate(widths) for _ in range(int(width))]


def _runs(modules: list[bool]) -> list[tuple[int, int]]:
    """(start, length) of each run of dark modules."""
    runs: list[tuple[int, int]] = []
    for index, dark in enumerate(modules):
        if dark and runs and sum(runs[-1]) == index:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        elif dark:
            runs.append((index, 1))
    return runs
