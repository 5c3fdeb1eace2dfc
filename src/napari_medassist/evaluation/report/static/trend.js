"use strict";
/* Lines over dated scans: #trend-data holds {isTime, panels: [{title, unit, from_zero, series: [{name, x, y, told, bold}]}]}. */
(() => {
  const { isTime, panels } = JSON.parse(document.getElementById("trend-data").textContent);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const COLOURS = ["--first", "--second", "--third", "--fourth", "--soft"];
  const DASHES = ["solid", "dash", "dot", "dashdot"];
  // plotly.js takes some tags in its texts for markup: names of scans must not become any.
  const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  panels.forEach((panel, number) => {
    const traces = panel.series.map((series, i) => ({
      type: "scatter", mode: "lines+markers", name: plain(series.name), x: series.x, y: series.y,
      text: series.told.map(plain), hoverinfo: "text+name", connectgaps: false,
      line: { color: colour(COLOURS[i % COLOURS.length]), width: series.bold ? 3 : 1.5,
        dash: DASHES[Math.floor(i / COLOURS.length) % DASHES.length] },
      marker: { size: series.bold ? 9 : 6 },
    }));
    const axis = { gridcolor: colour("--grid"), linecolor: colour("--grid"), zeroline: false, automargin: true };
    Plotly.newPlot(document.getElementById(`trend-${number}`), traces, {
      xaxis: { ...axis, type: isTime ? "date" : "category" },
      yaxis: { ...axis, title: { text: plain(panel.unit) }, rangemode: panel.from_zero ? "tozero" : "normal" },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 56, r: 12, t: 12, b: 40 },
      font: { color: colour("--text"), size: 13, family: "system-ui, 'DejaVu Sans', sans-serif" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--soft"), activecolor: colour("--first") },
      legend: { orientation: "h", y: -0.2 }, hovermode: "closest", autosize: true,
    }, { responsive: true, displaylogo: false });
  });
})();
