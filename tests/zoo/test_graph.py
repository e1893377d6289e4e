import pytest

from cnnviz import zoo
from cnnviz.zoo import Row, graph
from cnnviz.zoo.graph import MOST_RANKS, Part, laid_out, layers, ranked, view

every_network = pytest.mark.parametrize("name", zoo.names())


def edges(rows, parts):
    """The slow way: which part reads a row of which other."""
    of = {row: place for place, part in enumerate(parts) for row in part.rows}
    return {(of[source], of[place]) for place, row in enumerate(rows) for source in row.sources if of[source] != of[place]}


@every_network
def test_parts_hold_each_row_once_and_are_fed_as_their_rows_are(name):
    rows = zoo.table(name)
    for parts in (layers(rows), view(rows)):
        assert sorted(row for part in parts for row in part.rows) == list(range(len(rows)))
        assert {(source, place) for place, part in enumerate(parts) for source in part.sources} == edges(rows, parts)
        assert all(source < place for place, part in enumerate(parts) for source in part.sources)
        assert sum(part.layers for part in parts) == sum(row.kind in ("conv", "fc", "capsule") and row.params > 0 for row in rows)


@every_network
def test_a_layer_takes_norms_and_activations_with_it_that_nothing_else_reads(name):
    rows = zoo.table(name)
    for part in layers(rows):
        kinds = [rows[place].kind for place in part.rows]
        assert len([kind for kind in kinds if kind not in graph.FOLLOWING]) <= 1
        for before, place in zip(part.rows, part.rows[1:], strict=False):
            assert rows[place].sources == (before,)
            assert [i for i, row in enumerate(rows) if before in row.sources] == [place]


@every_network
def test_a_view_fits_or_shows_the_first_words_of_names_alone(name):
    parts = view(zoo.table(name))
    assert max(ranked(parts)) < MOST_RANKS or all("." not in part.name for part in parts)


@every_network
def test_no_two_things_stand_in_one_place_and_lines_lead_down(name):
    for parts in (layers(zoo.table(name)), view(zoo.table(name))):
        layout = laid_out(parts)
        spots = {(rank, lane): {place} for place, (rank, lane) in enumerate(zip(layout.ranks, layout.lanes, strict=True))}
        assert len(spots) == len(parts)
        for source, target, lane in layout.lines:
            assert layout.ranks[source] < layout.ranks[target]
            for rank in range(layout.ranks[source] + 1, layout.ranks[target]):
                spots.setdefault((rank, lane), set()).add(source)
        assert all(len(users) == 1 for users in spots.values())
        assert {rank for rank, lane in zip(layout.ranks, layout.lanes, strict=True) if not lane} == set(layout.ranks)


def test_a_rank_is_the_longest_way():
    parts = view(zoo.table("resnet18"))

    def longest(place):
        return max((1 + longest(source) for source in parts[place].sources), default=0)

    assert ranked(parts)[:14] == [longest(place) for place in range(14)]


def test_a_residual_unit_keeps_its_skip_beside_it():
    diamond = (
        Part("a", "input", (0,)),
        Part("b", "conv", (1,), (0,)),
        Part("c", "conv", (2,), (1,)),
        Part("d", "add", (3,), (0, 2)),
    )
    layout = laid_out(diamond)
    assert layout.ranks == (0, 1, 2, 3)
    assert layout.lanes == (0, 0, 0, 0)
    assert (0, 3, 1) in layout.lines


def test_a_convolution_takes_the_norm_and_activation_before_it_where_it_alone_reads_them():
    chain = [Row("input", "input", "input", (3, 8, 8)), Row("n", "norm", "BatchNorm2d", (3, 8, 8), (0,)),
             Row("a", "activation", "ReLU", (3, 8, 8), (1,)), Row("c", "conv", "Conv2d", (4, 8, 8), (2,))]  # fmt: skip
    assert [part.rows for part in layers(chain)] == [(0,), (1, 2, 3)]
    read_twice = [*chain, Row("s", "conv", "Conv2d", (4, 8, 8), (2,))]
    assert [part.rows for part in layers(read_twice)] == [(0,), (1, 2), (3,), (4,)]


def test_inside_a_stage_are_its_own_layers_and_what_feeds_them():
    rows = zoo.table("resnet152")
    parts = view(rows, "conv3_x.0")
    first, *own = parts
    assert first.kind == "input"
    assert first.rows[-1] == own[0].rows[0] - 1
    assert all(part.name.startswith("conv3_x.0.") or part.name == "conv3_x.0" for part in own)
    assert [row for part in own for row in part.rows] == [i for i, row in enumerate(rows) if row.name.startswith("conv3_x.0.")]


def test_inside_what_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        view(zoo.table("resnet18"), "conv9_x")


@every_network
def test_arrows_lead_to_every_part_from_rank_to_rank_and_from_lane_to_lane(name):
    parts = view(zoo.table(name))
    layout = laid_out(parts)
    led = graph.moves(layout)
    reached, waiting = set(), [led[0]["first"]]
    while waiting:
        place = waiting.pop()
        reached.add(place)
        waiting += [other for other in led[place].values() if other not in reached]
    assert reached == set(range(len(parts)))
    for place, keys in enumerate(led):
        rank, lane = layout.ranks[place], layout.lanes[place]
        for key, step in (("up", -1), ("down", 1)):
            assert layout.ranks[keys[key]] == rank + step if key in keys else rank + step not in layout.ranks
        for key, side in (("left", -1), ("right", 1)):
            if key in keys:
                assert layout.ranks[keys[key]] == rank
                assert (layout.lanes[keys[key]] - lane) * side > 0


def test_home_and_end_lead_to_the_input_and_to_the_result():
    parts = view(zoo.table("googlenet"))
    for keys in graph.moves(laid_out(parts)):
        assert (parts[keys["first"]].name, parts[keys["last"]].kind) == ("input", "fc")


def test_a_bottleneck_holds_the_three_layers_that_its_paper_counts_and_one_more_where_its_shortcut_has_weights():
    blocks = [part.layers for part in view(zoo.table("resnet152")) if part.name.startswith("conv2_x.")]
    assert blocks == [4, 3, 3]
