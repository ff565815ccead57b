/* Light or dark: the system's choice, or the visitor's, kept on this machine. Pages are placed as asked for. */
(function () {
  "use strict";
  const root = document.documentElement;

  function apply(choice) {
    if (choice === "light" || choice === "dark") root.dataset.theme = choice;
    else delete root.dataset.theme;
  }

  function kept() {
    try { return JSON.parse(window.localStorage.getItem("theme")); } catch (_) { return null; }
  }

  function now() {
    if (root.dataset.theme) return root.dataset.theme;
    return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  /* A page waits until nobody is typing, for the old search box may not have told yet what it holds; then it brings
     a new box, and whoever was in the old one goes on in the new one before the next key is heard. */
  const PAUSE_MS = 500; /* longer than a search box waits before it tells */
  let typedAt = 0;
  let typed = null; /* in which box, and where its caret was: a box that is gone tells of an older one */
  document.addEventListener("input", function (event) {
    typedAt = Date.now();
    typed = { box: event.target, caret: event.target.selectionStart };
  });

  function carryOn(old) {
    const watch = new MutationObserver(function () {
      const fresh = document.querySelector(".search input");
      if (old.isConnected || !fresh) return;
      watch.disconnect();
      const caret = typed && typed.box === old ? typed.caret : old.selectionStart;
      fresh.focus({ preventScroll: true });
      if (fresh.value !== old.value) {
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(fresh, old.value);
        fresh.dispatchEvent(new Event("input", { bubbles: true }));
      }
      fresh.setSelectionRange(caret, caret);
      typed = { box: fresh, caret: caret };
    });
    watch.observe(document.getElementById("content"), { childList: true, subtree: true });
    window.setTimeout(() => watch.disconnect(), 2000);
  }

  apply(kept());

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    moltarium: {
      turn: function (clicks, choice) {
        if (!clicks) { apply(choice); return window.dash_clientside.no_update; }
        const next = now() === "dark" ? "light" : "dark";
        apply(next);
        return next;
      },
      pulse: function (beat, query) {
        return document.hidden ? window.dash_clientside.no_update : Object.assign({}, query, { beat: String(beat) });
      },
      place: async function (answer, links, hrefs) {
        const keep = window.dash_clientside.no_update;
        const asked = () => answer && answer.to[0] === location.pathname && answer.to[1] === location.search;
        while (asked() && Date.now() - typedAt < PAUSE_MS) await new Promise((go) => setTimeout(go, 50));
        if (!asked()) return [keep, links.map(() => keep), links.map(() => keep)];
        const box = document.activeElement;
        if (box && box.matches(".search input")) carryOn(box);
        window.requestAnimationFrame(function () {
          const here = document.querySelector(".nav-link.here");
          if (here) here.scrollIntoView({ block: "nearest", inline: "center" });
        });
        const span = answer.window ? "?" + answer.window : "";
        return [
          answer.content,
          links.map((link) => "nav-link" + (link.page === answer.here ? " here" : "")),
          hrefs.map((href) => href.split("?")[0] + span),
        ];
      },
    },
  });

  /* A chart leaves as it would stand on paper: the page's own ink is not in it. */
  document.addEventListener("click", function (event) {
    const button = event.target.closest("button[data-picture]");
    const chart = button && button.closest(".card").querySelector(".js-plotly-plot");
    if (!chart) return;
    const layout = Object.assign({}, chart.layout, {
      paper_bgcolor: "#ffffff",
      plot_bgcolor: "#ffffff",
      font: Object.assign({}, chart.layout.font, { color: "#17212c" }),
    });
    window.Plotly.downloadImage(
      { data: chart.data, layout: layout },
      {
        format: button.dataset.picture,
        filename: button.dataset.name,
        width: chart.clientWidth,
        height: chart.clientHeight,
        scale: button.dataset.picture === "png" ? 2 : 1,
      }
    );
  });

  /* A table of characters alone comes as one attribute: the framework walks over every component of a page at
     every change, and a table has thousands of cells. Whatever a cell holds becomes text, never markup. */
  function element(name, text, className) {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function cell(name, value, numeric) {
    const made = element(name, "", numeric ? "num" : "");
    const [text, aside, title] = Array.isArray(value) ? value : [value, "", ""];
    const told = made.appendChild(element("span", text, title ? "term" : ""));
    if (title) told.title = title;
    if (aside) made.appendChild(element("span", " " + aside, "ci"));
    return made;
  }

  function lay(place) {
    const told = JSON.parse(place.dataset.table);
    const table = element("table");
    table.appendChild(element("caption", told.caption));
    const head = table.appendChild(element("thead")).appendChild(element("tr"));
    for (const [title, numeric] of told.columns) head.appendChild(cell("th", title, numeric)).scope = "col";
    const body = table.appendChild(element("tbody"));
    for (const row of told.rows) {
      const line = body.appendChild(element("tr"));
      row.forEach((value, place) => line.appendChild(cell("td", value, told.columns[place][1])));
    }
    place.replaceChildren(table);
  }

  new MutationObserver(function (changes) {
    const fresh = new Set();
    for (const change of changes) {
      if (change.type === "attributes") fresh.add(change.target);
      for (const added of change.addedNodes) {
        if (added.nodeType !== Node.ELEMENT_NODE) continue;
        if (added.matches("[data-table]")) fresh.add(added);
        added.querySelectorAll("[data-table]").forEach((place) => fresh.add(place));
      }
    }
    fresh.forEach(lay);
  }).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-table"] });

  /* "/" goes to the search box, j and k from text to text, Enter opens one, the arrows turn pages: as readers of
     forums expect. */
  const ITEMS = ".thread-entry, .comment, .card > .scroll-x tbody tr";

  function step(by) {
    const all = Array.from(document.querySelectorAll(ITEMS));
    if (!all.length) return;
    const here = all.indexOf(document.activeElement);
    const next = all[Math.max(0, Math.min(all.length - 1, here + by))];
    next.tabIndex = -1;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "center" });
  }

  function press(selector, within) {
    const found = (within || document).querySelector(selector);
    if (found) found.click();
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    if (event.key === "/") {
      const box = document.querySelector(".search input");
      if (box) { event.preventDefault(); box.focus(); }
    } else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "ArrowRight") press(".pager a.more");
    else if (event.key === "ArrowLeft") press(".pager a.back");
    else if (event.key === "Enter" && event.target.matches(ITEMS)) press(".thread-title, a", event.target);
  });
})();
