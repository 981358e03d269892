"""Why somebody received a campaign's message: the page behind the link, the answer in the chat."""
