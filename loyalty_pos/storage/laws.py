"""The laws of the ledger as queries: each returns the rows that break it.

They stand on the rows alone, and on nothing that wrote them.  What needs more than a query (units of
a line, limits, habits) is recounted in ``services/recount.py``; the chain of seals (L8) is verified
in ``services/seals.py``.
"""

from __future__ import annotations

from typing import NamedTuple


class Law(NamedTuple):
    """A law's code, the query for its violations, and a sentence with a place for each column."""

    code: str
    sql: str
    sentence: str


GRACE_MS = 60_000
"""How long after its time a hold may still be open when ``release-holds`` has run (L11)."""

BALANCE_SHEET = (
    "SELECT (SELECT coalesce(sum(granted), 0) FROM lots) - (SELECT coalesce(sum(e.points), 0) FROM entries e "
    "JOIN (SELECT lot_id, min(id) AS first FROM entries GROUP BY lot_id) AS f ON f.first = e.id "
    "WHERE e.kind IN ('give_back', 'claim')) AS granted, "
    "(SELECT coalesce(sum(active + pending + held), 0) FROM members) AS balances, "
    "(SELECT coalesce(sum(spent), 0) FROM members) AS spent, "
    "(SELECT coalesce(sum(expired), 0) FROM members) AS expired, "
    "(SELECT coalesce(sum(taken_back), 0) FROM returns) AS taken, "
    "(SELECT coalesce(-sum(points), 0) FROM entries WHERE kind IN ('recover', 'merge') OR (points < 0 "
    "AND kind NOT IN ('redeem', 'claim', 'expire', 'take_back'))) AS other"
)
"""Every point that was ever granted, and where it is (L7): double entry, each side from tables of its own.

Granted: by the lots, but for lots that only hold what was given back after two members were two again.
With members: active, pending and held.  Spent (less what came back) and expired: the members' counters.
Taken back: the returns.  Otherwise gone (recovered, adjusted down): the entries; those of a merge are pairs.
"""

