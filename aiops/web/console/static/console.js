"use strict";
// Live updates, the theme, and small conveniences. Every page works without this file; with it, what carries
// ``data-live`` is asked for again whenever the journal has something new, and nothing under somebody's hands
// is replaced.
(() => {
  const SILENT_MS = 12_000; // without a sign of life the page says that it is stale
  const AGAIN_MS = 700; // between two refreshes
  const body = document.body;
  const byId = (id) => document.getElementById(id);

  // --- the theme
  const THEMES = ["", "light", "dark"];
  const NAMES = { "": "as the system", light: "light", dark: "dark" };
  const button = byId("theme");
  const show = () => {
    byId("theme-name").textContent = NAMES[document.documentElement.dataset.theme || ""];
  };
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const next = THEMES[(THEMES.indexOf(root.dataset.theme || "") + 1) % THEMES.length];
    if (next) root.dataset.theme = next;
    else delete root.dataset.theme;
    try {
      localStorage.setItem("aiops-theme", next);
    } catch {
      // it holds for this page
    }
    show();
    document.dispatchEvent(new Event("aiops:theme"));
  });

  // --- small conveniences
  const nav = document.querySelector("nav [aria-current]");
  if (nav) nav.scrollIntoView({ block: "nearest", inline: "center" });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.method === "get") {
      for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
      return;
    }
    if (event.target.dataset.sent) event.preventDefault(); // a double click is one answer
    event.target.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) {
      delete form.dataset.sent;
      for (const field of form.elements) field.disabled = field.hasAttribute("disabled") && form.method !== "get";
    }
  });

  // --- time goes on
  let ahead = 0; // the server's clock less ours
  const words = (ms) => {
    const s = Math.max(0, Math.round(ms / 1000));
    return s < 90 ? `${s} s` : s < 5400 ? `${Math.round(s / 60)} min` : `${(s / 3600).toFixed(1)} h`;
  };
  const count = () => {
    for (const one of document.querySelectorAll("[data-until]")) {
      const left = Number(one.dataset.until) - (Date.now() + ahead);
      one.textContent = left > 0 ? `${words(left)} left` : "over";
    }
  };

  // --- live
  const mark = byId("live-mark");
  const said = byId("live-words");
  const clock = (ms) => new Date(ms).toISOString().slice(11, 19);
  let source = null;
  let seen = Number(body.dataset.seq);
  let beatMs = 0;
  let late = false;
  let still = "";
  let mode = "live";
  let held = false;
  const tell = (state, text) => {
    if (mark.dataset.state !== state) mark.dataset.state = state;
    if (said.textContent !== text) said.textContent = text;
  };
  const look = () => {
    count();
    if (!beatMs) return;
    const sign = clock(beatMs + ahead);
    if (Date.now() - beatMs > SILENT_MS) tell("stale", `stale since ${sign}`);
    else if (still) tell("still", `as of ${still} UTC`);
    else if (late) tell("late", "live, but the daemon's loop is silent");
    else tell("live", held ? "live; something new waits until you are done writing" : mode);
  };

  const announce = (text) => {
    byId("announce").textContent = text;
  };
  const inUse = (region) => {
    const focus = document.activeElement;
    if (focus && region.contains(focus) && focus.matches("input, select, textarea")) return true;
    return [...region.querySelectorAll("input:not([type=hidden]), textarea")].some((one) => one.value !== one.defaultValue || one.checked !== one.defaultChecked);
  };
  const comparable = (region) => region.innerHTML.replace(/name="nonce" value="[0-9a-f]+"/g, "").replace(/ data-sent="yes"/g, "").replace(/ open=""/g, "");
  const keyOf = (one) => one.id || one.getAttribute("href") || (one.form && one.form.getAttribute("action")) || one.textContent.trim();

  const put = (old, fresh) => {
    const focus = old.contains(document.activeElement) ? keyOf(document.activeElement) : null;
    const open = new Set([...old.querySelectorAll("details[open] > summary")].map((one) => one.textContent));
    const seqs = new Map([...old.querySelectorAll("[data-seq]")].map((one) => [one.id, one.dataset.seq]));
    old.replaceChildren(...fresh.childNodes);
    for (const one of old.querySelectorAll("details > summary")) if (open.has(one.textContent)) one.parentElement.open = true;
    for (const one of old.querySelectorAll("[data-seq]")) if (seqs.get(one.id) !== one.dataset.seq) one.classList.add("fresh");
    if (focus) {
      const again = [...old.querySelectorAll("a, button, summary, [tabindex]")].find((one) => keyOf(one) === focus);
      if (again) again.focus({ preventScroll: true });
    }
  };

  let busy = false;
  let again = false;
  let lastMs = 0;
  const refresh = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    again = false;
    await new Promise((done) => setTimeout(done, Math.max(0, lastMs + AGAIN_MS - Date.now())));
    lastMs = Date.now();
    try {
      const answer = await fetch(location.pathname + location.search, { headers: { accept: "text/html" } });
      if (answer.redirected) {
        location.reload(); // the session is over
        return;
      }
      if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // the stream says how long nothing was heard
    } finally {
      busy = false;
    }
    if (again) refresh();
  };
  const swap = (page) => {
    held = false;
    for (const old of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(old.id);
      if (!fresh || comparable(fresh) === comparable(old)) continue;
      if (inUse(old)) {
        held = true;
        continue;
      }
      const telling = old.id === "summary" || old.id === "head";
      put(old, fresh);
      if (telling) announce((old.querySelector(".meta") || old).textContent.replace(/\s+/g, " ").trim());
    }
    soon();
    document.title = page.title;
    seen = Number(page.body.dataset.seq);
    document.dispatchEvent(new Event("aiops:fresh"));
  };
  const soon = () => {
    if (document.querySelector("[data-soon]")) setTimeout(refresh, 1000); // something is being worked out
  };
  soon();
  document.addEventListener("focusout", () => {
    if (held) setTimeout(refresh, 300);
  });

  const concerns = (about) => !body.dataset.about || about.includes("*") || about.includes(body.dataset.about);
  const heard = (event) => {
    const told = JSON.parse(event.data);
    beatMs = Date.now();
    ahead = told.at_ms - beatMs;
    late = told.late;
    still = told.mode === "still" ? new Date(told.at_ms).toISOString().slice(0, 19).replace("T", " ") : "";
    mode = told.mode;
    if (told.seq !== seen && (event.type === "beat" || concerns(told.about))) refresh();
    else if (told.seq !== seen) seen = told.seq;
    look();
  };
  const listen = () => {
    if (source || document.hidden || !body.dataset.events) return;
    source = new EventSource(body.dataset.events);
    source.addEventListener("beat", heard);
    source.addEventListener("changed", heard);
  };
  // a browser allows few connections to one host: a tab that nobody sees gives its own up
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) listen();
    else if (source) {
      source.close();
      source = null;
    }
  });
  window.addEventListener("pagehide", () => source && source.close());
  listen();
  setInterval(look, 1000);

  // --- how far a replay is
  const running = document.querySelector("[data-progress]");
  if (running && running.dataset.over === "no") {
    const timer = setInterval(async () => {
      try {
        const told = await (await fetch(running.dataset.progress)).json();
        byId("replay-words").textContent = told.what || "";
        byId("replay-share").value = told.share || 0;
        if (told.over) {
          clearInterval(timer);
          location.reload();
        }
      } catch {
        // asked again in a moment
      }
    }, 500);
  }
})();
