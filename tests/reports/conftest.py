"""The lane, the books and a member, for the tests of this folder."""

from services.lane import books, hanh, lane

__all__ = ["books", "hanh", "lane"]
