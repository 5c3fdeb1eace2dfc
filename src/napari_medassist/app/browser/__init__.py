"""The disagreement browser without a window: a cohort's cases, their order, errors, marks and files.

One object, :class:`~napari_medassist.app.browser.browser.CohortBrowser`, holds what is open and signals
what changed. Whoever shows it holds no numbers of its own.

How a window uses it::

    browser = CohortBrowser(settings=Settings())
    browser.work_ready.connect(runner.start)     # work that follows by itself: preloading, catching up
    browser.cases_changed.connect(model.refresh)  # look at browser.table and browser.order
    runner.start(browser.open_work(CohortSources(reference="human", predictions={"ai": "ai"})))
    timer.timeout.connect(browser.take_finished)  # every 100 ms: the table grows while it runs

    browser.sort("dice", descending=False)
    browser.set_filter(browser.filter.with_range("lesion_f1", (0.0, 0.5)))
    runner.start(browser.open_case("10005_1000005"))          # -> opened
    step = browser.next_error("hidden")                        # -> error_changed
    if step.needs_opening: runner.start(browser.open_case(step.error.case))
    work = browser.set_convention(stricter)                    # quick if match graphs suffice
    if work is not None: runner.start(work)

Threads
-------
All methods of the browser are for one thread, that of the window, and return at once. What takes long
is returned as :class:`~napari_medassist.app.browser.work.Work`: its ``run`` goes to any thread and
reads nothing that the window's thread changes; its ``accept`` or ``fail`` comes back to that thread.
A request overtakes earlier ones of its kind (opening and judging a cohort; opening a case; preloading;
sensitivity): these stop at their next report of progress, and what they return is dropped. Tables,
error lists and results never change once made, so they may be read anywhere. The store of cases has a
lock of its own.

Modules
-------
``sources``: where files lie. ``columns``, ``case_filter``, ``case_table``: cases as columns.
``lesion_table``, ``error_list``: lesions as columns, errors in order. ``differences``: two models.
``headline``: summary and pins. ``marks``, ``export``: what readers say, and CSV. ``case_files``,
``opened_case``, ``case_store``: files of a case, held in bounded memory. ``work``: requests.
``model_results``, ``verdict_columns``: the numbers of a model under a convention. ``opening``,
``judging``, ``sensitivity``: what the requests compute. ``cohort_view``: one look at a cohort.
``looked_at``, ``judged``, ``browser``: the one object with state, in three parts.
"""