LAWS = (
    Law(
        "L4",
        "SELECT member_id, id, total FROM (SELECT member_id, id, "
        "sum(points) OVER (PARTITION BY member_id ORDER BY id) AS total FROM entries) AS run WHERE total < 0",
        "member {0} is below zero after entry {1}: {2} points",
    ),
    Law(
        "L5",
        "SELECT m.id, m.active + m.pending + m.held, coalesce(e.total, 0) FROM members m LEFT JOIN "
        "(SELECT member_id, sum(points) AS total FROM entries GROUP BY member_id) AS e ON e.member_id = m.id "
        "WHERE m.active + m.pending + m.held <> coalesce(e.total, 0)",
        "member {0} has {1} points, the entries say {2}",
    ),
    Law(
        "L5",
        "SELECT m.id, m.active, m.pending, m.held, coalesce(l.active, 0), coalesce(l.pending, 0), coalesce(l.held, 0) "
        "FROM members m LEFT JOIN (SELECT member_id, "
        "sum(CASE WHEN state = 'active' THEN remaining - held ELSE 0 END) AS active, "
        "sum(CASE WHEN state = 'pending' THEN remaining ELSE 0 END) AS pending, sum(held) AS held "
        "FROM lots GROUP BY member_id) AS l ON l.member_id = m.id WHERE m.active <> coalesce(l.active, 0) "
        "OR m.pending <> coalesce(l.pending, 0) OR m.held <> coalesce(l.held, 0)",
        "member {0} has active {1}, pending {2}, held {3}; the lots say {4}, {5}, {6}",
    ),
    Law(
        "L5",
        "SELECT l.id, l.remaining, coalesce(e.total, 0) FROM lots l LEFT JOIN "
        "(SELECT lot_id, sum(points) AS total FROM entries GROUP BY lot_id) AS e ON e.lot_id = l.id "
        "WHERE l.remaining <> coalesce(e.total, 0)",
        "lot {0} has {1} points left, its entries say {2}",
    ),
    Law(
        "L5",
        "SELECT l.id, l.granted, coalesce(e.points, 0) FROM lots l LEFT JOIN "
        "(SELECT lot_id, min(id) AS first FROM entries GROUP BY lot_id) AS f ON f.lot_id = l.id "
        "LEFT JOIN entries e ON e.id = f.first WHERE l.granted <> coalesce(e.points, 0)",
        "lot {0} was granted {1} points, its first entry says {2}",
    ),
    Law(
        "L5",
        "SELECT l.id, l.held, coalesce(h.total, 0) FROM lots l LEFT JOIN (SELECT c.lot_id, sum(c.points) AS total "
        "FROM checkout_lots c JOIN checkouts k ON k.id = c.checkout_id AND k.state = 'open' GROUP BY c.lot_id) AS h "
        "ON h.lot_id = l.id WHERE l.held <> coalesce(h.total, 0)",
        "lot {0} has {1} points held, the open checkouts hold {2}",
    ),
    Law(
        "L5",
        "SELECT k.id, k.points_held, coalesce(c.total, 0) FROM checkouts k LEFT JOIN "
        "(SELECT checkout_id, sum(points) AS total FROM checkout_lots GROUP BY checkout_id) AS c "
        "ON c.checkout_id = k.id WHERE k.points_held <> coalesce(c.total, 0)",
        "checkout {0} holds {1} points, of the lots it names {2}",
    ),
    Law(
        "L5",
        "SELECT m.id, m.spent, m.expired, coalesce(e.spent, 0), coalesce(x.expired, 0) FROM members m LEFT JOIN "
        "(SELECT s.member_id, -sum(n.points) AS spent FROM entries n JOIN sales s ON s.id = n.sale_id "
        "WHERE n.kind IN ('redeem', 'give_back', 'claim') GROUP BY s.member_id) AS e ON e.member_id = m.id LEFT JOIN "
        "(SELECT l.member_id, -sum(n.points) AS expired FROM entries n JOIN lots l ON l.id = n.lot_id "
        "WHERE n.kind = 'expire' GROUP BY l.member_id) AS x ON x.member_id = m.id "
        "WHERE m.spent <> coalesce(e.spent, 0) OR m.expired <> coalesce(x.expired, 0)",
        "member {0} has spent {1} and lost {2} points, the entries say {3} and {4}",
    ),
    Law(
        "L5",
        "SELECT m.id, m.shortfall, coalesce(r.total, 0) + coalesce(e.total, 0) FROM members m LEFT JOIN "
        "(SELECT s.member_id, sum(t.shortfall) AS total FROM returns t JOIN sales s ON s.id = t.sale_id "
        "GROUP BY s.member_id) AS r ON r.member_id = m.id LEFT JOIN (SELECT s.member_id, sum(n.points) AS total "
        "FROM entries n JOIN sales s ON s.id = n.sale_id WHERE n.kind = 'recover' GROUP BY s.member_id) AS e "
        "ON e.member_id = m.id "
        "WHERE m.shortfall <> coalesce(r.total, 0) + coalesce(e.total, 0)",
        "member {0} owes {1} points, returns and recoveries say {2}",
    ),
    Law(
        "L5",
        "SELECT s.id, s.earned, s.redeemed, coalesce(e.earned, 0), coalesce(e.redeemed, 0) FROM sales s LEFT JOIN "
        "(SELECT sale_id, sum(CASE WHEN kind = 'earn' THEN points ELSE 0 END) AS earned, "
        "-sum(CASE WHEN kind = 'redeem' THEN points ELSE 0 END) AS redeemed FROM entries "
        "WHERE sale_id IS NOT NULL GROUP BY sale_id) AS e ON e.sale_id = s.id "
        "WHERE s.earned <> coalesce(e.earned, 0) OR s.redeemed <> coalesce(e.redeemed, 0)",
        "sale {0} says earned {1}, redeemed {2}; its entries say {3}, {4}",
    ),
    Law(
        "L5",
        "SELECT s.id, s.claimed, coalesce(e.out, 0), coalesce(e.back, 0) FROM sales s LEFT JOIN (SELECT sale_id, "
        "-sum(CASE WHEN points < 0 THEN points ELSE 0 END) AS out, sum(CASE WHEN points > 0 THEN points ELSE 0 END) "
        "AS back FROM entries WHERE kind = 'claim' GROUP BY sale_id) AS e ON e.sale_id = s.id "
        "WHERE s.claimed <> coalesce(e.out, 0) "
        "OR coalesce(e.back, 0) <> CASE WHEN s.state = 'returned' THEN s.claimed ELSE 0 END",
        "sale {0} took {1} points for rewards; its entries say {2}, and that {3} came back",
    ),
    Law(
        "L5",
        "SELECT s.id, s.gross, s.discount, s.net, l.gross, l.discount, l.net FROM sales s JOIN "
        "(SELECT sale_id, sum(gross) AS gross, sum(discount) AS discount, sum(net) AS net FROM sale_lines "
        "GROUP BY sale_id) AS l ON l.sale_id = s.id "
        "WHERE s.gross <> l.gross OR s.discount <> l.discount OR s.net <> l.net",
        "sale {0} says {1} - {2} = {3}; its lines say {4} - {5} = {6}",
    ),
    Law(
        "L5",
        "SELECT s.id, s.refunded, s.points_given, coalesce(r.refund, 0), coalesce(r.given, 0) FROM sales s LEFT JOIN "
        "(SELECT sale_id, sum(refund) AS refund, sum(given_back) AS given FROM returns GROUP BY sale_id) AS r "
        "ON r.sale_id = s.id WHERE s.refunded <> coalesce(r.refund, 0) OR s.points_given <> coalesce(r.given, 0)",
        "sale {0} has {1} refunded and {2} points given back, its returns say {3} and {4}",
    ),
    Law(
        "L5",
        "SELECT s.id, s.points_back, s.due, r.taken, r.paid FROM sales s JOIN (SELECT sale_id, "
        "sum(taken_back + shortfall) AS taken, sum(pay_back) AS paid FROM returns GROUP BY sale_id) AS r "
        "ON r.sale_id = s.id WHERE s.points_back < r.taken OR s.due < r.paid",
        "sale {0} lets {1} points and {2} in money go back, its returns took {3} and paid {4}",
    ),
    Law(
        "L5",
        "SELECT t.id, t.refund, coalesce(x.refund, 0) FROM returns t LEFT JOIN "
        "(SELECT return_id, sum(refund) AS refund FROM return_lines GROUP BY return_id) AS x ON x.return_id = t.id "
        "WHERE t.refund <> coalesce(x.refund, 0)",
        "return {0} refunds {1}, its lines say {2}",
    ),
    Law(
        "L5",
        "SELECT t.id, t.taken_back, t.given_back, coalesce(e.taken, 0), coalesce(e.given, 0) FROM returns t LEFT JOIN "
        "(SELECT return_id, -sum(CASE WHEN kind = 'take_back' THEN points ELSE 0 END) AS taken, "
        "sum(CASE WHEN kind = 'give_back' THEN points ELSE 0 END) AS given FROM entries "
        "WHERE return_id IS NOT NULL GROUP BY return_id) AS e ON e.return_id = t.id "
        "WHERE t.taken_back <> coalesce(e.taken, 0) OR t.given_back <> coalesce(e.given, 0)",
        "return {0} took {1} points and gave {2}, its entries say {3} and {4}",
    ),
    Law(
        "L6",
        "SELECT c.id, count(*) FROM coupons c JOIN coupon_events e ON e.coupon_id = c.id "
        "AND e.state = 'used' LEFT JOIN coupon_events b ON b.coupon_id = c.id AND b.sale_id = e.sale_id "
        "AND b.state = 'issued' WHERE b.id IS NULL GROUP BY c.id HAVING count(*) > 1",
        "coupon {0} was used {1} times",
    ),
    Law(
        "L6",
        "SELECT c.id, e.sale_id FROM coupon_events e JOIN coupons c ON c.id = e.coupon_id "
        "LEFT JOIN sale_uses u ON u.sale_id = e.sale_id AND u.coupon = c.code "
        "WHERE e.state = 'used' AND u.sale_id IS NULL",
        "coupon {0} was used, but its sale ({1}) does not say so",
    ),
    Law(
        "L6",
        "SELECT u.sale_id, c.id FROM sale_uses u JOIN coupons c ON c.code = u.coupon LEFT JOIN coupon_events e "
        "ON e.coupon_id = c.id AND e.sale_id = u.sale_id AND e.state = 'used' LEFT JOIN exceptions x "
        "ON x.sale_id = u.sale_id AND x.code = 'coupon_not_usable' "
        "WHERE u.coupon IS NOT NULL AND e.id IS NULL AND x.id IS NULL",
        "sale {0} used coupon {1}, whose own record does not say so",
    ),
    Law(
        "L6",
        "SELECT c.id, c.state, coalesce(e.state, 'nothing') FROM coupons c LEFT JOIN "
        "(SELECT coupon_id, max(id) AS newest FROM coupon_events GROUP BY coupon_id) AS n ON n.coupon_id = c.id "
        "LEFT JOIN coupon_events e ON e.id = n.newest WHERE e.id IS NULL OR c.state <> e.state "
        "OR (c.state = 'used' AND c.sale_id <> e.sale_id)",
        "coupon {0} is {1}, its newest event says {2}, or another sale",
    ),
    Law(
        "L6",
        "SELECT c.id, coalesce(c.campaign_id, x.campaign_id) FROM coupons c LEFT JOIN campaign_members x "
        "ON x.coupon_id = c.id WHERE (c.campaign_id IS NOT NULL OR x.coupon_id IS NOT NULL) "
        "AND (c.campaign_id = x.campaign_id) IS NOT TRUE",
        "coupon {0} and campaign {1} do not say the same of each other",
    ),
    Law(
        "L4",
        "SELECT value_id, id, balance, total FROM (SELECT value_id, id, balance, "
        "sum(amount) OVER (PARTITION BY value_id ORDER BY id) AS total FROM value_entries) AS run "
        "WHERE total < 0 OR total <> balance",
        "gift card or wallet {0} bears {2} after its entry {1}, the entries say {3}",
    ),
    Law(
        "L5",
        "SELECT v.id, v.balance, coalesce(e.total, 0) FROM stored_values v LEFT JOIN "
        "(SELECT value_id, sum(amount) AS total FROM value_entries GROUP BY value_id) AS e ON e.value_id = v.id "
        "WHERE v.balance <> coalesce(e.total, 0)",
        "gift card or wallet {0} has {1} on it, all its entries say {2}",
    ),
    Law(
        "L5",
        "SELECT v.id, v.held, coalesce(h.total, 0) FROM stored_values v LEFT JOIN (SELECT c.value_id, "
        "sum(c.amount) AS total FROM checkout_values c JOIN checkouts k ON k.id = c.checkout_id AND k.state = 'open' "
        "GROUP BY c.value_id) AS h ON h.value_id = v.id WHERE v.held <> coalesce(h.total, 0)",
        "gift card or wallet {0} has {1} held, open checkouts hold {2} of it",
    ),
    Law(
        "L5",
        "SELECT s.id, s.to_pay - s.due, coalesce(e.paid, 0), coalesce(x.missing, 0) FROM sales s LEFT JOIN "
        "(SELECT sale_id, -sum(amount) AS paid FROM value_entries WHERE kind = 'pay' GROUP BY sale_id) AS e "
        "ON e.sale_id = s.id LEFT JOIN (SELECT sale_id, sum(amount) AS missing FROM exceptions "
        "WHERE code = 'value_insufficient' GROUP BY sale_id) AS x ON x.sale_id = s.id "
        "WHERE s.to_pay - s.due <> coalesce(e.paid, 0) + coalesce(x.missing, 0)",
        "sale {0} was to have {1} from gift cards, which paid {2} and left {3} to the store",
    ),
    Law(
        "L5",
        "SELECT t.id, t.value_back, coalesce(e.total, 0) FROM returns t LEFT JOIN (SELECT return_id, "
        "sum(amount) AS total FROM value_entries WHERE kind = 'refund' GROUP BY return_id) AS e ON e.return_id = t.id "
        "WHERE t.value_back <> coalesce(e.total, 0)",
        "return {0} gave {1} back to gift cards, their entries say {2}",
    ),
    Law(
        "L5",
        "SELECT sale_id, value_id, sum(amount) FROM value_entries WHERE kind IN ('pay', 'refund') "
        "GROUP BY sale_id, value_id HAVING sum(amount) > 0",
        "sale {0} gave gift card {1} more back than it had taken: {2}",
    ),
    Law(
        "L5",
        "SELECT l.sale_id, l.line, e.total, l.net - coalesce(r.refund, 0) FROM (SELECT sale_id, line, sum(amount) "
        "AS total FROM value_entries WHERE line IS NOT NULL GROUP BY sale_id, line) AS e JOIN sale_lines l "
        "ON l.sale_id = e.sale_id AND l.line = e.line LEFT JOIN (SELECT t.sale_id, x.line, sum(x.refund) AS refund "
        "FROM returns t JOIN return_lines x ON x.return_id = t.id WHERE t.sale_id IN "
        "(SELECT sale_id FROM value_entries WHERE line IS NOT NULL) GROUP BY t.sale_id, x.line) AS r "
        "ON r.sale_id = l.sale_id AND r.line = l.line WHERE e.total > l.net - coalesce(r.refund, 0)",
        "line {1} of sale {0} has put {2} on gift cards, of which {3} is sold and kept",
    ),
    Law(
        "L5",
        "SELECT a.code, a.version, b.version FROM promotions a JOIN promotions b ON b.code = a.code "
        "AND b.id > a.id AND a.since IS NOT NULL AND b.since IS NOT NULL "
        "AND (b.until IS NULL OR a.since < b.until) AND (a.until IS NULL OR b.since < a.until)",
        "promotion {0} was in force as version {1} and as version {2} at once",
    ),
    Law(
        "L6",
        "SELECT u.sale_id, u.promotion, s.rules FROM sale_uses u JOIN sales s ON s.id = u.sale_id "
        "WHERE u.coupon IS NOT NULL AND NOT EXISTS (SELECT 1 FROM promotions p WHERE p.code = u.promotion "
        "AND p.since <= s.rules AND (p.until IS NULL OR p.until > s.rules))",
        "sale {0} used a coupon of promotion {1}, of which no version was in force under rules {2}",
    ),
    Law(
        "L7",
        f"SELECT granted, balances, spent, expired, taken, other FROM ({BALANCE_SHEET}) AS sheet "
        "WHERE granted <> balances + spent + expired + taken + other",
        "{0} points were granted; {1} are with members, {2} spent, {3} expired, {4} taken back, {5} otherwise gone: "
        "the sum is not 0",
    ),
    Law(
        "L9",
        "SELECT e.terminal_id, e.epoch, e.highest, coalesce(r.here, 0), coalesce(g.away, 0) FROM till_epochs e "
        "LEFT JOIN (SELECT terminal_id, epoch, count(*) AS here, max(sequence) AS top FROM till_records "
        "GROUP BY terminal_id, epoch) AS r ON r.terminal_id = e.terminal_id AND r.epoch = e.epoch "
        "LEFT JOIN (SELECT terminal_id, epoch, sum(last - first + 1) AS away FROM till_gaps "
        "GROUP BY terminal_id, epoch) AS g ON g.terminal_id = e.terminal_id AND g.epoch = e.epoch "
        "WHERE e.highest <> coalesce(r.top, 0) OR e.highest <> coalesce(r.here, 0) + coalesce(g.away, 0)",
        "terminal {0} has numbered up to {2} in epoch {1}: {3} records and {4} listed as missing",
    ),
    Law(
        "L9",
        "SELECT g.terminal_id, g.epoch, g.first, g.last FROM till_gaps g WHERE EXISTS (SELECT 1 FROM till_records r "
        "WHERE r.terminal_id = g.terminal_id AND r.epoch = g.epoch AND r.sequence BETWEEN g.first AND g.last) "
        "OR EXISTS (SELECT 1 FROM till_gaps o WHERE o.terminal_id = g.terminal_id AND o.epoch = g.epoch "
        "AND o.first > g.first AND o.first <= g.last)",
        "terminal {0} lists {2} to {3} of epoch {1} as missing, of which some are here or listed twice",
    ),
    Law(
        "L11",
        "SELECT k.id, r.at - k.expires_at FROM checkouts k JOIN job_runs r ON r.name = 'release-holds' "
        f"WHERE k.state = 'open' AND k.expires_at + {GRACE_MS} < r.at",
        "checkout {0} still holds, though its time was over {1} ms before the holds were last released",
    ),
)
