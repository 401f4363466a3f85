"use strict";
// The plots of an incident: drag to zoom, all of them together; the buttons do the same from a keyboard.
(() => {
  const place = document.getElementById("plots");
  if (!place || typeof uPlot === "undefined") return;
  const HEIGHT = 214;
  const KINDS = { onset: "--bad", opened: "--bad", closed: "--good", change: "--change", acted: "--link", outcome: "--good", asked: "--medium", answered: "--medium", undone: "--medium" };
  const DASHES = { onset: [2, 3], opened: [], closed: [7, 3], change: [4, 3], acted: [], outcome: [7, 3], asked: [2, 2], answered: [2, 2], undone: [8, 2, 2, 2] };
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const faded = (name, share) => `color-mix(in srgb, ${color(name)} ${share}%, transparent)`;
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  // --- figures as people write them
  const digits = (value) => (value === 0 ? "0" : String(Number(value.toPrecision(3))));
  const sized = (value, step, names) => {
    const at = Math.min(Math.max(Math.floor(Math.log(Math.max(Math.abs(value), 1)) / Math.log(step)), 0), names.length - 1);
    return `${digits(value / step ** at)} ${names[at]}`.trim();
  };
  const figure = (value, unit) => {
    if (value === null || value === undefined) return "-";
    switch (unit) {
      case "bytes":
      case "B":
        return sized(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]);
      case "s":
      case "seconds":
        if (Math.abs(value) >= 90) return value < 5400 ? `${digits(value / 60)} min` : `${digits(value / 3600)} h`;
        return Math.abs(value) >= 1 || value === 0 ? `${digits(value)} s` : Math.abs(value) >= 1e-3 ? `${digits(value * 1e3)} ms` : `${digits(value * 1e6)} µs`;
      case "ratio":
      case "share":
        return `${digits(100 * value)} %`;
      case "bool":
        return value === 1 ? "yes" : value === 0 ? "no" : digits(value);
      default: {
        const large = Math.abs(value) >= 1e4 ? sized(value, 1000, ["", "k", "M", "G", "T"]).replace(" ", "") : digits(value);
        return unit && unit !== "1" ? `${large} ${unit}` : large;
      }
    }
  };
  const BINARY = new Set(["bytes", "B"]);
  const POWERS = Array.from({ length: 60 }, (_, power) => 2 ** power);
  const moment = (s) => new Date(s * 1000).toISOString().slice(5, 16).replace("T", " ");

  // --- what is drawn behind and above the lines
  const behind = (told) => (plot) => {
    const { ctx, bbox } = plot;
    const from = plot.valToPos(told.opened, "x", true);
    const to = plot.valToPos(told.closed ?? plot.data[0][plot.data[0].length - 1], "x", true);
    const left = Math.max(from, bbox.left);
    const right = Math.min(to, bbox.left + bbox.width);
    if (right <= left) return;
    ctx.save();
    ctx.fillStyle = faded("--bad", 7);
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.restore();
  };
  const above = (told) => (plot) => {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.font = `${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    const taken = [[], []];
    for (const one of told.marks) {
      const x = Math.round(plot.valToPos(one.at, "x", true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = ctx.fillStyle = color(KINDS[one.kind] || "--soft");
      ctx.lineWidth = ratio;
      ctx.setLineDash((DASHES[one.kind] || []).map((part) => part * ratio));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const text = one.label.length > 28 ? `${one.label.slice(0, 27)}…` : one.label;
      const width = ctx.measureText(text).width;
      const start = Math.min(x + 4 * ratio, bbox.left + bbox.width - width);
      const row = taken.findIndex((spans) => spans.every(([a, b]) => start > b || start + width < a));
      if (row < 0) continue; // no room for its words: the line stays
      taken[row].push([start - 6 * ratio, start + width + 6 * ratio]);
      ctx.fillText(text, start, bbox.top - (26 - 13 * row) * ratio);
    }
    ctx.restore();
  };

  // --- the range of what can be seen: the line, and the band as far as it is near
  const reach = (told) => (plot, _low, _high) => {
    const [times, low, high, values] = plot.data;
    const min = plot.scales.x.min ?? -Infinity; // not known yet while it is made
    const max = plot.scales.x.max ?? Infinity;
    let [from, to] = [Infinity, -Infinity];
    const inside = (lines, least, most) => {
      for (let i = 0; i < times.length; i += 1) {
        if (times[i] < min || times[i] > max) continue;
        for (const line of lines) {
          const value = line[i];
          if (value !== null && value >= least && value <= most) [from, to] = [Math.min(from, value), Math.max(to, value)];
        }
      }
    };
    inside([values], -Infinity, Infinity);
    if (from > to) return [0, 1];
    const room = to - from || Math.abs(to) || 1; // a band that was wide open for a moment does not flatten the line
    inside([low, high], Math.max(told.range[0], from - room), Math.min(told.range[1], to + room));
    const pad = (to - from || Math.abs(to) || 1) * 0.08;
    return [from >= 0 ? Math.max(0, from - pad) : from - pad, to + pad];
  };

  let plots = [];
  let whole = null;
  let zooming = false;
  const zoom = (min, max) => {
    if (zooming) return;
    zooming = true;
    for (const one of plots) one.setScale("x", { min, max });
    zooming = false;
  };
  const made = (place, told, all) => {
    const output = place.querySelector("output");
    const axis = { stroke: color("--soft"), font, grid: { stroke: color("--faint"), width: 1 }, ticks: { show: false } };
    const plot = new uPlot(
      {
        width: place.querySelector(".canvas").clientWidth,
        height: HEIGHT,
        padding: [30, 6, 0, 0],
        tzDate: (s) => uPlot.tzDate(new Date(s * 1000), "Etc/UTC"),
        legend: { show: false },
        cursor: { sync: { key: "incident" }, drag: { x: true, y: false, dist: 6 }, points: { size: 7 } },
        scales: { x: { time: true }, y: { range: reach(told) } },
        axes: [
          { ...axis, space: 70, values: [
            [86400, "{D} {MMM}", null, null, null, null, null, null, 1],
            [60, "{HH}:{mm}", null, "\n{D} {MMM}", null, null, null, null, 1],
            [1, "{HH}:{mm}:{ss}", null, "\n{D} {MMM}", null, null, null, null, 1],
          ] },
          { ...axis, size: 66, space: 34, ...(BINARY.has(told.unit) ? { incrs: POWERS } : {}), values: (_plot, ticks) => ticks.map((value) => figure(value, told.unit)) },
        ],
        series: [
          {},
          { stroke: faded("--band", 45), width: 1, points: { show: false } },
          { stroke: faded("--band", 45), width: 1, points: { show: false } },
          { stroke: color("--ink"), width: 1.4, points: { show: false } },
          { stroke: color("--bad"), paths: () => null, points: { show: true, size: 5, width: 0, fill: color("--bad") } },
        ],
        bands: [{ series: [2, 1], fill: faded("--band", 15) }],
        hooks: {
          drawClear: [behind(all)],
          draw: [above(all)],
          setScale: [(self, key) => key === "x" && zoom(self.scales.x.min, self.scales.x.max)],
          setCursor: [
            (self) => {
              const at = self.cursor.idx;
              if (at === null || at === undefined) {
                output.textContent = "";
                return;
              }
              const band = told.low[at] === null && told.high[at] === null ? "" : `, expected ${figure(told.low[at], told.unit)} to ${figure(told.high[at], told.unit)}`;
              output.textContent = `${moment(told.t[at])}  ${figure(told.v[at], told.unit)}${band}`;
            },
          ],
        },
      },
      [told.t, told.low, told.high, told.v, told.bad],
      place.querySelector(".canvas"),
    );
    plot.over.addEventListener("mouseup", () => {
      moved = true;
    });
    plot.over.addEventListener("dblclick", () => zoom(...whole));
    return plot;
  };

  let moved = false;
  const move = (how) => {
    moved = true;
    const { min, max } = plots[0].scales.x;
    const middle = (min + max) / 2;
    const half = (max - min) / 2;
    const to = {
      in: [middle - half / 2, middle + half / 2],
      out: [Math.max(middle - half * 2, whole[0]), Math.min(middle + half * 2, whole[1])],
      left: [min - half / 2, max - half / 2],
      right: [min + half / 2, max + half / 2],
      all: whole,
    }[how];
    if (to) zoom(...to);
  };

  // at first: the incident, with some of what came before it
  const near = (all) => {
    const end = all.closed ?? whole[1];
    const lasted = Math.max(end - all.since, 300);
    const from = Math.max(whole[0], all.since - Math.max(1500, 1.5 * lasted));
    const to = Math.min(whole[1], end + Math.max(300, 0.4 * lasted));
    return to - from > 60 ? [from, to] : whole;
  };

  let last = null;
  const draw = (all) => {
    const before = plots.length ? [plots[0].scales.x.min, plots[0].scales.x.max] : null;
    const kept = before && last && moved ? before : null; // who has zoomed stays there
    for (const one of plots) one.destroy();
    plots = [];
    for (const told of all.plots) {
      const figureOf = place.querySelector(`[data-plot="${told.number}"]`);
      if (figureOf && told.t.length) plots.push(made(figureOf, told, all));
    }
    if (!plots.length) return;
    const times = all.plots.flatMap((one) => (one.t.length ? [one.t[0], one.t[one.t.length - 1]] : []));
    whole = [Math.min(...times), Math.max(...times)];
    zoom(...(kept || near(all)));
    place.dataset.drawn = String(plots.length);
    last = all;
  };
  const load = async () => {
    try {
      const answer = await fetch(place.dataset.plots);
      if (answer.ok) draw(await answer.json());
    } catch {
      place.dataset.drawn = "failed";
    }
  };
  place.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom]");
    if (button && plots.length) move(button.dataset.zoom);
  });
  new ResizeObserver(() => {
    for (const one of plots) {
      const width = one.root.parentElement.clientWidth;
      if (width && width !== one.width) one.setSize({ width, height: HEIGHT });
    }
  }).observe(place);
  document.addEventListener("aiops:theme", () => last && draw(last));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => last && draw(last));
  document.addEventListener("aiops:fresh", load);
  window.aiopsPlots = () => plots.map((one) => [one.scales.x.min, one.scales.x.max]); // for tests and the curious
  if (!calm) place.dataset.motion = "yes";
  load();
})();
