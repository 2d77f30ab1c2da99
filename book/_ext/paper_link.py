"""In a book that is published with its PDF: a link to it on every page.

`make pdf` prints the built pages, so they cannot know whether it will; PAPER=yes says so beforehand.
"""

import os


def add_link(app, name, template, context, doctree):
    """Put the link into the menu of what can be downloaded."""
    for menu in context.get("header_buttons", []):
        if app.config.paper and menu.get("label") == "download-buttons":
            link = {
                "type": "link",
                "text": "Download the whole book (PDF)",
                "tooltip": "Download the book as it is printed",
                "url": context["pathto"]("book.pdf", 1),
                "icon": "fas fa-book",
                "label": "download-book-button",
            }
            menu["buttons"].append(link)


def setup(app):
    app.add_config_value("paper", os.environ.get("PAPER", ""), "html")
    app.connect("html-page-context", add_link, priority=600)  # after the theme's own buttons
    return {"parallel_read_safe": True, "parallel_write_safe": True}
