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

  apply(kept());

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    moltarium: {
      turn: function (clicks, choice) {
        if (!clicks) { apply(choice); return window.dash_clientside.no_update; }
        const next = now() === "dark" ? "light" : "dark";
        apply(next);
        return next;
      },
      place: function (answer, pathname, search, links) {
        const asked = answer && answer.to[0] === pathname && answer.to[1] === search;
        const keep = window.dash_clientside.no_update;
        if (!asked) return [keep, links.map(() => keep)];
        return [answer.content, links.map((l) => "nav-link" + (l.page === answer.here ? " here" : ""))];
      },
    },
  });

  /* "/" goes to the search box, j and k from text to text, as readers of forums expect. */
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    if (event.key === "/") {
      const box = document.querySelector(".search input");
      if (box) { event.preventDefault(); box.focus(); }
    } else if (event.key === "j" || event.key === "k") {
      const all = Array.from(document.querySelectorAll(".thread-entry, .comment"));
      if (!all.length) return;
      const here = all.findIndex((one) => one === document.activeElement);
      const next = all[Math.max(0, Math.min(all.length - 1, here + (event.key === "j" ? 1 : -1)))];
      next.tabIndex = -1;
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "center" });
    }
  });
})();
