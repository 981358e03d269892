import asyncio
from datetime import date
from typing import Any
from uuid import uuid4

from campaigns.sender.claims import Claimed
from campaigns.sender.endings import SETTLE_ROWS, Endings
from campaigns.sender.outcomes import Settlement, unsent


def ended(phone: str = "+5511988887777") -> Settlement:
    return unsent(Claimed(uuid4(), uuid4(), uuid4(), phone, "Oi", 1, "", False, uuid4(), date(2026, 3, 10)))


class Book:
    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.chat_ids: dict[str, str] = {}

    async def write(self, batch: list[Settlement], chat_ids: dict[str, str]) -> None:
        self.batches.append([one.claimed.phone for one in batch])
        self.chat_ids |= chat_ids


async def written(book: Book, endings: Endings, act: Any) -> None:
    running = asyncio.create_task(endings.run())
    act()
    while not book.batches:
        await asyncio.sleep(0.01)
    endings.close()
    await running


def test_an_end_that_cannot_wait_is_written_and_closing_writes_the_rest() -> None:
    async def scene() -> None:
        book = Book()
        endings = Endings(book.write)

        def act() -> None:
            endings.add(ended("a"), at_once=False)
            endings.learn("a", "a@c.us")
            endings.add(ended("b"), at_once=True)

        await written(book, endings, act)
        assert book.batches == [["a", "b"]]
        assert book.chat_ids == {"a": "a@c.us"}

    asyncio.run(scene())


def test_many_ends_are_one_batch() -> None:
    async def scene() -> None:
        book = Book()
        endings = Endings(book.write)
        await written(book, endings, lambda: [endings.add(ended(), at_once=False) for _ in range(SETTLE_ROWS)])
        assert [len(batch) for batch in book.batches] == [SETTLE_ROWS]

    asyncio.run(scene())


def test_what_ends_while_a_batch_is_written_is_written_after_it() -> None:
    async def scene() -> None:
        book = Book()

        async def write(batch: list[Settlement], chat_ids: dict[str, str]) -> None:
            await book.write(batch, chat_ids)
            if len(book.batches) == 1:
                endings.add(ended("late"), at_once=False)
                endings.close()

        endings = Endings(write)
        endings.add(ended("first"), at_once=True)
        await endings.run()
        assert book.batches == [["first"], ["late"]]

    asyncio.run(scene())
