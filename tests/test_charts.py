"""Charts: geometry that stays inside its axis, and templates that neither break nor leak."""

import re
from pathlib import Path

import pytest
from django.template import Context, Engine

from labeling.charts import BarRow, SeriesPoint, bars, heatmap, series
from labeling.dot_charts import dots

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
HOSTILE = '</title></svg><script>steal()</script>"onload="x'


def drawn(name, chart, title="Shares"):
    engine = Engine(dirs=[str(TEMPLATES)], libraries={"l10n": "django.templatetags.l10n"})
    context = Context({"chart": chart, "title": title}, use_l10n=False, use_tz=False)
    html = engine.get_template(f"charts/_{name}.html").render(context)
    assert not re.search(
        r"<script|\sstyle=|\son\w+=[^&]|\bnan\b|\bid=", html.replace("&quot;", "&")
    )
    return html


def row(label="Refusal", value=0.11, low=0.085, high=0.14, **more):
    return BarRow(label, value, low, high, **more)


# --- bars -------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.004, 0.03, 0.308, 0.5, 0.77, 0.999, 1.0])
def test_bars_and_whiskers_end_inside_the_axis(share):
    chart = bars([row(value=share, low=max(share - 0.05, 0), high=min(share + 0.05, 1))])
    for layout in chart.layouts:
        (bar,) = layout.bars
        first, last = layout.ticks[0].at, layout.ticks[-1].at
        assert first <= bar.whisker[0] <= layout.left + bar.width <= bar.whisker[1] <= last
        assert last < layout.width
        assert bar.text_x + 7 * len(bar.text) <= layout.width


def test_the_axis_adapts_to_the_data():
    assert [t.text for t in bars([row()]).layouts[0].ticks] == ["0", "5%", "10%", "15%"]
    assert [t.text for t in bars([row(value=0.345, high=0.36)]).layouts[0].ticks] == [
        *("0", "10%", "20%", "30%", "40%"),
    ]
    assert bars([row(value=1.0, low=1.0, high=1.0)]).layouts[0].ticks[-1].text == "100%"
    assert bars([row(value=0.0, low=0.0, high=0.0)]).layouts[0].ticks[-1].text == "6%"


def test_a_tooltip_and_the_table_give_the_interval_in_words():
    html = drawn("bars", bars([row()]))
    assert "Refusal: 11.0%, 95% interval 8.5% to 14.0%" in html
    assert '<td class="num">8.5% to 14.0%</td>' in html


def test_a_missing_value_is_not_known_with_its_reason_and_no_bar():
    html = drawn("bars", bars([BarRow("Latency", None, note="only 3 labels")]))
    assert "not known: only 3 labels" in html
    assert "<rect" not in html


def test_a_value_without_interval_has_no_whisker():
    html = drawn("bars", bars([BarRow("Latency", 0.2)]))
    assert "whisker" not in html
    assert '<td class="num">not known</td>' in html


def test_only_the_unwelcome_bar_takes_its_class_and_a_strange_kind_takes_none():
    html = drawn("bars", bars([row(kind="unwelcome_but_correct"), row(kind="x modal open")]))
    assert html.count('class="bar bar-unwelcome_but_correct"') == 2
    assert html.count('class="bar bar-plain"') == 2


@pytest.mark.parametrize("name", ["bars", "heatmap", "series"])
def test_an_empty_chart_says_so(name):
    chart = {"bars": bars([]), "heatmap": heatmap([], []), "series": series([])}[name]
    html = drawn(name, chart)
    assert "Nothing to show yet." in html
    assert "<svg" not in html


def test_a_long_label_is_cut_in_the_picture_and_whole_in_tooltip_and_table():
    label = "a failure mode with a very long name that nobody could fit beside a bar"
    chart = bars([row(label=label)])
    assert all(len(line) <= 24 for _, line in chart.layouts[0].bars[0].label_lines)
    assert len(chart.layouts[0].bars[0].label_lines) == 2
    assert chart.layouts[0].bars[0].label_lines[1][1].endswith("…")
    assert drawn("bars", chart).count(label) == 3  # two tooltips, one table row


def test_wide_characters_count_twice():
    ((_, line),) = bars([row(label="拒" * 60)]).layouts[1].bars[0].label_lines
    assert len(line) < 23


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1.01])
def test_what_is_no_share_is_refused(value):
    with pytest.raises(ValueError, match="'Refusal': expected a number from 0"):
        bars([row(value=value)])


# --- heatmap ----------------------------------------------------------------------------------


def test_a_heatmap_has_every_number_in_both_layouts_and_the_table():
    html = drawn("heatmap", heatmap(["ana", "ben"], [[1.0, 0.71], [0.71, None]]))
    assert html.count(">0.71<") == 2 * 2 + 2
    assert "ben and ben: not known" in html
    assert 'class="heat-none"' in html


def test_heat_steps_stay_in_their_range():
    (cells, _) = (
        layout.cells for layout in heatmap(["a", "b"], [[-0.4, 0.0], [1.0, 0.55]]).layouts
    )
    assert [cell.step for cell in cells] == ["0", "0", "9", "5"]
    assert cells[0].text == "−0.40"


