"use strict";
// The page cannot know when it is read, the reader's clock does: old numbers say so themselves.
(() => {
  const banner = document.getElementById("banner");
  const days = Math.floor((Date.now() - Date.parse(banner.dataset.asOf)) / 86400000);
  if (days > 1) {
    banner.classList.add("alarm");
    banner.append(` The data are ${days.toLocaleString("en")} days old today: ask for the newest release with stockplan releases.`);
  }
})();
// Charts take their colours from the page's style. Expressions are interpreted, not compiled: the page's
// policy allows no script that is made while it is open.
(async () => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  for (const held of document.querySelectorAll("script[data-plot]")) {
    const plot = document.getElementById(held.dataset.plot);
    try {
      await vegaEmbed(plot, JSON.parse(held.textContent), {
        mode: "vega-lite",
        renderer: "svg",
        actions: false,
        ast: true,
        tooltip: { theme: dark ? "dark" : "light" },
      });
    } catch (error) {
      plot.textContent = "This chart could not be drawn; what it shows stands in words below.";
      console.error(error);
    }
  }
  document.documentElement.dataset.drawn = "yes";
})();
