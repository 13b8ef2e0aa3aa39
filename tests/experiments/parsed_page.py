"""A page of HTML, as its elements and its text."""

from html.parser import HTMLParser

_VOID = {'circle', 'input', 'line', 'link', 'meta', 'path', 'rect', 'wbr'}


class Parsed(HTMLParser):
    """The elements of a page with their attributes, and the text of each kind of element."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.texts = [], [], {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append('')

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in dict.fromkeys(self.open):
            self.texts[tag][-1] += data

    def all(self, tag, **attributes):
        """The attributes of the elements of a kind that have these attributes."""
        return [
            given
            for name, given in self.elements
            if name == tag and attributes.items() <= given.items()
        ]
