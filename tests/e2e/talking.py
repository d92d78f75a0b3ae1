"""What a person does on the page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import ConsoleMessage, FrameLocator, Locator, Page, expect

MARKERS = "a[href^='#pw-']"
"""Selects the links to sources in an answer."""


class Chat:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.fetched: list[str] = []
        self.problems: list[str] = []
        self.warnings: list[str] = []
        page.on("request", lambda request: self.fetched.append(request.url))
        page.on("websocket", lambda socket: self.fetched.append(socket.url))
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _hear(self, said: ConsoleMessage) -> None:
        # Chainlit may be drawn before its settings have come; until then it asks for files of a type that isn't one.
        if said.type in ("warning", "error") and not said.text.startswith('Skipped "application/*"'):
            self.warnings.append(said.text)

    @classmethod
    def open(cls, page: Page, url: str) -> Chat:
        chat = cls(page)
        page.goto(url)
        expect(page.locator("#upload-button")).to_be_enabled()
        expect(chat.headline).not_to_have_text("Connecting …")
        return chat

    def find_violations(self, axe: str) -> list[str]:
        """What axe-core calls a serious or critical barrier on the page as it is."""
        self.page.evaluate(axe)
        found = self.page.evaluate("axe.run({resultTypes: ['violations'], preload: false})")["violations"]
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in ("serious", "critical")
        ]

    @property
    def headline(self) -> Locator:
        return self.page.locator(".pw-headline")

    @property
    def banner(self) -> Locator:
        return self.page.locator(".pw-banner")

    @property
    def panel(self) -> Locator:
        """The head of the side panel, which names the document and the place."""
        return self.page.locator("#side-view-title")

    @property
    def reader(self) -> FrameLocator:
        """The document in the side panel, which is a page of its own."""
        return self.page.frame_locator(".pw-passage iframe")

    @property
    def bubble(self) -> Locator:
        """What a marker shows when it is pointed at."""
        return self.page.locator("#pw-bubble")

    @property
    def answers(self) -> Locator:
        return self.page.locator(".ai-message")

    @staticmethod
    def words(answer: Locator) -> Locator:
        """The answer's own text, without what it rests on; while it is written, that has no name yet."""
        return answer.locator(".message-content > :not(:has(.pw-below))").first

    @staticmethod
    def quotes(answer: Locator) -> Locator:
        """What the documents say, below the answer's own text."""
        return answer.locator(".pw-quotes blockquote")

    @property
    def insist(self) -> Locator:
        return self.page.get_by_role("button", name="Ask the model anyway")

    def write(self, text: str) -> None:
        self.page.locator("#chat-input").click()
        self.page.keyboard.insert_text(text)

    def send(self) -> None:
        expect(self.page.locator("#chat-submit")).to_be_enabled()
        self.page.locator("#chat-submit").click()

    def ask(self, question: str) -> Locator:
        """The answer, when it is complete."""
        answer = self.begin(question)
        self.wait_for_end()
        return answer

    def open_source(self, answer: Locator) -> None:
        """Follow the first marker, once the answer was drawn for the last time."""
        expect(answer.locator(".pw-made-by")).to_be_visible()
        answer.locator(MARKERS).first.click()

    def begin(self, question: str) -> Locator:
        """The answer as soon as there is something of it."""
        before = self.answers.count()
        self.write(question)
        self.send()
        expect(self.answers).not_to_have_count(before)
        return self.answers.nth(before)

    def wait_for_end(self) -> None:
        expect(self.page.locator("#chat-submit")).to_be_visible()

    def open_filters(self) -> Locator:
        self.page.locator("#chat-settings-open-modal").click()
        return self.page.locator("#chat-settings")

    def set_filters(self, **values: str) -> None:
        """Set inputs by their ids; the values of ``folder`` and ``type`` are chosen from their lists."""
        filters = self.open_filters()
        for name, value in values.items():
            if name in ("folder", "type"):
                filters.locator(f"#{name}").click()
                self.page.get_by_role("option", name=value, exact=True).click()
            else:
                filters.locator(f"#{name}").fill(value)
        filters.locator("#confirm").click()
        expect(filters).to_have_count(0)

    def attach(self, *files: Path) -> None:
        # Chainlit draws its input anew when the filters arrive, without what was attached before.
        expect(self.page.locator("#chat-settings-open-modal")).to_be_visible()
        self.page.locator("input[type=file]").first.set_input_files(list(files))
        expect(self.page.locator("#chat-submit")).to_be_enabled()

    def open_models(self) -> Locator:
        self.headline.click()
        self.page.get_by_role("button", name="Models …").click()
        panel = self.page.get_by_role("dialog", name="Models")
        expect(panel.get_by_role("listitem").first).to_be_visible()
        return panel

    def show_details(self) -> Locator:
        self.headline.click()
        return self.page.locator("#pw-details")