def test_heat_cells_fit_their_picture():
    for layout in heatmap([str(i) for i in range(12)], [[0.5] * 12] * 12).layouts:
        assert max(cell.x for cell in layout.cells) + layout.size <= layout.width
        assert max(cell.y for cell in layout.cells) + layout.size <= layout.height


def test_a_matrix_that_is_not_square_is_refused():
    with pytest.raises(ValueError, match="2 x 2 matrix"):
        heatmap(["a", "b"], [[1.0, 0.5]])


# --- series -----------------------------------------------------------------------------------


def points(*values):
    return [SeriesPoint(f"W{i}", v, v and v - 0.05, v and v + 0.05) for i, v in enumerate(values)]


def test_a_gap_parts_the_line_and_the_band():
    layout = series(points(0.2, 0.3, None, 0.4, 0.5)).layouts[0]
    assert [len(line.split()) for line in layout.lines] == [2, 2]
    assert [len(band.split()) for band in layout.bands] == [4, 4]
    assert len(layout.dots) == 4


def test_one_point_is_a_dot_with_its_interval():
    layout = series(points(0.3)).layouts[0]
    assert layout.bands == ()
    assert layout.dots[0].whisker is not None
    assert layout.left < layout.dots[0].x < layout.right


def test_a_series_of_gaps_says_there_is_nothing():
    assert "<svg" not in drawn("series", series(points(None, None)))


def test_points_stay_inside_the_picture_with_negative_values_too():
    for layout in series(points(-0.3, 0.1, 0.9), percent=False).layouts:
        assert layout.y_ticks[0].text == "-0.5"
        for dot in layout.dots:
            assert layout.left <= dot.x <= layout.right
            assert layout.y_ticks[-1].at <= dot.y <= layout.y_ticks[0].at


def test_the_narrow_layout_names_fewer_moments_and_always_the_ends():
    wide, narrow = series(points(*[0.3] * 30)).layouts
    assert len(wide.x_ticks) == 6
    assert [tick.text for tick in narrow.x_ticks] == ["W0", "W14", "W29"]


# --- hostile labels ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "chart"),
    [
        ("bars", bars([row(label=HOSTILE, note=HOSTILE, kind=HOSTILE), BarRow(HOSTILE, None)])),
        ("heatmap", heatmap([HOSTILE], [[0.5]])),
        ("series", series([SeriesPoint(HOSTILE, 0.4, 0.3, 0.5)])),
    ],
)
def test_hostile_labels_are_escaped(name, chart):
    html = drawn(name, chart, title=HOSTILE)
    assert "<script" not in html
    assert html.count("</svg>") == html.count("<svg")
    assert "&lt;script&gt;" in html


def test_a_line_and_its_band_stop_at_a_break_which_is_named_inside_the_picture():
    points = [
        SeriesPoint(f"w{k}", 0.3, 0.2, 0.4, "codebook v2" if k in (1, 5) else "") for k in range(6)
    ]
    chart = series(points)
    for layout in chart.layouts:
        assert [len(line.split()) for line in layout.lines] == [1, 4, 1]
        assert len(layout.bands) == 1
        assert [(mark.text, mark.anchor) for mark in layout.breaks] == [
            ("codebook v2", "start"),
            ("codebook v2", "end"),
        ]
    assert "From here: codebook v2" in drawn("series", chart)
    assert [row.note for row in chart.rows] == ["", "codebook v2", "", "", "", "codebook v2"]


def test_a_break_before_the_first_moment_breaks_nothing():
    chart = series([SeriesPoint("w1", 0.3, break_before="v2"), SeriesPoint("w2", 0.3)])
    assert chart.layouts[0].breaks == ()
    assert len(chart.layouts[0].lines) == 1


def test_an_axis_goes_down_to_the_lowest_end_and_has_a_gap_where_nothing_is_known():
    chart = dots(
        [
            BarRow(label="below", value=-0.3, low=-0.62, high=0.1),
            BarRow(label="unknown", value=None, note="no unit has two labels"),
        ],
        marks=((0.8, ".800"),),
    )
    wide, narrow = chart.layouts
    assert [tick.text for tick in wide.ticks] == ["-0.5", "0", "0.5", "1"]
    below, unknown = wide.rows
    assert wide.ticks[0].at < below.dot < wide.ticks[1].at
    assert below.whisker[0] < wide.ticks[0].at
    assert (unknown.dot, unknown.whisker, unknown.text) == (None, None, "–")
    assert "no unit has two labels" in unknown.tooltip
    assert narrow.width == 340
    assert dots([]).layouts == ()


def test_a_dot_chart_gives_its_interval_in_words_and_hostile_labels_as_text():
    html = drawn("dots", dots([row(label=HOSTILE), row(label="Refusal")]), title=HOSTILE)
    assert f"Refusal: 0.11, 95% interval {0.085:.2f} to 0.14" in html
    assert html.count('class="series-dot"') == 4
    assert "Nothing to show yet." in drawn("dots", dots([]))
