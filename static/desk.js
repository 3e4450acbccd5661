// The desk: keys, an answer that arrives once, drafts and time. Everything here only helps: a key
// presses the control that names it in data-key, so whatever a key can do the mouse can do too.
"use strict";

const desk = () => document.getElementById("unit");
const keyList = document.getElementById("keys");

// --- Keys ---------------------------------------------------------------------------------------

const SCROLLS = new Map([[keyList.dataset.down, 1], [keyList.dataset.up, -1]]);
const lettersAreOff = keyList.dataset.letters === "off";

function isTyping(target) {
  return target.matches("textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=submit])") ||
    target.isContentEditable;
}

function isBusy() {
  const unit = desk();
  return !unit || unit.matches(".htmx-request, .htmx-added") || unit.querySelector(".htmx-request") !== null;
}

// Caps lock changes nothing; on a layout of other letters the place of the key counts.
function keyOf(event) {
  if (event.key.length !== 1) return event.key;
  if (event.key > "~" && event.code.startsWith("Key")) return event.code.slice(3).toLowerCase();
  return event.key.toLowerCase();
}

// A codebook may give a mode a key that somebody had chosen for something else: the mode has it.
function control(key) {
  const items = Array.from(desk().querySelectorAll("[data-key]"))
    .filter((item) => item.dataset.key === key && !item.disabled && item.offsetParent !== null);
  return items.find((item) => item.name === "failure_mode") || items[0];
}

function scrollReading(direction) {
  const read = desk().querySelector(".read");
  if (read) read.scrollBy({ top: direction * read.clientHeight * 0.6 });
}

function submitOpenForm(open) {
  const form = open ? open.querySelector("form") : desk().querySelector("form.submits");
  if (form) form.requestSubmit(form.querySelector("[type=submit]"));
}

// The focus moves at once: whoever types on without a pause loses no letter.
function press(item) {
  const isOpen = item.matches("summary") && item.parentElement.open;
  if (!isOpen) item.click(); // the key leads to the note; it never folds it away
  if (item.matches("input[type=radio]")) item.focus({ preventScroll: true });
  const drawer = document.getElementById(item.getAttribute("popovertarget"));
  const opened = item.matches("summary") ? item.parentElement : drawer;
  if (opened && (opened.open || opened.matches(":popover-open"))) enterDrawer(opened);
}

// A drawer to read is shown from its beginning; one to fill in takes the next key press.
function enterDrawer(drawer) {
  const first = drawer.querySelector("textarea, select, input:not([type=hidden], [readonly])");
  if (first) first.focus();
  if (first && first.matches("textarea")) first.setSelectionRange(first.value.length, first.value.length);
  else if (drawer.matches("[popover]")) drawer.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  const typing = isTyping(event.target);
  if (event.defaultPrevented || event.isComposing || !desk()) return;
  const key = keyOf(event);
  // A key that is held down, or pressed while an answer is on its way, must not answer a unit
  // that nobody has seen yet. Held arrows, space and page keys still scroll.
  if (event.repeat || isBusy()) {
    const answers = key === "Enter" || control(key) !== undefined;
    if (!typing && answers) event.preventDefault();
    if (event.repeat && !typing && !answers && SCROLLS.has(key) && !lettersAreOff) scrollReading(SCROLLS.get(key));
    return;
  }
  const open = document.querySelector("[popover]:popover-open");
  const modified = event.ctrlKey || event.metaKey;
  if (key === "Enter" && !open && unsent() && (modified || !typing) && !isControl(event.target)) {
    event.preventDefault();
    return sendAgain();
  }
  if (key === "Enter" && modified) { event.preventDefault(); submitOpenForm(open); return; }
  if (modified || event.altKey || open || typing) return;
  if (key === "Enter" ? isControl(event.target) : lettersAreOff) return;
  const item = control(key);
  if (!item && !SCROLLS.has(key)) return;
  event.preventDefault();
  if (item) press(item);
  else scrollReading(SCROLLS.get(key));
});

function isControl(target) {
  return target.matches("a, button, summary");
}

// --- Place and focus ----------------------------------------------------------------------------

// Reading starts where the output is in view with the end of the question above it. A unit that
// comes back keeps the reader's place and the raw view.
function findPlace(unit) {
  const read = unit.querySelector(".read");
  const raw = document.getElementById("raw");
  if (!read || !raw) return;
  if (place && place.unit === unit.dataset.unit) {
    raw.checked = place.raw;
    read.scrollTop = place.top;
    return;
  }
  const output = read.querySelector(".output").offsetTop;
  if (output > read.clientHeight * 0.4) read.scrollTop = output - read.clientHeight * 0.25;
}

