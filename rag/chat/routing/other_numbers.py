"""What else a number is, told by its form or by the words around it: a date, an amount, an order, a part. Pure."""

from __future__ import annotations

import re

DATE = re.compile(
    r"(?:(?:19|20)\d\d[-./ ][01]?\d(?:[-./ ][0-3]?\d)?|[0-3]?\d[-./ ][01]?\d[-./ ](?:19|20)?\d\d"
    r"|[01]?\d/[0-3]?\d/(?:19|20)?\d\d"
    r"|(?:19|20)\d\d ?[-/] ?(?:(?:19|20)\d\d|\d\d))(?: \d{1,2}(?:[.:]\d\d)?)?"
)
AMOUNT = re.compile(
    r"^\s?(?:€|\$|£|¥|₩|₽|zł|kr\b|usd\b|eur\b|euro|chf\b|gbp\b|dollar|円|元|원|руб|%|km\b|kg\b|m²|people"
    r"|inhabitants|einwohner|habit\w+)",
    re.IGNORECASE,
)
OTHER_NUMBER = re.compile(
    r"(?:\b(?:isbn|issn|doi|ean|gtin|sku|imei|order|bestell\w*|auftrag\w*|commande|pedido|ordine|encomenda"
    r"|bestelling|заказ\w*|invoice|rechnung\w*|facture|factura"
    r"|fattura|fatura|factuur|part|teile\w*|pièce|pieza|serial|serien\w*|model|modell|article|artikel\w*|item"
    r"|version|ticket|case|ref\w*|tracking|lot|batch|§|art)\b"
    r"|注文|品番|型番|订单|编号|주문|송장|제품)[^\d\n]{0,22}$",
    re.IGNORECASE,
)
"""Words right before a number that say what else it is."""
