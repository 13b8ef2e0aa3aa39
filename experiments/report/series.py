"""The colours of methods, which are the same in all figures of a page."""

from collections.abc import Sequence

from experiments.report.markup import Html, element

_COLOURS = 10


class Series:
    """The methods of a page.

    Args:
      names: The methods, in the order of the legend.
      baseline: The method that is drawn in grey.
    """

    def __init__(self, names: Sequence[str], baseline: str = ''):
        self.names = list(dict.fromkeys(names))
        others = [name for name in self.names if name != baseline]
        self._places = {name: place for place, name in enumerate(others)}

    def css(self, name: str) -> str:
        """Return the classes of a mark of a method.

        >>> series = Series(['alone', 'hard'], 'alone')
        >>> series.css('alone'), series.css('hard')
        ('grey', 'c0')
        """
        place = self._places.get(name)
        if place is None:
            return 'grey'
        return f'c{place % _COLOURS}' + (' dashed' if place >= _COLOURS else '')

    def index(self, name: str) -> int:
        """Return the place of a method in the legend."""
        return self.names.index(name)

    def legend(self) -> Html:
        """Return the legend. The script of the page makes its entries buttons that hide a line."""
        entries = [
            element('li', {'data-series': self.index(name)}, self.swatch(name), ' ', _name(name))
            for name in self.names
        ]
        return element('ul', {'class': 'legend'}, *entries)

    def swatch(self, name: str) -> Html:
        """Return a short line in the colour of a method."""
        line = element('line', {'x1': 1, 'x2': 21, 'y1': 5, 'y2': 5, 'class': self.css(name)})
        size = {'width': 22, 'height': 10, 'class': 'swatch', 'aria-hidden': 'true'}
        return element('svg', size, line)


def _name(name: str) -> Html:
    return element('span', {'class': 'name'}, name)
