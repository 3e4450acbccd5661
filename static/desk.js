// The desk by keyboard. A key presses the control that names it in data-key, nothing more, so
// whatever a key can do the mouse can do too. Only j and k, which scroll, name no control.
"use strict";

const desk = () => document.getElementById("unit");
const SCROLLS = { j: 1, k: -1 };

function isTyping(target) {
  return target.matches("textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=submit])") ||
    target.isContentEditable;
}

function isBusy() {
  const unit = desk();
  return !unit || unit.matches(".htmx-request, .htmx-added") || unit.querySelector(".htmx-request") !== null;
}

function control(key) {
  return Array.from(desk().querySelectorAll("[data-key]"))
    .find((item) => item.dataset.key === key && !item.disabled && item.offsetParent !== null);
}

// Single letters can be switched off (WCAG 2.1.4), in this browser alone.
function lettersAreOff() {
  try { return localStorage.getItem("letters") === "off"; } catch { return false; }
}

function scrollReading(direction) {
  const read = desk().querySelector(".read");
  if (read) read.scrollBy({ top: direction * read.clientHeight * 0.6 });
}

function submitOpenForm(open) {
  const form = open ? open.querySelector("form") : desk().querySelector("form.submits");
  if (form) form.requestSubmit(form.querySelector("[type=submit]"));
}

function press(item) {
  item.click();
  if (item.matches("input[type=radio]")) item.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  const typing = isTyping(event.target);
  if (event.defaultPrevented || event.isComposing) return;
  // A key that is held down, or pressed while an answer is on its way, must not answer a unit
  // that nobody has seen yet. Held arrows, space and page keys still scroll.
  if (event.repeat || isBusy()) {
    const answers = event.key === "Enter" || control(event.key) !== undefined;
    if (!typing && desk() && answers) event.preventDefault();
    if (event.repeat && !typing && event.key in SCROLLS && !lettersAreOff()) scrollReading(SCROLLS[event.key]);
    return;
  }
  const open = document.querySelector("[popover]:popover-open");
  const modified = event.ctrlKey || event.metaKey;
  if (event.key === "Enter" && modified) { event.preventDefault(); submitOpenForm(open); return; }
  if (modified || event.altKey || open || typing) return;
  if (event.key === "Enter" && event.target.matches("a, button, summary")) return;
  if (event.key !== "Enter" && lettersAreOff()) return;
  if (event.key in SCROLLS) { event.preventDefault(); scrollReading(SCROLLS[event.key]); return; }
  const item = control(event.key);
  if (!item) return;
  event.preventDefault();
  press(item);
});

// Reading starts where the output is in view with the end of the question above it. In the
// second step of a unit the reader's place and the raw view stay as they were.
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

let place = null;
document.addEventListener("htmx:beforeSwap", () => {
  const read = desk() && desk().querySelector(".read");
  if (!read) return;
  place = { unit: desk().dataset.unit, top: read.scrollTop, raw: document.getElementById("raw").checked };
});

// After a swap the next key press belongs to the new unit, and the reading pane has the focus, so
// that space, arrows and page keys scroll it.
function takeUp() {
  const unit = desk();
  if (!unit) return;
  findPlace(unit);
  const error = unit.querySelector(".field-error");
  if (error) error.tabIndex = -1;
  (error || unit.querySelector(".read") || unit).focus({ preventScroll: true });
  const letters = document.getElementById("letters");
  if (letters) letters.checked = !lettersAreOff();
  window.scrollTo(0, 0);
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "unit") takeUp();
});

document.addEventListener("change", (event) => {
  if (event.target.id !== "letters") return;
  try { localStorage.setItem("letters", event.target.checked ? "on" : "off"); } catch { /* this page only */ }
});

document.addEventListener("toggle", (event) => {
  if (event.newState !== "open" || event.target.matches(".earlier")) return;
  // A drawer to read is shown from its beginning; one to fill in takes the next key press.
  const first = event.target.querySelector("textarea, select, input:not([type=hidden]):not(#letters)");
  if (first) first.focus();
  else if (event.target.matches("[popover]")) event.target.focus({ preventScroll: true });
}, true);

takeUp();
