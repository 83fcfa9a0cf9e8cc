// What pages do in the browser besides htmx: the menu, copying, dialogs, ticking rows, charts. No page needs it to be read.
"use strict";

document.addEventListener("click", (event) => {
  const at = event.target instanceof Element ? event.target : null;
  if (!at) return;
  const menu = at.closest("[data-menu]");
  if (menu) {
    const open = document.body.classList.toggle("menu-open");
    menu.setAttribute("aria-expanded", String(open));
  }
  const copied = at.closest("[data-copy]");
  if (copied) copyText(copied);
  const opens = at.closest("[data-opens]");
  if (opens) document.getElementById(opens.dataset.opens)?.showModal();
  if (at.closest("[data-closes]")) at.closest("dialog")?.close();
  const asked = at.closest("[data-confirm]");
  if (asked && !window.confirm(asked.dataset.confirm)) event.preventDefault();
  const user = document.querySelector(".user-menu[open]");
  if (user && !user.contains(at)) user.removeAttribute("open");
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelector(".user-menu[open]")?.removeAttribute("open");
  document.body.classList.remove("menu-open");
  document.querySelector("[data-menu]")?.setAttribute("aria-expanded", "false");
});

document.addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.type !== "checkbox") return;
  const form = box.closest(".bulk-form");
  if (!form) return;
  const boxes = [...form.querySelectorAll('input[name="selected"]')];
  if (box.hasAttribute("data-tick-all")) boxes.forEach((each) => { each.checked = box.checked; });
  const ticked = boxes.filter((each) => each.checked).length;
  form.querySelector(".bulk").hidden = ticked === 0;
  form.querySelector("[data-ticked]").textContent = String(ticked);
});

async function copyText(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // Without https there is no clipboard for pages: mark the text, so that the keyboard can copy it.
    const text = button.parentElement.querySelector("code");
    if (text) window.getSelection().selectAllChildren(text);
    return;
  }
  const said = button.querySelector(".unseen");
  const before = said.textContent;
  said.textContent = button.dataset.done;
  said.classList.remove("unseen");
  setTimeout(() => { said.classList.add("unseen"); said.textContent = before; }, 1500);
}

// Charts: uPlot is fetched when the first one is seen.
let uplot;
function loadUplot() {
  uplot ??= new Promise((resolve, reject) => {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = document.body.dataset.uplotStyle;
    const script = document.createElement("script");
    script.src = document.body.dataset.uplot;
    script.onload = () => resolve(window.uPlot);
    script.onerror = reject;
    document.head.append(style, script);
  });
  return uplot;
}

const drawn = new WeakMap();
async function draw(place) {
  if (drawn.has(place)) return;
  drawn.set(place, null);
  const UPlot = await loadUplot();
  const colour = (name) => resolved(place, `var(--${name})`);
  const tones = place.dataset.tones.split("|").map((tone) => colour(tone === "quiet" ? "ink-faint" : tone));
  const labels = place.dataset.labels.split("|");
  const bars = place.dataset.bars === "1" ? UPlot.paths.bars({ size: [0.7, 60], radius: 0.15 }) : undefined;
  // As moments stand elsewhere: the 24-hour clock, the year first.
  const hours = ["{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1];
  const times = [
    [86400 * 365, "{YYYY}", null, null, null, null, null, null, 1],
    [86400 * 28, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
    [86400, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
    [3600, ...hours],
    [60, ...hours],
  ];
  const axis = { stroke: colour("ink-faint"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  const series = labels.map((label, at) => ({
    label, stroke: tones[at], width: bars ? 0 : 2, fill: bars ? tones[at] : undefined, paths: bars, points: { show: false },
  }));
  const options = {
    width: place.clientWidth, height: place.clientHeight || 220, legend: { show: false }, series: [{}, ...series],
    axes: [{ ...axis, values: times }, { ...axis, size: 56 }], scales: { y: { range: (_chart, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
  };
  drawn.set(place, new UPlot(options, JSON.parse(place.dataset.chart), place));
  new ResizeObserver(() => drawn.get(place)?.setSize({ width: place.clientWidth, height: options.height })).observe(place);
}

function resolved(place, value) {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = value;
  place.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

// On a narrow screen tabs scroll: the one that is open shall be seen.
document.querySelectorAll(".tabs [aria-current]").forEach((tab) => tab.scrollIntoView({ block: "nearest", inline: "center" }));

function drawAll(root) {
  root.querySelectorAll("[data-chart]").forEach(draw);
}
drawAll(document);
document.addEventListener("htmx:load", (event) => drawAll(event.detail.elt));
