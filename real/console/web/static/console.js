// Controls of the console: every one is a request that is answered. Nothing here needs NiceGUI.
"use strict";
(() => {
  // A page that is loaded anew is the same page; one that is opened beside it is another.
  const PAGE = sessionStorage.getItem("zprl page") ||
    (navigator.maxTouchPoints ? "tablet " : "page ") + Math.random().toString(36).slice(2, 8);
  sessionStorage.removeItem("zprl page");
  addEventListener("pagehide", () => sessionStorage.setItem("zprl page", PAGE));
  const BEAT = 50, LOOK = 200, PATIENCE = 1000, AGAIN = 250;
  const KEYS = { ArrowUp: ["move", 0, -1], ArrowDown: ["move", 0, 1], ArrowLeft: ["move", -1, 0],
    ArrowRight: ["move", 1, 0], i: ["lift", 0, -1], k: ["lift", 0, 1], j: ["lift", -1, 0], l: ["lift", 1, 0] };
  let news = {}, missed = 0, grip = null, picture = -1, stopping = false;
  const pads = { move: [0, 0], lift: [0, 0] }, down = new Set();
  const $ = (id) => document.getElementById(id);

  async function post(path, content) {
    const ended = new AbortController(), timer = setTimeout(() => ended.abort(), PATIENCE);
    try {
      const answer = await fetch("/console/" + path, { method: "POST", signal: ended.signal,
        headers: { "Content-Type": "application/json" }, body: JSON.stringify(content ?? {}) });
      return { ok: answer.ok, status: answer.status, ...(await answer.json()) };
    } catch (error) {
      return { ok: false, status: 0, refused: "The console does not answer." };
    } finally { clearTimeout(timer); }
  }

  // The stop: asked for again until it is in force, whoever has the controls.
  async function stop() {
    if (stopping) return;
    stopping = true;
    const button = $("stop"), began = performance.now();
    button.classList.add("asked");
    for (;;) {
      const answer = await post("stop");
      if (answer.ok && answer.latched) { tell(""); window.zprlStopTook = performance.now() - began; break; }
      tell(answer.status === 503 ? "There is no robot to stop." : "NOT HEARD: use the robot's own button.");
      if (answer.status === 503 || answer.ok) break;
      await new Promise((later) => setTimeout(later, AGAIN));
    }
    button.classList.remove("asked");
    stopping = false;
    look();
  }

  function tell(text) {
    $("stop-said").replaceChildren();
    if (text) $("stop-said").appendChild(Object.assign(document.createElement("span"), { textContent: text }));
  }

  async function say(word, button) {
    const answer = await post("say", { page: PAGE, word });
    heard(answer, button);
  }

  async function judge(button) {
    const word = button.dataset.judge, episode = Number(button.dataset.episode);
    const said = button.parentElement.nextElementSibling;
    const answer = await post("judge", { page: PAGE, word, episode });
    heard(answer, button, said);
    if (answer.ok) said.textContent = "Changed.";
  }

  function heard(answer, button, said = $("answer")) {
    if (said) said.textContent = answer.ok ? "" : answer.refused || answer.detail || "Refused.";
    if (answer.ok && button) {
      button.classList.add("heard");
      setTimeout(() => button.classList.remove("heard"), 300);
    }
    look();
  }

  // Hands: what is pressed now, and nothing that was pressed when the page was left.
  const mine = () => Boolean(news.hands && news.hands.here && news.hands.wanted);
  const may = () => news.holder === PAGE || !news.holder;
  function letGo() { pads.move = [0, 0]; pads.lift = [0, 0]; down.clear(); grip = null; drawPads(); }
  function drawPads() {
    for (const pad of document.querySelectorAll(".pad")) {
      const [x, y] = pads[pad.dataset.pad];
      pad.firstChild.style.transform = `translate(calc(-50% + ${x * 90}%), calc(-50% + ${y * 90}%))`;
      pad.classList.toggle("mine", mine());
    }
  }
  function rate() {
    const [x, y] = pads.move, [turn, up] = pads.lift, tilt = $("tilt") && $("tilt").checked;
    return tilt ? [-y, -x, 0, turn, -up, 0] : [-y, -x, -up, 0, 0, -turn];
  }
  async function stick() {
    const held = rate().some((v) => v) || grip !== null; // a page that lies about claims nothing
    if (news.hands && news.hands.here && news.connected && (news.holder === PAGE || (may() && held))) {
      const arm = Number($("arm")?.value || 0), content = { page: PAGE, sent: (performance.timeOrigin + performance.now()) / 1000,
        arm, rate: rate().map((v) => Math.max(-1, Math.min(1, v || 0))) };
      if (grip !== null) { content.gripper = grip; grip = null; }
      await post("stick", content);
    }
    setTimeout(stick, BEAT);
  }

  function point(pad, event) {
    const box = pad.getBoundingClientRect();
    let x = (event.clientX - box.left) / box.width * 2 - 1, y = (event.clientY - box.top) / box.height * 2 - 1;
    const far = Math.hypot(x, y) / 0.7;
    if (far > 1) { x /= far; y /= far; }
    const dead = (v) => (Math.abs(v / 0.7) < 0.12 ? 0 : Math.max(-1, Math.min(1, v / 0.7)));
    pads[pad.dataset.pad] = [dead(x), dead(y)];
    drawPads();
  }
  document.addEventListener("pointerdown", (event) => {
    const pad = event.target.closest?.(".pad");
    if (!pad) return;
    pad.setPointerCapture(event.pointerId);
    point(pad, event);
    const move = (e) => point(pad, e), end = () => {
      pads[pad.dataset.pad] = [0, 0]; drawPads();
      pad.removeEventListener("pointermove", move);
    };
    pad.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"])
      pad.addEventListener(name, end, { once: true });
    event.preventDefault();
  });
  addEventListener("blur", letGo);
  document.addEventListener("visibilitychange", letGo);

  // A click that a touch did not end as one, and a page whose first half has not loaded: pointerdown.
  document.addEventListener("pointerdown", (event) => {
    if (event.target.closest?.("#stop")) { event.preventDefault(); stop(); }
  }, true);
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button");
    if (!button) return;
    if (button.id === "stop") stop();
    else if (button.dataset.word) say(button.dataset.word, button);
    else if (button.dataset.judge) judge(button);
    else if ("asked" in button.dataset) say(news.asked?.word || "", button);
    else if ("claim" in button.dataset) heard(await post("claim", { page: PAGE }), button);
    else if (button.id === "take") heard(await post("take", { page: PAGE, mine: !mine() }), button);
    else if (button.dataset.grip) grip = Number(button.dataset.grip);
  });
  document.addEventListener("input", (event) => {
    const film = event.target.closest?.(".film")?.querySelector("[data-film]");
    if (film) film.src = `/console/film/${film.dataset.film}/${event.target.value}`;
  });

  // Keys are those of the terminal. SPACE is the stop, whatever has the focus but a field for text.
  const typing = (target) => target.matches?.("input:not([type=checkbox]):not([type=range]), textarea, select");
  document.addEventListener("keydown", (event) => {
    if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") { event.preventDefault(); event.stopPropagation(); if (!event.repeat) stop(); return; }
    if (event.key in KEYS && news.hands?.here && !event.target.closest?.(".q-tab")) {
      const [pad, x, y] = KEYS[event.key];
      down.add(event.key);
      pads[pad] = [x || pads[pad][0], y || pads[pad][1]];
      drawPads(); event.preventDefault(); return;
    }
    if (event.repeat) return;
    if (event.key === "Enter") {
      if (!event.target.closest?.("button, a, [role=tab], [tabindex]") && news.asked?.word === "ready") say("ready");
      return;
    }
    const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (button && !button.disabled && button.offsetParent) button.click();
  }, true);
  document.addEventListener("keyup", (event) => {
    if (event.key === " ") { event.preventDefault(); event.stopPropagation(); }
    if (!(event.key in KEYS)) return;
    down.delete(event.key);
    const [pad] = KEYS[event.key];
    pads[pad] = [0, 0];
    for (const key of down) {
      const [other, x, y] = KEYS[key];
      if (other === pad) pads[pad] = [x || pads[pad][0], y || pads[pad][1]];
    }
    drawPads();
  }, true);

  // News: what a page has to know, whatever has become of the rest of it.
  let looking = false;
  async function look() {
    if (looking) return;
    looking = true;
    const answer = await post("alive", { page: PAGE });
    looking = false;
    missed = answer.ok ? 0 : missed + 1;
    if (answer.ok) news = answer;
    if (missed > 2 && news.phase === "no robot") tell("NO SESSION: it has ended, and this page with it.");
    else if (missed > 2) tell("NO CONNECTION to the console: use the robot's own button.");
    else if (missed === 0 && !stopping && news.connected && $("stop-said").textContent.startsWith("NO ")) tell("");
    draw();
  }
  function draw() {
    const stopped = news.stop && missed <= 2, button = $("stop");
    if (!button) return;
    button.classList.toggle("latched", Boolean(stopped));
    button.firstChild.textContent = stopped ? "STOPPED " : "STOP ";
    if (stopped) tell(`Stopped by the ${news.stop.source}: ${news.stop.reason}`);
    else if ($("stop-said").textContent.startsWith("Stopped")) tell("");
    const prompt = $("prompt");
    if (!prompt) return;
    const asked = news.asked && news.connected;
    prompt.hidden = !asked;
    if (asked) {
      prompt.firstChild.textContent = news.asked.message;
      prompt.lastChild.textContent = { ready: "Ready (enter)", release: "Release (r)" }[news.asked.word] || news.asked.word;
    }
    $("holder").hidden = may() || !news.connected;
    for (const one of document.querySelectorAll("[data-word]"))
      one.disabled = !(news.connected && may() && (news.may || []).includes(one.dataset.word));
    const here = Boolean(news.hands && news.hands.here);
    $("hand").hidden = !here;
    $("nohand").hidden = here || !news.connected;
    const take = $("take");
    take.disabled = !(may() && news.connected) || Boolean(news.hands?.alone && false);
    take.setAttribute("aria-pressed", String(mine()));
    take.firstChild.textContent = mine() ? "Give it back" : "Take the arm";
    take.hidden = Boolean(news.hands?.alone);
    const arm = $("arm");
    arm.hidden = (news.arms || 0) < 2;
    while (arm.options.length < (news.arms || 0))
      arm.add(new Option(`arm ${arm.options.length + 1}`, String(arm.options.length)));
    drawPads(); cameras();
  }
  function cameras() {
    const names = news.cameras || [], all = $("cameras");
    if (!all) return;
    if (all.dataset.names !== names.join()) {
      all.dataset.names = names.join();
      all.replaceChildren(...names.map((name) => {
        const figure = document.createElement("figure"), img = document.createElement("img"), text = document.createElement("figcaption");
        img.alt = `Camera ${name}`; text.textContent = name; img.dataset.camera = name;
        figure.append(img, text);
        return figure;
      }));
      picture = -1;
    }
    if (picture === news.picture) return;
    picture = news.picture;
    for (const img of all.querySelectorAll("img"))
      img.src = `/console/camera/${encodeURIComponent(img.dataset.camera)}?n=${picture}`;
  }
  setInterval(look, LOOK);
  setInterval(() => { // films play by themselves
    const film = document.querySelector("[data-film]"), slider = film?.parentElement.querySelector("input[type=range]");
    if (!film || !slider || slider.matches(":active") || !film.offsetParent) return;
    slider.value = (Number(slider.value) + 1) % Number(film.dataset.pictures);
    film.src = `/console/film/${film.dataset.film}/${slider.value}`;
  }, 200);
  stick(); look();
  window.zprl = { PAGE, stop, say, news: () => news };
})();