// On a phone the second step is taller: the output must not slide out below the reading pane.
function keepOutputInView(unit) {
  const read = unit.querySelector(".read");
  if (!read) return;
  const output = read.querySelector(".output").offsetTop;
  if (output > read.scrollTop + read.clientHeight * 0.6) read.scrollTop = output - 8;
}

let place = null;
document.addEventListener("htmx:beforeSwap", () => {
  const read = desk() && desk().querySelector(".read");
  if (!read) return;
  place = { unit: desk().dataset.unit, top: read.scrollTop, raw: document.getElementById("raw").checked };
});

// After a swap the next key press belongs to what is new. The reading pane has the focus, so that
// space, arrows and page keys scroll it; an error has it where there is one.
function takeUp(swapped) {
  const unit = desk();
  if (!unit) return;
  if (swapped === "choose") keepOutputInView(unit);
  else findPlace(unit);
  const error = unit.querySelector(".field-error");
  if (error) error.tabIndex = -1;
  (error || unit.querySelector(".read") || unit).focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

// A screen reader hears what a swap changed.
function announce(swapped) {
  const unit = desk();
  const parts = [document.querySelector("#progress .saved")];
  if (swapped === "choose") parts.push(unit.querySelector(".locked p b"), ...unit.querySelectorAll(".said"));
  else parts.push(unit.querySelector(".empty h2"));
  const heading = unit.querySelector(".verdict-step h2, .mode-step h2");
  const said = [...parts, heading].filter(Boolean).map((part) => part.textContent.trim().replace(/\s+/g, " "));
  document.getElementById("announce").textContent = said.join(". ");
}

document.addEventListener("htmx:afterSwap", (event) => {
  const id = event.detail.target.id;
  if (id !== "unit" && id !== "choose") return;
  if (id === "choose") refill();
  showing();
  takeUp(id);
  announce(id);
});

document.addEventListener("toggle", (event) => {
  const drawer = event.target;
  // A note that comes back unfolded takes no key: only what was opened just now does.
  if (event.newState !== "open" || !drawer.matches("[popover]") || drawer.contains(document.activeElement)) return;
  enterDrawer(drawer);
}, true);

// --- Not saved ----------------------------------------------------------------------------------

// What was sent last and has no answer yet: the form is still on the page and carries its
// submission id, so that sending it again can never make a second label.
let sent = null;
let hasFailed = false;
let watch = 0;

const unsent = () => hasFailed && sent !== null && sent.form.isConnected;

function wordsOf(form, button) {
  const ticked = Array.from(form.querySelectorAll("input:checked[data-says]")).map((item) => item.dataset.says);
  if (ticked.length) return ticked.join(", ");
  return button && button.dataset.says ? button.dataset.says : "";
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt.closest("form");
  const submit = event.detail.requestConfig.triggeringEvent;
  if (!form || !desk().contains(form) || (sent !== null && isAnswer(sent.form) && !isAnswer(form))) return;
  const button = submit ? submit.submitter : null;
  const renewed = sent !== null && sent.form === form && sent.renewed === true;
  sent = { form, button, says: wordsOf(form, button), renewed };
});

// A flag is no answer: it neither takes the place of one that waits nor brings it home.
function isAnswer(form) {
  return form.getAttribute("hx-target") !== "#flag-thread";
}

// htmx forgets the pressed button once the focus leaves it, on the way to "Send again" at the latest.
document.addEventListener("htmx:configRequest", (event) => {
  const submit = event.detail.triggeringEvent;
  const button = submit ? submit.submitter : null;
  if (button && button.name) event.detail.parameters[button.name] = button.value;
});

function sendAgain() {
  sent.form.requestSubmit(sent.button || undefined);
}

function way(text, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = text;
  button.addEventListener("click", act);
  notSaved.append(" ", button);
}

// Between the output and the choices, where on a phone the thumb is (static/app.css).
function placeNotSaved() {
  const choose = desk() && desk().querySelector(".choose");
  if (choose && !desk().contains(notSaved)) choose.before(notSaved);
  else if (!notSaved.isConnected) document.querySelector(".bar").after(notSaved);
}

// An open drawer would lie over it and take the Enter that sends again.
function uncover() {
  const drawer = desk() && desk().querySelector("[popover]:popover-open");
  if (!drawer) return;
  drawer.hidePopover();
  desk().querySelector(".read").focus({ preventScroll: true });
}

function offer(reason, isOwn) {
  notSaved.textContent = (sent.says ? "Not saved: " + sent.says + ". " : "Not saved. ") + reason;
  if (isOwn) way("Send again (Enter)", sendAgain);
  else askToSignIn();
}

