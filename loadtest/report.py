"""An HTML page of results: the tables of ``markdown.py``, and the plots of ``plots.py`` beside it as PNG."""

import html
from collections.abc import Sequence
from pathlib import Path

from markdown_it import MarkdownIt

from loadtest.markdown import tables, title
from loadtest.plots import drawn
from loadtest.results import Results

__all__ = ["written"]

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
  body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }}
  table {{ border-collapse: collapse; margin: 1rem 0; }}
  td, th {{ border: 1px solid #ccc; padding: .2rem .6rem; text-align: left; }}
  img {{ max-width: 100%; display: block; margin: 1rem 0; }}
  .failure {{ color: #b00020; }}
</style>
<h1>{title}</h1>
{failures}
{tables}
{plots}
</html>
"""


def written(several: Sequence[Results], folder: Path) -> Path:
    """Write ``index.html`` and the plots into a folder; the page's path."""
    plots = drawn(several, folder)
    failures = [f"{title(results)}: {failure}" for results in several for failure in results.failures]
    page = folder / "index.html"
    page.write_text(
        PAGE.format(
            title="Load test",
            failures="\n".join(f'<p class="failure">{html.escape(failure)}</p>' for failure in failures),
            tables=MarkdownIt("commonmark", {"html": False}).enable("table").render(tables(several)),
            plots="\n".join(f'<img src="{path.name}" alt="{path.stem}">' for path in plots),
        ),
        encoding="utf-8",
    )
    return page
