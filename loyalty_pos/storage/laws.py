"""The laws of the ledger as queries: each returns the rows that break it."""

from __future__ import annotations

from typing import NamedTuple


class Law(NamedTuple):
    """A law's code, the query for its violations, and a sentence with a place for each column."""

    code: str
    sql: str
    sentence: str


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
        "SELECT l.id, l.held, coalesce(h.total, 0) FROM lots l LEFT JOIN (SELECT c.lot_id, sum(c.points) AS total "
        "FROM checkout_lots c JOIN checkouts k ON k.id = c.checkout_id AND k.state = 'open' GROUP BY c.lot_id) AS h "
        "ON h.lot_id = l.id WHERE l.held <> coalesce(h.total, 0)",
        "lot {0} has {1} points held, the open checkouts hold {2}",
    ),
    Law(
        "L5",
        "SELECT m.id, m.spent, m.expired, coalesce(e.spent, 0), coalesce(x.expired, 0) FROM members m LEFT JOIN "
        "(SELECT s.member_id, -sum(n.points) AS spent FROM entries n JOIN sales s ON s.id = n.sale_id "
        "WHERE n.kind IN ('redeem', 'give_back') GROUP BY s.member_id) AS e ON e.member_id = m.id LEFT JOIN "
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
        "SELECT s.id, s.gross, s.discount, s.net, l.gross, l.discount, l.net FROM sales s JOIN "
        "(SELECT sale_id, sum(gross) AS gross, sum(discount) AS discount, sum(net) AS net FROM sale_lines "
        "GROUP BY sale_id) AS l ON l.sale_id = s.id "
        "WHERE s.gross <> l.gross OR s.discount <> l.discount OR s.net <> l.net",
        "sale {0} says {1} - {2} = {3}; its lines say {4} - {5} = {6}",
    ),
    Law(
        "L5",
        "SELECT s.id, s.refunded, coalesce(r.total, 0) FROM sales s LEFT JOIN (SELECT sale_id, sum(refund) AS total "
        "FROM returns GROUP BY sale_id) AS r ON r.sale_id = s.id WHERE s.refunded <> coalesce(r.total, 0)",
        "sale {0} has {1} refunded, its returns say {2}",
    ),
    Law(
        "L5",
        "SELECT p.member_id, p.visits, p.spend, coalesce(s.visits, 0), coalesce(s.spend, 0) FROM profiles p LEFT JOIN "
        "(SELECT member_id, sum(CASE WHEN state <> 'returned' THEN 1 ELSE 0 END) AS visits, "
        "sum(net - refunded) AS spend "
        "FROM sales WHERE member_id IS NOT NULL GROUP BY member_id) AS s ON s.member_id = p.member_id "
        "WHERE p.visits <> coalesce(s.visits, 0) OR p.spend <> coalesce(s.spend, 0)",
        "the profile of member {0} says {1} visits and {2} spent, the sales say {3} and {4}",
    ),
    Law(
        "L6",
        "SELECT c.id, 0, count(*) FROM coupons c JOIN coupon_events e ON e.coupon_id = c.id "
        "AND e.state = 'used' LEFT JOIN coupon_events b ON b.coupon_id = c.id AND b.sale_id = e.sale_id "
        "AND b.state = 'issued' WHERE b.id IS NULL GROUP BY c.id HAVING count(*) > 1",
        "coupon {0} was used {2} times",
    ),
    Law(
        "L6",
        "SELECT c.id, c.sale_id FROM coupons c LEFT JOIN sale_uses u ON u.sale_id = c.sale_id AND u.coupon = c.code "
        "WHERE c.state = 'used' AND u.sale_id IS NULL",
        "coupon {0} is used, but sale {1} does not say so",
    ),
)
