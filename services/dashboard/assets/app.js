"use strict";
// Live updates. Without this script every page is complete; with it, the parts marked data-live are read again and put
// in place when the server says that something changed. No markup is made here: it is parsed by the browser as a
// document, so that Trusted Types may stay closed.
(() => {
  const body = document.body;
  const source = body.dataset.events;
  if (!source || !window.EventSource) return;
  const announcer = document.getElementById("announce");
  const APART = 400;    // ms between two readings
  const LOST = 30000;   // ms of silence after which the connection counts as lost
  const chinese = document.documentElement.lang.startsWith("zh");
  const say = (zh, en) => chinese ? zh : en;
  const WORDS = {
    live: ["ok", say("实时", "live")], wait: ["run", say("正在连接", "connecting")],
    lost: ["bad", say("已断开", "disconnected")],
  };
  let stream = null, heard = 0, state = "", reading = false, again = false, readAt = 0, timer = 0, retry = 0;
  let shownSince = performance.now(), said = 0, news = 0;

  const word = () => document.querySelector("[data-word]");
  function show(next) {
    const place = word();
    if (!place) return;
    const changed = next !== state;
    state = next;
    const lag = next === "live" && Number(place.dataset.lag) > 0;
    const [shape, text] = lag ? ["warn", say("滞后", "behind")] : WORDS[next];
    place.className = "word is-" + (lag ? "lag" : next);
    place.querySelector("use").setAttribute("href", "#i-" + shape);
    place.querySelector("span").textContent = text;
    if (changed && next !== "wait") announcer.textContent = next === "live"
      ? say("页面实时更新", "The page is live")
      : say("实时更新已断开，所示可能不是最新", "Live updates are cut; what is shown may not be the newest");
  }

  function age() {
    const place = document.querySelector("[data-age]");
    if (!place || place.dataset.age === "") return;
    const seconds = Number(place.dataset.age) + Math.floor((performance.now() - shownSince) / 1000);
    const [count, unit] = seconds < 60 ? [seconds, say("秒", "s")]
      : seconds < 3600 ? [seconds / 60, say("分钟", "min")]
      : seconds < 86400 ? [seconds / 3600, say("小时", "h")] : [seconds / 86400, say("天", "d")];
    place.textContent = Math.floor(count) + " " + unit + say("前", " ago");
  }

  // Where the focus stands, so that it can be found again after its surroundings were replaced.
  function focusPath(part) {
    const at = document.activeElement;
    if (!at || !part.contains(at)) return null;
    const same = [...part.querySelectorAll(at.tagName)];
    return { tag: at.tagName, href: at.getAttribute("href"), id: at.id, index: same.indexOf(at) };
  }
  function focusAgain(part, path) {
    if (!path) return;
    const same = [...part.querySelectorAll(path.tag)];
    const found = same.find((one) => path.id && one.id === path.id)
      || same.find((one) => path.href && one.getAttribute("href") === path.href) || same[path.index];
    if (found) found.focus({ preventScroll: true });
  }

  function swap(next) {
    for (const old of document.querySelectorAll("[data-live]")) {
      const fresh = next.querySelector('[data-live="' + old.dataset.live + '"]');
      if (!fresh || fresh.outerHTML === old.outerHTML) continue;
      const path = focusPath(old);
      const scrolled = [...old.querySelectorAll(".scroll")].map((one) => [one.scrollLeft, one.scrollTop]);
      const open = [...old.querySelectorAll("details")].map((one) => one.open);
      const known = new Set([...old.querySelectorAll("[data-key]")].map((one) => one.dataset.key));
      const placed = document.importNode(fresh, true);
      old.replaceWith(placed);
      placed.querySelectorAll(".scroll").forEach((one, n) => { if (scrolled[n]) [one.scrollLeft, one.scrollTop] = scrolled[n]; });
      placed.querySelectorAll("details").forEach((one, n) => { if (open[n] !== undefined) one.open = open[n]; });
      if (known.size) placed.querySelectorAll("[data-key]").forEach((one) => { if (!known.has(one.dataset.key)) one.classList.add("new"); });
      focusAgain(placed, path);
    }
    body.dataset.position = next.body.dataset.position;
    shownSince = performance.now();
    show(state || "live");
    age();
  }

  function read() {
    if (reading) { again = true; return; }
    const wait = readAt + APART - performance.now();
    if (wait > 0) { clearTimeout(timer); timer = setTimeout(read, wait); return; }
    reading = true;
    again = false;
    readAt = performance.now();
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.responseType = "document";
    request.timeout = 10000;
    request.onload = () => {
      if (request.status === 200 && request.response) {
        swap(request.response);
        const now = performance.now();
        if (news > 0 && now - said > 10000) {
          announcer.textContent = say("页面已更新，新事件 " + news + " 条", "The page was updated, new events: " + news);
          said = now;
          news = 0;
        }
      }
    };
    request.onloadend = () => { reading = false; if (again) read(); };
    request.send();
  }

  function open() {
    close();
    show("wait");
    stream = new EventSource(source + (source.includes("?") ? "&" : "?") + "since=" + encodeURIComponent(body.dataset.position));
    const alive = () => { heard = performance.now(); retry = 0; show("live"); };
    stream.addEventListener("beat", alive);
    stream.addEventListener("delta", (event) => {
      alive();
      news += JSON.parse(event.data).count;
      read();
    });
    stream.onerror = () => {
      close();
      show("lost");
      retry = Math.min(retry + 1, 6);
      setTimeout(() => { if (!stream && !document.hidden) open(); }, 500 * 2 ** retry);
    };
  }
  function close() {
    if (stream) stream.close();
    stream = null;
  }

  // A browser keeps six connections to an origin: a hidden tab gives its own back.
  document.addEventListener("visibilitychange", () => { if (document.hidden) close(); else open(); });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  setInterval(() => {
    age();
    if (stream && state === "live" && performance.now() - heard > LOST) { show("lost"); open(); }
  }, 1000);
  if (!document.hidden) open();
})();
