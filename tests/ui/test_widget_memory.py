"""A value outlives the widget that shows it: Streamlit forgets one after a run that did not draw it."""

from streamlit.testing.v1 import AppTest


def script() -> None:
    import streamlit as st

    from cnnviz.ui import memory

    def put() -> None:
        memory.put("height", 7)

    with memory.script_run():
        st.text(memory.recall("height", 1))
        st.button("Put 7", on_click=put)
        if not st.session_state.get("hidden"):
            memory.before_drawing("height", 1)
            st.slider("Height", 0, 10, key="height")
        if st.session_state.get("stopped"):
            st.stop()


def run(test: AppTest, **flags: bool) -> AppTest:
    for name, value in flags.items():
        test.session_state[name] = value
    return test.run()


def recalled(test: AppTest) -> list[str]:
    assert not test.exception
    return [text.value for text in test.text]


def test_a_moved_widget_is_remembered_while_it_is_not_drawn_and_shows_it_again():
    test = run(AppTest.from_function(script))
    test.slider(key="height").set_value(4).run()
    for _ in range(3):
        assert recalled(run(test, hidden=True)) == ["4"]
    test = run(test, hidden=False)
    assert test.slider(key="height").value == 4
    test.slider(key="height").set_value(9).run()
    assert recalled(run(test, hidden=True)) == ["9"]


def test_a_value_that_is_put_reaches_its_widget_whether_it_is_drawn_or_not():
    for hidden in (False, True):
        test = run(AppTest.from_function(script))
        test.slider(key="height").set_value(4).run()
        test = run(test, hidden=hidden)
        test.button[0].click().run()
        assert recalled(test) == ["7"]
        test = run(test, hidden=False)
        assert test.slider(key="height").value == 7
        test.slider(key="height").set_value(8).run()
        assert recalled(test) == ["8"]


def test_a_move_made_while_a_run_was_stopped_is_not_lost():
    test = run(AppTest.from_function(script), stopped=True)
    for value in (3, 5):
        test.slider(key="height").set_value(value).run()
        assert recalled(test) == [str(value)]