document.addEventListener("bd:not-saved", (event) => {
  const { why: reason, status } = event.detail;
  placeNotSaved();
  uncover();
  hasFailed = true;
  isChanged = true; // what was typed was to go with the answer: keep it
  if (!unsent()) return;
  offer(reason, status !== 401);
  if (status === 403) renew();
  clearInterval(watch);
  if (status === 0 || status >= 500) watch = setInterval(look, 3000);
});

document.addEventListener("htmx:afterSwap", (event) => {
  // A flag that arrived is no answer: one that waits goes on waiting.
  if (event.detail.target.id === "flag-thread" && sent !== null && isAnswer(sent.form)) return;
  notSaved.hidden = true;
  hasFailed = false;
  sent = null;
  clearInterval(watch);
});

// While the server is away: say so when it is back. Nothing is sent without a key press.
async function look() {
  const isOwn = await isOwnSession();
  if (!unsent()) { clearInterval(watch); return; }
  if (isOwn === null) return;
  clearInterval(watch);
  offer("The server answers again.", isOwn);
}

// --- Signing in without leaving the page --------------------------------------------------------

const signIn = document.getElementById("sign-in-here");
const sessionUrl = signIn.dataset.url;

async function session(options) {
  const answer = await fetch(sessionUrl, { headers: { Accept: "application/json" }, ...options });
  if (!(answer.headers.get("Content-Type") || "").startsWith("application/json")) throw new Error(String(answer.status));
  const state = await answer.json();
  // The page's forms are its own person's: nobody else's token may send them.
  if (state.csrf && state.user === signIn.dataset.user) takeToken(state.csrf);
  else if (state.csrf) signIn.querySelector("[name=csrfmiddlewaretoken]").value = state.csrf;
  return state;
}

// Null where nobody can tell: the server does not answer.
async function isOwnSession() {
  return session().then((state) => state.user === signIn.dataset.user, () => null);
}

function takeToken(token) {
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) input.value = token;
}

function askToSignIn() {
  way("Sign in here", () => signIn.showPopover());
  if (!signIn.matches(":popover-open")) signIn.showPopover();
}

// The page's token is an old one: take the new one and send the same answer once more.
async function renew() {
  const isOwn = await isOwnSession();
  if (!unsent()) return;
  if (isOwn && !sent.renewed) {
    sent.renewed = true;
    sendAgain();
  } else offer(isOwn ? "The server refused it (status 403)." : "You are signed out.", isOwn);
}

signIn.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const problem = form.querySelector(".sign-in-problem");
  problem.hidden = true;
  try {
    await session(); // the token of a page that was open for long
    const state = await session({ method: "POST", body: new FormData(form) });
    if (state.user !== signIn.dataset.user) throw new Error(state.problem || "");
    form.reset();
    signIn.hidePopover();
    if (unsent()) sendAgain();
    else notSaved.hidden = true;
    keep();
  } catch (error) {
    problem.textContent = /^\d*$/.test(error.message) ? "That did not work; try again, or later after many attempts." : error.message;
    problem.hidden = false;
    problem.focus();
  }
});

// --- Time: visible, focused, and used within the last minute ------------------------------------

const IDLE = 60_000;
let view = "";
let viewOf = "";
let active = 0;
let reported = 0;
let lastUse = performance.now();
let lastTick = lastUse;

// Not crypto.randomUUID: browsers keep that from pages that come without TLS.
function newView() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function tick() {
  const now = performance.now();
  const until = Math.min(now, lastUse + IDLE);
  if (document.visibilityState === "visible" && document.hasFocus() && until > lastTick) active += until - lastTick;
  lastTick = now;
}

function used() {
  tick();
  lastUse = performance.now();
}

for (const kind of ["keydown", "pointerdown", "pointermove", "wheel", "touchmove"]) {
  document.addEventListener(kind, used, { passive: true, capture: true });
}
for (const kind of ["visibilitychange", "focus", "blur"]) window.addEventListener(kind, tick);
document.addEventListener("visibilitychange", tick);
setInterval(tick, 1000);

// A unit on the screen is one showing, over both its steps.
function showing() {
  const unit = desk() ? desk().dataset.unit || "" : "";
  if (unit === viewOf) return;
  // A unit that was opened by its own address is not what a reload of the next one should show.
  if (view && location.pathname !== keyList.dataset.desk) history.replaceState(null, "", keyList.dataset.desk);
  viewOf = unit;
  view = newView();
  active = reported = 0;
  lastTick = lastUse = performance.now();
}

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "post" || !viewOf) return;
  tick();
  event.detail.parameters.view = view;
  event.detail.parameters.active_ms = Math.round(active);
  event.detail.parameters.page_user = signIn.dataset.user;
});

// --- Drafts: what is typed is kept on the server ------------------------------------------------

let typed = 0;
let isChanged = false;
let lastKept = performance.now();

