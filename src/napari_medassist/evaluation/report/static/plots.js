"use strict";
/* Plots of the report. Points of cases come from the case table; all else stands in #plot-data:
   scatter {x, y: keys of columns, choose?}, bars {x, y: titles, stacked, series: [{name, x, y}]},
   lines {x, y: titles, ranges, series: [{name, x, y, cut_offs}]}. */
const report = {
  cases: JSON.parse(document.getElementById("case-data").textContent),
  plots: JSON.parse(document.getElementById("plot-data").textContent),
};

(() => {
  const { cases, plots } = report;
  const nRows = cases.values.case.length;
  const columns = new Map(cases.columns.map((column) => [column.key, column]));
  const pictured = new Set(cases.pictured);
  const many = nRows > 3000;
  const drawn = new Map(); // id -> whether it was drawn for paper
  const PAPER = { "--text": "#000", "--grid": "#dde2e6", "--page": "#fff", "--soft": "#444c54",
    "--first": "#0072b2", "--second": "#c24d00", "--third": "#00805d", "--fourth": "#6247d6" };
  const MODELS = [["--first", "circle"], ["--second", "diamond"], ["--third", "square"], ["--fourth", "cross"],
    ["--soft", "triangle-up"]];
  const VERDICTS = {
    "no lesion error": ["--third", "circle"], "lesion errors": ["--first", "circle-open"],
    "hidden error": ["--second", "diamond"], "false alarm": ["--fourth", "square"],
  };

  const finite = (value) => typeof value === "number";
  // plotly.js takes some tags in its texts for markup: names of cases must not become any.
  const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  function theme(forPaper) {
    const style = getComputedStyle(document.documentElement);
    return (name) => (forPaper && PAPER[name]) || style.getPropertyValue(name).trim();
  }

  function axis(title, range, colour, small) {
    const pad = range ? (range[1] - range[0]) * 0.045 : 0;
    return {
      title: { text: plain(title), standoff: 8 }, gridcolor: colour("--grid"), zeroline: false, automargin: true,
      linecolor: colour("--grid"), tickfont: { size: small ? 8 : 12 },
      ...(range ? { range: [range[0] - pad, range[1] + pad] } : { rangemode: "tozero" }),
    };
  }

  function layout(spec, xAxis, yAxis, colour, size) {
    return {
      xaxis: xAxis, yaxis: yAxis, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: colour("--text"), size: size ? 9 : 13, family: "system-ui, 'DejaVu Sans', sans-serif" },
      margin: { l: 48, r: 12, t: 30, b: 40 }, hovermode: "closest", dragmode: "zoom",
      legend: { orientation: "h", y: -0.2, yanchor: "top", x: 0, itemsizing: "constant", font: { size: size ? 8 : 12 } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--soft"), activecolor: colour("--first") },
      hoverlabel: { bgcolor: colour("--page"), font: { color: colour("--text"), size: 12 }, align: "left" },
      barmode: spec.stacked ? "stack" : "group", bargap: 0.06, autosize: !size, ...(size || {}),
    };
  }

  function groupsOf(rows) {
    const key = cases.values.model ? "model" : "verdict";
    const groups = new Map();
    for (const row of rows) {
      const name = cases.values[key][row];
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(row);
    }
    const names = key === "model" ? [...new Set(cases.values.model)] : Object.keys(VERDICTS);
    const styles = names.map((name, i) => [name, VERDICTS[name] || MODELS[i % MODELS.length]]);
    return styles.filter(([name]) => groups.has(name)).map(([name, style]) => [name, groups.get(name), style]);
  }

  function hover(row) {
    const lines = [`<b>${plain(cases.values.case[row])}</b>`];
    if (cases.values.model) lines.push(plain(cases.values.model[row]));
    const told = [["Dice", "dice", 2], ["HD, mm", "hd_mm", 1], ["lesion F1", "lesion_f1", 2]];
    for (const [title, key, decimals] of told) {
      const value = cases.values[key] && cases.values[key][row];
      if (finite(value)) lines.push(`${title} ${value.toFixed(decimals)}`);
    }
    const of = (key) => cases.values[key][row];
    lines.push(`${of("fn")} of ${of("n_reference_lesions")} lesions missed, ${of("fp")} false`);
    return lines.join("<br>");
  }

  function stacks(rows, x, y, colour, size) {
    const found = new Map();
    for (const row of rows) {
      const place = `${x[row]},${y[row]}`;
      found.set(place, (found.get(place) || 0) + 1);
    }
    const largest = [...found].filter(([, n]) => n >= 5).sort((a, b) => b[1] - a[1]).slice(0, 6);
    const middle = rows.reduce((most, row) => Math.max(most, x[row]), 0) / 2;
    return largest.map(([place, n]) => {
      const [px, py] = place.split(",").map(Number);
      return { x: px, y: py, text: `${n} cases here`, showarrow: false, xshift: 8, yshift: 10, xanchor: px > middle ? "right" : "left",
        font: { size: size ? 8 : 11, color: colour("--soft") } };
    });
  }

  function scatter(spec, colour, size) {
    const [x, y] = [cases.values[spec.x], cases.values[spec.y]];
    const rows = [];
    let nCompared = 0;
    for (let row = 0; row < nRows; row += 1) {
      nCompared += cases.values.verdict[row] !== "not compared";
      if (finite(x[row]) && finite(y[row])) rows.push(row);
    }
    const traces = groupsOf(rows).map(([name, members, [shade, symbol]]) => ({
      type: "scatter", mode: "markers", name: plain(name), x: members.map((r) => x[r]), y: members.map((r) => y[r]),
      customdata: members, text: members.map(hover), hovertemplate: "%{text}<extra></extra>",
      marker: { color: colour(shade), symbol, size: many ? 5 : size ? 4 : 8, opacity: many ? 0.5 : 0.72,
        line: { width: symbol.endsWith("open") ? 1.4 : 0, color: colour(shade) } },
    }));
    const axes = [spec.x, spec.y].map((key) => axis(columns.get(key).title, columns.get(key).range, colour, size));
    const result = layout(spec, ...axes, colour, size);
    result.annotations = stacks(rows, x, y, colour, size);
    if (spec.choose) {
      result.annotations.push({ xref: "paper", yref: "paper", x: 1, y: 1, xanchor: "right", yanchor: "top", showarrow: false,
        text: `${rows.length} of ${nCompared} compared cases`, font: { size: 11, color: colour("--soft") } });
    }
    return [traces, result];
  }

  function bars(spec, colour, size) {
    const shade = (name, i) => (spec.stacked ? VERDICTS[name] || ["--soft"] : MODELS[i % MODELS.length])[0];
    const traces = spec.series.map((series, i) => ({ type: "bar", name: plain(series.name), x: series.x, y: series.y,
      marker: { color: colour(shade(series.name, i)) }, hovertemplate: "%{x:.2f}: %{y} cases<extra>%{fullData.name}</extra>" }));
    return [traces, layout(spec, axis(spec.x, null, colour, size), axis(spec.y, null, colour, size), colour, size)];
  }

  function lines(spec, colour, size) {
    const traces = spec.series.map((series, i) => ({ type: "scatter", mode: "lines", name: plain(series.name || "all cases"),
      x: series.x, y: series.y, text: series.cut_offs, line: { color: colour(MODELS[i % MODELS.length][0]), width: 2.2 },
      hovertemplate: `${plain(spec.x)} %{x:.3f}<br>${plain(spec.y)} %{y:.3f}<br>cut-off %{text}<extra>%{fullData.name}</extra>` }));
    const axes = [axis(spec.x, spec.ranges[0], colour, size), axis(spec.y, spec.ranges[1], colour, size)];
    const result = layout(spec, ...axes, colour, size);
    result.showlegend = spec.series.length > 1;
    return [traces, result];
  }

  const MAKERS = { scatter, bars, lines };
  const CONFIG = { displaylogo: false, responsive: true, displayModeBar: "hover",
    modeBarButtons: [["toImage", "zoom2d", "select2d", "lasso2d", "resetScale2d"]],
    toImageButtonOptions: { format: "svg", filename: "medassist-plot" } };

  function draw(id, size) {
    const spec = plots[id];
    const [traces, made] = MAKERS[spec.type](spec, theme(Boolean(size)), size);
    const canvas = document.getElementById(id);
    const isNew = !drawn.has(id);
    drawn.set(id, Boolean(size));
    Plotly.react(canvas, traces, made, CONFIG);
    if (isNew && spec.type === "scatter") listen(canvas);
  }

  function listen(canvas) {
    canvas.on("plotly_click", (event) => {
      const row = event.points[0].customdata;
      report.go(pictured.has(row) ? `#picture-${row}` : `#case-${row}`);
    });
    canvas.on("plotly_selected", (event) => {
      if (event && event.points.length) report.select(event.points.map((point) => point.customdata));
    });
  }

  function fillChoices() {
    for (const select of document.querySelectorAll("select[data-axis]")) {
      const spec = plots[select.dataset.plot];
      for (const column of cases.columns.filter((c) => c.kind === "number")) {
        select.add(new Option(column.title, column.key, false, column.key === spec[select.dataset.axis]));
      }
      select.addEventListener("change", () => {
        spec[select.dataset.axis] = select.value;
        draw(select.dataset.plot);
      });
    }
  }

  function drawWhenSeen() {
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries.filter((e) => e.isIntersecting)) {
        watcher.unobserve(entry.target);
        if (!drawn.has(entry.target.id)) draw(entry.target.id);
      }
    }, { rootMargin: "800px" });
    for (const id of Object.keys(plots)) watcher.observe(document.getElementById(id));
  }

  fillChoices();
  drawWhenSeen();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => [...drawn.keys()].forEach((id) => draw(id)));
  // On paper two plots stand side by side on A4, in the colours of paper.
  addEventListener("beforeprint", () => Object.keys(plots).forEach((id) => draw(id, { width: 335, height: 262 })));
  addEventListener("afterprint", () => [...drawn.keys()].forEach((id) => draw(id)));
})();
