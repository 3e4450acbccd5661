// What every page needs: an answer that did not arrive is never shown as saved.
"use strict";

const notSaved = document.getElementById("not-saved");
const AGAIN = " What you chose is still on the page: send it again.";

// The desk adds to this what was chosen, and the key that sends it again.
function showNotSaved(why, status) {
  notSaved.textContent = "Not saved. " + why;
  notSaved.hidden = false;
  document.dispatchEvent(new CustomEvent("bd:not-saved", { detail: { why, status } }));
}

function why(status) {
  if (status === 401) return "You are signed out.";
  if (status === 403) return "You have signed in again since this page was opened.";
  if (status === 404) return "You no longer have access here; ask the lead if that is wrong.";
  if (status >= 500) return "The server could not take it (status " + status + ")." + AGAIN;
  if (status >= 400) return "The server refused it (status " + status + ")." + AGAIN;
  return "The server did not answer." + AGAIN;
}

function failed(event) {
  const status = event.detail.xhr ? event.detail.xhr.status : 0;
  showNotSaved(why(status), status);
}

document.addEventListener("htmx:responseError", failed);
document.addEventListener("htmx:sendError", failed);
document.addEventListener("htmx:timeout", failed);

// A proxy's page or an empty answer with status 200 is not ours: the desk signs its answers.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr } = event.detail;
  const isDesk = target && ["unit", "choose", "flag-thread"].includes(target.id);
  if (isDesk && event.detail.shouldSwap && xhr.getResponseHeader("X-Desk") !== "unit") {
    event.detail.shouldSwap = false;
    showNotSaved("Something between here and the server answered in its place." + AGAIN, 0);
  }
});

// The desk has more to weigh: a flag saves no label (static/desk.js).
document.addEventListener("htmx:afterSwap", () => {
  if (!document.getElementById("unit")) notSaved.hidden = true;
});

// Beside a text that is to be sent on: without scripts, or without the right to copy, it can be
// selected by hand.
for (const button of document.querySelectorAll("[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  button.hidden = false;
  button.addEventListener("click", async () => {
    source.select();
    const isDone = navigator.clipboard
      ? await navigator.clipboard.writeText(source.value).then(() => true, () => false)
      : document.execCommand("copy"); // a page without TLS has no clipboard
    button.textContent = isDone ? "Copied" : "Press Ctrl+C";
  });
}