function drafted() {
  const fields = new URLSearchParams({ draft: "1" });
  const id = desk().querySelector("[name=submission_id]");
  if (id) fields.set("submission_id", id.value);
  const further = [];
  for (const item of desk().querySelectorAll("[data-draft]")) {
    const isTick = item.matches("[type=radio], [type=checkbox]");
    if (isTick && !item.checked) continue;
    if (item.dataset.draft === "further_modes") further.push(item.value);
    else fields.set(item.dataset.draft, item.value);
  }
  fields.set("further_modes", further.join(" "));
  return fields;
}

function report(unit, fields) {
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
  return fetch(unit.dataset.keep, { method: "POST", body: fields, headers, keepalive: true }).catch(() => null);
}

const NOT_KEPT = ": what you type here is not kept.";

// Every few seconds anew, but said once: an alert that is built again is read aloud again.
function sayNotKept(because) {
  const isSaid = !notSaved.hidden && notSaved.textContent.startsWith(because + NOT_KEPT);
  if (unsent() || isSaid) return;
  notSaved.textContent = because + NOT_KEPT;
  notSaved.hidden = false;
  placeNotSaved();
  if (because === "You are signed out") way("Sign in here", () => signIn.showPopover());
}

async function keep() {
  clearTimeout(typed);
  const unit = desk();
  if (!unit || !unit.dataset.keep || (isBusy() && !isChanged)) return;
  tick();
  const fields = isChanged ? drafted() : new URLSearchParams();
  isChanged = false;
  lastKept = performance.now();
  reported = active;
  fields.set("view", view);
  fields.set("active_ms", Math.round(active));
  fields.set("page_user", signIn.dataset.user);
  let answer = await report(unit, fields);
  // Somebody signed in in another tab: the page's token is an old one.
  const isOwn = answer && answer.status === 403 ? await isOwnSession() : null;
  if (isOwn) answer = await report(unit, fields);
  const line = desk() === unit && unit.querySelector("[data-kept]");
  const kept = answer && answer.ok ? await answer.json().catch(() => null) : null;
  if (kept) {
    const at = kept.kept_at;
    if (notSaved.textContent.includes(NOT_KEPT)) notSaved.hidden = true;
    if (line && at && fields.has("draft")) line.textContent = "Draft kept at " + at + " UTC, not sent.";
    return;
  }
  isChanged = isChanged || fields.has("draft");
  if (answer && answer.status === 404) sayNotKept("You no longer have access here");
  else if (answer && (answer.status === 401 || isOwn === false)) sayNotKept("You are signed out");
  else if (line && fields.has("draft")) line.textContent = "The draft is not kept" + (answer ? "." : ": the server does not answer.");
}

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-draft]")) return;
  isChanged = true;
  clearTimeout(typed);
  typed = setTimeout(keep, 800);
});
// What is typed stays where a swap replaces the inputs of the same unit.
let carried = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "choose" || !event.detail.shouldSwap) return;
  carried = Array.from(desk().querySelectorAll("[data-draft]"))
    .filter((item) => (item.matches("[type=radio], [type=checkbox]") ? item.checked : item.value))
    .map((item) => ({ name: item.dataset.draft, value: item.value }));
});

// htmx says goodbye to each element of what it takes away, twice: with all the text of a unit that
// takes longer than to draw the next one. Only the sender has to be there to the end.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, shouldSwap, requestConfig } = event.detail;
  if (shouldSwap && (target.id === "unit" || target.id === "choose")) emptyAround(requestConfig.elt, target);
});

function emptyAround(sender, within) {
  for (const part of Array.from(within.children)) {
    if (part !== sender && part.contains(sender)) emptyAround(sender, part);
    else if (part !== sender) part.remove();
  }
}

function refill() {
  for (const { name, value } of carried || []) {
    const items = Array.from(desk().querySelectorAll("[data-draft=" + name + "]"));
    const tick = items.find((item) => item.matches("[type=radio], [type=checkbox]") && item.value === value);
    if (tick && !items.some((item) => item.type === "radio" && item.checked)) tick.checked = true;
    if (items.length === 1 && !tick && !items[0].value) items[0].value = value;
    isChanged = true;
  }
  carried = null;
  const note = desk().querySelector("details.more-fields");
  if (note && note.querySelector("textarea").value) note.open = true;
}

// The main form takes its own fields along; before any other answer they are kept first.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.closest("form.submits") === null && isChanged) keep();
  clearTimeout(typed);
  isChanged = false;
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden" && viewOf && (isChanged || active - reported > 2000)) keep();
});
setInterval(() => {
  const inUse = performance.now() - lastUse < IDLE;
  if (viewOf && (isChanged || (inUse && performance.now() - lastKept > 30_000))) keep();
}, 5000);

showing();
takeUp("unit");
