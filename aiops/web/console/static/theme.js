"use strict";
// Before anything is painted: the theme that was chosen here, if one was. Without one it is the system's.
(() => {
  let chosen = "";
  try {
    chosen = localStorage.getItem("aiops-theme") || "";
  } catch {
    // a browser that keeps nothing: the system's theme
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  document.documentElement.dataset.js = "yes";
})();
