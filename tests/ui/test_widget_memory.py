"""A value outlives the widget that shows it: Streamlit forgets one after a run that did not draw it."""

from streamlit.testing.v1 import AppTest


def script() -> None:
    import streamlit as st

    from cnnviz.ui import memory

    def put() -> None:
        memory.put("height", 7)
        memory.put("width", 8)

    with memory.script_run():
        st.text(memory.recall("height", 1))
        st.button("Put 7", on_click=put)
        if not st.session_state.get("hidden"):
            for key in ("height", "width"):
                st.slider(key, 0, 10, memory.before_drawing(key, 1), key=key)
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


def test_a_browser_that_has_not_heard_of_a_widget_shows_what_it_is_set_to():
    test = run(AppTest.from_function(script))
    test.button[0].click().run()
    for _ in range(2):
        assert [list(slider.proto.default) for slider in test.slider] == [[7.0], [8.0]]
        test = run(test)


def test_widgets_whose_setting_the_browser_missed_are_set_again_and_one_that_is_moved_back_is_not():
    test = run(AppTest.from_function(script))
    test.button[0].click().run()
    for slider in test.slider:
        slider.set_value(1)
    test.run()
    assert [slider.value for slider in test.slider] == [7, 8]
    test.slider(key="height").set_value(1).run()
    assert [slider.value for slider in test.slider] == [1, 8]
    test.run()
    assert [slider.value for slider in test.slider] == [1, 8]
