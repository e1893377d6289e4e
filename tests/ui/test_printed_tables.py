"""The explorer's printed tables, as Streamlit runs them."""

from cnnviz import zoo
from cnnviz.settings import ROOT
from cnnviz.ui.zoo.lecture import overall, texts, verdict
from cnnviz.ui.zoo.network import reported, table_file
from cnnviz.zoo.printed import TABLES
from cnnviz.zoo.printed.mobilenet import MOBILENET_V1
from cnnviz.zoo.printed.resnext import RESNEXT
from cnnviz.zoo.printed.senet import SENET_8
from cnnviz.zoo.printed.tables import reasons
from cnnviz.zoo.rows import to_csv

PAGE = ROOT / "pages" / "510_architectures.py"


def test_every_table_is_drawn_with_its_source_its_verdict_and_a_sentence_for_each_difference(visit):
    test = visit(PAGE, v="1", view="lecture")
    for table in TABLES:
        test = test.selectbox(key="architectures.table").set_value(table.title).run()
        assert not test.exception
        shown = [element.value for element in (*test.markdown, *test.caption)]
        assert f"**{verdict(table)}**" in shown
        assert f"{table.source}; {table.checked}." in shown
        drawn = next(text for text in shown if text.startswith(f"| {table.first} |"))
        assert len(drawn.splitlines()) == 2 + len(table.lines)
        for why in reasons(table):
            assert [text for text in shown if text.startswith(f"- {why.text}")]


def test_a_value_that_differs_is_marked_and_one_that_does_not_stands_alone():
    rows = {row[0] + row[3]: row for row in texts(MOBILENET_V1)}
    assert rows["Conv dw3×3×1024 dw"][2] == ":orange-background[s2 ≠ s1]"
    assert rows["Conv1×1×1024×1024"][2] == "s1"
    assert rows["Conv1×1×1024×1024"][5] == ":gray[1,050,624]"
    assert texts(RESNEXT)[-1][4:] == (
        "25.5M :blue[≈] 25.56M", "25.0M :blue[≈] 25.03M", "4.1G :blue[≈] 4.09G", "4.2G :blue[≈] 4.23G",
    )  # fmt: skip


def test_verdicts_count():
    assert verdict(MOBILENET_V1) == "Of 67 printed values that a network can be held against, ours has 63; 4 differ."
    assert verdict(SENET_8).startswith("Nothing in this table can be counted in a network")
    assert overall() == (
        "12 tables of papers and of the lecture, rebuilt from the networks of the zoo. Of 541 printed values that a network can "
        "be held against, ours have **486**. Of the other 55, **28** are misprints; each is marked, with its reason."
    )


def test_an_error_that_could_not_be_checked_says_so():
    told = {
        name: [reported(error) for error in zoo.card(name).errors] for name in ("highway_conv10", "cbam_resnet50", "nin_cifar10")
    }
    assert told["highway_conv10"] == [
        "**0.45 % error** on MNIST (test; Table 1, 99.55 % right; not checked, for the paper was not at hand)"
    ]
    assert all("not checked" in text for text in told["cbam_resnet50"])
    assert not any("not checked" in text for text in told["nin_cifar10"])


def test_a_networks_table_is_downloaded_with_the_mark_by_which_spreadsheets_know_utf_8():
    content = table_file("lenet")
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.decode("utf-8-sig") == to_csv(zoo.table("lenet"))
