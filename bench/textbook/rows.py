"""The reference's tables as ORM classes; 64-bit integers, ids by the database's own sequence."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

Big = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """The reference's own metadata."""

    type_annotation_map = {int: Big}


class Terminal(Base):
    __tablename__ = "terminal"
    id: Mapped[int] = mapped_column(primary_key=True)
    store: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)


class Member(Base):
    __tablename__ = "member"
    id: Mapped[int] = mapped_column(primary_key=True)
    tier: Mapped[str | None]
    active: Mapped[int] = mapped_column(default=0)
    visits: Mapped[int] = mapped_column(default=0)
    spend: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime | None]
    cards: Mapped[list[Card]] = relationship(back_populates="member")


class Card(Base):
    __tablename__ = "card"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(default="active")
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    member: Mapped[Member] = relationship(back_populates="cards")


class Sale(Base):
    __tablename__ = "sale"
    __table_args__ = (UniqueConstraint("terminal_id", "day", "receipt"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    terminal_id: Mapped[int] = mapped_column(ForeignKey("terminal.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    cashier: Mapped[str | None]
    receipt: Mapped[str]
    day: Mapped[str]
    sold_at: Mapped[datetime]
    gross: Mapped[int]
    discount: Mapped[int]
    net: Mapped[int]
    earned: Mapped[int]
    lines: Mapped[list[SaleLine]] = relationship(back_populates="sale", order_by="SaleLine.position")


class SaleLine(Base):
    __tablename__ = "sale_line"
    id: Mapped[int] = mapped_column(primary_key=True)
    sale_id: Mapped[int] = mapped_column(ForeignKey("sale.id"), index=True)
    position: Mapped[int]
    line: Mapped[str]
    sku: Mapped[str]
    category: Mapped[str | None]
    quantity: Mapped[int]
    unit_price: Mapped[int]
    gross: Mapped[int]
    discount: Mapped[int]
    net: Mapped[int]
    units: Mapped[str]
    sale: Mapped[Sale] = relationship(back_populates="lines")


class Lot(Base):
    __tablename__ = "lot"
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    sale_id: Mapped[int] = mapped_column(ForeignKey("sale.id"))
    granted: Mapped[int]
    remaining: Mapped[int]
    expires_on: Mapped[str]


class Entry(Base):
    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    sale_id: Mapped[int] = mapped_column(ForeignKey("sale.id"))
    at: Mapped[datetime]
    kind: Mapped[str]
    points: Mapped[int]


class Answer(Base):
    __tablename__ = "answer"
    terminal_id: Mapped[int] = mapped_column(ForeignKey("terminal.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int]
    body: Mapped[str]


class Habit(Base):
    """What a member buys: one row a product and one a category."""

    __tablename__ = "habit"
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    times: Mapped[int] = mapped_column(default=0)
    quantity: Mapped[int] = mapped_column(default=0)
    spend: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime]
